"""Everything a strategy looks at, as of one instant."""

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.state import MarketState

__all__ = ["MarketView"]


class MarketView(msgspec.Struct, frozen=True, eq=False):
    """One snapshot of the chain with the indicators and the market state that follow from it."""

    chain: ChainSnapshot
    indicators: IndicatorValues
    state: MarketState
