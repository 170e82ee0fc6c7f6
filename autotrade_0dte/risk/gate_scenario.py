"""Check of the worst scenario over the rest of the session: with the order, before the trade."""

import math

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate_case import NOISE, Case, WorstLoss
from autotrade_0dte.risk.proposed_order import ProposedOrder
from autotrade_0dte.risk.session_grid import GridParams, held_legs, worst_cell

__all__ = ["scenario_loss", "worst_loss_of"]


def scenario_loss(case: Case) -> Denial | None:
    """Return SCENARIO_LOSS if too much could be lost in the worst scenario with the order.

    An order that makes it no worse than it is without it passes.
    """
    limit = case.limits.portfolio.max_worst_loss_fraction
    if case.worst_loss is None or not case.has_picture or limit == math.inf:
        return None
    order, equity = case.order, case.picture.equity
    loss = case.worst_loss(order.contract.row, order.quantity, order.price)
    if loss <= limit * equity + NOISE:
        return None
    without = case.worst_loss(order.contract.row, 0, 0.0)
    if loss <= without + NOISE:
        return None
    figures = {"worst_loss_usd": loss, "before_usd": without, "max_usd": limit * equity}
    return Denial(DenyReason.SCENARIO_LOSS, figures | {"equity": equity})


def worst_loss_of(
    order: ProposedOrder, exposure: Exposure, chain: ChainSnapshot, params: GridParams
) -> WorstLoss:
    """Return the loss in the worst cell of the grid, for `RiskGate.check` of `order`.

    What is held counts at its mid. Buys at work, other than the order itself, count as filled at
    their worst price, sales as not. Contracts outside the chain are not in it.

    Parameters
    ----------
    order : ProposedOrder
        The order that is checked.
    exposure : Exposure
        What is held and at work.
    chain : ChainSnapshot
        The newest snapshot.
    params : GridParams
        The grid.
    """
    multiplier = order.contract.multiplier

    def worst_loss(row: int, quantity: int, price: float) -> float:
        if row < 0:
            return math.nan
        rows, counts, paid_over = [row], [quantity], 0.0
        if quantity:
            paid_over += quantity * (price - chain.mid.item(row))
        for line in exposure.lines.values():
            if line.held and line.contract.row >= 0:
                rows.append(line.contract.row)
                counts.append(line.held)
        for working in exposure.orders.values():
            at_work, other = working.order, working.order.contract.row
            is_own = at_work.order_id in (order.order_id, order.replaces)
            if at_work.quantity > 0 and other >= 0 and not is_own:
                rows.append(other)
                counts.append(working.left)
                paid_over += working.left * (working.price - chain.mid.item(other))
        worst = worst_cell(
            held_legs(chain, rows, counts), chain.forward, chain.years,
            chain.analytics.implied_move, params, multiplier,
        )  # fmt: skip
        return worst.loss_usd + paid_over * multiplier

    return worst_loss
