"""The stop that rests at the broker, through the real engine."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from loose_limits import LOOSE_RISK
from msgspec.structs import replace
from planned_strategy import HELD, PlannedParams
from scripted_strategy import Outcome, run
from small_market import WINDOWS, Quote, intrinsic_quote, write_session

from autotrade_0dte.analysis.explain import explain
from autotrade_0dte.calendar import session
from autotrade_0dte.config import AccountKind, AccountParams, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.risk.expiry import ExpiryParams, ExpiryPolicy
from autotrade_0dte.risk.protective import ProtectiveParams

NS = 1_000_000_000
SPOT = 605.0
STRIKES = (590, 600, 610, 620)

type Cents = tuple[int, int]

DEAR: Cents = (199, 201)

TARGET = dt.date(2026, 7, 20)
FALL = dt.date(2026, 7, 21)
THIN = dt.date(2026, 7, 22)
VERTICAL = dt.date(2026, 7, 23)
DATES = (TARGET, FALL, THIN, VERTICAL)
EXPIRED = dt.date(2026, 7, 24)


def quotes(changes: dict[int, Cents]) -> Quote:
    """Return the market of the call at 610 from each second on."""
    usual = intrinsic_quote(SPOT)

    def quote(second: int, strike: float, is_call: bool) -> Cents:
        due = [value for start, value in sorted(changes.items()) if second >= start]
        return due[-1] if strike == 610 and is_call and due else usual(second, strike, is_call)

    return quote


def written(catalog: Catalog, date: dt.date, changes: dict[int, Cents]) -> None:
    size = (lambda second: 2 if second >= 3_600 else 50) if date == THIN else 50
    write_session(
        catalog, "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT, quote=quotes(changes),
        size=size,
    )  # fmt: skip


def config(*dates: dt.date, **changes: Any) -> SystemConfig:
    """Return one that buys at 2.01: the plan's own stop is at 1.20, the other one at 0.80."""
    params = PlannedParams(
        symbols={f"{date:%y%m%d}": f"SPY{date:%y%m%d}C00610000" for date in dates},
        shorts={f"{VERTICAL:%y%m%d}": f"SPY{VERTICAL:%y%m%d}C00620000"},
        quantity=3,
        entry_cap=2.01,
        net_cap=1.25,
        exits=replace(HELD, profit_fraction=0.5, loss_fraction=0.4, leg_timeout_s=120),
    )
    return SystemConfig(
        name="protective",
        root="SPY",
        regular=StrategySpec("planned_strategy:PlannedStrategy", msgspec.to_builtins(params)),
        account=AccountParams(AccountKind.MARGIN, starting_cash=20_000.0),
        **(WINDOWS | {"risk": replace(LOOSE_RISK, protective=ProtectiveParams(enabled=True))}),
        **changes,
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("protective")
    catalog = Catalog(folder / "catalog")
    written(catalog, TARGET, {0: DEAR, 3_600: (320, 322)})
    written(catalog, FALL, {0: DEAR, 3_600: (70, 72)})
    written(catalog, THIN, {0: DEAR, 3_600: (70, 72), 3_660: (65, 67), 3_720: (64, 66)})
    written(catalog, VERTICAL, {0: DEAR})
    return run(config(*DATES), folder / "catalog", folder / "runs")


def stops(outcome: Outcome, date: dt.date) -> list[dict[str, Any]]:
    return [row for row in outcome.rows("orders", date) if row["type"] == "STOP_LIMIT"]


def seconds(date: dt.date, at: dt.datetime) -> float:
    return (at - dt.datetime.fromtimestamp(session(date).open_ns / NS, dt.UTC)).total_seconds()


def reasons(outcome: Outcome, date: dt.date) -> list[str]:
    return [row["exit_reason"] for row in outcome.rows("positions", date)]


def test_stop_rests_after_the_entry_and_is_gone_before_the_exit(outcome: Outcome) -> None:
    entry, stop, sale = outcome.rows("orders", TARGET)
    assert (stop["side"], stop["quantity"], stop["price"]) == ("SELL", 3, 0.40)
    assert (stop["status"], stop["filled_quantity"]) == ("CANCELED", 0)
    assert stop["ts_init"] > entry["ts_last"]
    assert stop["ts_last"] <= sale["ts_init"]
    assert reasons(outcome, TARGET) == ["TARGET"]
    kinds = [(row["kind"], row["reason"]) for row in outcome.rows("decisions", TARGET)]
    assert kinds == [("ENTER", "PLANNED"), ("PROTECT", "STOP_PLACED"), ("EXIT", "TARGET")]


def test_stop_costs_nothing_until_it_fills(outcome: Outcome) -> None:
    assert len(outcome.rows("fills", TARGET)) == 2


def test_fall_through_both_stops_fills_the_resting_one_at_the_bid(outcome: Outcome) -> None:
    [stop] = stops(outcome, FALL)
    assert (stop["status"], stop["average_price"]) == ("FILLED", 0.70)
    assert seconds(FALL, stop["ts_last"]) == 3_600
    assert len(outcome.rows("orders", FALL)) == 2
    assert reasons(outcome, FALL) == ["PROTECTIVE_STOP"]
    sale = outcome.rows("fills", FALL)[-1]
    assert (sale["quantity"], sale["price"]) == (3, 0.70)
    assert sale["fee"] > 3
    assert math.isnan(sale["bid"])  # what triggered it is not known


def test_what_the_bid_does_not_take_of_the_stop_is_sold_by_the_desk(outcome: Outcome) -> None:
    [stop] = stops(outcome, THIN)
    assert (stop["status"], stop["filled_quantity"]) == ("CANCELED", 2)
    rest = outcome.rows("orders", THIN)[-1]
    assert (rest["type"], rest["quantity"], rest["filled_quantity"]) == ("LIMIT", 1, 1)
    assert rest["ts_init"] >= stop["ts_last"]
    assert reasons(outcome, THIN) == ["PROTECTIVE_STOP"]


def test_cover_of_a_short_leg_has_no_stop(outcome: Outcome) -> None:
    assert len(outcome.rows("positions", VERTICAL)) == 2
    assert stops(outcome, VERTICAL) == []


def test_run_is_clean_and_costs_are_of_the_orders_that_were_worked(outcome: Outcome) -> None:
    assert outcome.summary["unclean_reasons"] == []
    for date in DATES:
        worked = {row["parent_id"] for row in outcome.rows("parents", date)}
        orders = {row["client_order_id"] for row in outcome.rows("orders", date)}
        assert orders - worked == {row["client_order_id"] for row in stops(outcome, date)}


def test_fill_of_the_stop_is_explained(outcome: Outcome) -> None:
    found = explain(outcome.folder, "10:30", session=FALL)
    [decision] = found.decisions
    assert (decision.kind, decision.reason) == ("PROTECT", "STOP_PLACED")
    assert decision.figures["trigger"] == 0.80
    [order] = decision.orders
    assert (order.type, order.status, order.work) == ("STOP_LIMIT", "FILLED", None)
    assert [fill.price for fill in order.fills] == [0.70]


def test_stop_of_what_is_held_to_settlement_ends_with_the_day(tmp_path: Path) -> None:
    written(Catalog(tmp_path / "catalog"), EXPIRED, {0: DEAR})
    expiry = ExpiryParams(policy=ExpiryPolicy.SETTLE, exercise_test=False, can_short_shares=True)
    outcome = run(config(EXPIRED, expiry=expiry), tmp_path / "catalog", tmp_path / "runs")
    [stop] = stops(outcome, EXPIRED)
    assert (stop["status"], stop["filled_quantity"]) == ("CANCELED", 0)
    assert outcome.summary["unclean_reasons"] == []
