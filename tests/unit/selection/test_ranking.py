"""Scores, their order, and what a ranking carries."""

import math

import msgspec
import numpy as np
import pytest
from quoted_chain import EXPIRY_NS, QuotedChain

from autotrade_0dte.selection.params import SelectionLimits, SelectionParams, TermWeights
from autotrade_0dte.selection.ranking import TERMS, Fall, Structure, Term
from autotrade_0dte.selection.select import select


def only(term: Term) -> SelectionParams:
    """Return parameters in which one term alone decides."""
    return SelectionParams(weights=TermWeights(**{name: float(name == term) for name in TERMS}))


def test_weights_follow_the_order_of_the_terms() -> None:
    assert TermWeights.__struct_fields__ == tuple(Term)


@pytest.mark.parametrize("term", TERMS)
def test_a_single_weight_makes_its_term_the_score(sound, limits, term) -> None:
    found = select(sound.snapshot, 1, only(term), limits)
    offered = found.falls == Fall.NONE
    assert offered.sum() > 1
    np.testing.assert_array_equal(found.scores[offered], found.terms[TERMS.index(term), offered])


def test_the_score_is_the_weighted_mean_of_the_terms(sound, limits) -> None:
    weights = TermWeights(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    found = select(sound.snapshot, 1, SelectionParams(weights=weights), limits)
    for candidate in found.candidates:
        expected = np.average(candidate.terms, weights=[1, 2, 3, 4, 5, 6])
        assert candidate.score == pytest.approx(expected)


def test_delta_fit_is_one_at_the_target_and_zero_at_the_far_end_of_the_band(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    params = SelectionParams(min_delta=0.20, target_delta=0.40, max_delta=0.60)
    for delta, fit in ((0.40, 1.0), (0.20, 0.0), (0.60, 0.0), (0.45, 0.75)):
        found = select(sound.spoiled(row, delta=delta), 1, params, limits)
        assert found.terms[TERMS.index(Term.DELTA_FIT), row] == pytest.approx(fit)


def test_a_band_of_one_delta_fits_it_fully(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    params = SelectionParams(min_delta=0.40, target_delta=0.40, max_delta=0.40)
    found = select(sound.spoiled(row, delta=0.40), 1, params, limits)
    assert found.terms[TERMS.index(Term.DELTA_FIT), row] == 1.0


@pytest.mark.parametrize(
    ("term", "better"),
    [
        (Term.GAMMA_PER_PREMIUM, {"gamma": 0.5}),
        (Term.LIQUIDITY, {"bid_size": 500.0, "ask_size": 500.0}),
        (Term.THETA_BURN, {"theta": -10.0}),
        (Term.SPREAD_COST, {"delta": 0.55}),
        (Term.PAYOFF, {"ask": 1.31}),
    ],
)
def test_a_better_figure_raises_its_term(sound, limits, term, better) -> None:
    row = sound.row(601.0, is_call=True)
    before = select(sound.snapshot, 1, SelectionParams(), limits).terms[TERMS.index(term), row]
    after = select(sound.spoiled(row, **better), 1, SelectionParams(), limits)
    assert before < after.terms[TERMS.index(term), row] <= 1.0


def test_terms_of_a_single_option_by_hand(sound, limits) -> None:
    chain, row = sound.snapshot, sound.row(601.0, is_call=True)
    found = select(chain, 1, SelectionParams(), limits)
    move = chain.analytics.implied_move * math.sqrt(1 / 6)
    convexity = 0.5 * chain.gamma[row] * move**2 / chain.ask[row]
    spread = chain.ask[row] - chain.bid[row]
    half_hour = 0.5 / (365 * 24)
    expected = {
        Term.GAMMA_PER_PREMIUM: convexity / (convexity + 0.05),
        Term.LIQUIDITY: 50 / 70 / (1 + spread / chain.mid[row] / 0.05),
        Term.SPREAD_COST: 1 - spread / (chain.delta[row] * move) / 0.50,
        Term.THETA_BURN: 1 + chain.theta[row] * half_hour / chain.ask[row],
    }
    for term, value in expected.items():
        assert found.terms[TERMS.index(term), row] == pytest.approx(value), term


def test_equal_scores_are_ranked_by_row(sound, limits) -> None:
    # Without any gain in the scenarios, payoff alone gives every row the same score: zero.
    judged = msgspec.structs.replace(limits, fee_usd=5_000.0)
    found = select(sound.snapshot, 1, only(Term.PAYOFF), judged)
    rows = [candidate.row for candidate in found.candidates]
    assert len(rows) > 2
    assert {candidate.score for candidate in found.candidates} == {0.0}
    assert rows == sorted(rows)


def test_only_the_best_are_listed_but_all_are_counted(sound, limits) -> None:
    everything = select(sound.snapshot, 1, SelectionParams(), limits)
    found = select(sound.snapshot, 1, SelectionParams(keep=2), limits)
    assert found.offered == everything.offered > 2
    assert found.candidates == everything.candidates[:2]
    np.testing.assert_array_equal(found.scores, everything.scores)


@pytest.mark.parametrize("structure", Structure)
def test_a_chain_with_nothing_to_offer_gives_an_empty_ranking(sound, limits, structure) -> None:
    params = SelectionParams(structure=structure, min_size=1_000.0)
    found = select(sound.snapshot, 1, params, limits)
    assert found.offered == 0
    assert found.candidates == ()
    assert np.isnan(found.scores).all()


def test_a_single_option_states_its_touch_and_greeks(sound, limits) -> None:
    chain = sound.snapshot
    best = select(chain, -1, SelectionParams(), limits).candidates[0]
    assert best.short_row == -1
    assert best.debit == chain.ask[best.row]
    assert best.delta == chain.delta[best.row] < 0.0
    assert best.theta_per_hour == pytest.approx(-chain.theta[best.row] / (365 * 24))
    assert best.displayed == chain.ask_size[best.row]


def test_a_ranking_cannot_be_changed(sound, limits) -> None:
    found = select(sound.snapshot, 1, SelectionParams(), limits)
    for column in (found.falls, found.scores, found.terms):
        assert not column.flags.writeable


def test_a_hold_beyond_expiry_ends_at_it(sound, limits) -> None:
    to_expiry = msgspec.structs.replace(limits, hold_s=3 * 3_600.0)
    longer = msgspec.structs.replace(limits, hold_s=9 * 3_600.0)
    one, other = (select(sound.snapshot, 1, SelectionParams(), x) for x in (to_expiry, longer))
    assert one.offered > 1
    assert one.candidates == other.candidates


def test_nothing_is_offered_at_expiry(limits) -> None:
    quoted = QuotedChain(np.arange(590.0, 611.0), 0.4)
    found = select(quoted.book.snapshot(EXPIRY_NS, 600.0), 1, SelectionParams(), limits)
    assert found.offered == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"min_delta": 0.5}, "Expected min_delta <= target_delta <= max_delta, was 0.5, 0.4, 0.6"),
        ({"min_premium": 60.0}, "Expected min_premium of at most max_premium, was 60.0 and 50.0"),
    ],
)
def test_parameters_that_leave_nothing_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        SelectionParams(**wrong)


def test_weights_of_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected a weight above zero, was 0 for every term"):
        TermWeights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hold_s": 0.0}, "Expected hold_s above zero, was 0.0"),
        ({"hold_s": math.nan}, "Expected hold_s above zero, was nan"),
        ({"fee_usd": -1.0}, "Expected fee_usd of at least zero, was -1.0"),
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong, message) -> None:
    usual = {"budget_usd": 500.0, "fee_usd": 6.4, "hold_s": 1_800.0}
    with pytest.raises(ValueError, match=message):
        SelectionLimits(**usual | wrong)
