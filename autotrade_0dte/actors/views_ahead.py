"""Makes the views of a backtest some at a time, ahead of the engine's clock."""

from collections import deque
from collections.abc import Iterable

from nautilus_trader.model import IndexPriceUpdate, TradeTick

from autotrade_0dte.actors.view_maker import ViewMaker
from autotrade_0dte.market_state.view import MarketView

__all__ = ["ViewsAhead"]

_AT_ONCE = 256
"""Views made in one go: all that a chunk of ticks has the data for. The first of them takes several
times as long as the others. They are held until they are due, some 30 kB each."""


class ViewsAhead:
    """Holds views until they are asked for; each is made of what was known at its instant alone.

    Between two timers the engine goes through the quotes of all contracts, after which nothing that
    a view is made with is in the processor's caches: made one after the other, views take half the
    time.

    Parameters
    ----------
    maker : ViewMaker
        Makes them.
    interval_ns : int
        Time between the instants that are asked for.
    stop_ns : int
        Instants from it on are not asked for.
    """

    def __init__(self, maker: ViewMaker, interval_ns: int, stop_ns: int) -> None:
        self._maker = maker
        self._interval_ns = interval_ns
        self._stop_ns = stop_ns
        self._known_ns = 0
        self._made: deque[tuple[int, MarketView | None]] = deque()

    def add(self, ticks: Iterable[TradeTick | IndexPriceUpdate], known_ns: int) -> None:
        """Add ticks as `ViewMaker.add`; with them and the quotes all is known up to `known_ns`."""
        for tick in ticks:
            self._maker.add(tick)
        self._known_ns = known_ns

    def view(self, now_ns: int) -> MarketView | None:
        """Return the view as of `now_ns`, as `ViewMaker.view`.

        Raises ValueError for an instant that is not an interval after the one before.
        """
        if not self._made:
            self._make(now_ns)
        due_ns, view = self._made.popleft()
        if due_ns != now_ns:
            raise ValueError(f"Expected the view of {due_ns} ns to be next, was {now_ns} ns")
        return view

    def _make(self, now_ns: int) -> None:
        """Make the view of `now_ns`, whose data are there, and those that follow while theirs are.

        All that is known by now has been told at the latest when the engine's clock is at `now_ns`.
        """
        known_ns = max(min(self._known_ns, self._stop_ns - 1), now_ns)
        for at_ns in range(now_ns, known_ns + 1, self._interval_ns)[:_AT_ONCE]:
            self._made.append((at_ns, self._maker.view(at_ns)))
