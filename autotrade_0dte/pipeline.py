"""The pure stages of the pipeline as a configuration wants them, for engine and replay alike."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.instruments import OptionSymbol, Right
from autotrade_0dte.products import product

if TYPE_CHECKING:
    from autotrade_0dte.market_state.watch import MarketWatch

__all__ = ["chain_book", "market_watch"]


def chain_book(
    config: SystemConfig,
    symbols: Sequence[OptionSymbol],
    open_interest: Mapping[str, float],
    expiry_ns: int,
) -> OptionChainBook:
    """Return an empty book of the contracts `symbols`, by strike, call before put.

    `open_interest` is by compact OSI symbol; contracts that it lacks are unknown.
    """
    return OptionChainBook(
        np.array([symbol.strike for symbol in symbols]),
        np.array([symbol.right is Right.CALL for symbol in symbols]),
        expiry_ns,
        config.chain,
        np.array([open_interest.get(symbol.compact, np.nan) for symbol in symbols]),
        facts=product(config.root),
    )


def market_watch(config: SystemConfig, open_ns: int, close_ns: int) -> "MarketWatch":
    """Return the indicators, detector and ladder of a session that opens and closes then."""
    from autotrade_0dte.market_state.watch import MarketWatch  # noqa: PLC0415

    return MarketWatch(
        config.indicators,
        config.market_state,
        open_ns=open_ns,
        close_ns=close_ns,
        profile=config.profile,
        events=config.events,
    )
