import datetime as dt

import pyarrow as pa
import pytest

from autotrade_0dte.analysis.costs import costs, multiplier
from autotrade_0dte.analysis.tables import FILLS, STATES

MONDAY, TUESDAY = dt.date(2024, 1, 8), dt.date(2024, 1, 9)


def fills(*rows):
    base = {
        "run_id": "r",
        "session": MONDAY,
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
    }
    merged = [base | row for row in rows]
    columns = {name: pa.array([row[name] for row in merged]) for name in FILLS.names}
    return pa.table(columns).cast(FILLS)


def states(*rows):
    names = [name for name in STATES.names if name not in ("run_id", "session", "ts_event")]
    columns = {
        "run_id": ["r"] * len(rows),
        "session": [session for session, _, _ in rows],
        "ts_event": [ns for _, ns, _ in rows],
    }
    columns |= dict.fromkeys(names, [0] * len(rows))
    columns["spread_fraction"] = [spread for _, _, spread in rows]
    return pa.table(columns).cast(STATES)


def test_half_the_spread_last_seen_is_paid_on_the_premium():
    seen = states((MONDAY, 50, 0.5), (MONDAY, 100, 0.04), (MONDAY, 101, 0.9))
    found = costs(fills({}), seen)
    assert found.spread == pytest.approx(0.02 * 1.5 * 2 * 100)
    assert (found.fees, found.contracts) == (3.25, 2)
    assert (found.spread_fills, found.taker_fills) == (1, 1)


def test_only_fills_that_took_liquidity_paid_a_spread_but_all_paid_fees():
    rows = ({}, {"liquidity": "MAKER"}, {"liquidity": "NONE", "kind": "EXPIRY_CASH"})
    found = costs(fills(*rows), states((MONDAY, 50, 0.04)))
    assert found.spread == pytest.approx(6.0)
    assert (found.fees, found.contracts, found.taker_fills) == (9.75, 4, 1)


@pytest.mark.parametrize(
    "seen",
    [
        states((TUESDAY, 50, 0.04)),
        states((MONDAY, 101, 0.04)),
        states((MONDAY, 50, float("nan"))),
        states((MONDAY, 50, 0.04)).slice(0, 0),
    ],
    ids=["other session", "after the fill", "unknown", "no states"],
)
def test_spread_that_nobody_knew_is_unknown_and_not_zero(seen):
    found = costs(fills({}), seen)
    assert found.spread is None
    assert (found.spread_fills, found.taker_fills) == (0, 1)


def test_run_without_fills_cost_nothing():
    found = costs(fills({}).slice(0, 0), states((MONDAY, 50, 0.04)))
    assert (found.fees, found.contracts, found.spread, found.taker_fills) == (0.0, 0, None, 0)


def test_an_option_is_worth_a_hundred_times_its_price_and_a_share_once():
    assert multiplier("SPXW240108P04700000.US") == 100
    assert multiplier("SPY.US") == 1
