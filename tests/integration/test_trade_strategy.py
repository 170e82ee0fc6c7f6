"""The strategies' base: exits, the flatten deadline and the broker's exercise test."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from planned_strategy import HELD, PlannedParams
from scripted_strategy import Outcome, run
from small_market import WINDOWS, Quote, intrinsic_quote, write_session

from autotrade_0dte.calendar import session
from autotrade_0dte.config import AccountParams, SimulationParams, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog

NS = 1_000_000_000
SPOT = 605.0
STRIKES = (590, 600, 610)


def planned(symbols: dict[str, str], **changes: Any) -> SystemConfig:
    fields = {k: changes.pop(k) for k in list(changes) if k in PlannedParams.__struct_fields__}
    params = PlannedParams(symbols=symbols, **fields)
    return SystemConfig(
        name="planned",
        root="SPY",
        regular=StrategySpec("planned_strategy:PlannedStrategy", msgspec.to_builtins(params)),
        **(WINDOWS | {"account": AccountParams(starting_cash=20_000.0)} | changes),
    )


def moving(by_second: dict[int, tuple[int, int]]) -> Quote:
    """Return quotes of intrinsic value plus a dollar until they are overridden from a second on."""
    usual = intrinsic_quote(SPOT)

    def quote(second: int, strike: float, is_call: bool) -> tuple[int, int]:
        due = [value for start, value in sorted(by_second.items()) if second >= start]
        return due[-1] if due and strike == 610 and is_call else usual(second, strike, is_call)

    return quote


def seconds(outcome: Outcome, date: dt.date) -> list[tuple[str, int, float]]:
    """Return side, whole seconds after the open and price of each fill."""
    opened = session(date).open_ns
    return [
        (row["side"], (row["ts_event"].value - opened) // NS, row["price"])
        for row in outcome.rows("fills", date)
    ]


TARGET = dt.date(2026, 7, 20)
STOP = dt.date(2026, 7, 21)
FLATTEN = dt.date(2026, 7, 22)
UNFUNDED = dt.date(2026, 7, 23)
NO_BID = dt.date(2026, 7, 24)
NO_ENTRY = dt.date(2026, 7, 27)
ONE_EMPTY_BID = dt.date(2026, 7, 28)
PARTIAL = dt.date(2026, 7, 29)
THIN_BID = dt.date(2026, 7, 30)
HALF_DAY = dt.date(2026, 11, 27)

CALL_610 = "C00610000"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("planned")
    catalog = Catalog(folder / "catalog")
    quotes = {
        TARGET: moving({3_600: (800, 802)}),
        STOP: moving({3_600: (45, 47), 3_660: (40, 42), 3_720: (38, 40)}),
        FLATTEN: moving({}),
        UNFUNDED: moving({}),
        NO_BID: moving({20_000: (0, 2)}),
        NO_ENTRY: moving({0: (600, 620)}),
        ONE_EMPTY_BID: moving({3_600: (0, 2), 3_660: (99, 101)}),
        PARTIAL: moving({120: (599, 601), 180: (700, 702), 600: (800, 802)}),
        THIN_BID: moving({}),
        HALF_DAY: moving({}),
    }
    for date, quote in quotes.items():
        write_session(
            catalog,
            "SPY",
            date,
            strikes=STRIKES,
            spot=SPOT,
            settlement=SPOT,
            quote=quote,
            size=1 if date in (PARTIAL, THIN_BID) else 50,
        )
    symbols = {f"{date:%y%m%d}": f"SPY{date:%y%m%d}{CALL_610}" for date in quotes}
    symbols[f"{UNFUNDED:%y%m%d}"] = f"SPY{UNFUNDED:%y%m%d}C00600000"
    # A target of 7.81 and a stop of 0.60.
    exits = replace(HELD, profit_fraction=0.3, loss_fraction=0.9)
    config = planned(symbols, entry_cap=6.01, exits=exits)
    return run(config, folder / "catalog", folder / "runs")


def reasons(outcome: Outcome, date: dt.date) -> list[str]:
    return [row["exit_reason"] for row in outcome.rows("positions", date)]


def test_target_sells_at_the_bid_that_reached_it(outcome: Outcome) -> None:
    assert reasons(outcome, TARGET) == ["TARGET"]
    side, at, price = seconds(outcome, TARGET)[-1]
    assert (side, price) == ("SELL", 8.0)
    assert 3_600 <= at <= 3_615  # it is walked there, and crosses then


def test_entry_above_the_cap_is_given_up_at_its_deadline(outcome: Outcome) -> None:
    [order] = outcome.rows("orders", NO_ENTRY)
    assert (order["status"], order["filled_quantity"], order["price"]) == ("CANCELED", 0, 6.01)
    waited_s = (order["ts_last"] - order["ts_init"]).total_seconds()
    assert 300 <= waited_s <= 301
    assert outcome.rows("positions", NO_ENTRY) == []


def test_stop_sells_at_the_bid_that_reached_it(outcome: Outcome) -> None:
    assert reasons(outcome, STOP) == ["STOP"]
    side, at, price = seconds(outcome, STOP)[-1]
    assert (side, price) == ("SELL", 0.45)
    assert 3_600 <= at <= 3_602


def test_fills_carry_the_quote_they_met_and_its_age(outcome: Outcome) -> None:
    sale = outcome.rows("fills", STOP)[-1]
    assert (sale["bid"], sale["ask"]) == (0.45, 0.47)
    assert 0 < sale["quote_age_s"] < 3


def test_position_open_at_the_deadline_is_sold_at_once_with_a_limit(outcome: Outcome) -> None:
    assert reasons(outcome, FLATTEN) == ["FLATTEN_DEADLINE"]
    [_, (side, at, _)] = seconds(outcome, FLATTEN)
    assert side == "SELL"
    assert 22_500 <= at <= 22_501
    assert outcome.rows("orders", FLATTEN)[-1]["type"] == "LIMIT"


def test_half_day_moves_the_deadline_with_the_close(outcome: Outcome) -> None:
    assert reasons(outcome, HALF_DAY) == ["FLATTEN_DEADLINE"]
    _, at, _ = seconds(outcome, HALF_DAY)[-1]
    assert 11_700 <= at <= 11_701


def test_exercise_the_account_cannot_fund_is_sold_two_hours_before_the_close(
    outcome: Outcome,
) -> None:
    assert reasons(outcome, UNFUNDED) == ["EXERCISE_NOT_FUNDED"]
    _, at, _ = seconds(outcome, UNFUNDED)[-1]
    assert 16_200 <= at <= 16_261
    decision = outcome.rows("decisions", UNFUNDED)[-1]
    assert '"funds":' in decision["figures"]


def test_out_of_the_money_position_passes_the_exercise_test(outcome: Outcome) -> None:
    assert "EXERCISE_NOT_FUNDED" not in reasons(outcome, FLATTEN)


def test_position_without_a_bid_expires_worthless_after_it_was_offered_at_any_price(
    outcome: Outcome,
) -> None:
    assert reasons(outcome, NO_BID) == ["EXPIRY_WORTHLESS"]
    sale = outcome.rows("orders", NO_BID)[1]
    assert (sale["reason"], sale["price"], sale["filled_quantity"]) == ("", 0.01, 0)
    assert outcome.sessions[str(NO_BID)]["unclean_reasons"] == []


def test_missing_bid_fires_no_stop(outcome: Outcome) -> None:
    assert reasons(outcome, ONE_EMPTY_BID) == ["FLATTEN_DEADLINE"]


def test_partly_filled_entry_takes_its_target_before_the_entry_deadline(outcome: Outcome) -> None:
    [entry, *_] = outcome.rows("orders", PARTIAL)
    assert (entry["quantity"], entry["filled_quantity"], entry["status"]) == (2, 1, "CANCELED")
    assert reasons(outcome, PARTIAL) == ["TARGET"]


def test_rejected_exit_is_sent_once_a_quote_and_not_once_a_snapshot(outcome: Outcome) -> None:
    orders = outcome.rows("orders", THIN_BID)
    assert len(orders) <= 2 + 15  # one a minute from the deadline to the close


def test_run_is_clean(outcome: Outcome) -> None:
    assert outcome.summary["unclean_reasons"] == []


def test_denied_entry_is_recorded_and_leaves_the_session_clean(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT
    )
    config = planned(
        {"260720": "SPY260720C00600000"},
        entry_cap=6.01,
        account=AccountParams(starting_cash=500.0),
    )
    denied = run(config, tmp_path / "catalog", tmp_path / "runs")
    assert denied.summary["unclean_reasons"] == []
    assert [row["status"] for row in denied.rows("orders", date)] == ["DENIED"]
    refusal = denied.rows("decisions", date)[-1]
    assert refusal["kind"] == "REFUSE"
    assert refusal["reason"].startswith("PREMIUM_EXCEEDS_CASH: cost=12")


def test_without_latency_the_plan_is_kept_as_well(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT
    )
    config = planned(
        {"260720": "SPY260720C00610000"},
        entry_cap=1.01,
        simulation=SimulationParams(latency_ms=0),
    )
    outcome = run(config, tmp_path / "catalog", tmp_path / "runs")
    assert outcome.summary["unclean_reasons"] == []
    assert reasons(outcome, date) == ["FLATTEN_DEADLINE"]
