"""Quotes as columns show the book what was known at an instant, and nothing later."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.quote_columns import ColumnQuotes, QuoteColumns
from autotrade_0dte.products import product

CONTRACTS = 4
NEVER = 10**6

quotes = st.lists(
    st.tuples(
        st.integers(0, CONTRACTS - 1), st.integers(1, 60), st.integers(0, 5), st.integers(0, 9)
    ),
    max_size=60,
)
"""Contract, time known, delay, and a figure that tells quotes of one instant apart."""


def empty_book() -> OptionChainBook:
    strike, is_call = np.array([600.0, 600.0, 605.0, 605.0]), np.array([True, False, True, False])
    return OptionChainBook(strike, is_call, NEVER, ChainParams(), facts=product("SPY"))


def columns_of(known: list[tuple[int, int, int, int]]) -> QuoteColumns:
    rows = sorted(known, key=lambda quote: quote[0])  # stable: in time order within a contract
    contract = np.array([row[0] for row in rows], np.int64)
    ts_init = np.array([row[1] for row in rows], np.int64)
    figure = np.array([row[3] for row in rows], np.float64)
    starts = np.searchsorted(contract, np.arange(CONTRACTS + 1))
    ts_event = ts_init - np.array([row[2] for row in rows], np.int64)
    return QuoteColumns(starts, ts_event, ts_init, figure[:, np.newaxis] + np.arange(4.0))


@settings(deadline=None)  # the first example loads the kernel
@given(quotes, st.lists(st.integers(1, 61)), st.lists(st.integers(0, 61), min_size=1))
def test_book_has_the_last_quote_known_however_the_columns_are_cut(
    known: list[tuple[int, int, int, int]], cuts: list[int], instants: list[int]
) -> None:
    known = sorted(known, key=lambda quote: quote[1])
    source, book = ColumnQuotes(), empty_book()
    bounds = sorted({0, *cuts, NEVER})
    for first, end in pairwise(bounds):
        source.add(columns_of([quote for quote in known if first <= quote[1] < end]))
    before = 0
    for now in sorted(instants):
        is_new = source.take(now, book)
        assert is_new == any(before < quote[1] <= now for quote in known)
        before = max(before, now)
        for row in range(CONTRACTS):
            seen = [quote for quote in known if quote[0] == row and quote[1] <= now]
            expected = seen[-1][3] + np.arange(4.0) if seen else np.full(4, np.nan)
            np.testing.assert_array_equal(book.quotes[:, row], expected)
            assert book.ts_event[row] == (seen[-1][1] - seen[-1][2] if seen else 0)


def test_pieces_may_come_between_the_instants() -> None:
    source, book = ColumnQuotes(), empty_book()
    source.add(columns_of([(0, 5, 0, 1), (1, 10, 0, 2)]))
    assert source.take(9, book)
    source.add(columns_of([(0, 11, 0, 3)]))
    assert source.take(10, book)
    np.testing.assert_array_equal(book.bid, [1.0, 2.0, np.nan, np.nan])
    assert source.take(11, book)
    np.testing.assert_array_equal(book.bid, [3.0, 2.0, np.nan, np.nan])
    assert not source.take(NEVER, book)


@pytest.mark.parametrize("ts_init", [4, 5])
def test_columns_that_are_not_later_than_those_before_are_refused(ts_init: int) -> None:
    source = ColumnQuotes()
    source.add(columns_of([(0, 3, 0, 1), (1, 5, 0, 1)]))
    with pytest.raises(ValueError, match=rf"^Expected quotes after 5 ns, was {ts_init} ns$"):
        source.add(columns_of([(0, ts_init, 0, 1)]))
