"""The Cboe delayed format: New York times, one book an instant, bad rows counted by reason."""

import datetime as dt
import gzip

import numpy as np
import pytest

from autotrade_0dte.calendar import new_york_ns
from autotrade_0dte.data.catalog import CatalogConflictError
from autotrade_0dte.data.importers import DataError, import_files
from autotrade_0dte.data.importers.cboe_delayed import read
from autotrade_0dte.data.importers.report import Tally
from autotrade_0dte.data.session_data import ChainData, UnderlyingTrades

DATE = dt.date(2026, 7, 17)


def parse(*paths):
    tally = Tally()
    items = [item for item, _ in read(paths, None, tally)]
    return items, tally


def test_book_becomes_quotes_and_one_trade_of_the_underlying(write_cboe, cboe_row):
    path = write_cboe(
        [
            cboe_row(kind="P", strike=706.0, bid=0.0, ask=0.01, interest=33_416.0),
            cboe_row(kind="C", strike=705.0, bid=35.9, ask=38.04),
            cboe_row(time="09:39:15", kind="C", strike=705.0, bid=36.0, ask=38.0, spot=741.5),
        ]
    )
    (chain, trades), tally = parse(path)
    assert isinstance(chain, ChainData)
    assert isinstance(trades, UnderlyingTrades)
    assert chain.strike_mills.tolist() == [705_000, 706_000]
    assert chain.is_call.tolist() == [True, False]
    first, second = (new_york_ns(DATE, dt.time(9, m, s)) for m, s in ((34, 11), (39, 15)))
    assert chain.ts_event.tolist() == [first, first, second]
    quotes = list(zip(chain.contract, chain.bid, chain.ask, chain.bid_size, strict=True))
    assert quotes == [(1, 0, 1, 0), (0, 3_590, 3_804, 5), (0, 3_600, 3_800, 5)]
    assert chain.open_interest.tolist() == [12, 33_416]
    assert trades.ts_event.tolist() == [first, second]
    assert trades.price.tolist() == [70_510, 74_150]
    assert trades.size.tolist() == [1, 1]
    assert (tally.read, tally.written) == (3, 3)
    assert dict(tally.noted) == {"one_sided": 1}


def test_winter_time_is_five_hours_behind_utc(write_cboe, cboe_row):
    row = cboe_row(time="09:30:00", date="2026-01-15", expiry="2026-01-15")
    (chain, _), _ = parse(write_cboe([row], name="SPY_2026-01-15.csv"))
    stamp = np.datetime64(int(chain.ts_event[0]), "ns")
    assert str(stamp) == "2026-01-15T14:30:00.000000000"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bid": "oops"}, "unparsable"),
        ({"bid": ""}, "unparsable"),
        ({"ask": "nan"}, "unparsable"),
        ({"ask": "inf"}, "unparsable"),
        ({"kind": "X"}, "unparsable"),
        ({"strike": 0}, "unparsable"),
        ({"expiry": "2026-13-45"}, "unparsable"),
        ({"time": "25:00:00"}, "unparsable"),
        ({"expiry": "2026-07-20"}, "wrong_expiry"),
        ({"bid": -0.01}, "negative"),
        ({"ask": 1.255}, "sub_cent"),
        ({"bid": 1.26}, "crossed"),
        ({"time": "09:29:59"}, "out_of_session"),
        ({"time": "16:00:00"}, "out_of_session"),
    ],
)
def test_bad_row_is_refused_and_the_rest_is_kept(write_cboe, cboe_row, change, reason):
    rows = [cboe_row(strike=700.0), cboe_row(**{"strike": 701.0} | change), cboe_row(strike=702.0)]
    (chain, _), tally = parse(write_cboe(rows))
    assert chain.strike_mills.tolist() == [700_000, 702_000]
    assert dict(tally.refused) == {reason: 1}
    assert (tally.read, tally.written) == (3, 2)


@pytest.mark.parametrize("row", ["1,2,3", "a" * 500, ",".join("x" * 25)])
def test_row_with_another_number_of_columns_is_unparsable(write_cboe, cboe_row, row):
    (chain, _), tally = parse(write_cboe([cboe_row(), row]))
    assert len(chain.ts_event) == 1
    assert (tally.read, dict(tally.refused)) == (2, {"unparsable": 1})


def test_locked_and_sideless_quotes_are_kept_and_counted(write_cboe, cboe_row):
    rows = [cboe_row(bid=1.3, ask=1.3), cboe_row(kind="P", bid=0.5, ask=0.0)]
    (chain, _), tally = parse(write_cboe(rows))
    assert chain.ask.tolist() == [130, 0]
    assert chain.ask_size.tolist() == [6, 0]
    assert dict(tally.noted) == {"one_sided": 1, "locked": 1}


def test_second_recorder_of_the_day_adds_books_and_repeats_are_refused(write_cboe, cboe_row):
    one = write_cboe([cboe_row(bid=1.0), cboe_row(time="09:39:00"), cboe_row(time="09:39:00")])
    two = write_cboe(
        [cboe_row(bid=1.1), cboe_row(time="09:36:00"), cboe_row(kind="P", bid=0.3)],
        name="ci_SPY_2026-07-17.csv",
    )
    (chain, trades), tally = parse(two, one)
    assert dict(tally.refused) == {"duplicate": 2}
    assert chain.bid[:2].tolist() == [100, 30]  # the first file by name counts
    assert len(trades.ts_event) == 3
    assert (np.diff(chain.ts_event) >= 0).all()


def test_unknown_open_interest_stays_unknown_and_the_first_known_counts(write_cboe, cboe_row):
    rows = [
        cboe_row(interest=""),
        cboe_row(time="09:35:00", interest=9.0),
        cboe_row(time="09:36:00", interest=10.0),
        cboe_row(kind="P", interest=""),
    ]
    (chain, _), _ = parse(write_cboe(rows))
    assert chain.open_interest.tolist() == [9, -1]


@pytest.mark.parametrize("spot", [0.0, -5.0, "", "nan", 1e9])
def test_book_without_a_usable_spot_gives_no_trade_and_is_counted(write_cboe, cboe_row, spot):
    rows = [
        cboe_row(spot=spot),
        cboe_row(kind="P", spot=spot),
        cboe_row(time="09:39:00", spot=spot),
        cboe_row(time="09:39:00", kind="P"),  # one row with a spot is enough for its book
        cboe_row(time="09:44:00", bid=9.0, spot=spot),  # refused: no book
    ]
    (chain, trades), tally = parse(write_cboe(rows))
    assert len(chain.ts_event) == 4
    assert trades.ts_event.tolist() == [new_york_ns(DATE, dt.time(9, 39))]
    assert dict(tally.noted) == {"books_without_spot": 1}


def test_session_without_any_spot_gives_no_trades(write_cboe, cboe_row):
    items, tally = parse(write_cboe([cboe_row(spot=0.0), cboe_row(kind="P", spot=0.0)]))
    assert [type(item) for item in items] == [ChainData]
    assert dict(tally.noted) == {"books_without_spot": 1}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("a,b,c", r"Expected 19 columns, was 3 \(SPY_2026-07-17.csv, line 1\)"),
        (
            "fetched_at_et,quote_ts,price,expiry,type,strike,bid,ask,bid_size,ask_size,"
            "last_trade_price,iv,delta,gamma,theta,vega,rho,volume,open_interest",
            r"Expected column 3 to be spot, was 'price' \(SPY_2026-07-17.csv, line 1\)",
        ),
    ],
)
def test_wrong_header_names_file_and_line(write_cboe, cboe_row, header, text):
    with pytest.raises(DataError, match=text):
        parse(write_cboe([cboe_row()], header=header))


def test_two_sessions_in_one_file_name_the_line(write_cboe, cboe_row):
    path = write_cboe([cboe_row(), cboe_row(), cboe_row(date="2026-07-20")])
    text = r"Expected quotes of 2026-07-17 only, was 2026-07-20 \(SPY_2026-07-17.csv, line 4\)"
    with pytest.raises(DataError, match=text):
        parse(path)


def test_file_of_a_day_without_trading_is_an_error(write_cboe, cboe_row):
    with pytest.raises(DataError, match="trading session, was 2026-07-18"):
        parse(write_cboe([cboe_row()], name="SPY_2026-07-18.csv"))
    with pytest.raises(DataError, match=r"SPY_2026-17-18\.csv"):
        parse(write_cboe([cboe_row()], name="SPY_2026-17-18.csv"))


def test_file_without_rows_is_an_error(write_cboe):
    with pytest.raises(DataError, match=r"at least 1 row, was 0 \(SPY_2026-07-17.csv\)"):
        parse(write_cboe([]))


def test_text_that_is_no_text_is_an_error(tmp_path, write_cboe, cboe_row):
    path = write_cboe([cboe_row(kind="C")])
    path.write_bytes(path.read_bytes().replace(b",C,", b",\xff\xfe,"))
    with pytest.raises(DataError, match=r"UTF-8.*SPY_2026-07-17.csv, line 2"):
        parse(path)
    path.write_bytes(path.read_bytes().replace(b",\xff\xfe,", b",C,") + b"\x82,too,short\n")
    with pytest.raises(DataError, match=r"UTF-8.*SPY_2026-07-17.csv, line 3"):
        parse(path)
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(DataError, match=r"UTF-8.*line 1"):
        parse(path)


def test_row_of_a_megabyte_is_an_error(write_cboe, cboe_row):
    with pytest.raises(DataError, match=r"comma-separated text, was .*SPY_2026-07-17.csv"):
        parse(write_cboe([cboe_row(), cboe_row(kind="C" * 3_000_000)]))


def test_truncated_gzip_is_an_error_and_nothing_is_written(
    catalog, tmp_path, write_cboe, cboe_row, tree
):
    good = write_cboe([cboe_row()])
    cut = tmp_path / "SPY_2026-07-20.csv.gz"
    cut.write_bytes(gzip.compress(good.read_bytes())[:-9])
    with pytest.raises(DataError, match=r"whole file.*\(SPY_2026-07-20.csv.gz\)"):
        import_files("cboe-delayed", [good, cut], catalog)
    assert tree(catalog.path) == {}


def test_import_twice_says_so_and_changes_nothing(catalog, write_cboe, cboe_row, tree):
    path = write_cboe([cboe_row(), cboe_row(bid=9.0)])
    first = import_files("cboe-delayed", [path], catalog)
    before = tree(catalog.path)
    second = import_files("cboe-delayed", [path], catalog)
    assert first.changed
    assert not second.changed
    assert [held.kind for held in second.unchanged] == ["chain", "trades"]
    assert second.refused == {"crossed": 1}
    assert tree(catalog.path) == before


def test_more_books_of_a_held_session_need_an_explicit_replace(catalog, write_cboe, cboe_row):
    import_files("cboe-delayed", [write_cboe([cboe_row()])], catalog)
    path = write_cboe([cboe_row(), cboe_row(time="09:40:00")])
    with pytest.raises(CatalogConflictError, match=r"1 rows from SPY_2026-07-17.csv.*2 rows"):
        import_files("cboe-delayed", [path], catalog)
    assert import_files("cboe-delayed", [path], catalog, replace=True).changed
    assert catalog.session("SPY", DATE).quotes == 2


def test_symbol_limits_the_import_to_one_root(catalog, write_cboe, cboe_row):
    paths = [write_cboe([cboe_row()]), write_cboe([cboe_row()], name="QQQ_2026-07-17.csv")]
    import_files("cboe-delayed", paths, catalog, symbol="QQQ")
    assert [entry.root for entry in catalog.sessions()] == ["QQQ"]


def test_import_without_a_good_row_is_an_error_that_names_the_main_reason(
    catalog, write_cboe, cboe_row, tree
):
    path = write_cboe([cboe_row(bid=9.0), cboe_row(bid=-1), cboe_row(kind="P", bid=9.0)])
    text = r"was 0 of 3; 2 refused: crossed, 1 for other reasons \(SPY_2026-07-17.csv\)"
    with pytest.raises(DataError, match=text):
        import_files("cboe-delayed", [path], catalog)
    assert tree(catalog.path) == {}


def test_session_without_a_good_row_does_not_stop_the_others(catalog, write_cboe, cboe_row):
    bad = cboe_row(bid=9.0, date="2026-07-20", expiry="2026-07-20")
    paths = [write_cboe([cboe_row()]), write_cboe([bad], name="SPY_2026-07-20.csv")]
    assert import_files("cboe-delayed", paths, catalog).refused == {"crossed": 1}
    assert [entry.date for entry in catalog.sessions()] == [DATE]


def test_symbol_that_no_file_is_of_is_an_error(catalog, write_cboe, cboe_row):
    with pytest.raises(DataError, match=r"data of QQQ, was none .*\(SPY_2026-07-17.csv\)"):
        import_files("cboe-delayed", [write_cboe([cboe_row()])], catalog, symbol="QQQ")


def test_options_on_an_index_of_unknown_settlement_are_an_error(
    catalog, write_cboe, cboe_row, tree
):
    path = write_cboe([cboe_row()], name="NDXP_2026-07-17.csv")
    with pytest.raises(DataError, match="option root with known settlement, was NDXP"):
        import_files("cboe-delayed", [path], catalog)
    assert tree(catalog.path) == {}
