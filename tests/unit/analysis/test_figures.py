import datetime as dt

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest

from autotrade_0dte.analysis import figures
from autotrade_0dte.analysis.costs import Costs
from autotrade_0dte.analysis.summary import joined_equity
from autotrade_0dte.analysis.tables import read_tables
from autotrade_0dte.analysis.trades import trades
from autotrade_0dte.calendar import new_york_ns

from run_folder import STARTING_CASH, build_tables  # isort: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    build_tables(folder, sessions=3)
    return read_tables(folder)


def one_session(table):
    return table.filter(pa.compute.equal(table["session"], dt.date(2024, 1, 2)))


@pytest.mark.parametrize("date", [dt.date(2024, 1, 2), dt.date(2024, 7, 2)])
def test_times_are_new_york_wall_clock_in_winter_and_summer(date):
    ns = np.array([new_york_ns(date, dt.time(9, 31, 5))])
    local = figures.local_ms(ns, np.array([date], "datetime64[D]"))
    assert str(local.astype("datetime64[ms]")[0]) == f"{date}T09:31:05.000"


def test_every_figure_is_valid_plotly(tables):
    closed = trades(tables["positions"])
    rows = [{"session": "2024-01-02", "net_pnl": 1.0, "gross_pnl": 2.0, "fees": 1.0, "trades": 1}]
    made = [
        figures.equity_figure(tables["equity"], STARTING_CASH),
        figures.equity_figure(one_session(tables["equity"]), STARTING_CASH),
        figures.equity_figure(tables["equity"].slice(0, 0), STARTING_CASH),
        figures.session_pnl_figure(rows),
        figures.session_pnl_figure([]),
        figures.entry_hour_figure(closed),
        figures.net_figure({"TARGET": [1.0, 2.0], "STOP": [-1.0]}, "exit reason"),
        figures.entry_hour_figure([]),
        figures.net_figure({}, "exit reason"),
        figures.costs_figure(100.0, 60.0, Costs(40.0, 10, 25.0, 4, 4, 1.0)),
        figures.costs_figure(0.0, 0.0, Costs(0.0, 0, None, 0, 0, None)),
        {"data": [], "layout": figures.session_figure_layout("SPY")},
    ]
    for figure in made:
        go.Figure(figure)  # raises for a name or value that plotly does not know


def test_equity_of_one_session_runs_over_the_clock(tables):
    figure = figures.equity_figure(one_session(tables["equity"]), STARTING_CASH)
    assert figure["layout"]["xaxis"]["type"] == "date"
    assert figure["data"][0]["text"][0] == "2024-01-02 09:30"
    assert figure["data"][0]["text"][-1] == "2024-01-02 16:00"


def test_equity_of_many_sessions_puts_them_side_by_side(tables):
    equity, fall = figures.equity_figure(tables["equity"], STARTING_CASH)["data"]
    x = np.array(equity["x"])
    assert (np.diff(x) > 0).all()
    assert {int(value) for value in x} == {0, 1, 2}
    _, curve = joined_equity(tables["equity"], STARTING_CASH)
    assert equity["y"][-1] == pytest.approx(curve[-1], abs=0.01)
    assert min(fall["y"]) == pytest.approx(-(np.maximum.accumulate(curve) - curve).max(), abs=0.01)


def test_bars_by_hour_and_reason_add_up_to_the_closed_trades(tables):
    closed = trades(tables["positions"])
    total = sum(trade.net_pnl for trade in closed)
    (bars,) = figures.entry_hour_figure(closed)["data"]
    assert sum(bars["y"]) == pytest.approx(total, abs=0.1)
    assert sum(int(text or 0) for text in bars["text"]) == len(closed)


def test_groups_are_drawn_best_first_with_their_sum_and_number():
    (bars,) = figures.net_figure({"STOP": [-5.0], "TARGET": [4.0, 3.0]}, "exit reason")["data"]
    assert (bars["x"], bars["y"], bars["text"]) == (["TARGET", "STOP"], [7.0, -5.0], ["2", "1"])


def test_hour_of_entry_is_the_hour_in_new_york(tables):
    first = min(trades(tables["positions"]), key=lambda trade: trade.opened_ns % 86_400_000_000_000)
    hour = (first.opened_ns // 3_600_000_000_000 - 5) % 24
    (bars,) = figures.entry_hour_figure([first])["data"]
    shown = [x for x, text in zip(bars["x"], bars["text"], strict=True) if text]
    assert shown == [f"{hour:02d}-{hour + 1:02d}" if hour > 9 else "09:30-10"]


def test_gains_and_losses_have_their_own_colors():
    rows = [
        {"session": str(n), "net_pnl": net, "gross_pnl": 0, "fees": 0, "trades": 0}
        for n, net in enumerate((5.0, -5.0))
    ]
    gain, loss = figures.session_pnl_figure(rows)["data"][0]["marker"]["color"]
    assert gain != loss


def test_costs_lead_from_mid_to_net_when_the_spread_is_known():
    (bars,) = figures.costs_figure(100.0, 60.0, Costs(40.0, 10, 25.0, 4, 4, 1.0))["data"]
    assert bars["y"] == [125.0, -25.0, 100.0, -40.0, 60.0]
    assert bars["measure"] == ["absolute", "relative", "total", "relative", "total"]


def test_costs_start_from_gross_when_the_spread_is_unknown():
    (bars,) = figures.costs_figure(100.0, 60.0, Costs(40.0, 10, None, 0, 4, None))["data"]
    assert bars["y"] == [100.0, -40.0, 60.0]


def test_session_paths_hold_trades_on_the_path_and_unknown_as_none(tables):
    every = trades(tables["positions"])
    days = ["2024-01-02", "2024-01-03", "2024-01-04"]
    paths = figures.session_paths(tables["states"], every, days)
    assert [path["session"] for path in paths] == days
    assert paths[0]["t"][0] == 9 * 3600 + 31 * 60
    assert sum(len(path["trades"]) for path in paths) == len(every)
    assert np.isnan(paths[0]["iv"][0])  # the encoder of the page writes NaN as null
    for path in paths:
        for trade in path["trades"]:
            assert min(path["spot"]) <= trade["spot_opened"] <= max(path["spot"])
            assert trade["opened"] < trade["closed"]


def test_session_without_states_has_an_empty_path_and_trades_without_a_spot(tables):
    every = [trade for trade in trades(tables["positions"]) if trade.session == "2024-01-03"]
    states = one_session(tables["states"])
    path = figures.session_paths(states, every, ["2024-01-02", "2024-01-03"])[1]
    assert (path["t"], path["spot"]) == ([], [])
    assert {trade["spot_opened"] for trade in path["trades"]} == {None}


def test_spot_of_a_trade_is_taken_between_known_states(tables):
    (trade, *_) = trades(tables["positions"])
    states = one_session(tables["states"])
    spot = states["spot"].to_numpy().copy()
    at = np.searchsorted(states["ts_event"].cast(pa.int64()).to_numpy(), trade.opened_ns)
    spot[at] = np.nan
    gap = states.set_column(states.schema.get_field_index("spot"), "spot", pa.array(spot))
    (path,) = figures.session_paths(gap, [trade], [trade.session])
    low, high = sorted([spot[at - 1], spot[at + 1]])
    assert low - 0.01 <= path["trades"][0]["spot_opened"] <= high + 0.01


def test_long_path_is_thinned_but_keeps_its_extremes():
    values = np.sin(np.arange(100_000) / 50.0)
    values[[777, 55_555]] = 9.0, -9.0
    rows = figures.decimate(values, 500)
    assert len(rows) <= 502
    assert {777, 55_555} <= set(rows.tolist())
