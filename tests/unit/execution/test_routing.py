from typing import Any

import pytest
from worked_order import NAN, entry, leaving, quote

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.routing import Route, RouteParams, RouteReason, Style, route
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level


def routed(parent: ParentOrder, look: OrderQuote | None = None, **changes: Any) -> Route:
    usual: dict[str, Any] = {"tick": 0.01, "to_close_s": 3_600.0, "calls_left": 60}
    return route(parent, look or quote(0), RouteParams(), **(usual | changes))


def expected(style: Style, reason: RouteReason) -> Route:
    return Route(style, reason)


PATIENT = {"urgency": Urgency.PATIENT}
URGENT = {"urgency": Urgency.URGENT}
L2 = {"level": Level.L2}
ONE_TICK = quote(0, 1.00, 1.01)
WIDE = quote(0, 1.00, 1.10)


@pytest.mark.parametrize(
    ("parent", "look", "style", "reason"),
    [
        (entry(), quote(0), Style.WALK, RouteReason.NORMAL),
        (entry(), ONE_TICK, Style.MARKETABLE, RouteReason.CHEAP_TO_CROSS),
        (entry(), quote(0, fair=1.035), Style.MARKETABLE, RouteReason.CHEAP_TO_CROSS),
        (entry(), quote(0, 1.00, 1.01, fair=1.002), Style.WALK, RouteReason.NORMAL),
        (entry(**PATIENT), ONE_TICK, Style.PASSIVE, RouteReason.PATIENT),
        (entry(**URGENT), quote(0, 1.00, 1.03), Style.MARKETABLE, RouteReason.URGENT),
        (entry(**URGENT), quote(0), Style.WALK, RouteReason.URGENT),
        (entry(level=Level.L1), quote(0), Style.WALK, RouteReason.NORMAL),
        (entry(**L2), quote(0, 1.00, 1.03), Style.MARKETABLE, RouteReason.LEVEL),
        (entry(**L2), WIDE, Style.WALK, RouteReason.LEVEL),
        (entry(level=Level.L3, **PATIENT), ONE_TICK, Style.MARKETABLE, RouteReason.LEVEL),
        (entry(cap=1.0), ONE_TICK, Style.WALK, RouteReason.CAP_SHORT),
        (entry(cap=0.99), quote(0), Style.GIVE_UP, RouteReason.CAP_BEHIND_MARKET),
        (entry(cap=1.00), quote(0), Style.WALK, RouteReason.NORMAL),
        (entry(side=Side.SELL, cap=1.05), quote(0), Style.GIVE_UP, RouteReason.CAP_BEHIND_MARKET),
    ],
)
def test_entry_is_routed_by_urgency_level_spread_and_cap(
    parent: ParentOrder, look: OrderQuote, style: Style, reason: RouteReason
) -> None:
    assert routed(parent, look) == expected(style, reason)


@pytest.mark.parametrize(
    ("parent", "look", "style", "reason"),
    [
        (leaving(Purpose.EXIT), quote(0), Style.WALK, RouteReason.NORMAL),
        (leaving(Purpose.EXIT, **PATIENT), quote(0), Style.PASSIVE, RouteReason.PATIENT),
        (leaving(Purpose.EXIT, **URGENT), WIDE, Style.MARKETABLE, RouteReason.URGENT),
        (leaving(Purpose.EXIT, **L2), WIDE, Style.MARKETABLE, RouteReason.LEVEL),
        (leaving(Purpose.EXIT), ONE_TICK, Style.MARKETABLE, RouteReason.CHEAP_TO_CROSS),
        (leaving(Purpose.STOP), quote(0), Style.WALK, RouteReason.STOP),
        (leaving(Purpose.STOP, **PATIENT), quote(0), Style.WALK, RouteReason.STOP),
        (leaving(Purpose.STOP, **L2), quote(0), Style.MARKETABLE, RouteReason.LEVEL),
        (leaving(Purpose.STOP), quote(0, 0.0, fair=NAN), Style.WALK, RouteReason.STOP),
        (leaving(Purpose.EMERGENCY, **PATIENT), WIDE, Style.MARKETABLE, RouteReason.EMERGENCY),
        (leaving(Purpose.EMERGENCY, cap=1.01), quote(0), Style.WALK, RouteReason.CAP_SHORT),
    ],
)
def test_exit_is_routed_by_purpose_urgency_and_level(
    parent: ParentOrder, look: OrderQuote, style: Style, reason: RouteReason
) -> None:
    assert routed(parent, look) == expected(style, reason)


@pytest.mark.parametrize(
    ("calls_left", "style", "reason"),
    [
        (8, Style.WALK, RouteReason.NORMAL),
        (7, Style.PASSIVE, RouteReason.LOW_BUDGET),
        (2, Style.PASSIVE, RouteReason.LOW_BUDGET),
        (1, Style.GIVE_UP, RouteReason.NO_BUDGET),
    ],
)
def test_few_calls_left_make_an_entry_rest_then_give_up(
    calls_left: int, style: Style, reason: RouteReason
) -> None:
    assert routed(entry(), calls_left=calls_left) == expected(style, reason)


def test_few_calls_left_make_an_exit_cross() -> None:
    parent = leaving(Purpose.EXIT, **PATIENT)
    assert routed(parent, calls_left=7) == expected(Style.MARKETABLE, RouteReason.LOW_BUDGET)
    assert routed(parent, calls_left=8).style is Style.PASSIVE


def test_near_the_close_entries_are_given_up_and_exits_cross() -> None:
    late = expected(Style.GIVE_UP, RouteReason.TOO_LATE)
    assert routed(entry(), to_close_s=119.9) == late
    assert routed(entry(), to_close_s=120.0) != late
    close_near = expected(Style.MARKETABLE, RouteReason.CLOSE_NEAR)
    assert routed(leaving(Purpose.EXIT), to_close_s=299.9) == close_near
    assert routed(leaving(Purpose.EXIT), to_close_s=300.0) != close_near


def test_tightened_desk_only_rests_entries_and_leaves_exits_alone() -> None:
    tightened = expected(Style.PASSIVE, RouteReason.TIGHTENED)
    assert routed(entry(**URGENT), tightened=True) == tightened
    assert routed(leaving(Purpose.EXIT), tightened=True).reason is RouteReason.NORMAL


def test_ticks_of_the_product_decide_what_is_cheap() -> None:
    look = quote(0, 1.00, 1.05)
    assert routed(entry(), look, tick=0.05).reason is RouteReason.CHEAP_TO_CROSS
    assert routed(entry(), look, tick=0.01).reason is RouteReason.NORMAL
