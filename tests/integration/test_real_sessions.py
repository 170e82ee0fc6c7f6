"""The real sample data from vendor file to result, and the README's figures."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.conftest import RealData
from unmeasured import unmeasured

from autotrade_0dte.config import load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.sessions import run_backtest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import real_sessions  # noqa: E402

SOME_SESSIONS = 3
BACKTEST_ALL = """
import pickle, sys
from pathlib import Path
import real_sessions
catalog, runs, kept = map(Path, sys.argv[1:])
kept.write_bytes(pickle.dumps(dict(real_sessions.backtest_all(catalog, runs, workers=2))))
"""


@pytest.fixture(scope="module")
def catalog(real_data: RealData) -> Path:
    return real_data.catalog


@pytest.fixture(scope="module")
def results(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("runs")
    kept = folder / "results.pickle"
    subprocess.run(
        [sys.executable, "-c", BACKTEST_ALL, catalog, folder, kept],
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
    summary = results["SPY, books of 5 minutes"]
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
    all_rows = results["SPY, books of 5 minutes"]["per_session"]
    rows = [
        [row | {"elapsed_s": 0} for row in sessions]
        for sessions in (alone["per_session"], all_rows[:SOME_SESSIONS])
    ]
    assert len(rows[0]) == SOME_SESSIONS
    assert rows[0] == rows[1]
