"""What becomes of orders whose way to Tiger is troubled; Tiger itself is a script here."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
import pytest
from patience import PATIENCE_S

from tiger_nt.budget import Priority
from tiger_nt.errors import (
    TigerDeniedError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
)
from tiger_nt.gateway import OrderGateway
from tiger_nt.inquiry import Patience
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import OrderRequest, OrderState, OrderView, TransactionView

ID, MARK, SYMBOL = 44_000_000_000_000_001, "nt1-abc123-001-S-1", "SPY261123C00600000"
HASTE = Patience(
    risk_s=1.0, first_ask_s=0.02, longest_ask_s=0.05, lost_s=0.1, lost_asks=2, command_asks=2
)
REQUEST = OrderRequest(
    user_mark=MARK, symbol=SYMBOL, is_buy=True, order_type="LMT", quantity=1, limit_price=2.0
)


def view(state: OrderState, filled: int = 0, ms: int = 1, limit: float = 2.0) -> OrderView:
    return OrderView(
        id=ID,
        user_mark=MARK,
        symbol=SYMBOL,
        sec_type="OPT",
        is_buy=True,
        order_type="LMT",
        quantity=1,
        filled=filled,
        limit_price=limit,
        stop_price=None,
        average_price=2.0 if filled else math.nan,
        commission=math.nan,
        state=state,
        reason="",
        updated_ms=ms,
    )


class ScriptedRest:
    """Answers with what `says` holds by method: a value, an error, or a list of them in turn."""

    def __init__(self, **says: Any) -> None:
        self.says = says
        self.calls: list[tuple[Any, ...]] = []

    async def _say(self, *call: Any) -> Any:
        self.calls.append(call)
        await asyncio.sleep(0)
        answer = self.says.get(call[0])
        if isinstance(answer, list) and call[0] != "transactions":
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def place(self, request: OrderRequest, priority: Priority) -> int:
        return cast(int, await self._say("place", priority))

    async def modify(self, order_id: int, request: OrderRequest, priority: Priority) -> None:
        await self._say("modify", request.limit_price, priority)

    async def cancel(self, order_id: int) -> None:
        await self._say("cancel")

    async def order(self, order_id: int) -> OrderView | None:
        return cast(OrderView | None, await self._say("order"))

    async def order_by_mark(self, mark: str, since_ms: int) -> OrderView | None:
        return cast(OrderView | None, await self._say("order_by_mark"))

    async def transactions(self, order_id: int) -> list[TransactionView]:
        return cast(list[TransactionView], await self._say("transactions"))

    def count(self, method: str) -> int:
        return sum(call[0] == method for call in self.calls)


class Desk:
    def __init__(self, rest: ScriptedRest, patience: Patience) -> None:
        self.rest = rest
        self.changes: list[Change] = []
        self.tracker = OrderTracker()
        self.gateway = OrderGateway(
            cast(TigerRest, rest), self.tracker, self.changes.extend, patience
        )

    @property
    def told(self) -> list[str]:
        return [type(event).__name__ for _, event in self.changes]

    async def until(self, *events: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.told[-len(events) :] != list(events):
                await asyncio.sleep(0.005)


def run(
    rest: ScriptedRest, script: Callable[[Desk], Awaitable[None]], patience: Patience = HASTE
) -> Desk:
    async def play() -> Desk:
        desk = Desk(rest, patience)
        asking = asyncio.create_task(desk.gateway.inquiry.run())
        try:
            await script(desk)
        finally:
            asking.cancel()
            await desk.gateway.close()
        return desk

    return asyncio.run(play())


def unknown() -> TigerUnknownOutcomeError:
    return TigerUnknownOutcomeError("place_order: no answer")


def test_an_order_without_an_answer_is_found_by_its_mark() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=False)
        await desk.until("Accepted")

    rest = ScriptedRest(place=unknown(), order_by_mark=[None, view(OrderState.HELD)])
    desk = run(rest, script)
    assert rest.count("place") == 1
    assert desk.told == ["Accepted"]


def test_an_order_is_on_its_way_before_the_engine_gives_its_next_command() -> None:
    async def script(desk: Desk) -> None:
        placed = desk.gateway.place(REQUEST, reduces_risk=True)
        assert desk.rest.calls == [("place", Priority.RISK)]
        await placed

    run(ScriptedRest(place=ID), script)


def test_an_order_that_is_not_found_often_enough_is_rejected_and_never_sent_again() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=False)
        await desk.until("Rejected")

    rest = ScriptedRest(place=unknown(), order_by_mark=None)
    desk = run(rest, script)
    assert rest.count("place") == 1
    assert rest.count("order_by_mark") >= HASTE.lost_asks
    [(_, rejected)] = desk.changes
    assert rejected.reason.startswith("UNKNOWN_OUTCOME_NOT_FOUND")  # type: ignore[union-attr]


def test_questions_without_an_answer_prove_nothing() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=False)
        await asyncio.sleep(3 * HASTE.lost_s)
        assert desk.told == []
        desk.rest.says["order_by_mark"] = view(OrderState.HELD)
        await desk.until("Accepted")

    run(ScriptedRest(place=unknown(), order_by_mark=TigerRequestError("timeout")), script)


def test_a_rejected_order_that_is_there_after_all_is_cancelled() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=False)
        await desk.until("Rejected")
        desk.gateway.tell(desk.tracker.on_view(view(OrderState.HELD)))
        async with asyncio.timeout(PATIENCE_S):
            while not desk.rest.count("cancel"):
                await asyncio.sleep(0.005)

    desk = run(ScriptedRest(place=unknown(), order_by_mark=None), script)
    assert desk.told[:3] == ["Rejected", "Resurfaced", "Accepted"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TigerDeniedError("place_order", 1200, "no money"), "TIGER_1200: no money"),
        (TigerLimitError("place_order", 2.0, "limit"), "RATE_LIMIT: "),
        (TigerRequestError("no connection"), "NOT_SENT: no connection"),
    ],
)
def test_an_entry_that_was_not_taken_is_rejected_at_once(error: Exception, reason: str) -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=False)

    rest = ScriptedRest(place=error)
    [(_, event)] = run(rest, script).changes
    assert event.reason.startswith(reason)  # type: ignore[union-attr]
    assert rest.calls == [("place", Priority.ENTRY)]


def test_an_order_that_reduces_risk_is_tried_again_as_long_as_nothing_was_sent() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=True)

    limit, broken = TigerLimitError("place_order", 0.1, "limit"), TigerRequestError("refused")
    rest = ScriptedRest(place=[limit, broken, ID], order=view(OrderState.HELD))
    desk = run(rest, script, msgspec.structs.replace(HASTE, risk_s=PATIENCE_S))
    assert rest.calls[:3] == [("place", Priority.RISK)] * 3
    order = desk.tracker.by_id(ID)
    assert order is not None
    assert order.ended is None


def test_an_order_that_reduces_risk_is_given_up_after_its_time() -> None:
    async def script(desk: Desk) -> None:
        await desk.gateway.place(REQUEST, reduces_risk=True)

    rest = ScriptedRest(place=TigerLimitError("place_order", 60.0, "limit"))
    assert run(rest, script).told == ["Rejected"]
    assert rest.count("place") > 1


def test_a_cancel_waits_for_the_id_of_an_order_on_its_way() -> None:
    async def script(desk: Desk) -> None:
        order = desk.tracker.submit(REQUEST)
        cancelling = desk.gateway.cancel(order)
        await asyncio.sleep(0.05)
        assert desk.rest.count("cancel") == 0
        desk.gateway.tell(desk.tracker.placed(order, ID))
        await cancelling
        assert desk.rest.count("cancel") == 1

    run(ScriptedRest(order=view(OrderState.CANCELLED)), script)


def test_a_cancel_without_effect_is_sent_again_and_then_told_as_failed() -> None:
    async def script(desk: Desk) -> None:
        desk.gateway.tell(desk.tracker.on_view(view(OrderState.HELD)))
        await desk.gateway.cancel(desk.changes[0][0])
        await desk.until("Accepted", "CancelRejected")

    rest = ScriptedRest(cancel=TigerUnknownOutcomeError("timeout"), order=view(OrderState.HELD))
    desk = run(rest, script)
    assert rest.count("cancel") == 2
    assert desk.changes[-1][1].reason.startswith("NOT_CONFIRMED")  # type: ignore[union-attr]


def test_a_refused_cancel_of_an_order_that_was_filled_meanwhile_shows_the_fill() -> None:
    async def script(desk: Desk) -> None:
        desk.gateway.tell(desk.tracker.on_view(view(OrderState.HELD)))
        await desk.gateway.cancel(desk.changes[0][0])
        await desk.until("Accepted", "CancelRejected", "Filled")

    trade = TransactionView(
        id=9, order_id=ID, symbol=SYMBOL, sec_type="OPT", is_buy=True, quantity=1, price=2.0,
        time_ms=5,
    )  # fmt: skip
    rest = ScriptedRest(
        cancel=TigerDeniedError("cancel_order", 1200, "already filled"),
        order=view(OrderState.FILLED, filled=1, ms=5),
        transactions=[trade],
    )
    run(rest, script)


def test_a_change_without_an_answer_is_asked_for() -> None:
    async def script(desk: Desk) -> None:
        desk.gateway.tell(desk.tracker.on_view(view(OrderState.HELD)))
        await desk.gateway.modify(desk.changes[0][0], (1, 2.1, None), reduces_risk=False)
        await desk.until("Accepted", "Updated")

    rest = ScriptedRest(
        modify=TigerUnknownOutcomeError("timeout"), order=view(OrderState.HELD, ms=3, limit=2.1)
    )
    run(rest, script)
    assert rest.calls[0] == ("modify", 2.1, Priority.WALK)


def test_a_change_that_never_shows_is_told_as_failed() -> None:
    async def script(desk: Desk) -> None:
        desk.gateway.tell(desk.tracker.on_view(view(OrderState.HELD)))
        await desk.gateway.modify(desk.changes[0][0], (1, 2.1, None), reduces_risk=True)
        await desk.until("Accepted", "ModifyRejected")

    rest = ScriptedRest(order=view(OrderState.HELD))
    run(rest, script)
    assert rest.calls[0] == ("modify", 2.1, Priority.EXIT)
    assert rest.count("modify") == 1
