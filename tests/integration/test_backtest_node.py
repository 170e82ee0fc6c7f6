"""The backtest node: what makes a run unclean, what the desk refuses, and that runs repeat."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from scripted_strategy import Outcome, ScriptedOrder, run, scripted
from small_market import write_session

from autotrade_0dte.analysis.signal_accuracy import ACCURACY_FILE
from autotrade_0dte.analysis.tables import TABLES
from autotrade_0dte.config import AccountKind, StrategySpec
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.nodes.sessions import SessionFaultError

STRIKES = (590, 600, 610)
FAILURES = {
    "2026-07-20": "quote",
    "2026-07-21": "view",
    "2026-07-22": "timer",
    "2026-07-23": "order",
}
CLEAN = "2026-07-24"


def write_catalog(folder: Path, *dates: str, root: str = "SPY") -> Path:
    catalog = Catalog(folder / "catalog")
    for date in dates:
        write_session(
            catalog,
            root,
            dt.date.fromisoformat(date),
            strikes=STRIKES,
            spot=605.0,
            settlement=605.0,
        )
    return folder / "catalog"


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("failing")
    catalog = write_catalog(folder, *FAILURES, CLEAN)
    orders = [
        ScriptedOrder(60, f"SPY{date[2:].replace('-', '')}C00610000", "BUY", 1, 2.0, date)
        for date in FAILURES
    ]
    return run(scripted("SPY", *orders, failures=FAILURES), catalog, folder / "runs")


@pytest.mark.parametrize("date", FAILURES)
def test_exception_in_a_handler_stops_the_session_and_ends_it_unclean(
    failing: Outcome, date: str
) -> None:
    reasons = failing.sessions[date]["unclean_reasons"]
    assert any(f"scripted failure in {FAILURES[date]}" in reason for reason in reasons)
    assert any(reason.startswith("RUN_STOPPED") for reason in reasons)


def test_failure_in_one_session_leaves_the_others_clean(failing: Outcome) -> None:
    assert failing.sessions[CLEAN]["unclean_reasons"] == []
    assert failing.summary["clean"] is False


def test_run_folder_has_its_log_and_no_leftovers(failing: Outcome) -> None:
    names = {path.name for path in failing.folder.iterdir()}
    expected = {f"{name}.parquet" for name in TABLES}
    assert names == expected | {"config.toml", "summary.json", "log.jsonl", ACCURACY_FILE}
    assert b"scripted failure in timer" in (failing.folder / "log.jsonl").read_bytes()


def test_desk_denies_with_reason_and_figures(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, "2026-07-20")
    orders = [
        ScriptedOrder(60, "SPY260720C00600000", "BUY", 2, 6.01),
        ScriptedOrder(120, "SPY260720C00600000", "SELL", 3, 5.99),
        ScriptedOrder(180, "SPY260720C00610000", "SELL", 1, 0.99),
        ScriptedOrder(240, "SPY260720C00590000", "BUY", 20, 16.01),
        ScriptedOrder(300, "SPY260720C00590000", "BUY", 1),
        ScriptedOrder(360, "SPY", "BUY", 1, 605.0),
        ScriptedOrder(420, "SPY260720C00600000", "SELL", 2, 5.99),
    ]
    config = scripted("SPY", *orders, kind=AccountKind.CASH, cash=10_000.0)
    outcome = run(config, catalog, tmp_path / "runs")
    told = [(row["status"], row["reason"]) for row in outcome.tables["orders"].to_pylist()]
    assert [status for status, _ in told] == ["FILLED"] + ["DENIED"] * 5 + ["FILLED"]
    assert told[1][1] == "NAKED_SHORT: uncovered=1, sell=3, net_held=2, working_sells=0"
    assert told[2][1].startswith("NAKED_SHORT: uncovered=1, sell=1, net_held=0")
    assert told[3][1].startswith("PREMIUM_EXCEEDS_CASH: cost=320")
    assert told[4][1] == "NO_PRICE_LIMIT: quantity=1, price=nan"
    assert told[5][1] == "NOT_AN_OPTION: instrument=SPY.US"
    assert outcome.summary["denied"] == 5
    assert outcome.summary["clean"] is True


def test_result_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    dates = ("2026-07-20", "2026-07-21", "2026-07-22")
    catalog = write_catalog(tmp_path, *dates)
    orders = [
        ScriptedOrder(60 + n, f"SPY{date[2:].replace('-', '')}{right}", "BUY", 1, 17.0, date)
        for n, date in enumerate(dates)
        for right in ("C00590000", "P00610000")
    ]
    one, two = (run(scripted("SPY", *orders), catalog, tmp_path / str(n), n) for n in (1, 2))
    for name in TABLES:
        left = one.tables[name].drop_columns("run_id").to_pydict()
        right = two.tables[name].drop_columns("run_id").to_pydict()
        assert str(left) == str(right), name  # as text: NaN equals NaN
    timing = {"run_id", "elapsed_s", "events_per_second", "per_session"}
    assert {k: v for k, v in one.summary.items() if k not in timing} == {
        k: v for k, v in two.summary.items() if k not in timing
    }
    rows = zip(one.summary["per_session"], two.summary["per_session"], strict=True)
    assert all(a | {"elapsed_s": 0} == b | {"elapsed_s": 0} for a, b in rows)


def test_strategy_that_cannot_start_is_a_fault_that_names_the_session(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, "2026-07-20")
    broken = StrategySpec("broken_strategy:BrokenStrategy", {})
    config = msgspec.structs.replace(scripted("SPY"), regular=broken)
    with pytest.raises(SessionFaultError, match=r"2026-07-20 .* stopped by ValueError: never"):
        run(config, catalog, tmp_path / "runs")


def test_buys_on_their_way_to_the_venue_count_against_the_cash(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, "2026-07-20")
    orders = [ScriptedOrder(60, "SPY260720C00600000", "BUY", 1, 6.01) for _ in range(3)]
    outcome = run(scripted("SPY", *orders, cash=1_000.0), catalog, tmp_path / "runs")
    assert [row["status"] for row in outcome.tables["orders"].to_pylist()].count("DENIED") == 2
