"""Stress sets over what is held, at the set times of a session."""

from collections.abc import Sequence

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.exposure import Line
from autotrade_0dte.risk.stress import StressResult, market_of, stress, stress_legs
from autotrade_0dte.risk.stress_params import StressParams, due

__all__ = ["STRESS_TOPIC", "SetStress"]

STRESS_TOPIC = "risk.stress"
"""Topic of the engine's bus that each `StressResult` is published on."""


class SetStress:
    """Asks at the first view from each set time on; a time with nothing held passes.

    Parameters
    ----------
    params : StressParams
        The sets.
    times_ns : sequence of int
        The set times, UTC ns.
    """

    __slots__ = ("_asked_ns", "_params", "_times_ns")

    def __init__(self, params: StressParams, times_ns: Sequence[int]) -> None:
        self._params = params
        self._times_ns = times_ns
        self._asked_ns = 0

    def look(
        self, chain: ChainSnapshot, lines: Sequence[Line], equity: float
    ) -> StressResult | None:
        """Return what the sets cost where a set time has come since the view before."""
        now_ns, before_ns = chain.ts_event, self._asked_ns
        self._asked_ns = now_ns
        # A node that starts late does not make up for the times before.
        if not before_ns or not lines or not due(now_ns, before_ns, self._times_ns):
            return None
        rows = [line.contract.row for line in lines]
        if min(rows) < 0:
            return None
        legs = stress_legs(
            chain, rows, [line.held for line in lines], [line.contract.name for line in lines]
        )
        return stress(
            legs, market_of(chain), self._params, now_ns=now_ns, equity=equity,
            multiplier=lines[0].contract.multiplier,
        )  # fmt: skip
