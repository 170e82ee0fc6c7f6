"""What the order desk does when the account's risk allows less, and what its exposure knows."""

from collections.abc import Callable
from typing import Any

import pytest
from desk_engine import CALL, NS, OTHER, Asked, Outcome, Teller, assert_made_again, run, steady
from loose_limits import LOOSE
from msgspec.structs import replace
from nautilus_trader.model import InstrumentId, OrderSide, Price, Quantity

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.order_desk import DESK_ID, OrderDesk
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.execution.walk_record import WalkEvent
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.risk.mode import DIRECT, RISK_TOPIC, RiskChange, RiskMode, Trigger

QUOTES = {CALL: steady(2.00, 2.10), OTHER: steady(0.50, 0.60)}
ID = InstrumentId.from_str(CALL)
BUY_AT_ONCE = Asked(at_s=1, quantity=2, cap=2.10, urgency=Urgency.URGENT)
WALKING_BUY = Asked(at_s=20, quantity=1, cap=0.60, contract=OTHER)
WALKING_SALE = Asked(at_s=20, quantity=-1, cap=2.00, purpose=Purpose.EXIT)

type Act = Callable[["Acting"], None]


class Watched(OrderDesk):
    """The desk, for the test to look into."""

    gate_of: DeskGate
    latest: "Watched"

    def __init__(self, session: Any, params: Any, risk: DeskGate) -> None:
        super().__init__(session, params, risk)
        Watched.gate_of = risk
        Watched.latest = self


class Acting(Teller):
    """Does something at given seconds."""

    acts: dict[float, Act]

    def on_start(self) -> None:
        super().on_start()
        for number, (at_s, act) in enumerate(self.acts.items()):
            self._at(f"act-{number}", at_s, lambda _event, act=act: act(self))

    def submit(self, order: Any) -> None:
        self._sender._gate.command(self.submit_order, order)


def outcome_of(acts: dict[float, Act], *asked: Asked, **changes: Any) -> Outcome:
    kind = type("Doing", (Acting,), {"acts": acts})
    return run(QUOTES, *asked, teller_kind=kind, desk_kind=Watched, **changes)


def change(mode: RiskMode, text: str = "") -> Act:
    def act(teller: Acting) -> None:
        now_ns = teller.clock.timestamp_ns()
        word = RiskChange(
            ts_event=now_ns, mode=mode, before=RiskMode.NORMAL, trigger=Trigger.MANUAL,
            begins=True, asks=mode, clears_itself=False, text=text,
        )  # fmt: skip
        teller.publish_message(RISK_TOPIC, word)

    return act


def cancel_all(_teller: Acting) -> None:
    Watched.latest.cancel_all()


# -- the mode -----------------------------------------------------------------------------------


def test_halt_withdraws_an_entry_at_work_and_leaves_an_exit_alone() -> None:
    outcome = outcome_of(
        {22.1: change(RiskMode.HALT_ENTRIES)}, BUY_AT_ONCE, WALKING_BUY, WALKING_SALE
    )
    moves = [(kind, reason) for kind, reason, _ in outcome.moves(1)]
    assert moves[-2:] == [("CANCEL", "RISK_MODE"), ("END", "RISK_MODE")]
    assert outcome.outcome(1) == "GIVEN_UP"
    [word] = [record for record in outcome.of(1) if record.event is WalkEvent.WITHDRAWN]
    assert word.text == "HALT_ENTRIES: MANUAL"
    assert outcome.outcome(2) == "FILLED"
    assert outcome.held == {CALL: 1}
    assert_made_again(outcome)


def test_halt_reaches_an_entry_that_is_on_its_way_as_soon_as_that_is_answered() -> None:
    outcome = outcome_of(
        {20.02: change(RiskMode.HALT_ENTRIES)}, replace(WALKING_BUY, at_s=20.0), latency_ms=100
    )
    told = [
        (record.event, record.move.kind if record.move else "", record.ts_event)
        for record in outcome.of()
    ]
    accepted = next(at for event, _, at in told if event == "ACCEPTED")
    canceled = next(at for _, kind, at in told if kind == "CANCEL")
    assert canceled == accepted
    assert outcome.outcome() == "GIVEN_UP"
    assert outcome.held == {}
    assert_made_again(outcome)


def test_halt_ends_an_entry_that_the_desk_still_holds() -> None:
    vetoed = {CALL: steady(2.00, 2.90)}
    acts: dict[float, Act] = {22.1: change(RiskMode.HALT_ENTRIES)}
    kind = type("Doing", (Acting,), {"acts": acts})
    outcome = run(vetoed, replace(WALKING_BUY, contract=CALL, cap=2.9), teller_kind=kind)
    assert outcome.orders[0].events()[-1].reason == "GIVEN_UP: RISK_MODE"


def test_halted_desk_denies_what_opens_and_passes_what_closes() -> None:
    outcome = outcome_of(
        {10: change(RiskMode.HALT_ENTRIES)}, BUY_AT_ONCE, WALKING_BUY, WALKING_SALE
    )
    assert [outcome.outcome(parent) for parent in range(3)] == ["FILLED", "DENIED", "FILLED"]
    [denied] = outcome.of(1)
    assert denied.text == "HALTED: mode=HALT_ENTRIES, trigger=MANUAL"


def test_entries_may_go_again_when_the_halt_is_over() -> None:
    outcome = outcome_of(
        {10: change(RiskMode.HALT_ENTRIES), 15: change(RiskMode.NORMAL)}, WALKING_BUY
    )
    assert outcome.outcome() == "FILLED"


def test_cancel_all_takes_back_entries_exits_and_what_is_not_worked() -> None:
    def stop(teller: Acting) -> None:
        teller.submit(
            teller.order_factory.stop_market(
                ID, OrderSide.SELL, Quantity.from_int(1), Price(0.50, 2), exec_algorithm_id=DESK_ID
            )
        )

    outcome = outcome_of(
        {15: stop, 20.6: cancel_all, 20.7: cancel_all}, BUY_AT_ONCE, WALKING_BUY, WALKING_SALE
    )
    statuses = [order.status.name for order in outcome.orders]
    assert sorted(statuses) == ["CANCELED", "CANCELED", "CANCELED", "FILLED"]
    assert outcome.held == {CALL: 2}
    assert [outcome.outcome(parent) for parent in (1, 2)] == ["GIVEN_UP", "GIVEN_UP"]
    assert_made_again(outcome)


def test_direct_kill_stops_every_move_of_the_desk() -> None:
    outcome = outcome_of(
        {20.6: change(RiskMode.KILLED, DIRECT)}, BUY_AT_ONCE, WALKING_BUY, WALKING_SALE
    )
    late_ns = outcome.records[0].ts_event + 19_600_000_000
    assert not [r for r in outcome.records if r.move and r.ts_event > late_ns]
    assert any(r.move and r.ts_event >= late_ns - NS for r in outcome.records)


# -- the exposure -------------------------------------------------------------------------------


def test_ledger_of_the_desk_is_the_engines_after_a_session_of_trades() -> None:
    seen: list[tuple[float, float, int]] = []

    def look(teller: Acting) -> None:
        book = Watched.gate_of.keeper.exposure
        line = book.lines.get(CALL)
        seen.append((book.cash, total_cash(teller.cache), 0 if line is None else line.held))
        assert book.reserved_usd == 0.0
        assert book.orders == {}

    sale = Asked(at_s=30, quantity=-1, cap=2.00, purpose=Purpose.STOP)
    outcome_of({19: look, 59: look}, BUY_AT_ONCE, sale)
    assert [held for *_, held in seen] == [2, 1]
    for own, engines, _ in seen:
        assert own == pytest.approx(engines)
    assert seen[0][0] < 100_000.0


def test_position_closed_past_the_desk_is_known_at_once() -> None:
    def close(teller: Acting) -> None:
        teller._sender._gate.command(teller.close_all_positions, ID)

    sale = replace(WALKING_SALE, at_s=13.0, quantity=-2)
    outcome = outcome_of({12: close}, BUY_AT_ONCE, sale)
    assert outcome.of(1)[0].text == "NAKED_SHORT: uncovered=2, sell=2, net_held=0, working_sells=0"
    assert outcome.held == {}


def test_resting_order_made_past_the_desk_counts_when_the_cache_was_looked_at() -> None:
    def rest(teller: Acting) -> None:
        teller.submit(
            teller.order_factory.limit(ID, OrderSide.SELL, Quantity.from_int(2), Price(9.00, 2))
        )

    walking = replace(WALKING_BUY, at_s=12)  # while the desk works something it looks
    sale = replace(WALKING_SALE, quantity=-2)
    outcome = outcome_of({10: rest}, BUY_AT_ONCE, walking, sale)
    assert outcome.of(2)[0].text.startswith("NAKED_SHORT: uncovered=2, sell=2, net_held=2")


def test_order_that_breaks_a_limit_is_denied_and_counts_no_more() -> None:
    limits = replace(LOOSE, order=replace(LOOSE.order, max_contracts=3))
    big = replace(WALKING_BUY, quantity=4)
    outcome = outcome_of({}, big, replace(WALKING_BUY, at_s=21), limits=limits)
    assert outcome.of(0)[0].text == "ORDER_CONTRACTS: quantity=4, max_contracts=3"
    assert outcome.outcome(1) == "FILLED"
    assert Watched.gate_of.keeper.exposure.orders == {}


def test_buying_back_a_short_leg_needs_no_cash() -> None:
    long_leg = replace(BUY_AT_ONCE, contract=OTHER, cap=0.60, quantity=1)
    short = Asked(at_s=10, quantity=-1, cap=0.01, contract=CALL, urgency=Urgency.URGENT)
    back = Asked(at_s=30, quantity=1, cap=2.10, contract=CALL, purpose=Purpose.STOP)
    spent: dict[float, Act] = {25: lambda _t: setattr(Watched.gate_of.keeper.exposure, "cash", 0.0)}
    outcome = outcome_of(spent, long_leg, short, back, short_legs=True)
    assert outcome.outcome(2) == "FILLED"
    assert outcome.held == {OTHER: 1}
