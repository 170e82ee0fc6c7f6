"""Real vendor files give the counts that were measured on them independently."""

import datetime as dt

import numpy as np
import pytest
from nautilus_trader.model import IndexPriceUpdate, QuoteTick

from autotrade_0dte.calendar import expiry_ns
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers import import_files
from autotrade_0dte.data.quality import check
from autotrade_0dte.instruments import option_symbol

# Books and rows of each session: distinct quote times and lines of the files themselves, less the
# repeated polls of 07-20 (4 books) and with the second recorder of 08-12 (7 more books).
BOOKS = {
    "07-17": (75, 11_172), "07-20": (72, 10_746), "07-21": (9, 1_340), "07-22": (76, 11_380),
    "07-23": (7, 1_034), "07-24": (76, 11_250), "07-27": (76, 11_226), "07-28": (75, 11_112),
    "07-29": (76, 11_000), "07-30": (76, 11_206), "07-31": (77, 11_458), "08-04": (1, 144),
    "08-05": (76, 9_792), "08-06": (67, 10_054), "08-07": (76, 11_054), "08-10": (68, 9_764),
    "08-11": (75, 11_492), "08-12": (84, 12_968),
}  # fmt: skip


@pytest.fixture
def spy(real_data):
    return Catalog(real_data.catalog), real_data.reports


@pytest.fixture
def lean(real_data):
    return Catalog(real_data.catalog), real_data.reports["lean"]


def test_every_spy_session_has_its_books_and_rows(spy):
    catalog, _ = spy
    found = {
        f"{entry.date:%m-%d}": (entry.chain.books, entry.quotes)
        for entry in catalog.sessions("SPY")
    }
    assert found == BOOKS


def test_spy_rows_are_accounted_for(spy):
    _, reports = spy
    report = reports["spy_0dte_5min"]
    assert (report.rows_read, report.rows_written) == (168_946, 168_192)
    assert report.refused == {"duplicate": 754}
    # 27 locked rows, and bid 0 on 26.0 % of all rows read, counted with awk.
    assert report.noted["locked"] == 27
    assert report.noted["one_sided"] / report.rows_written == pytest.approx(0.2594, abs=1e-4)
    assert sorted(skipped.name for skipped in report.skipped) == ["LICENSE", "closes.csv"]


def test_spy_session_has_underlying_indexes_and_official_close(spy):
    catalog, reports = spy
    entry = catalog.session("SPY", dt.date(2026, 7, 17))
    assert [(held.symbol, held.kind, held.rows) for held in entry.datasets] == [
        ("SPY", "trades", 75), ("SPX", "index", 780), ("VIX", "index", 2), ("SPY", "chain", 11_172),
    ]  # fmt: skip
    assert catalog.settlement("SPY", entry.date).price_cents == 74_329
    assert catalog.settlement("SPX", entry.date).price_cents == 745_778
    assert catalog.open_interest(entry)["SPY260717P00705000"] == 33_416
    assert reports["spy_0dte_5min/closes.csv"].rows_written == 19
    # 2025-01-09 was a day of mourning: VIX was computed, the exchange closed.
    assert reports["vix_daily.csv"].refused == {"out_of_session": 1}
    assert len(catalog.instruments(entry)) == entry.contracts + 3


def test_spy_open_of_chunks_is_in_order_and_complete(spy):
    catalog, _ = spy
    entry = catalog.session("SPY", dt.date(2026, 7, 31))
    times = [tick.ts_init for chunk in catalog.chunks(entry, 1_000) for tick in chunk]
    assert len(times) == sum(held.rows for held in entry.datasets)
    assert times == sorted(times)


def test_spy_quality_finds_the_partial_sessions(spy):
    catalog, _ = spy
    rows = [row for row in check(catalog) if row["root"] == "SPY"]
    early = [f"{row['date']:%m-%d}" for row in rows if "ends_early" in row["problems"]]
    assert early == ["07-21", "07-23", "08-04"]
    # Nowhere do spot, chain and official close contradict each other.
    bad = [(f"{row['date']:%m-%d}", row["problems"]) for row in rows if row["verdict"] == "bad"]
    assert bad == [("08-04", ["one_book", "ends_early"])]


def test_lean_samples_are_not_bad(lean):
    catalog, _ = lean
    rows = [row for row in check(catalog) if row["root"] != "SPY"]
    assert {str(row["verdict"]) for row in rows} == {"warn"}


def test_goog_half_day_has_its_176_contracts(lean):
    catalog, report = lean
    entry = catalog.session("GOOG", dt.date(2015, 12, 24))
    assert (entry.contracts, entry.quotes) == (176, 21_894)  # 21,902 rows less 8 from 13:00 on
    contracts = [c for c in catalog.instruments(entry) if hasattr(c, "expiration_ns")]
    assert {c.expiration_ns for c in contracts} == {expiry_ns("GOOG", entry.date)}
    assert entry.last_ns < expiry_ns("GOOG", entry.date)
    assert [held.kind for held in entry.datasets] == ["trades", "quotes", "chain"]
    assert report.rows_read == report.rows_written + sum(report.refused.values())


def test_spxw_sessions_have_four_contracts_and_their_crossed_closes_are_refused(lean):
    catalog, report = lean
    found = [(e.contracts, e.quotes) for e in catalog.sessions("SPXW")]
    # 1,325, 1,445 and 1,448 rows, of which 0, 7 and 41 crossed at the bar's close.
    assert found == [(4, 1_325), (4, 1_438), (4, 1_407)]
    assert report.refused["crossed"] == 48


def test_spxw_and_index_stand_on_the_same_clock(lean):
    """Put-call parity fits the index within a fraction of a point; an hour off it is tens."""
    catalog, _ = lean
    entry = catalog.session("SPXW", dt.date(2021, 1, 4))
    ticks = [tick for chunk in catalog.chunks(entry) for tick in chunk]
    index = {t.ts_event: float(t.value) for t in ticks if isinstance(t, IndexPriceUpdate)}
    mids: dict[tuple[int, float], dict[str, float]] = {}
    for tick in ticks:
        if isinstance(tick, QuoteTick):
            symbol = option_symbol(str(tick.instrument_id.symbol))
            mid = (float(tick.bid_price) + float(tick.ask_price)) / 2
            mids.setdefault((tick.ts_event, symbol.strike), {})[symbol.right] = mid

    def spread(shift_ns: int) -> float:
        errors = [
            strike + pair["C"] - pair["P"] - index[when + shift_ns]
            for (when, strike), pair in mids.items()
            if len(pair) == 2 and when + shift_ns in index
        ]
        assert len(errors) > 200
        return float(np.std(errors))

    hour = 3_600 * 1_000_000_000
    assert spread(0) < 1.0
    assert min(spread(hour), spread(-hour)) > 5.0


@pytest.mark.parametrize("again", ["lean", "closes", "chains"])
def test_importing_the_same_files_again_changes_no_byte(spy, lean, shared_data, again):
    catalog = lean[0] if again == "lean" else spy[0]
    source, source_format = {
        "lean": ("lean", "lean"),
        "closes": ("spy_0dte_5min", "closes"),
        "chains": ("spy_0dte_5min", "cboe-delayed"),
    }[again]
    before = {path: path.stat().st_mtime_ns for path in catalog.path.rglob("*") if path.is_file()}
    report = import_files(source_format, [shared_data / source], catalog)
    after = {path: path.stat().st_mtime_ns for path in catalog.path.rglob("*") if path.is_file()}
    lock = catalog.path / ".lock"
    assert not report.changed
    assert before | {lock: 0} == after | {lock: 0}
