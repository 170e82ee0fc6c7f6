"""How an order is worked: resting, walking, crossing, or not at all, and why."""

from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

__all__ = ["Route", "RouteParams", "RouteReason", "Style", "route", "urgency_of"]

Calls = Annotated[int, msgspec.Meta(ge=1, le=120)]


class Style(StrEnum):
    """PASSIVE rests at one price, WALK steps from near fair value to the far side of the market.

    MARKETABLE crosses at once with a limit beyond the far side, and follows it. GIVE_UP sends
    nothing.
    """

    PASSIVE = "PASSIVE"
    WALK = "WALK"
    MARKETABLE = "MARKETABLE"
    GIVE_UP = "GIVE_UP"


class RouteReason(StrEnum):
    """Why an order is worked as it is.

    Entries that are given up: TOO_LATE (the close is near), NO_BUDGET (calls), CAP_BEHIND_MARKET
    (at the cap it would rest behind the others on its own side), CAP_BELOW_TICK (no price on the
    grid is within the cap; any purpose). PATIENT, NORMAL, URGENT: the order's urgency. LEVEL: the
    market state. CHEAP_TO_CROSS: crossing costs no more than waiting could save. CAP_SHORT: it
    would cross, but the cap does not reach the other side. LOW_BUDGET: few calls are left.
    TIGHTENED: by the quality watch. STOP, EMERGENCY: the purpose. CLOSE_NEAR: an exit has little
    time. ESCALATED: an exit has had its time.
    """

    TOO_LATE = "TOO_LATE"
    NO_BUDGET = "NO_BUDGET"
    CAP_BEHIND_MARKET = "CAP_BEHIND_MARKET"
    CAP_BELOW_TICK = "CAP_BELOW_TICK"
    PATIENT = "PATIENT"
    NORMAL = "NORMAL"
    URGENT = "URGENT"
    LEVEL = "LEVEL"
    CHEAP_TO_CROSS = "CHEAP_TO_CROSS"
    CAP_SHORT = "CAP_SHORT"
    LOW_BUDGET = "LOW_BUDGET"
    TIGHTENED = "TIGHTENED"
    STOP = "STOP"
    EMERGENCY = "EMERGENCY"
    CLOSE_NEAR = "CLOSE_NEAR"
    ESCALATED = "ESCALATED"


class RouteParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one way of working an order ends and the next begins.

    Parameters
    ----------
    cheap_cross_ticks : float, default 0.5
        Crossing is cheap when the far side is within so many ticks of fair value: half a tick is a
        spread of one tick around it, which waiting cannot better by a whole tick.
    urgent_cross_ticks : float, default 3
        Widest spread, ticks, that an urgent entry crosses at once; near the money SPY's is one or
        two. A wider one is walked, fast.
    urgent_level : Level, default L2
        Market state from which on every order is urgent: prices are gone sooner than waiting saves.
    walk_calls : int, default 8
        Calls left below which nothing walks: a submit, six steps and a cancel.
    entry_calls : int, default 2
        Calls left below which no entry is sent: its submit and its cancel.
    entry_stop_s : float, default 120
        No entry is sent so close to the end of trading, seconds: it could not be worked out of
        again.
    exit_cross_s : float, default 300
        An exit crosses at once so close to it, seconds: quotes widen and vanish then.
    """

    cheap_cross_ticks: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.5
    urgent_cross_ticks: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 3.0
    urgent_level: Level = Level.L2
    walk_calls: Calls = 8
    entry_calls: Calls = 2
    entry_stop_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 120.0
    exit_cross_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 300.0


class Route(msgspec.Struct, frozen=True):
    """How an order is worked, and why."""

    style: Style
    reason: RouteReason


def urgency_of(parent: ParentOrder, params: RouteParams) -> Urgency:
    """Return how hard an order is worked: URGENT from `urgent_level` on, else as it asks for."""
    return Urgency.URGENT if parent.level >= params.urgent_level else parent.urgency


def route(
    parent: ParentOrder,
    quote: OrderQuote,
    params: RouteParams,
    *,
    tick: float,
    to_close_s: float,
    calls_left: int,
    tightened: bool = False,
) -> Route:
    """Return how `parent` is worked; a crossing that its cap does not allow becomes a walk to it.

    Parameters
    ----------
    parent : ParentOrder
        The order.
    quote : OrderQuote
        The market now, with two sides for an entry.
    params : RouteParams
        Rules.
    tick : float
        Price step at the market, dollars.
    to_close_s : float
        Seconds until the contract stops trading.
    calls_left : int
        What the call budget has left for the order's purpose.
    tightened : bool, optional
        Whether the quality watch has the desk tightened; binds entries alone.
    """
    if parent.purpose is Purpose.ENTRY:
        given_up = _entry_refusal(parent, quote, params, to_close_s, calls_left)
        if given_up is not None:
            return Route(Style.GIVE_UP, given_up)
        chosen = _entry(parent, quote, params, tick, calls_left, tightened)
    else:
        chosen = _exit(parent, quote, params, tick, to_close_s, calls_left)
    far = quote.far(parent.side)
    if chosen.style is Style.MARKETABLE and parent.side.sign * (far - parent.cap) > 1e-9:
        return Route(Style.WALK, RouteReason.CAP_SHORT)
    return chosen


def _entry_refusal(
    parent: ParentOrder,
    quote: OrderQuote,
    params: RouteParams,
    to_close_s: float,
    calls_left: int,
) -> RouteReason | None:
    if to_close_s < params.entry_stop_s:
        return RouteReason.TOO_LATE
    if calls_left < params.entry_calls:
        return RouteReason.NO_BUDGET
    if parent.side.sign * (quote.near(parent.side) - parent.cap) > 1e-9:
        return RouteReason.CAP_BEHIND_MARKET
    return None


def _entry(
    parent: ParentOrder,
    quote: OrderQuote,
    params: RouteParams,
    tick: float,
    calls_left: int,
    tightened: bool,
) -> Route:
    if tightened:
        return Route(Style.PASSIVE, RouteReason.TIGHTENED)
    urgency = urgency_of(parent, params)
    if urgency is Urgency.URGENT:
        crosses = quote.spread <= params.urgent_cross_ticks * tick + 1e-9
        style = Style.MARKETABLE if crosses else Style.WALK
        is_asked = parent.urgency is Urgency.URGENT
        return Route(style, RouteReason.URGENT if is_asked else RouteReason.LEVEL)
    if urgency is Urgency.PATIENT:
        return Route(Style.PASSIVE, RouteReason.PATIENT)
    if _is_cheap_to_cross(parent, quote, params, tick):
        return Route(Style.MARKETABLE, RouteReason.CHEAP_TO_CROSS)
    if calls_left < params.walk_calls:
        return Route(Style.PASSIVE, RouteReason.LOW_BUDGET)
    return Route(Style.WALK, RouteReason.NORMAL)


def _exit(
    parent: ParentOrder,
    quote: OrderQuote,
    params: RouteParams,
    tick: float,
    to_close_s: float,
    calls_left: int,
) -> Route:
    reason = None
    if parent.purpose is Purpose.EMERGENCY:
        reason = RouteReason.EMERGENCY
    elif to_close_s < params.exit_cross_s:
        reason = RouteReason.CLOSE_NEAR
    elif parent.urgency is Urgency.URGENT:
        reason = RouteReason.URGENT
    elif urgency_of(parent, params) is Urgency.URGENT:
        reason = RouteReason.LEVEL
    elif calls_left < params.walk_calls:
        reason = RouteReason.LOW_BUDGET
    elif _is_cheap_to_cross(parent, quote, params, tick):
        reason = RouteReason.CHEAP_TO_CROSS
    if reason is not None:
        return Route(Style.MARKETABLE, reason)
    if parent.purpose is Purpose.STOP:
        return Route(Style.WALK, RouteReason.STOP)
    if parent.urgency is Urgency.PATIENT:
        return Route(Style.PASSIVE, RouteReason.PATIENT)
    return Route(Style.WALK, RouteReason.NORMAL)


def _is_cheap_to_cross(
    parent: ParentOrder, quote: OrderQuote, params: RouteParams, tick: float
) -> bool:
    """Whether the far side is near fair value; without one, near the middle of the spread."""
    fair = quote.fair if quote.fair == quote.fair else quote.mid
    cost = parent.side.sign * (quote.far(parent.side) - fair)
    return cost <= params.cheap_cross_ticks * tick + 1e-9
