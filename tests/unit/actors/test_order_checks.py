"""What the checks of the desk let through and what they deny, without an engine."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.model import InstrumentId, Money, OrderSide, Price, Quantity

from autotrade_0dte.actors.order_checks import OrderChecks
from autotrade_0dte.execution.fees import FeeParams
from autotrade_0dte.instruments import USD

CALL_600, CALL_605 = "SPY260720C00600000", "SPY260720C00605000"
PUT_600 = "SPY260720P00600000"


def name(symbol: str) -> InstrumentId:
    return InstrumentId.from_str(f"{symbol}.US")


def position(symbol: str, quantity: int) -> Any:
    return SimpleNamespace(instrument_id=name(symbol), signed_qty=float(quantity))


def order(
    symbol: str,
    quantity: int,
    price: float | None = 1.0,
    leaves: int | None = None,
    *,
    is_open: bool = False,
) -> Any:
    """Return an order; a quantity below zero is a sale, `is_open` one that the venue has."""
    unfilled = abs(quantity) if leaves is None else leaves
    return SimpleNamespace(
        instrument_id=name(symbol),
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        quantity=Quantity.from_int(abs(quantity)),
        leaves_qty=Quantity.from_int(unfilled),
        price=None if price is None else Price(price, 2),
        is_open=is_open,
    )


def verdict(
    new: Any,
    *,
    positions: tuple[Any, ...] = (),
    resting: tuple[Any, ...] = (),
    sent: tuple[Any, ...] = (),
    held: tuple[Any, ...] = (),
    reserved_usd: float = 0.0,
    free: float = 10_000.0,
    short_legs: bool = False,
) -> str | None:
    """Return the text of the denial, None for an order that may go."""
    account = SimpleNamespace(balance_free=lambda _currency: Money(free, USD))
    cache = SimpleNamespace(
        positions_open=lambda: positions,
        orders_open=lambda: resting,
        orders_inflight=lambda: sent,
        account_for_venue=lambda _venue: account,
    )
    fees = FeeParams().schedule(dt.date(2026, 7, 20))
    return OrderChecks(cache, fees, short_legs=short_legs).denial(new, held, reserved_usd)


def test_order_for_shares_is_denied() -> None:
    assert verdict(order("SPY", 1)) == "NOT_AN_OPTION: instrument=SPY.US"


def test_buy_without_a_limit_is_denied_and_a_sale_without_one_passes() -> None:
    assert verdict(order(CALL_600, 3, None)) == "NO_PRICE_LIMIT: quantity=3"
    assert verdict(order(CALL_600, -3, None), positions=(position(CALL_600, 3),)) is None


def test_buy_passes_up_to_the_free_cash_with_its_fee_and_not_beyond() -> None:
    told = verdict(order(CALL_600, 2, 1.0), free=0.0)
    assert told is not None
    figures = dict(figure.split("=") for figure in told.partition(": ")[2].split(", "))
    assert (told.partition(":")[0], figures["quantity"]) == ("PREMIUM_EXCEEDS_CASH", "2")
    cost = float(figures["cost"])
    assert cost == pytest.approx(200.0 + float(figures["fee"]))
    assert float(figures["fee"]) > 0
    assert verdict(order(CALL_600, 2, 1.0), free=cost) is None
    assert verdict(order(CALL_600, 2, 1.0), free=cost - 0.01) is not None


def test_buys_on_their_way_take_their_unfilled_part_off_the_free_cash() -> None:
    # Resting buys are locked by the engine, so that free cash leaves them out already.
    new = order(CALL_600, 1, 1.0)
    sent = (order(CALL_605, 3, 2.0, leaves=2), order(PUT_600, -5, 9.0))
    assert verdict(new, free=600.0, sent=sent) is None
    # 499 less two contracts at 2.00 and their fee of 3.41.
    assert "free_cash=95.59" in str(verdict(new, free=499.0, sent=sent))
    assert verdict(new, free=499.0, resting=sent) is None


def test_buys_at_work_reserve_what_their_limits_may_still_rise_to() -> None:
    cost = 100.0 + 3.20
    assert verdict(order(CALL_600, 1, 1.0), free=cost + 50.0, reserved_usd=50.0) is None
    assert verdict(order(CALL_600, 1, 1.0), free=cost + 49.0, reserved_usd=50.0) is not None


def test_order_that_is_being_changed_counts_once() -> None:
    sale = order(CALL_600, -1, is_open=True)
    two = (position(CALL_600, 2),)
    assert verdict(order(CALL_600, -1), positions=two, resting=(sale,), sent=(sale,)) is None
    buy = order(CALL_605, 5, 9.0, is_open=True)
    assert verdict(order(CALL_600, 1, 1.0), free=104.0, resting=(buy,), sent=(buy,)) is None


@pytest.mark.parametrize("where", ["resting", "sent", "held"])
def test_contracts_on_sale_already_cannot_be_sold_again(where: str) -> None:
    two = (position(CALL_600, 2),)
    working = {where: (order(CALL_600, -2, leaves=1),)}
    assert verdict(order(CALL_600, -1), positions=two, **working) is None
    assert verdict(order(CALL_600, -2), positions=two, **working) == (
        "NAKED_SHORT: uncovered=1, sell=2, net_held=2, working_sells=1"
    )


def test_buy_at_work_covers_nothing_and_is_no_sale_either() -> None:
    buy = (order(CALL_600, 1),)
    assert verdict(order(CALL_600, -1), resting=buy) is not None
    assert verdict(order(CALL_600, -1), resting=buy, positions=(position(CALL_600, 1),)) is None


@pytest.mark.parametrize(("short_legs", "passes"), [(True, True), (False, False)])
def test_other_strike_covers_only_where_short_legs_are_allowed(
    short_legs: bool, passes: bool
) -> None:
    told = verdict(order(CALL_605, -1), positions=(position(CALL_600, 1),), short_legs=short_legs)
    assert (told is None) is passes


def test_order_for_shares_made_by_hand_does_not_keep_an_option_from_being_sold() -> None:
    told = verdict(
        order(CALL_600, -1), positions=(position(CALL_600, 1),), resting=(order("SPY", 5),)
    )
    assert told is None


def test_put_and_shares_cover_no_call() -> None:
    positions = (position(PUT_600, 5), position("SPY", 100))
    told = verdict(order(CALL_600, -1), positions=positions, short_legs=True)
    assert told == "NAKED_SHORT: uncovered=1, sell=1, net_held=0, working_sells=0"
