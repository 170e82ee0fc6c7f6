"""What is uncertain about orders, asked of Tiger until it is certain."""

import asyncio
import logging
import time
from collections.abc import Callable
from enum import StrEnum

import msgspec

from tiger_nt.errors import TigerError
from tiger_nt.order_events import Doubt, OrderEvent
from tiger_nt.orders import TrackedOrder
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import OrderState
from tiger_nt.watch import Watch

__all__ = ["UNKNOWN_OUTCOME_NOT_FOUND", "Inquiry", "Patience", "unhandled"]

_log = logging.getLogger(__name__)

UNKNOWN_OUTCOME_NOT_FOUND = "UNKNOWN_OUTCOME_NOT_FOUND"
_TICK_S = 0.1
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
    recheck_s : float, default 3
        Positions that differ from the engine's are compared again after so long: news of fills may
        be on their way.
    """

    risk_s: float = 10.0
    first_ask_s: float = 0.5
    longest_ask_s: float = 5.0
    lost_s: float = 15.0
    lost_asks: int = 4
    command_asks: int = 4
    recheck_s: float = 3.0


class _Why(StrEnum):
    LOST = "LOST"
    ORDER = "ORDER"
    TRANSACTIONS = "TRANSACTIONS"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"


class _Concern(msgspec.Struct, frozen=True):
    why: _Why
    key: str


def unhandled(error: Exception) -> None:
    """Tell the event loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler({"message": "orders", "exception": error})


class Inquiry:
    """Asks about orders without an answer, orders in doubt, and commands without an effect.

    Parameters
    ----------
    rest : TigerRest
        Who is asked.
    tracker : OrderTracker
        Knows what is in doubt, and takes the answers.
    tell : callable
        Told of every change of an order.
    patience : Patience
        Waits.
    on_error : callable, optional
        Told of errors that are no answer of Tiger's; the question is asked again all the same.
    """

    def __init__(
        self,
        rest: TigerRest,
        tracker: OrderTracker,
        tell: Callable[[list[Change]], None],
        patience: Patience,
        on_error: Callable[[Exception], None] = unhandled,
    ) -> None:
        self._rest = rest
        self._tracker = tracker
        self._tell = tell
        self._patience = patience
        self._on_error = on_error
        self._watch = Watch[_Concern](patience.first_ask_s, patience.longest_ask_s)
        self._lost: dict[str, int] = {}
        self._suspects: set[int] = set()
        self._asking: dict[_Concern, asyncio.Task[None]] = {}

    def lost(self, mark: str, sent_ms: int) -> None:
        """Have an order asked for by its mark: it was sent, and there was no answer."""
        self._lost[mark] = sent_ms

    def suspect(self, order_id: int) -> None:
        """Have an order asked for: what is known of it does not fit."""
        self._suspects.add(order_id)

    async def run(self) -> None:
        """Ask about whatever is uncertain, until cancelled."""
        try:
            while True:
                await asyncio.sleep(_TICK_S)
                for concern in self._watch.due(self._concerns(), time.monotonic()):
                    if concern not in self._asking:
                        self._asking[concern] = asyncio.create_task(self._ask(concern))
        finally:
            for task in self._asking.values():
                task.cancel()

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
            _log.warning("%s %s: not answered, asked again: %s", concern.why, concern.key, e)
        except Exception as e:  # noqa: BLE001 - nobody awaits this task
            self._on_error(e)
        finally:
            del self._asking[concern]

    async def _ask_by_mark(self, concern: _Concern) -> None:
        mark = concern.key
        view = await self._rest.order_by_mark(mark, self._lost[mark] - _MARGIN_MS)
        order = self._tracker.by_mark(mark)
        if view is not None:
            self._tell(self._tracker.on_view(view))
            return
        answers = self._watch.answered(concern)
        waited_s = self._watch.age_s(concern, time.monotonic())
        enough = answers >= self._patience.lost_asks and waited_s >= self._patience.lost_s
        if enough and order is not None and order.id is None:
            reason = f"{UNKNOWN_OUTCOME_NOT_FOUND}: asked {answers} times in {waited_s:.0f} s"
            self._tell_of(order, order.refuse(reason, _now_ms()))

    async def _ask_transactions(self, order_id: int) -> None:
        found = await self._rest.transactions(order_id)
        self._tell(self._tracker.on_answer(order_id, Doubt.TRANSACTIONS, found))

    async def _ask_order(self, order_id: int) -> None:
        view = await self._rest.order(order_id)
        self._suspects.discard(order_id)
        answer = [] if view is None else [view]
        self._tell(self._tracker.on_answer(order_id, Doubt.ORDER, answer))

    async def _ask_command(self, concern: _Concern) -> None:
        order_id = int(concern.key)
        view = await self._rest.order(order_id)
        if view is not None:
            self._tell(self._tracker.on_view(view))
        order = self._tracker.by_id(order_id)
        if order is None or order.is_done:
            return
        answers = self._watch.answered(concern)
        over = answers >= self._patience.command_asks
        if concern.why is _Why.MODIFY:
            if over:
                reason = "NOT_CONFIRMED: the order has other terms when asked"
                self._tell_of(order, order.fail_modify(reason, _now_ms()))
        elif view is not None and view.state is not OrderState.PENDING_CANCEL:
            if over:
                reason = f"NOT_CONFIRMED: the order is {view.state} when asked"
                self._tell_of(order, order.fail_cancel(reason, _now_ms()))
            elif order.awaits_cancel:
                await self._rest.cancel(order_id)  # a second cancel does no harm

    def _tell_of(self, order: TrackedOrder, events: list[OrderEvent]) -> None:
        self._tell([(order, event) for event in events])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
