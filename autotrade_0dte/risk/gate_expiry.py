"""Checks of the last day: strikes the market may end at, and exercise the account cannot carry."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import Case
from autotrade_0dte.risk.proposed_order import Contract

__all__ = ["exercise_funding", "pin_zone"]

_NS = 1_000_000_000


def pin_zone(case: Case) -> Denial | None:
    """Return PIN_ZONE for an entry near the spot late in the session."""
    limits = case.limits.expiry
    left_s = (case.facts.close_ns - case.now_ns) / _NS
    if left_s > limits.pin_before_close_s or case.completes_plan:
        return None
    spot, strike = case.quote.spot, case.order.contract.strike
    reach = limits.pin_fraction * spot
    if abs(strike - spot) > reach:
        return None
    figures = {"strike": strike, "spot": spot, "reach": reach, "left_s": left_s}
    return Denial(DenyReason.PIN_ZONE, figures)


def exercise_funding(case: Case) -> Denial | None:
    """Return EXERCISE_NOT_FUNDED for an entry whose exercise the account could not carry.

    Judged from a while before the broker's own test on. All options that would end in the money,
    by the spot and a band around it, are taken to be exercised or assigned together, so that the
    legs of a spread net: long calls and short puts take shares and pay the strike, the others
    deliver them. Buys at work count as filled, sales as not.
    """
    facts, limits = case.facts, case.limits.expiry
    if facts.exercise_test_ns is None:
        return None
    if facts.flatten_ns is not None and limits.flattened_is_exempt:
        return None
    if case.now_ns < facts.exercise_test_ns - limits.exercise_lead_s * _NS:
        return None
    own_shares, own_funds = _exercised(case, case.order.contract, case.order.quantity)
    if own_shares == 0:
        return None
    shares, funds = own_shares, case.free_usd - case.cost_usd + own_funds
    for line in case.exposure.lines.values():
        buying = case.buying if line is case.line else line.buying
        taken, received = _exercised(case, line.contract, line.held + buying)
        shares += taken
        funds += received
    lacks_shares = own_shares < 0 and shares < 0 and not facts.can_short_shares
    lacks_funds = own_shares > 0 and not funds >= 0
    if not (lacks_shares or lacks_funds):
        return None
    figures = {"funds_after": funds, "shares_after": shares, "spot": case.quote.spot}
    return Denial(DenyReason.EXERCISE_NOT_FUNDED, figures)


def _exercised(case: Case, contract: Contract, quantity: int) -> tuple[int, float]:
    """Return the shares and the dollars that `quantity` contracts bring in at expiry.

    None where they end out of the money beyond the band, or are not of the chain's expiry. With an
    unknown spot all end in the money.
    """
    own, spot = case.order.contract, case.quote.spot
    if contract.root != own.root or contract.expiry != own.expiry:
        return 0, 0.0
    out_of_money = contract.strike - spot if contract.is_call else spot - contract.strike
    if out_of_money > case.limits.expiry.exercise_band_fraction * spot:
        return 0, 0.0
    shares = (quantity if contract.is_call else -quantity) * contract.multiplier
    return shares, -shares * contract.strike
