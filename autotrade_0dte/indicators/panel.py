"""All indicators of one session, brought up to date by each chain snapshot."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.change import ChangePerMinute
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.fresh_memory import fresh_memory
from autotrade_0dte.indicators.measure import MEASURED, measure
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.values import IndicatorValues

__all__ = ["IndicatorPanel"]

_NS = 1_000_000_000
_LOOKING_BACK = 18  # figures of `measure` that come before those of the chain


class IndicatorPanel:
    """Indicators of one session.

    A price is observed once, at the time of its print: a snapshot that repeats it adds nothing,
    though windows go on. Prints outside the session are not looked at, nor one that is older than
    the newest seen; a print stamped after its snapshot (clock skew of a live feed) counts as of the
    snapshot.

    Parameters
    ----------
    params : IndicatorParams
        Windows.
    open_ns, close_ns : int
        The session, UTC ns.
    usual_volume_rate : float64 (minutes of the session,), optional
        Usual shares a second in each minute after the open, NaN where unknown.
    """

    def __init__(
        self,
        params: IndicatorParams,
        *,
        open_ns: int,
        close_ns: int,
        usual_volume_rate: NDArray[np.float64] | None = None,
    ) -> None:
        self._memory = fresh_memory(
            params, open_ns=open_ns, close_ns=close_ns, usual_volume_rate=usual_volume_rate
        )
        self._figures = np.empty(MEASURED)
        self._updates = 0
        self._now_ns = 0
        self._skew_change = ChangePerMinute(params.skew_window_s)

    def update(self, chain: ChainSnapshot) -> IndicatorValues:
        """Take the next snapshot and return the indicators as of its instant.

        Raises ValueError for a snapshot that is older than the one before.
        """
        now_ns = chain.ts_event
        if now_ns < self._now_ns:
            raise ValueError(f"Expected a snapshot from {self._now_ns} ns on, was {now_ns}")
        self._now_ns = now_ns
        self._make_room()
        tape, analytics = chain.tape, chain.analytics
        price_ns, age_s = measure(
            now_ns, tape.ts_event, chain.spot, tape.volume, tape.turnover,
            analytics.gex, chain.forward, analytics.gex_flip,
            chain.strike, chain.is_call, chain.gex, chain.quote_age_s,
            *self._memory, self._figures,
        )  # fmt: skip
        figures = self._figures.tolist()
        # In the order of the fields, by which the struct takes them soonest.
        values: tuple[Any, ...] = (
            now_ns,
            price_ns,
            *figures[:_LOOKING_BACK],
            analytics.atm_iv_change_per_min,
            self._skew_per_min(now_ns, age_s, analytics.skew),
            *figures[_LOOKING_BACK:],
        )
        return IndicatorValues(*values)

    def _make_room(self) -> None:
        """See to it that each table has room for one more row: an update adds one at most."""
        memory = self._memory
        if self._updates == memory.prints.size:
            self._memory = memory._replace(
                prints=_grown(memory.prints),
                returns=_grown(memory.returns),
                volumes=_grown(memory.volumes),
            )
        self._updates += 1

    def _skew_per_min(self, now_ns: int, age_s: float, skew: float) -> float:
        """Return the change of the skew; it is as old as the newest quote of the chain."""
        if math.isnan(age_s):
            return math.nan
        return self._skew_change.update(now_ns - round(age_s * _NS), skew)


def _grown(table: NDArray[Any]) -> NDArray[Any]:
    """Return a table with room for twice as many rows."""
    return np.concatenate([table, np.zeros_like(table)])
