"""The regular strategy: buys one option in the direction that trend and momentum agree on."""

import math
from typing import Annotated

import msgspec
import numpy as np

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.indicators.ema import BarCloses, Ema
from autotrade_0dte.indicators.momentum import Momentum
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy

__all__ = ["RegularParams", "RegularStrategy"]

_NS = 1_000_000_000
_BPS = 10_000.0

Seconds = Annotated[int, msgspec.Meta(ge=1, le=23_400)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]


class RegularParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the regular strategy; none was fitted to data.

    Parameters
    ----------
    bar_s : int, default 60
        Width of the bars under the moving averages, seconds; not below the data's own spacing.
    fast_bars, slow_bars : int, default 3 and 8
        Periods of the two moving averages, bars.
    momentum_window_s : int, default 60
        Window of the momentum, seconds; not below the data's own spacing.
    min_momentum_bps : float, default 2.0
        Smallest move over the window that counts, basis points of spot.
    target_delta : float, default 0.40
        Absolute delta of the contract to buy: near the money, where spreads are tightest.
    max_spread_fraction : float, default 0.10
        Widest spread accepted, as a fraction of the mid.
    max_quote_age_s : float, default 30.0
        Oldest quote to buy on, seconds; where data come in books, a fraction of their spacing.
    min_premium : float, default 0.10
        Cheapest option bought, dollars; below it fees eat the trade.
    premium_budget : float, default 500.0
        Dollars of premium a trade.
    max_contracts : int, default 10
        Largest order.
    profit_fraction, loss_fraction : float, default 0.5 and 0.4
        Target and stop, as fractions of the entry cap.
    hold_s : int, default 1800
        Longest holding time, seconds.
    entry_timeout_s : int, default 30
        An entry not filled by then is given up.
    warm_up_s : int, default 900
        No entry in the first seconds after the open.
    last_entry_before_close_s : int, default 3600
        No entry in the last seconds before the close.
    cool_down_s : int, default 300
        Pause after a decision to enter.
    max_trades : int, default 6
        Entries a session.
    """

    bar_s: Seconds = 60
    fast_bars: Annotated[int, msgspec.Meta(ge=1, le=200)] = 3
    slow_bars: Annotated[int, msgspec.Meta(ge=2, le=400)] = 8
    momentum_window_s: Seconds = 60
    min_momentum_bps: Annotated[float, msgspec.Meta(ge=0, le=500)] = 2.0
    target_delta: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.40
    max_spread_fraction: Fraction = 0.10
    max_quote_age_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 30.0
    min_premium: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 0.10
    premium_budget: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 500.0
    max_contracts: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    profit_fraction: Annotated[float, msgspec.Meta(gt=0, le=20)] = 0.5
    loss_fraction: Fraction = 0.4
    hold_s: Seconds = 1800
    entry_timeout_s: Seconds = 30
    warm_up_s: Annotated[int, msgspec.Meta(ge=0, le=23_400)] = 900
    last_entry_before_close_s: Seconds = 3600
    cool_down_s: Annotated[int, msgspec.Meta(ge=0, le=23_400)] = 300
    max_trades: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 6

    def __post_init__(self) -> None:
        if self.fast_bars >= self.slow_bars:
            raise ValueError(
                f"Expected fast_bars below slow_bars, was {self.fast_bars} and {self.slow_bars}"
            )


class RegularStrategy(TradeStrategy):
    """Buys a call when the fast average is above the slow one and momentum is up; a put if down."""

    Params = RegularParams
    params: RegularParams

    def __init__(
        self, session: TradingSession, params: RegularParams, allotment: Allotment
    ) -> None:
        super().__init__(session, params, allotment)
        self._bars = BarCloses(params.bar_s)
        self._fast = Ema(params.fast_bars)
        self._slow = Ema(params.slow_bars)
        self._momentum = Momentum(params.momentum_window_s)
        self._next_entry_ns = session.open_ns + params.warm_up_s * _NS

    def observe(self, view: MarketView) -> None:
        chain = view.chain
        if math.isnan(chain.spot):
            return
        self._momentum.add(chain.ts_event, chain.spot)
        close = self._bars.add(chain.ts_event, chain.spot)
        if not math.isnan(close):
            self._fast.update(close)
            self._slow.update(close)

    def decide(self, view: MarketView) -> TradePlan | None:
        chain = view.chain
        direction = self._direction(chain.ts_event)
        if direction == 0 or not self._in_entry_window(chain.ts_event):
            return None
        row = self._contract(chain, is_call=direction > 0)
        if row is None:
            return None
        return self._plan(chain, row)

    def _direction(self, now_ns: int) -> int:
        trend = self._fast.value - self._slow.value
        momentum = self._momentum.at(now_ns) * _BPS
        if trend > 0 and momentum >= self.params.min_momentum_bps:
            return 1
        if trend < 0 and momentum <= -self.params.min_momentum_bps:
            return -1
        return 0

    def _in_entry_window(self, now_ns: int) -> bool:
        last_ns = self.session.close_ns - self.params.last_entry_before_close_s * _NS
        return self._next_entry_ns <= now_ns < last_ns and self.trades < self.params.max_trades

    def _contract(self, chain: ChainSnapshot, *, is_call: bool) -> int | None:
        """Return the row nearest the target delta whose quote can be traded, or None."""
        params = self.params
        spread = chain.ask - chain.bid
        tradable = (
            (chain.is_call == is_call)
            & chain.usable()
            & (chain.quote_age_s <= params.max_quote_age_s)
            & (chain.ask >= params.min_premium)
            & (spread <= params.max_spread_fraction * chain.mid)
            & np.isfinite(chain.delta)
        )
        if not tradable.any():
            return None
        distance = np.where(tradable, np.abs(np.abs(chain.delta) - params.target_delta), np.inf)
        return int(np.argmin(distance))

    def _plan(self, chain: ChainSnapshot, row: int) -> TradePlan | None:
        params = self.params
        ask = float(chain.ask[row])
        quantity = min(
            int(params.premium_budget / (ask * self.session.multiplier)), params.max_contracts
        )
        if quantity < 1:
            return None
        now_ns = chain.ts_event
        self._next_entry_ns = now_ns + params.cool_down_s * _NS
        return TradePlan(
            plan_id=f"P{self.trades + 1:03d}",
            direction=1 if chain.is_call[row] else -1,
            instrument_id=self.session.instrument_ids[row],
            quantity=quantity,
            entry_cap=ask,
            decided_ns=now_ns,
            worst_loss_usd=quantity * ask * self.session.multiplier,
            exits=ExitParams(
                profit_fraction=params.profit_fraction,
                loss_fraction=params.loss_fraction,
                hold_s=params.hold_s,
                entry_timeout_s=params.entry_timeout_s,
            ),
            reason="TREND_UP" if chain.is_call[row] else "TREND_DOWN",
            figures={
                "ema_fast": self._fast.value,
                "ema_slow": self._slow.value,
                "momentum_bps": self._momentum.at(now_ns) * _BPS,
                "delta": float(chain.delta[row]),
                "iv": float(chain.iv[row]),
            },
        )
