"""Stress sets: what strikes, how hard, and when a node looks by itself."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.calendar import new_york_ns

__all__ = ["Stress", "StressParams", "due", "stress_times"]

Clock = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Multiple = Annotated[float, msgspec.Meta(ge=0, le=100)]


class Stress(StrEnum):
    """Calamities, each one set.

    GAP_UP, GAP_DOWN: news moves the market at once. CRASH: it falls to a trading halt, and opens
    again after it. VOL_CRUSH: the event has passed, and the premium for it is gone. LIQUIDITY_GONE:
    nothing moves, but the market makers step back. PIN: the session ends at the held strike that
    loses most.
    """

    GAP_UP = "GAP_UP"
    GAP_DOWN = "GAP_DOWN"
    CRASH = "CRASH"
    VOL_CRUSH = "VOL_CRUSH"
    LIQUIDITY_GONE = "LIQUIDITY_GONE"
    PIN = "PIN"


class StressParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How hard each calamity strikes, and when a node looks by itself.

    Parameters
    ----------
    at : tuple of str, default ("10:00", "12:00", "14:00", "15:00", "15:45")
        Times of day in New York. They are where a session turns: after the opening range, at noon,
        at the broker's exercise test, before the last hour, and at the usual flatten deadline. On a
        half day those after its close pass.
    gap_fraction : float, default 0.05
        Move of the forward. The S&P 500 E-mini fell 5 % in five minutes on 6 May 2010 (CFTC and
        SEC, 2010), and the index rose by as much in ten on 7 April 2025 at a false headline.
    gap_vol_factor : float, default 1.5
        On every volatility. The VIX went from 23 to 38 on 5 August 2024, times 1.6.
    gap_spread_multiple : float, default 3.0
        Of every spread; an estimate.
    crash_fraction : float, default 0.07
        Fall at which all trading halts (NYSE Rule 7.12, level 1).
    crash_halt_s : int, default 900
        Length of that halt, seconds: time value runs off meanwhile. There is none in the last 35
        minutes of a session; the set then has one all the same.
    crash_vol_factor : float, default 2.5
        On every volatility. The VIX went from 23 to 66 before the open of 5 August 2024, times 2.8,
        on quotes too wide to trade at.
    crash_spread_multiple : float, default 6.0
        Of every spread; SPY options of the day show some six times the usual relative spread
        minutes before the close (Schaeffer's), and a crash is no calmer.
    crush_vol_factor : float, default 0.5
        On every volatility: half of it was for the event. An estimate.
    dry_spread_multiple : float, default 6.0
        Of every spread while liquidity is gone; as in a crash.
    dry_haircut : float, default 0.25
        Further share of the bid that is lost to a market order; an estimate.
    """

    at: tuple[Clock, ...] = ("10:00", "12:00", "14:00", "15:00", "15:45")
    gap_fraction: Fraction = 0.05
    gap_vol_factor: Multiple = 1.5
    gap_spread_multiple: Multiple = 3.0
    crash_fraction: Fraction = 0.07
    crash_halt_s: Annotated[int, msgspec.Meta(ge=0, le=23_400)] = 900
    crash_vol_factor: Multiple = 2.5
    crash_spread_multiple: Multiple = 6.0
    crush_vol_factor: Multiple = 0.5
    dry_spread_multiple: Multiple = 6.0
    dry_haircut: Fraction = 0.25


def stress_times(params: StressParams, date: dt.date) -> tuple[int, ...]:
    """Return the set times of a session, UTC ns, ascending."""
    return tuple(sorted(new_york_ns(date, dt.time.fromisoformat(clock)) for clock in params.at))


def due(now_ns: int, last_ns: int, times_ns: Sequence[int]) -> bool:
    """Tell whether a set time has come since `last_ns`, when it was last asked."""
    return any(last_ns < time <= now_ns for time in times_ns)
