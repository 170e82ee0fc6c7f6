"""The contracts considered for a decision, as rows of the table of candidates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from nautilus_trader.model import OptionContract

from autotrade_0dte.actors.row_buffer import Columns
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import Decision
from autotrade_0dte.selection.ranking import TERMS, Fall, Ranking

__all__ = ["CandidateRows"]

_COLUMNS = (
    "ts_event", "strategy", "plan_id", "rank", "instrument_id", "short_instrument_id", "right",
    "strike", "bid", "ask", "delta", "score", *TERMS, "debit", "worst_loss", "fall",
)  # fmt: skip
_FALL_NAMES = np.array(["" if fall is Fall.NONE else fall.name for fall in Fall], dtype=object)


class CandidateRows:
    """Collects one row for every contract of the wanted right at each decision with a ranking.

    Parameters
    ----------
    contracts : sequence of OptionContract
        The chain in the order of its rows.
    """

    def __init__(self, contracts: Sequence[OptionContract]) -> None:
        self._names = np.array([str(contract.id) for contract in contracts], dtype=object)
        self._parts: list[Columns] = []

    def add(self, decision: Decision, ranking: Ranking, chain: ChainSnapshot) -> None:
        """Take in the ranking of a decision and the chain that it was made on."""
        rows = np.flatnonzero(chain.is_call == (ranking.direction > 0))
        rank, short, debit, worst_loss = self._offered(ranking)
        self._parts.append(
            {
                "ts_event": np.full(len(rows), decision.ts_event),
                "strategy": [decision.strategy] * len(rows),
                "plan_id": [decision.plan_id] * len(rows),
                "rank": rank[rows],
                "instrument_id": self._names[rows],
                "short_instrument_id": short[rows],
                "right": ["C" if ranking.direction > 0 else "P"] * len(rows),
                "strike": chain.strike[rows],
                "bid": chain.bid[rows],
                "ask": chain.ask[rows],
                "delta": chain.delta[rows],
                "score": ranking.scores[rows],
                **{term: ranking.terms[at, rows] for at, term in enumerate(TERMS)},
                "debit": debit[rows],
                "worst_loss": worst_loss[rows],
                "fall": _FALL_NAMES[ranking.falls[rows]],
            }
        )

    def columns(self) -> Columns:
        """Return the table."""
        if not self._parts:
            return {name: [] for name in _COLUMNS}
        return {name: np.concatenate([part[name] for part in self._parts]) for name in _COLUMNS}

    def _offered(self, ranking: Ranking) -> tuple[Any, Any, Any, Any]:
        """Return rank, short leg, debit and worst loss by chain row.

        Candidates come first, then the others that passed every filter, by score.
        """
        count = len(ranking.falls)
        rank = np.zeros(count, np.int64)
        passed = np.flatnonzero(ranking.falls == Fall.NONE)
        best_first = passed[np.argsort(-ranking.scores[passed], kind="stable")]
        listed = [candidate.row for candidate in ranking.candidates]
        order = [*listed, *(row for row in best_first.tolist() if row not in set(listed))]
        rank[order] = np.arange(1, len(order) + 1)
        short = np.full(count, None, dtype=object)
        debit, worst_loss = np.full(count, np.nan), np.full(count, np.nan)
        for candidate in ranking.candidates:
            if candidate.short_row >= 0:
                short[candidate.row] = self._names[candidate.short_row]
            debit[candidate.row] = candidate.debit
            worst_loss[candidate.row] = candidate.worst_loss
        return rank, short, debit, worst_loss
