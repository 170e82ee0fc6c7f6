"""Orders on their way to Tiger: each sent once, whatever becomes of the answer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from weakref import WeakKeyDictionary

import msgspec

from tiger_nt.budget import Priority
from tiger_nt.errors import (
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
)
from tiger_nt.inquiry import Inquiry, Patience, unhandled
from tiger_nt.order_events import OrderEvent, Resurfaced
from tiger_nt.orders import Terms, TrackedOrder
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import OrderRequest

__all__ = ["OrderGateway"]

_log = logging.getLogger(__name__)
_RETRY_S = 0.5
_POLL_S = 0.02


class OrderGateway:
    """Places, changes and cancels orders; what stays uncertain is left to the `inquiry`.

    No method waits for Tiger: the engine gives its next command, perhaps a cancel, when the last
    one has returned. What is returned is the work, for those who want to see its end.

    Parameters
    ----------
    rest : TigerRest
        Where orders go.
    tracker : OrderTracker
        Where answers go.
    tell : callable
        Told of every change of an order.
    patience : Patience, optional
        Waits.
    on_error : callable, optional
        Told of errors that are no answer of Tiger's. By default the event loop's exception handler
        is told.
    """

    def __init__(
        self,
        rest: TigerRest,
        tracker: OrderTracker,
        tell: Callable[[list[Change]], None],
        patience: Patience | None = None,
        on_error: Callable[[Exception], None] = unhandled,
    ) -> None:
        self._rest = rest
        self._tracker = tracker
        self._tell_engine = tell
        self._patience = patience or Patience()
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: WeakKeyDictionary[TrackedOrder, asyncio.Lock] = WeakKeyDictionary()
        self.inquiry = Inquiry(rest, tracker, self.tell, self._patience, on_error)

    def tell(self, changes: list[Change]) -> None:
        """Pass changes on; an order that nobody waits for any more is cancelled."""
        self._tell_engine(changes)
        for order, event in changes:
            if isinstance(event, Resurfaced) and not order.is_done:
                self.cancel(order)

    def place(self, request: OrderRequest, *, reduces_risk: bool) -> asyncio.Task[None]:
        """Send an order, once; whatever happens becomes an event of the order."""
        order = self._tracker.submit(request)
        return self._spawn(self._place(order, reduces_risk))

    def modify(
        self, order: TrackedOrder, terms: Terms, *, reduces_risk: bool
    ) -> asyncio.Task[None]:
        """Ask for other terms; whatever happens becomes an event of the order."""
        order.begin_modify(terms)
        return self._spawn(self._modify(order, terms, reduces_risk))

    def cancel(self, order: TrackedOrder) -> asyncio.Task[None]:
        """Cancel; whatever happens becomes an event of the order.

        Unlike an order, a cancel may be sent again: a second one does no harm.
        """
        order.begin_cancel()
        return self._spawn(self._cancel(order))

    async def close(self) -> None:
        """End what is still under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _place(self, order: TrackedOrder, reduces_risk: bool) -> None:
        request = order.request
        sent_ms = _now_ms()
        priority = Priority.RISK if reduces_risk else Priority.ENTRY
        try:
            order_id = await self._send(
                lambda: self._rest.place(request, priority), patient=reduces_risk
            )
        except TigerUnknownOutcomeError as e:
            _log.warning("order %s: outcome unknown, asking for it: %s", request.user_mark, e)
            self.inquiry.lost(request.user_mark, sent_ms)
        except TigerError as e:
            if order.id is None:
                self._tell_of(order, order.refuse(_reason(e), _now_ms()))
            else:
                self.inquiry.suspect(order.id)
        except Exception:
            self.inquiry.lost(request.user_mark, sent_ms)
            raise
        else:
            self.tell(self._tracker.placed(order, order_id))

    async def _modify(self, order: TrackedOrder, terms: Terms, reduces_risk: bool) -> None:
        # One after the other: the last wish must be the last to arrive.
        async with self._turns.setdefault(order, asyncio.Lock()):
            if not await self._is_known(order):
                return
            assert order.id is not None
            quantity, limit_price, stop_price = terms
            request = msgspec.structs.replace(
                order.request, quantity=quantity, limit_price=limit_price, stop_price=stop_price
            )
            priority = Priority.EXIT if reduces_risk else Priority.WALK
            try:
                await self._rest.modify(order.id, request, priority)
            except TigerUnknownOutcomeError as e:
                _log.warning("order %s: outcome of the change unknown, asking: %s", order.id, e)
            except TigerError as e:
                self.inquiry.suspect(order.id)
                self._tell_of(order, order.fail_modify(_reason(e), _now_ms()))

    async def _cancel(self, order: TrackedOrder) -> None:
        if not await self._is_known(order):
            return
        assert order.id is not None
        order_id = order.id
        try:
            await self._send(lambda: self._rest.cancel(order_id), patient=True)
        except TigerUnknownOutcomeError as e:
            _log.warning("order %s: outcome of the cancel unknown, asking: %s", order_id, e)
        except TigerError as e:
            self.inquiry.suspect(order_id)
            self._tell_of(order, order.fail_cancel(_reason(e), _now_ms()))

    async def _send[T](self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        """Send; if `patient`, again as long as surely nothing was sent."""
        deadline_s = time.monotonic() + self._patience.risk_s
        while True:
            try:
                return await call()
            except TigerUnknownOutcomeError:
                raise
            except (TigerLimitError, TigerRequestError) as e:
                if not patient or time.monotonic() > deadline_s:
                    raise
                # The budget keeps a reserve for these calls, so a limit may end before its time.
                wait_s = _RETRY_S
                if isinstance(e, TigerLimitError):
                    wait_s = min(e.retry_after_s, _RETRY_S)
                _log.warning("not sent, trying again: %s", e)
                await asyncio.sleep(max(wait_s, _POLL_S))

    async def _is_known(self, order: TrackedOrder) -> bool:
        """Wait until Tiger's id of the order is known; return False if it came to its end."""
        while order.id is None and not order.is_done:
            await asyncio.sleep(_POLL_S)
        return not order.is_done

    def _tell_of(self, order: TrackedOrder, events: list[OrderEvent]) -> None:
        self.tell([(order, event) for event in events])

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        # At once as far as it goes: other work of the loop need not come first.
        task = asyncio.eager_task_factory(asyncio.get_running_loop(), work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._on_error(error)


def _reason(error: TigerError) -> str:
    if isinstance(error, TigerDeniedError):
        return f"TIGER_{error.code}: {error.message}"
    if isinstance(error, TigerLimitError):
        return f"RATE_LIMIT: {error}"
    return f"NOT_SENT: {error}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
