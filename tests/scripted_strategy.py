"""A strategy that sends the orders its parameters list, for tests of everything around it."""

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
from nautilus_trader.model import InstrumentId, OrderSide, Price, Quantity, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig
from small_market import WINDOWS

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.analysis.tables import read_tables
from autotrade_0dte.config import (
    AccountKind,
    AccountParams,
    SimulationParams,
    StrategySpec,
    SystemConfig,
)
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.sessions import run_backtest
from autotrade_0dte.risk.expiry import ExpiryParams, ExpiryPolicy

NS = 1_000_000_000
BASE = (FillScenario.BASE,)


class ScriptedOrder(msgspec.Struct, frozen=True):
    """One order, sent `at_s` seconds after the open on `date` (every date when empty)."""

    at_s: int
    symbol: str
    side: str
    quantity: int
    price: float = math.nan
    date: str = ""


class ScriptedParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The orders, and in which handler to fail (quote, view, timer or order) by date."""

    orders: list[ScriptedOrder] = []
    failures: dict[str, str] = {}


class ScriptedStrategy(Strategy):
    Params = ScriptedParams

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("Scripted-001")))

    def __init__(self, session: TradingSession, params: ScriptedParams, *_args: Any) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Scripted-001")))
        self.session = session
        self.params = params

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self.session.underlying), self._on_view)
        for number, order in enumerate(self.params.orders):
            if order.date in ("", self._date()):
                at = self.session.open_ns + order.at_s * NS
                self.clock.set_time_alert_ns(str(number), at, lambda _e, o=order: self._send(o))
        at = self.session.open_ns + 600 * NS
        self.clock.set_time_alert_ns("fail", at, lambda _e: self._fail("timer"))
        self.subscribe_quotes(InstrumentId.from_str(self.session.instrument_ids[0]))

    def on_quote(self, _quote: Any) -> None:
        self._fail("quote")

    def on_order_event(self, _event: Any) -> None:
        self._fail("order")

    def _on_view(self, _view: Any) -> None:
        self._fail("view")

    def _fail(self, handler: str) -> None:
        if self.params.failures.get(self._date()) == handler:
            raise RuntimeError(f"scripted failure in {handler}")

    def _date(self) -> str:
        # Symbols carry the expiry, which is the session: SPY260731C00600000.
        symbol = self.session.instrument_ids[0].removeprefix(self.session.root)
        return f"20{symbol[:2]}-{symbol[2:4]}-{symbol[4:6]}"

    def _send(self, order: ScriptedOrder) -> None:
        side = OrderSide.BUY if order.side == "BUY" else OrderSide.SELL
        instrument_id = InstrumentId.from_str(f"{order.symbol}.US")
        quantity = Quantity.from_int(order.quantity)
        if math.isnan(order.price):
            built = self.order_factory.market(
                instrument_id, side, quantity, exec_algorithm_id=DESK_ID
            )
        else:
            price = Price(order.price, 2)
            built = self.order_factory.limit(
                instrument_id, side, quantity, price, exec_algorithm_id=DESK_ID
            )
        self.submit_order(built)


def scripted(
    root: str,
    *orders: ScriptedOrder,
    failures: dict[str, str] | None = None,
    kind: AccountKind = AccountKind.MARGIN,
    cash: float = 100_000.0,
    **changes: Any,
) -> SystemConfig:
    """Return a configuration that runs the orders, held to settlement unless changed."""
    params = ScriptedParams(orders=list(orders), failures=failures or {})
    expiry = ExpiryParams(policy=ExpiryPolicy.SETTLE, exercise_test=False, can_short_shares=True)
    return SystemConfig(
        name="scripted",
        root=root,
        regular=StrategySpec("scripted_strategy:ScriptedStrategy", msgspec.to_builtins(params)),
        account=AccountParams(kind, cash),
        **({"expiry": expiry, "simulation": SimulationParams(scenarios=BASE), **WINDOWS} | changes),
    )


class Outcome(msgspec.Struct):
    """A run's summary, its sessions by date and its tables."""

    summary: dict[str, Any]
    sessions: dict[str, dict[str, Any]]
    tables: dict[str, Any]
    folder: Path

    def rows(self, name: str, date: dt.date) -> list[dict[str, Any]]:
        """Return the rows of one session of a table."""
        rows: list[dict[str, Any]] = self.tables[name].to_pylist()
        return [row for row in rows if row["session"] == date]


def run(
    config: SystemConfig,
    catalog: Path,
    runs: Path,
    workers: int = 2,
    scenarios: Sequence[FillScenario] = BASE,
) -> Outcome:
    """Backtest every session of the catalog that the configuration's root has."""
    folder, summary = run_backtest(
        config,
        catalog,
        Catalog(catalog).sessions(config.root),
        runs,
        workers=workers,
        command="test",
        progress=lambda _: None,
        scenarios=scenarios,
    )
    sessions = {row["session"]: row for row in summary["per_session"]}
    return Outcome(summary, sessions, read_tables(folder), folder)
