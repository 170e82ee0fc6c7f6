"""The pure stages of the pipeline as a configuration wants them, for engine and replay alike."""

from collections.abc import Mapping, Sequence

import numpy as np

from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.instruments import OptionSymbol, Right
from autotrade_0dte.products import product

__all__ = ["chain_book"]


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
