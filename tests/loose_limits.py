"""Limits so wide that only those of the account itself bind: cash, and no uncovered short option.

Tests of everything but the limits trade at any price, in markets too thin to measure their Greeks.
"""

import math

from autotrade_0dte.risk.ladder_params import LadderParams
from autotrade_0dte.risk.limits import (
    CorrelationLimits,
    ExpiryLimits,
    LimitParams,
    OrderLimits,
    PortfolioLimits,
    PositionLimits,
    SessionLimits,
)
from autotrade_0dte.risk.params import RiskParams

MANY = 10_000

LOOSE = LimitParams(
    order=OrderLimits(
        max_contracts=MANY,
        max_premium_usd=math.inf,
        max_notional_usd=math.inf,
        max_age_s=math.inf,
        max_spread_ticks=math.inf,
        max_spread_fraction=math.inf,
        collar_ticks=math.inf,
        collar_fraction=math.inf,
        duplicate_window_s=0.0,
        max_orders_a_minute=MANY,
    ),
    position=PositionLimits(
        max_series_contracts=MANY,
        max_cluster_contracts=MANY,
        max_strategy_plans=MANY,
        max_track_plans=MANY,
        max_strategy_premium_usd=math.inf,
        max_track_premium_usd=math.inf,
    ),
    portfolio=PortfolioLimits(
        max_premium_usd=math.inf,
        max_capital_fraction=math.inf,
        max_delta_usd=math.inf,
        max_gamma_usd=math.inf,
        max_vega_usd=math.inf,
        max_theta_usd=math.inf,
        max_worst_loss_fraction=math.inf,
        max_entries=MANY,
        max_losses_in_row=MANY,
    ),
    session=SessionLimits(no_entry_after_open_s=0.0, last_entry_before_close_s=0.0),
    expiry=ExpiryLimits(pin_fraction=0.0, exercise_lead_s=0.0),
    correlation=CorrelationLimits(max_beta_delta_usd=math.inf),
)

LOOSE_RISK = RiskParams(
    limits=LOOSE,
    ladder=LadderParams(
        max_daily_loss=1.0,
        max_drawdown=1.0,
        stale_s=23_400.0,
        marks_unknown_s=23_400.0,
        max_rejects_a_minute=MANY,
    ),
)
"""The same of the risk controller: quotes may be a minute apart, and all may be lost."""
