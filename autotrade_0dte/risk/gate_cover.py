"""Whether an order reduces risk, and whether it would leave a short option uncovered."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.exposure import Line
from autotrade_0dte.risk.gate_case import Case

__all__ = ["naked_short", "reduces_risk"]


def reduces_risk(case: Case) -> bool:
    """Return whether an order closes no more than what is held, less other orders that close it.

    The worst case counts: every other order on the closing side fills. A sale must leave no short
    option uncovered either.
    """
    held, quantity = case.line.held, case.order.quantity
    if quantity > 0:
        return quantity <= -held - case.buying
    return -quantity <= held - case.selling and _uncovered(case) == 0


def naked_short(case: Case) -> Denial | None:
    """Return NAKED_SHORT if a sale could leave short contracts uncovered.

    A long option covers a short one of the same root, expiry and right, at any strike where
    `GateFacts.short_legs`: the loss is then bounded by the distance of the strikes. Every working
    sale fills, no working buy does.
    """
    naked = 0 if case.is_buy else _uncovered(case)
    if naked == 0:
        return None
    held = sum(line.held for line in _series(case))
    figures = {
        "uncovered": naked,
        "sell": -case.order.quantity,
        "net_held": held,
        "working_sells": naked + held + case.order.quantity,
    }
    return Denial(DenyReason.NAKED_SHORT, figures)


def _uncovered(case: Case) -> int:
    """Return how many short contracts of the series have no long one beside them after a sale."""
    own = case.line.selling - case.selling
    net = sum(line.held - line.selling for line in _series(case)) + own
    return max(0, -(net + case.order.quantity))


def _series(case: Case) -> list[Line]:
    contract = case.order.contract
    if not case.facts.short_legs:
        return [case.line]
    return [line for line in case.exposure.lines.values() if line.contract.is_of_series(contract)]
