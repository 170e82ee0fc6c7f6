import datetime as dt
import json

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from autotrade_0dte.analysis import summary as summary_module
from autotrade_0dte.analysis.summary import (
    AccountingError,
    joined_equity,
    read_summary,
    summarize,
    tables_to_summarize,
    write_summary,
)
from autotrade_0dte.analysis.tables import read_tables
from autotrade_0dte.analysis.trades import trades

from run_folder import STARTING_CASH, build_tables, run_facts, session_facts  # isort: skip

CONTRACT_KEYS = {
    "run_id",
    "clean",
    "unclean_reasons",
    "synthetic",
    "name",
    "strategy",
    "underlying",
    "sessions",
    "quotes",
    "events_per_second",
    "decisions",
    "orders",
    "fills",
    "denied",
    "rejected",
    "open_at_end",
    "starting_cash",
    "gross_pnl",
    "fees",
    "net_pnl",
    "max_drawdown",
    "win_rate",
    "profit_factor",
    "sharpe_daily",
    "trades",
    "per_session",
    "config_hash",
    "code_version",
    "data_fingerprint",
    "catalog",
    "versions",
    "elapsed_s",
    "net_pnl_daily_ci95",
    "execution",
}
SESSION_KEYS = {
    "session",
    "quotes",
    "decisions",
    "orders",
    "fills",
    "trades",
    "gross_pnl",
    "fees",
    "net_pnl",
    "max_drawdown",
    "open_at_end",
    "clean",
    "unclean_reasons",
    "settlement_source",
    "elapsed_s",
    "events",
}


@pytest.fixture
def made(tmp_path):
    dates = build_tables(tmp_path)
    return dates, read_tables(tmp_path)


def facts(dates, **changes):
    return [session_facts(date, **changes) for date in dates]


def changed(tables, name, column, row, value):
    """Return the tables with one cell changed."""
    table = tables[name]
    values = table[column].to_pylist()
    values[row] = value
    at = table.schema.get_field_index(column)
    field = table.schema.field(column)
    return tables | {name: table.set_column(at, field, pa.array(values, field.type))}


def test_summary_holds_every_promised_key_and_only_json(made):
    summary = summarize(run_facts(), facts(made[0]), made[1])
    assert set(summary) >= CONTRACT_KEYS
    assert set(summary["per_session"][0]) >= SESSION_KEYS
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_figures_agree_with_the_tables(made):
    dates, tables = made
    summary = summarize(run_facts(), facts(dates), tables)
    net = tables["positions"]["net_pnl"].to_numpy()
    assert summary["clean"]
    assert summary["trades"] == len(net) == 12
    assert summary["net_pnl"] == pytest.approx(net.sum(), abs=1e-6)
    assert summary["win_rate"] == pytest.approx((net > 0).mean(), abs=1e-6)
    assert summary["profit_factor"] == pytest.approx(
        net[net > 0].sum() / -net[net < 0].sum(), abs=1e-6
    )
    assert (summary["denied"], summary["rejected"]) == (1, 0)
    assert summary["first_session"] == "2024-01-02"
    assert summary["last_session"] == "2024-01-04"
    assert summary["quotes"] == 3 * 1_200_000
    assert summary["events_per_second"] == 3 * 1_250_000 / 12.5
    assert summary["sharpe_annualized"] == pytest.approx(summary["sharpe_daily"] * 252**0.5, 1e-5)


def test_sessions_add_up_to_the_totals_in_order_of_date(made):
    dates, tables = made
    summary = summarize(run_facts(), facts(reversed(dates)), tables)
    rows = summary["per_session"]
    assert [row["session"] for row in rows] == [date.isoformat() for date in dates]
    for key in ("net_pnl", "fees", "fills", "trades", "decisions"):
        assert sum(row[key] for row in rows) == pytest.approx(summary[key], abs=1e-6)


def test_summary_is_the_same_each_time_apart_from_timing(made):
    dates, tables = made
    one = summarize(run_facts(), facts(dates), tables)
    two = summarize(run_facts(elapsed_s=99.0), facts(dates, elapsed_s=7.0), tables)
    differing = {key for key in one if one[key] != two[key]}
    assert differing == {"elapsed_s", "events_per_second", "per_session"}
    rows = zip(one["per_session"], two["per_session"], strict=True)
    assert all(a | {"elapsed_s": 0} == b | {"elapsed_s": 0} for a, b in rows)


def test_run_without_trades_has_zero_dollars_and_undefined_ratios(tmp_path):
    dates = build_tables(tmp_path, trades_a_session=0)
    summary = summarize(run_facts(), facts(dates), read_tables(tmp_path))
    assert (summary["net_pnl"], summary["trades"], summary["max_drawdown"]) == (0.0, 0, 0.0)
    undefined = ("win_rate", "profit_factor", "sharpe_daily", "expectancy", "average_win")
    assert all(summary[key] is None for key in undefined)


def test_run_without_sessions_is_summed_up_too(made):
    empty = {name: table.slice(0, 0) for name, table in made[1].items()}
    summary = summarize(run_facts(elapsed_s=0.0), [], empty)
    assert (summary["sessions"], summary["net_pnl"], summary["max_drawdown"]) == (0, 0.0, None)
    assert summary["events_per_second"] is None


def test_interval_of_the_daily_mean_comes_with_five_sessions(tmp_path):
    dates = build_tables(tmp_path, sessions=5)
    summary = summarize(run_facts(), facts(dates), read_tables(tmp_path))
    low, high = summary["net_pnl_daily_ci95"]
    assert low < summary["net_pnl"] / 5 < high


def test_open_position_makes_the_run_unclean_and_counts_in_no_ratio(tmp_path):
    dates = build_tables(tmp_path, open_position=True)
    tables = read_tables(tmp_path)
    summary = summarize(run_facts(), facts(dates), tables)
    assert summary["open_at_end"] == 1
    assert summary["unclean_reasons"] == ["2024-01-04: POSITION_OPEN: count=1"]
    assert summary["trades"] == 13
    closed = tables["positions"].filter(pc.is_valid(tables["positions"]["ts_closed"]))
    assert summary["expectancy"] == pytest.approx(closed["net_pnl"].to_numpy().mean(), abs=1e-6)


def test_reasons_of_sessions_and_run_make_it_unclean(made):
    dates, tables = made
    sessions = [session_facts(dates[0], unclean_reasons=("DATA_GAP: minutes=48",))]
    sessions += facts(dates[1:])
    summary = summarize(run_facts(unclean_reasons=("WORKER_LOST",)), sessions, tables)
    assert not summary["clean"]
    assert summary["unclean_reasons"] == ["WORKER_LOST", "2024-01-02: DATA_GAP: minutes=48"]
    assert [row["clean"] for row in summary["per_session"]] == [False, True, True]


FAULTS = {
    "net": ("positions", "net_pnl", 0, 1e6, "Expected net = gross - fees"),
    "unknown P&L": ("positions", "gross_pnl", 0, float("nan"), "Expected net = gross - fees"),
    "fee": ("fills", "fee", 0, 50.0, "Expected fees of positions"),
    "fill quantity": ("fills", "quantity", 0, 77, "was 77 in fills"),
    "order quantity": ("orders", "filled_quantity", 0, 77, "Expected 77 filled of order"),
    "fill without order": ("fills", "client_order_id", 0, "O-x", "filled of order O-x"),
    "start": ("equity", "equity", 0, 1.0, "Expected equity to start at 25000.0"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_contradiction_between_tables_is_a_fault(made, fault):
    dates, tables = made
    *cell, message = fault
    with pytest.raises(AccountingError, match=message) as raised:
        summarize(run_facts(), facts(dates), changed(tables, *cell))
    assert "session 2024-01-02" in str(raised.value)


def test_equity_that_ends_elsewhere_than_the_profit_is_a_fault(made):
    dates, tables = made
    broken = changed(tables, "equity", "equity", -1, STARTING_CASH + 123.0)
    with pytest.raises(AccountingError, match=r"Expected equity to change by .* was 123.00"):
        summarize(run_facts(), facts(dates), broken)


def test_trades_without_an_equity_curve_are_a_fault(made):
    dates, tables = made
    with pytest.raises(AccountingError, match="Expected an equity curve"):
        summarize(run_facts(), facts(dates), tables | {"equity": tables["equity"].slice(0, 0)})


def test_contradiction_in_a_session_unclean_already_is_one_more_reason(made):
    dates, tables = made
    sessions = [session_facts(dates[0], unclean_reasons=("CRASHED",)), *facts(dates[1:])]
    broken = changed(tables, "fills", "fee", 0, 50.0)
    reasons = summarize(run_facts(), sessions, broken)["unclean_reasons"]
    assert reasons[0] == "2024-01-02: CRASHED"
    assert "Expected fees of positions" in reasons[1]


def test_expiry_fill_counts_for_its_order_when_the_engine_made_one(made):
    dates, tables = made
    kinds = changed(tables, "fills", "kind", 0, "EXPIRY_CASH")
    assert summarize(run_facts(), facts(dates), kinds)["clean"]


def test_a_few_columns_of_the_states_are_enough_for_the_summary(made, tmp_path):
    dates, tables = made
    few = tables_to_summarize(tmp_path)
    assert "spot" not in few["states"].schema.names
    sessions = facts(dates)
    assert summarize(run_facts(), sessions, few) == summarize(run_facts(), sessions, tables)


def test_rows_of_another_run_are_refused(made):
    with pytest.raises(AccountingError, match="Expected rows of run other"):
        summarize(run_facts(run_id="other"), facts(made[0]), made[1])


def test_rows_of_a_session_that_was_not_run_are_refused(made):
    dates, tables = made
    with pytest.raises(AccountingError, match="Expected rows of the run's sessions"):
        summarize(run_facts(), facts(dates[1:]), tables)


def test_trade_that_belongs_to_no_session_is_a_fault(made, monkeypatch):
    found = trades(made[1]["positions"])
    lost = [msgspec.structs.replace(trade, session="2023-01-03") for trade in found]
    monkeypatch.setattr(summary_module, "trades", lambda positions: lost)
    with pytest.raises(AccountingError, match="add up to trades 12, was 0"):
        summarize(run_facts(), facts(made[0]), made[1])


def test_session_given_twice_is_refused(made):
    dates, tables = made
    with pytest.raises(AccountingError, match="Expected each session once"):
        summarize(run_facts(), facts([*dates, dates[0]]), tables)


def test_joined_equity_goes_on_where_the_session_before_ended():
    sessions = [dt.date(2024, 1, 2)] * 3 + [dt.date(2024, 1, 3)] * 2 + [dt.date(2024, 1, 4)]
    values = [100.0, 130.0, 120.0, 100.0, float("nan"), 90.0]
    table = pa.table({"session": pa.array(sessions, pa.date32()), "equity": values})
    days, curve = joined_equity(table, 100.0)
    np.testing.assert_array_equal(curve, [100.0, 130.0, 120.0, 120.0, np.nan, 110.0])
    assert [str(day) for day in np.unique(days)] == ["2024-01-02", "2024-01-03", "2024-01-04"]


def test_max_drawdown_spans_sessions(made):
    dates, tables = made
    summary = summarize(run_facts(), facts(dates), tables)
    _, curve = joined_equity(tables["equity"], STARTING_CASH)
    assert summary["max_drawdown"] == pytest.approx(
        (np.maximum.accumulate(curve) - curve).max(), abs=1e-6
    )
    assert summary["max_drawdown"] > max(row["max_drawdown"] for row in summary["per_session"])


def test_summary_file_reads_back_as_written(made, tmp_path):
    summary = summarize(run_facts(), facts(made[0]), made[1])
    path = write_summary(tmp_path, summary)
    assert path.name == "summary.json"
    assert path.read_text().startswith('{\n  "run_id"')
    assert read_summary(tmp_path) == summary
