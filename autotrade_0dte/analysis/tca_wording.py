"""Transaction costs in words and figures, the same in the terminal and in the report."""

import math

from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number
from autotrade_0dte.analysis.tca_groups import By, CostGroup
from autotrade_0dte.analysis.tca_packages import PackageCost
from autotrade_0dte.instruments import option_symbol

__all__ = ["BY_HEADINGS", "BY_WORDS", "CAUTION", "GOAL", "GROUP_HEADINGS", "MARKOUTS", "NOTHING"]
__all__ += ["PACKAGES", "PACKAGE_HEADINGS", "SHORTFALL", "STAGE_WORDS", "TOTAL", "WATERFALL"]
__all__ += ["figure", "group_cells", "horizon", "interval", "package_rows", "plural", "waterfall"]

GOAL = 0.95
"""Share of the orders that should fill which the execution is meant to fill."""

NOTHING = "No orders were worked."
WATERFALL = "From the mid at the decision to what was paid"
MARKOUTS = "Spread of the fills, by the market after them (cents a share)"
CAUTION = (
    "Slippage: mean share of the spread at the decision; 0 % is its mid, 50 % its far side."
    " An order should fill when the market stood open to it within its cap for as long as its route"
    " takes; an exit always. Effective spread: twice the distance from the mid; realised is what"
    " the other side kept of it, impact how far the option moved, the underlying's move apart."
    " Orders of one session depend on each other: intervals of means need ten sessions."
)
SHORTFALL, TOTAL = "Shortfall", "Total"
BY_WORDS = {
    By.TRACK: "By track",
    By.LEVEL: "By market state at the decision",
    By.PURPOSE: "By purpose",
    By.ROUTE: "By route",
    By.HALF_HOUR: "By half hour of the decision, New York",
}
BY_HEADINGS = {
    By.TRACK: "Track",
    By.LEVEL: "State",
    By.PURPOSE: "Purpose",
    By.ROUTE: "Route",
    By.HALF_HOUR: "Half hour",
}
GROUP_HEADINGS = ("Orders", "Filled", "Success", "Slippage", "95 %", "Shortfall", "Fees")
"""Success: how many were filled of the orders that should have been."""

PACKAGES = "Verticals in one order, at net prices, and their legs"
PACKAGE_HEADINGS = ("Filled", "Price", "Mid", "Slippage ¢", "Of spread", "Shortfall", "Fees")
"""Price of the fills and middle at the decision, dollars; slippage a share, and of the spread."""

STAGE_WORDS = {
    "to_submit": "decision to submit",
    "to_acknowledge": "submit to answer",
    "to_first_fill": "answer to first fill",
    "to_end": "decision to end",
}


def waterfall(total: CostGroup) -> list[tuple[str, float, str]]:
    """Return the parts of the cost, each with its dollars and what is to be said of it."""
    parts = total.parts
    known = f"{count(total.complete)} of {plural(total.parents, 'order')} fully known"
    fees = f"of them minimums {money(total.minimums)}"
    if total.fees_known < total.parents:
        fees += f"; {count(total.fees_known)} orders known"
    is_whole = total.complete == total.fees_known == total.parents
    return [
        ("Delay", parts.delay, "moved before it was sent"),
        ("Spread", parts.spread, "paid beyond the mid at the fill"),
        ("Impact", parts.impact, "moved until it was filled"),
        ("Opportunity", parts.opportunity, "moved, of what an entry did not get"),
        (SHORTFALL, parts.shortfall, known),
        ("Fees", total.fees, fees),
        (TOTAL, parts.shortfall + total.fees, "" if is_whole else "of what is known of each"),
    ]


def group_cells(group: CostGroup) -> tuple[str, ...]:
    """Return a group's figures, in the order of GROUP_HEADINGS; slippage is of the spread."""
    success = group.success
    filled = group.filled / group.contracts if group.contracts else math.nan
    shortfall = money(group.parts.shortfall) if group.complete else UNKNOWN
    if 0 < group.complete < group.parents:
        shortfall += f" ({count(group.complete)})"
    return (
        count(group.parents),
        fraction(filled, 0),
        f"{count(success.hits)} of {count(success.trials)}",
        fraction(group.slippage.value, 0),
        interval(group.slippage.low, group.slippage.high, 100, digits=0),
        shortfall,
        money(group.fees) if group.fees_known else UNKNOWN,
    )


def package_rows(package: PackageCost) -> list[tuple[str, tuple[str, ...]]]:
    """Return names and figures, in the order of PACKAGE_HEADINGS, of a package and of its legs."""
    rows = [
        (
            f"{package.plan_id} {package.purpose}",
            _cells(
                package.filled, package.contracts, package.price, package.mid,
                100 * package.slippage, package.of_spread, package.parts.shortfall, package.fees,
            ),
        )
    ]  # fmt: skip
    for leg, price, mid in zip(package.legs, package.leg_prices, package.leg_mids, strict=True):
        option = option_symbol(leg.instrument_id.partition(".")[0])
        name = f"{leg.side.lower()} {option.strike:g} {option.right.name.lower()}"
        cells = _cells(
            leg.filled, leg.contracts, price, mid, leg.slippage.cents, leg.slippage.of_spread,
            leg.parts.shortfall, leg.fees,
        )  # fmt: skip
        rows.append((name, cells))
    return rows


def _cells(
    filled: int,
    contracts: int,
    price: float,
    mid: float,
    cents: float,
    of_spread: float,
    shortfall: float,
    fees: float,
) -> tuple[str, ...]:
    return (
        f"{count(filled)} of {count(contracts)}",
        number(price, 2),
        number(mid, 3),
        number(cents, 2),
        fraction(of_spread, 0),
        money(shortfall),
        money(fees),
    )


def interval(low: float, high: float, scale: float, digits: int = 1) -> str:
    """Write an interval; a dash where there is none."""
    if math.isnan(low):
        return UNKNOWN
    return f"{number(scale * low, digits)} to {number(scale * high, digits)}"


def figure(value: float, scale: float, unit: str) -> str:
    """Write a figure with its unit; a dash where it is not known."""
    return UNKNOWN if math.isnan(value) else f"{number(scale * value, 2)}{unit}"


def horizon(seconds: int) -> str:
    """Write how long after a fill."""
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"


def plural(times: int, noun: str) -> str:
    """Write a number of things."""
    return f"{times:,} {noun}{'' if times == 1 else 's'}"
