"""Views of a market without contracts: what signals look at, and nothing else."""

from typing import Any

import msgspec
import numpy as np

from autotrade_0dte.chain.snapshot import ChainAnalytics, ChainSnapshot, Tape
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.market_state.view import MarketView

NS = 1_000_000_000
OPEN_NS = 1_785_504_600 * NS
CLOSE_NS = OPEN_NS + 23_400 * NS
NOON_NS = OPEN_NS + 9_000 * NS
YEAR_S = 365 * 86_400
SPOT = 600.0

WINDOWS = IndicatorParams(momentum_window_s=10.0, trend_window_s=60.0, bar_s=60.0)

_ANALYTICS = {
    "atm_iv": 0.20,
    "atm_iv_change_per_min": 0.0,
    "skew": 0.02,
    "gex": -1e9,
    "gex_flip": 603.0,
    "liquidity_score": 0.8,
    "spread_quality": 0.03,
    "implied_move": 2.0,
    "variance_gauge": 20.0,
    "usable": 100,
    "crossed_share": 0.0,
    "stale_share": 0.1,
}

_UP = {
    "ema_gap": 6e-4,
    "bars_since_cross": 4.0,
    "bar_close": 602.2,
    "momentum": 6e-4,
    "volume_burst": 3.0,
    "slope": 6e-4,
    "acceleration": 6e-4,
    "realized_long": 0.15,
    "range_high": 602.0,
    "range_low": 598.0,
    "range_position": 1.1,
    "vwap_distance": 3e-3,
    "skew_change_per_min": -1e-3,
    "gex_sign": -1.0,
    "flip_distance": -5e-3,
}

_ROWS = ("strike", "is_call", "bid", "ask", "bid_size", "ask_size", "mid", "quote_age_s", "iv")
_ROWS += ("delta", "gamma", "vega", "theta", "rho", "vanna", "charm", "speed", "iv_uncertainty")
_ROWS += ("gex", "quality", "status", "open_interest")


def view(
    ts_event: int = NOON_NS,
    *,
    level: Level = Level.CALM,
    print_age_s: float = 1.0,
    tape: Tape | None = None,
    years_per_s: float = 1 / YEAR_S,
    analytics: dict[str, Any] | None = None,
    **indicators: float,
) -> MarketView:
    """Return a view on a market that rises; keywords replace its figures."""
    seen_ns = ts_event - round(print_age_s * NS)
    chain = ChainSnapshot(
        ts_event=ts_event,
        expiry_ns=CLOSE_NS,
        years=(CLOSE_NS - ts_event) / NS * years_per_s,
        spot=SPOT,
        forward=SPOT,
        forward_pairs=5,
        **dict.fromkeys(_ROWS, np.empty(0)),
        analytics=ChainAnalytics(**(_ANALYTICS | (analytics or {}))),
        tape=Tape(seen_ns, 1e6, 6e8) if tape is None else tape,
    )
    values = IndicatorValues(ts_event, **(_UP | indicators))
    return MarketView(chain, values, MarketState(ts_event, level))


def mirrored(market: MarketView) -> MarketView:
    """Return the market upside down: every move the other way, the dealers where they were."""
    values = market.indicators
    low, high = values.range_low, values.range_high
    flipped = {
        name: -getattr(values, name)
        for name in ("ema_gap", "momentum", "slope", "acceleration", "vwap_distance")
    }
    other = msgspec.structs.replace(
        values,
        **flipped,
        skew_change_per_min=-values.skew_change_per_min,
        range_position=1.0 - values.range_position,
        bar_close=low + high - values.bar_close,
    )
    return MarketView(market.chain, other, market.state)
