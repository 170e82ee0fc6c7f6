"""The risk controller in backtests of the whole system: from a cause to what becomes of orders."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from loose_limits import LOOSE
from planned_strategy import HELD
from reporting_strategy import ReportingParams, Told
from scripted_strategy import Outcome, run
from small_market import WINDOWS, Quote, intrinsic_quote, write_session

from autotrade_0dte.calendar import session
from autotrade_0dte.config import AccountParams, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.risk.ladder_params import LadderParams
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.params import RiskParams

NS = 1_000_000_000
SPOT = 605.0
STRIKES = (590, 600, 610)

CALM = dt.date(2026, 7, 20)
LOSS = dt.date(2026, 7, 21)
MANUAL = dt.date(2026, 7, 22)
KILLED = dt.date(2026, 7, 23)
DIRECT = dt.date(2026, 7, 24)
NO_BID = dt.date(2026, 7, 27)
WORD = {"word": 3.0}


def quotes(by_second: dict[int, tuple[int, int]]) -> Quote:
    """Return a dollar of time value until overridden for the call at 610, from a second on."""
    usual = intrinsic_quote(SPOT)

    def quote(second: int, strike: float, is_call: bool) -> tuple[int, int]:
        due = [value for start, value in sorted(by_second.items()) if second >= start]
        return due[-1] if due and strike == 610 and is_call else usual(second, strike, is_call)

    return quote


def backtest(
    folder: Path, days: dict[dt.date, Quote], params: ReportingParams, ladder: LadderParams
) -> Outcome:
    catalog = Catalog(folder / "catalog")
    for date, quote in days.items():
        write_session(
            catalog, "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT, quote=quote,
        )  # fmt: skip
    symbols = {f"{date:%y%m%d}": f"SPY{date:%y%m%d}C00610000" for date in days}
    config = SystemConfig(
        name="risk",
        root="SPY",
        regular=StrategySpec(
            "reporting_strategy:ReportingStrategy",
            msgspec.to_builtins(msgspec.structs.replace(params, symbols=symbols)),
        ),
        **(
            WINDOWS
            | {
                "account": AccountParams(starting_cash=20_000.0),
                "risk": RiskParams(limits=LOOSE, ladder=ladder),
            }
        ),
    )
    return run(config, folder / "catalog", folder / "runs")


def told(date: dt.date, at_s: int, *trigger: Trigger, **figures: float) -> Told:
    return Told(f"{date:%y%m%d}", at_s, *trigger, figures=figures)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Twenty contracts at a dollar of 20,000, held from 120 s on; another plan from 7,200 s on."""
    return backtest(
        tmp_path_factory.mktemp("risk"),
        {
            CALM: quotes({3_600: (90, 92)}),
            LOSS: quotes({3_600: (40, 42)}),
            MANUAL: quotes({}),
            KILLED: quotes({}),
            DIRECT: quotes({}),
            NO_BID: quotes({3_600: (0, 2)}),
        },
        ReportingParams(
            symbols={},
            quantity=20,
            entry_cap=1.05,
            exits=HELD,
            again_at_s=7_200,
            told=(
                told(CALM, 5_000, Trigger.MANUAL, **WORD),
                told(CALM, 6_000),
                told(MANUAL, 3_610, Trigger.MANUAL, **WORD),
                # What is told meanwhile takes no exit back.
                told(KILLED, 3_610, Trigger.KILL_FILE),
                told(KILLED, 3_610, Trigger.DATA_GAP),
                told(NO_BID, 5_000, Trigger.KILL_FILE),
                told(NO_BID, 5_200, Trigger.DATA_GAP),
                told(DIRECT, 3_610, Trigger.KILL_FILE, direct=1.0),
            ),
        ),
        LadderParams(stale_s=100.0, marks_unknown_s=100.0),
    )


def changes(outcome: Outcome, date: dt.date) -> list[tuple[int, str, bool, str]]:
    """Return seconds after the open, trigger, whether it began, and the mode of each change."""
    return [
        (seconds(row["ts_event"], date), row["trigger"], row["begins"], row["mode"])
        for row in outcome.rows("risk", date)
    ]


def seconds(at: Any, date: dt.date) -> int:
    return int((at.value - session(date).open_ns) // NS)


def fills(outcome: Outcome, date: dt.date) -> list[tuple[str, int]]:
    return [(row["side"], seconds(row["ts_event"], date)) for row in outcome.rows("fills", date)]


def plans(outcome: Outcome, date: dt.date) -> list[tuple[str, str]]:
    return [(row["plan_id"], row["exit_reason"]) for row in outcome.rows("positions", date)]


def test_loss_of_the_day_closes_everything_and_lets_nothing_in_again(outcome: Outcome) -> None:
    # Quotes come once a minute; without any there is a view every ten seconds.
    assert changes(outcome, LOSS) == [(3_610, "DAILY_LOSS", True, "FLATTEN")]
    assert plans(outcome, LOSS) == [("plan-1", "RISK_FLATTEN")]
    sold = [at_s for side, at_s in fills(outcome, LOSS) if side == "SELL"]
    assert sold
    assert max(sold) <= 3_660
    refused = [row for row in outcome.rows("decisions", LOSS) if row["kind"] == "REFUSE"]
    assert [row["reason"] for row in refused] == ["FLATTEN"]


def test_operators_word_closes_and_rearming_lets_the_next_plan_in(outcome: Outcome) -> None:
    assert changes(outcome, CALM) == [
        (5_000, "MANUAL", True, "FLATTEN"), (6_000, "MANUAL", False, "NORMAL"),
    ]  # fmt: skip
    assert [plan for plan, _ in plans(outcome, CALM)] == ["plan-1", "plan-2"]


def test_without_rearming_no_plan_is_let_in(outcome: Outcome) -> None:
    assert plans(outcome, MANUAL) == [("plan-1", "RISK_FLATTEN")]


def test_kill_closes_what_is_held_whatever_is_told_meanwhile(outcome: Outcome) -> None:
    assert changes(outcome, KILLED) == [
        (3_610, "KILL_FILE", True, "KILLED"), (3_610, "DATA_GAP", True, "KILLED"),
    ]  # fmt: skip
    assert plans(outcome, KILLED) == [("plan-1", "RISK_FLATTEN")]
    [exit_] = [row for row in outcome.rows("parents", KILLED) if row["purpose"] == "emergency"]
    assert exit_["outcome"] == "FILLED"


def test_direct_kill_leaves_the_position_to_the_other_process(outcome: Outcome) -> None:
    sides = [side for side, at_s in fills(outcome, DIRECT) if at_s < 23_400]
    assert "SELL" not in sides


def test_position_that_nobody_bids_for_is_left_to_its_order(outcome: Outcome) -> None:
    assert changes(outcome, NO_BID)[0] == (3_610, "DAILY_LOSS", True, "FLATTEN")
    sent = [seconds(row["ts_init"], NO_BID) for row in outcome.rows("orders", NO_BID)]
    assert sent[:2] == [120, 3_610]
    assert not [at_s for at_s in sent if 3_610 < at_s < 5_000]


def test_kill_withdraws_once_what_is_at_work_and_leaves_the_exits_that_follow(
    outcome: Outcome,
) -> None:
    steps = outcome.rows("steps", NO_BID)
    withdrawn = [seconds(s["ts_event"], NO_BID) for s in steps if s["event"] == "WITHDRAWN"]
    assert withdrawn == [5_000]
    exits = [row for row in outcome.rows("parents", NO_BID) if row["purpose"] == "emergency"]
    decided = [seconds(row["decided"], NO_BID) for row in exits]
    assert decided[0] == 3_610
    assert len(decided) == 2


def test_what_the_controller_does_is_no_reason_against_a_run(outcome: Outcome) -> None:
    assert outcome.summary["unclean_reasons"] == []


def test_pictures_follow_the_account(outcome: Outcome) -> None:
    rows = outcome.rows("risk_pictures", LOSS)
    assert rows[0]["equity"] == rows[0]["start_equity"] == 20_000
    flat = [row for row in rows if seconds(row["ts_event"], LOSS) > 3_700]
    assert {row["worst_loss_usd"] for row in flat} == {0.0}
    assert flat[-1]["equity"] == pytest.approx(outcome.rows("equity", LOSS)[-1]["equity"])
    assert (flat[-1]["entries"], flat[-1]["losses_in_row"]) == (1, 1)
    held = [row for row in rows if 200 < seconds(row["ts_event"], LOSS) < 3_600]
    assert all(row["premium_usd"] == pytest.approx(2_000) for row in held)


def test_stale_quotes_halt_entries_until_the_next_ones(tmp_path: Path) -> None:
    # Quotes of each minute; from its 30th second on they are stale. The plan is wanted at 100 s.
    outcome = backtest(
        tmp_path, {CALM: quotes({})}, ReportingParams(symbols={}, at_s=100, entry_cap=1.05),
        LadderParams(stale_s=30.0),
    )  # fmt: skip
    first, second, third = changes(outcome, CALM)[:3]
    assert first == (31, "STALE_DATA", True, "HALT_ENTRIES")
    assert second == (70, "STALE_DATA", False, "NORMAL")
    assert third == (90, "STALE_DATA", True, "HALT_ENTRIES")
    entered = [row for row in outcome.rows("decisions", CALM) if row["kind"] == "ENTER"]
    assert seconds(entered[0]["ts_event"], CALM) == 130  # the quotes of 120 s, and the hold
    assert outcome.rows("positions", CALM)
