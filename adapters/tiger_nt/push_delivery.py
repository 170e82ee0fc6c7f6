"""Hands the inbox to the listeners on the event loop's thread, in turns."""

import asyncio
import contextlib
from collections.abc import Callable

from tiger_nt.inbox import AccountView, Batch, Inbox
from tiger_nt.push_listener import PushListener
from tiger_nt.views import OrderView, PositionView, TransactionView

__all__ = ["Delivery"]

TURN = 32
"""Quotes, and ticks, in one turn of the event loop at most: what an order's news may wait for."""


class Delivery:
    """Listeners of one push and the way to them."""

    def __init__(self) -> None:
        self.inbox = Inbox(self._wake)
        self.delivered = 0
        self._listeners: list[PushListener] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Deliver on the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """Deliver nothing more."""
        self._loop = None

    def add(self, listener: PushListener) -> None:
        """Tell `listener` too from now on."""
        self._listeners.append(listener)

    def remove(self, listener: PushListener) -> None:
        """Tell `listener` nothing more."""
        self._listeners.remove(listener)

    def flush(self) -> None:
        """Deliver all there is, in one turn."""
        while (batch := self.inbox.take(TURN)).more:
            self._deliver(batch)
        self._deliver(batch)

    def tell(self, call: Callable[[PushListener], None]) -> None:
        """Call every listener; one that raises is told so itself and the others go on."""
        if self._loop is None:
            return
        for listener in tuple(self._listeners):
            try:
                call(listener)
            except Exception as e:  # noqa: BLE001 whose listener it is ends the node
                listener.on_fault(e)

    def fault(self, error: Exception) -> None:
        """Tell every listener of something that must not pass unseen."""
        for listener in tuple(self._listeners):
            listener.on_fault(error)

    def from_thread(self, function: Callable[..., None], *args: object) -> None:
        """Have `function` called on the loop; from any thread."""
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # closed: nobody is left to be told
                loop.call_soon_threadsafe(function, *args)

    def _wake(self) -> None:
        self.from_thread(self._drain)

    def _drain(self) -> None:
        batch = self.inbox.take(TURN)
        if batch.more:
            asyncio.get_running_loop().call_soon(self._drain)
        self._deliver(batch)

    def _deliver(self, batch: Batch) -> None:
        self.delivered += len(batch.account) + len(batch.ticks) + len(batch.quotes)
        for view in batch.account:
            self._deliver_account(view)
        if batch.ticks:
            self.tell(lambda listener: listener.on_ticks(batch.ticks))
        if batch.quotes:
            self.tell(lambda listener: listener.on_quotes(batch.quotes))

    def _deliver_account(self, view: AccountView) -> None:
        match view:
            case OrderView():
                self.tell(lambda listener: listener.on_order(view))
            case TransactionView():
                self.tell(lambda listener: listener.on_transaction(view))
            case PositionView():
                self.tell(lambda listener: listener.on_position(view))
            case _:
                self.tell(lambda listener: listener.on_assets(view))
