"""Windows and local volatility against plain references; no state looks ahead."""

import math
import statistics

import pytest
from evidence_memory import Trailing, Volatility, memory_of, window, window_row
from hypothesis import given, settings
from hypothesis import strategies as st
from market_series import CLOSE_NS, OPEN_NS, Moment, moments, snapshots
from series import NS, Series, timed_prices

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.jump import take_drift, take_step
from autotrade_0dte.market_state.memory import PRODUCTS
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.trailing import MAD_TO_SD
from autotrade_0dte.market_state.watch import MarketWatch
from autotrade_0dte.market_state.window import take_value

WINDOW_S, LAG_S, SAMPLE_S, MIN_SAMPLES = 120, 20, 10, 3
SHORT = DetectorParams(
    change_window_s=2, step_window_s=1, index_window_s=2, jump_window_s=2, jump_steps=2,
    jump_lag_s=1, reference_s=60, reference_lag_s=2, sample_s=1, min_samples=3,
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
    memory = memory_of(DetectorParams(jump_window_s=step_s))
    change = window(memory, "price")
    for k, (now, value) in enumerate(series):
        take_value(memory, window_row("price"), now, value)
        old = [(ts, before) for ts, before in series[: k + 1] if ts <= now - step_s * NS]
        if old:
            assert change["value"] == value - old[-1][1]
            assert change["elapsed_s"] == (now - old[-1][0]) / NS
        else:
            assert math.isnan(change["value"])


FLOOR, STEP_FLOOR, STEP_MOST = 0.01, 0.005, 6.0
CHANGE_S, STEP_S = 30, 10


def trailing() -> Trailing:
    return Trailing(WINDOW_S, LAG_S, SAMPLE_S, MIN_SAMPLES)


def plain_changes(series: Series, window_s: int) -> list[float]:
    """Return each value's change from the last known one as old as the window and not twice."""
    changes = []
    for now, value in series:
        old = [(ts, before) for ts, before in series
               if ts <= now - window_s * NS and not math.isnan(before)]  # fmt: skip
        is_near = old and now - old[-1][0] < 2 * window_s * NS
        changes.append(value - old[-1][1] if is_near else math.nan)
    return changes


def plain_scores(series: Series, seconds: Series, window_s: int, floor: float) -> list[float]:
    """Return the scores of the lesser of two changes by what was usual before."""
    usual, scores = trailing(), []
    both = zip(plain_changes(series, window_s), plain_changes(seconds, window_s), strict=True)
    for (now, _), (first, second) in zip(series, both, strict=True):
        is_lesser = second < first  # never where either is unknown
        change = second if is_lesser else first
        usual.update(now, change)
        scores.append((change - usual.median) / max(usual.scale, floor))
    return scores


wanderings = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.one_of(st.floats(-0.002, 0.002), st.sampled_from([0.03, 0.05, -0.04, math.nan])),
        st.sampled_from([1.0, 1.0, 1.0, 0.3, math.nan]),
    ),
    min_size=20,
    max_size=60,
)


@given(wanderings)
def test_change_of_a_volatility_scores_as_the_larger_of_change_and_bounded_step(
    moves: list[tuple[int, float, float]],
) -> None:
    now, level, series, seconds = 0, math.log(0.2), [], []
    for elapsed_s, move, share in moves:
        now += elapsed_s * NS
        level += 0.0 if math.isnan(move) else move
        series.append((now, math.nan if math.isnan(move) else level))
        seconds.append((now, level * share))
    params = DetectorParams(
        change_window_s=CHANGE_S, step_window_s=STEP_S, reference_s=WINDOW_S,
        reference_lag_s=LAG_S, sample_s=SAMPLE_S, min_samples=MIN_SAMPLES,
    )  # fmt: skip
    watch = Volatility(params, step_most=STEP_MOST)
    changes = plain_scores(series, seconds, CHANGE_S, FLOOR)
    steps = plain_scores(series, seconds, STEP_S, STEP_FLOOR)
    for k, ((ts, first), (_, second)) in enumerate(zip(series, seconds, strict=True)):
        watch.update(ts, math.exp(first), math.exp(second))
        expected = changes[k]
        if steps[k] > expected:
            expected = max(expected, min(steps[k], STEP_MOST))
        assert watch.change_score == pytest.approx(expected, abs=1e-6, nan_ok=True)


@given(timed_prices(start_s=1))
def test_local_volatility_equals_bipower_variation_of_lagged_steps(series: Series) -> None:
    step_s, steps, lag_s = 5, 3, 7
    memory = memory_of(DetectorParams(jump_window_s=step_s, jump_steps=steps, jump_lag_s=lag_s))
    local = memory.state["local"]
    begins, sizes = [series[0]], []
    for now, price in series:
        take_step(local, memory.points[PRODUCTS], now, math.log(price), 1.0 + now / 1e12)
        before_ns, before = begins[-1]
        if now >= before_ns + step_s * NS:
            seconds = (now - before_ns) / NS
            change = (math.log(price) - math.log(before)) / math.sqrt(seconds) / (1.0 + now / 1e12)
            begins.append((now, price))
            sizes.append(abs(change))
            assert local["last"] == pytest.approx(change)
        # Product k is of steps k and k + 1, known when the latter ends.
        ends = [ts for ts, _ in begins[2:]]
        last_step = begins[-1][0]
        old = [a * b for a, b, end in zip(sizes, sizes[1:], ends, strict=False)
               if end <= last_step - lag_s * NS]  # fmt: skip
        if len(old) < steps:
            assert math.isnan(local["value"])
        else:
            bipower = math.pi / 2 * math.fsum(old[-steps:]) / steps
            assert local["value"] == pytest.approx(math.sqrt(bipower))


@given(st.lists(st.floats(-3.0, 3.0), min_size=1))
def test_drift_equals_the_largest_sum_of_recent_steps_beyond_the_allowance(
    steps: list[float],
) -> None:
    drift = memory_of(DetectorParams(drift_allowance=0.25)).state["drift"]
    for step in steps:
        take_drift(drift, step)
    runs = [
        sum(sign * step - 0.25 for step in steps[k:]) for k in range(len(steps)) for sign in (1, -1)
    ]
    assert drift["value"] == pytest.approx(max(0.0, *runs), abs=1e-9)


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
