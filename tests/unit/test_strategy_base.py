"""The strategies' base among orders that rest, fail and cross with deadlines, without an engine."""

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import pytest
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
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.execution.coordinator import Coordinator, CoordinatorParams, TrackLimits
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision
from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.instruments import USD
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.market_state.view import MarketView
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
EXITS = ExitParams(hold_s=600, entry_timeout_s=30, leg_timeout_s=15)
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
RULES = CoordinatorParams(regular=TrackLimits(share=0.75, level_pause_s=0.0))


class Venue:
    """Takes a strategy's commands and lets a test answer them."""

    def __init__(
        self,
        plan: TradePlan | None = PLAN,
        cash: float = 100_000.0,
        rules: CoordinatorParams = RULES,
        actions: ActionTable = ActionTable(),
    ) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.published: dict[str, list[Any]] = {}
        self.positions: list[Any] = []
        self.quote: Any = None
        self.canceling: set[Any] = set()
        self.left: list[ClientOrderId] = []
        self.sent_before: list[Any] = []
        self.asked = 0
        self.trades = 1
        self.signal: Signal | None = None
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
            order_factory = SimpleNamespace(limit=venue._limit, market=venue._market)
            strategy_id = StrategyId("Test-001")
            cache = SimpleNamespace(
                quote=lambda _name: venue.quote,
                is_order_open=lambda _name: True,
                is_order_pending_cancel_local=lambda name: name in venue.canceling,
                positions_open=lambda **_of: venue.positions,
                orders=lambda **_of: venue.sent_before,
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
                return plan if self.trades < venue.trades else None

            def wants_out(self, view: MarketView, managed: ManagedPlan) -> ExitReason | None:
                return venue.wanted_out

            def submit_order(self, order: Any) -> None:
                venue.sent.append(order)

            def cancel_order(self, name: Any) -> None:
                venue.canceling.add(name)
                venue.sent.append(("CANCEL", str(name)))

            def modify_order(self, name: Any, _quantity: Any, price: Price) -> None:
                venue.sent.append(("MODIFY", str(name), float(price)))

            def subscribe_topic(self, *_: Any) -> None:
                pass

            def publish_message(self, topic: str, message: Any) -> None:
                venue.published.setdefault(topic, []).append(message)

        self.coordinator = Coordinator(rules, actions)
        self.strategy = Strategy(SESSION, None, self.coordinator.allotment(Track.REGULAR))

    @property
    def decisions(self) -> list[Decision]:
        return self.published.get(DECISION_TOPIC, [])

    @property
    def fill_quotes(self) -> list[FillQuote]:
        return self.published.get(FILL_QUOTE_TOPIC, [])

    def _named(self) -> ClientOrderId:
        self._orders += 1
        return ClientOrderId(f"O-{self._orders}")

    def _limit(self, name: Any, side: Any, quantity: Any, price: Any, *_: Any, **__: Any) -> Any:
        return _Order(self._named(), name, side.name, int(quantity.as_double()), float(price))

    def _market(self, name: Any, side: Any, quantity: Any, *_: Any, **__: Any) -> Any:
        return _Order(self._named(), name, side.name, int(quantity.as_double()), None)

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
        level: Level = Level.CALM,
        since_s: float = 0.0,
    ) -> list[Any]:
        """Publish a snapshot and return the commands that it caused."""
        self._now_s, before = at_s, len(self.sent)
        chain: Any = SimpleNamespace(
            ts_event=round(at_s * NS),
            spot=spot,
            bid=[bid, short[0]],
            ask=[bid + 0.02, short[1]],
            bid_size=[5.0, 5.0],
            theta=[theta, 0.0],
            quote_age_s=[age_s, age_s],
            quality=[quality, quality],
        )
        state = MarketState(round(at_s * NS), level, since_ns=round(since_s * NS))
        self.strategy._on_view(MarketView(chain, IndicatorValues(0), state))
        return self.sent[before:]

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
    """An order as (side, quantity, limit or None), led by SHORT where it is for the short leg."""

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


def rejected(name: str, reason: str = "NO_MARKET") -> OrderRejected:
    return OrderRejected(
        *_head(), ClientOrderId(name), AccountId("US-001"), reason, UUID4(), 5 * NS, 5 * NS, False
    )


def test_exit_limit_follows_the_bid_down_and_not_up() -> None:
    venue = Venue().opened()
    assert venue.chain(10, 1.55) == [("SELL", 2, 1.55)]
    assert venue.chain(11, 1.60) == []
    assert venue.chain(12, 1.50) == [("MODIFY", "O-2", 1.50)]
    assert venue.chain(13, 1.50) == []
    assert venue.chain(14, 0.0) == []


def test_exit_limit_gives_way_to_a_market_order_at_the_flatten_deadline() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == ("CANCEL", "O-2")
    assert venue.chain(22_501, 1.40) == []  # neither canceled nor sold twice
    assert venue.answer(canceled("O-2")) == [("SELL", 2, None)]
    assert venue.chain(22_502, 1.30) == []
    assert [d.reason for d in venue.decisions] == ["TEST", "TARGET", "TARGET"]


def test_partly_filled_limit_leaves_the_rest_to_the_market_order() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.answer(filled("O-2", -1, 1.55))
    venue.strategy._on_flatten(None)
    assert venue.answer(canceled("O-2")) == [("SELL", 1, None)]


def test_no_plan_is_asked_for_after_the_flatten_deadline() -> None:
    venue = Venue(plan=None)
    venue.chain(1, 0.95)
    venue.strategy._on_flatten(None)
    venue.chain(2, 0.95)
    assert (venue.asked, venue.sent) == (1, [])


def test_plan_that_never_filled_makes_room_for_the_next_decision() -> None:
    venue = Venue()
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    assert venue.chain(29, 0.95) == []
    assert venue.chain(30, 0.95) == [("CANCEL", "O-1")]
    assert venue.chain(31, 0.95) == []
    venue.answer(canceled("O-1"))
    venue.chain(32, 0.95)
    assert venue.asked == 2


def test_entry_that_fills_while_it_is_canceled_is_still_sold() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == ("CANCEL", "O-1")
    venue.answer(filled("O-1", 1, 0.99))
    venue.answer(canceled("O-1"))
    assert venue.chain(22_501, 0.90) == [("SELL", 1, None)]


def test_rejected_exit_waits_for_another_quote() -> None:
    venue = Venue().opened()
    assert venue.chain(10, 1.55, age_s=2) == [("SELL", 2, 1.55)]
    assert venue.answer(rejected("O-2")) == []
    assert venue.decisions[-1].reason == "NO_MARKET"
    assert venue.chain(11, 1.55, age_s=3) == []
    assert venue.chain(12, 1.55, age_s=0) == [("SELL", 2, 1.55)]


def test_rejected_entry_ends_the_plan() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(rejected("O-1"))
    assert (venue.decisions[-1].side, venue.decisions[-1].quantity) == ("BUY", 2)
    venue.chain(2, 0.95)
    assert venue.asked == 2


@pytest.mark.parametrize("quality", [0, int(QuoteFlag.STALE)])
def test_stale_bid_fires_no_target(quality: int) -> None:
    venue = Venue().opened()
    assert (venue.chain(10, 1.55, quality=quality) == []) is bool(quality)


def test_exercise_test_waits_for_a_spot_and_is_made_once() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=math.nan)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(101, 0.95, spot=math.nan) == []
    assert venue.chain(102, 0.95, spot=605.0) == [("SELL", 2, None)]
    assert venue.decisions[-1].reason == "EXERCISE_NOT_FUNDED"
    assert venue.chain(103, 0.94, spot=605.0) == []


def position(symbol: str, quantity: float) -> Any:
    return SimpleNamespace(instrument_id=InstrumentId.from_str(symbol), signed_qty=quantity)


def test_exercise_test_takes_no_account_of_what_does_not_expire_today() -> None:
    venue = Venue(cash=1_000_000.0).opened()
    venue.positions = [
        position(CALL, 2.0),
        position("SPY260724C00500000.US", 99.0),
        position("AAPL260720C00200000.US", 99.0),
    ]
    venue.strategy._on_exercise_test(None)
    assert venue.chain(102, 0.95, spot=605.0) == []


def test_exercise_test_that_closes_another_position_leaves_the_plan_alone() -> None:
    venue = Venue(cash=125_000.0).opened()  # pays for the plan's two and no more
    venue.positions = [position(CALL, 2.0), position("SPY260720C00604000.US", 1.0)]
    venue.strategy._on_exercise_test(None)
    assert venue.chain(102, 0.95, spot=605.0) == []


def test_position_that_passed_the_exercise_test_is_not_tested_again() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=590.0)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(101, 0.95, spot=605.0) == []


def test_plan_after_a_sale_at_market_exits_by_limit_again() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.trades = 2
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=605.0)
    venue.strategy._on_exercise_test(None)
    venue.answer(filled("O-2", -2, 0.95))
    assert venue.chain(110, 0.95) == [("BUY", 2, 1.00)]
    venue.answer(filled("O-3", 2, 0.99))
    assert venue.chain(120, 1.55) == [("SELL", 2, 1.55)]


def test_missing_bid_is_recorded_once_until_the_exit_is_sent() -> None:
    venue = Venue().opened()
    for at_s in (600, 601, 602):
        assert venue.chain(at_s, 0.0) == []
    assert venue.chain(603, 0.30) == [("SELL", 2, 0.30)]
    assert [d.reason for d in venue.decisions] == ["TEST", "NO_BID", "TIME_STOP"]


def test_exercise_test_before_any_snapshot_or_without_a_position_does_nothing() -> None:
    venue = Venue(plan=None)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(1, 0.95) == []
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(2, 0.95, spot=700.0)
    assert (venue.sent, venue.decisions) == ([], [])


def test_events_of_no_plan_are_passed_over() -> None:
    venue = Venue(plan=None)
    for event in (filled("X-1", 1, 1.0), canceled("X-1"), rejected("X-1"), object()):
        assert venue.answer(event) == []
    assert venue.decisions == []


def test_event_of_an_unknown_order_leaves_the_plan_as_it_is() -> None:
    venue = Venue().opened()
    venue.answer(canceled("X-1"))
    assert venue.chain(10, 1.55) == [("SELL", 2, 1.55)]


def test_quote_of_a_fill_is_noted_only_where_the_fill_took_it() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))  # no quote yet
    venue.quote = SimpleNamespace(
        bid_price=Price(0.95, 2), ask_price=Price(0.99, 2), ts_event=3 * NS
    )
    venue.answer(filled("O-1", 1, 0.99, LiquiditySide.MAKER))
    assert venue.fill_quotes == []
    venue.answer(filled("O-2", 1, 0.99))
    venue.answer(filled("O-3", 1, 0.99, LiquiditySide.NO_LIQUIDITY_SIDE))  # a broker's
    assert venue.fill_quotes == [
        FillQuote(name, f"T-{name}", 0.95, 0.99, 2.0) for name in ("O-2", "O-3")
    ]


def test_strategy_must_say_what_it_decides() -> None:
    with pytest.raises(NotImplementedError):
        TradeStrategy(SESSION, None, Venue().strategy.allotment).decide(None)  # type: ignore[arg-type]


def test_orders_left_by_a_process_before_are_canceled_and_waited_for() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("O-OLD")]
    venue.strategy._cancel_working()
    assert venue.sent == [("CANCEL", "O-OLD")]
    assert venue.chain(1, 0.95) == []
    venue.canceling.clear()  # the cancel has failed
    assert venue.chain(2, 0.95) == [("CANCEL", "O-OLD")]
    venue.left = []
    assert venue.chain(3, 0.95) == [("BUY", 2, 1.00)]


def test_order_made_by_hand_is_neither_canceled_nor_waited_for() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("44")]
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    venue.strategy.on_stop()
    assert venue.sent == [("BUY", 2, 1.00)]


def test_entries_of_a_process_before_count_for_this_one() -> None:
    venue = Venue()
    venue.sent_before = [
        sent("O-4", "SELL", CALL, 1, at_s=7),
        sent("O-3", "BUY", SHORT, 1, at_s=6),  # buys the short leg back
        sent("O-1", "BUY", CALL, 1, at_s=2),
        sent("O-2", "SELL", SHORT, 1, at_s=3),
        sent("44", "BUY", CALL, 1, at_s=4),  # by hand
        sent("O-5", "BUY", SHORT, 0, at_s=8),  # never filled, as its own long leg
    ]
    venue.strategy.on_start()
    assert venue.strategy.trades == 2


def sent(name: str, side: str, leg: str, quantity: int, at_s: int) -> Any:
    return SimpleNamespace(
        client_order_id=ClientOrderId(name),
        venue_order_id=VenueOrderId("44"),
        instrument_id=InstrumentId.from_str(leg),
        side=getattr(OrderSide, side),
        filled_qty=Quantity.from_int(quantity),
        ts_last=at_s * NS,
    )


def test_position_left_by_a_process_before_is_sold_before_a_new_trade() -> None:
    venue = Venue()
    venue.positions = [
        SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=3.0),
        SimpleNamespace(instrument_id=InstrumentId.from_str("SPY.US"), signed_qty=100.0),
    ]
    assert venue.chain(1, 0.95) == [("SELL", 3, 0.95)]
    assert [(d.plan_id, d.reason) for d in venue.decisions] == [("FOUND01", "RESTART")]
    assert venue.chain(2, 0.95) == []
    venue.answer(filled("O-1", -3, 0.95))
    assert venue.chain(3, 0.95) == [("BUY", 2, 1.00)]


def test_positions_found_after_the_flatten_deadline_are_sold_at_market() -> None:
    venue = Venue(plan=None)
    venue.strategy._on_flatten(None)
    found = SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=1.0)
    venue.positions = [found, found]
    assert venue.chain(1, 0.95) == [("SELL", 1, None)]
    venue.answer(filled("O-1", -1, 0.95))
    assert venue.chain(2, 0.95) == [("SELL", 1, None)]


def test_market_order_for_a_limit_does_not_follow_after_the_stop() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.strategy._on_flatten(None)
    venue.strategy.on_stop()
    assert venue.answer(canceled("O-2")) == []


def test_stop_cancels_what_is_working_and_nothing_is_sent_after_it() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("O-1"), ClientOrderId("O-2")]
    venue.strategy.on_stop()
    assert venue.sent == [("CANCEL", "O-1"), ("CANCEL", "O-2")]
    assert venue.chain(1, 0.95) == []
