"""Bars become ticks that look at nothing ahead; closes become settlement prices."""

import datetime as dt

import numpy as np
import pytest

from autotrade_0dte.calendar import session
from autotrade_0dte.data.importers import DataError, import_files

DATE = dt.date(2026, 7, 17)
DAY = session(DATE)
MINUTE = 60_000_000_000


@pytest.fixture
def bars(tmp_path):
    def write(*rows, name="2026-07-17.csv", header="time,open,high,low,close"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


def ticks(catalog, symbol="SPX", date=DATE):
    from nautilus_trader.persistence import ParquetDataCatalog

    found = ParquetDataCatalog(str(catalog.path)).query_index_price_updates([f"{symbol}.US"])
    day = session(date)
    inside = [tick for tick in found if day.open_ns <= tick.ts_event <= day.close_ns]
    return [(tick.ts_event - day.open_ns, float(tick.value)) for tick in inside]


def test_minute_bar_gives_open_at_its_start_and_close_before_its_end(catalog, bars):
    path = bars("09:30,7447.52,7447.71,7441.62,7447.5", "09:31,7447.25,7448.48,7445.36,7447.91")
    report = import_files("ohlc-bars", [path], catalog, symbol="SPX")
    assert ticks(catalog) == [
        (0, 7447.52),
        (MINUTE - 1, 7447.5),
        (MINUTE, 7447.25),
        (2 * MINUTE - 1, 7447.91),
    ]
    assert report.noted == {"bar_range_dropped": 2}
    assert report.rows_written == 2


def test_bar_length_is_the_smallest_spacing(catalog, bars):
    rows = [f"{time},1,1,1,1" for time in ("09:45", "09:30", "09:35")]
    import_files("ohlc-bars", [bars(*rows)], catalog, symbol="SPX")
    at = [tick[0] for tick in ticks(catalog)]
    assert at == [0, 5 * MINUTE - 1, 5 * MINUTE, 10 * MINUTE - 1, 15 * MINUTE, 20 * MINUTE - 1]


def test_last_bar_of_the_session_ends_before_the_close(catalog, bars):
    import_files("ohlc-bars", [bars("15:59,1,3,1,2")], catalog, symbol="SPX")
    assert ticks(catalog)[-1] == (DAY.close_ns - DAY.open_ns - 1, 2.0)


def test_close_of_a_bar_that_runs_past_the_session_is_dropped(catalog, bars):
    path = bars("15:15,1,2,1,2", "15:45,3,4,3,4")
    (held,) = import_files("ohlc-bars", [path], catalog, symbol="SPX").written
    assert held.rows == 3
    assert [value for _, value in ticks(catalog)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("09:29,1,1,1,1", "out_of_session"),
        ("16:00,1,1,1,1", "out_of_session"),
        ("09:32,1,0.9,0.9,1", "inconsistent_bar"),
        ("09:32,1,1,1.1,1", "inconsistent_bar"),
        ("09:32,0,1,0,1", "negative"),
        ("09:32,-1,1,-1,1", "negative"),
        ("09:32,x,1,1,1", "unparsable"),
        ("9h32,1,1,1,1", "unparsable"),
        ("09:30,1,1,1,1", "duplicate"),
        ("09:32,1,1,1", "unparsable"),
    ],
)
def test_bad_bar_is_refused(catalog, bars, row, reason):
    path = bars("09:30,5,5,5,5", row, "09:31,6,6,6,6")
    report = import_files("ohlc-bars", [path], catalog, symbol="SPX")
    assert report.refused == {reason: 1}
    assert [value for _, value in ticks(catalog)] == [5, 5, 6, 6]


def test_daily_bar_shows_its_close_only_at_the_close(catalog, bars):
    path = bars(
        "2026-07-17,16.25,17.17,15.92,16.27",
        "2026-07-18,16,17,15,16",
        "2026-07-17,1,1,1,1",
        "1066-10-14,16,17,15,16",
        "bad,16,17,15,16",
        name="vix_daily.csv",
        header="date,open,high,low,close",
    )
    report = import_files("ohlc-bars", [path], catalog, symbol="VIX")
    assert ticks(catalog, "VIX") == [(0, 16.25), (DAY.close_ns - DAY.open_ns, 16.27)]
    assert report.refused == {"out_of_session": 2, "duplicate": 1, "unparsable": 1}


def test_half_day_ends_at_13(catalog, bars):
    date = dt.date(2025, 11, 28)
    path = bars("12:59,1,1,1,1", "13:00,1,1,1,1", name=f"{date}.csv")
    assert import_files("ohlc-bars", [path], catalog, symbol="SPX").rows_written == 1


@pytest.mark.parametrize(
    ("name", "header", "text"),
    [
        ("x_daily.csv", "time,open,high,low,close", "minute file named by its date"),
        ("2026-07-18.csv", "time,open,high,low,close", "trading session, was 2026-07-18"),
        ("2026-07-17.csv", "time,open,high,low", r"Expected 5 columns, was 4 .*line 1"),
        ("2026-07-17.csv", "when,open,high,low,close", "column 1 to be time, was 'when'"),
    ],
)
def test_bar_file_that_is_not_what_it_should_be_is_an_error(catalog, bars, name, header, text):
    with pytest.raises(DataError, match=text):
        import_files("ohlc-bars", [bars("09:30,1,1,1,1", name=name, header=header)], catalog,
                     symbol="SPX")  # fmt: skip


def test_folder_of_bars_names_what_it_skips(catalog, bars):
    path = bars("09:30,1,1,1,1")
    (path.parent / "README").write_text("x")
    report = import_files("ohlc-bars", [path.parent], catalog, symbol="SPX")
    assert [file.reason for file in report.skipped] == [
        "not named like 2026-07-17.csv.gz or vix_daily.csv"
    ]


def test_bars_without_a_symbol_are_an_error(catalog, bars):
    with pytest.raises(DataError, match="symbol that the files are of"):
        import_files("ohlc-bars", [bars("09:30,1,1,1,1")], catalog)


def test_files_with_only_bad_bars_are_an_error(catalog, bars, tree):
    paths = [bars("08:00,1,1,1,1"), bars("08:00,1,1,1,1", name="2026-07-20.csv")]
    text = r"was 0 of 2; 2 refused: out_of_session \(2026-07-17.csv and 1 more\)"
    with pytest.raises(DataError, match=text):
        import_files("ohlc-bars", paths, catalog, symbol="SPX")
    assert tree(catalog.path) == {}


def test_closes_become_settlement_prices_of_each_symbol(catalog, bars):
    path = bars(
        "2026-07-17,7457.78,743.29",
        "2026-07-18,7457.78,743.29",
        "2026-07-20,,742.09",
        "2026-07-21,7507.32,-1",
        "2026-07-17,1,1",
        name="closes.csv",
        header="date,spx_close,spy_close",
    )
    report = import_files("closes", [path], catalog)
    assert catalog.settlement("SPX", DATE).price_cents == 745_778
    assert catalog.settlement("SPY", DATE).price_cents == 74_329
    assert catalog.settlement("SPY", dt.date(2026, 7, 20)) is None
    assert report.refused == {"unparsable": 1, "negative": 1, "out_of_session": 1, "duplicate": 1}
    assert (report.rows_read, report.rows_written) == (5, 1)


def test_closes_may_be_limited_to_a_symbol(catalog, bars):
    path = bars("2026-07-17,7457.78,743.29", name="closes.csv", header="date,spx_close,spy_close")
    import_files("closes", [path], catalog, symbol="SPY")
    assert catalog.settlement("SPX", DATE) is None
    assert catalog.settlement("SPY", DATE) is not None


@pytest.mark.parametrize("column", ["spx", "../../x_close", "_close", "dow_jones_close"])
def test_closes_with_another_header_are_an_error(catalog, bars, column):
    path = bars("2026-07-17,1", name="closes.csv", header=f"date,{column}")
    with pytest.raises(
        DataError, match=rf"columns date, spx_close, .* was date, {column} .*line 1"
    ):
        import_files("closes", [path], catalog)


def test_closes_with_a_column_twice_are_an_error(catalog, bars):
    header = "date,spx_close,spx_close"
    path = bars("2026-07-17,7457.78,743.29", name="closes.csv", header=header)
    with pytest.raises(DataError, match=r"each column once, .*line 1"):
        import_files("closes", [path], catalog)


def test_index_values_are_rounded_to_hundredths(catalog, bars):
    import_files("ohlc-bars", [bars("09:30,1.2345,2,1,1.239")], catalog, symbol="SPX")
    assert np.allclose([value for _, value in ticks(catalog)], [1.23, 1.24])
