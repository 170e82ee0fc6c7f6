"""Windows and local volatility against plain references; no state looks ahead."""

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_series import CLOSE_NS, OPEN_NS, Moment, moments, snapshots
from series import NS, Series, timed_prices

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.jump import DriftTest, LocalVolatility, ReturnWindow
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.trailing import MAD_TO_SD, Trailing
from autotrade_0dte.market_state.watch import MarketWatch

WINDOW_S, LAG_S, SAMPLE_S, MIN_SAMPLES = 120, 20, 10, 3
SHORT = DetectorParams(
    change_window_s=2, index_window_s=2, jump_window_s=2, jump_steps=2, jump_lag_s=1,
    reference_s=60, reference_lag_s=2, sample_s=1, min_samples=3,
)  # fmt: skip

known_or_not = st.one_of(st.floats(-100.0, 100.0), st.sampled_from([0.0, math.nan]))


def samples_of(series: Series) -> Series:
    """Return what is sampled: the first known value, and each at least `SAMPLE_S` later."""
    taken: Series = []
    for ts, value in series:
        if not math.isnan(value) and (not taken or ts >= taken[-1][0] + SAMPLE_S * NS):
            taken.append((ts, value))
    return taken


@given(timed_prices(start_s=1), st.data())
def test_trailing_window_equals_median_and_mad_of_its_samples(
    series: Series, data: st.DataObject
) -> None:
    values = data.draw(st.lists(known_or_not, min_size=len(series), max_size=len(series)))
    series = [(ts, value) for (ts, _), value in zip(series, values, strict=True)]
    trailing = Trailing(WINDOW_S, LAG_S, SAMPLE_S, MIN_SAMPLES)
    for k, (now, value) in enumerate(series):
        trailing.update(now, value)
        window = [
            sample
            for ts, sample in samples_of(series[: k + 1])
            if now - (LAG_S + WINDOW_S) * NS <= ts <= now - LAG_S * NS
        ]
        if len(window) < MIN_SAMPLES:
            assert math.isnan(trailing.median)
            assert math.isnan(trailing.scale)
        else:
            median = statistics.median(window)
            spread = statistics.median(abs(sample - median) for sample in window)
            assert trailing.median == pytest.approx(median, abs=1e-12)
            assert trailing.scale == pytest.approx(MAD_TO_SD * spread, abs=1e-12)


@given(timed_prices(), st.integers(1, 30))
def test_change_is_from_the_last_value_as_old_as_its_window(series: Series, step_s: int) -> None:
    window = ReturnWindow(step_s)
    for k, (now, value) in enumerate(series):
        window.update(now, value)
        old = [(ts, before) for ts, before in series[: k + 1] if ts <= now - step_s * NS]
        if old:
            assert window.value == value - old[-1][1]
            assert window.elapsed_s == (now - old[-1][0]) / NS
        else:
            assert math.isnan(window.value)


@given(timed_prices(start_s=1))
def test_local_volatility_equals_bipower_variation_of_lagged_steps(series: Series) -> None:
    step_s, steps, lag_s = 5, 3, 7
    local = LocalVolatility(step_s, steps, lag_s, lambda ts: 1.0 + ts / 1e12)
    begins, sizes = [series[0]], []
    for now, price in series:
        local.update(now, math.log(price))
        before_ns, before = begins[-1]
        if now >= before_ns + step_s * NS:
            seconds = (now - before_ns) / NS
            change = (math.log(price) - math.log(before)) / math.sqrt(seconds) / (1.0 + now / 1e12)
            begins.append((now, price))
            sizes.append(abs(change))
            assert local.last == pytest.approx(change)
        # Product k is of steps k and k + 1, known when the latter ends.
        ends = [ts for ts, _ in begins[2:]]
        last_step = begins[-1][0]
        old = [a * b for a, b, end in zip(sizes, sizes[1:], ends, strict=False)
               if end <= last_step - lag_s * NS]  # fmt: skip
        if len(old) < steps:
            assert math.isnan(local.value)
        else:
            assert local.value == pytest.approx(math.sqrt(math.pi / 2 * sum(old[-steps:]) / steps))


@given(st.lists(st.floats(-3.0, 3.0), min_size=1))
def test_drift_equals_the_largest_sum_of_recent_steps_beyond_the_allowance(
    steps: list[float],
) -> None:
    drift = DriftTest(0.25)
    for step in steps:
        drift.update(step)
    runs = [
        sum(sign * step - 0.25 for step in steps[k:]) for k in range(len(steps)) for sign in (1, -1)
    ]
    assert drift.value == pytest.approx(max(0.0, *runs), abs=1e-9)


def states(series: list[Moment], index: list[float]) -> list[tuple[object, ...]]:
    watch = MarketWatch(IndicatorParams(), SHORT, open_ns=OPEN_NS, close_ns=CLOSE_NS)
    seen = []
    for chain, value in zip(snapshots(series), index, strict=False):
        state = watch.update(chain, value, chain.ts_event).state
        seen.append((state.level, state.supported, state.since_ns, state.onset_ns,
                     repr(state.values), repr(state.scores)))  # fmt: skip
    return seen


@settings(max_examples=30, deadline=None)
@given(moments(), st.integers(0, 40), st.data())
def test_state_is_the_same_whatever_comes_after_it(
    series: list[Moment], cut: int, data: st.DataObject
) -> None:
    values = st.one_of(st.floats(10.0, 40.0), st.just(math.nan))
    index = data.draw(st.lists(values, min_size=len(series), max_size=len(series)))
    assert states(series, index)[:cut] == states(series[:cut], index)
