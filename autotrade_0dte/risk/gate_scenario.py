"""Check of the worst scenario over the rest of the session: with the order, before the trade."""

import math

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate_case import NOISE, Case, WorstLoss
from autotrade_0dte.risk.proposed_order import ProposedOrder
from autotrade_0dte.risk.session_grid import GridParams, least_pnl

__all__ = ["scenario_loss", "worst_loss_of"]


def scenario_loss(case: Case) -> Denial | None:
    """Return SCENARIO_LOSS if too much could be lost in the worst scenario with the order.

    An order that makes it no worse than it is without it passes.
    """
    limit = case.limits.portfolio.max_worst_loss_fraction
    if case.worst_loss is None or not case.has_picture or limit == math.inf:
        return None
    order, equity = case.order, case.picture.equity
    most = limit * equity
    loss = case.worst_loss(order.contract.row, order.quantity, order.price, most)
    if loss <= most + NOISE:
        return None
    without = case.worst_loss(order.contract.row, 0, 0.0, -math.inf)
    if loss <= without + NOISE:
        return None
    figures = {"worst_loss_usd": loss, "before_usd": without, "max_usd": most}
    return Denial(DenyReason.SCENARIO_LOSS, figures | {"equity": equity})


def worst_loss_of(
    order: ProposedOrder, exposure: Exposure, chain: ChainSnapshot, params: GridParams
) -> WorstLoss:
    """Return the loss in the worst cell of the grid, for `RiskGate.check` of `order`.

    What is held counts at its mid. Orders at work, other than the order itself, may fill or not: in
    each cell what is worse counts, of a buy at its worst price, of a sale at the mid, as one that
    closes may be sold at any price. Contracts outside the chain are not in it.

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
    multiplier, own = order.contract.multiplier, (order.order_id, order.replaces)

    def beyond_mid_usd(row: int, quantity: int, price: float) -> float:
        return quantity * (price - chain.mid.item(row)) * multiplier

    def worst_loss(row: int, quantity: int, price: float, enough: float) -> float:
        if row < 0:
            return math.nan
        if quantity >= 0 and _is_known(chain, row):
            paid = quantity * price + _paid_usd_a_share(exposure, chain, own)
            if paid * multiplier <= enough:
                return paid * multiplier
        legs, orders = [row, quantity, 0.0], 0
        for line in exposure.lines.values():
            if line.held and line.contract.row >= 0:
                legs += line.contract.row, line.held, 0.0
        for order_id, working in exposure.orders.items():
            other = working.order.contract.row
            if other < 0 or order_id in own:
                continue
            if working.order.quantity > 0:
                left = working.left
                legs += other, left, beyond_mid_usd(other, left, working.price)
            else:
                legs += other, -working.left, 0.0
            orders += 1
        paid_over = beyond_mid_usd(row, quantity, price) if quantity else 0.0
        return paid_over - least_pnl(chain, legs, orders, params, multiplier)

    return worst_loss


def _paid_usd_a_share(exposure: Exposure, chain: ChainSnapshot, own: tuple[str, str]) -> float:
    """Return what all that is held is worth and all buys at work may pay: no scenario loses more.

    NaN where something is short or may be sold, and where a figure is not known.
    """
    if not (0.0 < chain.forward < math.inf and math.isfinite(chain.analytics.implied_move)):
        return math.nan
    paid = 0.0
    for line in exposure.lines.values():
        row, held = line.contract.row, line.held
        if row >= 0 and held:
            if held < 0 or not _is_known(chain, row):
                return math.nan
            paid += held * chain.mid.item(row)
    for order_id, working in exposure.orders.items():
        row = working.order.contract.row
        if row >= 0 and order_id not in own:
            if working.order.quantity < 0 or not _is_known(chain, row):
                return math.nan
            paid += working.left * working.price
    return paid


def _is_known(chain: ChainSnapshot, row: int) -> bool:
    """Return whether the grid can be worked out for an option."""
    return 0.0 <= chain.iv.item(row) < math.inf and 0.0 <= chain.mid.item(row) < math.inf
