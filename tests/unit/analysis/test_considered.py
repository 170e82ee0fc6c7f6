"""Candidates of a decision, offered and fallen."""

import math
from typing import Any

from autotrade_0dte.analysis.considered import considered
from autotrade_0dte.selection.ranking import TERMS


def row(strike: float, rank: int = 0, fall: str = "DELTA_BAND") -> dict[str, Any]:
    return {
        "rank": rank, "instrument_id": f"C{strike:g}", "short_instrument_id": None, "right": "C",
        "strike": strike, "bid": 1.0, "ask": 1.1, "delta": 0.4, "score": 1 / rank if rank else
        math.nan, "debit": 1.1, "worst_loss": 112.0, "fall": "" if rank else fall,
        **{term: n / 10 for n, term in enumerate(TERMS)},
    }  # fmt: skip


def test_decision_without_candidates_has_none() -> None:
    assert considered([], 600.0) is None


def test_offered_contracts_come_by_rank_and_only_the_first() -> None:
    found = considered([row(601, 2), row(600, 1), row(602, 3)], 600.0, most_offered=2)
    assert found is not None
    assert [each.instrument_id for each in found.best] == ["C600", "C601"]
    assert (found.offered, found.refused, found.right) == (3, 0, "C")
    assert found.best[0].terms == tuple(n / 10 for n in range(len(TERMS)))


def test_fallen_are_grouped_by_reason_most_first() -> None:
    rows = [row(600, 1), row(610, fall="SPREAD"), row(611), row(612)]
    found = considered(rows, 600.0)
    assert found is not None
    assert [(group.fall, group.count) for group in found.falls] == [
        ("DELTA_BAND", 2),
        ("SPREAD", 1),
    ]
    assert found.refused == 3


def test_nearest_misses_are_next_to_the_best_contract() -> None:
    rows = [row(strike) for strike in (590, 604, 607, 620)] + [row(605, 1)]
    found = considered(rows, 590.0, most_nearest=2)
    assert found is not None
    assert [each.strike for each in found.falls[0].nearest] == [604, 607]


def test_nearest_misses_are_next_to_the_spot_where_nothing_was_offered() -> None:
    found = considered([row(590), row(604), row(620)], 618.0, most_nearest=1)
    assert found is not None
    assert [each.strike for each in found.falls[0].nearest] == [620]


def test_misses_keep_their_order_where_the_spot_is_unknown_too() -> None:
    found = considered([row(590), row(604)], math.nan, most_nearest=1)
    assert found is not None
    assert [each.strike for each in found.falls[0].nearest] == [590]
