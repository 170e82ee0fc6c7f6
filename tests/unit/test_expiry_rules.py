"""The last day: settlement values, deadlines, and what an account cannot carry through exercise."""

import datetime as dt
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.calendar import session
from autotrade_0dte.risk.cover import Leg, uncovered
from autotrade_0dte.risk.expiry import (
    ExpiryClose,
    ExpiryParams,
    ExpiryPolicy,
    ExpiryReason,
    exercise_test,
    settlement_value,
)

DAY = dt.date(2026, 7, 17)


def call(strike: float, quantity: int, root: str = "SPY") -> Leg:
    return Leg(root, DAY, True, strike, quantity)


def put(strike: float, quantity: int, root: str = "SPY") -> Leg:
    return Leg(root, DAY, False, strike, quantity)


def closed(closes: list[ExpiryClose]) -> list[tuple[Leg, ExpiryReason]]:
    return [(close.leg, close.reason) for close in closes]


@pytest.mark.parametrize(
    ("is_call", "strike", "price", "value"),
    [
        (True, 600.0, 603.25, 3.25),
        (True, 600.0, 600.0, 0.0),
        (True, 600.0, 596.75, 0.0),
        (False, 600.0, 596.75, 3.25),
        (False, 600.0, 603.25, 0.0),
        (True, 6_300.0, 6_301.37, 1.37),
        (False, 600.5, 600.49, 0.01),
    ],
)
def test_settlement_value_is_the_intrinsic_value(
    is_call: bool, strike: float, price: float, value: float
) -> None:
    assert settlement_value(is_call, strike, price) == value


@pytest.mark.parametrize("is_call", [True, False])
def test_settlement_value_at_an_unknown_price_is_unknown(is_call: bool) -> None:
    assert math.isnan(settlement_value(is_call, 600.0, math.nan))


def test_long_call_needs_the_strike_in_cash() -> None:
    legs = [call(600, 1)]
    assert exercise_test(legs, spot=601.0, funds=60_000.0) == []
    (close,) = exercise_test(legs, spot=601.0, funds=59_999.99)
    assert (close.leg, close.reason) == (legs[0], ExpiryReason.EXERCISE_NOT_FUNDED)
    assert close.figures == {
        "spot": 601.0,
        "funds": 59_999.99,
        "funds_after": -0.01,
        "shares": 0,
        "shares_after": 100,
    }


def test_half_dollar_strike_and_several_contracts_need_their_exact_cash() -> None:
    legs = [call(600.5, 3)]
    assert exercise_test(legs, spot=601.0, funds=180_150.0) == []
    assert closed(exercise_test(legs, spot=601.0, funds=180_149.0)) == [
        (legs[0], ExpiryReason.EXERCISE_NOT_FUNDED)
    ]


@pytest.mark.parametrize(("spot", "count"), [(600.01, 1), (600.009, 0), (600.0, 0), (599.0, 0)])
def test_exercise_begins_one_cent_in_the_money(spot: float, count: int) -> None:
    assert len(exercise_test([call(600, 1)], spot, funds=0.0)) == count


def test_long_put_without_shares_cannot_be_exercised_in_a_cash_account() -> None:
    legs = [put(600, 2)]
    assert closed(exercise_test(legs, spot=598.0, funds=1e9)) == [
        (legs[0], ExpiryReason.EXERCISE_LACKS_SHARES)
    ]
    assert exercise_test(legs, spot=598.0, funds=0.0, shares=200) == []
    assert len(exercise_test(legs, spot=598.0, funds=0.0, shares=199)) == 1
    assert exercise_test(legs, spot=598.0, funds=0.0, can_short_shares=True) == []


def test_shares_already_short_are_no_reason_to_close_a_call_that_brings_some() -> None:
    assert exercise_test([call(600, 1)], spot=601.0, funds=60_000.0, shares=-300) == []


def test_cash_settled_option_needs_no_funds() -> None:
    legs = [call(6_000, 5, "SPXW"), put(6_500, 5, "SPXW"), call(600, 1, "XSP")]
    assert exercise_test(legs, spot=6_300.0, funds=0.0) == []


def test_spread_wholly_in_the_money_nets_and_needs_no_funds() -> None:
    assert exercise_test([call(600, 1), call(605, -1)], spot=610.0, funds=0.0) == []
    assert exercise_test([put(605, 1), put(600, -1)], spot=595.0, funds=0.0) == []


def test_spread_with_its_short_leg_out_of_the_money_closes_whole_and_short_first() -> None:
    legs = [call(600, 2), call(605, -2)]
    assert closed(exercise_test(legs, spot=603.0, funds=100.0)) == [
        (legs[1], ExpiryReason.COVER_CLOSED),
        (legs[0], ExpiryReason.EXERCISE_NOT_FUNDED),
    ]
    assert exercise_test(legs, spot=603.0, funds=120_000.0) == []


def test_put_spread_with_its_short_leg_out_of_the_money_closes_whole_for_want_of_shares() -> None:
    legs = [put(605, 1), put(600, -1)]
    assert closed(exercise_test(legs, spot=602.0, funds=1e6)) == [
        (legs[1], ExpiryReason.COVER_CLOSED),
        (legs[0], ExpiryReason.EXERCISE_LACKS_SHARES),
    ]


def test_short_leg_alone_in_the_money_cannot_be_assigned_without_funds() -> None:
    legs = [put(600, -1), put(595, 1)]
    assert closed(exercise_test(legs, spot=597.0, funds=59_000.0)) == [
        (legs[0], ExpiryReason.ASSIGNMENT_NOT_FUNDED)
    ]
    assert exercise_test(legs, spot=597.0, funds=60_000.0) == []
    legs = [call(600, -1), call(605, 1)]
    assert closed(exercise_test(legs, spot=603.0, funds=1e6)) == [
        (legs[0], ExpiryReason.ASSIGNMENT_LACKS_SHARES)
    ]


def test_credit_spread_wholly_in_the_money_closes_when_its_loss_cannot_be_paid() -> None:
    legs = [call(600, -1), call(605, 1)]
    assert exercise_test(legs, spot=610.0, funds=500.0) == []
    assert closed(exercise_test(legs, spot=610.0, funds=499.0)) == [
        (legs[0], ExpiryReason.COVER_CLOSED),
        (legs[1], ExpiryReason.EXERCISE_NOT_FUNDED),
    ]


def test_when_funds_carry_one_of_two_calls_the_one_worth_least_is_closed() -> None:
    deep, near = call(590, 1), call(600, 1)
    assert closed(exercise_test([deep, near], spot=601.0, funds=60_000.0)) == [
        (near, ExpiryReason.EXERCISE_NOT_FUNDED)
    ]


def test_long_is_closed_before_a_short_that_also_takes_shares() -> None:
    long, short = call(600, 1), put(610, -1)
    found = closed(exercise_test([short, long], spot=605.0, funds=61_000.0))
    assert found == [(long, ExpiryReason.EXERCISE_NOT_FUNDED)]


def test_only_as_many_shorts_are_closed_as_lose_their_cover_nearest_the_money_first() -> None:
    long, other = call(600, 1), call(620, 1)
    low, high = call(605, -1), call(610, -1)
    found = closed(exercise_test([high, long, low, other], spot=603.0, funds=0.0))
    assert found == [
        (low, ExpiryReason.COVER_CLOSED),
        (long, ExpiryReason.EXERCISE_NOT_FUNDED),
    ]
    long, other = put(610, 1), put(590, 1)
    low, high = put(600, -1), put(605, -1)
    found = closed(exercise_test([low, long, high, other], spot=607.0, funds=0.0))
    assert found == [
        (high, ExpiryReason.COVER_CLOSED),
        (long, ExpiryReason.EXERCISE_LACKS_SHARES),
    ]


def test_shorts_of_the_other_right_keep_their_own_cover() -> None:
    long_call, short_put, long_put = call(600, 1), put(590, -1), put(585, 1)
    found = closed(exercise_test([short_put, long_call, long_put], spot=601.0, funds=0.0))
    assert found == [(long_call, ExpiryReason.EXERCISE_NOT_FUNDED)]


def test_short_call_covered_by_shares_is_not_closed_with_a_call_it_never_needed() -> None:
    # One short over the long is naked before and after: it delivers the shares held.
    legs = [call(590, -1), put(600, 1)]
    assert closed(exercise_test(legs, spot=595.0, funds=0.0, shares=100)) == [
        (legs[1], ExpiryReason.EXERCISE_LACKS_SHARES)
    ]


def test_only_the_cover_that_was_lost_is_made_good_not_shorts_that_shares_carry() -> None:
    # Two shorts, one long: one short leans on the shares, and one loses its cover.
    deep, long, far = call(590, -1), call(600, 1), call(610, -1)
    found = closed(exercise_test([deep, long, far], spot=605.0, funds=0.0, shares=100))
    assert found == [
        (deep, ExpiryReason.COVER_CLOSED),
        (long, ExpiryReason.EXERCISE_NOT_FUNDED),
    ]


def test_closed_positions_and_an_empty_account_pass() -> None:
    assert exercise_test([], spot=600.0, funds=-5.0) == []
    assert exercise_test([call(600, 0)], spot=601.0, funds=0.0) == []


def test_debt_without_anything_to_exercise_closes_nothing() -> None:
    assert exercise_test([put(600, 1)], spot=599.0, funds=-1e6, shares=100) == []


@pytest.mark.parametrize(
    ("spot", "funds"), [(math.nan, 1.0), (0.0, 1.0), (math.inf, 1.0), (600.0, math.nan)]
)
def test_unknown_spot_or_funds_are_refused(spot: float, funds: float) -> None:
    with pytest.raises(ValueError, match=f"known spot and known funds, was {spot} and {funds}"):
        exercise_test([call(600, 1)], spot, funds)


def test_unlimited_buying_power_carries_all() -> None:
    assert exercise_test([call(600, 100)], spot=601.0, funds=math.inf) == []


def test_positions_of_two_underlyings_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected one underlying, was QQQ, SPY"):
        exercise_test([call(600, 1), call(500, 1, "QQQ")], spot=601.0, funds=0.0)


books = st.lists(
    st.builds(
        call,
        st.integers(590, 610),
        st.integers(-5, 5),
    )
    | st.builds(put, st.integers(590, 610), st.integers(-5, 5)),
    max_size=8,
    unique_by=lambda leg: (leg.is_call, leg.strike),
)


@given(books, st.integers(58_000, 62_000), st.integers(0, 500_000), st.integers(0, 300))
def test_what_is_kept_can_be_carried_and_no_step_uncovers_another_short(
    book: list[Leg], spot_cents: int, funds: int, shares: int
) -> None:
    spot = spot_cents / 100
    closes = exercise_test(book, spot, funds, shares)
    steps = [book]
    for close in closes:
        assert close.leg in steps[-1]
        steps.append([leg for leg in steps[-1] if leg != close.leg])
    # Nothing is left that the funds or shares cannot carry: the test finds no more to close.
    assert exercise_test(steps[-1], spot, funds, shares) == []
    for is_call in (True, False):
        naked = [uncovered(step, "SPY", DAY, is_call) for step in steps]
        assert max(naked) == naked[0]
    kept = [leg for leg in steps[-1] if settlement_value(leg.is_call, leg.strike, spot) >= 0.01]
    taken = [100 * (leg.quantity if leg.is_call else -leg.quantity) for leg in kept]
    assert shares + sum(taken) >= 0
    if any(count > 0 for count in taken):
        cost = sum(count * leg.strike for count, leg in zip(taken, kept, strict=True))
        assert funds - cost >= 0


def test_deadlines_count_back_from_the_close_of_a_full_and_a_half_day() -> None:
    params = ExpiryParams()
    for date in (DAY, dt.date(2026, 11, 27)):
        close_ns = session(date).close_ns
        assert close_ns - params.flatten_ns(close_ns) == 900 * 1_000_000_000
        assert close_ns - params.exercise_test_ns(close_ns) == 7_200 * 1_000_000_000


def test_deadlines_that_do_not_apply_are_none() -> None:
    params = ExpiryParams(policy=ExpiryPolicy.SETTLE, exercise_test=False)
    assert params.flatten_ns(10**18) is None
    assert params.exercise_test_ns(10**18) is None


@pytest.mark.parametrize(
    "text",
    [
        "policy = 'hold'",
        "flatten_before_close_s = -1",
        "flatten_before_close_s = 12_601",
        "exercise_test_before_close_s = 99_999",
        "flatten_s = 900",
    ],
)
def test_params_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(text, type=ExpiryParams)
