"""From rows of option quotes to a chain: what is refused, what is noted, how it is ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.importers.report import Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.session_data import ChainData

__all__ = ["QuoteRows", "build_chain", "cents", "check_quotes"]
__all__ += ["check_values", "count_notes"]

_MAX_VALUE = 1e7
_CENT_TOLERANCE = 1e-6

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class QuoteRows:
    """Quotes as read, in any order; prices in dollars, NaN is a value that could not be read.

    `open_interest` may be None (the vendor has none) or NaN in places.
    """

    ts_event: Ints
    strike: Floats
    is_call: NDArray[np.bool_]
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    open_interest: Floats | None = None


def cents(dollars: Floats) -> Ints:
    """Return prices rounded to whole cents."""
    return np.rint(dollars * 100.0).astype(np.int64)


def check_quotes(
    rows: RowFilter, bid: Floats, ask: Floats, bid_size: Floats, ask_size: Floats
) -> None:
    """Refuse quotes that are not numbers, negative, finer than a cent, or crossed."""
    check_values(rows, (bid, ask), (bid_size, ask_size))
    with np.errstate(invalid="ignore"):
        rows.refuse(Refusal.CROSSED, (bid > ask) & (ask > 0))


def check_values(rows: RowFilter, prices: Sequence[Floats], sizes: Sequence[Floats]) -> None:
    """Refuse rows with what is no number or negative, or with a price finer than a cent."""
    with np.errstate(invalid="ignore"):
        for value in (*prices, *sizes):
            rows.refuse(Refusal.UNPARSABLE, ~(value < _MAX_VALUE))
        for value in (*prices, *sizes):
            rows.refuse(Refusal.NEGATIVE, value < 0)
        for price in prices:
            hundredths = price * 100.0
            off = np.abs(hundredths - np.rint(hundredths)) > _CENT_TOLERANCE
            rows.refuse(Refusal.SUB_CENT, off)


def count_notes(bid: Ints, ask: Ints, tally: Tally) -> None:
    """Count stored quotes that are locked or lack a side."""
    both = (bid > 0) & (ask > 0)
    for note, hit in ((Note.ONE_SIDED, ~both), (Note.LOCKED, both & (bid == ask))):
        if count := int(np.count_nonzero(hit)):
            tally.noted[note] += count


def build_chain(
    root: str, session: Session, quotes: QuoteRows, rows: RowFilter, tally: Tally
) -> ChainData | None:
    """Return the chain of the good rows, or None when there is none.

    The first of several rows of one contract and instant is kept. `rows` may already have refused
    some.
    """
    with np.errstate(invalid="ignore"):
        strike_ok = (quotes.strike > 0) & (quotes.strike < _MAX_VALUE / 100)
    rows.refuse(Refusal.UNPARSABLE, ~strike_ok)
    check_quotes(rows, quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
    outside = (quotes.ts_event < session.open_ns) | (quotes.ts_event >= session.close_ns)
    rows.refuse(Refusal.OUT_OF_SESSION, outside)
    kept = np.flatnonzero(rows.keep)
    if len(kept) == 0:
        return None

    times = quotes.ts_event[kept]
    if (np.diff(times) < 0).any():
        kept = kept[np.argsort(times, kind="stable")]
    keys, contract = _contracts(quotes.strike[kept], quotes.is_call[kept])
    repeated = _repeated(quotes.ts_event[kept], contract)
    if repeated.any():
        tally.refused[Refusal.DUPLICATE] += int(np.count_nonzero(repeated))
        kept, contract = kept[~repeated], contract[~repeated]

    bid, ask = cents(quotes.bid[kept]), cents(quotes.ask[kept])
    count_notes(bid, ask, tally)
    return ChainData(
        root=root,
        session=session.date,
        strike_mills=keys >> 1,
        is_call=keys & 1 == 0,
        contract=contract,
        ts_event=quotes.ts_event[kept],
        bid=bid,
        ask=ask,
        bid_size=np.where(bid > 0, np.rint(quotes.bid_size[kept]), 0).astype(np.int64),
        ask_size=np.where(ask > 0, np.rint(quotes.ask_size[kept]), 0).astype(np.int64),
        open_interest=_open_interest(quotes.open_interest, kept, contract, len(keys)),
    )


def _contracts(strike: Floats, is_call: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.int32]]:
    """Return sorted keys of the contracts (strike mills * 2, + 1 for a put) and each row's."""
    mills = np.rint(strike * 1_000.0).astype(np.int64)
    # Hashing a few hundred distinct values is many times faster than sorting all rows.
    encoded: Any = pa.array(mills * 2 + ~is_call).dictionary_encode()
    keys = encoded.dictionary.to_numpy()
    order = np.argsort(keys)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return keys[order], rank[encoded.indices.to_numpy()]


def _repeated(times: Ints, contract: NDArray[np.int32]) -> NDArray[np.bool_]:
    narrow = contract.astype(np.int16) if contract.max() < 2**15 else contract
    order = np.argsort(narrow, kind="stable")
    again = (np.diff(contract[order]) == 0) & (np.diff(times[order]) == 0)
    repeated = np.zeros(len(times), np.bool_)
    repeated[order[1:][again]] = True
    return repeated


def _open_interest(
    values: Floats | None, kept: Ints, contract: NDArray[np.int32], count: int
) -> Ints | None:
    """Return the first known value of each contract, -1 where there is none."""
    if values is None:
        return None
    result = np.full(count, -1, np.int64)
    known = np.flatnonzero(np.isfinite(values[kept]) & (values[kept] >= 0))[::-1]
    result[contract[known]] = np.rint(values[kept][known]).astype(np.int64)
    return result
