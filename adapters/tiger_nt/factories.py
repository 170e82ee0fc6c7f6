"""Makes the clients inside a node.

>>> builder = builder.add_data_client("TIGER", TigerDataClientFactory(), data_config)
>>> builder = builder.add_exec_client("TIGER", TigerExecutionClientFactory(), execution_config)
"""

from nautilus_trader.common import Clock
from nautilus_trader.live import ClientCache
from nautilus_trader.live.clients import DataClientFactory, ExecutionClientFactory
from nautilus_trader.model import TraderId

from tiger_nt.data import TigerDataClient
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution import TigerExecutionClient, TigerExecutionClientConfig

__all__ = ["TigerDataClientFactory", "TigerExecutionClientFactory"]


class TigerDataClientFactory(DataClientFactory):
    """Makes a `TigerDataClient`."""

    @staticmethod
    def create(  # type: ignore[override]  # of our own configuration only
        *, name: str, config: TigerDataClientConfig, cache: ClientCache, clock: Clock
    ) -> TigerDataClient:
        """Make the client; it connects when the node starts."""
        return TigerDataClient(name, config, cache, clock)


class TigerExecutionClientFactory(ExecutionClientFactory):
    """Makes a `TigerExecutionClient`."""

    @staticmethod
    def create(  # type: ignore[override]  # of our own configuration only
        *,
        name: str,
        config: TigerExecutionClientConfig,
        cache: ClientCache,
        clock: Clock,
        trader_id: TraderId,
    ) -> TigerExecutionClient:
        """Make the client; it connects when the node starts."""
        return TigerExecutionClient(name, config, cache, clock, trader_id)
