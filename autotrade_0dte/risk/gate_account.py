"""Checks of the account: its cash, and the rule on day trades."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import Case
from autotrade_0dte.risk.limits import DayTradePolicy

__all__ = ["cash", "day_trades", "intraday_margin"]

_CENT = 0.01


def cash(case: Case) -> Denial | None:
    """Return PREMIUM_EXCEEDS_CASH for a buy that costs more than is free, or where that is unknown.

    Free is the lower of cash and what the broker lets be spent, less what other buys at work may
    still take.
    """
    if not case.is_buy:
        return None
    cost, free = case.cost_usd, case.free_usd
    if cost <= free - _CENT:  # rounding, which is slow, cannot change that
        return None
    cost, free = round(cost, 2), round(free, 2)
    if cost <= free:
        return None
    order = case.order
    figures = {"cost": cost, "free_cash": free, "fee": order.fee_usd, "quantity": order.quantity}
    return Denial(DenyReason.PREMIUM_EXCEEDS_CASH, figures)


def day_trades(case: Case) -> Denial | None:
    """Return DAY_TRADES for what, closed again today, would be one day trade too many.

    A contract is one day trade of a plan, however many are bought and sold. Those that plans hold,
    and what others are about to open, count as ones to come: none is held over night.
    """
    limits, picture = case.limits.account, case.picture
    if limits.day_trades is not DayTradePolicy.LEGACY_PDT or case.is_in_plan:
        return None
    if picture.equity >= limits.pdt_min_equity_usd:
        return None
    used = limits.pdt_day_trades_before + picture.counters.day_trades + case.plans.day_trades
    if used < limits.pdt_max_day_trades:
        return None
    figures = {
        "day_trades": used + 1,
        "max_day_trades": limits.pdt_max_day_trades,
        "equity": picture.equity,
        "min_equity": limits.pdt_min_equity_usd,
    }
    return Denial(DenyReason.DAY_TRADES, figures)


def intraday_margin(case: Case) -> Denial | None:
    """Return INTRADAY_MARGIN for a buy that the equity left at this moment does not carry.

    Options have no loan value: what is held takes its whole worth, and a buy all that it pays.
    """
    limits, picture = case.limits.account, case.picture
    if limits.day_trades is not DayTradePolicy.INTRADAY_MARGIN or not case.is_buy:
        return None
    reserved = case.exposure.reserved_usd - case.own_usd
    excess = picture.equity - picture.premium_usd - reserved
    if picture.equity >= limits.margin_min_equity_usd and case.cost_usd <= excess:
        return None
    figures = {
        "cost": case.cost_usd,
        "excess": excess,
        "equity": picture.equity,
        "min_equity": limits.margin_min_equity_usd,
    }
    return Denial(DenyReason.INTRADAY_MARGIN, figures)
