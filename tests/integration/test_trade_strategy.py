"""The strategies' base: exits, the flatten deadline and the broker's exercise test."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from planned_strategy import PlannedParams
from scripted_strategy import Outcome, run
from small_market import Quote, intrinsic_quote, write_session

from autotrade_0dte.calendar import session
from autotrade_0dte.config import AccountParams, StrategySpec, SystemConfig
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
        strategy=StrategySpec("planned_strategy:PlannedStrategy", msgspec.to_builtins(params)),
        **({"account": AccountParams(starting_cash=20_000.0)} | changes),
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
        NO_ENTRY: moving({0: (700, 702)}),
        HALF_DAY: moving({}),
    }
    for date, quote in quotes.items():
        write_session(
            catalog, "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT, quote=quote
        )
    symbols = {f"{date:%y%m%d}": f"SPY{date:%y%m%d}{CALL_610}" for date in quotes}
    symbols[f"{UNFUNDED:%y%m%d}"] = f"SPY{UNFUNDED:%y%m%d}C00600000"
    config = planned(symbols, entry_cap=6.01, target=8.0, stop=0.5)
    return run(config, folder / "catalog", folder / "runs")


def reasons(outcome: Outcome, date: dt.date) -> list[str]:
    return [row["exit_reason"] for row in outcome.rows("positions", date)]


def test_target_sells_at_the_bid_that_reached_it(outcome: Outcome) -> None:
    assert reasons(outcome, TARGET) == ["TARGET"]
    side, at, price = seconds(outcome, TARGET)[-1]
    assert (side, price) == ("SELL", 8.0)
    assert 3_600 <= at <= 3_602


def test_entry_above_the_cap_is_given_up_at_its_deadline(outcome: Outcome) -> None:
    [order] = outcome.rows("orders", NO_ENTRY)
    assert (order["status"], order["filled_quantity"], order["price"]) == ("CANCELED", 0, 6.01)
    waited_s = (order["ts_last"] - order["ts_init"]).total_seconds()
    assert 300 <= waited_s <= 361
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


def test_position_open_at_the_deadline_is_sold_at_market(outcome: Outcome) -> None:
    assert reasons(outcome, FLATTEN) == ["FLATTEN_DEADLINE"]
    [_, (side, at, _)] = seconds(outcome, FLATTEN)
    assert side == "SELL"
    assert 22_500 <= at <= 22_561
    assert outcome.rows("orders", FLATTEN)[-1]["type"] == "MARKET"


def test_half_day_moves_the_deadline_with_the_close(outcome: Outcome) -> None:
    assert reasons(outcome, HALF_DAY) == ["FLATTEN_DEADLINE"]
    _, at, _ = seconds(outcome, HALF_DAY)[-1]
    assert 11_700 <= at <= 11_761


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


def test_position_without_a_bid_expires_worthless_and_says_once_that_it_waited(
    outcome: Outcome,
) -> None:
    assert reasons(outcome, NO_BID) == ["EXPIRY_WORTHLESS"]
    refusals = [row["reason"] for row in outcome.rows("decisions", NO_BID)][1:]
    assert refusals == ["NO_BID"]
    assert outcome.sessions[str(NO_BID)]["unclean_reasons"] == []


def test_run_is_clean(outcome: Outcome) -> None:
    assert outcome.summary["unclean_reasons"] == []
