"""A catalog session as the simulator's market: every row, its time and expiry moved to now."""

import datetime as dt
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from nautilus_trader.model import IndexPriceUpdate, QuoteTick, TradeTick
from small_market import NS, write_session

from autotrade_0dte.calendar import new_york_ns, session
from autotrade_0dte.data.catalog import Catalog, CatalogError, SessionEntry
from autotrade_0dte.data.session_data import IndexPrices, UnderlyingQuotes
from autotrade_0dte.nodes.catalog_market import CatalogMarket
from tiger_nt.simulator.market import MarketRow

DATE = dt.date(2026, 7, 30)
TEN = dt.time(10)
TODAY = dt.date(2026, 11, 22)
NOW = new_york_ns(TODAY, dt.time(3, 17, 1)) + 123_456_789
"""A Sunday night."""

SHIFT = NOW - new_york_ns(DATE, TEN)


def entry_of(catalog: Catalog, root: str) -> SessionEntry:
    settlement = None if root == "SPXW" else 601.25
    spot = 6_000.0 if root == "SPXW" else 600.0
    strikes = [round(spot) - 5, round(spot), round(spot) + 5]
    write_session(catalog, root, DATE, strikes=strikes, spot=spot, settlement=settlement)
    hours = session(DATE)
    with catalog.transaction("hand-made") as tx:
        ts = hours.open_ns + np.arange(0, 23_400, 15, dtype=np.int64) * NS
        tx.write(IndexPrices("VIX", DATE, ts, np.full(len(ts), 1_234, np.int64)))
    return catalog.session(root, DATE)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return Catalog(tmp_path_factory.mktemp("catalog"))


@pytest.fixture(scope="module")
def spy(catalog: Catalog) -> SessionEntry:
    return entry_of(catalog, "SPY")


def market(catalog: Catalog, entry: SessionEntry, speed: float = 1.0) -> CatalogMarket:
    return CatalogMarket(catalog, entry, start=TEN, start_ns=NOW, speed=speed)


def rows(played: CatalogMarket) -> tuple[list[MarketRow], list[MarketRow]]:
    """Return the opening rows and all others."""
    opening, *rest = played.rows()
    return list(opening.rows()), [row for chunk in rest for row in chunk.rows()]


def test_contracts_expire_today_and_hours_move_with_the_start(catalog: Catalog, spy: SessionEntry):
    played = market(catalog, spy)
    hours = session(DATE)
    assert played.hours.date == TODAY
    assert (played.hours.open_ns, played.hours.close_ns) == (
        hours.open_ns + SHIFT,
        hours.close_ns + SHIFT,
    )
    assert played.hours.open_ns == NOW - 1_800 * NS
    assert played.contracts == tuple(
        f"SPY261122{right}{strike:05d}000" for strike in (595, 600, 605) for right in "CP"
    )
    assert played.settlement == 601.25
    assert (played.underlying, played.indices) == ("SPY", ("VIX",))


def test_every_object_of_the_catalog_from_the_start_on_is_one_row(
    catalog: Catalog, spy: SessionEntry
):
    _, played = rows(market(catalog, spy))
    recorded = [item for chunk in catalog.chunks(spy) for item in chunk]
    recorded = [item for item in recorded if item.ts_init >= NOW - SHIFT]
    assert len(played) == len(recorded) > 1_000
    for row, item in zip(played, recorded, strict=True):
        assert row.ts_ns == item.ts_init + SHIFT
        name = item.instrument_id.symbol.value.replace("260730", "261122")
        assert row.symbol == name
        match item:
            case QuoteTick():
                assert (row.bid, row.ask) == (float(item.bid_price), float(item.ask_price))
                assert (row.bid_size, row.ask_size) == (int(item.bid_size), int(item.ask_size))
                assert math.isnan(row.last)
            case TradeTick():
                assert (row.last, row.last_size) == (float(item.price), int(item.size))
            case IndexPriceUpdate():
                assert (row.last, row.last_size) == (float(item.value), 0)
                assert not row.has_quote


def test_opening_shows_what_every_instrument_showed_last(catalog: Catalog, spy: SessionEntry):
    opening, _ = rows(market(catalog, spy))
    assert {row.symbol for row in opening} == {"SPY", "VIX", *market(catalog, spy).contracts}
    assert {row.ts_ns for row in opening} == {NOW}
    assert not any(row.last_size for row in opening)
    stock = next(row for row in opening if row.symbol == "SPY")
    assert stock.last == 600.0


def test_prints_before_the_start_are_told_but_not_played(catalog: Catalog, spy: SessionEntry):
    before = [row for chunk in market(catalog, spy).earlier() for row in chunk.rows()]
    recorded = [item for chunk in catalog.chunks(spy) for item in chunk]
    recorded = [
        item for item in recorded if isinstance(item, TradeTick) and item.ts_init < NOW - SHIFT
    ]
    assert [(row.ts_ns, row.symbol, row.last, row.last_size) for row in before] == [
        (item.ts_init + SHIFT, "SPY", float(item.price), int(item.size)) for item in recorded
    ]
    assert len(before) == 30
    assert not any(row.has_quote for row in before)


def test_index_has_no_prints_before_the_start(tmp_path: Path):
    catalog = Catalog(tmp_path)
    assert list(market(catalog, entry_of(catalog, "SPXW")).earlier()) == []


def test_stock_without_quotes_is_quoted_a_cent_around_its_prints(
    catalog: Catalog, spy: SessionEntry
):
    _, played = rows(market(catalog, spy))
    stock = [row for row in played if row.symbol == "SPY"]
    assert {(row.bid, row.ask, row.bid_size, row.ask_size) for row in stock} == {
        (599.99, 600.01, 100, 100)
    }


def test_stock_with_quotes_keeps_them(tmp_path: Path):
    catalog = Catalog(tmp_path)
    entry_of(catalog, "SPY")
    with catalog.transaction("hand-made") as tx:
        start = new_york_ns(DATE, TEN)
        ts = start + np.arange(3, dtype=np.int64) * NS + 7
        bid, size = np.full(3, 59_990, np.int64), np.full(3, 300, np.int64)
        tx.write(UnderlyingQuotes("SPY", DATE, ts, bid, bid + 3, size, size))
    _, played = rows(market(catalog, catalog.session("SPY", DATE)))
    stock = [row for row in played if row.symbol == "SPY"]
    quotes = [row for row in stock if row.has_quote]
    assert [(row.bid, row.ask, row.bid_size) for row in quotes] == [(599.90, 599.93, 300)] * 3
    assert not any(row.has_last for row in quotes)
    assert len(stock) > 100


def test_index_root_has_its_index_among_the_indices(tmp_path: Path):
    catalog = Catalog(tmp_path)
    played = market(catalog, entry_of(catalog, "SPXW"))
    assert (played.underlying, played.indices) == ("SPX", ("SPX", "VIX"))
    assert played.settlement is None
    opening, later = rows(played)
    spot = [row for row in (*opening, *later) if row.symbol == "SPX"]
    assert {(row.last, row.has_quote) for row in spot} == {(6_000.0, False)}


def test_cheap_prices_are_exact(tmp_path: Path):
    catalog = Catalog(tmp_path)

    def cents(second: int, _strike: float, _is_call: bool) -> tuple[int, int]:
        return 5 + second // 3_600, 7 + second // 3_600

    write_session(
        catalog, "SPY", DATE, strikes=[600], spot=600.0, settlement=None, quote=cents, every_s=900
    )
    opening, later = rows(market(catalog, catalog.session("SPY", DATE)))
    quoted = {(row.bid, row.ask) for row in (*opening, *later) if row.symbol != "SPY"}
    assert quoted == {(bid / 100, (bid + 2) / 100) for bid in range(5, 12)}


def test_index_without_data_is_no_stock(tmp_path: Path):
    catalog = Catalog(tmp_path)
    entry = entry_of(catalog, "SPXW")
    played = market(catalog, msgspec.structs.replace(entry, datasets=(entry.chain,)))
    assert played.indices == ("SPX",)
    assert played.symbols[0] == "SPX"


def test_a_faster_market_keeps_the_order_and_has_shorter_hours(catalog: Catalog, spy: SessionEntry):
    _, real = rows(market(catalog, spy))
    fast = market(catalog, spy, speed=10)
    _, played = rows(fast)
    assert [row.symbol for row in played] == [row.symbol for row in real]
    assert all(
        abs((quick.ts_ns - NOW) * 10 - (row.ts_ns - NOW)) <= 10
        for quick, row in zip(played, real, strict=True)
    )
    assert fast.hours.close_ns - NOW == 6 * 3_600 * NS // 10
    assert "10 times" in fast.description


@pytest.mark.parametrize("start", [dt.time(9, 29, 59), dt.time(16), dt.time(23)])
def test_a_start_outside_the_session_is_refused(
    catalog: Catalog, spy: SessionEntry, start: dt.time
):
    with pytest.raises(CatalogError, match="Expected a start within the session of SPY"):
        CatalogMarket(catalog, spy, start=start, start_ns=NOW)


@pytest.mark.parametrize("speed", [0, -1, math.nan, 1e9])
def test_a_speed_that_makes_no_sense_is_refused(catalog: Catalog, spy: SessionEntry, speed: float):
    with pytest.raises(ValueError, match="Expected a speed"):
        market(catalog, spy, speed)


def test_a_missing_file_is_named(tmp_path: Path):
    catalog = Catalog(tmp_path)
    played = market(catalog, entry_of(catalog, "SPY"))
    for file in (tmp_path / "data" / "trades").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(CatalogError, match=r"file of SPY\.US, was missing"):
        next(played.rows())


def test_description_names_the_session_and_tells_synthetic_ones(
    catalog: Catalog, spy: SessionEntry, tmp_path: Path
):
    assert "SPY session of 2026-07-30 from 10:00:00" in market(catalog, spy).description
    made_up = Catalog(tmp_path)
    write_session(made_up, "SPY", DATE, strikes=[600], spot=600.0, settlement=None, synthetic=True)
    played = market(made_up, made_up.session("SPY", DATE))
    assert played.synthetic
    assert "SYNTHETIC" in played.description
