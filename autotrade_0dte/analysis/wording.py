"""Codes of the pipeline in the words of a trader."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from autotrade_0dte.analysis.display import UNKNOWN, fraction, money, number, signed
from autotrade_0dte.instruments import SymbolError, option_symbol
from autotrade_0dte.market_state.state import Channel, Level
from autotrade_0dte.selection.ranking import Fall, Term
from autotrade_0dte.signals.signal import Factor, SignalRefusal

__all__ = ["CHANNEL_WORDS", "FACTOR_WORDS", "FALL_WORDS", "LEVEL_WORDS", "REFUSAL_WORDS"]
__all__ += ["TERM_WORDS", "channel_value", "contract", "direction", "figures", "level"]

LEVEL_WORDS = {
    Level.CALM: "CALM",
    Level.L1: "L1 (watch)",
    Level.L2: "L2 (act)",
    Level.L3: "L3 (shock)",
}

CHANNEL_WORDS = {
    Channel.VOLATILITY_LEVEL: "volatility level",
    Channel.VOLATILITY_CHANGE: "volatility change",
    Channel.REALIZED: "realized volatility",
    Channel.ACTIVITY: "volume",
    Channel.JUMP: "price jump",
    Channel.DRIFT: "price drift",
    Channel.SPREAD: "option spreads",
    Channel.QUOTE_AGE: "quote age",
    Channel.CROSSED: "crossed quotes",
    Channel.EVENT: "scheduled event",
}

_UNITS = ("s", "bps", "sd")
_BPS = 1e4
_CHANNEL_UNITS: dict[Channel, Callable[[float], str]] = {
    Channel.VOLATILITY_LEVEL: lambda log: f"{signed(100 * math.expm1(log), 1)} %",
    Channel.VOLATILITY_CHANGE: lambda log: f"{signed(100 * math.expm1(log), 1)} %",
    Channel.REALIZED: lambda log: f"{math.exp(log):.2f} x",
    Channel.ACTIVITY: lambda log: f"{math.exp(log):.2f} x",
    Channel.JUMP: lambda log: f"{signed(_BPS * math.expm1(log), 1)} bps",
    Channel.DRIFT: lambda sum_: f"{number(sum_, 1)} sd",
    Channel.SPREAD: lambda log: f"{number(_BPS * math.exp(log), 2)} bps",
    Channel.QUOTE_AGE: lambda seconds: f"{number(seconds, 1)} s",
    Channel.CROSSED: lambda share: fraction(share, 1),
    Channel.EVENT: lambda s: f"in {number(s, 0)} s" if s >= 0 else f"{number(-s, 0)} s ago",
}

FACTOR_WORDS = {
    Factor.TREND: "trend",
    Factor.MOMENTUM: "momentum",
    Factor.MICRO_TREND: "micro trend",
    Factor.ACCELERATION: "acceleration",
    Factor.VOLUME: "volume",
    Factor.VWAP: "VWAP",
    Factor.OPENING_RANGE: "opening range",
    Factor.GAMMA: "dealers' gamma",
    Factor.SKEW: "skew",
}

REFUSAL_WORDS = {
    SignalRefusal.WARM_UP: "too early, or too few factors are known",
    SignalRefusal.OUTSIDE_WINDOW: "outside the hours for entries",
    SignalRefusal.STALE_DATA: "the data are too old",
    SignalRefusal.WIDE_SPREAD: "option spreads are too wide",
    SignalRefusal.WEAK: "too weak",
    SignalRefusal.NO_AGREEMENT: "the factors do not agree",
    SignalRefusal.COOL_DOWN: "too soon after the last entry",
    SignalRefusal.LOSS_COOL_DOWN: "too soon after a loss",
    SignalRefusal.MAX_TRADES: "the session's trades are used up",
    SignalRefusal.STATE: "no entries at this level of the market",
    SignalRefusal.TRACK_CONFLICT: "the other track holds the opposite",
    SignalRefusal.EXPIRED: "this direction is past its validity",
    SignalRefusal.NO_TRIGGER: "the episode has no move to trade",
    SignalRefusal.ACT_WINDOW: "the episode began too long ago",
    SignalRefusal.UNCONFIRMED: "too few prints show the move",
    SignalRefusal.AGAINST_TRIGGER: "the factors point against the episode's move",
    SignalRefusal.MAX_ATTEMPTS: "the episode's attempts are used up",
    SignalRefusal.LOSING_EPISODES: "too many episodes have lost",
}

FALL_WORDS = {
    Fall.NONE: "offered",
    Fall.WRONG_RIGHT: "of the other right",
    Fall.NO_QUOTE: "no two-sided quote",
    Fall.STALE_QUOTE: "quote too old",
    Fall.NO_IV: "no implied volatility",
    Fall.TICK_NOISE: "price is noise of the tick",
    Fall.DELTA_BAND: "delta outside the band",
    Fall.PREMIUM_BAND: "premium outside the band",
    Fall.SPREAD: "spread too wide",
    Fall.SIZE: "too little size shown",
    Fall.OPEN_INTEREST: "too little open interest",
    Fall.NO_SHORT_LEG: "no fit option to sell against it",
    Fall.SPREAD_OVER_MOVE: "spread costs more than the move is worth",
    Fall.OVER_BUDGET: "worst loss over the budget",
}

TERM_WORDS = {
    Term.DELTA_FIT: "fit",
    Term.GAMMA_PER_PREMIUM: "gamma",
    Term.LIQUIDITY: "liquid",
    Term.SPREAD_COST: "spread",
    Term.THETA_BURN: "theta",
    Term.PAYOFF: "payoff",
}


def level(value: int) -> str:
    """Name a level with what it means."""
    return LEVEL_WORDS[Level(value)]


def direction(value: int) -> str:
    """Name a direction."""
    return "UP" if value > 0 else "DOWN" if value < 0 else "none"


def channel_value(channel: Channel, value: float) -> str:
    """Write the figure of a channel in a unit for people; most are logarithms in the tables.

    Volatility: above its own median of the last while, and change over its window. Realized
    volatility and volume: times the usual. Jump: return over its window. Drift: standard
    deviations. Spread: of the forward.
    """
    return UNKNOWN if math.isnan(value) else _CHANNEL_UNITS[channel](value)


def figures(values: Mapping[str, Any]) -> str:
    """Write figures as ``strength 0.21, pause 60 s``; the end of a name is its unit."""
    return ", ".join(_named(name, value) for name, value in values.items())


def contract(instrument_id: str, short_instrument_id: str | None = None) -> str:
    """Name an option the way traders do (``SPY 500 C``, a vertical ``SPY 500/505 C``).

    Other instruments go by their symbol.
    """
    name = instrument_id.rpartition(".")[0] or instrument_id
    try:
        symbol = option_symbol(name)
        if short_instrument_id is not None:
            short = option_symbol(short_instrument_id.rpartition(".")[0])
            return f"{symbol.root} {symbol.strike:g}/{short.strike:g} {symbol.right}"
    except SymbolError:
        return name
    return f"{symbol.root} {symbol.strike:g} {symbol.right}"


def _named(name: str, value: Any) -> str:
    words, _, unit = name.rpartition("_")
    written = _figure(value)
    if words and written != UNKNOWN:
        if unit == "usd":
            name, written = words, money(value)
        elif unit in _UNITS:
            name, written = words, f"{written} {unit}"
    return f"{name.replace('_', ' ')} {written}"


def _figure(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if not isinstance(value, float):
        return str(value)
    size = abs(value)
    return number(value, 0 if size >= 1_000 or value.is_integer() else 2 if size >= 0.1 else 4)
