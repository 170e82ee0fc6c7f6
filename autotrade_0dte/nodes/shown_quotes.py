"""The quote that a contract shows at an instant, for the fill model, which is told prices only."""

import math
from collections.abc import Sequence

import numpy as np
from nautilus_trader.model import InstrumentId

from autotrade_0dte.actors.fill_model import ShownQuote
from autotrade_0dte.chain.quote_columns import QuoteColumns

__all__ = ["ColumnShownQuotes"]


class ColumnShownQuotes:
    """Looks quotes up in the columns that a backtest runs.

    The engine's cache will not do: when the engine matches a new quote with the orders at work, its
    cache still has the one before.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._row = {InstrumentId.from_str(name): row for row, name in enumerate(names)}
        self._before = np.full((4, len(names)), np.nan)
        self._columns: QuoteColumns | None = None

    def add(self, columns: QuoteColumns) -> None:
        """Take the quotes that follow; of those before, the last of each contract is kept."""
        held = self._columns
        if held is not None:
            rows = np.flatnonzero(np.diff(held.starts))
            self._before[:, rows] = held.sides[held.starts[rows + 1] - 1].T
        self._columns = columns

    def __call__(self, instrument_id: InstrumentId, now_ns: int) -> ShownQuote | None:
        """Return the newest quote known at `now_ns`, UTC ns."""
        row = self._row.get(instrument_id)
        if row is None or self._columns is None:
            return None
        columns = self._columns
        first, end = columns.starts[row : row + 2]
        at = first + np.searchsorted(columns.ts_init[first:end], now_ns, "right") - 1
        sides = self._before[:, row] if at < first else columns.sides[at]
        bid, ask, bid_size, ask_size = sides.tolist()
        return (bid, ask, bid_size, ask_size) if not math.isnan(bid) else None
