"""What trading cost: fees as booked, and the spread crossed as far as it can be estimated."""

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.instruments import SymbolError, option_symbol
from autotrade_0dte.products import product

__all__ = ["Costs", "costs", "multiplier"]


class Costs(msgspec.Struct, frozen=True):
    """Costs of a run in dollars.

    `spread` is an estimate: half the near-ATM relative spread of the last chain state before the
    fill, times the premium, over fills that took liquidity. Cheap far strikes have wider spreads,
    so it is rather too low. None when no such fill met a known spread; `spread_fills` of
    `taker_fills` did.
    """

    fees: float
    contracts: int
    spread: float | None
    spread_fills: int
    taker_fills: int


def costs(fills: pa.Table, states: pa.Table) -> Costs:
    """Add up the fees of all fills and estimate the spread paid by traded ones."""
    kind, liquidity = (fills[n].to_numpy() for n in ("kind", "liquidity"))
    quantity = fills["quantity"].to_numpy()
    traded = kind == "TRADE"
    taken = traded & (liquidity == "TAKER")
    scale = {name: multiplier(name) for name in fills["instrument_id"].unique().to_pylist()}
    multipliers = np.array([scale[n] for n in fills["instrument_id"].to_pylist()], np.float64)
    half_spread = _spread_fraction_at(fills, states) / 2
    paid = (half_spread * fills["price"].to_numpy() * quantity * multipliers)[taken]
    known = paid[~np.isnan(paid)]
    return Costs(
        fees=float(fills["fee"].to_numpy().sum()),
        contracts=int(quantity[traded].sum()),
        spread=float(known.sum()) if len(known) else None,
        spread_fills=len(known),
        taker_fills=int(taken.sum()),
    )


def multiplier(instrument_id: str) -> int:
    """Return the dollars a price of 1 is worth: 100 for an option, 1 for shares."""
    try:
        return product(option_symbol(instrument_id.rpartition(".")[0]).root).multiplier
    except SymbolError:
        return 1


def _spread_fraction_at(fills: pa.Table, states: pa.Table) -> NDArray[np.float64]:
    """Return the relative spread last seen before each fill of the same session, else NaN."""
    at = fills["ts_event"].cast(pa.int64()).to_numpy()
    seen = states["ts_event"].cast(pa.int64()).to_numpy()
    found = np.full(len(at), np.nan)
    row = np.searchsorted(seen, at, side="right") - 1
    usable = row >= 0
    days = (table["session"].cast(pa.int32()).to_numpy() for table in (fills, states))
    fill_day, state_day = days
    usable[usable] = state_day[row[usable]] == fill_day[usable]
    found[usable] = states["spread_fraction"].to_numpy()[row[usable]]
    return found
