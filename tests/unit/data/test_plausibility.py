"""Prices of a session that contradict each other are found; those that do not are left alone."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from autotrade_0dte.calendar import session
from autotrade_0dte.data.quality import QualityParams, check
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SettlementPrice,
    UnderlyingQuotes,
    UnderlyingTrades,
)

DATE = dt.date(2026, 7, 17)
DAY = session(DATE)
MINUTE = 60_000_000_000
FORWARD = 700.0


def findings(catalog, *items, params=None):
    with catalog.transaction("test") as tx:
        for item in items:
            tx.write(item)
    (row,) = check(catalog, params or QualityParams())
    expected = {"no_settlement", "no_underlying", "mostly_one_sided"}
    return str(row["verdict"]), [problem for problem in row["problems"] if problem not in expected]


def prints(price=FORWARD, minutes=range(390)):
    ts = DAY.open_ns + np.array(minutes) * MINUTE
    return UnderlyingTrades(
        "SPY", DATE, ts, np.full(len(ts), round(100 * price)), np.ones(len(ts), np.int64)
    )


def official(price):
    return SettlementPrice("SPY", DATE, round(100 * price), "official close")


def chain(strikes=(699, 700, 701), root="SPY", one_sided=()):
    """Quotes a dollar above intrinsic value at FORWARD each minute; no bid for some strikes."""
    level = np.repeat(np.array(strikes), 2)
    is_call = np.arange(len(level)) % 2 == 0
    middle = 100 + 100 * np.maximum(np.where(is_call, FORWARD - level, level - FORWARD), 0)
    bid = np.where(np.isin(level, one_sided), 0, middle - 1).astype(np.int64)
    rows = np.tile(np.arange(len(level), dtype=np.int32), 390)
    return ChainData(
        root=root,
        session=DATE,
        strike_mills=1_000 * level,
        is_call=is_call,
        contract=rows,
        ts_event=DAY.open_ns + np.repeat(np.arange(390), len(level)) * MINUTE,
        bid=bid[rows],
        ask=(middle + 1).astype(np.int64)[rows],
        bid_size=np.where(bid > 0, 5, 0)[rows],
        ask_size=np.full(len(rows), 5),
    )


@pytest.mark.parametrize("close", [693.1, 700.0, 706.9])
def test_settlement_price_near_the_last_print_is_believed(catalog, close):
    assert findings(catalog, chain(), prints(), official(close)) == ("ok", [])


@pytest.mark.parametrize("close", [692.9, 707.1, 70.0])
def test_settlement_price_off_the_last_print_makes_the_session_bad(catalog, close):
    found = findings(catalog, chain(), prints(), official(close))
    assert found == ("bad", ["settlement_implausible"])


def test_settlement_price_is_compared_with_a_print_of_the_last_half_hour_only(catalog):
    early = prints(minutes=range(361))  # the last one 30 minutes before the close
    assert findings(catalog, chain(), early, official(720)) == ("ok", [])
    (row,) = check(catalog, QualityParams(closing_print_s=1_801))
    assert row["problems"] == ["settlement_implausible"]


@pytest.mark.parametrize("spot", [693.1, 706.9])
def test_spot_near_the_forward_of_the_chain_is_believed(catalog, spot):
    assert findings(catalog, chain(), prints(spot))[1] == []


@pytest.mark.parametrize("spot", [692.9, 707.1, 7.0, 7_000.0])
def test_spot_off_the_forward_of_the_chain_makes_the_session_bad(catalog, spot):
    assert findings(catalog, chain(), prints(spot)) == ("bad", ["spot_mismatch"])


def test_strikes_beside_spot_matter_less_than_the_forward(catalog):
    """A vendor's sample of two strikes far from spot is right all the same."""
    assert findings(catalog, chain(strikes=(640, 645)), prints())[1] == []


def test_wrong_spot_among_strikes_without_bids_is_found_by_the_others(catalog):
    strikes = range(695, 725)
    wide = chain(strikes, one_sided=range(705, 725))
    assert findings(catalog, wide, prints(720)) == ("bad", ["spot_mismatch"])


@pytest.mark.parametrize(("spot", "found"), [(700.5, []), (707, []), (709, ["spot_mismatch"])])
def test_without_a_pair_of_quotes_spot_has_to_be_within_the_strikes(catalog, spot, found):
    bare = chain(one_sided=(699, 700, 701))
    assert findings(catalog, bare, prints(spot))[1] == found


def test_old_spot_is_not_compared_with_the_chain(catalog):
    early = prints(690, minutes=range(180))  # the chain's middle is at 194.5 minutes
    assert findings(catalog, chain(), early)[1] == []
    (row,) = check(catalog, QualityParams(spot_age_s=1_000))
    assert "spot_mismatch" in row["problems"]


def test_spot_that_begins_after_the_middle_is_not_compared(catalog):
    assert findings(catalog, chain(), prints(690, minutes=range(200, 390)))[1] == []


def test_old_side_of_a_pair_does_not_count(catalog):
    whole = chain(strikes=(695, 700, 705))
    minute = (whole.ts_event - DAY.open_ns) // MINUTE
    # Two of three calls fell silent long ago, when they were worth 30 dollars more.
    silent = np.isin(whole.contract, [0, 2])
    kept = ~silent | (minute < 20)
    stale = np.where(silent, 3_000, 0)
    columns = {
        name: getattr(whole, name)[kept]
        for name in ("contract", "ts_event", "bid_size", "ask_size")
    }
    prices = {name: (getattr(whole, name) + stale)[kept] for name in ("bid", "ask")}
    assert findings(catalog, dataclasses.replace(whole, **columns, **prices), prints())[1] == []


def test_spot_may_be_quotes_or_an_index(catalog):
    ts = DAY.open_ns + np.arange(390) * MINUTE
    one = np.ones(390, np.int64)
    quotes = UnderlyingQuotes("SPY", DATE, ts, 68_990 * one, 69_010 * one, one, one)
    assert findings(catalog, chain(), quotes) == ("bad", ["spot_mismatch"])
    with catalog.transaction("test") as tx:
        tx.write(chain(root="SPXW"))
        tx.write(IndexPrices("SPX", DATE, ts, 69_000 * one))
    assert ["spot_mismatch" in row["problems"] for row in check(catalog)] == [True, True]


def test_quote_that_lacks_a_side_is_no_spot(catalog):
    ts = DAY.open_ns + np.arange(390) * MINUTE
    one = np.ones(390, np.int64)
    quotes = UnderlyingQuotes("SPY", DATE, ts, 0 * one, 69_010 * one, 0 * one, one)
    assert findings(catalog, chain(), quotes, official(500))[1] == []


def test_prices_that_span_row_groups_are_read_at_the_right_row(catalog):
    """Twenty thousand prints are three row groups; only those near the chain's middle are right."""
    ts = DAY.open_ns + np.arange(20_000) * (390 * MINUTE // 20_000)
    middle = np.abs(np.arange(20_000) - 9_970) < 20
    price = np.where(middle, 70_000, 60_000)
    trades = UnderlyingTrades("SPY", DATE, ts, price, np.ones(20_000, np.int64))
    assert findings(catalog, chain(), trades)[1] == []


def test_session_of_one_book_is_bad(catalog, make_chain):
    assert findings(catalog, make_chain(books=1)) == ("bad", ["one_book", "ends_early"])


def test_session_of_few_books_is_a_warning(catalog, make_chain):
    assert findings(catalog, make_chain(books=2)) == ("warn", ["ends_early"])
