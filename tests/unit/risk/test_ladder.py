"""Each trigger of the risk ladder from its cause to its end."""

import math
from collections.abc import Callable

import pytest

from autotrade_0dte.risk.ladder import LadderParams, Reading, RiskLadder
from autotrade_0dte.risk.ladder_params import LossReference, ShockMode
from autotrade_0dte.risk.mode import DIRECT, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.report import DIRECT as DIRECT_FIGURE
from autotrade_0dte.risk.report import RiskReport
from autotrade_0dte.risk.rungs import report_figure

S = 1_000_000_000
OPEN = 1_000 * S
NORMAL, TIGHTEN, HALT, FLATTEN, KILLED = RiskMode
NAN = math.nan


class Run:
    """A ladder that is fed a view a second, and all that it said."""

    def __init__(self, params: LadderParams | None = None) -> None:
        self.params = params or LadderParams()
        self.ladder = RiskLadder(self.params, OPEN)
        self.at_s = 0
        self.changes: list[RiskChange] = []
        self.see(1)

    @property
    def now_ns(self) -> int:
        return OPEN + self.at_s * S

    @property
    def mode(self) -> RiskMode:
        return self.ladder.mode

    def see(self, seconds: int, **figures: float) -> list[RiskChange]:
        """Feed the same figures for so many seconds; return what that changed."""
        said: list[RiskChange] = []
        for _ in range(seconds):
            self.at_s += 1
            reading = Reading(**({"equity": 10_000.0} | figures))
            said += self.ladder.take(self.now_ns, reading)
        self.changes += said
        return said

    def report(self, trigger: Trigger, figure: float = 1.0, text: str = "") -> list[RiskChange]:
        said = self.ladder.report(trigger, figure, self.now_ns, text)
        self.changes += said
        return said

    def rearm(self) -> list[RiskChange]:
        return self.ladder.rearm(self.now_ns, "looked at it")


def told(changes: list[RiskChange]) -> list[tuple[Trigger, bool, RiskMode]]:
    return [(change.trigger, change.begins, change.asks) for change in changes]


# -- losses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equity", "mode"),
    [(9_751, NORMAL), (9_750, TIGHTEN), (9_601, TIGHTEN), (9_600, HALT), (9_500, FLATTEN)],
)
def test_daily_loss_asks_for_more_from_step_to_step(equity: float, mode: RiskMode) -> None:
    run = Run()
    run.see(5, equity=equity)
    assert run.mode is mode


def test_daily_loss_that_flattens_names_its_figure_and_does_not_clear_itself() -> None:
    run = Run()
    said = run.see(5, equity=9_400)
    # What the lower steps ask for is asked for already.
    assert told(said) == [(Trigger.DAILY_LOSS, True, FLATTEN)]
    assert (said[0].before, said[0].mode) == (NORMAL, FLATTEN)
    assert not said[0].clears_itself
    assert said[0].figures == pytest.approx({"loss": 0.06, "limit": 0.05})
    run.see(600)
    assert run.mode is FLATTEN


def test_loss_of_a_few_snapshots_is_not_believed() -> None:
    run = Run()
    run.see(3, equity=9_000)
    run.see(1)
    run.see(3, equity=9_000)
    assert run.changes == []
    run.see(1, equity=9_000)
    assert run.mode is FLATTEN


def test_loss_that_recovers_ends_its_lower_steps_after_their_hold() -> None:
    run = Run()
    run.see(5, equity=9_600)
    run.see(59, equity=9_700)  # 3 %: below 3.2 %, above 2 %
    assert run.mode is HALT
    run.see(2, equity=9_700)
    assert run.mode is TIGHTEN
    run.see(61, equity=9_790)  # 2.1 %
    assert run.mode is TIGHTEN
    run.see(61, equity=9_801)
    assert run.mode is NORMAL


def test_loss_that_comes_again_is_confirmed_and_held_again() -> None:
    run = Run()
    run.see(5, equity=9_700)
    run.see(61)
    assert run.mode is NORMAL
    run.see(3, equity=9_700)
    assert run.mode is NORMAL
    run.see(1, equity=9_700)
    assert run.mode is TIGHTEN
    run.see(60)
    assert run.mode is TIGHTEN
    run.see(1)
    assert run.mode is NORMAL


def test_rearm_leaves_a_loss_that_stands_and_ends_one_that_is_over() -> None:
    run = Run()
    run.see(5, equity=9_400)
    run.see(5, equity=9_550)  # below the limit, but not by enough
    [kept] = run.rearm()
    assert (kept.begins, kept.mode) == (True, FLATTEN)
    assert kept.text == "not re-armed: looked at it"
    assert kept.figures == pytest.approx({"loss": 0.045, "limit": 0.04})
    run.see(1, equity=9_700)
    [ended] = run.rearm()
    assert (ended.begins, ended.before, ended.mode) == (False, FLATTEN, HALT)
    assert run.mode is HALT  # whose own hold is not over


@pytest.mark.parametrize("start", [0.0, -100.0])
def test_account_that_begins_with_nothing_has_no_share_to_lose(start: float) -> None:
    ladder = RiskLadder(LadderParams(), OPEN)
    for second in range(10):
        assert ladder.take(OPEN + second * S, Reading(equity=start - second)) == []


def test_loss_from_the_peak_counts_where_the_peak_is_the_reference() -> None:
    usual, from_peak = Run(), Run(LadderParams(loss_reference=LossReference.PEAK))
    for run in (usual, from_peak):
        run.see(5, equity=11_000)
        run.see(5, equity=10_400)  # 4 % above the start, 5.5 % below the peak
    assert (usual.mode, from_peak.mode) == (NORMAL, FLATTEN)


@pytest.mark.parametrize(("equity", "mode"), [(11_200, TIGHTEN), (10_300, FLATTEN)])
def test_drawdown_from_the_peak_tightens_and_flattens_above_the_start(
    equity: float, mode: RiskMode
) -> None:
    run = Run()
    run.see(5, equity=12_200)
    said = run.see(5, equity=equity)
    assert {change.trigger for change in said} == {Trigger.DRAWDOWN}
    assert run.mode is mode


def test_drawdown_that_flattened_ends_by_rearming_when_it_is_made_good() -> None:
    run = Run()
    run.see(5, equity=12_200)
    run.see(5, equity=10_300)
    run.see(200, equity=12_200)
    assert run.mode is FLATTEN
    run.rearm()
    assert run.mode is NORMAL


def test_peak_of_a_single_snapshot_is_none() -> None:
    run = Run()
    run.see(3, equity=20_000)
    run.see(5)
    assert run.changes == []
    assert run.ladder.peak_equity == 10_000


def test_peak_is_confirmed_by_known_values_only() -> None:
    run = Run()
    for _ in range(5):
        run.see(3, equity=20_000)
        run.see(1, equity=NAN)
    assert run.ladder.peak_equity == 10_000


def test_peak_is_the_least_that_stood() -> None:
    run = Run()
    for equity in (12_000, 11_000, 13_000, 12_500):
        run.see(1, equity=equity)
    assert run.ladder.peak_equity == 11_000


# -- what is held -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "trigger", "mode"),
    [
        ({"scenario_use": 1.0}, Trigger.SCENARIO_LOSS, HALT),
        ({"greeks_use": 1.0}, Trigger.GREEKS, TIGHTEN),
        ({"greeks_use": 1.5}, Trigger.GREEKS, HALT),
    ],
)
def test_exposure_beyond_its_limit_asks_at_once_and_clears_itself_after_its_hold(
    figures: dict[str, float], trigger: Trigger, mode: RiskMode
) -> None:
    run = Run()
    [begun] = run.see(1, **figures)
    assert told([begun]) == [(trigger, True, mode)]
    assert begun.clears_itself
    almost = dict.fromkeys(figures, 0.99)
    run.see(40, **almost)
    assert run.mode is (TIGHTEN if trigger is Trigger.GREEKS else HALT)
    run.see(30)
    assert run.mode > NORMAL
    run.see(1)
    assert run.mode is NORMAL


@pytest.mark.parametrize(
    ("asks", "mode"), [(ShockMode.TIGHTEN, TIGHTEN), (ShockMode.HALT_ENTRIES, HALT)]
)
def test_highest_level_asks_as_configured_until_it_is_left(asks: ShockMode, mode: RiskMode) -> None:
    run = Run(LadderParams(level_asks=asks))
    run.see(1, level=2)
    assert run.mode is NORMAL
    [begun] = run.see(1, level=3)
    assert (begun.trigger, run.mode) == (Trigger.LEVEL_L3, mode)
    [ended] = run.see(1, level=2)
    assert (ended.begins, run.mode) == (False, NORMAL)


# -- data -------------------------------------------------------------------------------------


def test_quotes_that_stop_halt_entries_and_never_flatten() -> None:
    run = Run()
    run.see(1, quote_age_s=19.9)
    assert run.mode is NORMAL
    run.see(1, quote_age_s=20)
    assert run.mode is HALT
    run.see(1, quote_age_s=23_400)
    for seconds in (60, 3_600, 20_000):
        run.ladder.pass_time(run.now_ns + seconds * S)
    assert run.mode is HALT
    assert told(run.changes) == [(Trigger.STALE_DATA, True, HALT)]


def test_quotes_that_come_again_end_the_halt() -> None:
    run = Run()
    run.see(1, quote_age_s=30)
    run.see(1, quote_age_s=16.5)
    assert run.mode is HALT
    run.see(1, quote_age_s=1)
    run.see(9, quote_age_s=1)
    assert run.mode is HALT
    [ended] = run.see(1, quote_age_s=1)
    assert (ended.trigger, ended.begins, run.mode) == (Trigger.STALE_DATA, False, NORMAL)


def test_quotes_grow_old_without_a_view() -> None:
    run = Run()
    assert run.ladder.pass_time(run.now_ns + 19 * S) == []
    [begun] = run.ladder.pass_time(run.now_ns + 20 * S)
    assert begun.trigger is Trigger.STALE_DATA
    assert begun.figures == {"quote_age_s": 20.0, "limit": 20.0}


def test_nothing_is_stale_before_the_first_quote() -> None:
    run = Run()
    run.ladder = RiskLadder(run.params, OPEN)
    run.see(100, quote_age_s=NAN)
    assert run.changes == []


def test_connection_that_is_lost_halts_entries_until_it_has_been_back_for_its_hold() -> None:
    run = Run()
    [begun] = run.report(Trigger.DATA_GAP)
    assert (begun.mode, begun.clears_itself) == (HALT, True)
    run.see(60)
    assert run.mode is HALT
    run.report(Trigger.DATA_GAP, 0.0)
    run.see(9)
    assert run.mode is HALT
    run.see(1)
    assert run.mode is NORMAL


def test_marks_that_are_missing_halt_entries_and_end_no_loss() -> None:
    run = Run()
    run.see(4, equity=9_700)
    assert run.mode is TIGHTEN
    run.see(10, equity=NAN)
    assert run.mode is TIGHTEN
    [begun] = run.see(1, equity=NAN)
    assert (begun.trigger, run.mode) == (Trigger.MARKS_UNKNOWN, HALT)
    run.see(600, equity=NAN)
    run.see(1, equity=9_700)
    run.see(59, equity=9_700)
    assert run.mode is HALT
    run.see(1, equity=9_700)
    assert run.mode is TIGHTEN


def test_mark_that_is_there_now_and_then_halts_entries_once() -> None:
    """As of a contract with a quote every 45 s, which counts for 30."""
    run = Run()
    run.see(1)
    for _ in range(10):
        run.see(11, equity=NAN)
        run.see(4, equity=NAN)
        run.see(1)
        run.see(29)
    assert [change.begins for change in run.changes] == [True]


def test_loss_is_confirmed_by_known_values_only() -> None:
    run = Run()
    for _ in range(5):
        run.see(3, equity=9_000)
        run.see(1, equity=NAN)
    assert run.changes == []


def test_loss_recovers_by_known_values_only() -> None:
    run = Run()
    run.see(4, equity=9_700)
    run.see(59)
    run.see(1, equity=NAN)
    run.see(59)
    assert run.mode is TIGHTEN
    run.see(2)
    assert run.mode is NORMAL


# -- the venue --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "most", "hold_s"),
    [(Trigger.REJECTS, 6, 300), (Trigger.ERRORS, 5, 10)],
    ids=["rejects", "errors"],
)
def test_too_many_a_minute_halt_entries_until_it_has_been_quiet(
    trigger: Trigger, most: int, hold_s: int
) -> None:
    run = Run()
    for _ in range(most - 1):
        run.report(trigger)
    assert run.mode is NORMAL
    [begun] = run.report(trigger)
    assert (begun.mode, begun.clears_itself) == (HALT, True)
    run.see(60 + hold_s - 1)
    assert run.mode is HALT
    run.see(1)
    assert run.mode is NORMAL


def test_outage_of_seconds_halts_entries_while_it_lasts_and_little_more() -> None:
    run = Run()
    for _ in range(8):
        run.report(Trigger.ERRORS)
        run.see(1)
    assert run.mode is HALT
    seconds = 0
    while run.mode is HALT:
        run.see(1)
        seconds += 1
    assert 60 < seconds <= 70
    assert [change.begins for change in run.changes] == [True, False]


def test_rejects_of_two_minutes_do_not_add_up() -> None:
    run = Run()
    for _ in range(12):
        run.report(Trigger.REJECTS)
        run.see(15)
    assert run.changes == []


def test_one_breach_of_execution_tightens_and_two_halt() -> None:
    run = Run()
    run.report(Trigger.EXECUTION, 1)
    assert run.mode is TIGHTEN
    run.report(Trigger.EXECUTION, 2, "REJECTS, SLIPPAGE")
    assert run.mode is HALT
    assert run.changes[-1].text == "REJECTS, SLIPPAGE"
    run.report(Trigger.EXECUTION, 1)
    assert run.mode is TIGHTEN
    run.report(Trigger.EXECUTION, 0)
    assert run.mode is NORMAL


def test_books_that_differ_halt_entries_until_the_operator_has_looked() -> None:
    run = Run()
    [begun] = run.report(Trigger.MISMATCH, text="SPY: held 3, expected 2")
    assert (begun.mode, begun.clears_itself) == (HALT, False)
    run.report(Trigger.MISMATCH, 0.0)
    run.see(600)
    assert run.mode is HALT
    [ended] = run.rearm()
    assert (ended.text, run.mode) == ("looked at it", NORMAL)


def test_clock_that_is_wrong_halts_entries_until_it_is_right() -> None:
    run = Run()
    run.report(Trigger.CLOCK_OFFSET, 0.99)
    assert run.mode is NORMAL
    run.report(Trigger.CLOCK_OFFSET, 1.0)
    assert run.mode is HALT
    run.report(Trigger.CLOCK_OFFSET, 0.85)
    assert run.mode is HALT
    run.report(Trigger.CLOCK_OFFSET, 0.7)
    assert run.mode is NORMAL


# -- the operator -----------------------------------------------------------------------------


def test_steps_are_told_as_they_take_over_from_each_other() -> None:
    run = Run()
    run.report(Trigger.EXECUTION, 1)
    run.report(Trigger.EXECUTION, 2)
    run.report(Trigger.EXECUTION, 1)
    run.report(Trigger.EXECUTION, 0)
    steps = [(c.begins, c.asks.name, c.before.name, c.mode.name) for c in run.changes]
    assert steps == [
        (True, "TIGHTEN", "NORMAL", "TIGHTEN"),
        (True, "HALT_ENTRIES", "TIGHTEN", "HALT_ENTRIES"),
        (False, "HALT_ENTRIES", "HALT_ENTRIES", "TIGHTEN"),
        (False, "TIGHTEN", "TIGHTEN", "NORMAL"),
    ]


@pytest.mark.parametrize("mode", [TIGHTEN, HALT, FLATTEN, KILLED])
def test_operators_word_stands_until_it_is_rearmed(mode: RiskMode) -> None:
    run = Run()
    run.report(Trigger.MANUAL, mode, "lunch")
    run.see(600)
    assert run.mode is mode
    assert run.changes[0].text == "lunch"
    run.report(Trigger.MANUAL, TIGHTEN)
    assert run.mode is mode  # a milder word takes nothing back
    run.rearm()
    assert run.mode is NORMAL


def test_kill_is_latched() -> None:
    run = Run()
    [killed] = run.report(Trigger.KILL_FILE, 1.0, "me: panic")
    assert (killed.mode, killed.text, killed.clears_itself) == (KILLED, "me: panic", False)
    run.report(Trigger.KILL_FILE, 0.0)
    run.see(600)
    assert run.mode is KILLED
    run.rearm()
    assert run.mode is NORMAL


def test_kill_that_becomes_a_direct_one_is_told_again_by_its_word() -> None:
    run = Run()
    run.report(Trigger.KILL_FILE, 1.0, "me: panic")
    [direct] = run.report(Trigger.KILL_FILE, 2.0, "me: panic")
    assert (direct.before, direct.mode, direct.text) == (KILLED, KILLED, DIRECT)


def test_direct_kill_says_so_with_whatever_happens_meanwhile() -> None:
    run = Run()
    said = run.report(Trigger.KILL_FILE, 2.0, "me: panic")
    said += run.report(Trigger.DATA_GAP, text="reset")
    assert [change.text for change in said] == [DIRECT, DIRECT]
    assert said[0].before is NORMAL
    assert run.rearm()[-1].text == "looked at it"
    assert run.report(Trigger.DATA_GAP, 0.0, "back") == []
    assert run.see(11)[-1].text == "back"


def test_trigger_of_the_mode_is_the_first_of_those_that_ask_for_it() -> None:
    run = Run()
    run.report(Trigger.STORE)
    run.see(1, scenario_use=1.0)
    assert (run.mode, run.ladder.trigger) == (HALT, Trigger.SCENARIO_LOSS)


def test_trigger_of_the_mode_is_the_strictest_one() -> None:
    run = Run()
    assert run.ladder.trigger is None
    run.report(Trigger.DATA_GAP)
    run.report(Trigger.MANUAL, FLATTEN)
    assert run.ladder.trigger is Trigger.MANUAL
    run.rearm()
    assert run.ladder.trigger is Trigger.DATA_GAP
    assert anew(run).trigger is Trigger.DATA_GAP


def test_rearming_ends_several_latches_and_leaves_what_clears_itself() -> None:
    run = Run()
    run.report(Trigger.KILL_FILE)
    run.report(Trigger.MISMATCH)
    run.report(Trigger.DATA_GAP)
    run.rearm()
    assert run.mode is HALT
    assert [rung.trigger for rung in run.ladder.standing] == [Trigger.DATA_GAP]


def test_trigger_that_is_judged_by_views_is_no_report() -> None:
    with pytest.raises(ValueError, match="Expected a trigger that is reported, was DAILY_LOSS"):
        Run().report(Trigger.DAILY_LOSS)


def test_every_trigger_has_a_rung() -> None:
    reported = {Trigger.MANUAL: 4.0, Trigger.KILL_FILE: 2.0, Trigger.EXECUTION: 2.0}
    seen = {rung.trigger for rung in Run().ladder.standing}
    for trigger in Trigger:
        run = Run()
        try:
            for _ in range(6):
                run.report(trigger, reported.get(trigger, 1.0))
        except ValueError:
            run.see(
                30, equity=NAN if trigger is Trigger.MARKS_UNKNOWN else 8_000.0, scenario_use=9,
                greeks_use=9, level=3, quote_age_s=99,
            )  # fmt: skip
        seen |= {rung.trigger for rung in run.ladder.standing}
    assert seen == set(Trigger)


# -- over a restart ---------------------------------------------------------------------------


def anew(run: Run, session_ns: int = OPEN) -> RiskLadder:
    return RiskLadder.restored(run.params, session_ns, run.ladder.state())


def test_latches_and_references_survive_the_process() -> None:
    run = Run()
    run.see(5, equity=11_000)
    run.report(Trigger.KILL_FILE, 1.0, "me: panic")
    ladder = anew(run)
    assert (ladder.mode, ladder.start_equity, ladder.peak_equity) == (KILLED, 10_000, 11_000)
    [told_again] = ladder.told_anew(run.now_ns)
    assert (told_again.trigger, told_again.text) == (Trigger.KILL_FILE, "me: panic")
    assert (told_again.before, told_again.mode) == (NORMAL, KILLED)


def test_conditions_watched_by_the_process_before_end_after_their_hold() -> None:
    run = Run()
    run.report(Trigger.DATA_GAP)
    run.report(Trigger.EXECUTION, 2)
    ladder = anew(run)
    ladder.watch_anew(run.now_ns)
    assert ladder.mode is HALT  # of the connection
    ladder.pass_time(run.now_ns + 10 * S)
    assert ladder.mode is NORMAL


def test_next_session_keeps_latches_alone() -> None:
    run = Run()
    run.see(5, equity=9_400)
    run.report(Trigger.DATA_GAP)
    ladder = anew(run, OPEN + 86_400 * S)
    assert [(rung.trigger, rung.asks) for rung in ladder.standing] == [
        (Trigger.DAILY_LOSS, FLATTEN)
    ]
    assert math.isnan(ladder.start_equity)
    [kept] = ladder.rearm(OPEN + 86_400 * S)  # nothing is known of the account yet
    assert kept.begins
    ladder.take(OPEN + 86_401 * S, Reading(equity=9_400))
    ladder.rearm(OPEN + 86_402 * S)
    assert ladder.mode is NORMAL


# -- reports ----------------------------------------------------------------------------------


def report(trigger: Trigger, *, begins: bool = True, **figures: float) -> RiskReport:
    return RiskReport(ts_event=OPEN, trigger=trigger, begins=begins, figures=figures)


@pytest.mark.parametrize(
    ("given", "figure"),
    [
        (report(Trigger.DATA_GAP), 1.0),
        (report(Trigger.DATA_GAP, begins=False), 0.0),
        (report(Trigger.CLOCK_OFFSET, offset_s=-2.5), 2.5),
        (report(Trigger.CLOCK_OFFSET, begins=False, offset_s=0.9), 0.9),
        (report(Trigger.CLOCK_OFFSET), math.inf),
        (report(Trigger.CLOCK_OFFSET, begins=False), 0.0),
        (report(Trigger.MANUAL), float(HALT)),
        (report(Trigger.MANUAL, word=3.0), float(FLATTEN)),
        (report(Trigger.KILL_FILE, **{DIRECT_FIGURE: 0.0}), 1.0),
        (report(Trigger.KILL_FILE, **{DIRECT_FIGURE: 1.0}), 2.0),
    ],
)
def test_figure_of_a_report(given: RiskReport, figure: float) -> None:
    assert report_figure(given) == figure


@pytest.mark.parametrize(
    "make",
    [
        lambda: LadderParams(tighten_loss_share=0.9),
        lambda: LadderParams(greeks_halt_use=0.5),
    ],
)
def test_steps_in_the_wrong_order_are_refused(make: Callable[[], LadderParams]) -> None:
    with pytest.raises(ValueError, match="at most"):
        make()
