"""The catalog's decimals as doubles."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.model import InstrumentId, Price

from autotrade_0dte.data.columns import index_table
from autotrade_0dte.data.decimals import doubles

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
