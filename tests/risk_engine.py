"""The risk controller on the real engine: views made by hand, a strategy that may not listen."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Self

import msgspec
import numpy as np
from desk_engine import CALL, FEES, NS, OPEN_NS, OTHER, SESSION, steady, tick
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, LoggerConfig, LogLevel, TimeEvent
from nautilus_trader.execution import StaticLatencyModel
from nautilus_trader.model import (
    AccountType,
    ExecAlgorithmId,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
)
from nautilus_trader.trading import (
    ExecutionAlgorithm,
    ExecutionAlgorithmConfig,
    Strategy,
    StrategyConfig,
)

from autotrade_0dte.actors.fee_model import TigerFeeModel
from autotrade_0dte.actors.risk_controller import RiskController
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.execution.plan_state import KeptPlan
from autotrade_0dte.instruments import USD, VENUE, option_contract, option_symbol
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.ladder_state import LADDER_TOPIC, LadderState
from autotrade_0dte.risk.mode import RISK_TOPIC, RiskChange, RiskMode
from autotrade_0dte.risk.params import RiskParams
from autotrade_0dte.risk.picture import PICTURE_TOPIC, RiskPicture

CASH = 10_000.0

_CANCELER = ExecutionAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId("CANCELER"))

type Script = Mapping[int, Callable[["Feeder"], None]]
"""What is done at a second after the open, before the view of that second."""


class Feeder(DataActor):
    """Publishes a view a second, of a quote `quote_age_s` old, and keeps what is said."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.exposure = Exposure(CASH)
        self.quote_age_s = 0.0
        self.level = Level.CALM
        self.bid = 1.0
        self.heard: list[tuple[float, Any]] = []
        self._script = script
        self._second = 0

    def on_start(self) -> None:
        for topic in (RISK_TOPIC, PICTURE_TOPIC, LADDER_TOPIC):
            self.subscribe_topic(topic, self.hear)
        self.clock.set_timer_ns("view", NS, start_time_ns=OPEN_NS, callback=self._on_timer)

    def hear(self, message: Any) -> None:
        at_ns = message.newest_quote_ns if isinstance(message, LadderState) else message.ts_event
        self.heard.append(((at_ns - OPEN_NS) / NS, message))

    def tell(self, topic: str, message: Any) -> None:
        self.publish_message(topic, message)

    @property
    def now_ns(self) -> int:
        return self.clock.timestamp_ns()

    def _on_timer(self, event: TimeEvent) -> None:
        self._second += 1
        self._script.get(self._second, lambda _self: None)(self)
        chain = SimpleNamespace(
            ts_event=event.ts_event,
            quote_age_s=np.array([np.nan, self.quote_age_s]),
            bid=np.array([self.bid, np.nan]),
        )
        state = SimpleNamespace(level=self.level)
        view = SimpleNamespace(chain=chain, state=state)
        self.publish_message(market_topic(SESSION.underlying), view)


class Holder(Strategy):
    """Buys three contracts at market and leaves a bid below; closes at FLATTEN only if `obeys`."""

    def __new__(cls, **_named: Any) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("Holder-001")))

    def __init__(self, *, obeys: bool, tags: Sequence[str]) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Holder-001")))
        self.events: list[tuple[float, str]] = []
        self._obeys = obeys
        self._tags = list(tags)

    def on_start(self) -> None:
        self.subscribe_topic(RISK_TOPIC, self._on_change)
        self.clock.set_time_alert_ns("buy", OPEN_NS + 2 * NS, self._buy)

    def on_order_event(self, event: Any) -> None:
        self.events.append(((event.ts_event - OPEN_NS) / NS, type(event).__name__))

    def when(self, name: str) -> list[float]:
        """Return when events of one kind came, seconds after the open."""
        return [at_s for at_s, each in self.events if each == name]

    def _buy(self, _event: TimeEvent) -> None:
        call = InstrumentId.from_str(CALL)
        three, side = Quantity.from_int(3), OrderSide.BUY
        self.submit_order(self.order_factory.market(call, side, three, tags=self._tags))
        self.submit_order(self.order_factory.limit(call, side, three, Price(0.50, 2)))

    def _on_change(self, change: Any) -> None:
        if self._obeys and change.mode >= RiskMode.FLATTEN > change.before:
            self.close_all_positions(InstrumentId.from_str(CALL))


class Canceler(ExecutionAlgorithm):
    """Cancels as the order desk does: the events find the strategy free."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls, _CANCELER)  # type: ignore[call-arg]  # stubs have __init__ only

    def __init__(self, heard: list[tuple[float, Any]]) -> None:
        super().__init__(_CANCELER)
        self._heard = heard

    def cancel_all(self) -> None:
        self._heard.append(((self.clock.timestamp_ns() - OPEN_NS) / NS, "CANCEL"))
        for order in self.cache.orders_open():
            self.cancel_order(order)


class Heard(msgspec.Struct):
    """What a run left."""

    controller: Any
    holder: Any
    all: list[tuple[float, Any]]
    held: int
    at_work: int

    def of(self, kind: type) -> list[tuple[float, Any]]:
        return [(at_s, message) for at_s, message in self.all if isinstance(message, kind)]

    @property
    def changes(self) -> list[tuple[float, RiskChange]]:
        return self.of(RiskChange)

    @property
    def pictures(self) -> list[RiskPicture]:
        return [picture for _, picture in self.of(RiskPicture)]

    @property
    def states(self) -> list[LadderState]:
        return [state for _, state in self.of(LadderState)]

    def modes(self) -> list[tuple[float, str]]:
        """Return when the mode became another, and which."""
        return [(at_s, c.mode.name) for at_s, c in self.changes if c.mode is not c.before]


def run(
    script: Script,
    *,
    to_s: int = 30,
    obeys: bool = True,
    tags: Sequence[str] = (),
    params: RiskParams = RiskParams(),  # noqa: B008 - frozen
    kept: LadderState | None = None,
    plans: Sequence[KeptPlan] = (),
    is_live: bool = False,
    close_s: int = 23_400,
) -> Heard:
    """Run a script and return what was said and what is left."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggerConfig(LogLevel.OFF, LogLevel.OFF), shutdown_on_error=True
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(CASH, USD)],
        base_currency=USD,
        fee_model=TigerFeeModel(FEES),
        latency_model=StaticLatencyModel(50_000_000),
    )
    for name in (CALL, OTHER):
        engine.add_instrument(option_contract(option_symbol(name.removesuffix(".US"))))
    feeder, holder = Feeder(script), Holder(obeys=obeys, tags=tags)
    canceler = Canceler(feeder.heard)
    session = msgspec.structs.replace(SESSION, close_ns=OPEN_NS + close_s * NS, kept=tuple(plans))
    controller = RiskController(
        session, params, feeder.exposure, (holder,), canceler.cancel_all, kept=kept, is_live=is_live
    )
    engine.add_actor(feeder)
    engine.add_actor(controller)
    engine.add_exec_algorithm(canceler)
    engine.add_strategy(holder)
    ticks = [tick(CALL, *quote) for quote in steady(1.00, 1.02, to_s=to_s)]
    engine.add_data(ticks)
    engine.run()
    assert engine.iteration == len(ticks), "the engine was stopped by an error"
    held = sum(int(position.signed_qty) for position in engine.cache.positions_open())
    left = Heard(controller, holder, feeder.heard, held, len(engine.cache.orders_open()))
    engine.dispose()
    return left
