"""Kinds of synthetic days and what each does to volatility, volume, spreads and the price."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session

__all__ = ["ANOMALIES", "DayEffects", "DayKind", "DayLabel", "DayParams", "draw_kind", "plan_day"]

SECOND_NS = 1_000_000_000


class DayKind(StrEnum):
    """What happens in a session; all but ORDINARY and QUIET are anomalies with a start instant."""

    ORDINARY = "ordinary"
    QUIET = "quiet"
    VOLATILITY_SHOCK = "volatility_shock"
    VOLUME_BURST = "volume_burst"
    FLASH_MOVE = "flash_move"
    LIQUIDITY_DROUGHT = "liquidity_drought"
    SLOW_GRIND = "slow_grind"
    SCHEDULED_EVENT = "scheduled_event"


ANOMALIES = tuple(kind for kind in DayKind if kind not in (DayKind.ORDINARY, DayKind.QUIET))


class DayLabel(msgspec.Struct, frozen=True):
    """Ground truth of one disturbance; instants are UTC nanoseconds, the end is exclusive."""

    kind: DayKind
    start_ns: int
    end_ns: int


class DayParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a day is not ordinary, and how strong each kind is.

    Sizes of moves are in standard deviations of that day's return.

    Parameters
    ----------
    quiet_fraction, anomaly_fraction : float, default 0.15, 0.25
        Share of sessions that are quiet, or one of the six anomalies with equal chance.
        Far above their real frequency, so that a short run meets some of each.
    quiet_volatility : float, default 0.5
        Volatility of a quiet day relative to an ordinary one.
    shock_volatility : float, default 3.0
        Volatility multiple at the start of a volatility shock.
    shock_half_life_min : float, default 30.0
        Time in which the logarithm of that multiple halves.
    burst_volume : float, default 6.0
        Volume multiple during a volume burst.
    burst_duration_min : float, default 10.0
        Length of a volume burst.
    flash_move_sigmas : float, default 3.0
        Size of a flash move; it takes 90 s.
    flash_retrace_fraction : float, default 0.7
        Share of the flash move taken back in the following ten minutes.
    drought_spread : float, default 6.0
        Spread multiple, and divisor of sizes, in a liquidity drought.
    drought_duration_min : float, default 40.0
        Length of a drought.
    grind_sigmas : float, default 2.5
        Drift of a slow grind from its start to the close.
    event_sigmas : float, default 1.2
        Size of the jump at a scheduled event; options price it in until it happens.
    """

    quiet_fraction: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.15
    anomaly_fraction: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    quiet_volatility: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    shock_volatility: Annotated[float, msgspec.Meta(ge=1, le=10)] = 3.0
    shock_half_life_min: Annotated[float, msgspec.Meta(gt=0, le=390)] = 30.0
    burst_volume: Annotated[float, msgspec.Meta(ge=1, le=50)] = 6.0
    burst_duration_min: Annotated[float, msgspec.Meta(gt=0, le=390)] = 10.0
    flash_move_sigmas: Annotated[float, msgspec.Meta(ge=0, le=10)] = 3.0
    flash_retrace_fraction: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.7
    drought_spread: Annotated[float, msgspec.Meta(ge=1, le=50)] = 6.0
    drought_duration_min: Annotated[float, msgspec.Meta(gt=0, le=390)] = 40.0
    grind_sigmas: Annotated[float, msgspec.Meta(ge=0, le=10)] = 2.5
    event_sigmas: Annotated[float, msgspec.Meta(ge=0, le=10)] = 1.2

    def __post_init__(self) -> None:
        total = self.quiet_fraction + self.anomaly_fraction
        if total > 1:
            raise ValueError(f"Expected quiet and anomaly fractions of at most 1, was {total}")


@dataclass(frozen=True, slots=True, eq=False)
class DayEffects:
    """What a day's kind does, on the grid of seconds 0 .. n from the open.

    `volatility`, `volume` and `spread` are multiples (n + 1,). `log_return` (n,) is added to the
    returns and `event_variance` (n + 1,) to the implied variance, in units of the day's standard
    deviation and variance. `level` multiplies the volatility of the whole day.
    """

    volatility: NDArray[np.float64]
    volume: NDArray[np.float64]
    spread: NDArray[np.float64]
    log_return: NDArray[np.float64]
    event_variance: NDArray[np.float64]
    level: float = 1.0
    has_jumps: bool = True
    label: DayLabel | None = None


def draw_kind(params: DayParams, rng: np.random.Generator) -> DayKind:
    """Draw a day's kind by the fractions of `params`."""
    draw, which = rng.random(), rng.integers(len(ANOMALIES))
    if draw < params.anomaly_fraction:
        return ANOMALIES[which]
    if draw < params.anomaly_fraction + params.quiet_fraction:
        return DayKind.QUIET
    return DayKind.ORDINARY


def plan_day(
    kind: DayKind, session: Session, params: DayParams, rng: np.random.Generator
) -> DayEffects:
    """Lay out the effects of `kind` over `session`; `rng` draws the start and the direction."""
    n = (session.close_ns - session.open_ns) // SECOND_NS
    start = int(n * rng.uniform(0.15, 0.6))
    upward = rng.random() < 0.5
    effects = DayEffects(
        volatility=np.ones(n + 1),
        volume=np.ones(n + 1),
        spread=np.ones(n + 1),
        log_return=np.zeros(n),
        event_variance=np.zeros(n + 1),
    )
    if kind is DayKind.ORDINARY:
        return effects
    if kind is DayKind.QUIET:
        start, end = 0, n
        effects.volume[:] = 0.6
        effects = replace(effects, level=params.quiet_volatility, has_jumps=False)
    elif kind is DayKind.SCHEDULED_EVENT:
        # On a full session 14:00 New York, when the Federal Reserve's statement is released.
        start = n * 9 // 13
        end = _event(effects, start, params)
    else:
        end = _DISTURBANCES[kind](effects, start, params)
    if not upward:
        np.negative(effects.log_return, out=effects.log_return)
    first, last = (session.open_ns + second * SECOND_NS for second in (start, min(end, n)))
    return replace(effects, label=DayLabel(kind, first, last))


# Each writes its effects from second `start` on, moves upward, and returns the second of their end.


def _shock(effects: DayEffects, start: int, params: DayParams) -> int:
    half_life = params.shock_half_life_min * 60
    fade = _fade(effects, start, half_life)
    effects.volatility[:] = params.shock_volatility**fade
    effects.volume[:] = 2.0**fade
    effects.spread[:] = 1.5**fade
    return start + int(3 * half_life)


def _burst(effects: DayEffects, start: int, params: DayParams) -> int:
    end = start + int(params.burst_duration_min * 60)
    effects.volume[start:end] = params.burst_volume
    effects.volatility[start:end] = 1.3
    return end


def _flash(effects: DayEffects, start: int, params: DayParams) -> int:
    turn, end = start + 90, start + 690
    move = params.flash_move_sigmas
    effects.log_return[start:turn] = move / (turn - start)
    effects.log_return[turn:end] = -params.flash_retrace_fraction * move / (end - turn)
    fade = _fade(effects, start, 240)
    effects.volatility[:] = 2.0**fade
    effects.volume[:] = 8.0**fade
    effects.spread[:] = 4.0**fade
    return end


def _drought(effects: DayEffects, start: int, params: DayParams) -> int:
    end = start + int(params.drought_duration_min * 60)
    effects.spread[start:end] = params.drought_spread
    effects.volume[start:end] = 0.4
    return end


def _grind(effects: DayEffects, start: int, params: DayParams) -> int:
    n = len(effects.log_return)
    effects.log_return[start:] = params.grind_sigmas / (n - start)
    effects.volatility[start:] = 0.7
    return n


def _event(effects: DayEffects, start: int, params: DayParams) -> int:
    effects.log_return[start] = params.event_sigmas
    effects.event_variance[: start + 1] = params.event_sigmas**2
    fade = _fade(effects, start, 900)
    effects.volatility[:] = 2.0**fade
    effects.volume[:] = 4.0**fade
    effects.spread[max(0, start - 60) : start + 60] = 3.0
    return start + 1_800


_DISTURBANCES: dict[DayKind, Callable[[DayEffects, int, DayParams], int]] = {
    DayKind.VOLATILITY_SHOCK: _shock,
    DayKind.VOLUME_BURST: _burst,
    DayKind.FLASH_MOVE: _flash,
    DayKind.LIQUIDITY_DROUGHT: _drought,
    DayKind.SLOW_GRIND: _grind,
}


def _fade(effects: DayEffects, start: int, half_life: float) -> NDArray[np.float64]:
    """Return 0 before `start`, 1 there, and half of it each `half_life` seconds."""
    since = np.arange(len(effects.volume)) - start
    return np.where(since < 0, 0.0, 0.5 ** (np.maximum(since, 0) / half_life))
