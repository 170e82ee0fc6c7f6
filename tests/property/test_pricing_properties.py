"""What must hold of option prices, Greeks and forwards whatever the numbers are."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from autotrade_0dte.pricing.black import (
    PricedChain,
    PricingStatus,
    implied_vol_and_greeks,
    price_and_greeks,
    warm,
)
from autotrade_0dte.pricing.clock import ClockKind, years_to_expiry
from autotrade_0dte.pricing.forward import implied_forward

SECONDS_PER_YEAR = 365 * 86_400

forwards = st.floats(10.0, 10_000.0)
seconds = st.floats(10.0, 23_400.0)
vols = st.floats(0.05, 3.0)
rates = st.floats(-0.02, 0.08)
sigmas = st.floats(-6.0, 6.0)
sides = st.booleans()


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    warm()  # so that no example pays for it, against Hypothesis' deadline


def priced(
    vol: float, forward: float, strike: float, years: float, rate: float = 0.0, *, is_call: bool
) -> PricedChain:
    return price_and_greeks(vol, forward, np.array([strike]), years, rate, np.array([is_call]))


def strike_at(sigma: float, vol: float, forward: float, years: float) -> float:
    return forward * math.exp(sigma * vol * math.sqrt(years))


@given(forwards, seconds, vols, rates, sigmas)
def test_call_less_put_is_the_discounted_forward_less_strike(forward, left, vol, rate, sigma):
    years = left / SECONDS_PER_YEAR
    strike = strike_at(sigma, vol, forward, years)
    discount = math.exp(-rate * years)

    call = priced(vol, forward, strike, years, rate, is_call=True)
    put = priced(vol, forward, strike, years, rate, is_call=False)

    parity = discount * (forward - strike)
    assert abs(call.price[0] - put.price[0] - parity) <= 1e-14 * forward
    assert abs(call.delta[0] - put.delta[0] - discount) <= 1e-15
    for name in ("gamma", "vega", "vanna", "speed"):
        assert getattr(call, name)[0] == getattr(put, name)[0]


@given(forwards, seconds, vols, rates, sigmas)
def test_price_to_volatility_and_back_returns_both(forward, left, vol, rate, sigma):
    years = left / SECONDS_PER_YEAR
    strike = strike_at(sigma, vol, forward, years)
    is_call = strike > forward
    there = priced(vol, forward, strike, years, rate, is_call=is_call)

    back = implied_vol_and_greeks(
        there.price, forward, np.array([strike]), years, rate, np.array([is_call])
    )
    again = priced(back.iv[0], forward, strike, years, rate, is_call=is_call)

    assert back.status[0] == PricingStatus.OK
    assert math.isclose(back.iv[0], vol, rel_tol=1e-12)
    assert math.isclose(again.price[0], there.price[0], rel_tol=1e-12)


@given(forwards, seconds, st.lists(vols, min_size=2, max_size=20), sigmas, sides)
def test_price_never_falls_as_volatility_rises(forward, left, several, sigma, is_call):
    years = left / SECONDS_PER_YEAR
    strike = strike_at(sigma, 0.5, forward, years)
    vol = np.sort(np.array(several))

    price = price_and_greeks(
        vol, forward, np.full(vol.size, strike), years, 0.0, np.full(vol.size, is_call)
    ).price

    assert (np.diff(price) >= -1e-15 * forward).all()


@given(forwards, seconds, vols, st.lists(sigmas, min_size=2, max_size=20), sides)
def test_call_falls_and_put_rises_with_the_strike_by_less_than_it(
    forward, left, vol, several, is_call
):
    years = left / SECONDS_PER_YEAR
    strike = np.sort([strike_at(sigma, vol, forward, years) for sigma in several])

    price = price_and_greeks(vol, forward, strike, years, 0.0, np.full(strike.size, is_call)).price

    rise = np.diff(price) if not is_call else -np.diff(price)
    assert (rise >= -4e-16 * forward).all()
    assert (rise <= np.diff(strike) + 4e-16 * forward).all()


@given(forwards, seconds, vols, rates, sigmas, sides)
def test_price_lies_between_intrinsic_and_maximum(forward, left, vol, rate, sigma, is_call):
    years = left / SECONDS_PER_YEAR
    strike = strike_at(sigma, vol, forward, years)
    discount = math.exp(-rate * years)

    price = priced(vol, forward, strike, years, rate, is_call=is_call).price[0]

    intrinsic = max(forward - strike if is_call else strike - forward, 0.0)
    assert discount * intrinsic <= price * (1 + 1e-15)
    assert price < discount * (forward if is_call else strike)


def exact_price(
    forward: mp.mpf, strike: mp.mpf, years: mp.mpf, rate: mp.mpf, vol: mp.mpf, is_call: bool
) -> mp.mpf:
    s = vol * mp.sqrt(years)
    d1 = mp.log(forward / strike) / s + s / 2
    sign = 1 if is_call else -1
    value = forward * mp.ncdf(sign * d1) - strike * mp.ncdf(sign * (d1 - s))
    return sign * mp.exp(-rate * years) * value


@settings(max_examples=25, deadline=None)
@given(forwards, seconds, vols, rates, sigmas, sides)
def test_greeks_are_the_derivatives_of_the_price(forward, left, vol, rate, sigma, is_call):
    years = left / SECONDS_PER_YEAR
    strike = strike_at(sigma, vol, forward, years)
    chain = priced(vol, forward, strike, years, rate, is_call=is_call)
    orders = {  # of forward, years, rate, vol; time passes as years shrink
        "delta": (1, 0, 0, 0),
        "gamma": (2, 0, 0, 0),
        "vega": (0, 0, 0, 1),
        "theta": (0, 1, 0, 0),
        "rho": (0, 0, 1, 0),
        "vanna": (1, 0, 0, 1),
        "charm": (1, 1, 0, 0),
        "speed": (3, 0, 0, 0),
    }

    with mp.workdps(40):
        point = tuple(map(mp.mpf, (forward, years, rate, vol)))
        for name, order in orders.items():
            exact = mp.diff(
                lambda f, t, r, v: exact_price(f, mp.mpf(strike), t, r, v, is_call), point, order
            )
            exact = float(-exact if order[1] else exact)
            # Sums of two terms may cancel; they are exact to the size of their terms.
            scale = abs(chain.vega[0]) / years if name == "theta" else 0.0
            scale = abs(chain.gamma[0]) * forward / years if name == "charm" else scale
            assert math.isclose(
                getattr(chain, name)[0], exact, rel_tol=1e-11, abs_tol=1e-14 * scale
            ), name


# -- implied forward ------------------------------------------------------------------------------


def parity_chain(
    forward: float, discount: float, n: int, half_spread: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    strike = np.round(forward) + np.arange(n) - n // 2
    time_value = 0.01 * forward * np.exp(-0.5 * ((strike - forward) / (0.01 * forward)) ** 2) + 1.0
    call = discount * np.maximum(forward - strike, 0) + time_value
    put = discount * np.maximum(strike - forward, 0) + time_value
    return (
        strike,
        call - half_spread,
        call + half_spread,
        put - half_spread,
        put + half_spread,
    )


@given(st.floats(100.0, 8000.0), st.floats(0.99, 1.0), st.integers(1, 100), st.data())
def test_forward_of_consistent_quotes_is_recovered(forward, discount, n, data):
    half_spread = np.array(data.draw(st.lists(st.floats(0.005, 0.5), min_size=n, max_size=n)))
    chain = parity_chain(forward, discount, n, half_spread)

    found = implied_forward(*chain, discount=discount)

    assert found.pairs == n
    assert math.isclose(found.value, forward, rel_tol=1e-12)
    assert found.spread <= 1e-11 * forward


@given(st.floats(100.0, 8000.0), st.integers(10, 100), st.integers(0, 2**32 - 1))
def test_tenth_of_the_quotes_stale_does_not_move_the_forward(forward, n, seed):
    rng = np.random.default_rng(seed)
    half_spread = np.full(n, 0.05)
    chain = parity_chain(forward, 1.0, n, half_spread)
    stale = rng.choice(n, n // 10, replace=False)
    moved = rng.uniform(0.5, 20.0, stale.size)
    chain[1][stale] += moved
    chain[2][stale] += moved

    found = implied_forward(*chain, discount=1.0)

    assert math.isclose(found.value, forward, rel_tol=1e-12)


@given(st.floats(100.0, 8000.0), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_forward_lies_within_what_the_pairs_say_and_shifts_with_them(forward, n, seed):
    rng = np.random.default_rng(seed)
    chain = parity_chain(forward, 1.0, n, rng.uniform(0.01, 0.3, n))
    noise = rng.normal(0, 0.1, n)
    strike, call_bid, call_ask, put_bid, put_ask = chain
    said = strike + (call_bid + call_ask - put_bid - put_ask) / 2 + noise
    order = rng.permutation(n)

    plain = implied_forward(
        strike, call_bid + noise, call_ask + noise, put_bid, put_ask, discount=1.0
    )
    shifted = implied_forward(
        *(
            column[order]
            for column in (strike + 7.0, call_bid + noise, call_ask + noise, put_bid, put_ask)
        ),
        discount=1.0,
    )

    assert said.min() - 1e-9 <= plain.value <= said.max() + 1e-9
    assert plain.spread >= 0
    assert math.isclose(shifted.value - plain.value, 7.0, rel_tol=1e-9)


# -- clock ----------------------------------------------------------------------------------------


@given(
    st.integers(0, 2 * 10**18), st.integers(0, 10**14), st.integers(0, 10**13),
    st.sampled_from(ClockKind),
)  # fmt: skip
def test_time_left_never_grows_and_is_never_negative(now, until, passed, clock):
    before = years_to_expiry(now, now + until, clock)
    after = years_to_expiry(now + passed, now + until, clock)

    assert 0.0 <= after <= before
