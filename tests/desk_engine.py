"""The order desk on the real engine: made quotes of two contracts, and a strategy that is told."""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import msgspec
from loose_limits import LOOSE
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, LoggerConfig, LogLevel
from nautilus_trader.execution import StaticLatencyModel
from nautilus_trader.model import (
    AccountType,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Price,
    Quantity,
    QuoteTick,
    StrategyId,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.exposure_keeper import ExposureKeeper
from autotrade_0dte.actors.fee_model import TigerFeeModel
from autotrade_0dte.actors.order_desk import DESK_ID, OrderDesk
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import FeeParams
from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.execution.quality import QUALITY_TOPIC
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.replay_walk import replay
from autotrade_0dte.execution.vetoes import VetoParams
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import PARENT_TOPIC, WALK_TOPIC, WalkEvent, WalkRecord
from autotrade_0dte.instruments import USD, VENUE, option_contract, option_symbol
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.products import product, tick_cents
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate import GateFacts, RiskGate
from autotrade_0dte.risk.limits import LimitParams
from autotrade_0dte.risk.session_grid import GridParams
from autotrade_strategies.orders import OrderSender, WorkingOrder

NS = 1_000_000_000
DATE = dt.date(2026, 7, 20)
CALL, OTHER = "SPY260720C00600000.US", "SPY260720C00605000.US"
OPEN_NS = 1_784_554_200 * NS
CLOSE_NS = OPEN_NS + 23_400 * NS
FEES = FeeParams().schedule(DATE)
SESSION = TradingSession(
    root="SPY",
    underlying="SPY",
    instrument_ids=(CALL, OTHER),
    multiplier=100,
    open_ns=OPEN_NS,
    close_ns=CLOSE_NS,
    expiry_ns=CLOSE_NS,
    flatten_ns=None,
    exercise_test_ns=None,
    can_short_shares=False,
    fees=FEES,
)
PARAMS = DeskParams(vetoes=VetoParams(needs_fair_value=False, min_size_fraction=0.0))
"""Without views there is no fair value."""

type Quote = tuple[float, float, float, int, int]
"""Seconds after the open, bid, ask and their sizes."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the test's strategy; seconds after the open, a quantity below zero sells.

    Without a purpose it is a plain order, as a strategy sends it that knows nothing of the desk.
    """

    at_s: float
    quantity: int
    cap: float
    purpose: Purpose | None = Purpose.ENTRY
    contract: str = CALL
    deadline_s: float = 30.0
    urgency: Urgency = Urgency.NORMAL
    tags: tuple[str, ...] = ()


class Listener(DataActor):
    """Keeps what the desk publishes."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def __init__(self) -> None:
        super().__init__()
        self.parents: list[Any] = []
        self.records: list[Any] = []
        self.changes: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_topic(PARENT_TOPIC, self.parents.append)
        self.subscribe_topic(WALK_TOPIC, self.records.append)
        self.subscribe_topic(QUALITY_TOPIC, self.changes.append)


class Teller(Strategy):
    """Sends the orders it is given and resends what the desk replaces."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("Teller-001")))

    def __init__(self, asked: Sequence[Asked], cancels_s: Sequence[float]) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Teller-001")))
        self.view = None
        self.urgency = Urgency.NORMAL
        self.on_denied: Callable[[Teller], None] = lambda _self: None
        self.working: dict[str, WorkingOrder] = {}
        self._asked = asked
        self._cancels_s = cancels_s
        self._sender = OrderSender(self, self._take)

    def on_start(self) -> None:
        self.subscribe_topic(WALK_TOPIC, self._sender.on_walk)
        for number, asked in enumerate(self._asked):
            self._at(f"order-{number}", asked.at_s, lambda _e, asked=asked: self.send(asked))
        for number, at_s in enumerate(self._cancels_s):
            self._at(f"cancel-{number}", at_s, lambda _e: self.cancel_all())

    def on_order_event(self, event: Any) -> None:
        self._sender.receive(event)

    def send(self, asked: Asked) -> None:
        side = OrderSide.BUY if asked.quantity > 0 else OrderSide.SELL
        if asked.purpose is None:
            order = self.order_factory.limit(
                InstrumentId.from_str(asked.contract),
                side,
                Quantity.from_int(abs(asked.quantity)),
                Price(asked.cap, 2),
                exec_algorithm_id=DESK_ID,
                tags=list(asked.tags) or None,
            )
            self.submit_order(order)
            return
        now_ns, self.urgency = self.clock.timestamp_ns(), asked.urgency
        self._sender.submit(
            asked.contract, side, abs(asked.quantity), asked.cap, purpose=asked.purpose,
            plan_id="P001", reason="TEST", decided_ns=now_ns,
            deadline_ns=now_ns + round(asked.deadline_s * NS), note=self._note,
        )  # fmt: skip

    def _at(self, name: str, at_s: float, callback: Any) -> None:
        self.clock.set_time_alert_ns(name, OPEN_NS + round(at_s * NS), callback)

    def _note(self, order: WorkingOrder) -> None:
        self.working[order.parent.parent_id] = order

    def cancel_all(self) -> None:
        for order in list(self.working.values()):
            if not self.cache.is_order_closed(order.order_id):
                self._sender.cancel(order)

    def _take(self, event: Any) -> None:
        order = next(
            (o for o in self.working.values() if o.order_id == event.client_order_id), None
        )
        name = type(event).__name__
        if order is not None and name == "OrderFilled":
            order.leaves -= int(event.last_qty.as_double())
        elif order is not None and name == "OrderCanceled":
            self._sender.resend(order)
        elif name == "OrderDenied":
            self.on_denied(self)


class Outcome(msgspec.Struct):
    """What a run left: the desk's log, and the engine's orders and positions."""

    parents: list[ParentOrder]
    records: list[WalkRecord]
    changes: list[Any]
    orders: list[Any]
    held: dict[str, int]

    def of(self, parent: int = 0) -> list[WalkRecord]:
        """Return the records of one parent, by the order in which they came to the desk."""
        name = self.parents[parent].parent_id
        return [record for record in self.records if record.parent_id == name]

    def moves(self, parent: int = 0) -> list[tuple[str, str, float]]:
        """Return kind, reason and price of the moves of one parent."""
        return [(r.move.kind, r.move.reason, r.move.price) for r in self.of(parent) if r.move]

    def limits(self, parent: int = 0) -> list[float]:
        """Return the limits that were sent."""
        return [price for _, _, price in self.moves(parent) if not math.isnan(price)]

    def outcome(self, parent: int = 0) -> str:
        """Return how a parent ended; empty while it has not."""
        return next((r.move.outcome for r in self.of(parent) if r.move and r.move.outcome), "")

    def filled(self, parent: int = 0) -> list[tuple[int, float]]:
        """Return contracts and price of its fills."""
        return [(r.quantity, r.price) for r in self.of(parent) if r.event is WalkEvent.FILLED]


def run(
    quotes: dict[str, Sequence[Quote]],
    *asked: Asked,
    params: DeskParams = PARAMS,
    cancels_s: Sequence[float] = (),
    short_legs: bool = False,
    limits: LimitParams = LOOSE,
    cash: float = 100_000.0,
    desk_kind: type[OrderDesk] = OrderDesk,
    teller_kind: type[Teller] = Teller,
    on_denied: Callable[[Teller], None] | None = None,
    latency_ms: int = 50,
) -> Outcome:
    """Run the quotes through the engine and return what became of the orders.

    The engine's own rules fill: a limit at or through the other side, of the size shown there.
    """
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggerConfig(LogLevel.OFF, LogLevel.OFF), shutdown_on_error=True
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(cash, USD)],
        base_currency=USD,
        fee_model=TigerFeeModel(FEES),
        latency_model=StaticLatencyModel(latency_ms * 1_000_000),
        liquidity_consumption=True,
        allow_cash_borrowing=True,
    )
    for name in (CALL, OTHER):
        engine.add_instrument(option_contract(option_symbol(name.removesuffix(".US"))))
    listener, teller = Listener(), teller_kind(asked, cancels_s)
    if on_denied is not None:
        teller.on_denied = on_denied
    desk = desk_kind(SESSION, params, desk_gate(limits, short_legs=short_legs))
    engine.add_actor(listener)
    engine.add_exec_algorithm(desk)
    engine.add_strategy(teller)
    ticks = [tick(name, *quote) for name, rows in quotes.items() for quote in rows]
    engine.add_data(ticks)
    engine.run()
    assert engine.iteration == len(ticks), "the engine was stopped by an error"
    held: dict[str, int] = {}
    for position in engine.cache.positions_open():
        name = str(position.instrument_id)
        held[name] = held.get(name, 0) + int(position.signed_qty)
    outcome = Outcome(
        listener.parents,
        listener.records,
        listener.changes,
        engine.cache.orders(),
        held,
    )
    engine.dispose()
    return outcome


def desk_gate(limits: LimitParams = LOOSE, *, short_legs: bool = False) -> DeskGate:
    """Return a gate for the session, whose exposure knows of nothing yet."""
    facts = GateFacts(product("SPY"), OPEN_NS, CLOSE_NS, short_legs=short_legs)
    keeper = ExposureKeeper(Exposure(), SESSION, {})
    return DeskGate(RiskGate(limits, facts), keeper, GridParams())


def tick(name: str, at_s: float, bid: float, ask: float, bid_size: int, ask_size: int) -> QuoteTick:
    at_ns = OPEN_NS + round(at_s * NS)
    return QuoteTick(
        InstrumentId.from_str(name), Price(bid, 2), Price(ask, 2), Quantity.from_int(bid_size),
        Quantity.from_int(ask_size), at_ns, at_ns,
    )  # fmt: skip


def steady(bid: float, ask: float, size: int = 50, *, to_s: int = 60) -> list[Quote]:
    """Return the same quote each second; its size alternates, so that it counts as a new one."""
    return [(at_s, bid, ask, size + at_s % 2, size + at_s % 2) for at_s in range(to_s + 1)]


def assert_made_again(outcome: Outcome, params: DeskParams = PARAMS) -> None:
    """The log makes every move again."""
    grid, rule = partial(tick_cents, product("SPY")), RemainderRule(FEES, "SPY", params.remainder)
    for number, parent in enumerate(outcome.parents):
        walk = Walk(parent, params, grid, CLOSE_NS, rule)
        made = [(move.kind, move.reason) for move in replay(walk, outcome.of(number))]
        assert made == [(kind, reason) for kind, reason, _ in outcome.moves(number)]
