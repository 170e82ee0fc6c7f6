"""The catalog keeps what was written, all or nothing, and gives it back in order of time."""

import dataclasses
import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from nautilus_trader.model import IndexPriceUpdate, QuoteTick, TradeTick
from nautilus_trader.persistence import ParquetDataCatalog

from autotrade_0dte import products
from autotrade_0dte.calendar import expiry_ns, session
from autotrade_0dte.data.catalog import (
    Catalog,
    CatalogConflictError,
    CatalogError,
    CatalogLockedError,
)
from autotrade_0dte.data.manifest import DatasetKind
from autotrade_0dte.data.raw_quotes import quote_columns
from autotrade_0dte.data.session_data import (
    IndexPrices,
    SettlementPrice,
    UnderlyingQuotes,
    UnderlyingTrades,
)

DATE = dt.date(2026, 7, 17)
OPEN = session(DATE).open_ns
CLOSE = session(DATE).close_ns


def write(catalog, *items, **options):
    with catalog.transaction("test", **options) as tx:
        for item in items:
            tx.write(item, ("file.csv",))
    return tx


def trades(price=70_000, at=OPEN):
    return UnderlyingTrades("SPY", DATE, np.array([at]), np.array([price]), np.array([3]))


def vix(value=1_650, date=DATE):
    day = session(date)
    return IndexPrices(
        "VIX", date, np.array([day.open_ns, day.close_ns]), np.array([value, value + 1])
    )


def everything(catalog, entry, rows=250_000):
    return [tick for chunk in catalog.chunks(entry, rows) for tick in chunk]


def test_quotes_come_back_as_written(catalog, make_chain):
    chain = make_chain()
    write(catalog, chain)
    (entry,) = catalog.sessions()
    ticks = everything(catalog, entry)
    names = [str(tick.instrument_id) for tick in ticks]
    assert names[:4] == [
        f"SPY260717{k}.US" for k in ("C00700000", "P00700000", "C00701000", "P00701000")
    ]
    assert [tick.ts_event for tick in ticks] == chain.ts_event.tolist()
    assert [tick.ts_init for tick in ticks] == chain.ts_event.tolist()
    assert [round(float(tick.bid_price) * 100) for tick in ticks] == chain.bid.tolist()
    assert [round(float(tick.ask_price) * 100) for tick in ticks] == chain.ask.tolist()
    assert {(int(tick.bid_size), int(tick.ask_size)) for tick in ticks} == {(7, 8)}


def test_entry_tells_what_the_session_has(catalog, make_chain):
    write(catalog, make_chain(), trades(), vix())
    (entry,) = catalog.sessions()
    assert (entry.root, entry.underlying, entry.date) == ("SPY", "SPY", DATE)
    assert (entry.contracts, entry.quotes, entry.chain.books) == (4, 12, 3)
    assert (entry.first_ns, entry.last_ns) == (OPEN, OPEN + 120_000_000_000)
    assert [held.kind for held in entry.datasets] == ["trades", "index", "chain"]
    assert entry.sources == ("file.csv",)
    assert not entry.synthetic


def test_large_prices_and_empty_sides_survive_the_decimal_encoding(catalog, make_chain):
    chain = make_chain(books=1)
    bid = np.array([0, 0, 9_999_999, 1])
    ask = np.array([0, 5, 10_000_001, 3])
    size = np.array([0, 0, 2_000_000_000, 1])
    quoted = {"bid": bid, "ask": ask, "bid_size": size, "ask_size": np.where(ask > 0, 8, 0)}
    write(catalog, dataclasses.replace(chain, **quoted))
    ticks = everything(catalog, catalog.session("SPY", DATE))
    assert [round(float(tick.bid_price) * 100) for tick in ticks] == bid.tolist()
    assert [round(float(tick.ask_price) * 100) for tick in ticks] == ask.tolist()
    assert [int(tick.bid_size) for tick in ticks] == size.tolist()


def test_folder_is_a_catalog_of_the_engine(catalog, make_chain):
    quotes = UnderlyingQuotes("SPY", DATE, *(np.array([v]) for v in (OPEN, 69_999, 70_001, 1, 2)))
    write(catalog, make_chain(), trades(), quotes, vix())
    engine = ParquetDataCatalog(str(catalog.path))
    assert sorted(str(held.id) for held in engine.instruments()) == [
        "SPY.US", "SPY260717C00700000.US", "SPY260717C00701000.US",
        "SPY260717P00700000.US", "SPY260717P00701000.US", "VIX.US",
    ]  # fmt: skip
    assert len(engine.query_quote_ticks(["SPY260717C00700000.US"])) == 3
    assert len(engine.query_quote_ticks(["SPY.US"])) == 1
    (trade,) = engine.query_trade_ticks(["SPY.US"])
    assert (float(trade.price), int(trade.size), str(trade.trade_id)) == (700.0, 3, "1")
    assert [float(price.value) for price in engine.query_index_price_updates()] == [16.5, 16.51]


def test_instruments_expire_when_the_calendar_says(catalog, make_chain):
    half_day = dt.date(2025, 11, 28)
    write(catalog, make_chain(), make_chain(date=half_day))
    for date, close in ((DATE, "20:00"), (half_day, "18:00")):
        entry = catalog.session("SPY", date)
        contracts = [held for held in catalog.instruments(entry) if hasattr(held, "expiration_ns")]
        assert len(contracts) == 4
        assert {held.expiration_ns for held in contracts} == {expiry_ns("SPY", date)}
        utc = dt.datetime.fromtimestamp(contracts[0].expiration_ns // 10**9, dt.UTC)
        assert f"{utc:%F %H:%M}" == f"{date} {close}"  # never midnight
        stored = ParquetDataCatalog(str(catalog.path)).instruments([str(contracts[0].id)])
        assert [held.expiration_ns for held in stored] == [contracts[0].expiration_ns]


def test_cash_settled_root_has_its_index_even_without_data(catalog, make_chain):
    write(catalog, make_chain(root="SPXW"))
    (entry,) = catalog.sessions()
    names = [str(held.id) for held in catalog.instruments(entry)]
    assert names[0] == "SPX.US"
    assert names[1].startswith("SPXW260717")


def test_chunks_merge_all_kinds_in_order_of_time(catalog, make_chain):
    write(catalog, make_chain(), trades(at=OPEN + 60_000_000_000), vix())
    ticks = everything(catalog, catalog.session("SPY", DATE))
    assert [tick.ts_init for tick in ticks] == sorted(tick.ts_init for tick in ticks)
    kinds = [type(tick) for tick in ticks]
    # Underlying and index precede the chain's quotes of the same instant.
    assert kinds[:6] == [IndexPriceUpdate, *[QuoteTick] * 4, TradeTick]
    assert kinds[-1] is IndexPriceUpdate
    assert ticks[-1].ts_init == CLOSE


def test_chunks_of_any_size_join_to_the_same_ticks_and_never_split_an_instant(catalog, make_chain):
    write(catalog, make_chain(books=50), trades(), vix())
    entry = catalog.session("SPY", DATE)
    whole = everything(catalog, entry)
    assert len(whole) == 203
    for rows in (1, 3, 8, 17, 203, 1_000):
        chunks = list(catalog.chunks(entry, rows))
        assert [str(tick) for chunk in chunks for tick in chunk] == [str(tick) for tick in whole]
        for before, after in pairwise(chunks):
            assert before[-1].ts_init < after[0].ts_init
        assert max(map(len, chunks)) < rows + 6


def test_contract_without_a_quote_is_an_instrument_without_a_file(catalog, make_chain):
    chain = make_chain(books=1)
    quiet = dataclasses.replace(chain, contract=np.array([0, 1, 1, 3], np.int32))
    write(catalog, quiet)
    entry = catalog.session("SPY", DATE)
    assert len(catalog.instruments(entry)) == 5
    names = [str(tick.instrument_id.symbol)[-9:] for tick in everything(catalog, entry)]
    assert names == ["C00700000", "P00700000", "P00700000", "P00701000"]
    assert not (catalog.path / "data/quotes/SPY260717C00701000.US").exists()


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_reading_a_lost_or_broken_file_says_which(catalog, make_chain, damage):
    write(catalog, make_chain())
    path = next((catalog.path / "data/quotes").rglob("*.parquet"))
    path.unlink() if damage == "missing" else path.write_bytes(b"PAR1")
    with pytest.raises(CatalogError, match=f"{path.parent.name}, was {damage}"):
        list(catalog.chunks(catalog.session("SPY", DATE)))


def test_chunks_read_several_row_groups(catalog, make_chain):
    chain = make_chain(books=20_000, contracts=2)
    write(catalog, dataclasses.replace(chain, ts_event=OPEN + np.arange(40_000)))
    ticks = everything(catalog, catalog.session("SPY", DATE), rows=9_000)
    assert [tick.ts_init for tick in ticks] == (OPEN + np.arange(40_000)).tolist()


def test_columns_of_a_chunk_are_its_quotes_also_where_row_groups_meet(catalog, make_chain):
    chain = make_chain(books=20_000, contracts=2)
    write(catalog, dataclasses.replace(chain, ts_event=OPEN + np.arange(40_000)))
    entry = catalog.session("SPY", DATE)
    names = [str(instrument.id) for instrument in catalog.instruments(entry)[1:]]
    pieces = 0
    for chunk in catalog.chunks_with_quotes(entry, rows=9_000):
        columns = quote_columns(chunk.quotes, names)
        for row, name in enumerate(names):
            pieces = max(pieces, len(chunk.quotes[name]))
            mine = slice(*columns.starts[row : row + 2])
            ticks = [tick for tick in chunk.items if str(tick.instrument_id) == name]
            assert columns.ts_init[mine].tolist() == [tick.ts_init for tick in ticks]
            assert columns.sides[mine].tolist() == [
                [
                    tick.bid_price.as_double(), tick.ask_price.as_double(),
                    tick.bid_size.as_double(), tick.ask_size.as_double(),
                ]
                for tick in ticks
            ]  # fmt: skip
    assert pieces == 2


def test_index_prices_of_the_date_belong_to_every_session_of_that_date(catalog, make_chain):
    other = dt.date(2026, 7, 20)
    write(catalog, make_chain(), make_chain(root="SPXW"), make_chain(date=other), vix())
    with_vix = {
        (entry.root, entry.date)
        for entry in catalog.sessions()
        if any(held.symbol == "VIX" for held in entry.datasets)
    }
    assert with_vix == {("SPY", DATE), ("SPXW", DATE)}


def test_sessions_are_chosen_by_root_and_dates(catalog, make_chain):
    dates = [dt.date(2026, 7, day) for day in (15, 16, 17)]
    write(catalog, *(make_chain(date=date) for date in dates), make_chain(root="QQQ"))
    assert [entry.date for entry in catalog.sessions("SPY")] == dates
    assert [entry.date for entry in catalog.sessions("SPY", dates[1])] == dates[1:]
    assert [entry.date for entry in catalog.sessions("SPY", None, dates[1])] == dates[:2]
    assert [entry.root for entry in catalog.sessions(first=DATE)] == ["QQQ", "SPY"]


def test_missing_session_is_an_error_that_tells_what_there_is(catalog, make_chain):
    with pytest.raises(CatalogError, match=r"was 2026-07-16 \(held: none\)"):
        catalog.session("SPY", dt.date(2026, 7, 16))
    write(catalog, make_chain())
    with pytest.raises(CatalogError, match="held: 1 from 2026-07-17 to 2026-07-17"):
        catalog.session("SPY", dt.date(2026, 7, 16))


def test_settlement_and_open_interest_come_back_and_unknown_is_not_zero(catalog, make_chain):
    write(catalog, make_chain(), SettlementPrice("SPY", DATE, 74_329, "official close"))
    entry = catalog.session("SPY", DATE)
    found = catalog.settlement("SPY", DATE)
    assert (found.price_cents, found.source) == (74_329, "official close")
    assert catalog.settlement("SPY", dt.date(2026, 7, 16)) is None
    # The second contract's is unknown (-1).
    assert catalog.open_interest(entry) == {
        "SPY260717C00700000": 500.0, "SPY260717C00701000": 502.0, "SPY260717P00701000": 503.0,
    }  # fmt: skip


def test_open_interest_is_empty_when_the_vendor_has_none(catalog, make_chain):
    write(catalog, dataclasses.replace(make_chain(), open_interest=None))
    assert catalog.open_interest(catalog.session("SPY", DATE)) == {}


def test_writing_the_same_again_changes_no_byte(catalog, make_chain, tree):
    items = (make_chain(), trades(), vix(), SettlementPrice("SPY", DATE, 74_329, "official"))
    first = write(catalog, *items)
    before = tree(catalog.path)
    second = write(catalog, *items)
    assert (len(first.written), len(first.unchanged)) == (4, 0)
    assert (len(second.written), len(second.unchanged)) == (0, 4)
    assert tree(catalog.path) == before


def test_equal_data_in_another_row_order_within_an_instant_is_the_same(catalog, make_chain):
    chain = make_chain()
    write(catalog, chain)
    order = np.arange(12).reshape(3, 4)[:, ::-1].ravel()
    names = ("contract", "bid", "ask", "bid_size", "ask_size")
    turned = dataclasses.replace(chain, **{name: getattr(chain, name)[order] for name in names})
    assert write(catalog, turned).written == []


@pytest.mark.parametrize("other", [trades(price=70_001), trades(at=OPEN + 1)])
def test_different_data_is_refused_and_nothing_changes(catalog, tree, other):
    write(catalog, trades())
    before = tree(catalog.path)
    with pytest.raises(CatalogConflictError, match="trades data of SPY on 2026-07-17"):
        write(catalog, vix(), other)
    assert tree(catalog.path) == before


def test_other_open_interest_alone_is_different_data(catalog, make_chain):
    chain = make_chain()
    write(catalog, chain)
    with pytest.raises(CatalogConflictError):
        write(catalog, dataclasses.replace(chain, open_interest=chain.open_interest + 1))


def test_uneven_spacing_of_a_fast_feed_is_no_gap(catalog, make_chain):
    chain = make_chain(books=4, contracts=1)
    ms = np.array([0, 10, 20, 4_900]) * 1_000_000
    write(catalog, dataclasses.replace(chain, ts_event=OPEN + ms))
    assert catalog.session("SPY", DATE).chain.gap_count == 0


def test_replacing_leaves_only_the_new_data(catalog, make_chain, tree, tmp_path):
    write(catalog, make_chain(contracts=6), trades())
    write(catalog, make_chain(contracts=4, bid=200), replace=True)
    entry = catalog.session("SPY", DATE)
    ticks = everything(catalog, entry)
    assert (entry.contracts, len(ticks)) == (4, 13)
    assert min(float(tick.bid_price) for tick in ticks if isinstance(tick, QuoteTick)) == 2.0
    fresh = Catalog(tmp_path / "fresh")
    write(fresh, make_chain(contracts=4, bid=200), trades())
    old, new = tree(catalog.path), tree(fresh.path)
    assert {name for name in old if "imports" not in name} == {n for n in new if "imports" not in n}
    assert all(old[name] == new[name] for name in old if "quotes" in name or "interest" in name)
    assert entry.fingerprint == fresh.session("SPY", DATE).fingerprint
    assert not any(path.is_dir() and not any(path.iterdir()) for path in catalog.path.rglob("*"))


def test_same_dataset_twice_in_one_transaction_is_refused(catalog):
    with pytest.raises(CatalogConflictError, match="one trades dataset of SPY on 2026-07-17"):
        write(catalog, trades(), trades(price=1))
    assert catalog.datasets() == {}


def test_error_inside_a_transaction_leaves_nothing(catalog, make_chain, tree):
    with pytest.raises(CatalogConflictError):
        write(catalog, make_chain(), trades(), trades())
    assert tree(catalog.path) == {}
    assert not (catalog.path / ".staging").exists()


def test_second_writer_is_refused_while_the_first_is_writing(catalog, make_chain):
    with catalog.transaction("test") as tx:
        tx.write(make_chain())
        other = Catalog(catalog.path)  # opening must not disturb the living writer
        with pytest.raises(CatalogLockedError, match="only writer"), other.transaction("test"):
            pass
    assert len(catalog.sessions()) == 1


@pytest.mark.parametrize(
    "change",
    [trades(price=70_001), vix(value=1_700), SettlementPrice("SPY", DATE, 1, "official close")],
)
def test_fingerprint_follows_every_input_of_a_backtest(catalog, make_chain, change):
    official = SettlementPrice("SPY", DATE, 74_329, "official close")
    write(catalog, make_chain(), trades(), vix(), official)
    before = catalog.session("SPY", DATE).fingerprint
    write(catalog, change, replace=True)
    assert catalog.session("SPY", DATE).fingerprint != before
    write(catalog, trades(), vix(), official, replace=True)
    assert catalog.session("SPY", DATE).fingerprint == before


def test_session_is_synthetic_until_real_data_replaces_it(catalog, make_chain):
    write(catalog, make_chain(), synthetic=True)
    assert catalog.session("SPY", DATE).synthetic
    write(catalog, make_chain(bid=300), replace=True)
    assert not catalog.session("SPY", DATE).synthetic


def test_manifest_records_quality_and_files(catalog, make_chain):
    chain = make_chain(books=6)
    minute = (chain.ts_event - OPEN) // 60_000_000_000
    late = np.where(minute >= 4, 10 * 60_000_000_000, 0)
    bid = np.where(chain.contract == 0, 0, chain.bid)
    ask = np.where(chain.contract == 1, chain.bid, chain.ask)
    quoted = {"bid": bid, "ask": ask, "bid_size": np.where(bid > 0, chain.bid_size, 0)}
    write(catalog, dataclasses.replace(chain, ts_event=chain.ts_event + late, **quoted))
    held = catalog.datasets()[DatasetKind.CHAIN, "SPY", DATE]
    assert (held.rows, held.books, held.one_sided, held.locked) == (24, 6, 6, 6)
    assert held.gap_count == 1
    (gap,) = held.gaps
    assert (gap.start_ns - OPEN, gap.end_ns - gap.start_ns) == (180 * 10**9, 660 * 10**9)
    assert len(held.files) == 4 + 4 + 1  # quotes, contracts, open interest
    for file in held.files:
        assert (catalog.path / file.path).stat().st_size == file.size


def test_catalog_that_does_not_exist_is_empty_and_is_not_made_by_reading(tmp_path):
    catalog = Catalog(tmp_path / "none")
    assert catalog.sessions() == []
    assert not catalog.path.exists()


def test_session_of_an_index_whose_settlement_is_not_known_cannot_be_opened(
    catalog, make_chain, monkeypatch
):
    with catalog.transaction("test") as tx:
        tx.write(make_chain(root="GOOG"))
    monkeypatch.setattr(products, "_OTHER_INDEX_ROOTS", {"GOOG"})
    with pytest.raises(CatalogError, match="known settlement, was GOOG"):
        catalog.sessions()
