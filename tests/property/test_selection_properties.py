"""Laws of contract selection on random chains, against rules written out row by row."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_selection import Judged, PlainSelection
from quoted_chain import EXPIRY_NS

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.products import product
from autotrade_0dte.risk.scenarios import ScenarioParams
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams, ShortLeg, TermWeights
from autotrade_0dte.selection.ranking import Fall, Ranking, Structure
from autotrade_0dte.selection.select import select

HOUR_NS = 3_600_000_000_000
FEW = settings(max_examples=80, deadline=None)


class Case(NamedTuple):
    """Arguments of `select`."""

    chain: ChainSnapshot
    direction: int
    params: SelectionParams
    limits: SelectionLimits

    def plain(self) -> list[Judged]:
        return PlainSelection(*self).judge()


def random_chain(seed: int, hours: float, vol: float) -> ChainSnapshot:
    """Return a chain with a smile, uneven strikes and, in a fifth of its rows, a spoiled quote."""
    rng = np.random.default_rng(seed)
    levels = 592.0 + np.cumsum(rng.choice([0.25, 0.5, 1.0], 31))
    strike = np.repeat(levels, 2)
    is_call = np.tile([True, False], levels.size)
    kept = rng.random(strike.size) > 0.03
    strike, is_call = strike[kept], is_call[kept]
    n = strike.size
    interest = np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 60, n))
    params = ChainParams()
    book = OptionChainBook(strike, is_call, EXPIRY_NS, params, interest, facts=product("SPY"))
    now_ns = EXPIRY_NS - int(hours * HOUR_NS)
    smile = vol * (1.0 + 4.0 * np.abs(strike / 600.0 - 1.0))
    price = price_and_greeks(smile, 600.0, strike, hours / 8760, 0.04, is_call).price
    half = rng.uniform(0.0, 0.03, n) * price + rng.choice([0.0, 0.005, 0.01], n)
    book.bid[:] = np.floor(np.maximum(price - half, 0.0) * 100) / 100
    book.ask[:] = np.ceil((price + half) * 100) / 100
    book.bid_size[:], book.ask_size[:] = rng.integers(0, 60, (2, n))
    book.ts_event[:] = now_ns - rng.integers(0, 36_000_000_000, n)
    spoil = rng.integers(0, 30, n)
    book.bid[spoil == 0] = 0.0
    book.ask[spoil == 1] = 0.0
    book.bid[spoil == 2] = book.ask[spoil == 2] + 0.01
    book.bid[spoil == 3] = np.nan
    book.ts_event[spoil == 4] = 0
    book.ask[spoil == 5] *= 1.6
    book.bid_size[spoil == 6] = np.nan
    return book.snapshot(now_ns, 600.0)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    chain = random_chain(
        draw(st.integers(0, 2**32 - 1)), draw(st.floats(0.3, 6.5)), draw(st.floats(0.1, 0.8))
    )
    low, high = draw(st.floats(0.01, 0.4)), draw(st.floats(0.45, 0.99))
    weights = draw(st.tuples(*[st.floats(0.0, 3.0)] * 5))
    params = SelectionParams(
        structure=draw(st.sampled_from(Structure)),
        target_delta=draw(st.floats(low, high)),
        min_delta=low,
        max_delta=high,
        min_premium=draw(st.sampled_from([0.05, 0.10, 0.30])),
        max_premium=draw(st.sampled_from([1.5, 50.0, 50.0])),
        max_spread_fraction=draw(st.sampled_from([0.05, 0.2, 1.0])),
        max_quote_age_s=draw(st.sampled_from([5.0, 30.0, 100.0])),
        max_tick_fraction=draw(st.sampled_from([0.01, 0.05, 0.5])),
        min_size=draw(st.sampled_from([0.0, 1.0, 10.0])),
        min_open_interest=draw(st.sampled_from([0.0, 10.0])),
        unknown_open_interest_passes=draw(st.booleans()),
        max_spread_to_move=draw(st.sampled_from([0.2, 0.5, 5.0])),
        short_leg=draw(st.sampled_from(ShortLeg)),
        width_strikes=draw(st.integers(1, 4)),
        short_delta=draw(st.floats(0.05, 0.5)),
        weights=TermWeights(0.5, *weights),
        scenarios=ScenarioParams(
            hold_move_multiple=draw(st.floats(0.5, 3.0)), vol_up_fraction=draw(st.floats(0.0, 0.5))
        ),
    )
    limits = SelectionLimits(
        budget_usd=draw(st.sampled_from([60.0, 200.0, 1e6])),
        fee_usd=draw(st.sampled_from([0.0, 6.4])),
        hold_s=draw(st.sampled_from([60.0, 600.0, 1800.0])),
        tick_below_3=draw(st.sampled_from([0.01, 0.05])),
        tick_from_3=draw(st.sampled_from([0.01, 0.10])),
    )
    return Case(chain, draw(st.sampled_from([1, -1])), params, limits)


def ranked(ranking: Ranking) -> list[tuple[int, int]]:
    return [(candidate.row, candidate.short_row) for candidate in ranking.candidates]


@FEW
@given(cases())
def test_every_row_falls_for_the_reason_that_the_plain_rules_give(case: Case) -> None:
    found = select(*case)
    expected = case.plain()
    assert [Fall(fall) for fall in found.falls] == [row.fall for row in expected]
    assert found.offered == sum(row.fall is Fall.NONE for row in expected)


@FEW
@given(cases())
def test_every_term_and_score_is_what_the_plain_rules_give(case: Case) -> None:
    found = select(*case)
    for row, judged in enumerate(case.plain()):
        if judged.fall is Fall.NONE:
            assert found.terms[:, row] == pytest.approx(judged.terms, rel=1e-7, abs=1e-7)
            assert found.scores[row] == pytest.approx(judged.score, rel=1e-7, abs=1e-7)
        else:
            assert math.isnan(found.scores[row])
            assert np.isnan(found.terms[:, row]).all()


@FEW
@given(cases())
def test_candidates_are_the_best_rows_in_order_and_lose_at_most_the_budget(case: Case) -> None:
    found = select(*case)
    expected = case.plain()
    offered = np.flatnonzero(found.falls == Fall.NONE)
    order = sorted(offered, key=lambda row: (-found.scores[row], row))[: case.params.keep]
    assert ranked(found) == [(row, expected[row].short_row) for row in order]
    for candidate in found.candidates:
        judged = expected[candidate.row]
        assert candidate.worst_loss <= case.limits.budget_usd
        assert candidate.worst_loss == pytest.approx(judged.worst_loss, rel=1e-7, abs=1e-6)
        assert candidate.debit == pytest.approx(judged.debit)
        assert candidate.score == found.scores[candidate.row]
        assert candidate.terms == tuple(found.terms[:, candidate.row])


@FEW
@given(cases())
def test_a_loss_is_bounded_by_the_debit_and_the_fees(case: Case) -> None:
    legs = 2 if case.params.structure is Structure.DEBIT_VERTICAL else 1
    for candidate in select(*case).candidates:
        most = case.limits.multiplier * candidate.debit + legs * case.limits.fee_usd
        assert 0.0 < candidate.worst_loss <= most + 1e-9


@FEW
@given(cases())
def test_a_vertical_sells_further_out_of_the_money_for_less_than_it_is_wide(case: Case) -> None:
    chain = case.chain
    params = SelectionParams(
        structure=Structure.DEBIT_VERTICAL, short_leg=case.params.short_leg,
        short_delta=case.params.short_delta, max_spread_fraction=1.0, max_spread_to_move=10.0,
    )  # fmt: skip
    for candidate in select(chain, case.direction, params, case.limits).candidates:
        width = case.direction * (chain.strike[candidate.short_row] - chain.strike[candidate.row])
        assert width > 0.0
        assert chain.is_call[candidate.short_row] == chain.is_call[candidate.row]
        assert chain.bid[candidate.short_row] > 0.0
        assert 0.0 < candidate.debit < width


@FEW
@given(cases(), st.data())
def test_a_row_with_an_unknown_figure_is_never_offered(case: Case, data: st.DataObject) -> None:
    offered = select(*case)
    if not offered.candidates:
        return
    row = offered.candidates[0].row
    name = data.draw(st.sampled_from(["mid", "iv", "delta", "bid_size", "ask_size", "quote_age_s"]))
    column = getattr(case.chain, name).copy()
    column[row] = math.nan
    found = select(with_column(case.chain, name, column), *case[1:])
    assert found.falls[row] != Fall.NONE
    assert not np.isnan(found.scores[found.falls == Fall.NONE]).any()


def with_column(chain: ChainSnapshot, name: str, column: np.ndarray) -> ChainSnapshot:
    fields = {field: getattr(chain, field) for field in ChainSnapshot.__struct_fields__}
    return ChainSnapshot(**fields | {name: column})


@FEW
@given(cases())
def test_the_same_chain_gives_the_same_ranking(case: Case) -> None:
    one, other = select(*case), select(*case)
    assert one.candidates == other.candidates
    np.testing.assert_array_equal(one.falls, other.falls)
    np.testing.assert_array_equal(one.scores, other.scores)
