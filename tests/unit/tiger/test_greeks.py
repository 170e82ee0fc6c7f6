import pytest

from tiger_nt.greeks import OptionState, black_scholes

HOURS = 1 / (365 * 24)


def state(**changes):
    given = {
        "spot": 600.0, "strike": 600.0, "is_call": True, "years": 6.5 * HOURS,
        "bid": 1.49, "ask": 1.51,
    }  # fmt: skip
    return OptionState(**(given | changes))


def test_volatility_reprices_the_mid():
    greeks = black_scholes(state())
    at_the_money = 0.3989 * 600 * (6.5 * HOURS) ** 0.5  # price a unit of volatility
    assert greeks.iv == pytest.approx(1.5 / at_the_money, rel=1e-3)
    assert greeks.delta == pytest.approx(0.5, abs=0.01)
    assert greeks.vega == pytest.approx(at_the_money / 100, rel=1e-3)
    assert greeks.bid_iv < greeks.iv < greeks.ask_iv


def test_theta_is_a_calendar_day_and_grows_as_expiry_comes_near():
    morning = black_scholes(state())
    assert morning.theta == pytest.approx(-1.5 / (2 * 6.5 * HOURS) / 365, rel=1e-2)
    minute = black_scholes(state(years=HOURS / 60, bid=0.07, ask=0.09))
    assert minute.theta < morning.theta
    assert minute.gamma > morning.gamma


def test_put_and_call_at_one_strike_differ_by_one_in_delta():
    put = black_scholes(state(is_call=False))
    assert black_scholes(state()).delta - put.delta == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"bid": 0.0},
        {"bid": 1.6, "ask": 1.5},
        {"strike": 590.0, "bid": 9.0, "ask": 9.5},
    ],
    ids=["without a bid", "crossed", "below intrinsic"],
)
def test_quotes_that_imply_no_volatility_have_no_greeks(changes):
    assert black_scholes(state(**changes)) is None


def test_bid_below_intrinsic_leaves_its_volatility_unknown():
    greeks = black_scholes(state(strike=590.0, bid=9.9, ask=10.5))
    assert greeks.bid_iv is None
    assert greeks.ask_iv > greeks.iv
