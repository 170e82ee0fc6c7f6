"""A strategy on the project's base that enters one given plan, for tests of the base."""

import math

import msgspec

from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy

NS = 1_000_000_000

HELD = ExitParams(
    profit_fraction=1_000,
    loss_fraction=1,
    theta_burn_fraction=1_000,
    hold_s=23_400,
    entry_timeout_s=300,
)
"""Holds to the last day's deadlines."""


class PlannedParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to buy and to sell against it on which date (dates as in the symbol), and the exits."""

    symbols: dict[str, str]
    shorts: dict[str, str] = {}
    quantity: int = 2
    at_s: int = 120
    entry_cap: float = 99.0
    net_cap: float = 98.0
    worst_loss_usd: float = 0.0
    exits: ExitParams = HELD


class PlannedStrategy(TradeStrategy):
    Params = PlannedParams
    params: PlannedParams

    def decide(self, view: MarketView) -> TradePlan | None:
        params, now_ns = self.params, view.chain.ts_event
        date = self.session.instrument_ids[0].removeprefix(self.session.root)[:6]
        entry_ns = self.session.open_ns + params.at_s * NS
        if self.trades or date not in params.symbols or now_ns < entry_ns:
            return None
        short = params.shorts.get(date)
        return TradePlan(
            plan_id="plan-1",
            direction=1,
            instrument_id=f"{params.symbols[date]}.US",
            quantity=params.quantity,
            entry_cap=params.entry_cap,
            decided_ns=now_ns,
            worst_loss_usd=params.worst_loss_usd,
            exits=params.exits,
            reason="PLANNED",
            short_instrument_id=None if short is None else f"{short}.US",
            net_cap=math.nan if short is None else params.net_cap,
        )
