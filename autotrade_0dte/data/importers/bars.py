"""Open-high-low-close bars as ticks, without looking ahead.

A bar is stamped with its start. Its open becomes a tick at the start and its close a tick one
nanosecond before the end, which is when each was known. High and low have no known time: dropped.
"""

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.importers.quote_rows import cents
from autotrade_0dte.data.importers.report import Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.session_data import IndexPrices

__all__ = ["MINUTE_NS", "check_bars", "index_prices"]

MINUTE_NS = 60_000_000_000

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


def check_bars(rows: RowFilter, open_: Floats, high: Floats, low: Floats, close: Floats) -> None:
    """Refuse bars that are not numbers, not above zero, or whose range does not hold open/close."""
    with np.errstate(invalid="ignore"):
        prices = (open_, high, low, close)
        rows.refuse(Refusal.UNPARSABLE, ~np.all([np.abs(price) < 1e7 for price in prices], 0))
        rows.refuse(Refusal.NEGATIVE, np.any([price < 0.005 for price in prices], 0))
        inside = (np.maximum(open_, close) <= high) & (np.minimum(open_, close) >= low)
    rows.refuse(Refusal.INCONSISTENT_BAR, ~inside)


def index_prices(
    symbol: str,
    session: Session,
    start_ns: Ints,
    bars: tuple[Floats, Floats, Floats, Floats],
    rows: RowFilter,
    tally: Tally,
) -> IndexPrices | None:
    """Return the values of an index from its intraday bars (open, high, low, close; dollars).

    The bar length is the smallest spacing of the good bars, or a minute when there is only one.
    """
    check_bars(rows, *bars)
    outside = (start_ns < session.open_ns) | (start_ns >= session.close_ns)
    rows.refuse(Refusal.OUT_OF_SESSION, outside)
    kept = np.flatnonzero(rows.keep)
    starts, first = np.unique(start_ns[kept], return_index=True)
    if len(starts) < len(kept):
        tally.refused[Refusal.DUPLICATE] += len(kept) - len(starts)
    if len(starts) == 0:
        return None
    kept = kept[first]
    tally.noted[Note.BAR_RANGE_DROPPED] += len(kept)
    length = int(np.diff(starts).min()) if len(starts) > 1 else MINUTE_NS
    times = np.stack([starts, starts + length - 1], axis=1).ravel()
    values = np.stack([cents(bars[0][kept]), cents(bars[3][kept])], axis=1).ravel()
    inside = times < session.close_ns
    return IndexPrices(symbol, session.date, times[inside], values[inside])
