"""Orders on their way to Tiger: sent once, and asked for until their outcome is known."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from tiger_nt.budget import Priority
from tiger_nt.errors import (
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
)
from tiger_nt.order_events import Doubt, OrderEvent, Resurfaced
from tiger_nt.orders import Terms, TrackedOrder
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import OrderRequest, OrderState
from tiger_nt.watch import Watch

__all__ = ["UNKNOWN_OUTCOME_NOT_FOUND", "OrderGateway", "Patience"]

_log = logging.getLogger(__name__)

UNKNOWN_OUTCOME_NOT_FOUND = "UNKNOWN_OUTCOME_NOT_FOUND"
_TICK_S = 0.1
_RETRY_S = 0.5
_MARGIN_MS = 120_000
"""How far the clocks of Tiger and this machine may be apart when an order is looked for."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long the gateway waits, seconds, and how often it asks.

    Parameters
    ----------
    risk_s : float, default 10
        Cancels and orders that reduce risk are tried again for so long when they surely were not
        sent. Others are refused at once: they must not wait in a queue for a later market.
    first_ask_s, longest_ask_s : float, default 0.5 and 5
        Before the first question about something uncertain, and at most between two.
    lost_s, lost_asks : float and int, default 15 and 4
        An order without an answer counts as never sent after so long and so many answers that do
        not show it.
    command_asks : int, default 4
        Answers that do not show a cancel's or change's effect, after which it counts as failed.
    """

    risk_s: float = 10.0
    first_ask_s: float = 0.5
    longest_ask_s: float = 5.0
    lost_s: float = 15.0
    lost_asks: int = 4
    command_asks: int = 4


class _Why(StrEnum):
    LOST = "LOST"
    ORDER = "ORDER"
    TRANSACTIONS = "TRANSACTIONS"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"


class _Concern(msgspec.Struct, frozen=True):
    why: _Why
    key: str


class OrderGateway:
    """Places, changes and cancels orders and keeps asking about what stays uncertain.

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
    """

    def __init__(
        self,
        rest: TigerRest,
        tracker: OrderTracker,
        tell: Callable[[list[Change]], None],
        patience: Patience | None = None,
    ) -> None:
        self._rest = rest
        self._tracker = tracker
        self._tell_engine = tell
        self._patience = patience or Patience()
        self._watch = Watch[_Concern](self._patience.first_ask_s, self._patience.longest_ask_s)
        self._lost: dict[str, int] = {}
        self._suspects: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, changes: list[Change]) -> None:
        """Pass changes on; an order that nobody waits for any more is cancelled."""
        self._tell_engine(changes)
        for order, event in changes:
            if isinstance(event, Resurfaced) and not order.is_done:
                self._spawn(self.cancel(order))

    async def place(self, request: OrderRequest, *, reduces_risk: bool) -> None:
        """Send an order, once; whatever happens becomes an event of the order."""
        order = self._tracker.submit(request)
        sent_ms = _now_ms()
        priority = Priority.RISK if reduces_risk else Priority.ENTRY
        try:
            order_id = await self._send(
                lambda: self._rest.place(request, priority), patient=reduces_risk
            )
        except TigerUnknownOutcomeError as e:
            _log.warning("order %s: outcome unknown, asking for it: %s", request.user_mark, e)
            self._lost[request.user_mark] = sent_ms
        except TigerError as e:
            if order.id is None:
                self._tell_of(order, order.refuse(_reason(e), _now_ms()))
            else:
                self._suspects.add(order.id)
        else:
            self.tell(self._tracker.placed(order, order_id))

    async def modify(self, order: TrackedOrder, terms: Terms, *, reduces_risk: bool) -> None:
        """Ask for other terms; whatever happens becomes an event of the order."""
        order.begin_modify(terms)
        if not await self._is_known(order):
            return
        assert order.id is not None
        quantity, limit_price, stop_price = terms
        request = msgspec.structs.replace(
            order.request, quantity=quantity, limit_price=limit_price, stop_price=stop_price
        )
        priority = Priority.ENTRY if reduces_risk else Priority.WALK
        try:
            await self._rest.modify(order.id, request, priority)
        except TigerUnknownOutcomeError as e:
            _log.warning("order %s: outcome of the change unknown, asking: %s", order.id, e)
        except TigerError as e:
            self._suspects.add(order.id)
            self._tell_of(order, order.fail_modify(_reason(e), _now_ms()))

    async def cancel(self, order: TrackedOrder) -> None:
        """Cancel; whatever happens becomes an event of the order. Sent again while it works on."""
        order.begin_cancel()
        if not await self._is_known(order):
            return
        assert order.id is not None
        order_id = order.id
        try:
            await self._send(lambda: self._rest.cancel(order_id), patient=True)
        except TigerUnknownOutcomeError as e:
            _log.warning("order %s: outcome of the cancel unknown, asking: %s", order_id, e)
        except TigerError as e:
            self._suspects.add(order_id)
            self._tell_of(order, order.fail_cancel(_reason(e), _now_ms()))

    def suspect(self, order_id: int) -> None:
        """Have an order asked for: what is known of it does not fit."""
        self._suspects.add(order_id)

    async def run(self) -> None:
        """Ask about whatever is uncertain, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            for concern in self._watch.due(self._concerns(), time.monotonic()):
                self._spawn(self._ask(concern))

    async def close(self) -> None:
        """End what is still under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # Sending

    async def _send[T](self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        """Send; if `patient`, again as long as nothing was sent."""
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
                wait_s = min(e.retry_after_s, _RETRY_S) if isinstance(e, TigerLimitError) else 0.0
                _log.warning("not sent, trying again: %s", e)
                await asyncio.sleep(max(wait_s, _TICK_S))

    async def _is_known(self, order: TrackedOrder) -> bool:
        """Wait until Tiger's id of the order is known; return False if it came to its end."""
        while order.id is None and not order.is_done:
            await asyncio.sleep(_TICK_S)
        return not order.is_done

    def _tell_of(self, order: TrackedOrder, events: list[OrderEvent]) -> None:
        self.tell([(order, event) for event in events])

    def _spawn(self, coroutine: Awaitable[None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Asking

    def _concerns(self) -> list[_Concern]:
        found: dict[_Concern, None] = {}
        for order_id, doubt in self._tracker.doubts():
            found[_Concern(_Why(doubt), str(order_id))] = None
        for order_id in self._suspects:
            found[_Concern(_Why.ORDER, str(order_id))] = None
        for order in self._tracker.live():
            if order.id is None:
                if order.mark in self._lost:
                    found[_Concern(_Why.LOST, order.mark)] = None
            elif order.awaits_cancel:
                found[_Concern(_Why.CANCEL, str(order.id))] = None
            elif order.awaits_modify:
                found[_Concern(_Why.MODIFY, str(order.id))] = None
        return list(found)

    async def _ask(self, concern: _Concern) -> None:
        try:
            match concern.why:
                case _Why.LOST:
                    await self._ask_by_mark(concern)
                case _Why.TRANSACTIONS:
                    await self._ask_transactions(int(concern.key))
                case _Why.ORDER:
                    await self._ask_order(int(concern.key))
                case _Why.CANCEL | _Why.MODIFY:
                    await self._ask_command(concern)
        except TigerError as e:
            _log.warning("%s %s: not answered, asked again later: %s", *_words(concern), e)

    async def _ask_by_mark(self, concern: _Concern) -> None:
        mark = concern.key
        view = await self._rest.order_by_mark(mark, self._lost[mark] - _MARGIN_MS)
        order = self._tracker.by_mark(mark)
        if view is not None:
            self.tell(self._tracker.on_view(view))
            return
        answers = self._watch.answered(concern)
        waited_s = self._watch.age_s(concern, time.monotonic())
        enough = answers >= self._patience.lost_asks and waited_s >= self._patience.lost_s
        if enough and order is not None and order.id is None:
            reason = f"{UNKNOWN_OUTCOME_NOT_FOUND}: asked {answers} times in {waited_s:.0f} s"
            self._tell_of(order, order.refuse(reason, _now_ms()))

    async def _ask_transactions(self, order_id: int) -> None:
        found = await self._rest.transactions(order_id=order_id)
        self.tell(self._tracker.on_answer(order_id, Doubt.TRANSACTIONS, found))

    async def _ask_order(self, order_id: int) -> None:
        view = await self._rest.order(order_id)
        self._suspects.discard(order_id)
        answer = [] if view is None else [view]
        self.tell(self._tracker.on_answer(order_id, Doubt.ORDER, answer))

    async def _ask_command(self, concern: _Concern) -> None:
        order_id = int(concern.key)
        view = await self._rest.order(order_id)
        if view is not None:
            self.tell(self._tracker.on_view(view))
        order = self._tracker.by_id(order_id)
        if order is None or order.is_done:
            return
        answers = self._watch.answered(concern)
        working = view is not None and view.state is not OrderState.PENDING_CANCEL
        if concern.why is _Why.CANCEL and order.awaits_cancel and working:
            if answers < self._patience.command_asks:
                await self._rest.cancel(order_id)  # a second cancel does no harm
            else:
                reason = f"NOT_CONFIRMED: still {order.view and order.view.state} when asked"
                self._tell_of(order, order.fail_cancel(reason, _now_ms()))
        elif concern.why is _Why.MODIFY and answers >= self._patience.command_asks:
            reason = "NOT_CONFIRMED: the order has its old terms when asked"
            self._tell_of(order, order.fail_modify(reason, _now_ms()))


def _words(concern: _Concern) -> tuple[str, str]:
    return concern.why.lower(), concern.key


def _reason(error: TigerError) -> str:
    if isinstance(error, TigerDeniedError):
        return f"TIGER_{error.code}: {error.message}"
    if isinstance(error, TigerLimitError):
        return f"RATE_LIMIT: {error}"
    return f"NOT_SENT: {error}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
