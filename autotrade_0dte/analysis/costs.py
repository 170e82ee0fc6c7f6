"""What trading cost: fees as booked, and the distance from mid at which contracts changed hands."""

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.instruments import SymbolError, option_symbol
from autotrade_0dte.products import product

__all__ = ["Costs", "costs", "multiplier"]


class Costs(msgspec.Struct, frozen=True):
    """Costs of a run in dollars.

    `spread` is what was paid above mid, or received below it, over the `quoted_fills` of
    `traded_fills` that met a quote with both sides; None when there was no such fill.
    `oldest_quote_s` is the greatest age of a quote that was traded on, None when unknown.
    """

    fees: float
    contracts: int
    spread: float | None
    quoted_fills: int
    traded_fills: int
    oldest_quote_s: float | None


def costs(fills: pa.Table) -> Costs:
    """Add up the fees of all fills and what the traded ones gave away against mid."""
    traded = fills["kind"].to_numpy() == "TRADE"
    quantity = fills["quantity"].to_numpy()
    given = _given_to_mid(fills)[traded]
    known = given[~np.isnan(given)]
    age = fills["quote_age_s"].to_numpy()[traded]
    aged = age[~np.isnan(age)]
    return Costs(
        fees=float(fills["fee"].to_numpy().sum()),
        contracts=int(quantity[traded].sum()),
        spread=float(known.sum()) if len(known) else None,
        quoted_fills=len(known),
        traded_fills=int(traded.sum()),
        oldest_quote_s=float(aged.max()) if len(aged) else None,
    )


def multiplier(instrument_id: str) -> int:
    """Return the dollars a price of 1 is worth: 100 for an option, 1 for shares."""
    try:
        return product(option_symbol(instrument_id.rpartition(".")[0]).root).multiplier
    except SymbolError:
        return 1


def _given_to_mid(fills: pa.Table) -> NDArray[np.float64]:
    """Return dollars paid above mid of each buy, below it of each sell; NaN without a mid."""
    bid, ask, price = (fills[name].to_numpy() for name in ("bid", "ask", "price"))
    mid = np.where((bid > 0) & (ask > 0), (bid + ask) / 2, np.nan)
    sign = np.where(fills["side"].to_numpy() == "BUY", 1.0, -1.0)
    scale = {name: multiplier(name) for name in fills["instrument_id"].unique().to_pylist()}
    size = fills["quantity"].to_numpy() * np.array(
        [scale[name] for name in fills["instrument_id"].to_pylist()], np.float64
    )
    given: NDArray[np.float64] = sign * (price - mid) * size
    return given
