"""Whether an order would stand against another strategy's, or another plan's, in one contract."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import Case
from autotrade_0dte.risk.proposed_order import Owner, ProposedOrder

__all__ = ["opposed"]


def opposed(case: Case) -> Denial | None:
    """Return OPPOSED for an order against what another holds, or is about to, of its contract.

    The account would have less of the contract, or nothing, while both count on a position of
    theirs: neither could close its own where nothing may be opened, and a stop of the one would
    open it anew for the other. Which of the two is the closing one the account's position does not
    tell, so that it is judged before that.

    The other is another strategy, and for an entry another plan of its own strategy too. An exit
    may close what any plan of its strategy holds: after a restart it is not known whose that is.
    What closes no more than its own side holds, less what its orders at work close already, is
    never opposed.
    """
    order, side = case.order, 1 if case.is_buy else -1
    own, others = _parties(case, side)
    if order.quantity * side <= -own * side:
        return None
    for (strategy, plan_id), quantity in others.items():
        if quantity * side < 0:
            figures: dict[str, float | str] = {"quantity": order.quantity, "strategy": strategy}
            if strategy == order.owner.strategy:
                figures["plan"] = plan_id
            return Denial(DenyReason.OPPOSED, figures | {"may_hold": quantity})
    return None


def _parties(case: Case, side: int) -> tuple[int, dict[tuple[str, str], int]]:
    """Return what its own orders leave to close, and what each other may come to hold at worst."""
    order, name = case.order, case.order.contract.name
    own = 0
    others: dict[tuple[str, str], int] = {}
    for plan in case.exposure.plans.values():
        if name in plan.lots:
            held, owner = plan.lots[name][0], plan.owner
            if _is_own(order, owner):
                own += held
            else:
                key = _key(order, owner)
                others[key] = others.get(key, 0) + held
    if not (case.buying or case.selling):  # no other order is at work in the contract
        return own, others
    for order_id, working in case.exposure.orders.items():
        sent, owner = working.order, working.order.owner
        if sent.contract.name != name:
            continue
        if not _is_own(order, owner):
            if sent.quantity * side < 0:
                key = _key(order, owner)
                others[key] = others.get(key, 0) - side * working.left
        elif sent.quantity * side > 0 and order_id not in (order.order_id, order.replaces):
            own += side * working.left
    return own, others


def _is_own(order: ProposedOrder, owner: Owner) -> bool:
    """Return whether an order may close what this owner holds."""
    if owner.strategy != order.owner.strategy:
        return False
    return not order.is_entry or owner.plan_id == order.owner.plan_id


def _key(order: ProposedOrder, owner: Owner) -> tuple[str, str]:
    """Return as whom an owner counts: another strategy is one, its own has plans."""
    return owner.strategy, owner.plan_id if owner.strategy == order.owner.strategy else ""
