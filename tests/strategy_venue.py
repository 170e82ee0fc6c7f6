"""A venue made of a list: takes the commands of a strategy on the base and lets a test answer."""

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from msgspec.structs import replace
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    LiquiditySide,
    Money,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderSide,
    OrderType,
    Price,
    Quantity,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.coordinator import Coordinator, CoordinatorParams
from autotrade_0dte.execution.coordinator_params import RegularLimits
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision
from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PLAN_TOPIC, KeptPlan, PlanState
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.instruments import USD
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.risk.protective import ProtectiveParams
from autotrade_0dte.selection.ranking import Ranking
from autotrade_0dte.signals.signal import Signal
from autotrade_strategies.base import TradeStrategy

NS = 1_000_000_000
CALL = "SPY260720C00600000.US"
SHORT = "SPY260720C00605000.US"
SESSION = TradingSession(
    root="SPY",
    underlying="SPY",
    instrument_ids=(CALL, SHORT),
    multiplier=100,
    open_ns=0,
    close_ns=23_400 * NS,
    expiry_ns=23_400 * NS,
    flatten_ns=22_500 * NS,
    exercise_test_ns=16_200 * NS,
    can_short_shares=False,
    fees=fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20)),
)
EXITS = ExitParams(hold_s=600, entry_timeout_s=30, leg_timeout_s=15, keep_single=True)
PLAN = TradePlan(
    plan_id="P001",
    direction=1,
    instrument_id=CALL,
    quantity=2,
    entry_cap=1.00,
    decided_ns=0,
    worst_loss_usd=200.0,
    exits=EXITS,
    reason="TEST",
)
VERTICAL = replace(PLAN, short_instrument_id=SHORT, net_cap=0.60)
ACTIONS = ActionTable()
RULES = CoordinatorParams(regular=RegularLimits(share=0.75, level_pause_s=0.0))


class Venue:
    """Takes a strategy's commands and lets a test answer them."""

    def __init__(
        self,
        plan: TradePlan | None = PLAN,
        cash: float = 100_000.0,
        rules: CoordinatorParams = RULES,
        actions: ActionTable = ACTIONS,
        kept: tuple[KeptPlan, ...] = (),
        protective: ProtectiveParams = SESSION.protective,
        packages: bool = False,
    ) -> None:
        self.tags: list[dict[str, str]] = []
        self.sent: list[tuple[Any, ...]] = []
        self.published: dict[str, list[Any]] = {}
        self.positions: list[Any] = []
        self.quote: Any = None
        self.canceling: set[Any] = set()
        self.left: list[ClientOrderId] = []
        self.sent_before: list[Any] = []
        self.asked = 0
        self.booked: dict[ClientOrderId, int] = {}
        self.trades = 1
        self.signal: Signal | None = None
        self.ranking: Ranking | None = None
        self.wanted_out: ExitReason | None = None
        self._orders = 0
        self._now_s = 0.0
        venue = self

        class Strategy(TradeStrategy):
            clock = SimpleNamespace(
                timestamp_ns=lambda: round(venue._now_s * NS),
                cancel_timers=lambda: None,
                set_time_alert_ns=lambda *_: None,
            )
            order_factory = SimpleNamespace(
                limit=venue._limit,
                stop_limit=venue._stop_limit,
                generate_client_order_id=venue._named,
            )
            strategy_id = StrategyId("Test-001")
            cache = SimpleNamespace(
                quote=lambda _name: venue.quote,
                instrument=lambda _name: SimpleNamespace(multiplier=Quantity.from_int(100)),
                is_order_pending_cancel_local=lambda name: name in venue.canceling,
                positions_open=lambda **_of: venue.positions,
                orders=lambda **_of: venue.sent_before,
                order=venue._in_books,
                orders_open=lambda **_of: [
                    SimpleNamespace(client_order_id=o, venue_order_id=VenueOrderId("44"))
                    for o in venue.left
                ],
                account_for_venue=lambda _venue: SimpleNamespace(
                    balance_total=lambda _currency: Money(cash, USD)
                ),
            )

            def observe(self, view: MarketView) -> None:
                self.signal = venue.signal

            def decide(self, view: MarketView) -> TradePlan | None:
                venue.asked += 1
                self.ranking = venue.ranking
                return plan if self.trades < venue.trades else None

            def wants_out(self, view: MarketView, managed: ManagedPlan) -> ExitReason | None:
                return venue.wanted_out

            def submit_order(self, order: Any) -> None:
                venue.sent.append(order)

            def cancel_order(self, name: Any) -> None:
                venue.canceling.add(name)
                venue.sent.append(("CANCEL", str(name)))

            def subscribe_topic(self, *_: Any) -> None:
                pass

            def publish_message(self, topic: str, message: Any) -> None:
                venue.published.setdefault(topic, []).append(message)

        self.coordinator = Coordinator(rules, actions)
        self.session = replace(SESSION, kept=kept, protective=protective, packages=packages)
        self.strategy = Strategy(self.session, None, self.coordinator.allotment(Track.REGULAR))

    @property
    def decisions(self) -> list[Decision]:
        return self.published.get(DECISION_TOPIC, [])

    @property
    def plans(self) -> list[PlanState]:
        return self.published.get(PLAN_TOPIC, [])

    @property
    def fill_quotes(self) -> list[FillQuote]:
        return self.published.get(FILL_QUOTE_TOPIC, [])

    def _named(self) -> ClientOrderId:
        self._orders += 1
        return ClientOrderId(f"O-{self._orders}")

    def _limit(self, name: Any, side: Any, quantity: Any, price: Any, *_: Any, **of: Any) -> Any:
        self.tags.append(dict(tag.split("=") for tag in of["tags"]))
        purpose = self.tags[-1]["purpose"]
        for_what = () if purpose == "entry" else (purpose,)
        terms = side.name, int(quantity.as_double()), float(price), *for_what
        return _Order(of["client_order_id"], name, *terms)

    def _in_books(self, name: ClientOrderId) -> Any:
        """Return an order of `booked`, open with so many contracts; none at all with 0."""
        left = self.booked.get(name, 0)
        leaves = SimpleNamespace(as_double=lambda: float(left))
        order = SimpleNamespace(is_open=True, is_inflight=False, leaves_qty=leaves)
        return order if left else None

    def _stop_limit(
        self, name: Any, side: Any, quantity: Any, price: Any, trigger: Any, **of: Any
    ) -> Any:
        self.tags.append(dict(tag.split("=") for tag in of["tags"]))
        terms = side.name, int(quantity.as_double()), float(price), "trigger", float(trigger)
        return _Order(of["client_order_id"], name, *terms)

    def chain(
        self,
        at_s: float,
        bid: float,
        spot: float = 600.0,
        age_s: float = 0.0,
        quality: int = 0,
        *,
        short: tuple[float, float] = (0.40, 0.42),
        theta: float = 0.0,
        short_theta: float = 0.0,
        year_s: float = 365.0 * 86_400,
        level: Level = Level.CALM,
        since_s: float = 0.0,
    ) -> list[Any]:
        """Publish a snapshot and return the commands that it caused."""
        self._now_s, before = at_s, len(self.sent)
        chain: Any = SimpleNamespace(
            ts_event=round(at_s * NS),
            expiry_ns=SESSION.expiry_ns,
            years=(SESSION.expiry_ns / NS - at_s) / year_s,
            spot=spot,
            bid=[bid, short[0]],
            ask=[bid + 0.02, short[1]],
            bid_size=[5.0, 5.0],
            theta=np.array([theta, short_theta]),
            quote_age_s=[age_s, age_s],
            quality=[quality, quality],
        )
        state = MarketState(round(at_s * NS), level, since_ns=round(since_s * NS))
        self.strategy._on_view(MarketView(chain, IndicatorValues(0), state))
        return self.sent[before:]

    def hear(self, parent_id: str, kind: MoveKind) -> None:
        """Tell the strategy what the desk does about one of its parent orders."""
        quote = OrderQuote(0, math.nan, math.nan, math.nan, math.nan, math.nan)
        move = Move(kind, "TEST")
        self.strategy._sender.on_walk(
            WalkRecord(0, parent_id, parent_id, WalkEvent.QUOTE, quote, move)
        )

    def answer(self, event: Any) -> list[Any]:
        """Hand an event to the strategy and return the commands that it caused."""
        before = len(self.sent)
        self.strategy.on_order_event(event)
        return self.sent[before:]

    def opened(self) -> "Venue":
        """Enter and fill the plan."""
        self.chain(1, 0.95)
        self.answer(filled("O-1", 2, 0.99))
        return self


class _Order(tuple[Any, ...]):
    """An order as (side, quantity, cap), led by SHORT where it is for the short leg.

    One that closes ends with its purpose.
    """

    client_order_id: ClientOrderId

    def __new__(cls, name: ClientOrderId, instrument_id: Any, *terms: Any) -> "_Order":
        leg = ("SHORT",) if str(instrument_id) == SHORT else ()
        made = super().__new__(cls, (*leg, *terms))
        made.client_order_id = name
        return made


def _head(leg: str = CALL) -> tuple[Any, ...]:
    return TraderId("TESTER-001"), StrategyId("Test-001"), InstrumentId.from_str(leg)


def filled(
    name: str,
    quantity: int,
    price: float,
    liquidity: LiquiditySide = LiquiditySide.TAKER,
    leg: str = CALL,
    at_s: float = 5.0,
) -> OrderFilled:
    """Return a fill; a quantity below zero is a sale."""
    return OrderFilled(
        *_head(leg), ClientOrderId(name), VenueOrderId("V"), AccountId("US-001"),
        TradeId(f"T-{name}"), OrderSide.BUY if quantity > 0 else OrderSide.SELL, OrderType.LIMIT,
        Quantity.from_int(abs(quantity)), Price(price, 2), USD, liquidity, UUID4(),
        round(at_s * NS), round(at_s * NS), False,
    )  # fmt: skip


def canceled(name: str) -> OrderCanceled:
    return OrderCanceled(*_head(), ClientOrderId(name), UUID4(), 5 * NS, 5 * NS, False)


def sale(quantity: int, purpose: str = "exit") -> tuple[Any, ...]:
    """Return the order that closes long contracts: its cap is the least price there is."""
    return "SELL", quantity, 0.01, purpose


def rejected(name: str, reason: str = "NO_MARKET") -> OrderRejected:
    return OrderRejected(
        *_head(), ClientOrderId(name), AccountId("US-001"), reason, UUID4(), 5 * NS, 5 * NS, False
    )


def position(symbol: str, quantity: float) -> Any:
    return SimpleNamespace(instrument_id=InstrumentId.from_str(symbol), signed_qty=quantity)
