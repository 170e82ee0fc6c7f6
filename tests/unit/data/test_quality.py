"""What is wrong with a session is found, named and printed readably."""

import dataclasses
import datetime as dt
import io

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from autotrade_0dte.calendar import session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers import import_files
from autotrade_0dte.data.quality import QualityParams, check, describe
from autotrade_0dte.data.session_data import IndexPrices, SettlementPrice, UnderlyingTrades
from autotrade_0dte.data.tables import (
    import_summary,
    print_check,
    print_import,
    print_info,
    quality_table,
    sessions_table,
    to_text,
)

DATE = dt.date(2026, 7, 17)
DAY = session(DATE)


def write(catalog, *items, **options):
    with catalog.transaction("test", **options) as tx:
        for item in items:
            tx.write(item, ("file.csv",))


@pytest.fixture
def good(catalog, make_chain) -> Catalog:
    """One session with everything it needs: books from open to close, underlying, settlement."""
    trades = UnderlyingTrades("SPY", DATE, *(np.array([v]) for v in (DAY.open_ns, 70_000, 1)))
    official = SettlementPrice("SPY", DATE, 70_123, "official close")
    write(catalog, make_chain(books=390), trades, official)
    return catalog


def only(rows):
    (row,) = rows
    return row


def test_names_of_files_are_shown_as_they_are() -> None:
    table = Table()
    table.add_row("SPY[2026].csv :x:")
    assert "SPY[2026].csv :x:" in to_text(table)


def test_whole_session_is_ok(good):
    row = only(check(good))
    assert (row["verdict"], row["problems"]) == ("ok", [])
    assert (row["books"], row["quotes"], row["gaps"]) == (390, 1_560, 0)
    assert (row["first"], row["last"]) == (dt.time(9, 30), dt.time(15, 59))
    assert row["underlying"]
    assert row["settlement"]


def test_session_without_anything_else_is_a_warning(catalog, make_chain):
    write(catalog, make_chain(books=390))
    row = only(check(catalog))
    assert (row["verdict"], row["problems"]) == ("warn", ["no_underlying", "no_settlement"])


def test_late_early_and_gappy_session_is_a_warning(good, make_chain):
    chain = make_chain(books=40)
    minute = np.repeat(np.concatenate([np.arange(30, 50), np.arange(100, 120)]), 4)
    write(
        good,
        dataclasses.replace(chain, ts_event=DAY.open_ns + minute * 60_000_000_000),
        replace=True,
    )
    row = only(check(good))
    assert row["problems"] == ["gaps", "starts_late", "ends_early"]
    assert (row["gaps"], row["longest_gap_s"]) == (1, 51 * 60)
    lenient = only(check(good, QualityParams(edge_s=30_000)))
    assert lenient["problems"] == ["gaps"]


def test_quotes_mostly_without_a_bid_are_a_warning(good, make_chain):
    chain = make_chain(books=390)
    bid = np.where(chain.contract < 3, 0, chain.bid)
    size = np.where(bid > 0, chain.bid_size, 0)
    write(good, dataclasses.replace(chain, bid=bid, bid_size=size), replace=True)
    row = only(check(good))
    assert row["problems"] == ["mostly_one_sided"]
    assert row["one_sided_fraction"] == 0.75


@pytest.mark.parametrize("folder", ["quotes", "trades", "option_contract"])
def test_changed_file_makes_the_session_bad(good, folder):
    path = next((good.path / "data" / folder).rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    row = only(check(good))
    assert (row["verdict"], row["problems"]) == ("bad", ["file_changed"])


@pytest.mark.parametrize("folder", ["quotes", "trades"])
def test_file_cut_short_or_gone_makes_the_session_bad(good, folder):
    path = next((good.path / "data" / folder).rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100])
    assert only(check(good))["problems"] == ["file_changed"]
    path.unlink()
    assert only(check(good))["problems"] == ["file_missing"]


def test_missing_settlement_file_makes_the_session_bad(good):
    next((good.path / "autotrade/settlements").rglob("*.json")).unlink()
    row = only(check(good))
    assert (row["verdict"], row["problems"]) == ("bad", ["file_missing", "no_settlement"])


def test_damage_outside_any_session_gets_its_own_row(good):
    other = dt.date(2026, 7, 20)
    write(good, IndexPrices("VIX", other, np.array([session(other).open_ns]), np.array([1_600])))
    next((good.path / "data/index_prices").rglob("*.parquet")).unlink()
    rows = check(good)
    assert [(row["root"], row["date"], row["verdict"]) for row in rows] == [
        ("SPY", DATE, "ok"),
        ("VIX", other, "bad"),
    ]
    assert "file missing" in to_text(quality_table(rows))


def test_overview_tells_what_a_session_has(good):
    row = only(describe(good))
    assert (row["root"], row["contracts"], row["books"], row["quotes"]) == ("SPY", 4, 390, 1_560)
    assert row["other_data"] == ["SPY trades"]
    assert row["settlement"] == 701.23
    assert row["sources"] == ["file.csv"]
    assert row["size_bytes"] > 1_000
    assert row["fingerprint"] == good.session("SPY", DATE).fingerprint


def test_tables_fit_100_columns_and_show_the_figures(good, make_chain, capsys):
    write(good, make_chain(date=dt.date(2026, 7, 20), books=5), synthetic=True)
    info = to_text(sessions_table(describe(good)))
    assert "2 sessions, 1,580 quotes" in info
    assert "(* synthetic)" in info
    assert "SPY*" in info
    assert " 701.23 " in info
    found = to_text(quality_table(check(good)))
    assert "2 checked: 1 ok, 1 warn, 0 bad" in found
    assert "ends early" in " ".join(found.split())
    assert max(map(len, (info + found).splitlines())) <= 100
    print_info(describe(good))
    print_check(check(good))
    assert capsys.readouterr().out.split() == (info + found).split()


def test_tables_cut_nothing_off_at_80_columns(good):
    out = io.StringIO()
    console = Console(file=out, width=80)
    console.print(sessions_table(describe(good)), quality_table(check(good)))
    assert "\N{HORIZONTAL ELLIPSIS}" not in out.getvalue()
    assert "settles" in out.getvalue()


def test_empty_catalog_prints_a_sentence(catalog):
    assert "no session" in to_text(sessions_table(describe(catalog)))


def test_import_summary_shows_every_count(catalog, tmp_path, write_cboe, cboe_row, capsys):
    write_cboe([cboe_row(), cboe_row(bid=9.0), cboe_row(kind="P", bid=0.0)])
    (tmp_path / "notes.txt").write_text("x")
    report = import_files("cboe-delayed", [tmp_path], catalog)
    text = to_text(import_summary(report))
    for line in ("rows read", "1  rows refused: crossed", "1  noted: one sided", "notes.txt"):
        assert line in text
    assert "2 datasets of 1 session stored" in text
    print_import(import_files("cboe-delayed", [tmp_path / "SPY_2026-07-17.csv"], catalog))
    assert "Nothing changed: 0 datasets of 0 sessions stored, 2 held" in capsys.readouterr().out
