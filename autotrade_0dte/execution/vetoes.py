"""The last look before an order is sent or stepped: what in the market forbids it now."""

import math
from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose

__all__ = ["Veto", "VetoCode", "VetoParams", "fair_value_veto", "market_veto"]

_NOISE = 1e-9
"""Binary fractions of a dollar that are no difference."""

Ticks = Annotated[float, msgspec.Meta(gt=0, le=1_000)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]


class VetoCode(StrEnum):
    """What forbids it.

    NO_TWO_SIDES: bid or ask is missing. CROSSED: the bid is at or above the ask. QUOTE_AGE,
    LEG_SKEW: the quote is old, or of another time than that of the other leg. SPREAD: too wide.
    SIZE: too little is shown. NO_FAIR_VALUE: none is known. FAIR_VALUE: the limit is too far beyond
    it. BUDGET: too few calls are left. TIGHTENED: the quality watch allows no step.
    REMAINDER_FEES: the change needs a new order, and what is left is not worth its fees.
    REPLACED_ENOUGH: it needs one more than the bound on them. NO_FAR_QUOTE: there is nobody to
    trade with and nothing to tell what the contract is worth.
    """

    NO_TWO_SIDES = "NO_TWO_SIDES"
    CROSSED = "CROSSED"
    QUOTE_AGE = "QUOTE_AGE"
    LEG_SKEW = "LEG_SKEW"
    SPREAD = "SPREAD"
    SIZE = "SIZE"
    NO_FAIR_VALUE = "NO_FAIR_VALUE"
    FAIR_VALUE = "FAIR_VALUE"
    BUDGET = "BUDGET"
    TIGHTENED = "TIGHTENED"
    REMAINDER_FEES = "REMAINDER_FEES"
    REPLACED_ENOUGH = "REPLACED_ENOUGH"
    NO_FAR_QUOTE = "NO_FAR_QUOTE"


class VetoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the last look. They bind entries, and an exit until it escalates.

    Parameters
    ----------
    max_age_s : float, default 10
        Oldest quote, seconds. Near the money one comes each second; ten missed ones are a fault.
        Where books are minutes apart: as old as a book may be that an entry still trusts.
    max_leg_skew_s : float, default 3
        Most that the quotes of a vertical's legs may lie apart in time, seconds: what the legs cost
        together is else not known. Three quotes of a feed that has one each second.
    max_spread_ticks : float, default 10
        Widest spread in ticks, as long as it is also above `max_spread_fraction`.
    max_spread_fraction : float, default 0.10
        Widest spread as a fraction of the mid, as long as it is also above `max_spread_ticks`: a
        cheap option is a few ticks wide whatever its price, a dear one some percent. The selection
        takes nothing wider than 10 % either.
    min_size_fraction : float, default 1.0
        Least size shown on the other side, as a fraction of what is left: a part filled leaves a
        remainder that may not be worth its fees.
    needs_fair_value : bool, default true
        Whether an entry needs a fair value. Without one a bad quote passes for a good price; false
        only where the chain has too few strikes to give one.
    max_fair_ticks, max_fair_spreads : float, default 3 and 0.75
        Farthest that a limit may lie beyond fair value, in ticks and in spreads; the larger of the
        two counts. A fair value in the middle lets an order cross (half a spread), one at the
        near side does not (a whole one). Three ticks are the noise of a fair value.
    tightened_factor : float, default 0.5
        Multiple of all these limits (of the least size: divisor) while the quality watch has the
        desk tightened.
    """

    max_age_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 10.0
    max_leg_skew_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 3.0
    max_spread_ticks: Ticks = 10.0
    max_spread_fraction: Fraction = 0.10
    min_size_fraction: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    needs_fair_value: bool = True
    max_fair_ticks: Ticks = 3.0
    max_fair_spreads: Annotated[float, msgspec.Meta(gt=0, le=100)] = 0.75
    tightened_factor: Fraction = 0.5


class Veto(msgspec.Struct, frozen=True):
    """What forbids it, with its figures."""

    code: VetoCode
    figures: dict[str, float]


def market_veto(
    parent: ParentOrder,
    quote: OrderQuote,
    params: VetoParams,
    *,
    tick: float,
    leaves: int,
    leg_skew_s: float = 0.0,
    tightened: bool = False,
) -> Veto | None:
    """Return what in the market forbids `parent` to be sent or stepped, or None.

    An unknown figure forbids like a bad one. Size and leg skew bind entries alone.

    Parameters
    ----------
    parent : ParentOrder
        The order.
    quote : OrderQuote
        The market now.
    params : VetoParams
        Limits.
    tick : float
        Price step at the market, dollars.
    leaves : int
        Contracts not filled.
    leg_skew_s : float, optional
        Seconds between the quotes of a vertical's legs; 0 for an order that has no other leg.
    tightened : bool, optional
        Whether the quality watch has the desk tightened.
    """
    bid, ask = quote.bid, quote.ask
    if not (bid > 0 and 0 < ask < math.inf):
        return Veto(VetoCode.NO_TWO_SIDES, {"bid": bid, "ask": ask})
    if not bid < ask:
        return Veto(VetoCode.CROSSED, {"bid": bid, "ask": ask})
    factor = params.tightened_factor if tightened else 1.0
    max_age_s = params.max_age_s * factor
    if not quote.age_s <= max_age_s:
        return Veto(VetoCode.QUOTE_AGE, {"age_s": quote.age_s, "max_age_s": max_age_s})
    spread, mid = ask - bid, (bid + ask) / 2
    widest = factor * max(params.max_spread_ticks * tick, params.max_spread_fraction * mid)
    if not spread <= widest + _NOISE:
        return Veto(VetoCode.SPREAD, {"spread": spread, "max_spread": widest})
    if parent.purpose is Purpose.ENTRY:
        return _entry_veto(parent, quote, params, leaves, leg_skew_s, factor)
    return None


def _entry_veto(
    parent: ParentOrder,
    quote: OrderQuote,
    params: VetoParams,
    leaves: int,
    leg_skew_s: float,
    factor: float,
) -> Veto | None:
    max_skew_s = params.max_leg_skew_s * factor
    if not leg_skew_s <= max_skew_s:
        return Veto(VetoCode.LEG_SKEW, {"skew_s": leg_skew_s, "max_skew_s": max_skew_s})
    size, least = quote.far_size(parent.side), params.min_size_fraction / factor * leaves
    if not size >= least:
        return Veto(VetoCode.SIZE, {"size": size, "min_size": least})
    return None


def fair_value_veto(
    parent: ParentOrder,
    quote: OrderQuote,
    limit: float,
    params: VetoParams,
    *,
    tick: float,
    tightened: bool = False,
) -> Veto | None:
    """Return NO_FAIR_VALUE or FAIR_VALUE if `limit` is too far beyond fair value, or None.

    An entry needs a fair value; an exit is judged by it when there is one. Parameters are those of
    `market_veto`, and `limit` in dollars.
    """
    fair = quote.fair
    if math.isnan(fair):
        if parent.purpose is Purpose.ENTRY and params.needs_fair_value:
            return Veto(VetoCode.NO_FAIR_VALUE, {"limit": limit})
        return None
    factor = params.tightened_factor if tightened else 1.0
    allowed = params.max_fair_ticks * tick
    if quote.is_two_sided:
        allowed = max(allowed, params.max_fair_spreads * quote.spread)
    beyond = parent.side.sign * (limit - fair)
    if beyond > allowed * factor + _NOISE:
        figures = {"limit": limit, "fair": fair, "beyond": beyond, "allowed": allowed * factor}
        return Veto(VetoCode.FAIR_VALUE, figures)
    return None
