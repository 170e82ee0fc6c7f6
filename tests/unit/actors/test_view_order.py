"""Who is handed a view first, on the engine's own bus."""

import datetime as dt
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from msgspec.structs import replace
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, LoggerConfig, LogLevel
from nautilus_trader.execution import FixedFeeModel
from nautilus_trader.model import AccountType, Money, OmsType
from small_market import write_session
from traded_market import TradedMarket

from autotrade_0dte.actors import market, order_desk
from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.actors.recorder import RunRecorder
from autotrade_0dte.actors.views import DESK_TURN, RECORDER_TURN, market_topic
from autotrade_0dte.chain.snapshot import ChainAnalytics, Tape
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.coordinator import Coordinator, CoordinatorParams
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.instruments import USD, VENUE
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.signals.composer import SignalParams
from autotrade_0dte.signals.signal import FACTORS, SIGNAL_TOPIC, Reading, Signal
from autotrade_strategies.anomaly import AnomalyStrategy
from autotrade_strategies.anomaly_params import AnomalyParams, AnomalySignal
from autotrade_strategies.regular import RegularParams, RegularStrategy

NS = 1_000_000_000
DATE = dt.date(2026, 7, 20)
TELLERS = 8
RULES = CoordinatorParams()


class Publisher(DataActor):
    """Publishes a view each minute, each with another price and level."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, open_ns: int) -> None:
        super().__init__()
        self.open_ns = open_ns

    def on_start(self) -> None:
        for minute in range(1, 4):
            self.clock.set_time_alert_ns(
                str(minute), self.open_ns + minute * 60 * NS, lambda e: self.publish(e.ts_event)
            )

    def publish(self, now_ns: int) -> None:
        minute = (now_ns - self.open_ns) // (60 * NS)
        chain = SimpleNamespace(
            ts_event=now_ns, spot=600.0 + minute, forward=600.0, tape=Tape(now_ns), mid=(),
            analytics=ChainAnalytics(*[math.nan] * 9, 0, 0.0, 0.0),
        )  # fmt: skip
        state = MarketState(now_ns, Level(minute))
        self.publish_message(market_topic("SPY"), SimpleNamespace(chain=chain, state=state))


class Teller(DataActor):
    """Says a signal of every view at once, as a strategy does."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def on_start(self) -> None:
        self.subscribe_topic(market_topic("SPY"), self.tell)

    def tell(self, view: Any) -> None:
        readings = (Reading(0.0, 0.0),) * len(FACTORS)
        now_ns, track = view.chain.ts_event, type(self).__name__
        signal = Signal(now_ns, track, 1, 0.5, 0.5, 1.0, now_ns, now_ns, 0, None, readings)
        self.publish_message(SIGNAL_TOPIC, signal)


class Ear(DataActor):
    """What a recorder listens through."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, recorder: RunRecorder) -> None:
        super().__init__()
        self._recorder = recorder

    def on_start(self) -> None:
        self._recorder.listen(self)


def run(catalog: Catalog, *actors: DataActor) -> None:
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggerConfig(LogLevel.OFF, LogLevel.OFF), shutdown_on_error=True
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(1, USD)],
        fee_model=FixedFeeModel(Money(0, USD)),
    )
    entry = catalog.session("SPY", DATE)
    for instrument in catalog.instruments(entry):
        engine.add_instrument(instrument)
    for actor in actors:
        engine.add_actor(actor)
    for chunk in catalog.chunks(entry):
        engine.add_data(chunk)
    engine.run()
    engine.dispose()


def test_signal_is_recorded_with_the_price_and_level_of_its_own_snapshot(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    write_session(catalog, "SPY", DATE, strikes=(600,), spot=600.0, settlement=600.0)
    open_ns = catalog.session("SPY", DATE).hours.open_ns
    fees = fee_schedule(Entity.STANDARD, DATE)
    recorder = RunRecorder("SPY", [], ExecutionRows([], fees, DeskParams(), 30.0))
    tellers = [type(f"Teller{n}", (Teller,), {})() for n in range(TELLERS)]
    run(catalog, *tellers, Ear(recorder), Publisher(open_ns))
    signals = recorder.signals()
    minute = (signals["ts_event"] - open_ns) // (60 * NS)
    assert len(minute) == 3 * TELLERS
    assert signals["spot"].tolist() == (600.0 + minute).tolist()
    assert signals["level"].tolist() == minute.tolist()


class Timed(DataActor):
    """Tells of two timers in the order in which the engine fires them."""

    def on_start(self) -> None:
        self.fired: list[str] = []
        start_ns = self.clock.timestamp_ns() + NS
        for name in (order_desk._TIMER, market._TIMER):
            self.clock.set_timer_ns(
                name, NS, start_time_ns=start_ns, callback=lambda e: self.fired.append(e.name)
            )


def test_view_of_an_instant_is_published_before_the_desk_looks_at_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    write_session(catalog, "SPY", DATE, strikes=(600,), spot=600.0, settlement=600.0)
    timed = Timed()
    run(catalog, timed)
    assert timed.fired[:4] == [market._TIMER, order_desk._TIMER] * 2


def turn(kind: Any, params: Any, track: Track) -> int:
    """Return the priority with which a strategy takes views."""
    heard: list[int] = []

    class Strategy(kind):  # type: ignore[misc]
        clock = cache = None

        def subscribe_topic(self, topic: str, _handler: Any, priority: int = 0) -> None:
            if topic == market_topic("SPY"):
                heard.append(priority)

    session = replace(TradedMarket().session, flatten_ns=None, exercise_test_ns=None)
    strategy = Strategy(session, params, Coordinator(RULES, ActionTable()).allotment(track))
    Strategy.cache = SimpleNamespace(orders=list, orders_open=lambda **_: [])
    strategy.on_start()
    [priority] = heard
    return priority


def turns(regular: int, anomaly: int) -> tuple[int, int]:
    return (
        turn(RegularStrategy, RegularParams(signal=SignalParams(priority=regular)), Track.REGULAR),
        turn(AnomalyStrategy, AnomalyParams(signal=AnomalySignal(priority=anomaly)), Track.ANOMALY),
    )


def test_strategy_of_the_larger_priority_takes_a_view_first_and_the_recorder_before_both() -> None:
    regular, anomaly = turns(regular=0, anomaly=10)
    assert regular < anomaly
    regular, anomaly = turns(regular=0, anomaly=-1)
    assert regular > anomaly
    least, most = turns(regular=-100, anomaly=100)
    assert 0 <= least < most < DESK_TURN < RECORDER_TURN


def test_regular_strategy_takes_a_view_first_where_priorities_are_equal() -> None:
    regular, anomaly = turns(regular=5, anomaly=5)
    assert regular > anomaly
