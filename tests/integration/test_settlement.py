"""What options become at expiry, run through the engine; one date is one case."""

import datetime as dt
from pathlib import Path

import pytest
from scripted_strategy import Outcome, ScriptedOrder, run, scripted
from small_market import write_session

from autotrade_0dte.calendar import expiry_ns
from autotrade_0dte.config import SettlementRule, SimulationParams
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.risk.expiry import ExpiryParams, ExpiryPolicy

STRIKES = (590, 600, 610)
SPOT = 605.0

BOTH_IN_THE_MONEY = dt.date(2026, 7, 20)
PIN = dt.date(2026, 7, 21)
NO_OFFICIAL_PRICE = dt.date(2026, 7, 22)
WORTHLESS = dt.date(2026, 7, 23)
HALF_DAY = dt.date(2026, 11, 27)
LONG_PUT = dt.date(2026, 7, 24)


def vertical(root: str, date: dt.date) -> list[ScriptedOrder]:
    """Buy two 590 calls and sell two 600 calls, each a dime through the quote, a tick of SPXW."""
    return [
        ScriptedOrder(60, f"{root}{date:%y%m%d}C00590000", "BUY", 2, 16.10, str(date)),
        ScriptedOrder(180, f"{root}{date:%y%m%d}C00600000", "SELL", 2, 5.90, str(date)),
    ]


def debit(outcome: Outcome, date: dt.date) -> float:
    """Dollars paid for the options, net of premium received."""
    trades = [row for row in outcome.rows("fills", date) if row["kind"] == "TRADE"]
    signs = {"BUY": 1, "SELL": -1}
    return sum(signs[row["side"]] * row["quantity"] * row["price"] * 100 for row in trades)


@pytest.fixture(scope="module")
def spy(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("spy")
    catalog = Catalog(folder / "catalog")
    settlements = {
        BOTH_IN_THE_MONEY: 605.0,
        PIN: 600.0,
        NO_OFFICIAL_PRICE: None,
        HALF_DAY: 612.0,
        LONG_PUT: 585.5,
    }
    for date, price in settlements.items():
        write_session(catalog, "SPY", date, strikes=STRIKES, spot=SPOT, settlement=price)
    write_session(catalog, "SPY", WORTHLESS, strikes=STRIKES, spot=SPOT, settlement=589.0)
    orders = [
        order
        for date in (BOTH_IN_THE_MONEY, PIN, NO_OFFICIAL_PRICE, HALF_DAY, WORTHLESS)
        for order in vertical("SPY", date)
    ]
    believing = SimulationParams(settlement_tolerance_fraction=0.05)
    orders.append(ScriptedOrder(60, "SPY260724P00590000", "BUY", 1, 1.01, str(LONG_PUT)))
    return run(
        scripted("SPY", *orders, cash=250_000.0, simulation=believing),
        folder / "catalog",
        folder / "runs",
    )


def test_spy_vertical_in_the_money_exercises_both_legs_and_the_shares_net(spy: Outcome) -> None:
    session = spy.sessions[str(BOTH_IN_THE_MONEY)]
    assert session["unclean_reasons"] == []
    assert session["gross_pnl"] == pytest.approx(10.0 * 200 - debit(spy, BOTH_IN_THE_MONEY))
    shares = [
        (row["side"], row["price"])
        for row in spy.rows("fills", BOTH_IN_THE_MONEY)
        if row["instrument_id"] == "SPY.US"
    ]
    assert sorted(shares) == [("BUY", 590.0), ("SELL", 600.0)]


def test_spy_pinned_at_the_short_strike_leaves_shares_valued_at_the_settlement(
    spy: Outcome,
) -> None:
    session = spy.sessions[str(PIN)]
    assert session["unclean_reasons"] == []
    assert session["gross_pnl"] == pytest.approx(10.0 * 200 - debit(spy, PIN))
    [delivered] = [r for r in spy.rows("positions", PIN) if r["instrument_id"] == "SPY.US"]
    assert delivered["exit_reason"] == "DELIVERED"
    assert (delivered["average_open"], delivered["average_close"]) == (590.0, 600.0)


def test_spy_long_put_in_the_money_delivers_short_shares_at_the_strike(spy: Outcome) -> None:
    session = spy.sessions[str(LONG_PUT)]
    assert session["unclean_reasons"] == []
    assert session["gross_pnl"] == pytest.approx((590.0 - 585.5) * 100 - debit(spy, LONG_PUT))


def test_spy_vertical_out_of_the_money_expires_worthless_without_shares(spy: Outcome) -> None:
    session = spy.sessions[str(WORTHLESS)]
    assert session["unclean_reasons"] == []
    assert session["gross_pnl"] == pytest.approx(-debit(spy, WORTHLESS))
    kinds = [row["kind"] for row in spy.rows("fills", WORTHLESS)]
    assert kinds.count("EXPIRY_WORTHLESS") == 2


def test_spy_half_day_settles_at_thirteen_hundred(spy: Outcome) -> None:
    session = spy.sessions[str(HALF_DAY)]
    assert session["unclean_reasons"] == []
    assert session["gross_pnl"] == pytest.approx(10.0 * 200 - debit(spy, HALF_DAY))
    expiries = {
        row["ts_event"].value for row in spy.rows("fills", HALF_DAY) if row["kind"] != "TRADE"
    }
    assert expiries == {expiry_ns("SPY", HALF_DAY)}


def test_missing_official_price_ends_the_session_unclean_with_the_print_it_used(
    spy: Outcome,
) -> None:
    session = spy.sessions[str(NO_OFFICIAL_PRICE)]
    assert session["clean"] is False
    assert session["unclean_reasons"][0].startswith("SETTLEMENT_NOT_OFFICIAL: age_s=60.0")
    assert spy.summary["clean"] is False


def test_expiry_charges_no_fee(spy: Outcome) -> None:
    fills = spy.tables["fills"].to_pylist()
    assert {row["fee"] for row in fills if row["kind"] != "TRADE"} == {0.0}


@pytest.mark.parametrize("root", ["SPXW", "XSP"])
def test_index_vertical_pays_both_legs_in_cash_at_the_same_print(root: str, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog")
    write_session(catalog, root, BOTH_IN_THE_MONEY, strikes=STRIKES, spot=SPOT, settlement=603.37)
    orders = vertical(root, BOTH_IN_THE_MONEY)
    outcome = run(scripted(root, *orders), tmp_path / "catalog", tmp_path / "runs")
    assert outcome.summary["unclean_reasons"] == []
    settled = {
        row["instrument_id"]: row["price"]
        for row in outcome.rows("fills", BOTH_IN_THE_MONEY)
        if row["kind"] == "EXPIRY_CASH"
    }
    assert settled == {
        f"{root}260720C00590000.US": pytest.approx(13.37),
        f"{root}260720C00600000.US": pytest.approx(3.37),
    }
    paid = debit(outcome, BOTH_IN_THE_MONEY)
    assert outcome.summary["gross_pnl"] == pytest.approx(10.0 * 200 - paid)


def test_last_print_settles_when_allowed_and_fresh_and_is_refused_when_old(tmp_path: Path) -> None:
    fresh, old = dt.date(2026, 7, 20), dt.date(2026, 7, 21)
    catalog = Catalog(tmp_path / "catalog")
    for date, missing_s in ((fresh, 0), (old, 900)):
        write_session(
            catalog,
            "SPY",
            date,
            strikes=STRIKES,
            spot=SPOT,
            settlement=None,
            last_spot_before_close_s=missing_s,
        )
    orders = [*vertical("SPY", fresh), *vertical("SPY", old)]
    rule = SimulationParams(settlement=SettlementRule.LAST_PRINT, last_print_max_age_s=300)
    outcome = run(
        scripted("SPY", *orders, simulation=rule), tmp_path / "catalog", tmp_path / "runs"
    )
    assert outcome.sessions[str(fresh)]["unclean_reasons"] == []
    assert outcome.sessions[str(fresh)]["settlement_source"] == "last print 60 s before expiry"
    [reason] = outcome.sessions[str(old)]["unclean_reasons"]
    assert reason.startswith("SETTLEMENT_PRINT_TOO_OLD: age_s=960.0")


def test_exercise_beyond_the_cash_ends_the_session_unclean(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "SPY", date, strikes=STRIKES, spot=SPOT, settlement=605.0
    )
    order = ScriptedOrder(60, "SPY260720C00590000", "BUY", 1, 16.01)
    config = scripted("SPY", order, cash=5_000.0)
    outcome = run(config, tmp_path / "catalog", tmp_path / "runs")
    [reason] = outcome.sessions[str(date)]["unclean_reasons"]
    assert reason.startswith("EXERCISE_UNFUNDED: cash=-")


def test_put_exercised_without_shares_ends_the_session_unclean(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "SPY", date, strikes=STRIKES, spot=SPOT, settlement=604.0
    )
    order = ScriptedOrder(60, "SPY260720P00610000", "BUY", 1, 6.05)
    config = scripted(
        "SPY", order, expiry=ExpiryParams(policy=ExpiryPolicy.SETTLE, exercise_test=False)
    )
    outcome = run(config, tmp_path / "catalog", tmp_path / "runs")
    assert outcome.sessions[str(date)]["unclean_reasons"] == ["EXERCISE_LACKS_SHARES: shares=-100"]


def test_position_in_the_money_at_expiry_under_the_flatten_policy_is_unclean(
    tmp_path: Path,
) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "XSP", date, strikes=STRIKES, spot=SPOT, settlement=605.0
    )
    order = ScriptedOrder(60, "XSP260720C00590000", "BUY", 1, 16.05)
    config = scripted("XSP", order, expiry=ExpiryParams())
    outcome = run(config, tmp_path / "catalog", tmp_path / "runs")
    reasons = outcome.sessions[str(date)]["unclean_reasons"]
    assert reasons == ["FLATTEN_FAILED: XSP260720C00590000.US"]


def test_official_price_far_from_the_market_is_not_believed(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)
    write_session(
        Catalog(tmp_path / "catalog"), "XSP", date, strikes=STRIKES, spot=SPOT, settlement=700.0
    )
    order = ScriptedOrder(60, "XSP260720C00590000", "BUY", 1, 16.05)
    outcome = run(scripted("XSP", order), tmp_path / "catalog", tmp_path / "runs")
    [reason] = outcome.sessions[str(date)]["unclean_reasons"]
    assert reason == "SETTLEMENT_IMPLAUSIBLE: official=700.0, last_print=605.0"
