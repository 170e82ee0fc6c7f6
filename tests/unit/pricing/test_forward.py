"""The implied forward of small hand-made chains."""

import math

import numpy as np
import pytest

from autotrade_0dte.pricing.forward import implied_forward

NAN = math.nan


def quotes(
    strike: list[float], call_mid: list[float], put_mid: list[float], half_spread: list[float]
) -> tuple[np.ndarray, ...]:
    call, put, half = np.array(call_mid), np.array(put_mid), np.array(half_spread)
    return (np.array(strike), call - half, call + half, put - half, put + half)


def test_forward_of_one_pair_is_strike_plus_undiscounted_call_less_put():
    forward = implied_forward(*quotes([600.0], [3.0], [1.0], [0.05]), discount=0.5)

    assert forward.value == pytest.approx(604.0)
    assert forward.pairs == 1
    assert forward.spread == 0.0


def test_tight_pair_outvotes_two_wide_ones():
    chain = quotes([600.0, 605.0, 610.0], [3.0, 1.0, 0.5], [1.0, 5.0, 9.0], [0.02, 0.1, 0.1])

    forward = implied_forward(*chain, discount=1.0)

    assert forward.value == pytest.approx(602.0)  # the others say 601 and 601.5
    assert forward.pairs == 3


def test_spread_is_the_weighted_interquartile_range():
    said = np.array([600.0, 601.0, 602.0, 603.0, 604.0, 605.0, 606.0, 607.0])
    chain = quotes([600.0] * 8, list(said - 600 + 2), [2.0] * 8, [0.05] * 8)

    forward = implied_forward(*chain, discount=1.0)

    assert forward.value == pytest.approx(603.0)
    assert forward.spread == pytest.approx(605.0 - 601.0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (1, NAN),
        (2, NAN),
        (3, NAN),
        (4, NAN),
        (1, 0.0),
        (3, 0.0),
        (2, 0.0),
        (1, 9.0),
        (3, 9.0),
        (2, math.inf),
        (4, math.inf),
        (0, NAN),
    ],
    ids=[
        "call bid missing",
        "call ask missing",
        "put bid missing",
        "put ask missing",
        "no call bid",
        "no put bid",
        "no call ask",
        "call crossed",
        "put crossed",
        "call ask infinite",
        "put ask infinite",
        "strike missing",
    ],
)
def test_pair_without_two_good_quotes_does_not_count(column, value):
    chain = quotes([600.0, 605.0], [3.0, 1.0], [1.0, 5.0], [0.05, 0.01])
    chain[column][1] = value

    forward = implied_forward(*chain, discount=1.0)

    assert forward.value == pytest.approx(602.0)
    assert forward.pairs == 1


def test_locked_pair_weighs_like_a_cent_and_not_without_bound():
    chain = quotes([600.0, 605.0, 610.0], [51.0, 1.0, 1.0], [1.0, 4.0, 9.0], [0.0, 0.005, 0.005])

    forward = implied_forward(*chain, discount=1.0)

    assert forward.value == pytest.approx(602.0)  # the locked pair says 650
    assert forward.pairs == 3


def test_chain_without_a_usable_pair_has_no_forward():
    chain = quotes([600.0], [3.0], [1.0], [0.05])
    chain[1][0] = NAN

    forward = implied_forward(*chain, discount=1.0)

    assert math.isnan(forward.value)
    assert math.isnan(forward.spread)
    assert forward.pairs == 0


def test_empty_chain_has_no_forward():
    forward = implied_forward(*(np.empty(0) for _ in range(5)), discount=1.0)

    assert math.isnan(forward.value)
    assert forward.pairs == 0


def test_columns_of_different_length_raise():
    strike, *sides = quotes([600.0, 605.0], [3.0, 1.0], [1.0, 5.0], [0.05, 0.05])

    with pytest.raises(ValueError, match="could not broadcast"):
        implied_forward(strike[:1].repeat(3), *sides, discount=1.0)
