"""What was kept against what the broker has, and what is said of it before a start."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from stored import CALL, INTENT, OWNER, PLAN, STATE

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import KeptPlan, PlanState
from autotrade_0dte.nodes.kept_state import (
    KeptState,
    described,
    kept_state,
    lost_on_paper,
    misfits,
    of_new_account,
    read_kept_state,
)
from autotrade_0dte.risk.ladder import LadderParams, Reading, RiskLadder
from autotrade_0dte.risk.ladder_state import DayState, LadderState, Rise
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.risk.rungs import RungState
from autotrade_0dte.store.rows import Heartbeat, Owner
from autotrade_0dte.store.state_store import StateStore
from tiger_nt.marks import user_mark
from tiger_nt.views import CommandStatus, OrderState, OrderView

SYMBOL = CALL.removesuffix(".US")
NAME = INTENT.client_order_id
OPEN = replace(STATE, strategy=INTENT.strategy)
SHORT = "SPY261123C00605000"
VERTICAL = replace(PLAN, short_instrument_id=f"{SHORT}.US", net_cap=0.6)


def order(
    filled: int, state: OrderState = OrderState.FILLED, name: str = NAME, **more: Any
) -> OrderView:
    made = OrderView(
        id=1, user_mark=user_mark(name), symbol=SYMBOL, sec_type="OPT", is_buy=True,
        order_type="LMT", quantity=3, filled=filled, limit_price=1.0, stop_price=None,
        average_price=1.0, commission=0.0, state=state, reason="",
        replace_status=CommandStatus.NONE, cancel_status=CommandStatus.NONE, updated_ms=0,
    )  # fmt: skip
    return replace(made, **more)


def kept(state: PlanState = OPEN, outcome: Outcome = Outcome.FILLED) -> KeptState:
    return KeptState(
        plans=(KeptPlan(state, frozenset({NAME})),), intents=(replace(INTENT, outcome=outcome),)
    )


def test_plan_with_its_orders_fits_what_the_broker_has() -> None:
    assert list(misfits(kept(), {SYMBOL: 3}, [order(3)])) == []
    assert list(misfits(KeptState(), {SYMBOL: 0}, [])) == []


@pytest.mark.parametrize(
    ("state", "held", "orders", "told"),
    [
        (
            replace(OPEN, held=1, bought=1), 3, [order(3)],
            [f"R001 has +3 {SYMBOL}, told of +1: goes on with it"],
        ),
        (
            OPEN, 5, [order(3)],
            [f"R001 given up: it does not explain +5 {SYMBOL}",
             f"+5 {SYMBOL} without a plan: closed at the start"],
        ),
        (OPEN, 0, [order(3)], [f"R001 given up: it does not explain +0 {SYMBOL}"]),
        (
            replace(OPEN, phase="CLOSED", held=0), 3, [order(3)],
            [f"+3 {SYMBOL} without a plan: closed at the start"],
        ),
        (
            replace(OPEN, held=1), 1, [order(1, OrderState.HELD)],
            [f"{NAME} at work: canceled at the start"],
        ),
    ],
    ids=["filled since", "more than the plan", "gone", "plan is over", "order at work"],
)  # fmt: skip
def test_what_is_other_at_the_broker_is_told_with_what_will_be_done(
    state: PlanState, held: int, orders: list[OrderView], told: list[str]
) -> None:
    assert list(misfits(kept(state), {SYMBOL: held}, orders)) == told


def test_plan_closed_by_other_orders_than_its_own_is_over() -> None:
    sale = order(3, name="O-20261123-143000-001-001-9", is_buy=False)
    assert list(misfits(kept(), {}, [order(3), sale])) == [
        f"R001 has +0 {SYMBOL}, told of +3: is over"
    ]


def test_vertical_fits_with_both_its_legs() -> None:
    plan = KeptPlan(replace(OPEN, plan=VERTICAL, sold=2), frozenset({NAME, "O-2"}))
    sale = order(2, name="O-2", symbol=SHORT, is_buy=False)
    has = KeptState(plans=(plan,))
    assert list(misfits(has, {SYMBOL: 3, SHORT: -2}, [order(3), sale])) == []
    assert list(misfits(has, {SYMBOL: 3, SHORT: -1}, [order(3), sale])) == [
        f"R001 given up: it does not explain +3 {SYMBOL}, -1 {SHORT}",
        f"+3 {SYMBOL} without a plan: closed at the start",
        f"-1 {SHORT} without a plan: closed at the start",
    ]


def test_order_that_is_not_on_file_and_one_that_never_arrived_are_told() -> None:
    strange = order(0, OrderState.HELD, name="O-20261123-143000-001-001-9")
    has = replace(kept(outcome=Outcome.OPEN), plans=())
    assert list(misfits(has, {}, [strange])) == [
        "O-20261123-143000-001-001-9 at work, not on file: canceled at the start",
        f"{NAME} never reached the broker",
    ]


def test_stop_left_at_the_broker_is_known_by_its_plan(tmp_path: Path) -> None:
    stop = "O-20261123-143000-001-001-9"
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(replace(OPEN, stop_order=stop))
        store.keep_intent(replace(INTENT, outcome=Outcome.FILLED))
        has = kept_state(store)
    assert [plan.order_ids for plan in has.plans] == [{NAME, stop}]
    rests = order(0, OrderState.HELD, name=stop, is_buy=False)
    assert list(misfits(has, {SYMBOL: 3}, [order(3), rests])) == [
        f"{stop} at work: canceled at the start"
    ]
    filled = replace(rests, filled=3, state=OrderState.FILLED)
    assert list(misfits(has, {}, [order(3), filled])) == [
        f"R001 has +0 {SYMBOL}, told of +3: is over"
    ]


def test_order_made_by_hand_is_none_of_ours() -> None:
    assert list(misfits(KeptState(), {}, [order(0, OrderState.HELD, user_mark="")])) == []


def test_orders_are_those_of_the_plan_decided_last_before_them(tmp_path: Path) -> None:
    later = replace(OPEN, plan=replace(PLAN, decided_ns=5_000))
    other = replace(OPEN, strategy="Other-002")
    with StateStore.open(tmp_path, OWNER) as store:
        for state in (OPEN, later, replace(other, plan=replace(PLAN, decided_ns=1_200))):
            store.keep_plan(state)
        for name, sent_ns in (("O-1", 1_000), ("O-2", 4_999), ("O-3", 5_000)):
            store.keep_intent(replace(INTENT, client_order_id=name, sent_ns=sent_ns))
        store.keep_intent(replace(INTENT, client_order_id="O-4", plan_id="R009"))
        found = kept_state(store)
    assert [sorted(plan.order_ids) for plan in found.plans] == [["O-1", "O-2"], [], ["O-3"]]
    assert len(found.intents) == 4


def test_kept_state_is_read_without_being_touched(tmp_path: Path) -> None:
    assert read_kept_state(tmp_path / "none", OWNER) == KeptState()
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(OPEN)
        assert len(read_kept_state(tmp_path, OWNER).open_plans) == 1  # while a node runs
    assert read_kept_state(tmp_path, Owner(OWNER.session, "other")) == KeptState()


def test_what_was_kept_is_described() -> None:
    assert described(KeptState(), LadderParams(), 0) == "nothing of today"
    at = dt.datetime(2026, 11, 23, 19, 33, 2, tzinfo=dt.UTC)
    has = replace(
        kept(),
        heartbeat=Heartbeat(round(at.timestamp() * 1e9), 7),
        ladder=LadderState(
            session_ns=1,
            rungs=(
                RungState("DAILY_LOSS:FLATTEN", since_ns=5),
                RungState("STALE_DATA:HALT_ENTRIES", since_ns=5),
                RungState("MISMATCH:HALT_ENTRIES", over_ns=5),
            ),
        ),
    )
    line = (
        "1 plans, 1 open, 1 orders, DAILY_LOSS:FLATTEN stands, {}last sign of life 14:33:02 "
        "New York"
    )
    same = described(has, LadderParams(), 1)
    assert same == line.format("STALE_DATA:HALT_ENTRIES stands, ")
    assert described(has, LadderParams(), 2) == line.format("")  # of the day before


def test_new_account_keeps_latches_and_counters_and_no_references() -> None:
    day = DayState(DayCounters(entries=2))
    before = LadderState(
        session_ns=1, start_equity=25_000.0, peak_equity=27_500.0, rise=Rise(3, 28_000.0), day=day,
        rungs=(RungState("MISMATCH:HALT_ENTRIES", since_ns=5),),
    )  # fmt: skip
    assert of_new_account(None) is None
    after = of_new_account(before)
    assert after is not None
    assert (after.day, after.rungs, after.session_ns) == (day, before.rungs, 1)
    ladder = RiskLadder.restored(LadderParams(), 1, after)
    second = 1_000_000_000
    for at_s in (1, 5, 9):
        assert ladder.take(at_s * second, Reading(equity=5_000.0)) == []
    assert (ladder.start_equity, ladder.peak_equity) == (5_000, 5_000)
    assert ladder.mode is RiskMode.HALT_ENTRIES


def test_on_paper_the_open_plans_are_gone_with_the_engine_that_filled_them() -> None:
    assert list(lost_on_paper(kept())) == ["R001 given up: its fills were the engine's own"]
    assert list(lost_on_paper(kept(replace(OPEN, phase="CLOSED")))) == []
