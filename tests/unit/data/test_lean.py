"""LEAN minute files: two time zones, two price scales, bars stamped with their start."""

import datetime as dt
import zipfile

import pytest

from autotrade_0dte.calendar import new_york_ns
from autotrade_0dte.data.importers import DataError, import_files
from autotrade_0dte.data.importers.lean import read, recognize
from autotrade_0dte.data.importers.report import Tally

DATE = dt.date(2021, 1, 4)
NY_0930 = 34_200_000
MINUTE = 60_000_000_000


@pytest.fixture
def lean(tmp_path):
    def write(folder, name, members):
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for member, rows in members.items():
                archive.writestr(member, "\n".join(rows))  # no newline at the end, as in the wild
        return path

    return write


@pytest.fixture
def option_zip(lean):
    def write(*rows, right="call", strike=37_000_000, expiry="20210104", more=None, name=None):
        member = f"20210104_spxw_minute_quote_european_{right}_{strike}_{expiry}.csv"
        members = {member: list(rows)} | (more or {})
        name = name or "20210104_quote_european.zip"
        return lean("indexoption/usa/minute/spxw", name, members)

    return write


def parse(*paths, symbol=None):
    tally = Tally()
    items = [item for item, _ in read(paths, symbol, tally)]
    return items, tally


def quote(ms=NY_0930, bid="651000", ask="679000", bid_size="48", ask_size="15"):
    return f"{ms},1,2,3,{bid},{bid_size},4,5,6,{ask},{ask_size}"


def test_last_quote_of_a_bar_is_known_just_before_the_bar_ends(option_zip):
    (chain,), _ = parse(option_zip(quote()))
    assert chain.ts_event.tolist() == [new_york_ns(DATE, dt.time(9, 31)) - 1]
    assert (chain.bid[0], chain.ask[0]) == (6_510, 6_790)
    assert (chain.bid_size[0], chain.ask_size[0]) == (48, 15)
    assert (chain.root, chain.strike_mills[0], chain.is_call[0]) == ("SPXW", 3_700_000, True)


def test_only_contracts_that_expire_that_day_are_kept(option_zip):
    later = "20210104_spxw_minute_quote_european_put_37000000_20210106.csv"
    path = option_zip(quote(), right="put", more={later: [quote(), quote(), ""]})
    (chain,), tally = parse(path)
    assert len(chain.strike_mills) == 1
    assert (tally.read, dict(tally.refused)) == (3, {"not_0dte": 2})


def test_zip_without_a_contract_of_the_day_gives_nothing(option_zip):
    items, tally = parse(option_zip(quote(), expiry="20210106"))
    assert items == []
    assert dict(tally.refused) == {"not_0dte": 1}


def test_empty_field_is_a_side_without_a_quote(option_zip):
    path = option_zip(quote(bid="", bid_size="0"), quote(NY_0930 + 60_000, ask=""))
    (chain,), tally = parse(path)
    assert chain.bid.tolist() == [0, 6_510]
    assert chain.bid_size.tolist() == [0, 48]
    assert chain.ask.tolist() == [6_790, 0]
    assert chain.ask_size.tolist() == [15, 0]
    assert dict(tally.noted) == {"one_sided": 2}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (quote(bid="680000"), "crossed"),
        (quote(bid="651050"), "sub_cent"),
        (quote(bid="-1000"), "negative"),
        (quote(ms=NY_0930 - 60_000), "out_of_session"),
        (quote(ms=57_600_000), "out_of_session"),
        (quote(ms=-5), "unparsable"),
        (quote(ms=86_400_000), "unparsable"),
        (quote(ms="x"), "unparsable"),
        (quote(bid="x"), "unparsable"),
        (quote(ask="nan"), "unparsable"),
        (quote(bid_size=""), "unparsable"),
        ("1,2", "unparsable"),
    ],
)
def test_bad_bar_close_is_refused(option_zip, row, reason):
    items, tally = parse(option_zip(quote(NY_0930 + 60_000), row))
    assert len(items[0].ts_event) == 1
    assert dict(tally.refused) == {reason: 1}


def test_double_zip_extension_is_read(option_zip):
    path = option_zip(quote(), name="20210104_quote_european.zip.zip")
    assert recognize(path) is None
    assert len(parse(path)[0]) == 1


def test_index_files_are_in_chicago_time_and_in_dollars(lean):
    rows = ["30600000,3764.61,3769.99,3764.61,3766.63,59", "30660000,3766.41,3768,3766,3767,60"]
    path = lean(
        "index/usa/minute/spx", "20210104_trade.zip", {"20210104_spx_minute_trade.csv": rows}
    )
    (prices,), tally = parse(path)
    start = new_york_ns(DATE, dt.time(9, 30))  # 08:30 in Chicago
    assert prices.ts_event.tolist() == [
        start,
        start + MINUTE - 1,
        start + MINUTE,
        start + 2 * MINUTE - 1,
    ]
    assert prices.value.tolist() == [376_461, 376_663, 376_641, 376_700]
    assert dict(tally.noted) == {"bar_range_dropped": 2}


def test_equity_trade_bar_is_one_trade_at_its_close(lean):
    rows = [
        "34200000,7495500,7499900,7485400,7486400,11492",
        "34080000,7503000,7503000,7503000,7503000,27",
        "34260000,7486400,7486400,7486400,7486400,0",
        "34200000,7495500,7499900,7485400,7486400,11492",
    ]
    path = lean(
        "equity/usa/minute/goog", "20151224_trade.zip", {"20151224_goog_minute_trade.csv": rows}
    )
    (trades,), tally = parse(path)
    date = dt.date(2015, 12, 24)
    assert trades.ts_event.tolist() == [new_york_ns(date, dt.time(9, 31)) - 1]
    assert (trades.price.tolist(), trades.size.tolist()) == ([74_864], [11_492])
    assert dict(tally.refused) == {"out_of_session": 1, "negative": 1, "duplicate": 1}


def test_equity_quotes_are_read_and_the_half_day_ends_at_13(lean):
    rows = [quote(46_740_000, "7479100", "7483500"), quote(46_800_000, "7479100", "7483500")]
    path = lean(
        "equity/usa/minute/goog", "20151224_quote.zip", {"20151224_goog_minute_quote.csv": rows}
    )
    (quotes,), tally = parse(path)
    assert quotes.ts_event.tolist() == [new_york_ns(dt.date(2015, 12, 24), dt.time(13)) - 1]
    assert (quotes.bid[0], quotes.ask[0]) == (74_791, 74_835)
    assert dict(tally.refused) == {"out_of_session": 1}


def test_equity_quote_that_rounds_to_nothing_is_a_side_without_a_quote(lean):
    rows = [quote(46_680_000, "1e-9", "7483500"), quote(46_740_000, "", "7483500")]
    path = lean(
        "equity/usa/minute/goog", "20151224_quote.zip", {"20151224_goog_minute_quote.csv": rows}
    )
    (quotes,), _ = parse(path)
    assert quotes.bid.tolist() == quotes.bid_size.tolist() == [0, 0]
    assert quotes.ask_size.tolist() == [15, 15]


@pytest.mark.parametrize("tick", ["quote", "trade"])
def test_equity_file_without_a_good_row_gives_nothing(lean, tick):
    row = quote(0) if tick == "quote" else "0,1,1,1,1,5"
    members = {f"20151224_goog_minute_{tick}.csv": [row]}
    path = lean("equity/usa/minute/goog", f"20151224_{tick}.zip", members)
    assert parse(path)[0] == []


@pytest.mark.parametrize(
    ("folder", "name", "reason"),
    [
        (
            "option/usa/minute/goog",
            "20151224_trade_american.zip",
            "option trade files are not used",
        ),
        ("equity/usa/daily/goog", "20151224_trade.zip", "not in folders like"),
        ("equity/usa/minute/goog", "goog.csv", "not in folders like"),
    ],
)
def test_other_files_are_skipped_with_a_reason(tmp_path, folder, name, reason):
    assert reason in recognize(tmp_path / folder / name)


def test_zip_that_is_none_is_an_error(catalog, option_zip, tree):
    path = option_zip(quote())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"whole zip file.*20210104_quote_european.zip"):
        import_files("lean", [path], catalog)
    assert tree(catalog.path) == {}


def test_member_of_another_day_is_an_error(lean):
    members = {"20210105_spxw_minute_quote_european_put_37000000_20210105.csv": [quote()]}
    path = lean("indexoption/usa/minute/spxw", "20210104_quote_european.zip", members)
    with pytest.raises(DataError, match="contracts of 20210104 quotes, was 20210105_spxw"):
        parse(path)
    members = {"20210105_spx_minute_trade.csv": ["1,1,1,1,1,1"]}
    path = lean("index/usa/minute/spx", "20210104_trade.zip", members)
    with pytest.raises(DataError, match="one member of SPX on 20210104, was 20210105_spx"):
        parse(path)


@pytest.mark.parametrize("date", ["20210102", "20219999"])
def test_zip_of_a_day_without_trading_is_an_error(lean, date):
    path = lean("index/usa/minute/spx", f"{date}_trade.zip", {})
    with pytest.raises(DataError, match=f"{date}_trade.zip"):
        parse(path)


def test_symbol_limits_the_import(option_zip):
    assert parse(option_zip(quote()), symbol="GOOG")[0] == []
    assert len(parse(option_zip(quote()), symbol="SPXW")[0]) == 1
