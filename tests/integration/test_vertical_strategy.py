"""Debit verticals through the real engine: both legs in, both legs out, never a naked one."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from planned_strategy import HELD, PlannedParams
from scripted_strategy import Outcome, run
from small_market import WINDOWS, Quote, intrinsic_quote, write_session

from autotrade_0dte.config import AccountKind, AccountParams, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog

NS = 1_000_000_000
SPOT = 605.0
STRIKES = (590, 600, 610, 620)
LONG, SHORT = 610, 620

type Cents = tuple[int, int]


def quotes(long: dict[int, Cents], short: dict[int, Cents]) -> Quote:
    """Return bid and ask of the two calls from each second on; intrinsic plus a dollar before."""
    usual = intrinsic_quote(SPOT)
    changes = {LONG: long, SHORT: short}

    def quote(second: int, strike: float, is_call: bool) -> Cents:
        of = changes.get(round(strike), {}) if is_call else {}
        due = [value for start, value in sorted(of.items()) if second >= start]
        return due[-1] if due else usual(second, strike, is_call)

    return quote


DEAR: Cents = (199, 201)
CHEAP: Cents = (80, 82)

TARGET = dt.date(2026, 7, 20)
FLATTEN = dt.date(2026, 7, 21)
NO_SHORT_BID = dt.date(2026, 7, 22)
NO_SHORT_ASK = dt.date(2026, 7, 23)
THIN = dt.date(2026, 7, 24)
DATES = (TARGET, FLATTEN, NO_SHORT_BID, NO_SHORT_ASK, THIN)


def config(
    dates: Sequence[dt.date] = DATES,
    kind: AccountKind = AccountKind.MARGIN,
    keep_single: bool = True,
) -> SystemConfig:
    params = PlannedParams(
        symbols={f"{date:%y%m%d}": f"SPY{date:%y%m%d}C00{LONG}000" for date in dates},
        shorts={f"{date:%y%m%d}": f"SPY{date:%y%m%d}C00{SHORT}000" for date in dates},
        entry_cap=2.01,
        net_cap=1.25,
        exits=replace(HELD, profit_fraction=0.5, leg_timeout_s=120, keep_single=keep_single),
    )
    return SystemConfig(
        name="vertical",
        root="SPY",
        regular=StrategySpec("planned_strategy:PlannedStrategy", msgspec.to_builtins(params)),
        account=AccountParams(kind, starting_cash=20_000.0),
        **WINDOWS,
    )


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vertical") / "catalog"
    catalog = Catalog(folder)
    markets = {
        TARGET: quotes({0: DEAR, 3_600: (400, 402)}, {0: CHEAP, 3_600: (200, 202)}),
        FLATTEN: quotes({0: DEAR}, {0: CHEAP}),
        NO_SHORT_BID: quotes({0: DEAR}, {0: (0, 2)}),
        NO_SHORT_ASK: quotes({0: DEAR}, {0: CHEAP, 20_000: (0, 0)}),
        THIN: quotes({0: DEAR, 3_600: (400, 402)}, {0: CHEAP, 3_600: (200, 202)}),
    }
    for date, quote in markets.items():
        write_session(
            catalog, "SPY", date, strikes=STRIKES, spot=SPOT, settlement=SPOT, quote=quote,
            size=1 if date == THIN else 50,
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def outcome(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(config(), catalog, tmp_path_factory.mktemp("runs"))


def fills(outcome: Outcome, date: dt.date) -> list[tuple[str, int, int, float]]:
    """Return side, strike, contracts and price of each fill."""
    return [
        (row["side"], int(row["instrument_id"][-9:-6]), row["quantity"], row["price"])
        for row in outcome.rows("fills", date)
    ]


def reasons(outcome: Outcome, date: dt.date) -> list[str]:
    return [row["exit_reason"] for row in outcome.rows("positions", date)]


def test_long_leg_goes_in_first_and_comes_out_last(outcome: Outcome) -> None:
    assert fills(outcome, TARGET) == [
        ("BUY", LONG, 2, 2.01), ("SELL", SHORT, 2, 0.80),
        ("BUY", SHORT, 2, 2.02), ("SELL", LONG, 2, 4.00),
    ]  # fmt: skip
    assert reasons(outcome, TARGET) == ["TARGET", "TARGET"]
    assert outcome.sessions[str(TARGET)]["gross_pnl"] == pytest.approx(
        200 * (-2.01 + 0.80 - 2.02 + 4.00)
    )


def test_every_leg_has_its_decision_and_the_exits_tell_the_leg_risk(outcome: Outcome) -> None:
    decisions = outcome.rows("decisions", TARGET)
    assert [(row["kind"], row["reason"], row["side"]) for row in decisions] == [
        ("ENTER", "PLANNED", "BUY"), ("ENTER", "SELL_SHORT", "SELL"),
        ("EXIT", "TARGET", "BUY"), ("EXIT", "TARGET", "SELL"),
    ]  # fmt: skip
    long_filled, short_filled, *_ = outcome.rows("fills", TARGET)
    risk_s = (short_filled["ts_event"] - long_filled["ts_event"]).total_seconds()
    assert 0 < risk_s < 9  # the walk to its bid
    assert json.loads(decisions[-1]["figures"])["leg_risk_s"] == pytest.approx(risk_s)


def test_deadline_buys_the_short_leg_at_its_ask_and_sells_the_long_one_at_its_bid(
    outcome: Outcome,
) -> None:
    assert fills(outcome, FLATTEN)[2:] == [("BUY", SHORT, 2, 0.82), ("SELL", LONG, 2, 1.99)]
    assert reasons(outcome, FLATTEN) == ["FLATTEN_DEADLINE", "FLATTEN_DEADLINE"]
    assert {row["type"] for row in outcome.rows("orders", FLATTEN)} == {"LIMIT"}


def test_short_leg_without_a_buyer_is_given_up_and_the_long_one_kept(outcome: Outcome) -> None:
    assert fills(outcome, NO_SHORT_BID) == [("BUY", LONG, 2, 2.01), ("SELL", LONG, 2, 1.99)]
    refusals = outcome.rows("decisions", NO_SHORT_BID)[2:4]
    assert [(row["kind"], row["reason"]) for row in refusals] == [
        ("REFUSE", "GIVEN_UP: NO_TWO_SIDES"), ("REFUSE", "LEG_NOT_FILLED"),
    ]  # fmt: skip
    assert 120 <= json.loads(refusals[1]["figures"])["leg_risk_s"] <= 121
    assert outcome.rows("orders", NO_SHORT_BID)[1]["status"] == "DENIED"


def test_short_leg_that_nobody_sells_keeps_the_long_one_to_expiry(outcome: Outcome) -> None:
    assert reasons(outcome, NO_SHORT_ASK) == ["EXPIRY_WORTHLESS", "EXPIRY_WORTHLESS"]
    assert [row["reason"] for row in outcome.rows("decisions", NO_SHORT_ASK)][2:] == ["NO_ASK"]


def test_short_leg_is_sold_only_for_what_was_bought(outcome: Outcome) -> None:
    long, short, *_ = outcome.rows("orders", THIN)
    assert (long["filled_quantity"], long["status"]) == (1, "CANCELED")
    assert (short["quantity"], short["filled_quantity"]) == (1, 1)
    assert reasons(outcome, THIN) == ["TARGET", "TARGET"]


def test_run_is_clean(outcome: Outcome) -> None:
    assert outcome.summary["unclean_reasons"] == []


def test_plan_that_keeps_no_single_leg_sells_it(catalog: Path, tmp_path: Path) -> None:
    outcome = run(config([NO_SHORT_BID], keep_single=False), catalog, tmp_path)
    assert reasons(outcome, NO_SHORT_BID) == ["LEG_NOT_FILLED"]


def test_cash_account_is_left_with_the_long_leg(catalog: Path, tmp_path: Path) -> None:
    outcome = run(config([TARGET], AccountKind.CASH), catalog, tmp_path)
    denied, given_up = [row["reason"] for row in outcome.rows("decisions", TARGET)][2:4]
    assert denied.startswith("NAKED_SHORT: uncovered=2")
    assert given_up == "LEG_NOT_FILLED"
    assert reasons(outcome, TARGET) == ["TARGET"]
    assert outcome.summary["unclean_reasons"] == []
