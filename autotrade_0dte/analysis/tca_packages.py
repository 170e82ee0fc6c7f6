"""What verticals cost that were worked as one order: net prices, and the costs of both legs."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from autotrade_0dte.analysis.session_rows import rows_of
from autotrade_0dte.analysis.tca import ParentCost
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.tca import CostParts

__all__ = ["PackageCost", "package_costs"]

_NAN = math.nan


class PackageCost(msgspec.Struct, frozen=True, kw_only=True):
    """One package and what it cost; prices are net, dollars a share, NaN is unknown.

    Parameters
    ----------
    package : str
        Its name.
    purpose : Purpose
        An entry buys the vertical, any other sells it.
    outcome : str
        How its purchase ended; its sale's as well, where that is another.
    contracts, filled : int
        Packages wanted and got: contracts of the leg that has fewer.
    alone : int
        Contracts of one leg without the other's, which no venue should leave.
    price : float
        What the filled ones cost, or brought, on average.
    mid, spread : float
        Middle and width of the vertical's market at the decision: the difference of the legs'
        middles, and the sum of their spreads, as both are crossed at once.
    leg_prices, leg_mids : tuple of float
        The same of the purchase and of the sale.
    parts : CostParts
        Of both legs together, dollars.
    fees, minimums : float
        Of both legs, dollars.
    legs : tuple of ParentCost
        The purchase and the sale.
    """

    package: str
    plan_id: str
    purpose: Purpose
    outcome: str
    contracts: int
    filled: int
    alone: int
    price: float
    mid: float
    spread: float
    leg_prices: tuple[float, float]
    leg_mids: tuple[float, float]
    parts: CostParts
    fees: float
    minimums: float
    legs: tuple[ParentCost, ParentCost]

    @property
    def slippage(self) -> float:
        """What the average price gave away against the middle at the decision, dollars a share."""
        return (self.price - self.mid) * (1 if self.purpose is Purpose.ENTRY else -1)

    @property
    def of_spread(self) -> float:
        """The slippage as a share of the spread: 0.5 is the far side of both legs."""
        return self.slippage / self.spread if self.spread > 0 else _NAN


def package_costs(parents: pa.Table, costs: Sequence[ParentCost]) -> tuple[PackageCost, ...]:
    """Return what each package cost, in the order they were decided.

    Parameters
    ----------
    parents : table
        Of the run.
    costs : sequence of ParentCost
        What `tca.parent_costs` makes of it.
    """
    of_parent = {(cost.session, cost.parent_id): cost for cost in costs}
    legs: dict[tuple[Any, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows_of(parents), key=lambda row: (row["session"], row["decided"])):
        if row["package"]:
            legs[row["session"], row["package"]].append(row)
    return tuple(
        _package_cost(name, sorted(rows, key=lambda row: Side(row["side"])), of_parent)
        for (_, name), rows in legs.items()
    )


def _package_cost(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    of_parent: Mapping[tuple[Any, str], ParentCost],
) -> PackageCost:
    """Measure a package by the rows of its purchase and its sale."""
    bought, sold = (of_parent[row["session"], row["parent_id"]] for row in rows)
    sign = 1 if bought.purpose is Purpose.ENTRY else -1
    quotes = [OrderQuote(r["decided"], r["bid"], r["ask"], _NAN, _NAN, _NAN) for r in rows]
    prices = rows[0]["average_price"], rows[1]["average_price"]  # NaN of what was not filled
    mids = quotes[0].mid, quotes[1].mid
    filled = min(bought.filled, sold.filled)
    outcomes = dict.fromkeys((bought.outcome.value, sold.outcome.value))
    return PackageCost(
        package=name,
        plan_id=bought.plan_id,
        purpose=bought.purpose,
        outcome=", ".join(outcomes),
        contracts=bought.contracts,
        filled=filled,
        alone=max(bought.filled, sold.filled) - filled,
        price=sign * (prices[0] - prices[1]),
        mid=sign * (mids[0] - mids[1]),
        spread=quotes[0].spread + quotes[1].spread,
        leg_prices=prices,
        leg_mids=mids,
        parts=CostParts(
            **{
                part: getattr(bought.parts, part) + getattr(sold.parts, part)
                for part in CostParts.__struct_fields__
            }
        ),
        fees=bought.fees + sold.fees,
        minimums=bought.minimums + sold.minimums,
        legs=(bought, sold),
    )
