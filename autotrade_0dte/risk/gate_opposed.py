"""Whether an order would stand against another strategy's in the same contract."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import Case

__all__ = ["opposed"]


def opposed(case: Case) -> Denial | None:
    """Return OPPOSED for an order against what another strategy holds, or is about to, of it.

    The account would have less of the contract, or nothing, while both count on a position of
    theirs: neither could close its own where nothing may be opened, and a stop of the one would
    open it anew for the other. Which of the two is the closing one the account's position does not
    tell, so that it is judged before that. What closes no more than its own strategy holds is
    never opposed.
    """
    order = case.order
    name, strategy = order.contract.name, order.owner.strategy
    side = 1 if case.is_buy else -1
    own, others = 0, dict[str, int]()
    for plan in case.exposure.plans.values():
        if name in plan.lots:
            held, whose = plan.lots[name][0], plan.owner.strategy
            if whose == strategy:
                own += held
            else:
                others[whose] = others.get(whose, 0) + held
    if order.quantity * side <= -own * side:
        return None
    for working in case.exposure.orders.values():
        sent = working.order
        if sent.contract.name == name and sent.quantity * side < 0:
            whose = sent.owner.strategy
            if whose != strategy:
                others[whose] = others.get(whose, 0) - side * working.left
    for other, quantity in others.items():
        if quantity * side < 0:
            figures: dict[str, float | str] = {
                "quantity": order.quantity,
                "strategy": other,
                "may_hold": quantity,
            }
            return Denial(DenyReason.OPPOSED, figures)
    return None
