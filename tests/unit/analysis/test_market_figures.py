"""The market's state in the report: bands, strip, tables."""

import math
import re

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest

from autotrade_0dte.analysis import market_figures, report_market
from autotrade_0dte.analysis.tables import SIGNALS, read_tables
from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.signals.signal import FACTORS, Factor

from run_folder import build_tables  # isort: skip
from invented_market import CALM_AGAIN, EPISODE, UNKNOWN_CHANNELS  # isort: skip

DAYS = ["2024-01-02", "2024-01-03"]
FIRST_S = 9 * 3600 + 31 * 60


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    build_tables(folder, sessions=2)
    return read_tables(folder)["states"]


@pytest.fixture(scope="module")
def market(states):
    (first, _) = market_figures.market_paths(states, DAYS)
    return first


def test_bands_are_the_levels_above_calm_in_new_york_time(market):
    starts = [(FIRST_S + 60.0 * minute, int(level)) for minute, level in EPISODE]
    assert [(begin, level) for begin, _, level in market["bands"]] == starts
    assert [end for _, end, _ in market["bands"]] == [
        *(begin for begin, _ in starts[1:]), FIRST_S + 60.0 * CALM_AGAIN,
    ]  # fmt: skip


def test_strip_holds_the_greatest_score_of_each_while(market, states):
    scores = states.slice(0, 390)["jump_score"].to_numpy()
    jump = market["strip"]["z"][CHANNELS.index(Channel.JUMP)]
    assert max(jump) == pytest.approx(scores.max(), abs=0.06)
    assert len(jump) == len(market["strip"]["t"])
    assert min(jump) >= scores.min() - 0.06


def test_channel_that_is_not_known_is_empty_in_the_strip(market):
    [unknown] = UNKNOWN_CHANNELS
    assert set(market["strip"]["z"][CHANNELS.index(unknown)]) == {None}


def test_session_without_snapshots_has_an_empty_strip(states):
    (found,) = market_figures.market_paths(states, ["2023-12-29"])
    assert found["bands"] == []
    assert found["strip"] == {"t": [], "z": [[]] * len(CHANNELS)}


def test_share_of_time_at_each_level_is_drawn_by_session(states):
    figure = market_figures.level_time_figure(DAYS, states)
    go.Figure(figure)
    bars = {trace["name"]: trace["y"] for trace in figure["data"]}
    assert list(bars) == ["L1", "L2", "L3"]
    assert bars["L3"] == [pytest.approx(100 * 4 / 389, abs=0.01)] * 2


def test_calm_sessions_have_no_share_to_draw(states):
    at = states.schema.get_field_index("level")
    calm = states.set_column(at, "level", pa.array(np.zeros(len(states), np.int8)))
    figure = market_figures.level_time_figure(DAYS, calm)
    assert figure["layout"]["annotations"][0]["text"] == "The market was calm all the time"


# -- tables ---------------------------------------------------------------------------------------


def cells(rows: str) -> list[list[str]]:
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows.split("</tr>")[:-1]]


SUMMARY = {
    "level_seconds": {"CALM": 7_200.0, "L1": 0.0, "L2": 45.0, "L3": 2_355.0},
    "transitions": {"CALM to L2": 2, "L1 to CALM": 1, "L3 to L2": 1},
    "by_level": {"L2": {"trades": 3, "net_pnl": -12.5}},
    "by_track": {"regular": {"trades": 2, "net_pnl": 8.0}},
    "signals": {
        "anomaly": {"signals": 4, "actionable": 0, "refused": {"STATE": 4}},
        "regular": {"signals": 9, "actionable": 2, "refused": {"WARM_UP": 1, "WEAK": 7}},
    },
}


def test_table_of_levels_has_time_entries_and_trades():
    assert cells(report_market.level_rows(SUMMARY)) == [
        ["CALM", "2 h 00 min", "75.0 %", "1", "0", "\N{EN DASH}"],
        ["L1 (watch)", "\N{EN DASH}", "0.0 %", "0", "0", "\N{EN DASH}"],
        ["L2 (act)", "45 s", "0.5 %", "3", "3", "\N{MINUS SIGN}$12.50"],
        ["L3 (shock)", "39 min", "24.5 %", "0", "0", "\N{EN DASH}"],
    ]
    assert len(cells(report_market.transition_rows(SUMMARY))) == 3


def test_run_without_snapshots_has_no_shares():
    empty = SUMMARY | {"level_seconds": dict.fromkeys(("CALM", "L1", "L2", "L3"), 0.0)}
    assert {row[2] for row in cells(report_market.level_rows(empty))} == {"\N{EN DASH}"}


def test_tables_of_signals_begin_with_the_regular_track():
    assert cells(report_market.signal_rows(SUMMARY)) == [
        ["regular", "9", "2", "2", "+$8.00"],
        ["anomaly", "4", "0", "0", "\N{EN DASH}"],
    ]
    assert [(row[0], row[2], row[3]) for row in cells(report_market.refusal_rows(SUMMARY))] == [
        ("regular", "WEAK", "7"), ("regular", "WARM_UP", "1"), ("anomaly", "STATE", "4"),
    ]  # fmt: skip


def signals(*rows: dict[str, object]) -> pa.Table:
    names = report_market.FACTOR_COLUMNS
    given = [dict.fromkeys(names, math.nan) | {"track": "regular"} | row for row in rows]
    return pa.Table.from_pylist(given, pa.schema([SIGNALS.field(name) for name in names]))


def test_factor_counts_for_its_signals_direction_by_its_confidence():
    up = {"direction": 1, "trend_value": 0.8, "trend_confidence": 0.75}
    down = {"direction": -1, "trend_value": 0.4, "trend_confidence": 0.25}
    none = {"direction": 0, "trend_value": -1.0, "trend_confidence": 1.0}
    table = signals(up, down, none, up | {"trend_confidence": 0.0})
    found = {row[0]: row[1:] for row in cells(report_market.factor_rows(table))}
    assert len(found) == len(FACTORS)
    assert found["trend"] == ["67 %", "0.50"]  # (0.8 * 0.75 - 0.4 * 0.25) / 1, of two of three
    assert found["momentum"] == ["0 %", "\N{EN DASH}"]
    assert "regular: known" in report_market.factor_headings(table)
    assert str(Factor.TREND) in table.schema.names[2]


def test_level_has_a_color():
    assert set(market_figures.LEVEL_COLORS) == set(Level)
