import math

import numpy as np
import pytest
from unit.signals.views import CLOSE_NS, NOON_NS, NS, OPEN_NS, WINDOWS, YEAR_S, view

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.signals.factors import FactorParams, Factors, sd_per_root_second
from autotrade_0dte.signals.signal import FACTORS, Factor

NAN = math.nan
FULL = math.tanh(1.0)
"""What a figure as large as its scale reads."""


def readings(market, windows=WINDOWS):
    found = Factors(FactorParams(), windows, OPEN_NS).read(market)
    return dict(zip(FACTORS, found, strict=True))


def reading(factor, windows=WINDOWS, **figures):
    return readings(view(**figures), windows)[factor]


def noise(simulate, draws=4_000):
    """Return the standard deviation of a figure of random walks of 1 a root second."""
    rng = np.random.default_rng(7)
    return np.std([simulate(rng) for _ in range(draws)])


def test_every_factor_of_a_rising_market_points_up():
    assert all(found.value > 0 and found.confidence > 0 for found in readings(view()).values())


def test_move_is_judged_by_the_larger_of_realized_and_implied_volatility():
    realized = 0.30 / math.sqrt(252 * 23_400)
    implied = 0.20 / math.sqrt(YEAR_S)
    assert sd_per_root_second(view(realized_long=0.30)) == pytest.approx(realized)
    assert sd_per_root_second(view(realized_long=0.001)) == pytest.approx(implied)
    assert sd_per_root_second(view(realized_long=NAN)) == pytest.approx(implied)
    no_iv = view(realized_long=0.30, analytics={"atm_iv": NAN})
    assert sd_per_root_second(no_iv) == pytest.approx(realized)
    for none in (NAN, 0.0):
        dead = view(realized_long=none, analytics={"atm_iv": none})
        assert math.isnan(sd_per_root_second(dead))


def test_realized_volatility_alone_judges_once_no_time_is_left():
    expired = view(CLOSE_NS, realized_long=0.15)
    assert sd_per_root_second(expired) == pytest.approx(0.15 / math.sqrt(252 * 23_400))
    assert math.isnan(sd_per_root_second(view(CLOSE_NS, realized_long=NAN)))


def test_implied_volatility_means_the_same_in_both_clocks():
    calendar = view(realized_long=NAN)
    ratio = math.sqrt(252 * 23_400 / YEAR_S)
    session = view(
        realized_long=NAN, years_per_s=1 / (252 * 23_400), analytics={"atm_iv": 0.20 * ratio}
    )
    assert sd_per_root_second(session) == pytest.approx(sd_per_root_second(calendar))


def test_momentum_of_two_standard_deviations_over_its_window_reads_full():
    two_sd = 2 * sd_per_root_second(view()) * math.sqrt(10.0)
    assert reading(Factor.MOMENTUM, momentum=two_sd).value == pytest.approx(FULL)
    wide = IndicatorParams(momentum_window_s=40.0)
    assert reading(Factor.MOMENTUM, windows=wide, momentum=2 * two_sd).value == pytest.approx(FULL)


def test_same_momentum_says_less_in_a_wilder_market():
    calm = reading(Factor.MOMENTUM, momentum=1e-4)
    wild = reading(Factor.MOMENTUM, momentum=1e-4, realized_long=0.80)
    assert 0 < wild.value < calm.value


def slope_of(prices):
    minutes = np.arange(len(prices)) / 60.0
    return np.polyfit(minutes, prices, 1)[0]


def test_slope_is_judged_by_the_slopes_of_random_walks():
    sd = noise(lambda rng: slope_of(np.cumsum(rng.normal(size=61))))
    found = reading(Factor.MICRO_TREND, slope=2 * sd * sd_per_root_second(view()))
    assert found.value == pytest.approx(FULL, abs=0.02)


def test_acceleration_is_judged_by_that_of_random_walks():
    def kink(rng):
        walk = np.cumsum(rng.normal(size=61))
        return slope_of(walk[30:]) - slope_of(walk[:31])

    found = reading(Factor.ACCELERATION, acceleration=2 * noise(kink) * sd_per_root_second(view()))
    assert found.value == pytest.approx(FULL, abs=0.02)


def test_gap_of_the_averages_is_judged_by_that_of_random_walks():
    def gap(rng):
        fast = slow = price = 0.0
        for step in rng.normal(scale=math.sqrt(60.0), size=40):
            price += step
            fast += 2 / 4 * (price - fast)
            slow += 2 / 9 * (price - slow)
        return fast - slow

    found = reading(Factor.TREND, ema_gap=2 * noise(gap, 2_000) * sd_per_root_second(view()))
    assert found.value == pytest.approx(FULL, abs=0.03)


def test_distance_from_vwap_is_judged_by_that_of_random_walks():
    def distance(rng):
        walk = np.cumsum(rng.normal(scale=math.sqrt(10.0), size=900))
        return walk[-1] - walk.mean()

    two_sd = 2 * noise(distance) * sd_per_root_second(view())
    found = reading(Factor.VWAP, vwap_distance=two_sd)
    assert found.value == pytest.approx(FULL, abs=0.03)


def test_trend_is_half_believed_until_a_bar_has_confirmed_the_cross():
    fresh, held = (reading(Factor.TREND, bars_since_cross=bars) for bars in (0.0, 1.0))
    assert fresh.value == held.value
    assert (fresh.confidence, held.confidence) == (0.5, 1.0)
    assert reading(Factor.TREND, bars_since_cross=NAN).confidence == 1.0


def test_volume_lends_momentum_confidence_by_the_size_of_the_burst():
    market = readings(view(volume_burst=3.0))
    assert market[Factor.VOLUME].value == market[Factor.MOMENTUM].value
    assert market[Factor.VOLUME].confidence == pytest.approx(FULL)
    assert reading(Factor.VOLUME, volume_burst=9.0).confidence > FULL


def test_usual_volume_abstains():
    for burst in (0.2, 1.0):
        found = reading(Factor.VOLUME, volume_burst=burst)
        assert (found.value, found.confidence) == (0.0, 0.0)


def test_breakout_of_a_quarter_of_the_range_held_by_a_bar_reads_full():
    up = reading(Factor.OPENING_RANGE, range_position=1.25, bar_close=602.01)
    assert (up.value, up.confidence) == (pytest.approx(FULL), 1.0)
    down = reading(Factor.OPENING_RANGE, range_position=-0.25, bar_close=597.99)
    assert (down.value, down.confidence) == (pytest.approx(-FULL), 1.0)


@pytest.mark.parametrize(
    ("position", "close"),
    [(1.2, 602.0), (1.2, 597.0), (-0.2, 598.0), (-0.2, 603.0), (0.5, 603.0), (1.0, 603.0)],
    ids=["wick up", "closed below", "wick down", "closed above", "came back", "at the edge"],
)
def test_breakout_that_no_bar_confirms_abstains(position, close):
    found = reading(Factor.OPENING_RANGE, range_position=position, bar_close=close)
    assert (found.value, found.confidence) == (0.0, 0.0)


def test_gamma_follows_momentum_where_dealers_are_short_and_fades_it_where_long():
    short, long = (readings(view(gex_sign=sign)) for sign in (-1.0, 1.0))
    assert short[Factor.GAMMA].value == short[Factor.MOMENTUM].value
    assert long[Factor.GAMMA].value == -long[Factor.MOMENTUM].value


def test_gamma_is_less_sure_near_the_flip_and_sure_where_none_is_in_reach():
    near, far, none = (
        reading(Factor.GAMMA, flip_distance=distance).confidence for distance in (1e-4, 5e-3, NAN)
    )
    assert near < far < none == 1.0
    left_s = (view().chain.expiry_ns - NOON_NS) / NS
    day = sd_per_root_second(view()) * math.sqrt(left_s)
    assert reading(Factor.GAMMA, flip_distance=day).confidence == pytest.approx(FULL)


def test_puts_getting_dearer_point_down():
    found = reading(Factor.SKEW, skew_change_per_min=0.01 * 0.20)
    assert found.value == pytest.approx(-FULL)


NEEDS = {
    Factor.TREND: ["ema_gap"],
    Factor.MOMENTUM: ["momentum"],
    Factor.MICRO_TREND: ["slope"],
    Factor.ACCELERATION: ["acceleration"],
    Factor.VOLUME: ["volume_burst", "momentum"],
    Factor.VWAP: ["vwap_distance"],
    Factor.OPENING_RANGE: ["range_position", "bar_close"],
    Factor.GAMMA: ["gex_sign", "momentum"],
    Factor.SKEW: ["skew_change_per_min"],
}


@pytest.mark.parametrize(
    ("factor", "figure"), [(factor, figure) for factor, needs in NEEDS.items() for figure in needs]
)
def test_factor_without_its_figure_is_unknown_and_no_other_changes(factor, figure):
    whole, without = readings(view()), readings(view(**{figure: NAN}))
    assert math.isnan(without[factor].value)
    assert without[factor].confidence == 0.0
    for other in FACTORS:
        if figure not in NEEDS[other]:
            assert without[other] == whole[other]


def test_without_any_volatility_no_move_can_be_judged():
    found = readings(view(realized_long=NAN, analytics={"atm_iv": NAN}))
    unknown = {factor for factor, said in found.items() if math.isnan(said.value)}
    assert unknown == set(FACTORS) - {Factor.OPENING_RANGE}


@pytest.mark.parametrize("seconds", [-60, 0])
def test_no_distance_from_vwap_is_judged_before_the_session_has_begun(seconds):
    assert math.isnan(readings(view(OPEN_NS + seconds * NS))[Factor.VWAP].value)
