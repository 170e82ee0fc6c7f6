"""Each kind of day against an ordinary day of the same seed, which shares its random streams."""

import datetime as dt
from collections import Counter

import numpy as np
import pytest

from autotrade_0dte.calendar import NEW_YORK, session
from autotrade_0dte.data.synthetic.days import ANOMALIES, DayKind, DayParams, draw_kind, plan_day
from autotrade_0dte.data.synthetic.generate import (
    SyntheticParams,
    SyntheticSession,
    generate_session,
)
from autotrade_0dte.data.synthetic.quotes import QuoteParams

DATE = dt.date(2026, 7, 31)
OPEN_NS = session(DATE).open_ns
PARAMS = SyntheticParams(quotes=QuoteParams(interval_s=30, strikes=12, refresh_fraction=1))


@pytest.fixture(scope="module")
def days() -> dict[DayKind, SyntheticSession]:
    return {kind: generate_session(PARAMS, DATE, 11, kind) for kind in DayKind}


@pytest.fixture(scope="module")
def ordinary(days) -> SyntheticSession:
    return days[DayKind.ORDINARY]


def _window(day: SyntheticSession) -> tuple[int, int]:
    """Return the label as seconds from the open."""
    label = day.recipe.label
    assert label is not None
    assert label.kind is day.recipe.kind
    return (label.start_ns - OPEN_NS) // 10**9, (label.end_ns - OPEN_NS) // 10**9


def _variance(day: SyntheticSession, start: int, end: int) -> float:
    return float((np.diff(np.log(day.path.spot[start : end + 1])) ** 2).sum())


def _move(day: SyntheticSession, start: int, end: int) -> float:
    return float(np.log(day.path.spot[end] / day.path.spot[start]))


def _volume(day: SyntheticSession, start: int, end: int) -> int:
    return int(day.underlying.size[start:end].sum())


def _mean_near_the_money(day: SyntheticSession, name: str, start: int, end: int) -> float:
    chain = day.chain
    second = (chain.ts_event - OPEN_NS) // 10**9
    distance = chain.strike_mills[chain.contract] / 1_000 - day.path.spot[second]
    values = chain.ask - chain.bid if name == "spread" else getattr(chain, name)
    return float(values[(second >= start) & (second < end) & (np.abs(distance) < 1.5)].mean())


def _sd(day: SyntheticSession) -> float:
    return PARAMS.path.session_volatility / np.sqrt(252) * day.path.day_level


def test_only_ordinary_days_have_no_label(days):
    assert [kind for kind in DayKind if days[kind].recipe.label is None] == [DayKind.ORDINARY]


def test_data_before_an_anomaly_is_that_of_an_ordinary_day(days, ordinary):
    for kind in set(ANOMALIES) - {DayKind.SCHEDULED_EVENT}:
        start, _ = _window(days[kind])
        assert start > 3_000
        np.testing.assert_array_equal(days[kind].path.spot[:start], ordinary.path.spot[:start])
        before = days[kind].chain.ts_event < days[kind].recipe.label.start_ns
        np.testing.assert_array_equal(days[kind].chain.bid[before], ordinary.chain.bid[before])


def test_volatility_shock_raises_variance_and_implied_variance_and_spreads(days, ordinary):
    shock = days[DayKind.VOLATILITY_SHOCK]
    start, _ = _window(shock)
    assert _variance(shock, start, start + 600) > 5 * _variance(ordinary, start, start + 600)
    assert shock.path.implied_variance[start] > 1.5 * ordinary.path.implied_variance[start]
    spreads = [_mean_near_the_money(day, "spread", start, start + 600) for day in (shock, ordinary)]
    assert spreads[0] > 2 * spreads[1]
    assert shock.vix.value.max() > ordinary.vix.value.max()
    first_minute = _volume(shock, start, start + 60) / _volume(ordinary, start, start + 60)
    assert first_minute == pytest.approx(2, abs=0.1)


def test_volume_burst_multiplies_volume_for_its_duration(days, ordinary):
    burst = days[DayKind.VOLUME_BURST]
    start, end = _window(burst)
    assert end - start == 600
    assert _volume(burst, start, end) > 5 * _volume(ordinary, start, end)
    assert _volume(burst, end, end + 600) == _volume(ordinary, end, end + 600)


def test_flash_move_runs_three_sigmas_and_retraces_most_of_it(days, ordinary):
    flash = days[DayKind.FLASH_MOVE]
    start, end = _window(flash)
    run = _move(flash, start, start + 90)
    assert abs(run) > 2.5 * _sd(flash)
    assert -_move(flash, start + 90, end) / run == pytest.approx(0.7, abs=0.25)
    assert _volume(flash, start, start + 120) > 4 * _volume(ordinary, start, start + 120)
    size = [_mean_near_the_money(d, "ask_size", start, start + 120) for d in (flash, ordinary)]
    assert size[0] < size[1] / 2


def test_flash_moves_go_both_ways():
    moves = [
        plan_day(DayKind.FLASH_MOVE, session(DATE), DayParams(), np.random.default_rng(seed))
        for seed in range(12)
    ]
    assert {np.sign(move.log_return.sum()) for move in moves} == {-1.0, 1.0}


def test_liquidity_drought_widens_spreads_and_thins_sizes_but_not_prices(days, ordinary):
    drought = days[DayKind.LIQUIDITY_DROUGHT]
    start, end = _window(drought)
    spreads = [_mean_near_the_money(day, "spread", start, end) for day in (drought, ordinary)]
    assert spreads[0] > 3 * spreads[1]
    sizes = [_mean_near_the_money(day, "ask_size", start, end) for day in (drought, ordinary)]
    assert sizes[0] < sizes[1] / 4
    np.testing.assert_array_equal(drought.path.spot, ordinary.path.spot)
    volume = _volume(drought, start, end) / _volume(ordinary, start, end)
    assert volume == pytest.approx(0.4, abs=0.01)


def test_slow_grind_drifts_to_the_close_with_little_volatility(days, ordinary):
    grind = days[DayKind.SLOW_GRIND]
    start, end = _window(grind)
    assert end == len(grind.path.spot) - 1
    drift = _move(grind, start, end) - 0.7 * _move(ordinary, start, end)
    assert abs(drift) == pytest.approx(2.5 * _sd(grind), rel=0.1)
    assert _variance(grind, start, end) < 0.7 * _variance(ordinary, start, end)


def test_scheduled_event_is_priced_in_before_two_and_gone_after(days, ordinary):
    event = days[DayKind.SCHEDULED_EVENT]
    start, _ = _window(event)
    at = dt.datetime.fromtimestamp(event.recipe.label.start_ns / 1e9, NEW_YORK)
    assert at.time() == dt.time(14)
    priced = event.path.implied_variance - ordinary.path.implied_variance
    assert priced[0] == pytest.approx((1.2 * _sd(event)) ** 2)
    assert priced[start] > priced[start + 1] + 0.99 * (1.2 * _sd(event)) ** 2
    assert abs(_move(event, start, start + 1)) > _sd(event)
    sizes = [_mean_near_the_money(d, "ask_size", start - 60, start) for d in (event, ordinary)]
    assert sizes[0] == pytest.approx(sizes[1] / 3, rel=0.05)


def test_moves_are_smaller_on_a_half_day():
    date = dt.date(2025, 11, 28)
    event, plain = (
        generate_session(PARAMS, date, 11, kind)
        for kind in (DayKind.SCHEDULED_EVENT, DayKind.ORDINARY)
    )
    priced = event.path.implied_variance[0] - plain.path.implied_variance[0]
    assert priced == pytest.approx((1.2 * _sd(event)) ** 2 * 12_600 / 23_400)


def test_quiet_day_has_half_the_volatility_and_less_volume(days, ordinary):
    quiet = days[DayKind.QUIET]
    assert _window(quiet) == (0, 23_400)
    ratio = _variance(quiet, 0, 23_400) / _variance(ordinary, 0, 23_400)
    assert ratio == pytest.approx(0.25, abs=0.07)
    assert _volume(quiet, 0, 23_400) < 0.65 * _volume(ordinary, 0, 23_400)


def test_kinds_are_drawn_by_their_fractions():
    rng = np.random.default_rng(0)
    drawn = Counter(draw_kind(DayParams(), rng) for _ in range(4_000))
    assert set(drawn) == set(DayKind)
    assert drawn[DayKind.QUIET] / 4_000 == pytest.approx(0.15, abs=0.02)
    assert sum(drawn[kind] for kind in ANOMALIES) / 4_000 == pytest.approx(0.25, abs=0.03)


def test_fractions_above_one_are_refused():
    with pytest.raises(ValueError, match=r"fractions of at most 1, was 1\.2"):
        DayParams(quiet_fraction=0.7, anomaly_fraction=0.5)


@pytest.mark.parametrize("kind", list(DayKind))
def test_every_kind_fits_into_a_half_day(kind):
    half = session(dt.date(2025, 11, 28))
    effects = plan_day(kind, half, DayParams(), np.random.default_rng(5))
    assert len(effects.log_return) == 12_600
    if effects.label is not None:
        assert half.open_ns <= effects.label.start_ns < effects.label.end_ns <= half.close_ns
