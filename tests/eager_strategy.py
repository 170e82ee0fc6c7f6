"""A strategy that trades often, for tests of nodes: a cap above the ask and no price exits.

Its decisions hang on the market alone, not on how fast an order was filled: what a live run decides
can be compared with its backtest however the fills differ.
"""

import msgspec
import numpy as np
from planned_strategy import HELD

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy

_NS = 1_000_000_000
_PREMIUM_USD = 500.0
_MOST = 10
_DELTA = 0.40


class EagerParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least momentum in basis points, times in seconds and the most entries of the session.

    With `settle_s` the first entry waits so long, and for the next full `settle_s` of the clock:
    two runs of one market whose first snapshots are a moment apart then begin at one instant.
    A large `slack_usd` has entries filled wherever the market goes: one that is passed by in one of
    two runs alone would change all that follows.
    """

    slack_usd: float = 0.15
    min_momentum_bps: float = 0.0
    settle_s: int = 0
    warm_up_s: int = 0
    cool_down_s: int = 300
    hold_s: int = 1_800
    entry_timeout_s: int = 30
    max_trades: int = 6


class EagerStrategy(TradeStrategy):
    """Buys a call when trend and momentum are up, a put when they are down, and holds it a while.

    It pays up to `slack_usd` above the ask.
    """

    Params = EagerParams
    params: EagerParams

    def __init__(self, session: TradingSession, params: EagerParams, allotment: Allotment) -> None:
        super().__init__(session, params, allotment)
        begins_ns = session.open_ns + params.warm_up_s * _NS
        self._next_entry_ns = 0 if params.settle_s else begins_ns

    def decide(self, view: MarketView) -> TradePlan | None:
        params, chain = self.params, view.chain
        if params.settle_s and not self._next_entry_ns:
            full_ns = params.settle_s * _NS
            self._next_entry_ns = (self.watching_since_ns // full_ns + 2) * full_ns
        direction = self._direction(view)
        is_due = chain.ts_event >= self._next_entry_ns and self.trades < params.max_trades
        row = _nearest(chain, is_call=direction > 0) if direction and is_due else None
        if row is None:
            return None
        self._next_entry_ns = chain.ts_event + params.cool_down_s * _NS
        ask = float(chain.ask[row])
        return TradePlan(
            plan_id=f"P{self.trades + 1:03d}",
            direction=direction,
            instrument_id=self.session.instrument_ids[row],
            quantity=max(1, min(int(_PREMIUM_USD / (ask * self.session.multiplier)), _MOST)),
            entry_cap=round(ask + params.slack_usd, 2),
            decided_ns=chain.ts_event,
            worst_loss_usd=0.0,
            exits=msgspec.structs.replace(
                HELD, hold_s=params.hold_s, entry_timeout_s=params.entry_timeout_s
            ),
            reason="TREND_UP" if direction > 0 else "TREND_DOWN",
        )

    def _direction(self, view: MarketView) -> int:
        least = self.params.min_momentum_bps * 1e-4
        gap, momentum = view.indicators.ema_gap, view.indicators.momentum
        if gap > 0 and momentum >= least:
            return 1
        return -1 if gap < 0 and momentum <= -least else 0


def _nearest(chain: ChainSnapshot, *, is_call: bool) -> int | None:
    """Return the row nearest to the delta of 0.40 that has a fresh quote, or None."""
    fit = (chain.is_call == is_call) & chain.usable() & np.isfinite(chain.delta)
    distance = np.where(fit, np.abs(np.abs(chain.delta) - _DELTA), np.inf)
    return int(np.argmin(distance)) if fit.any() else None
