"""Columns that do not fit together are refused before anything is written."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.session_data import (
    IndexPrices,
    SessionDataError,
    SettlementPrice,
    UnderlyingQuotes,
    UnderlyingTrades,
    replay_times,
)

DATE = dt.date(2026, 7, 17)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"bid": np.array([1])}, "Expected 12 values of bid, was 1"),
        ({"is_call": np.array([True])}, "Expected 4 values of is_call, was 1"),
        ({"open_interest": np.array([1])}, "Expected 4 values of open_interest, was 1"),
        ({"strike_mills": np.array([700, 700, 600, 600])}, "sorted by strike, call before put"),
        ({"is_call": np.array([False, True, True, False])}, "sorted by strike, call before put"),
        ({"strike_mills": np.array([0, 0, 600, 600])}, "distinct contracts"),
        ({"contract": np.full(12, 4, np.int32)}, r"contract rows in \[0, 4\), was 4 to 4"),
        ({"contract": np.full(12, -1, np.int32)}, r"contract rows in \[0, 4\), was -1 to -1"),
        ({"ts_event": np.arange(12)[::-1]}, "ts_event in ascending order"),
        ({"ts_init": np.arange(12)[::-1]}, "ts_init in ascending order"),
        ({"ts_init": np.arange(11)}, "Expected 12 values of ts_init, was 11"),
        ({"hours": Session(dt.date(2026, 7, 20), 1, 2)}, "hours of 2026-07-17, was 2026-07-20"),
    ],
)
def test_chain_with_columns_that_do_not_fit_is_refused(make_chain, change, text):
    with pytest.raises(SessionDataError, match=text):
        dataclasses.replace(make_chain(), **change)


def test_event_times_may_jump_where_receipt_is_in_order(make_chain):
    chain = dataclasses.replace(make_chain(), ts_event=np.arange(12)[::-1], ts_init=np.arange(12))
    assert replay_times(chain).tolist() == list(range(12))


def test_receipt_at_the_time_of_the_event_is_no_information(make_chain):
    chain = make_chain()
    assert dataclasses.replace(chain, ts_init=np.array(chain.ts_event)).ts_init is None


def test_columns_are_read_only_once_published(make_chain):
    chain = make_chain()
    with pytest.raises(ValueError, match="read-only"):
        chain.bid[0] = 5


def test_empty_dataset_is_refused():
    nothing = np.array([], np.int64)
    with pytest.raises(SessionDataError, match="at least 1 row, was 0"):
        IndexPrices("VIX", DATE, nothing, nothing)


@pytest.mark.parametrize(("price", "size"), [(0, 1), (-5, 1), (100, 0)])
def test_trade_without_price_or_size_is_refused(price, size):
    with pytest.raises(SessionDataError, match="prices and sizes above 0"):
        UnderlyingTrades("SPY", DATE, np.array([1]), np.array([price]), np.array([size]))


@pytest.mark.parametrize("symbol", ["../x", "spy", ""])
def test_symbol_that_no_id_may_have_is_refused(make_chain, symbol):
    one = np.array([1])
    for build in (
        lambda: make_chain(root=symbol),
        lambda: UnderlyingTrades(symbol, DATE, one, one, one),
        lambda: UnderlyingQuotes(symbol, DATE, one, one, one, one, one),
        lambda: IndexPrices(symbol, DATE, one, one),
        lambda: SettlementPrice(symbol, DATE, 1, "test"),
    ):
        with pytest.raises(SessionDataError, match=f"symbol like SPY or BRK.B, was '{symbol}'"):
            build()


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_size_without_a_price_is_refused(make_chain, side):
    chain = make_chain()
    prices = getattr(chain, side).copy()
    prices[5] = 0
    text = rf"size 0 where there is no {side}, was above 0 in 1 rows \(SPY"
    with pytest.raises(SessionDataError, match=text):
        dataclasses.replace(chain, **{side: prices})
    sizes = getattr(chain, f"{side}_size").copy()
    sizes[5] = 0
    assert dataclasses.replace(chain, **{side: prices, f"{side}_size": sizes}) is not None

    one, none = np.array([1]), np.array([0])
    columns = {"bid": one, "ask": one, "bid_size": one, "ask_size": one}
    with pytest.raises(SessionDataError, match=text):
        UnderlyingQuotes("SPY", DATE, one, **columns | {side: none})
    UnderlyingQuotes("SPY", DATE, one, **columns | {side: none, f"{side}_size": none})


def test_price_without_a_size_is_a_quote(make_chain):
    chain = make_chain()
    assert dataclasses.replace(chain, ask_size=0 * chain.ask) is not None


@pytest.mark.parametrize("name", ["bid", "ask", "bid_size", "ask_size"])
def test_quote_below_zero_is_refused(make_chain, name):
    chain = make_chain()
    with pytest.raises(SessionDataError, match=f"{name[:3]} prices and sizes of at least 0"):
        dataclasses.replace(chain, **{name: -getattr(chain, name)})


def test_settlement_price_of_zero_is_refused():
    with pytest.raises(SessionDataError, match="above 0, was 0 cents"):
        SettlementPrice("SPY", DATE, 0, "test")
