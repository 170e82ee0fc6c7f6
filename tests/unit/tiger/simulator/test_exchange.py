"""The exchange: what is taken, what is filled, and the order in which the world is told."""

from typing import Any

import pytest
from exchange_desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from tiger_simulator import CALL, HOUR_NS, OTHER, PUT, FixedMarket, row

from tiger_nt.simulator.errors import LIVE_ORDER, PAPER_ORDER, Refusal
from tiger_nt.simulator.faults import Fault, FaultKind
from tiger_nt.simulator.orders import CommandState, OrderStatus
from tiger_nt.symbols import option_terms

S = OrderStatus


# -- fills -------------------------------------------------------------------------------------


def test_buy_at_the_offer_is_told_step_by_step_until_filled():
    desk = Desk()
    desk.place(5, 1.05)
    assert desk.told.log == [
        ("order", "Initial", 0),
        ("order", "Submitted", 0),
        ("transaction", 5, 1.05),
        ("order", "Filled", 5),
        ("position", 5),
        ("assets",),
    ]


def test_order_takes_what_is_shown_and_the_rest_waits_for_the_quote_to_change():
    desk = Desk()
    order = desk.place(15, 1.05)
    assert (order.status, order.filled) == (S.SUBMITTED, 12)
    desk.quote(1.0, 1.05, 10, 12)
    assert order.filled == 12, "the same quote again shows nothing new"
    desk.quote(1.0, 1.05, 10, 13)
    assert (order.status, order.filled) == (S.FILLED, 15)


def test_resting_order_fills_at_the_offer_that_comes_to_its_limit():
    desk = Desk()
    order = desk.place(3, 1.02)
    assert order.status is S.SUBMITTED
    desk.quote(0.95, 1.01, 10, 10)
    assert (order.status, order.average_price) == (S.FILLED, 1.01)


def test_quote_goes_out_before_the_fill_it_causes():
    desk = Desk()
    desk.place(3, 1.02)
    desk.told.log.clear()
    desk.quote(0.95, 1.01, 10, 10)
    assert [entry[0] for entry in desk.told.log[:2]] == ["quote", "transaction"]


def test_waiting_orders_are_served_by_price_and_then_by_time():
    desk = Desk()
    early, late = desk.place(4, 1.02), desk.place(4, 1.02)
    best = desk.place(4, 1.03)
    desk.quote(0.95, 1.02, 10, 6)
    assert (best.filled, early.filled, late.filled) == (4, 2, 0)


def test_changed_order_goes_to_the_end_of_its_queue():
    desk = Desk()
    first, second = desk.place(4, 1.02), desk.place(4, 1.02)
    desk.modify(first, 5, 1.02)
    desk.settle()
    desk.quote(0.95, 1.02, 10, 4)
    assert (first.filled, second.filled) == (0, 4)
    desk.quote(0.95, 1.02, 10, 5)
    assert first.filled == 5


def test_sale_at_the_bid_is_filled_and_a_cent_above_it_waits():
    desk = Desk()
    desk.place(4, 1.05)
    at_bid, above = desk.place(-2, 1.0), desk.place(-2, 1.01)
    assert (at_bid.average_price, at_bid.status, above.filled) == (1.0, S.FILLED, 0)


@pytest.mark.parametrize("side", [(0.0, 10), (1.0, 0)])
def test_side_without_price_or_size_fills_nothing(side: tuple[float, int]):
    desk = Desk()
    price, size = side
    desk.place(4, 1.05)
    desk.quote(price, 1.05, size, 12)
    assert desk.place(-2, 0.5).filled == 0
    desk.quote(0.5, price, 10, size)
    assert desk.place(2, 1.5).filled == 0


def test_market_order_waits_for_the_other_side():
    desk = Desk()
    desk.quote(1.0, 0.0)
    order = desk.place(2)
    assert order.status is S.SUBMITTED
    desk.quote(1.0, 1.4)
    assert order.average_price == 1.4


def test_stop_limit_buy_sleeps_until_the_offer_reaches_the_stop():
    desk = Desk()
    order = desk.place(2, 1.5, order_type="STP_LMT", stop_price=1.2)
    desk.quote(1.1, 1.15)
    assert order.filled == 0
    desk.quote(1.15, 1.2)
    assert order.average_price == 1.2


def test_stop_can_be_moved():
    desk = Desk()
    order = desk.place(2, 1.5, order_type="STP_LMT", stop_price=1.3)
    desk.exchange.modify(desk.account, order, quantity=2, limit_price=1.5, stop_price=1.05)
    desk.settle()
    assert order.average_price == 1.05


def test_stop_limit_sell_sleeps_until_the_bid_falls_to_the_stop():
    desk = Desk()
    desk.place(2, 1.05)
    order = desk.place(-2, 0.5, order_type="STP_LMT", stop_price=0.8)
    desk.quote(0.85, 0.9)
    assert order.filled == 0
    desk.quote(0.8, 0.85)
    assert order.average_price == 0.8


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quantity": 0}, "quantity must be greater"),
        ({"limit_price": 0.0}, "limit price must be greater"),
        ({"limit_price": 1.005}, "minimum price fluctuation"),
        ({"order_type": "STP", "stop_price": 1.0}, "order type STP is not supported"),
        ({"order_type": "STP_LMT"}, "stop price must be greater"),
        ({"order_type": "MKT", "time_in_force": "GTC"}, "time in force GTC is not supported"),
        ({"time_in_force": "IOC"}, "time in force IOC is not supported"),
        ({"terms": option_terms("SPY261120C00600000")}, "contract not found"),
        ({"quantity": 1_000, "limit_price": 1.0}, "Insufficient available funds"),
        ({"is_buy": False}, "exceeds your currently available position"),
    ],
)
def test_unfit_order_is_refused_with_a_reason(fields: dict[str, Any], words: str):
    desk = Desk()
    with pytest.raises(Refusal, match=words):
        desk.send(1, 1.0, **fields)
    assert not desk.account.orders


def test_order_outside_the_hours_is_refused():
    for market in (FixedMarket(open_in_ns=HOUR_NS), FixedMarket(close_in_ns=-1)):
        with pytest.raises(Refusal, match="cannot be placed at this moment"):
            Desk(market).send(1, 1.0)


def test_refusals_of_a_live_account_have_their_own_code():
    desk = Desk()
    codes = []
    for account in desk.exchange.accounts.values():
        desk.account = account
        with pytest.raises(Refusal) as refused:
            desk.send(-1, 1.0)
        codes.append(refused.value.code)
    assert codes == [PAPER_ORDER, LIVE_ORDER]


def test_one_order_cannot_turn_a_position_round():
    desk = Desk()
    desk.place(3, 1.05)
    with pytest.raises(Refusal, match="reverse position"):
        desk.send(-4, 1.0)


def test_flat_account_is_not_told_of_a_reverse_position():
    with pytest.raises(Refusal) as refused:
        Desk().send(-1, 1.0)
    assert "reverse" not in refused.value.text


def test_contracts_on_offer_cannot_be_sold_again():
    desk = Desk()
    desk.place(3, 1.05)
    desk.place(-2, 2.0)
    with pytest.raises(Refusal, match="reverse position"):
        desk.send(-2, 2.0)
    desk.place(-1, 2.0)


def test_cash_of_waiting_buys_cannot_be_spent_again():
    desk = Desk(cash=1_000.0)
    desk.place(9, 1.0)
    with pytest.raises(Refusal, match="Insufficient"):
        desk.send(1, 1.0)


def test_the_last_cent_can_be_spent():
    Desk(cash=103.03).send(1, 1.0)
    with pytest.raises(Refusal, match="Insufficient"):
        Desk(cash=103.02).send(1, 1.0)


def test_order_id_cannot_be_used_twice():
    desk = Desk()
    desk.send(1, 1.0, order_id=7)
    with pytest.raises(Refusal, match="duplicate"):
        desk.send(1, 1.0, order_id=7)


# -- modify and cancel -------------------------------------------------------------------------


def test_modify_is_taken_first_and_done_later():
    desk = Desk()
    order = desk.place(3, 1.0)
    desk.modify(order, 4, 1.05)
    assert (order.replace_status, order.limit_price) == (CommandState.RECEIVED, 1.0)
    desk.settle()
    assert (order.replace_status, order.filled) == (CommandState.REPLACED, 4)


def test_modify_that_a_fill_overtakes_fails():
    desk = Desk()
    order = desk.place(3, 1.0)
    desk.modify(order, 3, 1.01)
    desk.quote(0.9, 1.0)
    desk.settle()
    assert (order.status, order.replace_status) == (S.FILLED, CommandState.FAILED)


@pytest.mark.parametrize(
    ("quantity", "limit", "words"),
    [(12, 1.05, "filled quantity"), (5_000, 1.05, "Insufficient"), (15, 1.051, "fluctuation")],
)
def test_unfit_modify_is_refused(quantity: int, limit: float, words: str):
    desk = Desk()
    order = desk.place(15, 1.05)
    with pytest.raises(Refusal, match=words):
        desk.modify(order, quantity, limit)
    assert order.replace_status is CommandState.NONE


def test_modify_of_an_order_that_is_not_at_work_is_refused():
    desk = Desk()
    order = desk.send(1, 1.0)
    with pytest.raises(Refusal, match="cannot be modified"):
        desk.modify(order, 2, 1.0)


def test_modify_may_use_the_cash_its_order_holds():
    desk = Desk(cash=1_000.0)
    order = desk.place(9, 1.0)
    desk.modify(order, 9, 1.04)
    desk.settle()
    assert order.replace_status is CommandState.REPLACED


def test_cancel_goes_by_way_of_pending():
    desk = Desk()
    order = desk.place(3, 1.0)
    desk.exchange.cancel(desk.account, order)
    assert (order.status, order.cancel_status) == (S.PENDING_CANCEL, CommandState.RECEIVED)
    desk.settle()
    assert desk.statuses == ["Initial", "Submitted", "PendingCancel", "Cancelled"]
    desk.quote(0.9, 0.95)
    assert order.filled == 0


def test_partly_filled_order_keeps_its_fills_when_cancelled():
    desk = Desk()
    order = desk.place(15, 1.05)
    desk.exchange.cancel(desk.account, order)
    desk.settle()
    assert (order.status, order.filled, order.commission) == (S.CANCELLED, 12, 11.82)


def test_cancel_that_a_fill_overtakes_fails():
    desk = Desk()
    order = desk.place(3, 1.0)
    desk.exchange.cancel(desk.account, order)
    desk.quote(0.9, 1.0)
    desk.settle()
    assert (order.status, order.cancel_status) == (S.FILLED, CommandState.FAILED)


def test_order_cancelled_before_it_works_never_fills():
    desk = Desk()
    order = desk.send(3, 1.05)
    desk.exchange.cancel(desk.account, order)
    desk.settle()
    assert (order.status, order.filled) == (S.CANCELLED, 0)


def test_cancel_of_an_ended_order_is_refused():
    desk = Desk()
    order = desk.place(3, 1.05)
    with pytest.raises(Refusal, match="cannot be cancelled"):
        desk.exchange.cancel(desk.account, order)


# -- faults ------------------------------------------------------------------------------------


def test_late_reject_ends_an_accepted_order_unfilled():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.LATE_REJECT, value=0.3, message="risk"))
    order = desk.send(3, 1.05)
    desk.later.pop(0)[1]()
    assert (order.status, order.remark, desk.later[0][0]) == (S.SUBMITTED, "", 0.3)
    desk.settle()
    assert (order.status, order.remark, order.filled) == (S.INACTIVE, "risk", 0)


def test_unknown_word_stands_for_the_status_until_the_order_ends():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.UNKNOWN_STATUS))
    order = desk.place(15, 1.05)
    desk.exchange.cancel(desk.account, order)
    desk.settle()
    assert desk.statuses == ["Initial", *["PartiallyFilled"] * 3, "Cancelled"]


def test_failing_cancel_leaves_the_order_at_work():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.CANCEL_FAILS))
    order = desk.place(3, 1.0)
    desk.exchange.cancel(desk.account, order)
    desk.settle()
    assert (order.status, order.cancel_status) == (S.SUBMITTED, CommandState.FAILED)
    desk.quote(0.9, 1.0)
    assert order.status is S.FILLED


def test_refused_modify_leaves_the_order_as_it_was():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.MODIFY_REFUSED))
    order = desk.place(3, 1.0)
    desk.modify(order, 4, 1.05)
    desk.settle()
    assert (order.replace_status, order.limit_price, order.filled) == (CommandState.FAILED, 1.0, 0)


def test_partial_fill_leaves_the_rest_for_good():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.PARTIAL_FILL, value=2))
    order = desk.place(5, 1.05)
    desk.quote(0.5, 0.6)
    assert (order.status, order.filled) == (S.SUBMITTED, 2)


def test_partial_fill_waits_for_an_order_that_has_parts():
    desk = Desk()
    desk.faults.add(Fault(kind=FaultKind.PARTIAL_FILL, value=1))
    assert desk.place(1, 1.05).status is S.FILLED
    assert desk.place(3, 1.05).filled == 1


# -- the close ---------------------------------------------------------------------------------


def test_close_ends_all_orders_and_pays_positions_their_intrinsic_value():
    desk = Desk()
    desk.place(2, 1.05)
    desk.place(3, 1.05, terms=option_terms(PUT))
    waiting = desk.place(1, 1.0, time_in_force="GTC")
    desk.exchange.on_quote(row("SPY", last=601.5, last_size=1))
    cash = desk.account.cash
    desk.exchange.close_session()
    assert waiting.status is S.INVALID
    assert desk.account.cash == pytest.approx(cash + 2 * 1.5 * 100)
    assert [p.quantity for p in desk.account.positions.values()] == [0, 0]
    assert desk.told.log.count(("position", 0)) == 2
    with pytest.raises(Refusal, match="at this moment"):
        desk.send(1, 1.0)


def test_positions_are_paid_at_the_settlement_price_where_there_is_one():
    desk = Desk()
    desk.market.settlement = 597.25
    desk.place(1, 1.05, terms=option_terms(PUT))
    cash = desk.account.cash
    desk.exchange.close_session()
    assert desk.account.cash == pytest.approx(cash + 275.0)


def test_reset_forgets_orders_money_and_what_was_on_its_way():
    desk = Desk()
    desk.place(2, 1.05)
    desk.place(1, 1.0)
    desk.send(1, 1.0)
    desk.exchange.reset()
    desk.told.log.clear()
    desk.settle()
    desk.quote(0.5, 0.6)
    accounts = desk.exchange.accounts.values()
    assert [(a.cash, len(a.orders), len(a.positions)) for a in accounts] == [(100_000.0, 0, 0)] * 2
    assert desk.statuses == []


# -- anything ----------------------------------------------------------------------------------

prices = st.integers(90, 110).map(lambda cents: cents / 100)
sizes = st.integers(0, 15)
steps = st.one_of(
    st.tuples(st.just("quote"), st.sampled_from([CALL, OTHER]), prices, sizes, sizes),
    st.tuples(st.just("order"), st.sampled_from([CALL, OTHER]), st.booleans(), sizes, prices),
    st.tuples(st.just("market"), st.sampled_from([CALL, OTHER]), st.booleans(), sizes),
    st.tuples(st.just("modify"), st.integers(0, 9), sizes, prices),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("time")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40))
def test_money_and_contracts_add_up_whatever_happens(actions: list[tuple[Any, ...]]):
    desk = Desk(cash=5_000.0)
    account = desk.account
    for action in actions:
        try:
            _act(desk, *action)
        except Refusal:
            continue
    fills = account.transactions
    signed = [t.quantity if t.is_buy else -t.quantity for t in fills]
    flows = sum(-q * t.price * 100 for q, t in zip(signed, fills, strict=True))
    fees = sum(order.commission for order in account.orders.values())
    assert account.cash == pytest.approx(5_000.0 + flows - fees)
    if all(order.order_type == "LMT" for order in account.orders.values()):
        assert account.cash >= -1e-6
    for symbol in (CALL, OTHER):
        held = sum(q for q, t in zip(signed, fills, strict=True) if t.terms.compact == symbol)
        assert account.held(symbol) == held >= 0
    for order in account.orders.values():
        own = [t for t in fills if t.order_id == order.id]
        assert sum(t.quantity for t in own) == order.filled <= order.quantity
        assert (order.status is S.FILLED) == (order.remaining == 0)
    ids = [t.id for t in fills] + list(account.orders)
    assert len(set(ids)) == len(ids)
    assert all(each > 2**53 for each in ids)


def _act(desk: Desk, what: str, *values: Any) -> None:
    orders = list(desk.account.orders.values())
    if what == "quote":
        symbol, bid, bid_size, ask_size = values
        desk.quote(bid, round(bid + 0.03, 2), bid_size, ask_size, symbol=symbol)
    elif what in {"order", "market"}:
        symbol, is_buy, size, *limit = values
        desk.send(size if is_buy else -size, *limit, terms=option_terms(symbol), is_buy=is_buy)
    elif what == "time":
        desk.settle()
    elif values[0] < len(orders):
        order = orders[values[0]]
        if what == "modify":
            desk.modify(order, values[1], values[2])
        else:
            desk.exchange.cancel(desk.account, order)
