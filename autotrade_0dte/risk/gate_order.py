"""Checks of one order: by itself, by the market, and by the orders just before it."""

import math

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["age", "collar_fair", "collar_quote", "contracts", "duplicate", "notional"]
__all__ += ["off_tick", "premium", "price_limit", "rate", "spread"]

_NS = 1_000_000_000
_TICK_NOISE = 1e-6


# -- by itself ----------------------------------------------------------------------------------


def price_limit(case: Case) -> Denial | None:
    """Return NO_PRICE_LIMIT for an order whose worst price is not known."""
    if 0 < case.order.price < math.inf:
        return None
    figures = {"quantity": abs(case.order.quantity), "price": case.order.price}
    return Denial(DenyReason.NO_PRICE_LIMIT, figures)


def contracts(case: Case) -> Denial | None:
    """Return ORDER_CONTRACTS for an order of too many contracts."""
    quantity, most = abs(case.order.quantity), case.limits.order.max_contracts
    if quantity <= most:
        return None
    return Denial(DenyReason.ORDER_CONTRACTS, {"quantity": quantity, "max_contracts": most})


def premium(case: Case) -> Denial | None:
    """Return ORDER_PREMIUM for a buy that pays too much."""
    most = case.limits.order.max_premium_usd
    if case.cost_usd <= most + NOISE:
        return None
    figures = {"premium_usd": case.cost_usd, "max_premium_usd": most}
    return Denial(DenyReason.ORDER_PREMIUM, figures)


def notional(case: Case) -> Denial | None:
    """Return ORDER_NOTIONAL for an order that moves too much of the underlying."""
    most = case.limits.order.max_notional_usd
    spot = case.quote.spot
    notional_usd = abs(case.order.quantity) * case.order.contract.multiplier * spot
    if notional_usd <= most or most == math.inf:
        return None
    figures = {"notional_usd": notional_usd, "max_notional_usd": most, "spot": spot}
    return Denial(DenyReason.ORDER_NOTIONAL, figures)


def off_tick(case: Case) -> Denial | None:
    """Return OFF_TICK for a price between two ticks."""
    price = case.order.price
    tick = case.tick(price)
    ticks = price / tick
    if abs(ticks - round(ticks)) <= _TICK_NOISE:
        return None
    return Denial(DenyReason.OFF_TICK, {"price": price, "tick": tick})


# -- by the market ------------------------------------------------------------------------------


def age(case: Case) -> Denial | None:
    """Return QUOTE_AGE for an order on an old quote."""
    age_s, oldest = case.quote.age_s, case.limits.order.max_age_s
    if age_s <= oldest or oldest == math.inf:
        return None
    return Denial(DenyReason.QUOTE_AGE, {"age_s": age_s, "max_age_s": oldest})


def spread(case: Case) -> Denial | None:
    """Return SPREAD where the market is too wide to trade in, or one of its sides is unknown.

    Nobody may bid: 0 is a quote.
    """
    limits = case.limits.order
    if math.inf in (limits.max_spread_ticks, limits.max_spread_fraction):
        return None
    bid, ask = case.quote.bid, case.quote.ask
    widest = limits.max_spread_fraction * (bid + ask) / 2
    if not 0 < ask < math.inf:
        widest = math.nan
    elif not ask - bid <= widest:  # the tick is only asked for where it could matter
        widest = max(case.tick(ask) * limits.max_spread_ticks, widest)
    if ask - bid <= widest + NOISE:
        return None
    figures = {"bid": bid, "ask": ask, "spread": ask - bid, "max_spread": widest}
    return Denial(DenyReason.SPREAD, figures)


def collar_quote(case: Case) -> Denial | None:
    """Return COLLAR_QUOTE for a price too far beyond what the market asks, or bids."""
    limits = case.limits.order
    if math.inf in (limits.collar_ticks, limits.collar_fraction):
        return None
    far = case.quote.ask if case.is_buy else case.quote.bid
    beyond, allowed = _beyond(case, far)
    if beyond <= allowed + NOISE:
        return None
    figures = {"price": case.order.price, "far": far, "beyond": beyond, "allowed": allowed}
    return Denial(DenyReason.COLLAR_QUOTE, figures)


def collar_fair(case: Case) -> Denial | None:
    """Return COLLAR_FAIR for a price too far beyond fair value, or without one if it is needed."""
    limits, fair = case.limits.order, case.quote.fair
    if math.isnan(fair):
        if not limits.needs_fair_value:
            return None
        return Denial(DenyReason.COLLAR_FAIR, {"price": case.order.price, "fair": fair})
    if math.inf in (limits.collar_ticks, limits.collar_fraction):
        return None
    beyond, allowed = _beyond(case, fair)
    if beyond <= allowed + NOISE:
        return None
    figures = {"price": case.order.price, "fair": fair, "beyond": beyond, "allowed": allowed}
    return Denial(DenyReason.COLLAR_FAIR, figures)


def _beyond(case: Case, reference: float) -> tuple[float, float]:
    """Return how far the price is worse than `reference`, and how far it may be, NaN unknown."""
    limits, price = case.limits.order, case.order.price
    beyond = price - reference if case.is_buy else reference - price
    if not 0 <= reference < math.inf:
        return beyond, math.nan
    if beyond <= 0:  # the usual, for which no tick is needed
        return beyond, 0.0
    tick = case.tick(reference)
    return beyond, max(tick * limits.collar_ticks, limits.collar_fraction * reference)


# -- by the orders just before it ---------------------------------------------------------------


def duplicate(case: Case) -> Denial | None:
    """Return DUPLICATE for what the same strategy has just sent."""
    order, window_ns = case.order, case.limits.order.duplicate_window_s * _NS
    for sent in reversed(case.exposure.sent):
        ago_ns = case.now_ns - sent.ts_ns
        if ago_ns >= window_ns:
            return None
        other = sent.order
        if (
            other.quantity == order.quantity
            and other.price == order.price
            and other.contract.name == order.contract.name
            and other.owner.strategy == order.owner.strategy
            and other.order_id not in (order.order_id, order.replaces)
        ):
            window_s = case.limits.order.duplicate_window_s
            return Denial(DenyReason.DUPLICATE, {"ago_s": ago_ns / _NS, "window_s": window_s})
    return None


def rate(case: Case) -> Denial | None:
    """Return ORDER_RATE for one order too many within a minute."""
    most, sent = case.limits.order.max_orders_a_minute, case.exposure.sent
    if len(sent) < most:
        return None
    begins_ns = case.now_ns - 60 * _NS
    own = case.order.order_id
    count = sum(1 for s in sent if s.ts_ns > begins_ns and s.order.order_id != own)
    if count < most:
        return None
    figures = {"orders": count + 1, "max_orders_a_minute": most}
    return Denial(DenyReason.ORDER_RATE, figures)
