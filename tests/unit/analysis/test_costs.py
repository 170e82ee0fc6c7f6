import datetime as dt

import pyarrow as pa
import pytest

from autotrade_0dte.analysis.costs import costs, multiplier
from autotrade_0dte.analysis.tables import FILLS

NAN = float("nan")


def fills(*rows):
    base = {
        "run_id": "r",
        "session": dt.date(2024, 1, 8),
        "ts_event": 100,
        "client_order_id": "O",
        "trade_id": "T",
        "strategy": "s",
        "plan_id": None,
        "instrument_id": "SPY240108C00500000.US",
        "side": "BUY",
        "quantity": 2,
        "price": 1.5,
        "fee": 3.25,
        "liquidity": "TAKER",
        "kind": "TRADE",
        "bid": 1.4,
        "ask": 1.5,
        "quote_age_s": 2.0,
    }
    merged = [base | row for row in rows]
    columns = {name: pa.array([row[name] for row in merged]) for name in FILLS.names}
    return pa.table(columns).cast(FILLS)


@pytest.mark.parametrize(
    ("row", "given"),
    [
        ({}, 10.0),
        ({"side": "SELL", "price": 1.4}, 10.0),
        ({"price": 1.4}, -10.0),
        ({"price": 1.45}, 0.0),
        ({"instrument_id": "SPY.US"}, 0.1),
    ],
    ids=["bought at the ask", "sold at the bid", "bought at the bid", "mid", "shares"],
)
def test_distance_from_mid_is_what_was_given_away(row, given):
    assert costs(fills(row)).spread == pytest.approx(given)


def test_fees_count_for_every_fill_but_contracts_and_spread_for_traded_ones():
    found = costs(fills({}, {"kind": "EXPIRY_CASH", "bid": NAN, "ask": NAN, "quote_age_s": NAN}))
    assert (found.fees, found.contracts, found.traded_fills) == (6.5, 2, 1)
    assert found.spread == pytest.approx(10.0)


@pytest.mark.parametrize("side", [{"bid": NAN}, {"ask": NAN}, {"bid": 0.0}])
def test_fill_without_a_mid_leaves_the_spread_unknown_and_not_zero(side):
    found = costs(fills(side))
    assert found.spread is None
    assert (found.quoted_fills, found.traded_fills) == (0, 1)


def test_oldest_quote_is_the_greatest_age_that_was_traded_on():
    assert costs(fills({}, {"quote_age_s": 7.5}, {"quote_age_s": NAN})).oldest_quote_s == 7.5
    assert costs(fills({"quote_age_s": NAN})).oldest_quote_s is None


def test_run_without_fills_cost_nothing():
    found = costs(fills({}).slice(0, 0))
    assert (found.fees, found.contracts, found.spread, found.traded_fills) == (0.0, 0, None, 0)


def test_an_option_is_worth_a_hundred_times_its_price_and_a_share_once():
    assert multiplier("SPXW240108P04700000.US") == 100
    assert multiplier("SPY.US") == 1
