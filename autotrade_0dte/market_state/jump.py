"""Jumps and drifts of the underlying, against its local volatility at this time of day.

A return is set against local volatility as by Lee and Mykland (2008), "Jumps in Financial Markets",
Review of Financial Studies 21: volatility from the bipower variation of past returns, which a
single jump does not raise (Barndorff-Nielsen and Shephard 2004), with the daily pattern taken out
(Boudt, Croux and Laurent 2011). Only new prints count: repeated prices are zero returns, and zero
returns make spurious jumps (Theodosiou and Zikes 2011).
"""

import math
from collections import deque
from collections.abc import Callable

__all__ = ["DriftTest", "LocalVolatility", "ReturnWindow", "u_shape"]

_NS = 1_000_000_000
_FADE_S = 1_800.0
_OPEN_EXCESS = 2.5
_CLOSE_EXCESS = 1.0


def u_shape(since_open_s: float, to_close_s: float) -> float:
    """Return the usual volatility at a time of day relative to midday.

    A stylized U where no profile is at hand: variance 3.5 times that of midday at the open and
    twice at the close, each fading in half an hour (about the pattern of five-minute returns of
    the S&P 500 in Andersen and Bollerslev (1997), Journal of Empirical Finance 4).
    """
    opening = _OPEN_EXCESS * math.exp(-max(since_open_s, 0.0) / _FADE_S)
    closing = _CLOSE_EXCESS * math.exp(-max(to_close_s, 0.0) / _FADE_S)
    return math.sqrt(1.0 + opening + closing)


class ReturnWindow:
    """Change of a logarithm from its last value at least `step_s` old to the newest one.

    Unknown (NaN) until a value that old has been seen, and while the newest one is unknown.
    """

    __slots__ = ("_longest_s", "_prices", "_step_ns", "elapsed_s", "value")

    def __init__(self, step_s: float) -> None:
        self._step_ns = round(step_s * _NS)
        self._longest_s = 2.0 * step_s
        self._prices: deque[tuple[int, float]] = deque()
        self.value = math.nan
        self.elapsed_s = math.nan

    def update(self, ts_event: int, log_price: float) -> None:
        """Take a new value; times ascend."""
        if log_price != log_price:  # noqa: PLR0124 - NaN, without a call
            self.value = math.nan
            return
        prices = self._prices
        prices.append((ts_event, log_price))
        cutoff = ts_event - self._step_ns
        while len(prices) > 1 and prices[1][0] <= cutoff:
            prices.popleft()
        reference_ns, reference = prices[0]
        if reference_ns <= cutoff:
            self.value = log_price - reference
            self.elapsed_s = (ts_event - reference_ns) / _NS

    @property
    def recent(self) -> float:
        """The change, unknown where a stop of the data made it one of two windows or more.

        What happened meanwhile would be scored as if it had within one.
        """
        return self.value if self.elapsed_s < self._longest_s else math.nan


class LocalVolatility:
    """Bipower volatility of a trailing window that ends `lag_s` before the present.

    Parameters
    ----------
    step_s : float
        Length of the returns, seconds.
    steps : int
        Products of neighboring returns averaged.
    lag_s : float
        Age at which a product is taken in, so that a move does not judge itself.
    usual : callable
        Usual volatility at an instant (UTC ns) relative to the day's.
    """

    __slots__ = (
        "_before", "_lag_ns", "_log_price", "_products", "_step_ns", "_steps", "_sum", "_ts_event",
        "_used", "_usual", "last", "value",
    )  # fmt: skip

    def __init__(
        self, step_s: float, steps: int, lag_s: float, usual: Callable[[int], float]
    ) -> None:
        self._step_ns = round(step_s * _NS)
        self._steps = steps
        self._lag_ns = round(lag_s * _NS)
        self._usual = usual
        self._products: deque[tuple[int, float]] = deque()
        self._used: deque[float] = deque()
        self._before = math.nan
        self._ts_event = 0
        self._log_price = math.nan
        self.value = math.nan
        self.last = math.nan

    def update(self, ts_event: int, log_price: float) -> bool:
        """Take a new print; return whether it completes a step, whose return is then `last`.

        `value` is the volatility of a second at midday, `last` the step's return over the square
        root of its seconds, both with the daily pattern taken out; NaN until known.
        """
        if self._ts_event == 0:
            self._ts_event, self._log_price = ts_event, log_price
            return False
        if ts_event - self._ts_event < self._step_ns:
            return False
        elapsed_s = (ts_event - self._ts_event) / _NS
        step = (log_price - self._log_price) / (math.sqrt(elapsed_s) * self._usual(ts_event))
        self._ts_event, self._log_price, self.last = ts_event, log_price, step
        size = abs(step)
        if not math.isnan(self._before):
            self._products.append((ts_event, size * self._before))
        self._before = size
        self._roll(ts_event - self._lag_ns)
        return True

    def _roll(self, until_ns: int) -> None:
        products, used = self._products, self._used
        while products and products[0][0] <= until_ns:
            used.append(products.popleft()[1])
            if len(used) > self._steps:
                used.popleft()
        # Summed anew each step: a running sum would not be the same after different histories.
        if len(used) == self._steps:
            self.value = math.sqrt(math.pi / 2.0 * math.fsum(used) / self._steps)


class DriftTest:
    """Two-sided CUSUM of standardized returns (Page 1954, Biometrika 41).

    ``S = max(0, S + z - k)`` upward and downward; `value` is the larger one. `k` is half the drift
    to be noticed, in standard deviations of a step.
    """

    __slots__ = ("_allowance", "_down", "_up", "value")

    def __init__(self, allowance: float) -> None:
        self._allowance = allowance
        self._up = 0.0
        self._down = 0.0
        self.value = math.nan

    def update(self, score: float) -> None:
        """Take the next step's standardized return."""
        self._up = max(0.0, self._up + score - self._allowance)
        self._down = max(0.0, self._down - score - self._allowance)
        self.value = max(self._up, self._down)
