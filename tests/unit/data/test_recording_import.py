"""Journals of live nodes become sessions of the catalog that replay as they were received."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from autotrade_0dte import calendar
from autotrade_0dte.calendar import Session, new_york_ns
from autotrade_0dte.data.catalog import Catalog, CatalogConflictError
from autotrade_0dte.data.columns import file_name
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.importers.importing import import_files, import_journal
from autotrade_0dte.data.importers.report import DataError
from autotrade_0dte.data.journal import JournalHeader, JournalWriter
from autotrade_0dte.data.quality import check

SUNDAY = dt.date(2026, 11, 22)
OPEN_NS = new_york_ns(SUNDAY, dt.time(20, 0))
HOURS = Session(SUNDAY, OPEN_NS, OPEN_NS + 3_600_000_000_000)
CALL, PUT, NEXT = "SPY261122C00600000", "SPY261122P00600000", "SPY261122C00601000"
SYMBOLS = (PUT, CALL, NEXT, "SPY", "VIX")
SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def calendar_of_its_own(monkeypatch):
    """Forget the rehearsal's hours after each test."""
    monkeypatch.setattr(calendar, "_known", {})


def header(**changes) -> JournalHeader:
    facts = JournalHeader(
        root="SPY",
        underlying="SPY",
        hours=HOURS,
        symbols=SYMBOLS,
        synthetic=True,
        source="loopback",
        open_interest={CALL: 120.0},
    )
    return msgspec.structs.replace(facts, **changes)


def at(seconds: float) -> tuple[int, int]:
    """Return an event `seconds` after the open, and when it was received: 3 ms later."""
    ts = HOURS.open_ns + round(seconds * SECOND)
    return ts, ts + 3_000_000


def journal(folder: Path, **changes) -> JournalWriter:
    """Write a few rows of each kind; the last quote's event is older than the one before."""
    told = header(**changes)
    number = {symbol: n for n, symbol in enumerate(told.symbols)}
    writer = JournalWriter(folder, told)
    writer.trade(number["SPY"], *at(1), 600.25, 100)
    writer.quote(number[CALL], *at(2), 1.20, 1.25, 10, 20)
    writer.index(number["VIX"], *at(3), 17.31)
    writer.quote(number["SPY"], *at(4), 600.20, 600.30, 300, 400)
    writer.quote(number[PUT], *at(5), 0, 0.05, 0, 7)
    writer.quote(number[CALL], at(1)[0], at(6)[1], 1.30, 1.35, 11, 21)
    writer.flush()
    return writer


def replayed(catalog: Catalog) -> list[tuple[str, str, int, int]]:
    entry = catalog.session("SPY", SUNDAY)
    items = [item for chunk in catalog.chunks(entry) for item in chunk]
    return [
        (type(item).__name__, str(item.instrument_id.symbol), item.ts_event, item.ts_init)
        for item in items
    ]


def test_recording_replays_in_the_order_it_was_received_with_both_times(catalog, tmp_path):
    journal(tmp_path / "journal")
    import_journal(tmp_path / "journal", catalog)
    assert replayed(catalog) == [
        ("TradeTick", "SPY", *at(1)),
        ("QuoteTick", CALL, *at(2)),
        ("IndexPriceUpdate", "VIX", *at(3)),
        ("QuoteTick", "SPY", *at(4)),
        ("QuoteTick", PUT, *at(5)),
        ("QuoteTick", CALL, at(1)[0], at(6)[1]),
    ]


def test_recording_keeps_prices_sizes_contracts_and_open_interest(catalog, tmp_path):
    journal(tmp_path / "journal")
    report = import_journal(tmp_path / "journal", catalog)
    entry = catalog.session("SPY", SUNDAY)
    items = [item for chunk in catalog.chunks(entry) for item in chunk]
    first, last = (i for i in items if str(getattr(i, "instrument_id", "")) == f"{CALL}.US")
    assert [str(v) for v in (first.bid_price, first.ask_price)] == ["1.20", "1.25"]
    assert [str(v) for v in (last.bid_size, last.ask_size)] == ["11", "21"]
    assert (str(items[0].price), str(items[0].size)) == ("600.25", "100")
    assert str(items[2].value) == "17.31"
    assert entry.chain.contracts == (CALL, PUT, NEXT)  # also the one without a quote
    assert catalog.open_interest(entry) == {CALL: 120.0}
    assert catalog.settlement("SPY", SUNDAY) is None
    assert (report.rows_read, report.rows_written, report.noted) == (6, 6, {"one_sided": 1})


def test_hours_of_a_rehearsal_come_back_with_the_session(catalog, tmp_path):
    journal(tmp_path / "journal")
    import_journal(tmp_path / "journal", catalog)
    entry = Catalog(catalog.path).session("SPY", SUNDAY)
    assert entry.hours == HOURS
    calendar._known.clear()  # as in another process
    [row] = check(catalog)
    assert row["verdict"] == "warn"
    contract = next(i for i in catalog.instruments(entry) if str(i.id.symbol) == CALL)
    assert (contract.activation_ns, contract.expiration_ns) == (HOURS.open_ns, HOURS.close_ns)


def test_catalog_names_files_and_spans_by_the_time_of_receipt(catalog, tmp_path):
    journal(tmp_path / "journal")
    import_journal(tmp_path / "journal", catalog)
    entry = catalog.session("SPY", SUNDAY)
    assert (entry.first_ns, entry.last_ns) == (at(2)[1], at(6)[1])
    [file] = [f for f in entry.chain.files if f.path.startswith(f"data/quotes/{CALL}.US/")]
    assert Path(file.path).name == file_name(at(2)[1], at(6)[1])


@pytest.mark.parametrize(("event_later_ns", "received_later_ns"), [(0, 1), (1, 0)])
def test_another_time_of_either_kind_is_other_data(
    catalog, tmp_path, event_later_ns, received_later_ns
):
    event, received = at(2)
    times = {
        "first": (event, received),
        "second": (event + event_later_ns, received + received_later_ns),
    }
    for name, told in times.items():
        writer = JournalWriter(tmp_path / name, header())
        writer.quote(1, *told, 1.20, 1.25, 10, 20)
        writer.close()
    import_journal(tmp_path / "first", catalog)
    with pytest.raises(CatalogConflictError, match="was different data"):
        import_journal(tmp_path / "second", catalog)


def test_other_hours_are_other_data(catalog, tmp_path):
    journal(tmp_path / "first")
    import_journal(tmp_path / "first", catalog)
    longer = msgspec.structs.replace(HOURS, close_ns=HOURS.close_ns + SECOND)
    journal(tmp_path / "second", hours=longer)
    with pytest.raises(CatalogConflictError, match="was different data"):
        import_journal(tmp_path / "second", catalog)


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_journal_stays_marked(catalog, tmp_path, synthetic):
    journal(tmp_path / "journal", synthetic=synthetic)
    import_journal(tmp_path / "journal", catalog)
    assert catalog.session("SPY", SUNDAY).synthetic is synthetic


def test_synthetic_and_real_journals_together_are_refused(catalog, tmp_path):
    journal(tmp_path, synthetic=True)
    journal(tmp_path, synthetic=False)
    with pytest.raises(DataError, match="synthetic journals or real ones, was both"):
        import_journal(tmp_path, catalog)
    assert catalog.sessions() == []


def test_importing_twice_changes_nothing(catalog, tmp_path):
    journal(tmp_path)
    import_journal(tmp_path, catalog)
    assert import_journal(tmp_path, catalog).changed is False


def test_journals_of_a_node_started_again_are_joined(catalog, tmp_path):
    journal(tmp_path)
    again = JournalWriter(tmp_path, header(symbols=("SPY", CALL, "SPY261122P00601000")))
    again.quote(2, *at(9), 2.00, 2.05, 1, 1)
    again.quote(1, *at(10), 1.00, 1.05, 1, 1)
    again.flush()
    import_journal(tmp_path, catalog)
    assert replayed(catalog)[-2:] == [
        ("QuoteTick", "SPY261122P00601000", *at(9)),
        ("QuoteTick", CALL, *at(10)),
    ]
    entry = catalog.session("SPY", SUNDAY)
    assert entry.chain.contracts == (CALL, PUT, NEXT, "SPY261122P00601000")
    assert entry.chain.sources == (
        "SPY_2026-11-22_001.journal from loopback",
        "SPY_2026-11-22_002.journal from loopback",
    )


def test_journals_that_disagree_on_the_hours_are_refused(catalog, tmp_path):
    journal(tmp_path)
    journal(tmp_path, hours=msgspec.structs.replace(HOURS, open_ns=HOURS.open_ns + 1))
    with pytest.raises(DataError, match=r"session of the journal before it.*_002\.journal"):
        import_journal(tmp_path, catalog)


def test_row_received_out_of_order_is_put_in_order_and_noted(catalog, tmp_path):
    writer = journal(tmp_path)
    writer.quote(1, *at(4.5), 1.10, 1.15, 1, 1)
    writer.flush()
    report = import_journal(tmp_path, catalog)
    assert report.noted["reordered"] == 1
    times = [ts_init for *_, ts_init in replayed(catalog)]
    assert times == sorted(times)


def test_crossed_quote_is_kept_and_noted(catalog, tmp_path):
    writer = journal(tmp_path)
    writer.quote(1, *at(7), 1.30, 1.25, 1, 1)
    writer.flush()
    report = import_journal(tmp_path, catalog)
    assert (report.noted["crossed"], report.refused) == (1, {})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("quote", 9, *at(7), 1.0, 1.1, 1, 1), "unparsable"),
        (("quote", 1, *at(7), float("nan"), 1.1, 1, 1), "unparsable"),
        (("quote", 1, *at(7), -1.0, 1.1, 1, 1), "negative"),
        (("quote", 1, *at(7), 1.005, 1.1, 1, 1), "sub_cent"),
        (("trade", 3, *at(7), 0.0, 1), "negative"),
        (("trade", 3, *at(7), 600.0, 0), "negative"),
        (("quote", 1, *at(3_599.999), 1.0, 1.1, 1, 1), "out_of_session"),
    ],
)
def test_bad_row_is_refused_and_counted(catalog, tmp_path, row, reason):
    writer = journal(tmp_path)
    method, *values = row
    getattr(writer, method)(*values)
    writer.flush()
    report = import_journal(tmp_path, catalog)
    assert report.refused == {reason: 1}
    assert len(replayed(catalog)) == 6


def test_quote_received_before_the_open_is_kept(catalog, tmp_path):
    early = JournalWriter(tmp_path, header())
    early.quote(1, *at(-60), 1.0, 1.1, 1, 1)
    early.flush()
    import_journal(tmp_path, catalog)
    assert replayed(catalog) == [("QuoteTick", CALL, *at(-60))]


def test_rows_of_zeros_after_a_power_failure_are_refused(catalog, tmp_path):
    writer = journal(tmp_path)
    with writer.path.open("ab") as file:
        file.write(bytes(56 * 3))
    assert import_journal(tmp_path, catalog).refused == {"unparsable": 3}


def test_journal_without_an_option_quote_is_refused(catalog, tmp_path):
    writer = JournalWriter(tmp_path, header())
    writer.trade(3, *at(1), 600.25, 100)
    writer.flush()
    with pytest.raises(DataError, match="quotes of options, was none"):
        import_journal(tmp_path, catalog)


def test_folder_without_a_journal_is_an_error(catalog, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"at least 1 file .* notes.txt: not named \*.journal"):
        import_journal(tmp_path, catalog)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "Expected a journal of market data, was another file"),
        (b"a,b,c\n1,2,3\n", "Expected a journal of market data, was another file"),
        (b"0DTEJN01\x05", "Expected a whole header, was cut off"),
        (b"0DTEJN01\xff\x00\x00\x00\x00\x00\x00\x00{}", "Expected a whole header, was damaged"),
    ],
)
def test_foreign_or_damaged_file_is_refused_by_name(catalog, tmp_path, content, text):
    journal(tmp_path)
    (tmp_path / "SPY_2026-11-22_002.journal").write_bytes(content)
    with pytest.raises(CatalogError, match=rf"{text} \(SPY_2026-11-22_002\.journal\)"):
        import_journal(tmp_path, catalog)
    assert catalog.sessions() == []


def test_every_damaged_byte_of_the_header_is_noticed(catalog, tmp_path):
    path = journal(tmp_path).path
    whole = path.read_bytes()
    for place in range(0, len(whole) - 6 * 56, 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CatalogError):
            import_journal(tmp_path, catalog)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"symbols": ("SPY", "SPY")}, "each symbol once"),
        ({"symbols": ("SPY261123C00600000",)}, "contracts of SPY that expire on 2026-11-22"),
        ({"symbols": ("QQQ261122C00600000",)}, "contracts of SPY that expire on 2026-11-22"),
        ({"symbols": ("spy",)}, "was 'spy'"),
        ({"root": "../X"}, "was '../X'"),
        ({"hours": Session(SUNDAY, 5, 5)}, "open before the close"),
    ],
)
def test_header_that_contradicts_itself_is_refused(change, text):
    with pytest.raises(ValueError, match=text):
        JournalHeader(
            **{name: getattr(header(), name) for name in header().__struct_fields__} | change
        )


def test_symbol_restricts_to_one_root(catalog, tmp_path):
    journal(tmp_path)
    with pytest.raises(DataError, match="Expected data of QQQ"):
        import_files("recording", [tmp_path], catalog, symbol="QQQ")
    import_files("recording", [tmp_path], catalog, symbol="SPY")
    assert len(catalog.sessions()) == 1
