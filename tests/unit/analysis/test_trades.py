import math

import pyarrow as pa

from autotrade_0dte.analysis.tables import POSITIONS, read_table
from autotrade_0dte.analysis.trades import trades

from run_folder import RUN_ID, build_tables  # isort: skip


def leg(**changes):
    row = {
        "run_id": RUN_ID,
        "session": "2024-01-02",
        "position_id": "P",
        "plan_id": "plan",
        "strategy": "s",
        "instrument_id": "SPY240102C00500000.US",
        "side": "LONG",
        "quantity": 2,
        "ts_opened": 1,
        "ts_closed": 5,
        "average_open": 1.0,
        "average_close": 2.0,
        "gross_pnl": 200.0,
        "fees": 6.0,
        "net_pnl": 194.0,
        "exit_reason": "TARGET",
    }
    return row | changes


def table(*legs):
    columns = {name: pa.array([row[name] for row in legs]) for name in POSITIONS.names}
    return pa.table(columns).cast(POSITIONS)


def test_legs_of_one_plan_are_one_trade_with_the_outcome_of_all():
    short = leg(
        instrument_id="SPY240102C00505000.US",
        side="SHORT",
        ts_opened=2,
        ts_closed=4,
        gross_pnl=-150.0,
        net_pnl=-156.0,
        exit_reason="STOP",
    )
    (trade,) = trades(table(short, leg()))
    assert trade.instruments == ("SPY240102C00500000.US", "SPY240102C00505000.US")
    assert (trade.gross_pnl, trade.fees, trade.net_pnl) == (50.0, 12.0, 38.0)
    assert (trade.side, trade.opened_ns, trade.closed_ns) == ("LONG", 1, 5)
    assert trade.exit_reason == "TARGET"
    assert math.isnan(trade.average_open)


def test_trade_is_open_while_one_of_its_legs_is():
    (trade,) = trades(table(leg(), leg(ts_opened=2, ts_closed=None)))
    assert trade.closed_ns is None


def test_positions_without_a_plan_are_trades_of_their_own():
    found = trades(table(leg(plan_id=None), leg(plan_id=None, ts_opened=3)))
    assert [trade.opened_ns for trade in found] == [1, 3]
    assert [trade.average_open for trade in found] == [1.0, 1.0]


def test_same_plan_name_in_two_sessions_or_strategies_is_not_one_trade():
    rows = (leg(), leg(session="2024-01-03"), leg(strategy="other"))
    assert len(trades(table(*rows))) == 3


def test_trades_of_a_run_are_ordered_by_time(tmp_path):
    build_tables(tmp_path)
    opened = [trade.opened_ns for trade in trades(read_table(tmp_path, "positions"))]
    assert len(opened) == 12
    assert opened == sorted(opened)


def test_no_positions_make_no_trades(tmp_path):
    build_tables(tmp_path, trades_a_session=0)
    assert trades(read_table(tmp_path, "positions")) == []
