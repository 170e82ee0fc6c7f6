import math

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.signals.views import CLOSE_NS, NOON_NS, NS, OPEN_NS, WINDOWS, mirrored, view

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.composer import Composer, SignalParams
from autotrade_0dte.signals.factors import FactorParams, Factors
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import FACTORS, Factor, Reading
from autotrade_0dte.signals.source import SignalSource
from autotrade_0dte.signals.standing import Standing

MOMENTUM = FACTORS.index(Factor.MOMENTUM)
NAN = math.nan

moves = st.floats(-0.2, 0.2) | st.sampled_from([NAN, 0.0])
figures = st.fixed_dictionaries(
    {
        "ema_gap": moves,
        "momentum": moves,
        "slope": moves,
        "acceleration": moves,
        "vwap_distance": moves,
        "skew_change_per_min": moves,
        "bars_since_cross": st.sampled_from([NAN, 0.0, 1.0, 30.0]),
        "volume_burst": st.floats(0.0, 1e6) | st.just(NAN),
        "realized_long": st.floats(0.0, 5.0) | st.just(NAN),
        # Sixty-fourths, which are mirrored without rounding.
        "range_position": st.integers(-3_200, 3_200).map(lambda n: n / 64) | st.just(NAN),
        "bar_close": st.integers(590 * 64, 610 * 64).map(lambda n: n / 64) | st.just(NAN),
        "gex_sign": st.sampled_from([-1.0, 1.0, 0.0, NAN]),
        "flip_distance": moves,
        "analytics": st.fixed_dictionaries({"atm_iv": st.floats(0.0, 5.0) | st.just(NAN)}),
        "level": st.sampled_from(Level),
    }
)
opinions = st.lists(
    st.builds(Reading, st.floats(-1.0, 1.0) | st.just(NAN), st.floats(0.0, 1.0)),
    min_size=len(FACTORS),
    max_size=len(FACTORS),
)
steps = st.lists(st.tuples(st.integers(1, 600), figures), min_size=1, max_size=12)


def factors():
    return Factors(FactorParams(), WINDOWS, OPEN_NS)


def source():
    return SignalSource(
        SignalParams(),
        FilterParams(),
        indicators=WINDOWS,
        track="regular",
        open_ns=OPEN_NS,
        close_ns=CLOSE_NS,
    )


def views(path):
    now_ns, found = OPEN_NS, []
    for seconds, market in path:
        now_ns += seconds * NS
        found.append(view(now_ns, **market))
    return found


def signals(markets):
    made = source()
    return [made.update(market, Standing()) for market in markets]


@given(figures)
def test_readings_stay_within_their_bounds(market):
    for reading in factors().read(view(**market)):
        assert math.isnan(reading.value) or -1.0 <= reading.value <= 1.0
        assert 0.0 <= reading.confidence <= 1.0
        assert not (math.isnan(reading.value) and reading.confidence)


@given(st.lists(opinions, min_size=1, max_size=8), st.sampled_from(Level))
def test_opinions_stay_within_their_bounds(path, level):
    composer = Composer(SignalParams())
    for second, readings in enumerate(path, start=1):
        found = composer.update(second * NS, level, readings)
        assert math.isnan(found.score) or -1.0 <= found.score <= 1.0
        assert found.strength == (0.0 if math.isnan(found.score) else abs(found.score))
        assert 0.0 <= found.agreement <= 1.0
        assert 0.0 <= found.known_share <= 1.0 + 1e-12
        assert (found.onset_ns != 0) == (found.direction != 0)
        assert found.direction * found.score > 0 if found.direction else True


@given(figures, st.floats(0.0, 0.2), st.floats(0.0, 0.2))
def test_stronger_momentum_never_lowers_its_reading(market, one, other):
    low, high = sorted((one, other))
    weak, strong = (
        factors().read(view(**(market | {"momentum": size})))[MOMENTUM].value
        for size in (low, high)
    )
    assert math.isnan(weak) == math.isnan(strong)
    assert math.isnan(weak) or weak <= strong


@given(figures, st.floats(0.01, 3.0), st.floats(0.01, 3.0))
def test_wilder_market_never_raises_what_a_move_says(market, one, other):
    low, high = sorted((one, other))
    calm, wild = (
        abs(factors().read(view(**(market | {"realized_long": size})))[MOMENTUM].value)
        for size in (low, high)
    )
    assert math.isnan(calm) or wild <= calm


@given(steps)
def test_mirrored_market_has_the_mirrored_signal(path):
    markets = views(path)
    for one, other in zip(signals(markets), signals(map(mirrored, markets)), strict=True):
        assert other.direction == -one.direction
        assert math.isnan(one.score) or math.isclose(other.score, -one.score, abs_tol=1e-15)
        assert math.isclose(other.agreement, one.agreement)
        assert other.onset_ns == one.onset_ns
        assert other.refusal is one.refusal


@settings(max_examples=50)
@given(steps, st.integers(0, 12))
def test_signals_so_far_do_not_change_by_what_comes_after(path, count):
    markets = views(path)
    whole, before = signals(markets)[:count], signals(markets[:count])
    # As text, because an unknown figure does not equal itself.
    assert [msgspec.json.encode(each) for each in before] == [
        msgspec.json.encode(each) for each in whole
    ]


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=40))
def test_direction_follows_the_thresholds_of_its_begin_and_its_end(scores):
    params = SignalParams()
    composer = Composer(params)
    direction = 0
    for second, score in enumerate(scores, start=1):
        found = composer.update(second * NS, Level.CALM, [Reading(score, 1.0)] * len(FACTORS))
        if direction * found.score <= params.end_strength:
            direction = 0
        if direction == 0 and found.strength >= params.begin_strength:
            direction = 1 if found.score > 0 else -1
        assert found.direction == direction


def test_properties_are_tried_where_signals_may_be_acted_on():
    assert source().update(view(NOON_NS), Standing()).refusal is None
