"""The journal returns what was put in, whatever the rows, the flushes and the moment of death."""

import datetime as dt
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.journal import JournalHeader, JournalWriter, RowKind, read_journal

HEADER = JournalHeader(
    root="SPY",
    underlying="SPY",
    hours=Session(dt.date(2026, 7, 31), 1, 2),
    symbols=("SPY260731C00600000", "SPY260731P00600000", "SPY", "VIX"),
    synthetic=True,
    source="property test",
    open_interest={"SPY260731C00600000": 5.0},
)

numbers = st.integers(0, 3)
times = st.integers(-(2**63), 2**63 - 1)
values = st.floats(allow_nan=True)
quotes = st.tuples(st.just("quote"), numbers, times, times, values, values, values, values)
trades = st.tuples(st.just("trade"), numbers, times, times, values, values)
indexes = st.tuples(st.just("index"), numbers, times, times, values)
steps = st.lists(st.one_of(quotes, trades, indexes, st.just(("flush",))), max_size=40)

KINDS = {"quote": RowKind.QUOTE, "trade": RowKind.TRADE, "index": RowKind.INDEX}


def expected(step: tuple) -> tuple:
    """Return the row that a step leaves: ts_event, ts_init, four values, symbol, kind."""
    name, number, ts_event, ts_init, *numbers = step
    if name == "quote":
        bid, ask, bid_size, ask_size = numbers
    else:
        bid, bid_size = (*numbers, 0.0)[:2]
        ask = ask_size = 0.0
    return (ts_event, ts_init, bid, ask, bid_size, ask_size, number, int(KINDS[name]))


def same(left: tuple, right: tuple) -> bool:
    return all(
        a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))
        for a, b in zip(left, right, strict=True)
    )


def write(folder: Path, taken: list[tuple]) -> JournalWriter:
    writer = JournalWriter(folder, HEADER)
    for name, *arguments in taken:
        getattr(writer, name)(*arguments)
    return writer


@settings(max_examples=60, deadline=None)
@given(steps)
def test_rows_come_back_in_order_after_close(taken):
    folder = Path(tempfile.mkdtemp())
    try:
        writer = write(folder, taken)
        writer.close()
        header, rows = read_journal(writer.path)
    finally:
        shutil.rmtree(folder)
    put = [expected(step) for step in taken if step[0] != "flush"]
    assert header == HEADER
    assert len(rows) == len(put)
    assert all(same(row, other) for row, other in zip(rows.tolist(), put, strict=True))


@settings(max_examples=60, deadline=None)
@given(steps, st.floats(0, 1))
def test_file_cut_anywhere_gives_the_whole_rows_before_the_cut(taken, share):
    folder = Path(tempfile.mkdtemp())
    try:
        start = len(write(folder, []).path.read_bytes())
        writer = write(folder, taken)
        writer.flush()
        content = writer.path.read_bytes()
        cut = start + round(share * (len(content) - start))
        writer.path.write_bytes(content[:cut])
        whole = read_journal(writer.path).rows
        writer.path.write_bytes(content)
        everything = read_journal(writer.path).rows
    finally:
        shutil.rmtree(folder)
    assert len(whole) == (cut - start) // 56
    assert np.array_equal(whole.tobytes(), everything[: len(whole)].tobytes())


@settings(max_examples=30, deadline=None)
@given(steps)
def test_what_was_flushed_is_there_before_the_close(taken):
    folder = Path(tempfile.mkdtemp())
    try:
        path = write(folder, [*taken, ("flush",)]).path
        rows = read_journal(path).rows
    finally:
        shutil.rmtree(folder)
    assert len(rows) == sum(step[0] != "flush" for step in taken)
