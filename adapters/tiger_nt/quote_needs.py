"""Whose quotes are needed now: what was asked for, what is held, and what prices the rest."""

import math
from collections.abc import Callable, Collection, Mapping

from nautilus_trader.model import OptionContract

from tiger_nt.instruments import Instrument
from tiger_nt.subscriptions import QuoteNeed

__all__ = ["quote_needs"]


def quote_needs(
    asked: Mapping[str, int],
    held: Collection[str],
    underlyings: Collection[str],
    instrument: Callable[[str], Instrument | None],
    spots: Mapping[str, float],
) -> list[QuoteNeed]:
    """Return one need a symbol.

    Parameters
    ----------
    asked : mapping of str to int
        Symbols asked for, and which was asked when.
    held, underlyings : collection of str
        Symbols with a position, and stocks that options are priced from: needed always.
    instrument : callable
        Instrument of a symbol, None where there is none.
    spots : mapping of str to float
        Price by underlying in dollars, NaN while unknown.
    """
    return [
        QuoteNeed(
            symbol,
            asked.get(symbol, 0),
            _distance(instrument(symbol), spots),
            is_underlying=symbol in underlyings,
            is_held=symbol in held,
        )
        for symbol in dict.fromkeys([*underlyings, *held, *asked])
    ]


def _distance(instrument: Instrument | None, spots: Mapping[str, float]) -> float:
    """Return the strike's distance from spot as a fraction of it, 0 for a stock."""
    if not isinstance(instrument, OptionContract):
        return 0.0
    spot = spots.get(instrument.underlying, math.nan)
    return abs(instrument.strike_price.as_double() / spot - 1) if spot > 0 else math.nan
