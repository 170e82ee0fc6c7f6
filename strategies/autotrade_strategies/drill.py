"""The strategy of `autotrade drill`: it trades for the sake of having something that can go wrong.

It knows nothing of the market, and is of no use but there.
"""

import math
from enum import StrEnum
from typing import Annotated

import msgspec
import numpy as np

from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy

__all__ = ["DrillParams", "DrillStrategy"]

_NS = 1_000_000_000
_SLACK = 0.10


class DrillParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it buys and for how long.

    Parameters
    ----------
    contracts : int, default 2
        Of each plan.
    depth : float, default 4
        Strike below the price of the underlying, dollars: such a call is quoted several ticks wide,
        so that there is room for an order to rest.
    entries : int, default 1
        Entries of a session; those of a process before this one count.
    hold_s : float, default 3600
        From the decision to the close of a plan, seconds.
    pause_s : float, default 0.5
        From an entry to the next, seconds.
    rests : bool, default false
        Whether the cap lies below the ask, so that the order mostly rests.
    """

    contracts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    depth: Annotated[float, msgspec.Meta(ge=-20, le=20)] = 4.0
    entries: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    hold_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 3_600.0
    pause_s: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.5
    rests: bool = False


class DrillStrategy(TradeStrategy):
    """Buys calls, holds them for their time, sells them, and buys again."""

    Params = DrillParams
    params: DrillParams

    def decide(self, view: MarketView) -> TradePlan | None:
        params, chain = self.params, view.chain
        is_early = chain.ts_event - self.last_entry_ns < params.pause_s * _NS
        if self.trades >= params.entries or is_early or math.isnan(chain.spot):
            return None
        away = np.where(chain.is_call, np.abs(chain.strike - chain.spot + params.depth), np.inf)
        row = int(np.argmin(away))
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        if not 0 < bid < ask:
            return None
        # A tick above the bid it rests within the spread; ten above the ask it crosses.
        cap = bid + 0.01 if params.rests else ask + _SLACK
        return TradePlan(
            plan_id=f"drill-{self.trades + 1}",
            direction=1,
            instrument_id=self.session.instrument_ids[row],
            quantity=params.contracts,
            entry_cap=round(cap, 2),
            decided_ns=chain.ts_event,
            worst_loss_usd=0.0,
            exits=_ONLY_ON_TIME,
            reason="DRILL",
        )

    def wants_out(self, view: MarketView, managed: ManagedPlan) -> StrEnum | None:
        age_s = (view.chain.ts_event - managed.plan.decided_ns) / _NS
        return ExitReason.TIME_STOP if managed.held and age_s >= self.params.hold_s else None


_ONLY_ON_TIME = ExitParams(
    profit_fraction=1_000,
    loss_fraction=1,
    theta_burn_fraction=1_000,
    hold_s=23_400,
    entry_timeout_s=600,
)
"""Rules that never close anything: what a drill closes is closed by its emergency, or in time."""
