"""autotrade stress on the run of a short synthetic session with a flash move."""

import json
from pathlib import Path
from shutil import copytree

import pytest
from flash_move_run import Command, FlashMove

from autotrade_0dte.analysis.session_rows import rows_of
from autotrade_0dte.analysis.summary import SUMMARY_FILE
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.risk.stress import Stress


def test_largest_premium_at_risk_is_stressed_on_the_quotes_of_its_moment(
    flash_move: FlashMove, autotrade: Command
) -> None:
    code, shown, _ = autotrade("stress", flash_move.run, "--catalog", flash_move.catalog, "--json")
    found = json.loads(shown)
    fills = rows_of(read_table(flash_move.run, "fills"))
    [leg] = found["legs"]
    assert code == 0
    bought = [f for f in fills if f["side"] == "BUY"]
    dearest = max(f["quantity"] * f["price"] for f in bought)
    assert found["held"]["premium_usd"] >= 100 * dearest - 0.01
    fill = max((f for f in fills if f["ts_event"] <= found["held"]["at_ns"]),
               key=lambda f: f["ts_event"])  # fmt: skip
    assert leg["name"] == fill["instrument_id"].removesuffix(".US")
    assert leg["bid"] == pytest.approx(fill["bid"], abs=0.10)
    assert 0 <= found["held"]["at_ns"] - found["result"]["ts_event"] < 2e9
    assert [loss["stress"] for loss in found["result"]["losses"]] == list(Stress)
    assert all(loss["loss_usd"] is not None for loss in found["result"]["losses"])
    # A long option loses at most what it is marked at, and its grid says so too.
    value = found["result"]["value_usd"]
    assert max(loss["loss_usd"] for loss in found["result"]["losses"]) <= value + 0.01
    assert found["worst"][0] == pytest.approx(value)


def test_market_is_that_of_the_run_where_no_catalog_is_named(
    flash_move: FlashMove, tmp_path: Path, autotrade: Command
) -> None:
    named = autotrade("stress", flash_move.run, "--catalog", flash_move.catalog, "--json")
    assert autotrade("stress", flash_move.run, "--json") == named
    moved = copytree(flash_move.run, tmp_path / "run")
    summary = moved / SUMMARY_FILE
    summary.write_text(summary.read_text().replace(str(flash_move.catalog), "elsewhere"))
    code, _, error = autotrade("stress", moved)
    assert code == 2
    assert "--catalog: Expected the run's, was none: there is no elsewhere here" in error


def test_moment_without_positions_loses_nothing(flash_move: FlashMove, autotrade: Command) -> None:
    code, shown, _ = autotrade(
        "stress", flash_move.run, "--at", "09:35", "--catalog", flash_move.catalog
    )
    assert code == 0
    assert "Held  nothing" in shown


@pytest.mark.parametrize("at", ["03:00", "19:00"])
def test_moment_outside_the_session_is_bad_usage(
    flash_move: FlashMove, autotrade: Command, at: str
) -> None:
    code, _, error = autotrade(
        "stress", flash_move.run, "--at", at, "--catalog", flash_move.catalog
    )
    assert code == 2
    assert "Expected a moment of the recorded session" in error


def test_catalog_without_the_session_is_bad_usage(
    flash_move: FlashMove, tmp_path: Path, autotrade: Command
) -> None:
    code, _, error = autotrade("stress", flash_move.run, "--catalog", tmp_path)
    assert code == 2
    assert "autotrade: " in error
