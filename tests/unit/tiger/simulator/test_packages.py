"""Packages at the simulator: what is taken, when both legs fill, and what is booked."""

from typing import Any

import pytest
from exchange_desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from tiger_simulator import CALL, OTHER, PUT

from tiger_nt.simulator import packages
from tiger_nt.simulator.admission import LegTicket, Ticket
from tiger_nt.simulator.errors import BIZ_PARAM, PAPER_ORDER, Refusal
from tiger_nt.simulator.faults import Fault, FaultKind
from tiger_nt.simulator.orders import Order, OrderStatus, order_item
from tiger_nt.simulator.packages import package_ticket_of
from tiger_nt.symbols import option_terms

LEG = {"symbol": "SPY", "sec_type": "OPT", "expiry": "20261123", "ratio": 1, "right": "CALL"}
BODY: dict[str, Any] = {
    "sec_type": "MLEG",
    "combo_type": "VERTICAL",
    "action": "BUY",
    "order_type": "LMT",
    "total_quantity": 2,
    "limit_price": 0.6,
    "user_mark": "M",
    "contract_legs": [
        LEG | {"strike": "601.0", "action": "SELL"},
        LEG | {"strike": "600.0", "action": "BUY"},
    ],
}


def desk(cash: float | None = None) -> Desk:
    """Return an exchange with the strikes at 1.00/1.10 x 10 and 0.50/0.60 x 8."""
    made = Desk(cash=cash)
    made.quote(1.00, 1.10, 10, 10)
    made.quote(0.50, 0.60, 8, 8, symbol=OTHER)
    made.told.log.clear()
    return made


def package(
    at: Desk, quantity: int, net: float, bought: str = CALL, sold: str = OTHER, **fields: Any
) -> Order:
    legs = (
        LegTicket(terms=option_terms(bought), is_buy=True),
        LegTicket(terms=option_terms(sold), is_buy=False),
    )
    ticket = {
        "terms": legs[0].terms, "is_buy": True, "order_type": "LMT", "quantity": quantity,
        "limit_price": net, "legs": legs,
    }  # fmt: skip
    order = at.exchange.place(at.account, Ticket(**(ticket | fields)))
    at.settle()
    return order


def held(at: Desk) -> dict[str, int]:
    return {s: p.quantity for s, p in at.account.positions.items() if p.quantity}


# -- what is taken -------------------------------------------------------------------------------


def test_a_vertical_is_read_with_its_purchase_first() -> None:
    ticket = package_ticket_of(BODY, desk().account)
    assert [(leg.terms.compact, leg.is_buy) for leg in ticket.legs] == [
        (CALL, True),
        (OTHER, False),
    ]
    assert (ticket.quantity, ticket.limit_price, ticket.user_mark) == (2, 0.6, "M")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"action": "SELL"}, "is bought"),
        ({"combo_type": "CUSTOM"}, "combo type CUSTOM"),
        ({"contract_legs": BODY["contract_legs"][:1]}, "two legs"),
        ({"contract_legs": [leg | {"ratio": 2} for leg in BODY["contract_legs"]]}, "one to one"),
        (
            {"contract_legs": [leg | {"sec_type": "STK"} for leg in BODY["contract_legs"]]},
            "trading",
        ),
    ],
)
def test_what_is_no_vertical_on_the_wire_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=says) as refusal:
        package_ticket_of(BODY | wrong, desk().account)
    assert refusal.value.code == PAPER_ORDER


def test_a_package_without_a_quantity_is_a_wrong_request() -> None:
    body = {name: value for name, value in BODY.items() if name != "total_quantity"}
    with pytest.raises(Refusal) as refusal:
        package_ticket_of(body, desk().account)
    assert refusal.value.code == BIZ_PARAM


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"sold": CALL}, "different strikes"),
        ({"sold": PUT}, "both calls or both puts"),
        ({"sold": "SPY261123C00999000"}, "not found"),
        ({"sold": "SPY261124C00601000"}, "not found"),
        ({"order_type": "MKT"}, "order type MKT"),
        ({"time_in_force": "GTC"}, "time in force GTC"),
        ({"quantity": 0}, "greater than 0"),
        ({"net": 0.605}, "minimum price fluctuation"),
        ({"net": None}, "must be given"),
    ],
)
def test_what_is_not_traded_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        package(desk(), **({"quantity": 1, "net": 0.6} | fields))


def test_net_limits_of_a_root_have_its_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packages._NET_TICK_CENTS == {"SPX": 5, "SPXW": 5}
    monkeypatch.setitem(packages._NET_TICK_CENTS, "SPY", 5)
    package(desk(), 1, 0.65)
    with pytest.raises(Refusal, match=r"minimum price fluctuation 0\.05"):
        package(desk(), 1, 0.61)


def test_a_sale_that_the_purchase_does_not_cover_is_refused() -> None:
    with pytest.raises(Refusal, match="not covered"):
        package(desk(), 1, -0.4, bought=OTHER, sold=CALL)


def test_more_than_the_cash_is_refused() -> None:
    with pytest.raises(Refusal, match="Insufficient"):
        package(desk(cash=100.0), 2, 0.6)


def test_the_long_leg_alone_cannot_be_sold_while_it_covers_the_short_one() -> None:
    at = desk()
    package(at, 2, 0.6)
    with pytest.raises(Refusal, match="covers options sold short"):
        at.send(-1, 1.0)
    at.place(2, 0.6, terms=option_terms(OTHER))
    at.place(-2, 1.0)
    assert held(at) == {}


def test_more_cannot_be_closed_than_is_held() -> None:
    at = desk()
    package(at, 2, 0.6)
    with pytest.raises(Refusal, match="reverse position"):
        package(at, 3, -0.4, bought=OTHER, sold=CALL)


def test_no_more_of_the_short_leg_is_bought_back_than_was_sold() -> None:
    at = desk()
    package(at, 2, 0.6)
    with pytest.raises(Refusal, match="reverse position"):
        at.send(3, 0.6, terms=option_terms(OTHER))


def test_a_package_cannot_be_changed() -> None:
    at = desk()
    order = package(at, 1, 0.4)
    with pytest.raises(Refusal, match="cannot be modified"):
        at.modify(order, 1, 0.5)


# -- fills ---------------------------------------------------------------------------------------


def test_both_legs_fill_at_once_and_are_told_leg_by_leg() -> None:
    at = desk()
    order = package(at, 2, 0.6)
    assert at.told.log == [
        ("order", "Initial", 0), ("order", "Submitted", 0), ("transaction", 2, 1.10),
        ("transaction", 2, 0.50), ("order", "Filled", 2), ("position", 2), ("position", -2),
        ("assets",),
    ]  # fmt: skip
    assert order.average_price == pytest.approx(0.60)
    assert held(at) == {CALL: 2, OTHER: -2}


def test_it_rests_until_the_net_price_comes_and_any_leg_may_bring_it() -> None:
    at = desk()
    order = package(at, 1, 0.5)
    assert order.status is OrderStatus.SUBMITTED
    at.quote(0.55, 0.60, symbol=OTHER)
    assert order.filled == 0
    at.quote(0.60, 0.70, symbol=OTHER)
    assert order.filled == 1
    assert order.fills == [(1, pytest.approx(0.5))]


def test_a_cent_short_of_the_net_price_it_rests() -> None:
    assert package(desk(), 1, 0.59).filled == 0
    assert package(desk(), 1, 0.60).filled == 1


def test_it_fills_no_more_than_the_smaller_side_shows() -> None:
    at = desk()
    order = package(at, 10, 0.6)
    assert order.filled == 8
    assert held(at) == {CALL: 8, OTHER: -8}
    at.quote(0.50, 0.60, 9, 9, symbol=OTHER)
    assert order.filled == 10


def test_what_it_takes_is_gone_for_single_orders_and_those_come_first() -> None:
    at = desk()
    single = at.place(3, 1.0)
    order = package(at, 10, 0.45)
    at.quote(0.90, 0.95, 5, 5)
    assert single.filled == 3
    assert order.filled == 2


def test_a_package_that_brings_money_in_is_booked_so() -> None:
    at = desk()
    package(at, 1, 0.6)
    before = at.account.cash
    order = package(at, 1, -0.4, bought=OTHER, sold=CALL)
    assert order.status is OrderStatus.FILLED
    assert at.account.cash == pytest.approx(before + 40 - order.commission)
    assert held(at) == {}
    assert at.account.realized == pytest.approx(-20 - 2 * order.commission)


def test_each_leg_is_charged_as_an_order() -> None:
    at = desk()
    assert package(at, 1, 0.6).commission == pytest.approx(2 * at.place(1, 1.10).commission)


def test_a_fault_fills_it_in_part_and_it_is_cancelled_whole() -> None:
    at = desk()
    at.faults.add(Fault(kind=FaultKind.PARTIAL_FILL, value=1))
    order = package(at, 3, 0.6)
    assert order.filled == 1
    at.exchange.cancel(at.account, order)
    at.settle()
    assert order.status is OrderStatus.CANCELLED
    assert held(at) == {CALL: 1, OTHER: -1}


def test_rest_shows_both_legs_with_their_averages() -> None:
    item = order_item(package(desk(), 2, 0.6))
    assert (item["secType"], item["symbol"]) == ("MLEG", "SPY")
    legs: Any = item["legs"]
    shown = [(leg["strike"], leg["action"], leg["avgFilledPrice"]) for leg in legs]
    assert shown == [("600.0", "BUY", 1.10), ("601.0", "SELL", 0.50)]


def test_the_close_ends_it_and_settles_both_legs() -> None:
    at = desk()
    package(at, 1, 0.6)
    resting = package(at, 1, 0.3)
    at.quote(602.0, 602.0, symbol="SPY")
    at.exchange.close_session()
    assert resting.status is OrderStatus.INVALID
    assert held(at) == {}


cents = st.integers(1, 300)
quotes = st.tuples(cents, st.integers(1, 40), st.integers(1, 9))
steps = st.one_of(
    st.tuples(st.just("quote"), st.sampled_from([CALL, OTHER]), quotes),
    st.tuples(st.just("package"), st.integers(1, 6), st.integers(1, 200)),
    st.tuples(st.just("close"), st.integers(1, 6), st.integers(-200, -1)),
    st.tuples(st.just("single"), st.integers(1, 6), st.integers(1, 300)),
)


@settings(max_examples=150)
@given(st.lists(steps, max_size=25))
def test_legs_fill_alike_within_the_net_limit_and_books_balance(
    script: list[tuple[Any, ...]],
) -> None:
    at = desk()
    start = at.account.cash
    for what, first, second in script:
        try:
            if what == "quote":
                bid, spread, size = second
                at.quote(bid / 100, (bid + spread) / 100, size, size, symbol=first)
            elif what == "package":
                package(at, first, second / 100)
            elif what == "close":
                package(at, first, second / 100, bought=OTHER, sold=CALL)
            else:
                at.place(first, second / 100)
        except Refusal:
            pass
        shorts = -held(at).get(OTHER, 0)
        assert held(at).get(CALL, 0) >= max(0, shorts)
    spent = fees = 0.0
    for order in at.account.orders.values():
        fees += order.commission
        for part in order.parts:
            assert sum(quantity for quantity, _ in part.fills) == order.filled
            sign = 1 if part.is_buy else -1
            spent += sign * sum(quantity * price for quantity, price in part.fills) * 100
        if order.legs:
            assert all(price <= order.limit_price + 1e-9 for _, price in order.fills)
    assert at.account.cash == pytest.approx(start - spent - fees)


def test_packages_below_a_limit_are_not_filled_while_nobody_trades_them_together() -> None:
    at = desk()
    at.faults.add(Fault(kind=FaultKind.UNMATCHED_PACKAGES, seconds=3_600.0, value=0.0))
    assert package(at, 2, 0.60).filled == 2
    closing = package(at, 2, -0.40, bought=OTHER, sold=CALL)
    at.quote(1.01, 1.10, 10, 10)
    assert closing.filled == 0
    at.faults.clear()
    at.quote(1.00, 1.10, 10, 10)
    assert closing.status is OrderStatus.FILLED
