"""A chunk's quotes by the rows of a book, from the memory of the catalog's files."""

import numpy as np
import pyarrow as pa
import pytest
from nautilus_trader.model import InstrumentId

from autotrade_0dte.data.columns import quote_table
from autotrade_0dte.data.raw_quotes import RawQuotes, quote_columns, raw_quotes

NAMES = ["SPY260720C00600000.US", "SPY260720P00600000.US", "SPY260720C00605000.US"]


def quotes(name: str, *bids: int) -> RawQuotes:
    bid = np.array(bids, np.int64)
    times = 10 * np.arange(len(bids)) + 1_000
    table = quote_table(InstrumentId.from_str(name), times - 5, times, bid, bid + 1, bid + 2, bid)
    return raw_quotes(table)


def test_columns_have_the_contracts_in_the_order_of_the_book() -> None:
    held = {
        NAMES[2]: [quotes(NAMES[2], 30, 31)],
        "SPY.US": [quotes("SPY.US", 60_000)],
        NAMES[0]: [quotes(NAMES[0], 10)],
    }
    columns = quote_columns(held, NAMES)
    assert columns is not None
    assert columns.starts.tolist() == [0, 1, 1, 3]
    assert columns.ts_init.tolist() == [1_000, 1_000, 1_010]
    assert columns.ts_event.tolist() == [995, 995, 1_005]
    assert columns.sides.tolist() == [
        [0.10, 0.11, 12, 10],
        [0.30, 0.31, 32, 30],
        [0.31, 0.32, 33, 31],
    ]


@pytest.mark.parametrize("held", [{}, {"SPY.US": [quotes("SPY.US", 60_000)]}])
def test_chunk_without_quotes_of_the_chain_has_no_columns(held: dict[str, list[RawQuotes]]) -> None:
    assert quote_columns(held, NAMES) is None


def test_pieces_of_a_contract_follow_each_other_and_share_the_memory_of_the_whole() -> None:
    raw = quotes(NAMES[0], 10, 11, 12, 13)
    some = raw.rows(1, 3)
    assert np.shares_memory(some.bid, raw.bid)
    columns = quote_columns({NAMES[0]: [some, raw.rows(3, 4)], NAMES[1]: [some]}, NAMES)
    assert columns is not None
    assert columns.starts.tolist() == [0, 3, 5, 5]
    assert columns.sides[:, 0].tolist() == [0.11, 0.12, 0.13, 0.11, 0.12]
    assert columns.ts_init.tolist() == [1_010, 1_020, 1_030, 1_010, 1_020]


def test_table_in_one_piece_is_not_copied() -> None:
    times = np.arange(1_000, 1_003)
    cents = np.array([10, 11, 12])
    table = quote_table(InstrumentId.from_str(NAMES[0]), times, times, cents, cents, cents, cents)
    raw = raw_quotes(table)
    for name, column in (
        ("ask_price", raw.ask),
        ("bid_size", raw.bid_size),
        ("ts_init", raw.ts_init),
    ):
        buffer = table[name].chunk(0).buffers()[1]
        assert column.ctypes.data == buffer.address


def test_table_in_two_pieces_is_read_whole() -> None:
    one, two = (np.array([cents]) for cents in (10, 11))
    name = InstrumentId.from_str(NAMES[0])
    pieces = [quote_table(name, each, each, each, each, each, each) for each in (one, two)]
    raw = raw_quotes(pa.concat_tables(pieces))
    columns = quote_columns({NAMES[0]: [raw]}, NAMES)
    assert columns is not None
    assert columns.sides[:, 0].tolist() == [0.10, 0.11]
    assert columns.ts_event.tolist() == [10, 11]
