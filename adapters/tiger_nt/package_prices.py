"""How a net price is two prices: the rule where Tiger tells only what both legs cost together."""

from tiger_nt.views import PackageRequest

__all__ = ["leg_prices"]


def leg_prices(request: PackageRequest, net: float) -> tuple[float, float]:
    """Return the prices of purchase and sale, dollars, of which the first less the second is `net`.

    A package that costs money is split as if the sale had been done at its limit, one that brings
    money in as if the purchase had: the other leg has the rest, and no price is below zero.

    >>> leg_prices(debit_limited_at_1_30_and_0_50, 0.75)
    (1.25, 0.5)
    """
    bought, sold = (leg.limit_price or 0.0 for leg in request.legs)
    if net >= 0:
        return round(net + sold, 6), sold
    return bought, round(bought - net, 6)
