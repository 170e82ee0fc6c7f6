"""Accounts: cash, cost and gain of every contract, fees in them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiger_simulator import CALL, PUT, row

from tiger_nt.simulator.accounts import (
    Account,
    User,
    asset_figures,
    position_item,
    prime_assets_item,
)
from tiger_nt.simulator.board import QuoteBoard
from tiger_nt.simulator.fees import fixed_plan
from tiger_nt.simulator.orders import Order
from tiger_nt.symbols import option_terms


def account(cash: float = 10_000.0) -> Account:
    return Account(User(tiger_id="1", account="12345678", cash=cash))


def order(of: Account, signed: int, limit: float = 1.0) -> Order:
    made = Order(
        id=len(of.orders) + 1,
        order_id=0,
        account=of.user.account,
        terms=option_terms(CALL),
        is_buy=signed > 0,
        order_type="LMT",
        quantity=abs(signed),
        limit_price=limit,
        stop_price=None,
        time_in_force="DAY",
        outside_rth=False,
        user_mark="",
        source="OpenApi",
        opened_ns=0,
        updated_ms=0,
        status_ms=0,
        reserve_price=limit,
    )
    of.orders[made.id] = made
    return made


def board(bid: float = 1.2, ask: float = 1.3) -> QuoteBoard:
    quotes = QuoteBoard((CALL, PUT))
    if ask:
        quotes[CALL].update(row(CALL, bid, ask))
    return quotes


def test_cost_of_a_position_has_the_fees_in_it():
    mine = account()
    position = mine.book(order(mine, 4), 4, 1.0, 4.0)
    assert (position.quantity, position.average_cost) == (4, pytest.approx(1.01))
    mine.book(order(mine, 4), 4, 2.0, 4.0)
    assert (position.quantity, position.average_cost) == (8, pytest.approx(1.51))
    assert mine.cash == pytest.approx(10_000 - 400 - 800 - 8)


def test_gain_of_a_sale_is_less_both_fees():
    mine = account()
    mine.book(order(mine, 4), 4, 1.0, 4.0)
    sell = order(mine, -4)
    position = mine.book(sell, 4, 1.5, 3.0)
    assert position.quantity == 0
    assert (sell.realized, mine.realized) == (pytest.approx(193.0), pytest.approx(193.0))
    assert mine.cash == pytest.approx(10_193.0)


def test_settled_position_is_paid_at_its_value():
    mine = account()
    position = mine.book(order(mine, 2), 2, 1.0, 2.0)
    mine.settle(position, 3.0)
    assert (position.quantity, mine.cash, mine.realized) == (0, 10_398.0, pytest.approx(398.0))


def test_free_cash_counts_open_buys_with_their_fees():
    mine = account()
    buy = order(mine, 5, 2.0)
    order(mine, -5, 2.0)
    assert mine.free_cash(fixed_plan) == pytest.approx(
        10_000 - 1_000 - (0.95 + 0.035) * 5, abs=0.01
    )
    assert mine.free_cash(fixed_plan, without=buy) == 10_000


def test_net_liquidation_is_cash_and_positions_at_the_mark():
    mine = account()
    mine.book(order(mine, 2), 2, 1.0, 0.0)
    mine.orders.clear()
    figures = asset_figures(mine, board(), fixed_plan)
    assert figures.position_value == pytest.approx(250.0)
    assert figures.net_liquidation == pytest.approx(10_050.0)
    assert figures.unrealized == pytest.approx(50.0)


def test_position_without_a_quote_is_worth_its_cost():
    mine = account()
    mine.book(order(mine, 2), 2, 1.0, 0.0)
    assert asset_figures(mine, board(ask=0.0), fixed_plan).unrealized == 0.0


def test_position_item_says_what_may_be_sold():
    mine = account()
    position = mine.book(order(mine, 5), 5, 1.0, 0.0)
    mine.orders.clear()
    order(mine, -2)
    item = position_item(mine, position, board())
    assert (item["position"], item["salableQty"], item["identifier"]) == (
        5,
        3.0,
        position.terms.osi,
    )


def test_segment_of_the_account_locks_what_buys_wait_for():
    mine = account()
    order(mine, 1)
    now_ms = time.time_ns() // 10**6
    (segment,) = prime_assets_item(mine, asset_figures(mine, board(), fixed_plan), now_ms)[
        "segments"
    ]
    assert segment["lockedFunds"] == pytest.approx(103.03, abs=0.01)
    assert segment["cashAvailableForTrade"] == pytest.approx(9_896.97, abs=0.01)


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 500), st.integers(0, 300)), max_size=30)
)
def test_cash_and_cost_of_what_is_held_are_start_and_gain(trades: list[tuple[int, int, int]]):
    mine = account()
    for wanted, cents, fee in trades:
        signed = max(wanted, -mine.held(CALL))
        if signed:
            mine.book(order(mine, signed), abs(signed), cents / 100, fee / 100)
    cost = sum(p.quantity * p.average_cost * 100 for p in mine.positions.values())
    assert mine.cash + cost == pytest.approx(10_000 + mine.realized)


@pytest.mark.parametrize(
    ("contracts", "fee"), [((), 0.0), ((1,), 3.03), ((2, 1), 3.1), ((4,), 3.94), ((60, 40), 98.5)]
)
def test_fixed_plan_has_a_minimum_an_order(contracts: tuple[int, ...], fee: float):
    assert fixed_plan("SPY", False, [(n, 1.0) for n in contracts]) == pytest.approx(fee)


def test_accounts_of_seventeen_digits_are_paper():
    kinds = [
        User(tiger_id="1", account=number).is_paper for number in ("2" * 17, "2" * 8, "U" * 17)
    ]
    assert kinds == [True, False, False]
