"""The risk controller on the real engine: from what it hears to what it says and does."""

import math
from typing import Any

import pytest
from desk_engine import CALL, DATE, NS, OPEN_NS
from msgspec.structs import replace
from risk_engine import CASH, Feeder, Heard, run
from strategy_venue import PLAN

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.plan_state import PLAN_TOPIC, KeptPlan, PlanPhase, PlanState
from autotrade_0dte.execution.quality import (
    QUALITY_TOPIC,
    Breach,
    QualityCode,
    QualityFigures,
    Recovery,
)
from autotrade_0dte.execution.walk_record import WALK_TOPIC, WalkEvent, WalkRecord
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.risk.ladder_state import DayState, LadderState
from autotrade_0dte.risk.mode import DIRECT, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.picture import DayCounters, RiskPicture
from autotrade_0dte.risk.proposed_order import Contract, Owner, ProposedOrder
from autotrade_0dte.risk.report import DIRECT as DIRECT_FIGURE
from autotrade_0dte.risk.report import REARM_TOPIC, REPORT_TOPIC, Rearm, RiskReport
from autotrade_0dte.risk.rungs import RungState

FIGURES = QualityFigures(0.5, 0.9, 0.0, 10, 5, 10)


def lose(usd: float) -> Any:
    def do(feeder: Feeder) -> None:
        feeder.exposure.cash -= usd

    return do


def report(trigger: Trigger, *, begins: bool = True, text: str = "", **figures: float) -> Any:
    def do(feeder: Feeder) -> None:
        feeder.tell(
            REPORT_TOPIC,
            RiskReport(
                ts_event=feeder.now_ns, trigger=trigger, begins=begins, figures=figures, text=text
            ),
        )

    return do


def rearm(feeder: Feeder) -> None:
    feeder.tell(REARM_TOPIC, Rearm(ts_event=feeder.now_ns, by="me", reason="looked"))


def kill(*, direct: bool = False) -> Any:
    return report(Trigger.KILL_FILE, text="me: panic", **{DIRECT_FIGURE: float(direct)})


def walked(event: WalkEvent) -> Any:
    def do(feeder: Feeder) -> None:
        quote = OrderQuote(feeder.now_ns, *(math.nan,) * 5)
        record = WalkRecord(
            ts_event=feeder.now_ns, parent_id="P", client_order_id="O", event=event, quote=quote,
            text="no",
        )  # fmt: skip
        for _ in range(6):
            feeder.tell(WALK_TOPIC, record)

    return do


# Commands reach the venue with the next quote, a second later.


# -- what it says -----------------------------------------------------------------------------


def test_picture_tells_the_account_and_the_mode_at_the_view_that_changes_them() -> None:
    heard = run({5: lose(-500), 12: lose(900)}, to_s=20)
    pictures = heard.pictures
    told = {(picture.ts_event - OPEN_NS) // NS: picture for picture in pictures}
    assert (told[5].equity, told[12].equity) == (10_500, 9_600)
    assert 4 not in told
    last = pictures[-1]
    assert (last.equity, last.start_equity, last.peak_equity) == (9_600, CASH, 10_500)
    assert (last.worst_loss_usd, last.delta_usd, last.premium_usd) == (0, 0, 0)
    assert last.mode is RiskMode.HALT_ENTRIES
    assert {p.mode for at_s, p in told.items() if at_s < 12} == {RiskMode.NORMAL}


def test_picture_that_says_nothing_new_is_told_once_a_minute() -> None:
    heard = run({70: lose(-1)}, to_s=150)
    quiet = [(p.ts_event - OPEN_NS) // NS for p in heard.pictures if p.ts_event > OPEN_NS + 9 * NS]
    assert quiet == [61, 70, 73, 121]  # the peak follows when it has stood for three seconds


def test_orders_without_a_plan_count_as_a_day_trade_and_a_loss_once_they_are_flat() -> None:
    """The holder tags none of its orders, as one made by hand has no tag."""
    heard = run({10: lose(600)}, to_s=20)
    before = [p.counters for p in heard.pictures if p.ts_event < OPEN_NS + 11 * NS]
    assert set(before) == {DayCounters()}
    last = heard.pictures[-1].counters
    assert (last.losses_in_row, last.day_trades, heard.held) == (1, 1, 0)
    assert OPEN_NS + 10 * NS < last.last_loss_ns <= OPEN_NS + 14 * NS
    # The broker tells a process after this one of the same orders.
    again = run({10: lose(600)}, to_s=20, kept=replace(heard.states[-1], rungs=()))
    assert again.pictures[-1].counters == last


def test_orders_of_a_plan_that_is_told_of_count_with_it() -> None:
    def tell(feeder: Feeder) -> None:
        plan_state(feeder, "P1", strategy="Holder-001")

    heard = run({1: tell, 10: lose(600)}, to_s=20, tags=("plan=P1",))
    assert heard.pictures[-1].counters.day_trades == 0


def test_change_is_told_before_the_picture_that_has_it() -> None:
    heard = run({10: lose(600)}, to_s=20)
    told = [m for _, m in heard.all if isinstance(m, RiskChange | RiskPicture)]
    first = next(i for i, message in enumerate(told) if isinstance(message, RiskChange))
    before, after = told[first - 1], told[first + 1]
    assert (before.mode, after.mode) == (RiskMode.NORMAL, RiskMode.FLATTEN)
    assert after.ts_event == told[first].ts_event


def test_quotes_that_stop_halt_entries_until_they_come_again() -> None:
    def age(seconds: float) -> Any:
        return lambda feeder: setattr(feeder, "quote_age_s", seconds)

    heard = run({5: age(25), 15: age(0)})
    assert heard.modes() == [(5, "HALT_ENTRIES"), (25, "NORMAL")]
    assert heard.held == 3


def test_silence_is_noticed_without_views_where_time_passes_by_itself() -> None:
    def silence(feeder: Feeder) -> None:
        feeder.clock.cancel_timer("view")

    live = run({5: silence}, to_s=40, is_live=True)
    # The view of the fifth second itself is still published.
    assert live.modes() == [(25, "HALT_ENTRIES")]
    assert run({5: silence}, to_s=40).changes == []


def test_silence_after_the_close_is_none() -> None:
    def silence(feeder: Feeder) -> None:
        feeder.clock.cancel_timer("view")

    assert run({5: silence}, to_s=40, is_live=True, close_s=24).changes == []


def test_highest_level_tightens() -> None:
    heard = run({5: lambda f: setattr(f, "level", Level.L3)}, to_s=10)
    assert heard.modes() == [(5, "TIGHTEN")]


@pytest.mark.parametrize(
    "event", [WalkEvent.REJECTED, WalkEvent.MODIFY_REJECTED, WalkEvent.CANCEL_REJECTED]
)
def test_rejects_of_the_venue_are_counted(event: WalkEvent) -> None:
    heard = run({5: walked(event)}, to_s=10)
    [(at_s, change)] = heard.changes
    assert (at_s, change.trigger, change.text) == (5, Trigger.REJECTS, "no")


def test_denials_are_no_rejects() -> None:
    assert run({5: walked(WalkEvent.DENIED)}, to_s=10).changes == []


def test_breaches_of_execution_stand_until_they_recover() -> None:
    def breach(feeder: Feeder) -> None:
        feeder.tell(QUALITY_TOPIC, Breach(QualityCode.SLIPPAGE, FIGURES, feeder.now_ns))

    def recover(feeder: Feeder) -> None:
        feeder.tell(QUALITY_TOPIC, Recovery(QualityCode.SLIPPAGE, FIGURES, 0, feeder.now_ns))

    heard = run({5: breach, 9: recover}, to_s=15)
    assert heard.modes() == [(5, "TIGHTEN"), (9, "NORMAL")]
    assert heard.changes[0][1].text == "SLIPPAGE"


def test_reports_begin_and_end_and_the_operator_rearms() -> None:
    heard = run(
        {
            3: report(Trigger.DATA_GAP), 5: report(Trigger.DATA_GAP, begins=False),
            20: report(Trigger.MISMATCH, text="SPY"), 25: rearm,
        }
    )  # fmt: skip
    assert heard.modes() == [
        (3, "HALT_ENTRIES"), (15, "NORMAL"), (20, "HALT_ENTRIES"), (25, "NORMAL"),
    ]  # fmt: skip
    assert heard.changes[-1][1].text == "me: looked"


def plan_state(feeder: Feeder, plan_id: str, **changes: Any) -> None:
    state = PlanState(
        ts_event=feeder.now_ns, track="regular", plan=replace(PLAN, plan_id=plan_id), phase="OPEN",
        held=2, bought=2,
    )  # fmt: skip
    feeder.tell(PLAN_TOPIC, replace(state, **changes))


def test_plans_are_counted_once_with_their_fees() -> None:
    over = {"phase": PlanPhase.CLOSED, "held": 0}

    def tell(feeder: Feeder) -> None:
        plan_state(feeder, "P0", phase=PlanPhase.ENTERING, bought=0, held=0)
        for _ in range(2):
            plan_state(feeder, "P1")
            plan_state(feeder, "P1", cash=0.01, fees_usd=2.0, **over)  # a dollar won, two of fees
        plan_state(feeder, "P0", bought=0, **over)

    def win(feeder: Feeder) -> None:
        vertical = replace(PLAN, plan_id="P2", short_instrument_id="SPY 605C.SIM", net_cap=0.5)
        plan_state(feeder, "P2", plan=vertical, cash=0.03, fees_usd=2.0, **over)

    heard = run({5: tell, 8: win}, to_s=10)
    lost_ns = OPEN_NS + 5 * NS
    counters = [picture.counters for picture in heard.pictures if picture.ts_event >= lost_ns]
    assert counters[0] == DayCounters(1, 1, lost_ns, 1)
    assert counters[-1] == DayCounters(2, 0, lost_ns, 3)  # a vertical is two day trades
    assert heard.states[-1].day.counters == counters[-1]


def test_plan_whose_count_was_not_kept_any_more_is_counted_at_the_start() -> None:
    """The plan's row is written before the controller hears of it, and its own after that."""

    def over(number: int, at_s: int, cash: float, decided_s: int = 1) -> KeptPlan:
        plan = replace(PLAN, plan_id=f"P{number}", decided_ns=OPEN_NS + decided_s * NS)
        return KeptPlan(
            PlanState(
                ts_event=OPEN_NS + at_s * NS, track="regular", plan=plan, phase=PlanPhase.CLOSED,
                bought=2, cash=cash,
            )
        )  # fmt: skip

    # P1 was counted as a loss, P3 not at all, P2 entered only; P4 is of another market of this day.
    day = DayState(DayCounters(2, 1, OPEN_NS + 9 * NS, 1), ("regular:P1", "regular:P2"),
                   ("regular:P1",))  # fmt: skip
    before = LadderState(session_ns=OPEN_NS, day=day)
    plans = (over(1, 9, -0.5), over(3, 12, -0.5), over(2, 11, 0.5), over(4, 10, -0.5, -60))
    heard = run({}, kept=before, plans=plans, to_s=3)
    expected = DayCounters(3, 1, OPEN_NS + 12 * NS, 3)
    assert heard.pictures[0].counters == expected
    assert heard.states[-1].day.counters == expected
    again = run({}, kept=heard.states[-1], plans=plans, to_s=3)
    assert again.pictures[-1].counters == expected


# -- what it does -----------------------------------------------------------------------------


def closed_at(heard: Heard) -> float:
    fills = heard.holder.when("OrderFilled")
    assert heard.held == 0
    return fills[-1]


def test_strategy_that_does_not_close_is_closed_at_market_after_the_grace() -> None:
    heard = run({10: lose(600)}, obeys=False)
    assert heard.modes() == [(13, "FLATTEN")]
    assert closed_at(heard) == pytest.approx(18.1)
    assert heard.at_work == 0


def test_strategy_that_closes_is_left_alone() -> None:
    heard = run({10: lose(600)})
    assert closed_at(heard) == 14
    assert heard.at_work == 1  # the engine's exit would have canceled it


def test_position_that_nobody_bids_for_waits_for_a_bid() -> None:
    def bid(price: float) -> Any:
        return lambda feeder: setattr(feeder, "bid", price)

    heard = run({9: bid(0.0), 10: lose(600), 25: bid(1.0)}, obeys=False)
    assert closed_at(heard) == pytest.approx(26.1)


@pytest.mark.parametrize(
    ("contracts", "is_stop", "held"),
    [(-3, False, 3), (-2, False, 0), (3, False, 0), (-3, True, 0)],
    ids=["all of it", "not all", "opens more", "a stop that waits"],
)
def test_position_is_left_to_the_orders_that_close_all_of_it(
    contracts: int, is_stop: bool, held: int
) -> None:
    def work(feeder: Feeder) -> None:
        contract = Contract(CALL, "SPY", DATE, True, 600.0, 100, 0)
        owner = Owner("Holder-001", "", "")
        order = ProposedOrder(
            order_id="O", contract=contract, quantity=contracts, price=9.0, owner=owner,
            is_stop=is_stop,
        )  # fmt: skip
        feeder.exposure.submitted(order, feeder.now_ns)

    heard = run({9: work, 10: report(Trigger.MANUAL, word=3.0)}, obeys=False)
    assert heard.held == held


def test_kill_cancels_all_that_is_at_work_at_once_and_closes() -> None:
    heard = run({10: kill()}, obeys=False)
    assert heard.modes() == [(10, "KILLED")]
    said = [message for at_s, message in heard.all if at_s == 10]
    assert said[0] == "CANCEL"  # before anybody hears of it, whose exits are not to be canceled
    assert heard.holder.when("OrderPendingCancel") == [10]
    assert heard.holder.when("OrderCanceled") == [11]
    assert closed_at(heard) == pytest.approx(15.1)


def test_flatten_cancels_nothing_by_itself() -> None:
    heard = run({10: report(Trigger.MANUAL, word=3.0)})
    assert heard.modes() == [(10, "FLATTEN")]
    assert (heard.at_work, heard.held) == (1, 0)


def test_direct_kill_cancels_and_sends_nothing_more() -> None:
    heard = run({10: kill(direct=True)}, obeys=False)
    assert heard.holder.when("OrderCanceled") == [11]
    assert (heard.held, heard.at_work) == (3, 0)
    assert heard.changes[0][1].text == DIRECT


def test_kill_that_becomes_direct_stops_the_exit_that_was_due() -> None:
    heard = run({10: kill(), 12: kill(direct=True)}, obeys=False)
    assert (heard.held, heard.at_work) == (3, 0)


@pytest.mark.parametrize(
    ("then", "times"),
    [(report(Trigger.DATA_GAP), [10]), (kill(direct=True), [10, 12])],
    ids=["more happens", "it becomes direct"],
)
def test_orders_are_canceled_once_and_again_when_a_kill_becomes_direct(
    then: Any, times: list[int]
) -> None:
    heard = run({10: kill(), 12: then})
    assert [at_s for at_s, message in heard.all if message == "CANCEL"] == times


def test_rearming_before_the_grace_is_over_keeps_the_position() -> None:
    heard = run({10: kill(), 12: rearm}, obeys=False)
    assert heard.modes() == [(10, "KILLED"), (12, "NORMAL")]
    assert heard.held == 3


def test_position_is_ours_to_close_again_when_a_direct_kill_is_over_and_the_loss_is_not() -> None:
    script = {10: lose(600), 15: kill(direct=True), 25: rearm}
    heard = run(script, obeys=False, to_s=40)
    assert heard.modes() == [(13, "FLATTEN"), (15, "KILLED"), (25, "FLATTEN")]
    assert closed_at(heard) == pytest.approx(30.1)


def test_grace_of_a_second_flatten_begins_with_it() -> None:
    word = report(Trigger.MANUAL, word=3.0)
    heard = run({10: word, 12: rearm, 13: word}, obeys=False)
    assert closed_at(heard) == pytest.approx(18.1)


# -- what it keeps ----------------------------------------------------------------------------


def test_state_is_published_with_each_change_and_while_the_peak_rises() -> None:
    heard = run({4: lose(-100), 20: report(Trigger.MISMATCH)})
    start, peak, latched = heard.states
    assert (start.start_equity, start.peak_equity) == (CASH, CASH)
    assert peak.peak_equity == 10_100
    assert [rung.name for rung in latched.rungs] == ["MISMATCH:HALT_ENTRIES"]


def test_what_a_process_before_left_is_told_at_the_first_view() -> None:
    before = run({4: report(Trigger.MISMATCH, text="SPY"), 6: lose(100)}).states[-1]
    heard = run({}, kept=before, to_s=5)
    at_s, change = heard.changes[0]
    assert (at_s, change.trigger, change.begins, change.text) == (1, Trigger.MISMATCH, True, "SPY")
    assert heard.pictures[0].mode is RiskMode.HALT_ENTRIES
    assert heard.pictures[0].start_equity == CASH


def test_what_is_told_before_the_first_view_is_told_again_at_it() -> None:
    """The strategies start last, and hear nothing of what is said before."""
    heard = run({1: report(Trigger.MANUAL, word=3.0)}, to_s=3)
    assert [c.mode for _, c in heard.changes] == [RiskMode.FLATTEN, RiskMode.FLATTEN]
    assert heard.changes[1][1].before is RiskMode.NORMAL


def test_condition_told_before_the_first_view_outlives_the_one_of_a_process_before() -> None:
    before = run({4: report(Trigger.CLOCK_OFFSET, offset_s=3.0)}, to_s=6).states[-1]
    heard = run({1: report(Trigger.CLOCK_OFFSET, offset_s=-2.0)}, kept=before, to_s=5)
    assert heard.changes[0][1].begins is False  # of the process before, whoever watched is gone
    assert heard.pictures[-1].mode is RiskMode.HALT_ENTRIES


LOST = LadderState(
    session_ns=OPEN_NS - 86_400 * NS,
    rungs=(
        RungState("DAILY_LOSS:FLATTEN", since_ns=1),
        RungState("MISMATCH:HALT_ENTRIES", since_ns=1),
    ),
)
"""What the session before has left latched."""


def test_latches_of_another_session_stand_until_rearmed() -> None:
    assert run({}, kept=LOST, to_s=3).pictures[-1].mode is RiskMode.FLATTEN


def test_word_before_the_first_view_ends_what_the_account_shows_to_be_over() -> None:
    heard = run({1: rearm}, kept=LOST, to_s=5)
    assert heard.pictures[-1].mode is RiskMode.NORMAL
    ends = [c.trigger for _, c in heard.changes if not c.begins]
    assert ends == [Trigger.MISMATCH, Trigger.DAILY_LOSS]


def test_word_before_the_first_view_does_not_end_a_loss_that_lasts() -> None:
    kept = replace(LOST, session_ns=OPEN_NS, start_equity=2 * CASH, peak_equity=2 * CASH)
    heard = run({1: rearm}, kept=kept, to_s=5)
    assert heard.pictures[-1].mode is RiskMode.FLATTEN
    said = [c.text for _, c in heard.changes if c.trigger is Trigger.DAILY_LOSS]
    assert "not re-armed: me: looked" in said


def test_word_before_the_first_view_does_not_end_what_is_told_after_it() -> None:
    def both(feeder: Feeder) -> None:
        rearm(feeder)
        report(Trigger.MANUAL, word=2.0)(feeder)

    heard = run({1: both}, kept=LOST, to_s=5)
    assert heard.pictures[-1].mode is RiskMode.FLATTEN
    assert {rung.name for rung in heard.states[-1].rungs} == {
        "DAILY_LOSS:FLATTEN", "MANUAL:HALT_ENTRIES", "MANUAL:TIGHTEN",
    }  # fmt: skip


def test_counters_of_another_session_are_not_taken_over() -> None:
    day = DayState(DayCounters(entries=7), entered=("regular:P1",))
    kept = LadderState(session_ns=OPEN_NS - 86_400 * NS, start_equity=5_000.0, day=day)
    yesterday = run({}, kept=kept, to_s=3).pictures[-1]
    assert (yesterday.start_equity, yesterday.counters) == (CASH, DayCounters())
    today = run({}, kept=replace(kept, session_ns=OPEN_NS), to_s=3).pictures[-1]
    assert (today.start_equity, today.counters) == (5_000, DayCounters(entries=7))


def test_tables_have_every_change_and_a_picture_a_minute() -> None:
    rows = run({70: report(Trigger.MISMATCH, text="SPY")}, to_s=130).controller.rows
    changes, pictures = rows.changes(), rows.pictures()
    assert changes["trigger"] == ["MISMATCH"]
    assert (changes["mode"], changes["before"]) == (["HALT_ENTRIES"], ["NORMAL"])
    seconds = [(at - OPEN_NS) // NS for at in pictures["ts_event"].tolist()]
    assert seconds == [1, 61, 70, 130]
    assert pictures["mode"].tolist() == [0, 0, 2, 2]
