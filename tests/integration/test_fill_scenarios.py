"""One backtest under every belief about fills: what is kept, compared and concluded."""

import datetime as dt
from pathlib import Path

import pytest
from scripted_strategy import BASE, Outcome, ScriptedOrder, run, scripted
from small_market import write_session

from autotrade_0dte.analysis.scenarios import scenario_equity, scenario_folder
from autotrade_0dte.analysis.tables import BOOKS, TABLES, read_table
from autotrade_0dte.config import SimulationParams, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.sessions import job_names

DATES = tuple(dt.date(2026, 7, day) for day in (20, 21))
ALL = tuple(FillScenario)
OTHERS = FillScenario.OPTIMISTIC, FillScenario.PESSIMISTIC


def still(_second: int, strike: float, is_call: bool) -> tuple[int, int]:
    """Quotes 20 cents wide that never move: what is paid is the scenario's doing alone."""
    intrinsic = max(605.0 - strike if is_call else strike - 605.0, 0.0)
    mid = round(100 * (intrinsic + 1.0))
    return mid - 10, mid + 10


def day_of_orders(date: dt.date) -> list[ScriptedOrder]:
    call = f"SPY{date:%y%m%d}C00600000"
    return [
        ScriptedOrder(60, call, "BUY", 2, 6.20, str(date)),
        ScriptedOrder(600, call, "SELL", 2, 5.80, str(date)),
    ]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    for date in DATES:
        write_session(
            Catalog(folder), "SPY", date, strikes=(590, 600, 610), spot=605.0, settlement=605.0,
            quote=still,
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def config() -> SystemConfig:
    orders = [order for date in DATES for order in day_of_orders(date)]
    return scripted("SPY", *orders, simulation=SimulationParams())


@pytest.fixture(scope="module")
def outcome(
    catalog: Path, config: SystemConfig, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    return run(config, catalog, tmp_path_factory.mktemp("all"), workers=2, scenarios=ALL)


def books(folder: Path) -> dict[str, str]:
    """Return the books without the run's id as text, in which an unknown equals an unknown."""
    tables = {name: read_table(folder, name).drop_columns("run_id") for name in BOOKS}
    return {name: repr(table.to_pylist()) for name, table in tables.items()}


def test_each_scenario_pays_its_own_price(outcome: Outcome) -> None:
    for date in DATES:
        fills = [
            [
                fill
                for fill in read_table(scenario_folder(outcome.folder, name), "fills").to_pylist()
                if fill["session"] == date
            ]
            for name in ALL
        ]
        for kind, base, harsh in zip(*fills, strict=True):
            sign = 1 if base["side"] == "BUY" else -1
            assert base["price"] == (6.10 if sign > 0 else 5.90)
            assert sign * (base["price"] - kind["price"]) >= 0.04
            assert kind["ts_event"] < base["ts_event"] < harsh["ts_event"]
            # A walk ends at the touch; an exit whose time is over goes beyond it, and pays that.
            assert sign * (harsh["price"] - base["price"]) == pytest.approx(
                0.0 if sign > 0 else 0.01
            )


def test_summary_compares_the_scenarios_and_the_run_is_the_base(outcome: Outcome) -> None:
    summary = outcome.summary
    assert list(summary["scenarios"]) == ["optimistic", "base", "pessimistic"]
    kind, base, harsh = summary["scenarios"].values()
    assert base["net_pnl"] == summary["net_pnl"] < 0
    assert kind["gross_pnl"] > base["gross_pnl"] == pytest.approx(-2 * 2 * 100 * 0.20)
    assert kind["trades"] == base["trades"] == harsh["trades"] == 2
    assert summary["fill_verdict"] == "LOSS"
    assert summary["clean"]


def test_other_scenarios_keep_their_books_steps_and_log_and_no_more(outcome: Outcome) -> None:
    for scenario in OTHERS:
        folder = outcome.folder / "scenarios" / scenario
        names = {path.name for path in folder.iterdir()}
        assert names == {f"{name}.parquet" for name in (*BOOKS, "steps")} | {"log.jsonl"}
    kept = {path.name for path in outcome.folder.iterdir()}
    assert kept >= {f"{name}.parquet" for name in TABLES} | {"scenarios"}
    assert "sessions" not in kept


def test_equity_of_every_scenario_is_read_for_comparison(outcome: Outcome) -> None:
    found = scenario_equity(outcome.folder)
    assert list(found) == list(ALL)
    assert {len(table) for table in found.values()} == {len(found[FillScenario.BASE])}


def test_result_does_not_depend_on_the_number_of_workers(
    outcome: Outcome, catalog: Path, config: SystemConfig, tmp_path: Path
) -> None:
    alone = run(config, catalog, tmp_path, workers=1, scenarios=ALL)
    for scenario in ALL:
        one, other = (scenario_folder(o.folder, scenario) for o in (alone, outcome))
        assert books(one) == books(other)


def test_base_alone_is_the_base_of_all_three(
    outcome: Outcome, catalog: Path, config: SystemConfig, tmp_path: Path
) -> None:
    alone = run(config, catalog, tmp_path, scenarios=BASE)
    assert books(alone.folder) == books(outcome.folder)
    assert list(alone.summary["scenarios"]) == ["base"]
    assert alone.summary["fill_verdict"] == "UNKNOWN"
    assert not (alone.folder / "scenarios").exists()
    assert alone.summary["config_hash"] == outcome.summary["config_hash"]


def test_jobs_are_named_by_session_and_scenario(catalog: Path) -> None:
    entries = Catalog(catalog).sessions("SPY")
    assert job_names(entries[:1], ALL) == [
        "2026-07-20-optimistic",
        "2026-07-20",
        "2026-07-20-pessimistic",
    ]
