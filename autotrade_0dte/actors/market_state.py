"""Judges every chain snapshot and publishes it with its indicators and the market's state."""

from collections import deque
from typing import TYPE_CHECKING, Any, Self

from nautilus_trader.common import DataActor
from nautilus_trader.model import IndexPriceUpdate, InstrumentId

from autotrade_0dte.actors.chain import chain_topic

if TYPE_CHECKING:
    from autotrade_0dte.market_state.watch import MarketWatch

__all__ = ["DESK_TURN", "RECORDER_TURN", "MarketStateActor", "market_topic"]

RECORDER_TURN = 1_000
"""Priority with which the recorder takes views: above every strategy's, whose signals and decisions
are recorded with the view that they were made in. The bus takes turns at random among subscribers
of one priority, so that each has its own."""

DESK_TURN = 900
"""Priority of the order desk: it works on the orders there are before a strategy decides anew."""


def market_topic(underlying: str) -> str:
    """Return the bus topic on which the views of the market of `underlying` are published."""
    return f"market.{underlying}"


class MarketStateActor(DataActor):
    """Turns each ChainSnapshot into a MarketView.

    Parameters
    ----------
    underlying : str
        Symbol of the underlying.
    watch : MarketWatch
        Indicators, detector and ladder of this session.
    volatility_index : InstrumentId, optional
        Index whose values are evidence, such as VIX; None where there is none.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(
        self, underlying: str, watch: "MarketWatch", volatility_index: InstrumentId | None
    ) -> None:
        super().__init__()
        self._chain_topic = chain_topic(underlying)
        self._topic = market_topic(underlying)
        self._watch = watch
        self._volatility_index = volatility_index
        self._updates: deque[IndexPriceUpdate] = deque()
        self._value = float("nan")
        self._value_ns = 0

    def on_start(self) -> None:
        self.subscribe_topic(self._chain_topic, self._on_chain)
        if self._volatility_index is not None:
            self.subscribe_index_prices(self._volatility_index)

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self._updates.append(update)

    def _on_chain(self, chain: Any) -> None:
        # As with the chain's quotes: what came after the snapshot's instant belongs to the next.
        while self._updates and self._updates[0].ts_init <= chain.ts_event:
            update = self._updates.popleft()
            self._value, self._value_ns = update.value.as_double(), update.ts_event
        self.publish_message(self._topic, self._watch.update(chain, self._value, self._value_ns))
