"""Hours of a simulated session and the rows of a market."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.simulator.market import NEW_YORK, MarketChunk, hours_around

NS = 1_000_000_000


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * NS


def test_session_on_a_sunday_night_opens_before_now_and_closes_after():
    now = at("2026-11-22T03:17:00")
    hours = hours_around(now, 3_600, 10_800)
    assert hours.date == dt.date(2026, 11, 22)
    assert (hours.open_ns, hours.close_ns) == (now - 3_600 * NS, now + 10_800 * NS)


@pytest.mark.parametrize("now", ["2026-11-22T00:30:00", "2026-11-22T23:30:00"])
def test_session_across_midnight_has_the_date_of_now(now: str):
    hours = hours_around(at(now), 3_600, 10_800)
    assert hours.date == dt.date(2026, 11, 22)


def test_session_has_new_yorks_date_when_utc_is_a_day_ahead():
    assert hours_around(at("2026-11-22T21:00:00"), 0, 60).date == dt.date(2026, 11, 22)


def test_session_is_open_from_its_open_to_before_its_close():
    now = at("2026-11-23T12:00:00")
    hours = hours_around(now, 10, 10)
    opened, closed = now - 10 * NS, now + 10 * NS
    states = [hours.is_open(ns) for ns in (opened - 1, opened, closed - 1, closed)]
    assert states == [False, True, True, False]


@pytest.mark.parametrize(
    ("open_for_s", "closes_in_s"), [(-1, 60), (60, 0), (60, -5), (math.nan, 60), (60, 1e6)]
)
def test_hours_that_do_not_hold_now_are_refused(open_for_s: float, closes_in_s: float):
    with pytest.raises(ValueError, match="Expected hours that hold now"):
        hours_around(at("2026-11-23T12:00:00"), open_for_s, closes_in_s)


@given(
    now_s=st.integers(1_700_000_000, 1_900_000_000),
    open_for_s=st.floats(0, 43_200),
    closes_in_s=st.floats(1, 43_200),
)
def test_every_session_holds_now_and_its_date_is_new_yorks(
    now_s: int, open_for_s: float, closes_in_s: float
):
    hours = hours_around(now_s * NS, open_for_s, closes_in_s)
    assert hours.is_open(now_s * NS)
    assert hours.date == dt.datetime.fromtimestamp(now_s, NEW_YORK).date()


def chunk() -> MarketChunk:
    return MarketChunk(
        symbols=("SPY", "VIX"),
        ts_ns=np.array([1, 2, 3]),
        instrument=np.array([0, 1, 0], np.int32),
        bid=np.array([10.0, np.nan, np.nan]),
        ask=np.array([10.1, np.nan, np.nan]),
        bid_size=np.array([5, 0, 0]),
        ask_size=np.array([6, 0, 0]),
        last=np.array([np.nan, 20.0, 10.1]),
        last_size=np.array([0, 0, 100]),
    )


def test_rows_tell_quotes_levels_and_prints_apart():
    quote, level, trade = chunk().rows()
    assert (quote.symbol, quote.bid, quote.ask_size) == ("SPY", 10.0, 6)
    assert (level.symbol, level.last, level.last_size) == ("VIX", 20.0, 0)
    assert (trade.symbol, trade.last, trade.last_size) == ("SPY", 10.1, 100)
    assert [row.has_quote for row in (quote, level, trade)] == [True, False, False]
    assert [row.has_last for row in (quote, level, trade)] == [False, True, True]


def test_a_range_of_rows_is_given_without_its_end():
    assert [row.ts_ns for row in chunk().rows(1, 2)] == [2]
    assert [row.ts_ns for row in chunk().rows(1)] == [2, 3]


def test_rows_are_plain_python_numbers():
    row = next(chunk().rows())
    assert (type(row.ts_ns), type(row.bid), type(row.bid_size)) == (int, float, int)
