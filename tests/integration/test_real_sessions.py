"""The real sample data from vendor file to result, and the README's figures."""

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from integration.conftest import RealData
from unmeasured import unmeasured
from walked_log import faults_of, walked_parents

from autotrade_0dte.analysis.scenarios import scenario_folder
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.calendar import session
from autotrade_0dte.config import load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.sessions import run_backtest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import real_sessions  # noqa: E402

SPY = "SPY, books of 5 minutes"
SOME_SESSIONS = 3
BACKTEST_ALL = """
import pickle, sys
from pathlib import Path
import real_sessions
from autotrade_0dte.execution.fills import FillScenario
catalog, runs, kept = map(Path, sys.argv[1:])
results = real_sessions.backtest_all(catalog, runs, workers=2, scenarios=tuple(FillScenario))
kept.write_bytes(pickle.dumps(dict(results)))
"""


@pytest.fixture(scope="module")
def catalog(real_data: RealData) -> Path:
    return real_data.catalog


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def results(catalog: Path, runs: Path) -> dict[str, dict[str, Any]]:
    kept = runs / "results.pickle"
    subprocess.run(
        [sys.executable, "-c", BACKTEST_ALL, catalog, runs, kept],
        env=unmeasured() | {"PYTHONPATH": str(ROOT / "scripts")},
        check=True,
    )
    found: dict[str, dict[str, Any]] = pickle.loads(kept.read_bytes())
    return found


def test_readme_shows_the_figures_that_the_script_makes(
    results: dict[str, dict[str, Any]],
) -> None:
    assert real_sessions.table(list(results.items())) == real_sessions.readme_table()


def test_spy_sessions_settle_at_the_official_close_and_those_recorded_in_part_are_unclean(
    results: dict[str, dict[str, Any]],
) -> None:
    summary = results[SPY]
    codes = {
        row["session"]: {reason.partition(":")[0] for reason in row["unclean_reasons"]}
        for row in summary["per_session"]
        if not row["clean"]
    }
    assert codes == {
        "2026-07-21": {"DATA_ENDS_EARLY"},
        "2026-07-23": {"DATA_ENDS_EARLY"},
        "2026-08-04": {"DATA_ENDS_EARLY"},
    }
    assert (summary["sessions"], summary["open_at_end"]) == (18, 0)
    assert {row["settlement_source"] for row in summary["per_session"]} == {"official close"}


def test_goog_half_day_ends_clean_and_flat(results: dict[str, dict[str, Any]]) -> None:
    summary = results["GOOG 2015-12-24, half day"]
    assert (summary["unclean_reasons"], summary["open_at_end"]) == ([], 0)


def test_spxw_settles_against_the_last_minute_of_the_index(
    results: dict[str, dict[str, Any]],
) -> None:
    summary = results["SPXW 2021-01-04, minute bars"]
    assert summary["unclean_reasons"] == []
    [session] = summary["per_session"]
    assert session["settlement_source"] == "last print 0 s before expiry"


@pytest.mark.parametrize("scenario", FillScenario)
def test_parent_orders_of_the_spy_sessions_end_and_their_log_makes_each_move_again(
    results: dict[str, dict[str, Any]], runs: Path, scenario: FillScenario
) -> None:
    folder = scenario_folder(runs / results[SPY]["run_id"], scenario)
    config = load_config(ROOT / "configs" / "spy_5min.toml")
    parents = walked_parents(folder)
    found = {
        (str(parent.session), parent.order.parent_id): list(
            faults_of(parent, config, session(parent.session).close_ns)
        )
        for parent in parents
    }
    assert len(found) == len(parents) > 0
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("scenario", FillScenario)
def test_fills_of_the_spy_sessions_are_those_of_the_parents_and_make_the_positions(
    results: dict[str, dict[str, Any]], runs: Path, scenario: FillScenario
) -> None:
    folder = scenario_folder(runs / results[SPY]["run_id"], scenario)
    fills = read_table(folder, "fills").to_pylist()
    traded = [fill for fill in fills if fill["kind"] == "TRADE"]
    names = ("session", "client_order_id", "trade_id", "quantity", "price")
    steps = [row for row in read_table(folder, "steps").to_pylist() if row["event"] == "FILLED"]
    assert [_of(fill, names) for fill in traded] == [_of(step, names) for step in steps]

    held, earned = Counter[Any](), Counter[Any]()
    for fill in fills:
        key = fill["session"], fill["instrument_id"]
        signed = fill["quantity"] * (1 if fill["side"] == "BUY" else -1)
        held[key] += signed
        assert held[key] >= 0
        earned[key] -= signed * fill["price"] * 100
    assert not any(held.values())
    booked = Counter[Any]()
    for position in read_table(folder, "positions").to_pylist():
        booked[position["session"], position["instrument_id"]] += position["gross_pnl"]
    assert booked == pytest.approx(earned)


def _of(row: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_sessions_with_one_worker_are_those_of_the_run_with_two(
    catalog: Path, results: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    config = load_config(ROOT / "configs" / "spy_5min.toml")
    some = Catalog(catalog).sessions("SPY")[:SOME_SESSIONS]
    _, alone = run_backtest(
        config,
        catalog,
        some,
        tmp_path,
        workers=1,
        command="",
        progress=lambda _: None,
        scenarios=(FillScenario.BASE,),
    )
    all_rows = results[SPY]["per_session"]
    rows = [
        [row | {"elapsed_s": 0} for row in sessions]
        for sessions in (alone["per_session"], all_rows[:SOME_SESSIONS])
    ]
    assert len(rows[0]) == SOME_SESSIONS
    assert rows[0] == rows[1]
