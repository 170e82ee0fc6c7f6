"""The underlying's prints up to an instant: spot, and what has been traded since the open."""

from collections import deque

from nautilus_trader.model import IndexPriceUpdate, TradeTick

from autotrade_0dte.chain.snapshot import Tape

__all__ = ["UnderlyingPrints"]


class UnderlyingPrints:
    """Trades of an equity, or price updates of an index, each held back until its instant.

    Parameters
    ----------
    start_ns, stop_ns : int
        What is traded from `start_ns` on is in the tape; prints after `stop_ns` are left out.
    has_volume : bool
        Whether the sizes of the trades are real.

    Attributes
    ----------
    spot : float
        Price of the last print taken, dollars; NaN before the first.
    """

    def __init__(self, start_ns: int, stop_ns: int, *, has_volume: bool) -> None:
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._waiting: deque[TradeTick | IndexPriceUpdate] = deque()
        self.spot = float("nan")
        self._spot_ns = 0
        self._volume = self._turnover = 0.0 if has_volume else float("nan")
        self._before = (0, float("nan"))

    def add(self, tick: TradeTick | IndexPriceUpdate) -> None:
        """Add a print; `ts_init` ascends."""
        self._waiting.append(tick)

    def take(self, now_ns: int) -> bool:
        """Take the prints up to `now_ns`, UTC ns; return whether there were any."""
        any_new = False
        while self._waiting and self._waiting[0].ts_init <= now_ns:
            any_new |= self._take(self._waiting.popleft())
        return any_new

    def tape(self) -> Tape:
        """Return the tape up to the last print taken."""
        return Tape(self._spot_ns, self._volume, self._turnover)

    def last_two(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return time and price of the last two of all prints; (0, NaN) for none."""
        while self._waiting:
            self._take(self._waiting.popleft())
        return self._before, (self._spot_ns, self.spot)

    def _take(self, tick: TradeTick | IndexPriceUpdate) -> bool:
        if tick.ts_event > self._stop_ns:
            return False
        self._before = self._spot_ns, self.spot
        self._spot_ns = tick.ts_event
        if isinstance(tick, TradeTick):
            self.spot = tick.price.as_double()
            if tick.ts_event >= self._start_ns:
                size = tick.size.as_double()
                self._volume += size
                self._turnover += size * self.spot
        else:
            self.spot = tick.value.as_double()
        return True
