import numpy as np
import pytest

from autotrade_0dte.data.synthetic.smile import SmileParams, volatility_ratio

X = np.linspace(-20, 20, 8_001)


def test_smile_is_one_at_the_money_and_skewed_down():
    below, at, above = volatility_ratio(np.array([-1.5, 0.0, 1.5]), SmileParams())
    assert at == pytest.approx(1)
    assert below > 1.1 > above


def test_smile_without_wings_is_flat():
    np.testing.assert_allclose(volatility_ratio(X, SmileParams(put_wing=0, call_wing=0)), 1)


def test_wings_have_the_slopes_of_the_parameters():
    params = SmileParams(put_wing=0.7, call_wing=1.3)
    squared = volatility_ratio(np.array([-2_000.0, -1_000.0, 1_000.0, 2_000.0]), params) ** 2
    assert squared[0] - squared[1] == pytest.approx(700, rel=1e-3)
    assert squared[3] - squared[2] == pytest.approx(1_300, rel=1e-3)


def test_default_smile_has_no_butterfly_arbitrage():
    # Durrleman's condition in normalized log-moneyness; terms of order of the variance left out.
    step = X[1] - X[0]
    squared = volatility_ratio(X, SmileParams()) ** 2
    first = np.gradient(squared, step)
    second = np.gradient(first, step)
    density = (1 - X * first / (2 * squared)) ** 2 - first**2 / (4 * squared) + second / 2
    assert density[5:-5].min() > 0.05


def test_smile_that_would_turn_negative_is_refused():
    with pytest.raises(ValueError, match="Expected a squared smile above 0, was -"):
        SmileParams(put_wing=2, call_wing=0.1, minimum=1, roundness=0.1)
