"""Columns of ticks as doubles, and a chunk's quotes by the rows of a book."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.model import InstrumentId, Price

from autotrade_0dte.data.columns import index_table, quote_table
from autotrade_0dte.data.decimals import doubles
from autotrade_0dte.data.ticks import quote_columns

NAMES = ["SPY260720C00600000.US", "SPY260720P00600000.US", "SPY260720C00605000.US"]

# Prices from 1,844.67 dollars on need the upper half of a 128-bit decimal; from 14,757.40 on the
# engine's own doubles are not always the nearest.
ENGINE_EXACT_CENTS = 1_475_739
cents = st.lists(st.integers(0, ENGINE_EXACT_CENTS), min_size=1)


def decimals(values: list[int]) -> pa.ChunkedArray:
    times = np.arange(len(values))
    name = InstrumentId.from_str("SPX.US")
    return index_table(name, times, times, np.array(values, np.int64))["value"]


@settings(deadline=None)
@given(cents, st.integers(0, 9))
def test_doubles_are_those_of_the_engine_for_any_slice(values: list[int], skipped: int) -> None:
    expected = [Price(value / 100, 2).as_double() for value in values[skipped:]]
    np.testing.assert_array_equal(doubles(decimals(values).slice(skipped)), expected)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_doubles_are_the_nearest_at_any_price(values: list[int]) -> None:
    np.testing.assert_array_equal(doubles(decimals(values)), np.array(values) / 100)


def test_doubles_of_several_pieces_are_in_their_order() -> None:
    pieces = pa.chunked_array([*decimals([1, 2]).chunks, *decimals([300]).chunks])
    np.testing.assert_array_equal(doubles(pieces), [0.01, 0.02, 3.0])


def test_column_without_rows_has_no_doubles() -> None:
    for column in (decimals([]), pa.chunked_array([], pa.decimal128(38, 16))):
        assert doubles(column).size == 0


def quotes(name: str, *bids: int) -> pa.Table:
    bid = np.array(bids, np.int64)
    times = 10 * np.arange(len(bids)) + 1_000
    return quote_table(InstrumentId.from_str(name), times - 5, times, bid, bid + 1, bid + 2, bid)


def test_columns_have_the_contracts_in_the_order_of_the_book() -> None:
    tables = {
        NAMES[2]: quotes(NAMES[2], 30, 31),
        "SPY.US": quotes("SPY.US", 60_000),
        NAMES[0]: quotes(NAMES[0], 10),
    }
    columns = quote_columns(tables, NAMES)
    assert columns is not None
    assert columns.starts.tolist() == [0, 1, 1, 3]
    assert columns.ts_init.tolist() == [1_000, 1_000, 1_010]
    assert columns.ts_event.tolist() == [995, 995, 1_005]
    assert columns.sides.tolist() == [
        [0.10, 0.11, 12, 10],
        [0.30, 0.31, 32, 30],
        [0.31, 0.32, 33, 31],
    ]


@pytest.mark.parametrize("tables", [{}, {"SPY.US": quotes("SPY.US", 60_000)}])
def test_chunk_without_quotes_of_the_chain_has_no_columns(tables: dict[str, pa.Table]) -> None:
    assert quote_columns(tables, NAMES) is None
