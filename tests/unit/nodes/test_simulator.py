"""Options of the simulator's command: which market they make, and what they refuse."""

import datetime as dt
from pathlib import Path

import pytest
from small_market import write_session

from autotrade_0dte.data.catalog import Catalog, CatalogError
from autotrade_0dte.execution.fees import FeeParams, fee_schedule, order_fee
from autotrade_0dte.nodes import simulator
from autotrade_0dte.nodes.simulator import (
    FaultOptions,
    ReplayOptions,
    SyntheticOptions,
    run_simulator,
)

DATES = (dt.date(2026, 7, 29), dt.date(2026, 7, 30))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    for date in DATES:
        write_session(
            Catalog(folder), "SPY", date, strikes=[600], spot=600.0, settlement=None, every_s=600
        )
    return folder


def test_the_latest_session_is_replayed_unless_a_date_is_given(folder: Path):
    latest = simulator._market(ReplayOptions(catalog=folder))
    given = simulator._market(ReplayOptions(catalog=folder, date=DATES[0]))
    assert str(DATES[1]) in latest.description
    assert str(DATES[0]) in given.description


def test_a_lively_synthetic_market_swings():
    market = simulator._market(SyntheticOptions(root="SPXW", lively=True, seed=3))
    assert market.underlying == "SPX"
    assert "swinging" in market.description
    assert "seed 3" in market.description


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (ReplayOptions(catalog=Path("none")), "Expected a session of SPY in none, was none"),
        (SyntheticOptions(quotes_per_second=0), "quotes_per_second"),
        (SyntheticOptions(closes_in_s=-1), "Expected hours"),
    ],
)
def test_a_market_that_cannot_be_is_refused(
    options: ReplayOptions | SyntheticOptions, problem: str
):
    with pytest.raises((CatalogError, ValueError), match=problem):
        run_simulator(options)


def test_a_date_without_a_session_is_refused(folder: Path):
    with pytest.raises(CatalogError, match="SPY on 2026-07-28"):
        run_simulator(ReplayOptions(catalog=folder, date=dt.date(2026, 7, 28)))


def test_a_script_that_cannot_be_read_is_refused_before_anything_starts(folder: Path):
    with pytest.raises(ValueError, match=r"none\.toml"):
        run_simulator(ReplayOptions(catalog=folder), faults=FaultOptions(file=folder / "none.toml"))


def test_a_damaged_file_ends_the_simulator_with_its_name(tmp_path: Path):
    write_session(Catalog(tmp_path), "SPY", DATES[0], strikes=[600], spot=600.0, settlement=None)
    for file in (tmp_path / "data" / "trades").rglob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(CatalogError, match=r"file of SPY\.US, was damaged"):
        run_simulator(ReplayOptions(catalog=tmp_path))


@pytest.mark.parametrize("fills", [[], [(3, 1.25)], [(1, 0.5), (4, 0.55)]])
@pytest.mark.parametrize("is_sell", [False, True])
def test_orders_are_charged_what_the_backtest_charges(
    fills: list[tuple[int, float]], is_sell: bool
):
    params = FeeParams()
    charged = simulator._fee_function(params, DATES[1])("SPXW", is_sell, fills)
    schedule = fee_schedule(params.entity, DATES[1])
    assert charged == order_fee(schedule, "SPXW", is_sell, fills).total
    assert (charged == 0) == (not fills)
