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
    side, strategy = (1 if case.is_buy else -1), order.owner.strategy
    own, others = 0, dict[str, int]()
    for plan in case.exposure.plans.values():
        held, _ = plan.lots.get(order.contract.name, (0, 0.0))
        if plan.owner.strategy == strategy:
            own += held
        elif held:
            others[plan.owner.strategy] = others.get(plan.owner.strategy, 0) + held
    if order.quantity * side <= -own * side:
        return None
    for working in case.exposure.orders.values():
        sent = working.order
        if (
            sent.quantity * side < 0
            and sent.contract.name == order.contract.name
            and sent.owner.strategy != strategy
        ):
            held = others.get(sent.owner.strategy, 0)
            others[sent.owner.strategy] = held - side * working.left
    for other, quantity in others.items():
        if quantity * side < 0:
            figures: dict[str, float | str] = {
                "quantity": order.quantity,
                "strategy": other,
                "may_hold": quantity,
            }
            return Denial(DenyReason.OPPOSED, figures)
    return None
