"""No order may leave a short option uncovered or spend cash that is not there."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.cover import (
    Denial,
    DenyReason,
    Leg,
    check_cover,
    check_premium,
    uncovered,
)

DAY = dt.date(2026, 7, 17)
LATER = dt.date(2026, 7, 20)


def call(strike: float, quantity: int, root: str = "SPY", expiry: dt.date = DAY) -> Leg:
    return Leg(root, expiry, True, strike, quantity)


def put(strike: float, quantity: int, root: str = "SPY", expiry: dt.date = DAY) -> Leg:
    return Leg(root, expiry, False, strike, quantity)


def test_sell_without_a_long_option_is_naked() -> None:
    denial = check_cover([], [], call(600, -2))
    assert denial is not None
    assert denial.reason is DenyReason.NAKED_SHORT
    assert denial.figures == {"uncovered": 2, "sell": 2, "net_held": 0, "working_sells": 0}
    assert str(denial) == "NAKED_SHORT: uncovered=2, sell=2, net_held=0, working_sells=0"


def test_sell_to_close_what_is_held_passes_and_one_more_does_not() -> None:
    assert check_cover([call(600, 3)], [], call(600, -2)) is None
    assert check_cover([call(600, 3)], [], call(600, -3)) is None
    denial = check_cover([call(600, 3)], [], call(600, -4))
    assert denial is not None
    assert denial.figures["uncovered"] == 1
    assert denial.figures["net_held"] == 3


@pytest.mark.parametrize("strike", [590, 595, 605])
def test_long_option_covers_a_short_one_at_any_strike(strike: float) -> None:
    assert check_cover([call(600, 1)], [], call(strike, -1)) is None


@pytest.mark.parametrize(
    "held",
    [put(600, 5), call(600, 5, expiry=LATER), call(600, 5, root="XSP"), call(600, 0)],
    ids=["other right", "other expiry", "other root", "closed"],
)
def test_long_option_of_another_series_covers_nothing(held: Leg) -> None:
    assert check_cover([held], [], call(605, -1)) is not None


def test_working_sell_takes_its_cover_away() -> None:
    held, working = [call(600, 2)], [call(600, -1)]
    assert check_cover(held, working, call(605, -1)) is None
    denial = check_cover(held, working, call(605, -2))
    assert denial is not None
    assert denial.figures == {"uncovered": 1, "sell": 2, "net_held": 2, "working_sells": 1}


def test_figures_of_a_denial_count_its_own_series_alone() -> None:
    held = [call(600, 2), put(600, 7), call(600, 9, expiry=LATER)]
    denial = check_cover(held, [call(600, -1), put(600, -3)], call(605, -2))
    assert denial is not None
    assert denial.figures == {"uncovered": 1, "sell": 2, "net_held": 2, "working_sells": 1}


def test_book_with_more_long_than_short_contracts_has_none_uncovered() -> None:
    assert uncovered([call(600, 3), call(605, -1)], "SPY", DAY, is_call=True) == 0
    assert uncovered([call(600, 1), call(605, -3)], "SPY", DAY, is_call=True) == 2


def test_working_sell_of_another_series_takes_nothing() -> None:
    assert check_cover([call(600, 1)], [put(590, -9)], call(605, -1)) is None


def test_working_buy_is_no_cover_until_it_fills() -> None:
    denial = check_cover([], [call(600, 1)], call(605, -1))
    assert denial is not None
    assert denial.figures == {"uncovered": 1, "sell": 1, "net_held": 0, "working_sells": 0}


def test_short_already_held_uses_its_cover() -> None:
    held = [call(600, 1), call(605, -1)]
    assert check_cover(held, [], call(610, -1)) is not None
    assert check_cover([*held, call(615, 1)], [], call(610, -1)) is None


def test_closing_the_long_leg_of_a_spread_first_is_refused() -> None:
    assert check_cover([call(600, 1), call(605, -1)], [], call(600, -1)) is not None


def test_buy_always_passes_even_in_an_uncovered_book() -> None:
    assert check_cover([call(600, -5)], [call(600, -5)], call(600, 1)) is None


def test_generators_are_read_once() -> None:
    denial = check_cover(iter([call(600, 1)]), iter([call(600, -1)]), call(605, -1))
    assert denial is not None
    assert (denial.figures["net_held"], denial.figures["working_sells"]) == (1, 1)


legs = st.builds(
    Leg,
    root=st.sampled_from(["SPY", "SPXW"]),
    expiry=st.sampled_from([DAY, LATER]),
    is_call=st.booleans(),
    strike=st.integers(595, 605).map(float),
    quantity=st.integers(-5, 5),
)


@given(st.lists(legs), st.lists(legs), legs)
def test_what_passes_stays_covered_in_the_worst_case(
    held: list[Leg], working: list[Leg], order: Leg
) -> None:
    if order.quantity >= 0 or check_cover(held, working, order) is not None:
        return
    worst = [*held, *(leg for leg in working if leg.quantity < 0), order]
    assert uncovered(worst, order.root, order.expiry, order.is_call) == 0


def test_premium_and_fee_up_to_the_last_cent_of_cash_pass() -> None:
    # 3 x 1.10 x 100 + 3.63 = 333.63
    assert check_premium(3, 1.10, 100, 3.63, 333.63) is None
    denial = check_premium(3, 1.10, 100, 3.63, 333.62)
    assert denial == Denial(
        DenyReason.PREMIUM_EXCEEDS_CASH,
        {"cost": 333.63, "free_cash": 333.62, "fee": 3.63, "quantity": 3},
    )
    assert str(denial) == (
        "PREMIUM_EXCEEDS_CASH: cost=333.63, free_cash=333.62, fee=3.63, quantity=3"
    )


def test_figures_in_the_text_keep_their_cents_at_any_size() -> None:
    denial = check_premium(100, 123.45, 100, 116.2, 1_234_567.89)
    assert str(denial) == (
        "PREMIUM_EXCEEDS_CASH: cost=1234616.2, free_cash=1234567.89, fee=116.2, quantity=100"
    )


def test_binary_dust_does_not_refuse_what_the_cash_pays() -> None:
    assert 0.1 * 3 * 100 > 30.0
    assert check_premium(3, 0.1, 100, 0.0, 30.0) is None


@pytest.mark.parametrize(("price", "cash"), [(math.nan, 1e6), (1.0, math.nan), (1.0, -1.0)])
def test_unknown_cost_or_cash_and_debt_are_refused(price: float, cash: float) -> None:
    denial = check_premium(1, price, 100, 3.2, cash)
    assert denial is not None
    assert denial.reason is DenyReason.PREMIUM_EXCEEDS_CASH
