"""The worst scenario with an order: each leg repriced alone at its intrinsic value at the close."""

import math

import msgspec
import pytest
from gate_world import CALL, CHAIN, HIGHER, MINE, PUT, THEIRS, book, contract, order
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate_scenario import worst_loss_of
from autotrade_0dte.risk.proposed_order import Contract, ProposedOrder
from autotrade_0dte.risk.session_grid import GridParams

STILL = GridParams(implied_moves=(), fixed_moves=(1e-12,), vol_down_fraction=0, vol_up_fraction=0)
"""The market stays where it is: what is bought loses its time value by the close."""

EXACTLY = -math.inf
"""No loss is low enough not to be worked out."""


def mid(of: Contract) -> float:
    return float(CHAIN.mid[of.row])


def decay(of: Contract) -> float:
    """What a contract loses to the close with the market where it is, dollars a share."""
    side = 1.0 if of.is_call else -1.0
    return mid(of) - max(side * (CHAIN.forward - of.strike), 0.0)


def loss(exposure: Exposure, quantity: int = 2, price: float = 2.00) -> float:
    asked = order(quantity=quantity, price=price)
    return worst_loss_of(asked, exposure, CHAIN, STILL)(CALL.row, quantity, price, EXACTLY)


def test_order_loses_its_time_value_and_what_it_pays_above_the_mid() -> None:
    expected = 200 * (decay(CALL) + 2.00 - mid(CALL))
    assert loss(book()) == pytest.approx(expected, abs=1e-6)


def test_what_is_held_counts_and_what_is_at_work_if_that_is_worse() -> None:
    working = (
        order(order_id="W-1", contract=HIGHER, quantity=3, price=0.50, owner=THEIRS),
        order(order_id="W-2", contract=PUT, quantity=-4, price=0.01, owner=THEIRS),
    )
    exposure = book((PUT, 4, 1.0, THEIRS), working=working)
    expected = 400 * decay(PUT) + 300 * (decay(HIGHER) + 0.50 - mid(HIGHER))
    assert loss(exposure, 0, 0.0) == pytest.approx(expected, abs=1e-6)
    expected += 200 * (decay(CALL) + 2.00 - mid(CALL))
    assert loss(exposure) == pytest.approx(expected, abs=1e-6)


def test_sales_at_work_against_a_long_option_count_as_filled_where_that_loses_more() -> None:
    """Dear options sold against a cheap one lose together, though each alone is allowed."""
    up = GridParams(implied_moves=(), fixed_moves=(0.05,), vol_down_fraction=0, vol_up_fraction=0)
    held = (HIGHER, 4, 1.0, MINE)
    at_work = order(order_id="W-1", quantity=-2, price=0.01)
    asked = order(quantity=-2, price=2.00)

    def worst(*working: ProposedOrder) -> float:
        exposure = book(held, working=working)
        return worst_loss_of(asked, exposure, CHAIN, up)(CALL.row, -2, 2.00, EXACTLY)

    both = 4 * 500.0 - 400 * (mid(CALL) - mid(HIGHER)) + 200 * (mid(CALL) - 2.00)
    assert worst(at_work) == pytest.approx(both, abs=1e-6)
    assert worst(at_work) > worst() + 500.0
    unlimited = msgspec.structs.replace(at_work, price=math.nan)  # an exit at market
    assert worst(unlimited) == worst(at_work)


def test_buy_at_work_hedges_nothing_as_it_may_not_fill() -> None:
    both_ways = GridParams(implied_moves=(), fixed_moves=(0.05,))
    dear_put = contract(605.0, is_call=False)
    asked, hedge = order(), order(order_id="W-1", contract=dear_put, price=0.01, owner=THEIRS)
    hedged = book(working=(hedge,))
    worst = [
        worst_loss_of(asked, exposure, CHAIN, both_ways)(CALL.row, 2, 2.00, EXACTLY)
        for exposure in (book(), hedged)
    ]
    assert worst[0] == pytest.approx(400.0)  # all that it pays, in the falling cells
    assert worst[1] == pytest.approx(worst[0])


def test_order_that_is_at_work_already_counts_once() -> None:
    assert loss(book(working=(order(),))) == loss(book())


def test_order_in_the_place_of_another_counts_once() -> None:
    former = order(order_id="O-0", quantity=1)
    exposure = book(working=(former,))
    carried_on = order(replaces="O-0")
    worst = worst_loss_of(carried_on, exposure, CHAIN, STILL)
    assert worst(CALL.row, 2, 2.00, EXACTLY) == loss(book())
    assert loss(exposure) > loss(book())


def test_short_leg_brings_what_it_is_sold_at() -> None:
    exposure = book((HIGHER, 2, 1.0, MINE))
    before = 200 * decay(HIGHER)
    expected = before - 200 * (decay(CALL) + 2.00 - mid(CALL))
    # Standing still now loses nothing but what it is sold below the mid.
    expected = max(expected, 200 * (mid(CALL) - 2.00))
    assert loss(exposure, -2) == pytest.approx(expected, abs=1e-6)


def test_contract_outside_the_chain_has_no_known_loss_and_is_left_out_of_others() -> None:
    outside = contract(700.0)
    worst = worst_loss_of(order(contract=outside), book(), CHAIN, STILL)
    assert math.isnan(worst(outside.row, 2, 2.00, EXACTLY))
    at_work = order(order_id="W-1", contract=msgspec.structs.replace(outside, name="other"))
    exposure = book((outside, 5, 0.5, THEIRS), working=(at_work,))
    assert loss(exposure) == loss(book())


small = st.integers(-3, 3)
rows_of_chain = st.integers(0, CHAIN.strike.size - 1)
CONTRACTS = [
    contract(float(CHAIN.strike[row]), is_call=bool(CHAIN.is_call[row]))
    for row in range(CHAIN.strike.size)
]


@given(
    st.lists(st.tuples(rows_of_chain, small), max_size=3),
    st.lists(st.tuples(rows_of_chain, small, st.floats(0.01, 20.0)), max_size=2),
    st.tuples(rows_of_chain, small, st.floats(0.01, 20.0)),
    st.floats(0.0, 10_000.0),
)
def test_what_is_given_in_place_of_the_loss_is_no_less_and_lets_no_more_pass(
    held: list[tuple[int, int]],
    working: list[tuple[int, int, float]],
    asked: tuple[int, int, float],
    enough: float,
) -> None:
    at_work = tuple(
        order(order_id=f"W-{n}", contract=CONTRACTS[row], quantity=quantity, price=price)
        for n, (row, quantity, price) in enumerate(working)
        if quantity
    )
    exposure = book(*((CONTRACTS[row], n, 1.0, THEIRS) for row, n in held if n), working=at_work)
    row, quantity, price = asked
    worst = worst_loss_of(order(), exposure, CHAIN, GridParams())
    exact, given = worst(row, quantity, price, EXACTLY), worst(row, quantity, price, enough)
    if math.isnan(exact):
        assert math.isnan(given)
        return
    assert given >= exact - 1e-6
    assert given == exact or given <= enough


def test_loss_of_what_is_bought_is_not_worked_out_where_all_of_it_may_be_lost() -> None:
    exposure = book((PUT, 4, 1.0, THEIRS), working=(order(order_id="W-1", contract=HIGHER),))
    paid = 100 * (4 * mid(PUT) + 2 * 2.00 + 2 * 8.00)
    in_the_money = contract(594.0)
    worst = worst_loss_of(order(contract=in_the_money), exposure, CHAIN, STILL)
    assert worst(in_the_money.row, 2, 8.00, paid + 1e-6) == pytest.approx(paid)
    assert worst(in_the_money.row, 2, 8.00, paid - 0.01) < paid - 1.0


@pytest.mark.parametrize("column", ["iv", "mid"])
@pytest.mark.parametrize("of", [CALL, PUT, HIGHER], ids=["order", "held", "at work"])
def test_unknown_figure_leaves_the_loss_unknown_however_little_is_paid(
    column: str, of: Contract
) -> None:
    values = getattr(CHAIN, column).copy()
    values[of.row] = math.nan
    chain = msgspec.structs.replace(CHAIN, **{column: values})
    exposure = book((PUT, 4, 1.0, THEIRS), working=(order(order_id="W-1", contract=HIGHER),))
    worst = worst_loss_of(order(), exposure, chain, GridParams())
    assert math.isnan(worst(CALL.row, 2, 2.00, math.inf))


def test_unknown_move_leaves_the_loss_unknown_however_little_is_paid() -> None:
    analytics = msgspec.structs.replace(CHAIN.analytics, implied_move=math.nan)
    chain = msgspec.structs.replace(CHAIN, analytics=analytics)
    worst = worst_loss_of(order(), book(), chain, GridParams())
    assert math.isnan(worst(CALL.row, 2, 2.00, math.inf))


def test_what_a_sale_at_work_may_lose_is_worked_out_and_the_order_itself_counts_once() -> None:
    up = GridParams(implied_moves=(), fixed_moves=(0.05,))
    sale = order(order_id="W-1", contract=HIGHER, quantity=-2, price=0.01)
    worst = worst_loss_of(order(quantity=1), book(working=(sale,)), CHAIN, up)
    assert worst(CALL.row, 1, 2.00, 250.0) > 1_000.0
    own = order(contract=contract(594.0), price=8.00)
    worst = worst_loss_of(own, book(working=(own,)), CHAIN, STILL)
    assert worst(own.contract.row, 2, 8.00, 1_601.0) == 1_600.0
