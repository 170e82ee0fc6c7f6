import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_order import NAN, NICKEL, PENNY, grid, quote

from autotrade_0dte.execution.parent import Side
from autotrade_0dte.execution.ticks import TickGrid, in_cents
from autotrade_0dte.execution.walk_prices import WalkPrices


def prices(side: Side, cap: float, root: str = PENNY) -> WalkPrices:
    return WalkPrices(side, cap, grid(root))


def listed(root: str) -> list[int]:
    """Every price of the grid up to 10 dollars, in cents."""
    return [c for c in range(1, 1_001) if c % grid(root)(c) == 0]


@given(st.floats(0.11, 9.0), st.sampled_from(Side), st.sampled_from([PENNY, NICKEL]))
def test_rounding_finds_the_neighbours_on_the_grid(price: float, side: Side, root: str) -> None:
    cents = in_cents(price)
    below = max(c for c in listed(root) if c <= cents)
    above = min(c for c in listed(root) if c >= cents)
    rounded = TickGrid(grid(root), side)
    is_buy = side is Side.BUY
    assert rounded.away(cents) == (below if is_buy else above)
    assert rounded.toward(cents) == (above if is_buy else below)


NEAR_A_CENT = st.builds(
    lambda cents, off: (cents + off * 1e-9) / 100, st.integers(1, 10_000), st.integers(-900, 900)
)


@given(st.floats(0.0, 1e6) | NEAR_A_CENT)
def test_cents_are_those_of_rounding_to_a_millionth_of_one(price: float) -> None:
    assert in_cents(price) == round(price * 100.0, 6)


def test_an_unknown_price_has_no_cents_and_none_below_zero() -> None:
    assert math.isnan(in_cents(NAN))
    assert in_cents(-0.5) == in_cents(0.0) == 0.0


@given(st.integers(5, 60), st.integers(-4, 4), st.sampled_from(Side))
def test_steps_follow_the_grid_across_three_dollars(start: int, ticks: int, side: Side) -> None:
    cents = listed(NICKEL)
    index = start + (ticks if side is Side.BUY else -ticks)
    assert TickGrid(grid(NICKEL), side).step(cents[start], ticks) == cents[index]


def test_cap_is_rounded_to_where_it_is_no_worse() -> None:
    assert prices(Side.BUY, 1.23, NICKEL).cap == 120
    assert prices(Side.SELL, 1.23, NICKEL).cap == 125
    assert prices(Side.BUY, 3.09, NICKEL).cap == 300
    assert prices(Side.SELL, 0.0, NICKEL).cap == 5
    assert not prices(Side.BUY, 0.04, NICKEL).has_price


def test_any_price_is_a_cap() -> None:
    assert prices(Side.BUY, math.inf).cap == prices(Side.BUY, 1e300).cap > 1_000_000


@pytest.mark.parametrize(
    ("side", "bid", "ask", "fair", "expected"),
    [
        (Side.BUY, 1.00, 1.10, 1.047, 104),
        (Side.BUY, 1.00, 1.10, 0.90, 100),
        (Side.BUY, 1.00, 1.10, NAN, 100),
        (Side.BUY, 1.00, 1.10, 1.20, 109),
        (Side.BUY, 1.00, 1.01, 1.005, 100),
        (Side.BUY, 1.00, 1.10, 1.01, 101),
        (Side.BUY, 1.00, 1.10, 0.995, 100),
        (Side.SELL, 1.00, 1.10, 1.043, 105),
        (Side.SELL, 1.00, 1.10, 1.20, 110),
        (Side.SELL, 1.00, 1.10, 0.90, 101),
        (Side.SELL, 1.00, 1.10, 1.09, 109),
        (Side.SELL, 1.00, 1.10, 1.105, 110),
    ],
)
def test_passive_limit_is_the_better_of_fair_value_and_the_near_side_and_never_crosses(
    side: Side, bid: float, ask: float, fair: float, expected: int
) -> None:
    cap = 9.0 if side is Side.BUY else 0.01
    assert prices(side, cap).passive(quote(0, bid, ask, fair=fair)) == expected


def test_marketable_limit_lies_beyond_the_far_side_within_the_cap() -> None:
    look = quote(0, 2.90, 2.95)
    assert prices(Side.BUY, 9.0, NICKEL).marketable(look, 2) == 310
    assert prices(Side.BUY, 3.04, NICKEL).marketable(look, 2) == 300
    assert prices(Side.SELL, 0.01).marketable(quote(0, 0.02, 0.05), 2) == 1
    assert prices(Side.BUY, 9.0, NICKEL).marketable(quote(0, 1.00, 1.03), 0) == 105


def test_limit_at_or_through_the_far_side_has_nothing_to_gain() -> None:
    buy, sell, look = prices(Side.BUY, 9.0), prices(Side.SELL, 0.01), quote(0)
    assert [buy.past_far(c, look) for c in (103, 104, 105)] == [-1, 0, 1]
    assert [sell.past_far(c, look) for c in (101, 100, 99)] == [-1, 0, 1]
    assert math.isnan(buy.past_far(104, quote(0, ask=0.0)))


def test_no_limit_is_below_a_tick() -> None:
    look = quote(0, 0.004, 0.01, fair=NAN)
    assert prices(Side.BUY, 2.0).passive(look) == 1
    assert prices(Side.BUY, 2.0).walk(look, 0.5, 0.0) == 1


def test_negative_and_boundless_figures_give_prices_of_the_grid() -> None:
    buy = prices(Side.BUY, 2.0)
    for fair in (-1.0, -math.inf, math.inf, 0.0):
        assert 1 <= buy.passive(quote(0, fair=fair)) <= 103
        assert 1 <= buy.walk(quote(0, fair=fair), 0.5, 0.0) <= 104


def test_tick_of_the_market_is_that_at_its_far_side_or_else_at_the_near_one() -> None:
    around = quote(0, bid=2.95, ask=3.10)
    assert prices(Side.BUY, 5.0, NICKEL).tick(around) == 0.10
    assert prices(Side.SELL, 1.0, NICKEL).tick(around) == 0.05
    assert prices(Side.SELL, 1.0, NICKEL).tick(quote(0, bid=0.0, ask=3.10)) == 0.10
