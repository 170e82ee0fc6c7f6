"""autotrade explain on the run of a short synthetic session with a flash move."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flash_move_run import Command, FlashMove

from autotrade_0dte.analysis.session_rows import rows_of
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.market_state.state import CHANNELS, Level
from autotrade_0dte.selection.ranking import TERMS
from autotrade_0dte.signals.signal import FACTORS


@pytest.fixture(scope="module")
def run(flash_move: FlashMove) -> Path:
    return flash_move.run


def instant(ns: int) -> str:
    """Return the first whole second at or after an instant."""
    return dt.datetime.fromtimestamp(-(-ns // 1_000_000_000), dt.UTC).isoformat()


def entries(run: Path) -> list[dict[str, Any]]:
    return [row for row in rows_of(read_table(run, "decisions")) if row["kind"] == "ENTER"]


def test_every_entry_of_the_run_is_explained_from_state_to_fill(
    run: Path, autotrade: Command
) -> None:
    made = entries(run)
    assert made
    for row in made:
        code, out, _ = autotrade("explain", run, "--at", instant(row["ts_event"]), "--json")
        assert code == 0
        found = msgspec.json.decode(out)
        market = found["market"]
        assert market["level"] == row["level"]
        assert {each["channel"] for each in market["evidence"]} == set(CHANNELS)
        [signal] = [each for each in found["signals"] if each["track"] == row["track"]]
        assert signal["direction"] == row["direction"]
        assert {each["factor"] for each in signal["factors"]} == set(FACTORS)
        [decision] = [d for d in found["decisions"] if d["plan_id"] == row["plan_id"]]
        considered = decision["considered"]
        assert considered["best"][0]["instrument_id"] == row["instrument_id"]
        assert len(considered["best"][0]["terms"]) == len(TERMS)
        assert sum(group["count"] for group in considered["falls"]) == considered["refused"]
        assert considered["offered"] + considered["refused"] == 12
        order = decision["orders"][0]
        assert order["side"] == "BUY"
        first = order["work"]["steps"][0]
        assert first["ts_event"] == row["ts_event"]
        assert first["move"] == "SUBMIT" or first["veto"]


def test_print_fits_a_screen_and_names_level_and_contract(run: Path, autotrade: Command) -> None:
    for row in entries(run):
        code, out, _ = autotrade("explain", run, "--at", instant(row["ts_event"]))
        assert code == 0
        assert len(out.splitlines()) <= 60
        assert f"ENTER {row['track']} {row['plan_id']} {row['reason']}" in out
        assert f"Market  {Level(row['level']).name}" in out
        assert out.count("worked ") == 1


def test_session_is_told_in_order_of_time(run: Path, autotrade: Command) -> None:
    code, out, _ = autotrade("explain", run)
    assert code == 0
    changes = sum(read_summary(run)["transitions"].values())
    lines = out.splitlines()[1:]
    assert sum(" to " in line for line in lines) >= changes > 0
    assert [line[:8] for line in lines] == sorted(line[:8] for line in lines)


def test_costs_of_the_run_s_orders_are_told_in_all_and_by_the_grouping_asked_for(
    run: Path, autotrade: Command
) -> None:
    parents = read_table(run, "parents")
    code, out, _ = autotrade("tca", run, "--by", "purpose", "--by", "half-hour", "--json")
    assert code == 0
    found = msgspec.json.decode(out)
    assert set(found["groups"]) == {"purpose", "half-hour"}
    assert found["total"]["parents"] == len(parents) > 0
    assert found["total"]["fees"] == pytest.approx(read_summary(run)["fees"])
    traded = [row for row in rows_of(read_table(run, "fills")) if row["kind"] == "TRADE"]
    assert sum(parents["filled"].to_pylist()) == sum(row["quantity"] for row in traded)
    assert len(read_table(run, "marks")) == 4 * len(traded)
    parts = found["total"]["parts"]
    added = sum(parts[name] for name in ("delay", "spread", "impact", "opportunity"))
    assert added == pytest.approx(parts["shortfall"])
    executed = read_summary(run)["execution"]
    assert executed["slippage_of_spread"] == pytest.approx(found["total"]["slippage"]["value"])
    assert executed["fill_ratio"] > 0
    code, out, _ = autotrade("tca", run, "--by", "track")
    assert code == 0
    assert "By track" in out
    assert "By purpose" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--at", "09:29"), "--at: Expected a time from 09:30:"),
        (("--at", "late"), "--at: Expected a time such as 10:31"),
        (("--session", "2026-07-30"), "--session: Expected 2026-07-31, was 2026-07-30"),
        (("--at", "10:00", "--track", "fast"), "--track: Expected anomaly or regular, was fast"),
    ],
)
def test_what_the_run_does_not_have_is_refused_in_a_line(
    run: Path, autotrade: Command, words: tuple[str, ...], message: str
) -> None:
    code, out, err = autotrade("explain", run, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"autotrade: {message}")
    assert len(err.splitlines()) == 1


def test_folder_that_is_no_run_is_refused(tmp_path: Path, autotrade: Command) -> None:
    code, _, err = autotrade("explain", tmp_path, "--at", "10:00")
    assert code == 2
    assert "Expected a run folder with summary.json" in err
