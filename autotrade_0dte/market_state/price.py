"""Evidence from the underlying's prints: jumps and drift."""

import math

from autotrade_0dte.market_state.jump import DriftTest, LocalVolatility, ReturnWindow, u_shape
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import VOLATILITY, Profile

__all__ = ["PriceWatch"]

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_LARGEST_STEP = 3.0


class PriceWatch:
    """Jump and drift of one session's prints.

    Attributes
    ----------
    jump, jump_score : float
        Logarithmic return over the window, and its size over the larger of what local volatility
        and what `DetectorParams.jump_implied_share` make of it.
    drift, drift_score : float
        CUSUM of standardized steps, and in units of `DetectorParams.drift_scale`.
    """

    __slots__ = (
        "_close_ns", "_drift", "_floor", "_implied_share", "_local", "_open_ns", "_pattern",
        "_return", "_scale", "jump", "jump_score",
    )  # fmt: skip

    def __init__(
        self, params: DetectorParams, *, open_ns: int, close_ns: int, profile: Profile | None
    ) -> None:
        self._open_ns = open_ns
        self._close_ns = close_ns
        self._pattern = None if profile is None else profile.shape(VOLATILITY)
        self._floor = params.floors.jump
        self._implied_share = params.jump_implied_share
        self._scale = params.drift_scale
        self._return = ReturnWindow(params.jump_window_s)
        self._local = LocalVolatility(
            params.jump_window_s, params.jump_steps, params.jump_lag_s, self._usual
        )
        self._drift = DriftTest(params.drift_allowance)
        self.jump = self.jump_score = math.nan

    @property
    def drift(self) -> float:
        return self._drift.value

    @property
    def drift_score(self) -> float:
        return self._drift.value / self._scale

    def update(self, ts_event: int, price: float, implied_sd: float) -> None:
        """Take a new print.

        Parameters
        ----------
        ts_event : int
            Its time, UTC ns, ascending.
        price : float
            Dollars.
        implied_sd : float
            Standard deviation of the return to expiry by the options; NaN if unknown.
        """
        log_price = math.log(price)
        self._return.update(ts_event, log_price)
        local = self._local
        known = local.value
        if local.update(ts_event, log_price) and known > 0.0:
            # A jump is another channel's matter, so one step counts for three deviations at most.
            step = local.last / known
            self._drift.update(max(-_LARGEST_STEP, min(_LARGEST_STEP, step)))
        self.jump = self._return.value
        scale = local.value * self._usual(ts_event) * math.sqrt(self._return.elapsed_s)
        material = self._implied_share * implied_sd
        scale = max(scale, material)
        scale = max(scale, self._floor)
        self.jump_score = abs(self.jump) / scale

    def _usual(self, ts_event: int) -> float:
        since_open_ns = ts_event - self._open_ns
        if self._pattern is not None:
            minute = since_open_ns // _MINUTE_NS
            if 0 <= minute < len(self._pattern):
                return self._pattern[minute]
        return u_shape(since_open_ns / _NS, (self._close_ns - ts_event) / _NS)
