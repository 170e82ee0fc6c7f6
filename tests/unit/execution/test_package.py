"""A vertical as one order: what it is to do, its market and the limits of its legs."""

import math
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_order import entry, quote

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import leg_limits, net_parent, net_quote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.vetoes import VetoParams, market_veto

NAN = math.nan
LONG, SHORT = "SPY260720C00600000.US", "SPY260720C00605000.US"


def legs(
    purpose: Purpose = Purpose.ENTRY, caps: tuple[float, float] = (1.1, 0.5), quantity: int = 2
) -> tuple[ParentOrder, ParentOrder]:
    names = (LONG, SHORT) if purpose is Purpose.ENTRY else (SHORT, LONG)
    bought = entry(purpose=purpose, side=Side.BUY, cap=caps[0], quantity=quantity)
    sold = msgspec.structs.replace(bought, side=Side.SELL, cap=caps[1], instrument_id=names[1])
    return msgspec.structs.replace(bought, instrument_id=names[0]), sold


# -- the whole of two legs ------------------------------------------------------------------------


def test_an_entry_buys_the_vertical_and_an_exit_sells_it() -> None:
    bought = net_parent("P", *legs())
    assert (bought.side, bought.cap, bought.instrument_id) == (Side.BUY, 0.6, f"{LONG}-{SHORT}")
    sold = net_parent("P", *legs(Purpose.STOP, (0.7, 0.01)))
    assert (sold.side, sold.cap, sold.instrument_id) == (Side.SELL, -0.69, f"{LONG}-{SHORT}")


@pytest.mark.parametrize("change", [{"quantity": 3}, {"purpose": Purpose.EXIT}, {"side": Side.BUY}])
def test_legs_that_are_not_alike_are_no_package(change: dict[str, object]) -> None:
    bought, sold = legs()
    with pytest.raises(ValueError, match="a purchase and a sale alike"):
        net_parent("P", bought, msgspec.structs.replace(sold, **change))


@given(st.sampled_from(Side), st.integers(1, 500), st.integers(1, 500), st.integers(1, 900))
def test_limits_of_the_legs_are_the_net_limit_apart(
    side: Side, first: int, second: int, net: int
) -> None:
    purpose = Purpose.ENTRY if side is Side.BUY else Purpose.EXIT
    bought, sold = leg_limits(legs(purpose, (first / 100, second / 100)), side, net / 100)
    apart = bought - sold if side is Side.BUY else sold - bought
    assert apart == pytest.approx(net / 100)
    assert min(bought, sold) > 0


# -- its market ----------------------------------------------------------------------------------


def market(bid: float, ask: float, **more: float) -> OrderQuote:
    return quote(1.0, bid=bid, ask=ask, **more)


def test_the_market_of_a_vertical_is_what_both_legs_cost_and_bring_at_once() -> None:
    long = market(1.0, 1.1, bid_size=5, ask_size=7, age_s=0.5, fair=1.06, delta=0.5)
    short = market(0.5, 0.6, bid_size=9, ask_size=3, age_s=2.0, fair=0.54, delta=0.3)
    net = net_quote(long, short, Side.BUY)
    assert (net.bid, net.ask, net.bid_size, net.ask_size, net.age_s) == (0.4, 0.6, 3, 7, 2.0)
    assert (net.fair, net.delta) == pytest.approx((0.52, 0.2))
    assert net_quote(short, long, Side.SELL) == net


@pytest.mark.parametrize("bad", [(0.0, 0.6), (0.5, NAN), (0.6, 0.6), (0.5, math.inf)])
def test_a_leg_without_a_sound_market_leaves_the_vertical_none(bad: tuple[float, float]) -> None:
    net = net_quote(market(1.0, 1.1), market(*bad), Side.BUY)
    assert (net.bid, net.ask) == (0.0, 0.0)


def test_a_vertical_that_would_have_to_be_paid_to_go_has_no_bid() -> None:
    assert net_quote(market(0.5, 0.6), market(0.55, 0.65), Side.BUY).bid == 0.0


cents = st.integers(0, 300).map(lambda value: value / 100)
figures = st.tuples(
    cents, cents, st.integers(0, 6), st.integers(0, 6), st.sampled_from([0.0, 9.0, 11.0, NAN])
)


@given(figures, figures, st.sampled_from([0.0, 1.0, 4.0, NAN]))
def test_what_holds_back_a_leg_holds_back_the_package(
    first: tuple[float, ...], second: tuple[float, ...], skew_s: float
) -> None:
    bought, sold = legs()
    quotes = [
        market(bid, ask, bid_size=bid_size, ask_size=ask_size, age_s=age_s)
        for bid, ask, bid_size, ask_size, age_s in (first, second)
    ]
    net = net_quote(quotes[0], quotes[1], Side.BUY)
    judged = partial(market_veto, params=VetoParams(), tick=0.01, leaves=2, leg_skew_s=skew_s)
    if any(judged(leg, each) for leg, each in zip((bought, sold), quotes, strict=True)):
        assert judged(net_parent("P", bought, sold), net) is not None
