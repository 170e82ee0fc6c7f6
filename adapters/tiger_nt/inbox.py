"""Where views cross from the SDK's receiving thread to the event loop: queues, and one wake-up."""

import threading
from collections import deque
from collections.abc import Callable

import msgspec

from tiger_nt.views import (
    AssetsView,
    OrderView,
    PositionView,
    QuoteView,
    TickView,
    TransactionView,
)

__all__ = ["AccountView", "Batch", "Inbox"]

type AccountView = OrderView | TransactionView | PositionView | AssetsView


class Batch(msgspec.Struct):
    """What one turn of the event loop is to deliver, in this order; `more` is still waiting."""

    account: list[AccountView]
    ticks: list[TickView]
    quotes: list[QuoteView]
    more: bool


class Inbox:
    """Three queues with one consumer.

    Account news is never left out and always taken first. Quotes are kept in arrival order until
    more than `lag` of them wait; then each symbol keeps its newest only.

    Parameters
    ----------
    wake : callable
        Asks the consumer to call `take`; called once from the first `put` until a `take` has left
        nothing behind. It runs on the thread that puts.
    lag : int
        Quotes that may wait before they are conflated.
    """

    def __init__(self, wake: Callable[[], object], lag: int = 1_024) -> None:
        self._wake = wake
        self._lag = lag
        self._bound = lag
        self._lock = threading.Lock()
        self._awake = False
        self._account: deque[AccountView] = deque()
        self._ticks: deque[TickView] = deque()
        self._quotes: deque[QuoteView] = deque()
        self.conflated = 0

    def __len__(self) -> int:
        return len(self._account) + len(self._ticks) + len(self._quotes)

    def put_account(self, view: AccountView) -> None:
        """Add news of the account."""
        with self._lock:
            self._account.append(view)
            wake = self._rouse()
        if wake:
            self._wake()

    def put_ticks(self, views: list[TickView]) -> None:
        """Add trade prints."""
        with self._lock:
            self._ticks.extend(views)
            wake = self._rouse()
        if wake:
            self._wake()

    def put_quote(self, view: QuoteView) -> None:
        """Add a quote, conflating those that wait when there are too many."""
        with self._lock:
            self._quotes.append(view)
            if len(self._quotes) > self._bound:
                self._conflate()
            wake = self._rouse()
        if wake:
            self._wake()

    def take(self, limit: int) -> Batch:
        """Take all account news, and up to `limit` ticks and as many quotes, oldest first.

        When `more` is left the consumer comes back by itself; otherwise it is woken.
        """
        with self._lock:
            account = list(self._account)
            self._account.clear()
            ticks = _first(self._ticks, limit)
            quotes = _first(self._quotes, limit)
            if len(self._quotes) <= self._lag:
                self._bound = self._lag
            self._awake = bool(self._ticks or self._quotes)
            return Batch(account, ticks, quotes, self._awake)

    def _rouse(self) -> bool:
        wake = not self._awake
        self._awake = True
        return wake

    def _conflate(self) -> None:
        newest: dict[str, QuoteView] = {}
        for view in reversed(self._quotes):
            newest.setdefault(view.symbol, view)
        self.conflated += len(self._quotes) - len(newest)
        self._quotes = deque(reversed(newest.values()))
        # With more symbols than `lag`, room for as many again keeps the cost of a put constant.
        self._bound = max(self._lag, 2 * len(newest))


def _first[T](queue: deque[T], limit: int) -> list[T]:
    if len(queue) <= limit:
        taken = list(queue)
        queue.clear()
        return taken
    return [queue.popleft() for _ in range(limit)]
