import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autotrade_0dte.analysis.figures import decimate
from autotrade_0dte.analysis.metrics import (
    drawdown_curve,
    expectancy,
    max_drawdown,
    mean_ci95,
    profit_factor,
    sharpe_daily,
    win_rate,
)

cents = st.integers(-1_000_000, 1_000_000).map(lambda value: value / 100)
pnl = arrays(np.float64, st.integers(1, 60), elements=cents)
equity = arrays(np.float64, st.integers(1, 200), elements=st.floats(1.0, 1e6))
gappy = arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e3, 1e3) | st.just(np.nan))


@given(equity)
def test_drawdown_equals_the_worst_pair_of_points(curve):
    worst = max(float(curve[: i + 1].max() - curve[i]) for i in range(len(curve)))
    fall = max_drawdown(curve)
    assert fall is not None
    assert fall.dollars == worst
    assert 0.0 <= fall.fraction < 1.0
    assert drawdown_curve(curve).max() == fall.dollars


@given(equity, st.floats(0.01, 100.0))
def test_drawdown_fraction_does_not_depend_on_the_currency(curve, rate):
    before, after = max_drawdown(curve), max_drawdown(curve * rate)
    assert before is not None
    assert after is not None
    assert np.isclose(before.fraction, after.fraction, rtol=1e-9, atol=1e-12)


@given(pnl)
def test_figures_of_trades_do_not_depend_on_their_order(values):
    other = values[::-1]
    assert win_rate(values) == win_rate(other)
    for figure in (expectancy, profit_factor):
        one, two = figure(values), figure(other)
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert np.isclose(one, two, rtol=1e-9, atol=1e-9)


@given(pnl)
def test_profit_factor_above_one_means_money_was_made(values):
    factor = profit_factor(values)
    total = float(values.sum())
    if factor is not None and abs(total) > 1e-6:
        assert (factor > 1.0) == (total > 0.0)


@given(pnl, st.floats(0.1, 1000.0))
def test_sharpe_does_not_depend_on_the_size_of_the_stakes(values, scale):
    one, two = sharpe_daily(values), sharpe_daily(values * scale)
    if one is not None and two is not None:
        assert np.isclose(one, two, rtol=1e-6, atol=1e-9)
        assert np.sign(one) == np.sign(two) or abs(one) < 1e-6


@settings(max_examples=15, deadline=None)
@given(arrays(np.float64, st.integers(5, 30), elements=cents))
def test_interval_lies_within_the_sessions_and_holds_their_mean(daily):
    interval = mean_ci95(daily)
    assert interval is not None
    low, high = interval
    assert daily.min() - 1e-9 <= low <= high <= daily.max() + 1e-9


@given(gappy, st.integers(2, 100))
def test_decimation_keeps_ends_and_extremes_in_order_and_within_bounds(values, most):
    rows = decimate(values, most)
    assert len(rows) <= max(most, len(values) if len(values) <= most else 0) + 2
    assert rows[0] == 0
    assert rows[-1] == len(values) - 1
    assert (np.diff(rows) > 0).all()
    known = values[~np.isnan(values)]
    if len(known):
        assert known.min() in values[rows]
        assert known.max() in values[rows]
