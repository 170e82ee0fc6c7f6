"""A strategy that keeps what the engine publishes, to compare it with what a replay yields."""

import pickle
from pathlib import Path
from typing import Any, Self

import msgspec
from nautilus_trader.model import StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import market_topic


class KeeperParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Folder that a file for each session is written to."""

    folder: str


class ViewKeeper(Strategy):
    Params = KeeperParams

    def __new__(cls, *_args: Any, **_named: Any) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("Keeper-001")))

    def __init__(self, session: TradingSession, params: KeeperParams, *_rest: Any) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Keeper-001")))
        self.session = session
        self.path = Path(params.folder) / f"{session.open_ns}.pickle"
        self.views: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self.session.underlying), self.views.append)

    def on_stop(self) -> None:
        self.path.write_bytes(pickle.dumps(self.views))
