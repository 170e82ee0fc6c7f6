"""Whatever is lost, doubled or shuffled on the way, an order ends as it did at Tiger."""

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader import model
from nautilus_trader.core import UUID4

from tiger_nt.marks import client_order_id, user_mark
from tiger_nt.order_events import (
    Accepted,
    Canceled,
    CancelRejected,
    CommissionDiffers,
    Doubt,
    Expired,
    Filled,
    ModifyRejected,
    OrderEvent,
    Rejected,
    Updated,
)
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import CommandStatus, OrderRequest, OrderState, OrderView, TransactionView

MARK, ORDER_ID, SYMBOL = "nt1-abc123-001-S-1", 44_000_000_000_000_001, "SPY261123C00600000"
NAMES = (
    model.TraderId("T-001"),
    model.StrategyId("S-001"),
    model.InstrumentId.from_str(f"{SYMBOL}.US"),
    model.ClientOrderId("O-1"),
)
ACCOUNT, VENUE_ID = model.AccountId("US-1"), model.VenueOrderId(str(ORDER_ID))
ENDS = (Canceled, Rejected, Expired)


@dataclass
class History:
    """An order's life at Tiger: every message of it, and how it ended."""

    quantity: int
    limit: float = 2.0
    filled: int = 0
    value: float = 0.0
    state: OrderState = OrderState.NEW
    replace: CommandStatus = CommandStatus.NONE
    cancel: CommandStatus = CommandStatus.NONE
    at_ms: int = 1_000
    resized: tuple[int, float] | None = None
    has_estimate: bool = False
    messages: list[OrderView | TransactionView] = field(default_factory=list)
    trades: list[TransactionView] = field(default_factory=list)

    def view(self, *, rest: bool = False) -> OrderView:
        return OrderView(
            id=ORDER_ID,
            user_mark=MARK,
            symbol=SYMBOL,
            sec_type="OPT",
            is_buy=True,
            order_type="LMT",
            quantity=self.quantity,
            filled=self.filled,
            limit_price=self.limit,
            stop_price=None,
            average_price=self.value / self.filled if self.filled else math.nan,
            commission=round(0.65 * self.filled, 2) if self.filled else math.nan,
            state=self.state,
            reason="",
            replace_status=CommandStatus.NONE if rest else self.replace,
            cancel_status=CommandStatus.NONE if rest else self.cancel,
            updated_ms=self.at_ms,
        )

    def tell(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.messages.append(self.view())

    def fill(self, quantity: int, price: float) -> None:
        self.filled += quantity
        self.value += quantity * price
        trade = TransactionView(
            id=len(self.trades) + 1,
            order_id=ORDER_ID,
            symbol=SYMBOL,
            sec_type="OPT",
            is_buy=True,
            quantity=quantity,
            price=price,
            time_ms=self.at_ms,
        )
        self.trades.append(trade)
        self.messages.append(trade)
        full = self.filled == self.quantity
        self.tell(state=OrderState.FILLED if full else OrderState.PARTIALLY_FILLED)


@st.composite
def histories(draw: st.DrawFn) -> History:
    h = History(quantity=draw(st.integers(1, 6)), has_estimate=draw(st.booleans()))
    h.tell()
    if draw(st.integers(0, 9)) == 0:
        h.tell(state=OrderState.REJECTED)
        return h
    step = st.integers(0, 50)
    h.at_ms += draw(step)
    h.tell(state=OrderState.HELD)
    resize = draw(st.sampled_from(["resize", "modify fails"]))
    for _ in range(draw(st.integers(0, 5))):
        h.at_ms += draw(step)
        match draw(st.sampled_from(["fill", "reprice", resize, "cancel fails"])):
            case "fill":
                price = draw(st.integers(1, 400)) / 100
                h.fill(draw(st.integers(1, h.quantity - h.filled)), price)
                if h.state is OrderState.FILLED:
                    return h
            case "reprice":
                h.at_ms += 1
                limit = draw(st.integers(1, 400)) / 100
                h.tell(limit=limit, replace=CommandStatus.REPLACED)
            case "resize" if h.resized is None:
                h.at_ms += 1
                quantity = h.filled + draw(st.integers(1, 4))
                h.tell(quantity=quantity, replace=CommandStatus.REPLACED)
                h.resized = (h.quantity, h.limit)
            case "modify fails":
                h.tell(replace=CommandStatus.FAILED)
            case "cancel fails":
                h.tell(cancel=CommandStatus.FAILED)
    if draw(st.integers(0, 3)) == 0:
        return h
    h.at_ms += draw(step)
    end = st.sampled_from([OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED])
    h.tell(state=OrderState.PENDING_CANCEL)
    h.at_ms += draw(step)
    h.tell(state=draw(end))
    return h


def replay(tracker: OrderTracker, messages: list[OrderView | TransactionView]) -> list[OrderEvent]:
    events = []
    for message in messages:
        told = tracker.on_view if isinstance(message, OrderView) else tracker.on_transaction
        events += [event for _, event in told(message)]
    return events


def settle(tracker: OrderTracker, h: History, known: list[TransactionView]) -> list[OrderEvent]:
    """Ask, as the client does, until nothing is in doubt; the answers are true."""
    events = replay(tracker, [h.view(rest=True)])
    for _ in range(10):
        for order_id, doubt in tracker.doubts():
            answer = [h.view(rest=True)] if doubt is Doubt.ORDER else known
            events += [event for _, event in tracker.on_answer(order_id, doubt, answer)]
    assert not tracker.doubts()
    return events


def free(_root: str, _is_sell: bool, _fills: list[tuple[int, float]]) -> float:
    return 0.0


def tracked(h: History, max_asks: int = 3) -> OrderTracker:
    first = h.messages[0]
    assert isinstance(first, OrderView)
    tracker = OrderTracker(free if h.has_estimate else None, max_asks)
    order = tracker.submit(
        OrderRequest(
            user_mark=MARK,
            symbol=SYMBOL,
            is_buy=True,
            order_type="LMT",
            quantity=first.quantity,
            limit_price=first.limit_price,
        )
    )
    if h.resized:
        order.begin_modify((*h.resized, None))
    return tracker


def check_end(tracker: OrderTracker, h: History, events: list[OrderEvent]) -> None:
    order = tracker.by_id(ORDER_ID)
    assert order is not None
    assert order.filled == h.filled == sum(e.quantity for e in events if isinstance(e, Filled))
    assert order.is_done == h.state.is_final
    ends = [event for event in events if isinstance(event, ENDS)]
    expected = {
        OrderState.CANCELLED: Canceled,
        OrderState.EXPIRED: Expired,
        OrderState.REJECTED: Canceled if h.filled else Rejected,
    }
    if order.filled < order.quantity:
        # Made smaller down to what was filled, the rest is cancelled as far as the engine knows.
        expected[OrderState.FILLED] = Canceled
    assert [type(end) for end in ends] == ([expected[h.state]] if h.state in expected else [])
    if order.accepted and h.state is not OrderState.FILLED:
        assert order.terms == (h.quantity, h.limit, None)
    check_engine(events, h)


class EngineOrder:
    """The engine's own order; it raises for an event that does not fit its status."""

    def __init__(self, h: History) -> None:
        first = h.messages[0]
        assert isinstance(first, OrderView)
        self.order = model.LimitOrder(
            *NAMES, model.OrderSide.BUY, count(first.quantity), price(first.limit_price),
            model.TimeInForce.DAY, False, False, False, UUID4(), 0,
        )  # fmt: skip
        self.apply(model.OrderSubmitted, ACCOUNT, UUID4(), 0, 0)
        if h.resized:
            self.apply(model.OrderPendingUpdate, ACCOUNT, UUID4(), 0, 0, False)

    def apply(self, kind: Any, *facts: Any) -> None:
        self.order.apply(kind(*NAMES, *facts))

    def take(self, event: OrderEvent) -> None:
        late = (UUID4(), 0, 0, False)
        match event:
            case Accepted():
                self.apply(model.OrderAccepted, VENUE_ID, ACCOUNT, *late)
            case Updated():
                total, limit = count(event.quantity), price(event.limit_price)
                self.apply(model.OrderUpdated, total, *late, VENUE_ID, ACCOUNT, limit)
            case Filled():
                self.apply(
                    model.OrderFilled, VENUE_ID, ACCOUNT, model.TradeId(event.trade_id),
                    model.OrderSide.BUY, model.OrderType.LIMIT, count(event.quantity),
                    price(event.price), model.Currency.from_str("USD"),
                    model.LiquiditySide.NO_LIQUIDITY_SIDE, *late,
                )  # fmt: skip
            case Canceled():
                self.apply(model.OrderCanceled, *late, VENUE_ID, ACCOUNT)
            case Rejected():
                self.apply(model.OrderRejected, ACCOUNT, "no reason", *late)
            case Expired():
                self.apply(model.OrderExpired, *late, VENUE_ID, ACCOUNT)
            case ModifyRejected():
                self.apply(model.OrderModifyRejected, "no reason", *late, VENUE_ID, ACCOUNT)
            case CancelRejected():
                self.apply(model.OrderCancelRejected, "no reason", *late, VENUE_ID, ACCOUNT)


def check_engine(events: list[OrderEvent], h: History) -> None:
    """The engine's order takes every event and ends as the order did at Tiger."""
    engine = EngineOrder(h)
    for event in events:
        engine.take(event)
    assert engine.order.filled_qty == count(h.filled)
    assert engine.order.overfill_qty == count(0)
    assert engine.order.is_closed == h.state.is_final


def count(quantity: int) -> model.Quantity:
    return model.Quantity.from_int(quantity)


def price(dollars: float | None) -> model.Price:
    assert dollars is not None
    return model.Price(dollars, 2)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[History, list[OrderView | TransactionView]]:
    """A history and what of it arrives: any messages, in any order, any number of times."""
    h = draw(histories())
    return h, draw(st.lists(st.sampled_from(h.messages), max_size=2 * len(h.messages)))


@settings(max_examples=150, deadline=None)
@given(deliveries())
def test_after_a_truthful_answer_the_order_is_as_at_tiger(
    delivery: tuple[History, list[OrderView | TransactionView]],
) -> None:
    h, messages = delivery
    tracker = tracked(h)
    events = replay(tracker, messages) + settle(tracker, h, h.trades)
    check_end(tracker, h, events)
    fills = {(f.trade_id, f.quantity, f.price) for f in events if isinstance(f, Filled)}
    assert fills == {(str(t.id), t.quantity, t.price) for t in h.trades}
    assert not any(f.inferred for f in events if isinstance(f, Filled))


@settings(max_examples=150, deadline=None)
@given(deliveries())
def test_told_again_in_full_the_history_changes_nothing(
    delivery: tuple[History, list[OrderView | TransactionView]],
) -> None:
    h, messages = delivery
    tracker = tracked(h)
    replay(tracker, messages)
    settle(tracker, h, h.trades)
    again = replay(tracker, h.messages) + replay(tracker, messages)
    late = (ModifyRejected, CancelRejected, CommissionDiffers)
    assert not [event for event in again if not isinstance(event, late)]


@settings(max_examples=150, deadline=None)
@given(deliveries(), st.data())
def test_transactions_that_turn_up_after_the_inference_count_no_contract_twice(
    delivery: tuple[History, list[OrderView | TransactionView]], data: st.DataObject
) -> None:
    h, messages = delivery
    tracker = tracked(h, max_asks=1)
    events = []
    for message in messages:
        events += replay(tracker, [message])
        if data.draw(st.booleans(), label="asked in vain"):
            for order_id, doubt in tracker.doubts():
                events += [event for _, event in tracker.on_answer(order_id, doubt, [])]
    shown = [m for m in messages if isinstance(m, TransactionView)]
    events += settle(tracker, h, shown)
    check_end(tracker, h, events)
    assert not [e for e in replay(tracker, [*h.trades]) if isinstance(e, Filled)]


@settings(max_examples=150, deadline=None)
@given(deliveries())
def test_an_inferred_fill_makes_the_average_price_true(
    delivery: tuple[History, list[OrderView | TransactionView]],
) -> None:
    h, messages = delivery
    tracker = tracked(h)
    shown = [m for m in messages if isinstance(m, TransactionView)]
    events = replay(tracker, messages) + settle(tracker, h, shown)
    check_end(tracker, h, events)
    value = sum(f.quantity * f.price for f in events if isinstance(f, Filled))
    assert math.isclose(value, h.value, abs_tol=1e-6)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_commissions_and_the_open_difference_add_up_to_tigers_total(h: History) -> None:
    tracker = tracked(h)
    events = replay(tracker, h.messages)
    order = tracker.by_id(ORDER_ID)
    assert order is not None
    charged = sum(e.commission or 0.0 for e in events if isinstance(e, Filled))
    different = [e.amount for e in events if isinstance(e, CommissionDiffers)]
    if order.is_done:
        total = charged + (different[-1] if different else 0.0)
        assert math.isclose(total, 0.65 * h.filled, abs_tol=0.011)


@given(
    st.datetimes(min_value=dt.datetime(2020, 1, 1)),  # noqa: DTZ001
    st.from_regex(r"[A-Z0-9]{1,6}(-[A-Za-z0-9]{1,12}){1,3}", fullmatch=True),
)
def test_the_engines_order_id_can_be_read_from_the_mark(when: dt.datetime, tail: str) -> None:
    usual = f"O-{when:%Y%m%d-%H%M%S}-{tail}"
    assert client_order_id(user_mark(usual)) == usual


@given(st.text(min_size=1, max_size=36))
def test_any_order_id_can_be_read_from_its_mark(text: str) -> None:
    assert client_order_id(user_mark(text)) == text


@given(st.text(max_size=40))
def test_a_mark_that_names_an_order_is_the_mark_of_that_order(text: str) -> None:
    named = client_order_id(text)
    assert named is None or user_mark(named) == text or text.startswith("nt0-")
