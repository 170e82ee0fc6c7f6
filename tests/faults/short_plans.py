"""A strategy that always has something under way: plans of seconds, of one leg and of two."""

import math

import msgspec
import numpy as np

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy

__all__ = ["ShortPlans", "ShortPlansParams"]

_IN_THE_MONEY = 4.0
"""Such a call is quoted five ticks wide: there is something to walk through."""
_WIDTH = 2.0
_SLACK = 0.15
_CONTRACTS = 3


class ShortPlansParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a plan is held, seconds, and how many there are at most."""

    hold_s: int = 3
    most: int = 50


class ShortPlans(TradeStrategy):
    """Buys calls in the money: every third one patiently, every fourth against one further out.

    The simulator has a cash account, which sells nothing short: the short leg is refused there.
    """

    Params = ShortPlansParams
    params: ShortPlansParams

    @property
    def urgency(self) -> Urgency:
        return Urgency.NORMAL if self.trades % 3 == 0 else Urgency.URGENT

    def decide(self, view: MarketView) -> TradePlan | None:
        chain = view.chain
        if math.isnan(chain.spot) or self.trades >= self.params.most:
            return None
        row = _call(chain, chain.spot - _IN_THE_MONEY)
        ask = float(chain.ask[row])
        if not ask > 0:
            return None
        cap = round(ask + _SLACK, 2)
        short, net_cap = None, math.nan
        if self.trades % 4 == 3:
            short = _call(chain, float(chain.strike[row]) + _WIDTH)
            net_cap = round(cap - float(chain.bid[short]) + _SLACK, 2)
            if not 0 < net_cap < cap:
                return None
        names = self.session.instrument_ids
        return TradePlan(
            plan_id=f"P{self.trades + 1:03d}",
            direction=1,
            instrument_id=names[row],
            quantity=_CONTRACTS,
            entry_cap=cap,
            decided_ns=chain.ts_event,
            worst_loss_usd=0.0,
            exits=ExitParams(
                profit_fraction=1_000, loss_fraction=1, theta_burn_fraction=1_000,
                hold_s=self.params.hold_s, entry_timeout_s=2, leg_timeout_s=2,
            ),
            reason="SHORT_PLANS",
            short_instrument_id=None if short is None else names[short],
            net_cap=net_cap,
        )  # fmt: skip


def _call(chain: ChainSnapshot, strike: float) -> int:
    """Return the row of the call nearest to a strike."""
    return int(np.argmin(np.where(chain.is_call, np.abs(chain.strike - strike), np.inf)))
