import numpy as np
import pytest

from autotrade_0dte.analysis.metrics import (
    annualized,
    drawdown_curve,
    expectancy,
    max_drawdown,
    mean_ci95,
    profit_factor,
    sharpe_daily,
    win_rate,
)

NONE = np.array([])


def test_drawdown_is_the_deepest_fall_below_an_earlier_peak():
    fall = max_drawdown(np.array([100.0, 120.0, 90.0, 130.0, 110.0]))
    assert fall is not None
    assert fall.dollars == 30.0
    assert fall.fraction == pytest.approx(0.25)


def test_deepest_dollars_and_deepest_fraction_may_come_from_different_moments():
    fall = max_drawdown(np.array([100.0, 50.0, 1000.0, 900.0]))
    assert fall is not None
    assert (fall.dollars, fall.fraction) == (100.0, 0.5)


def test_rising_curve_has_no_drawdown_but_an_empty_one_has_none_known():
    assert max_drawdown(np.array([1.0, 2.0, 3.0])) == (0.0, 0.0)
    assert max_drawdown(NONE) is None
    assert max_drawdown(np.array([np.nan])) is None


def test_unknown_equity_is_passed_over_and_not_taken_for_a_fall():
    fall = max_drawdown(np.array([100.0, np.nan, 99.0]))
    assert fall is not None
    assert fall.dollars == 1.0


def test_account_that_starts_in_debt_loses_all_of_it():
    assert max_drawdown(np.array([-10.0, -20.0])) == (10.0, 1.0)


def test_drawdown_curve_keeps_unknown_points_unknown():
    curve = drawdown_curve(np.array([5.0, np.nan, 3.0, 6.0]))
    np.testing.assert_array_equal(curve, [0.0, np.nan, 2.0, 0.0])
    assert len(drawdown_curve(NONE)) == 0


def test_break_even_trade_is_not_a_win():
    assert win_rate(np.array([5.0, 0.0, -1.0, 2.0])) == 0.5
    assert win_rate(NONE) is None


def test_profit_factor_is_gains_over_losses():
    assert profit_factor(np.array([30.0, -10.0, -5.0])) == 2.0
    assert profit_factor(np.array([-10.0])) == 0.0


@pytest.mark.parametrize("pnl", [[], [5.0], [0.0]])
def test_profit_factor_without_a_loss_is_undefined(pnl):
    assert profit_factor(np.array(pnl)) is None


def test_expectancy_is_the_mean_and_undefined_without_trades():
    assert expectancy(np.array([10.0, -4.0])) == 3.0
    assert expectancy(NONE) is None


def test_daily_sharpe_is_mean_over_sample_deviation_and_not_annualized():
    assert sharpe_daily(np.array([1.0, 3.0])) == pytest.approx(2.0 / np.sqrt(2.0))
    assert annualized(0.1) == pytest.approx(0.1 * np.sqrt(252))
    assert annualized(None) is None


@pytest.mark.parametrize("daily", [[], [5.0], [5.0, 5.0, 5.0], [0.1, 0.1, 0.1]])
def test_sharpe_of_one_session_or_of_equal_sessions_is_undefined(daily):
    assert sharpe_daily(np.array(daily)) is None


def test_interval_needs_five_sessions():
    assert mean_ci95(np.arange(4.0)) is None
    assert mean_ci95(np.arange(5.0)) is not None


def test_interval_agrees_with_the_normal_one_for_many_sessions_and_is_the_same_each_time():
    daily = np.random.default_rng(3).normal(50.0, 200.0, 400)
    interval = mean_ci95(daily)
    assert interval is not None
    half = 1.96 * daily.std() / 20.0
    assert interval[0] == pytest.approx(daily.mean() - half, abs=0.1 * half)
    assert interval[1] == pytest.approx(daily.mean() + half, abs=0.1 * half)
    assert mean_ci95(daily) == interval
