import math

import pytest

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.composer import (
    Composer,
    FactorWeights,
    Multiples,
    RegimeWeights,
    SignalParams,
)
from autotrade_0dte.signals.factors import ABSTAINS, UNKNOWN
from autotrade_0dte.signals.signal import FACTORS, Factor, Reading

NS = 1_000_000_000
NO_WEIGHT = dict.fromkeys(map(str, FACTORS), 0.0)
TWO = FactorWeights(**(NO_WEIGHT | {"trend": 1.0, "momentum": 3.0}))
ONE_TO_THREE = SignalParams(
    weights=TWO, regime=RegimeWeights(l2=Multiples(momentum=0.0), l3=Multiples())
)


def said(**values):
    """Return readings by factor; a pair is value and confidence, all others are unknown."""
    found = dict.fromkeys(map(str, FACTORS), UNKNOWN)
    for factor, value in values.items():
        found[factor] = Reading(*value) if isinstance(value, tuple) else Reading(value, 1.0)
    return tuple(found.values())


def opinion(params=ONE_TO_THREE, level=Level.CALM, **values):
    return Composer(params).update(NS, level, said(**values))


def directions(scores, params=ONE_TO_THREE):
    composer = Composer(params)
    return [
        composer.update(second * NS, Level.CALM, said(trend=score, momentum=score))
        for second, score in enumerate(scores, start=1)
    ]


def test_score_is_the_weighted_mean_and_strength_its_size():
    found = opinion(trend=0.2, momentum=-0.8)
    assert found.score == pytest.approx((0.2 - 3 * 0.8) / 4)
    assert found.strength == pytest.approx(0.55)
    assert found.direction == -1


def test_confidence_scales_the_weight_of_a_reading():
    found = opinion(trend=(1.0, 1.0), momentum=(-1.0, 1 / 3))
    assert found.score == pytest.approx(0.0)


def test_factor_that_abstains_is_known_and_does_not_dilute():
    found = Composer(ONE_TO_THREE).update(
        NS, Level.CALM, (said(trend=0.6)[0], ABSTAINS, *[UNKNOWN] * 7)
    )
    assert (found.score, found.agreement, found.known_share) == (0.6, 1.0, 1.0)


def test_agreement_is_the_share_of_the_weight_that_points_the_same_way():
    assert opinion(trend=-0.2, momentum=0.9).agreement == pytest.approx(0.75)
    assert opinion(trend=0.0, momentum=0.9).agreement == pytest.approx(0.75)
    assert opinion(trend=0.2, momentum=0.9).agreement == 1.0
    assert opinion(trend=0.1, momentum=-0.1).agreement == 0.0  # no direction to agree with


def test_score_is_unknown_below_the_least_known_share():
    found = opinion(trend=0.9)
    assert math.isnan(found.score)
    assert (found.strength, found.direction, found.known_share) == (0.0, 0, 0.25)
    assert opinion(momentum=0.9).score == pytest.approx(0.9)


def test_score_is_zero_where_all_that_is_known_abstains():
    found = Composer(ONE_TO_THREE).update(NS, Level.CALM, (ABSTAINS,) * len(FACTORS))
    assert (found.score, found.direction, found.agreement) == (0.0, 0, 0.0)


def test_level_chooses_the_multiples_of_the_weights():
    values = {"trend": 0.8, "momentum": -0.8}
    by_level = [opinion(level=level, **values).score for level in Level]
    assert by_level == pytest.approx([-0.4, -0.4, 0.8, -0.4])


def test_level_at_which_nothing_weighs_is_refused():
    with pytest.raises(ValueError, match="Expected a weight above 0 at L3, was 0 for all"):
        SignalParams(regime=RegimeWeights(l3=Multiples(**NO_WEIGHT)))
    with pytest.raises(ValueError, match="Expected a weight above 0 at L2, was 0 for all"):
        SignalParams(weights=TWO, regime=RegimeWeights(l2=Multiples(trend=0.0, momentum=0.0)))


def test_score_is_unknown_where_no_factor_is_known_however_few_must_be():
    found = opinion(SignalParams(min_known_share=0.0))
    assert math.isnan(found.score)
    assert (found.strength, found.direction, found.known_share) == (0.0, 0, 0.0)


def test_by_default_the_move_of_the_moment_counts_more_from_l2_on():
    fast = dict.fromkeys(FACTORS, -0.5) | {Factor.MOMENTUM: 1.0, Factor.VOLUME: 1.0}
    scores = [
        Composer(SignalParams())
        .update(NS, level, tuple(Reading(v, 1.0) for v in fast.values()))
        .score
        for level in Level
    ]
    assert scores[Level.L3] == scores[Level.L2] > scores[Level.L1] == scores[Level.CALM]


def test_direction_begins_and_ends_at_different_strengths():
    found = directions([0.29, 0.30, 0.16, 0.29, 0.15, 0.29])
    assert [each.direction for each in found] == [0, 1, 1, 1, 0, 0]


def test_onset_is_when_the_direction_began():
    found = directions([0.5, 0.2, -0.5, -0.2, 0.0, -0.5])
    assert [each.onset_ns // NS for each in found] == [1, 1, 3, 3, 0, 6]
    assert [each.direction for each in found] == [1, 1, -1, -1, 0, -1]


def test_reversal_too_weak_to_begin_ends_the_direction():
    assert [each.direction for each in directions([0.5, -0.2])] == [1, 0]


def test_unknown_score_ends_the_direction():
    composer = Composer(ONE_TO_THREE)
    assert composer.update(NS, Level.CALM, said(momentum=0.9)).direction == 1
    assert composer.update(2 * NS, Level.CALM, said()).direction == 0
    again = composer.update(3 * NS, Level.CALM, said(momentum=0.9))
    assert (again.direction, again.onset_ns) == (1, 3 * NS)


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match=r"end_strength below begin_strength, was 0\.3 and 0\.3"):
        SignalParams(begin_strength=0.3, end_strength=0.3)


def test_weights_of_nothing_are_refused():
    with pytest.raises(ValueError, match="weight above 0"):
        FactorWeights(**NO_WEIGHT)
