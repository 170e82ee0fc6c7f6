import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrade_0dte.calendar import session
from autotrade_0dte.data.synthetic.days import DayKind, DayParams, plan_day
from autotrade_0dte.data.synthetic.path import (
    FULL_SESSION_S,
    Path,
    PathParams,
    mean_reverting,
    session_path,
    u_shape,
)

DATE = dt.date(2026, 7, 31)


def _ordinary(seed: int, params: PathParams | None = None) -> Path:
    rng = np.random.default_rng(seed)
    effects = plan_day(DayKind.ORDINARY, session(DATE), DayParams(), rng)
    return session_path(params or PathParams(), effects, rng)


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    return [_ordinary(seed) for seed in range(80)]


def _returns(path: Path) -> np.ndarray:
    return np.diff(np.log(path.spot))


@settings(deadline=None, max_examples=50)
@given(
    n=st.integers(60, 23_400),
    opening=st.floats(0, 20),
    closing=st.floats(0, 20),
    fade=st.floats(0.001, 1),
)
def test_u_shape_has_mean_one_and_is_never_negative(n, opening, closing, fade):
    shape = u_shape(n, opening, closing, fade)
    assert shape.shape == (n + 1,)
    assert shape.mean() == pytest.approx(1)
    assert shape.min() > 0


def test_mean_reverting_starts_in_its_stationary_law_and_stays_in_it():
    runs = [mean_reverting(500, 0.3, 50, np.random.default_rng(seed))[0] for seed in range(600)]
    sd = np.std(runs, axis=0)
    assert sd[0] == pytest.approx(0.3, rel=0.1)
    assert sd[-1] == pytest.approx(0.3, rel=0.1)
    correlation = np.corrcoef([run[200] for run in runs], [run[250] for run in runs])[0, 1]
    assert correlation == pytest.approx(0.5, abs=0.1)


def test_realized_volatility_over_many_sessions_is_near_its_target(paths):
    params = PathParams()
    jumps = params.jumps_per_session * (params.jump_mean_fraction**2 + params.jump_sd_fraction**2)
    target = params.session_volatility**2 / 252 + jumps
    realized = np.mean([(_returns(path) ** 2).sum() for path in paths])
    assert realized == pytest.approx(target, rel=0.2)


def test_wandering_volatility_does_not_change_mean_variance():
    params = PathParams(
        volatility_of_volatility=0.4, reversion_half_life_min=3, volatility_dispersion=0
    )
    variance = [(_ordinary(seed, params).volatility[:-1] ** 2).sum() for seed in range(40)]
    assert np.mean(variance) == pytest.approx(params.session_volatility**2 / 252, rel=0.04)


def test_variance_is_highest_at_the_open_and_higher_at_the_close_than_at_midday(paths):
    squared = np.mean([_returns(path) ** 2 for path in paths], axis=0)
    opening, midday, closing = squared[:600].mean(), squared[9_000:15_000].mean(), squared[-600:]
    assert opening > 2 * midday
    assert closing.mean() > 1.3 * midday


def test_volatility_rises_when_prices_fall(paths):
    correlations = [
        np.corrcoef(_returns(path), np.diff(path.deviation))[0, 1] for path in paths[:10]
    ]
    assert np.mean(correlations) == pytest.approx(PathParams().leverage, abs=0.1)


def test_implied_variance_falls_to_zero_at_the_close(paths):
    for path in paths[:10]:
        assert path.implied_variance[-1] == 0
        assert (path.implied_variance[:-1] > 0).all()


def test_implied_variance_is_expected_variance_plus_the_premium(paths):
    premium = 1 + PathParams().variance_premium
    for at in (0, 6_000, 18_000):
        implied = np.mean([path.implied_variance[at] for path in paths])
        realized = np.mean([(_returns(path)[at:] ** 2).sum() for path in paths])
        assert implied / premium == pytest.approx(realized, rel=0.2)


def test_implied_variance_is_exact_when_volatility_does_not_wander():
    params = PathParams(volatility_of_volatility=0, jumps_per_session=0, variance_premium=0)
    path = _ordinary(3, params)
    left = np.append(np.cumsum(path.volatility[-2::-1] ** 2)[::-1], 0)
    np.testing.assert_allclose(path.implied_variance, left, rtol=1e-9)


def test_options_price_the_premium_and_the_jumps():
    def implied(premium: float, jumps: float) -> np.ndarray:
        params = PathParams(variance_premium=premium, jumps_per_session=jumps)
        return _ordinary(3, params).implied_variance

    np.testing.assert_allclose(implied(0.3, 0), 1.3 * implied(0, 0))
    one = PathParams().jump_mean_fraction ** 2 + PathParams().jump_sd_fraction ** 2
    added = implied(0, 2) - implied(0, 0)
    np.testing.assert_allclose(added, 2 * one * np.arange(23_400, -1, -1) / 23_400, atol=1e-12)


def test_jumps_appear_only_where_the_day_has_them():
    params = PathParams(jumps_per_session=20, jump_sd_fraction=0.01)
    with_jumps = np.abs(_returns(_ordinary(1, params)))
    assert 10 <= (with_jumps > 0.002).sum() <= 30
    rng = np.random.default_rng(1)
    quiet = plan_day(DayKind.QUIET, session(DATE), DayParams(), rng)
    assert np.abs(_returns(session_path(params, quiet, rng))).max() < 0.002


def test_session_length_follows_the_effects():
    assert len(_ordinary(0).spot) == FULL_SESSION_S + 1
