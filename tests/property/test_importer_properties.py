"""However a vendor file is mangled, the import ends in one clean error or in a true account."""

import datetime as dt
import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autotrade_0dte.calendar import session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers import DataError, import_files
from autotrade_0dte.data.importers.quote_rows import QuoteRows, build_chain
from autotrade_0dte.data.importers.report import RowFilter, Tally

HEADER = (
    "fetched_at_et,quote_ts,spot,expiry,type,strike,bid,ask,bid_size,ask_size,last_trade_price,"
    "iv,delta,gamma,theta,vega,rho,volume,open_interest"
)
ROWS = [
    f"2026-07-17 10:00:00,2026-07-17T09:{minute}:11,741.2,2026-07-17,{kind},{strike}.0,{bid},{ask},"
    "5.0,6.0,1.2,0.1,0.5,0.1,-0.1,0.1,0.0,3.0,12.0"
    for minute in (34, 39)
    for kind, strike, bid, ask in (("C", 740, 1.5, 1.52), ("P", 740, 0.0, 0.01), ("C", 741, 1, 1))
]
CBOE = ("SPY_2026-07-17.csv", "\n".join([HEADER, *ROWS, ""]).encode(), "cboe-delayed")
BARS = (
    "2026-07-17.csv",
    b"time,open,high,low,close\n09:30,7447.52,7447.71,7441.62,7447.52\n09:31,7447,7448,7445,7447\n",
    "ohlc-bars",
)
DAYS = (
    "vix_daily.csv",
    b"date,open,high,low,close\n2026-07-16,16,17,15,16\n2026-07-17,16,17,15,16\n",
    "ohlc-bars",
)
CLOSES = ("closes.csv", b"date,spx_close,spy_close\n2026-07-17,7457.78,743.29\n", "closes")

MANGLING = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIELDS = st.sampled_from(
    ["", " ", "nan", "-1", "1e400", "9" * 30, "1e9", "0", "C", "2026-07-18", "x", '"', "\x00", "é"]
)


@st.composite
def mangled(draw, content: bytes) -> bytes:
    """Content with fields replaced, bytes flipped, pieces repeated, cut or moved."""
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["field", "byte", "cut", "repeat", "drop"]))
        if kind == "field":
            lines = content.split(b"\n")
            row = draw(st.integers(0, len(lines) - 1))
            fields = lines[row].split(b",")
            fields[draw(st.integers(0, len(fields) - 1))] = draw(FIELDS).encode()
            lines[row] = b",".join(fields)
            content = b"\n".join(lines)
            continue
        at = draw(st.integers(0, len(content)))
        end = draw(st.integers(at, len(content)))
        if kind == "byte":
            content = content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
        elif kind == "cut":
            content = content[:at]
        elif kind == "repeat":
            content = content[:end] + content[at:]
        else:
            content = content[:at] + content[end:]
    return content


def check_outcome(name: str, content: bytes, source_format: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        catalog = Catalog(Path(folder) / "catalog")
        try:
            report = import_files(source_format, [path], catalog, symbol=symbol_of(source_format))
        except DataError as e:
            assert name in str(e)  # noqa: PT017 - not every mangled file is an error
            left = [file for file in catalog.path.rglob("*") if file.is_file()]
            assert [file.name for file in left] in ([], [".lock"])
            return
        assert report.rows_read == report.rows_written + sum(report.refused.values())
        assert report.rows_written >= 0
        assert report.changed == (report.rows_written > 0)
        for entry in catalog.sessions():
            assert entry.quotes == report.rows_written
            ticks = [tick for chunk in catalog.chunks(entry) for tick in chunk]
            assert len(ticks) == sum(held.rows for held in entry.datasets)


def symbol_of(source_format: str) -> str | None:
    return "SPX" if source_format == "ohlc-bars" else None


@MANGLING
@given(mangled(CBOE[1]))
def test_mangled_chain_file_is_an_error_or_a_true_account(content):
    check_outcome(CBOE[0], content, CBOE[2])


@pytest.mark.parametrize("file", [BARS, DAYS, CLOSES], ids=lambda file: file[0])
@settings(MANGLING, max_examples=40)
@given(data=st.data())
def test_mangled_small_file_is_an_error_or_a_true_account(file, data):
    name, content, source_format = file
    check_outcome(name, data.draw(mangled(content)), source_format)


@settings(MANGLING, max_examples=30)
@given(data=st.data())
def test_mangled_gzip_is_an_error_or_a_true_account(data):
    content = data.draw(mangled(gzip.compress(CBOE[1], mtime=0)))
    check_outcome(CBOE[0] + ".gz", content, CBOE[2])


DAY = session(dt.date(2026, 7, 17))
quote_lists = st.lists(
    st.tuples(
        st.integers(-2, 5),  # minutes after the open
        st.sampled_from([700.0, 700.5, 701.0]),
        st.booleans(),
        st.integers(-1, 6),  # bid, cents
        st.integers(0, 6),  # ask, cents
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(quote_lists)
def test_chain_keeps_exactly_the_first_good_quote_of_each_contract_and_instant(quotes):
    minute, strike, call, bid, ask = (np.array(column) for column in zip(*quotes, strict=True))
    ones = np.ones(len(quotes))
    tally = Tally()
    tally.read = len(quotes)
    rows = QuoteRows(
        DAY.open_ns + minute * 60_000_000_000, strike, call, bid / 100, ask / 100, ones, ones
    )
    chain = build_chain("SPY", DAY, rows, RowFilter(len(quotes), tally), tally)
    expected = {}
    for when, k, c, b, a in quotes:
        if when >= 0 and b >= 0 and not b > a > 0:
            expected.setdefault((when, k, not c), (b, a))
    assert tally.written == len(expected)
    if chain is None:
        assert not expected
        return
    found = {
        (
            (int(chain.ts_event[i]) - DAY.open_ns) // 60_000_000_000,
            chain.strike_mills[chain.contract[i]] / 1_000,
            not chain.is_call[chain.contract[i]],
        ): (int(chain.bid[i]), int(chain.ask[i]))
        for i in range(len(chain.ts_event))
    }
    assert found == expected
    assert tally.noted["one_sided"] == sum(b == 0 or a == 0 for b, a in expected.values())
    assert tally.noted["locked"] == sum(b == a > 0 for b, a in expected.values())
