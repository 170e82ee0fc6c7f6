"""Verticals as packages by the strategies' base: both orders at once, and the legs where not."""

import math
from typing import Any

import pytest
from msgspec.structs import replace
from strategy_venue import EXITS, VERTICAL, Venue, canceled, filled, rejected, sale

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.walk_record import MoveKind
from autotrade_strategies.orders import WorkingOrder


def sold_short(name: str, quantity: int, price: float) -> Any:
    return filled(name, -quantity, price, leg="SPY260720C00605000.US")


def bought_back(name: str, quantity: int, price: float) -> Any:
    return filled(name, quantity, price, leg="SPY260720C00605000.US")


def recorded(venue: Venue) -> list[tuple[str, dict[str, float]]]:
    """Return reasons and figures of what was not worked on."""
    return [(d.reason, d.figures) for d in venue.decisions if d.kind is DecisionKind.REFUSE]


def covered() -> Venue:
    """Return a venue that filled a package: two long at 0.99, two short at 0.40."""
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    venue.answer(filled("O-2", 2, 0.99))
    venue.answer(sold_short("O-3", 2, 0.40))
    return venue


def test_both_legs_go_at_once_under_one_name_and_net_to_the_cap() -> None:
    venue = Venue(VERTICAL, packages=True)
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00), ("SHORT", "SELL", 2, 0.40)]
    assert [tags["package"] for tags in venue.tags] == ["O-1", "O-1"]
    assert venue.chain(2, 0.95) == []


def test_fills_of_both_legs_send_nothing_more() -> None:
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    assert venue.answer(filled("O-2", 2, 0.99)) == []
    assert venue.answer(sold_short("O-3", 2, 0.40)) == []
    assert venue.chain(3, 0.95) == []


def test_a_vertical_without_packages_goes_leg_by_leg() -> None:
    venue = Venue(VERTICAL)
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    assert "package" not in venue.tags[0]


def test_a_refused_package_leaves_nothing_and_sends_nothing() -> None:
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    assert venue.answer(rejected("O-2")) == []
    assert venue.answer(rejected("O-3")) == []
    assert venue.chain(2, 0.95) == []
    assert venue.plans[-1].phase == "CLOSED"


def test_what_is_covered_goes_on_when_the_rest_of_its_package_is_refused() -> None:
    plan = replace(VERTICAL, exits=replace(EXITS, keep_single=False))
    venue = Venue(plan, packages=True)
    venue.chain(1, 0.95)
    venue.answer(filled("O-2", 1, 0.99))
    venue.answer(sold_short("O-3", 1, 0.40))
    assert venue.answer(rejected("O-2")) == []
    assert venue.answer(rejected("O-3")) == []
    assert venue.chain(2, 0.95) == []
    assert venue.plans[-1].phase == "OPEN"


def test_what_is_not_covered_is_closed_when_the_rest_of_its_package_is_refused() -> None:
    plan = replace(VERTICAL, exits=replace(EXITS, keep_single=False))
    venue = Venue(plan, packages=True)
    venue.chain(1, 0.95)
    venue.answer(filled("O-2", 1, 0.99))
    venue.answer(rejected("O-2"))
    assert venue.answer(rejected("O-3")) == [sale(1, "stop")]


def test_what_the_desk_replaces_is_sent_anew_for_both_legs() -> None:
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    for name in ("O-2", "O-3"):
        venue.hear(name, MoveKind.REPLACE)
    assert venue.answer(canceled("O-2")) == [("BUY", 2, 1.00)]
    assert venue.answer(canceled("O-3")) == [("SHORT", "SELL", 2, 0.40)]
    assert [(tags["package"], tags["parent"]) for tags in venue.tags[2:]] == [
        ("O-1", "O-2"), ("O-1", "O-3"),
    ]  # fmt: skip


def test_a_long_leg_that_was_filled_alone_is_covered_by_itself() -> None:
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    venue.answer(filled("O-2", 2, 0.99))
    venue.answer(canceled("O-3"))
    assert venue.chain(6, 0.95) == [("SHORT", "SELL", 2, 0.39)]
    assert "package" not in venue.tags[-1]


def test_a_vertical_is_closed_as_one_package() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    # Bought back for a quarter above the ask of 0.42 at most.
    assert venue.chain(9, 0.95) == [("SHORT", "BUY", 2, 0.53, "exit"), sale(2)]
    assert venue.tags[-1]["package"] == venue.tags[-2]["package"] != venue.tags[0]["package"]
    assert venue.answer(bought_back("O-5", 2, 0.42)) == []
    assert venue.answer(filled("O-6", -2, 0.95)) == []
    assert venue.plans[-1].phase == "CLOSED"


def test_a_close_that_brings_no_money_goes_leg_by_leg() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    assert venue.chain(9, 0.40) == [("SHORT", "BUY", 2, 0.53, "stop")]


def test_a_package_that_brings_no_money_any_more_gives_way_to_the_legs() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    assert venue.chain(10, 0.50) == []
    assert venue.chain(11, 0.40) == [("CANCEL", "O-5"), ("CANCEL", "O-6")]
    venue.answer(canceled("O-5"))
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 2, 0.53, "exit")]
    assert "package" not in venue.tags[-1]
    [(reason, figures)] = recorded(venue)
    assert reason == "PACKAGE_NO_MONEY"
    assert figures == pytest.approx({"bid": 0.40, "ask": 0.42, "net": -0.02})


def test_a_package_that_would_bring_just_nothing_gives_way_too() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    assert venue.chain(10, 0.43) == []
    assert venue.chain(11, 0.42) == [("CANCEL", "O-5"), ("CANCEL", "O-6")]


def test_a_package_whose_long_leg_has_lost_its_bid_gives_way_to_the_legs_short_first() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    assert venue.chain(10, math.nan) == []  # not known
    assert venue.chain(11, 0.0, quality=QuoteFlag.STALE) == []  # not any more
    assert venue.chain(12, 0.0) == [("CANCEL", "O-5"), ("CANCEL", "O-6")]
    assert [reason for reason, _ in recorded(venue)] == ["PACKAGE_NO_BID"]
    venue.answer(canceled("O-5"))
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 2, 0.53, "exit")]
    assert venue.answer(bought_back("O-7", 2, 0.42)) == [sale(2)]
    assert "package" not in venue.tags[-1]
    assert len(recorded(venue)) == 1


def test_a_package_goes_by_legs_without_its_bid_though_the_short_leg_has_no_ask() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    venue.chain(10, 0.0, short=(0.0, 0.0))
    venue.answer(canceled("O-5"))
    assert venue.answer(canceled("O-6")) == []  # never at any price
    assert venue.chain(11, 0.0) == [("SHORT", "BUY", 2, 0.53, "exit")]
    assert [reason for reason, _ in recorded(venue)] == ["PACKAGE_NO_BID", "NO_ASK"]


def test_what_a_package_that_was_given_up_has_left_goes_by_legs_at_once() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    venue.answer(bought_back("O-5", 1, 0.42))
    venue.answer(filled("O-6", -1, 0.95))
    assert venue.answer(canceled("O-5")) == []
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 1, 0.53, "exit")]
    assert [reason for reason, _ in recorded(venue)] == ["PACKAGE_LEFT"]
    assert venue.answer(bought_back("O-7", 1, 0.42)) == [sale(1)]


def test_after_a_refused_package_the_legs_are_closed_one_by_one() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    assert venue.answer(rejected("O-5")) == []
    assert venue.answer(rejected("O-6")) == [("SHORT", "BUY", 2, 0.53, "exit")]
    assert "package" not in venue.tags[-1]
    assert [reason for reason, _ in recorded(venue)] == ["NO_MARKET", "PACKAGE_LEFT", "NO_MARKET"]


def test_an_emergency_takes_the_place_of_a_package_leg_by_leg() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    trade = venue.strategy._trade
    assert trade is not None
    trade.exit(ExitReason.RISK_FLATTEN, venue.strategy.clock.timestamp_ns())
    orders: list[WorkingOrder] = trade._orders()
    assert all(str(order.order_id) in {"O-5", "O-6"} for order in orders)
    assert ("CANCEL", "O-5") in venue.sent
    venue.answer(canceled("O-5"))
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 2, 0.53, "emergency")]


@pytest.mark.parametrize("is_late", [True, False])
def test_no_leg_of_an_entry_is_sent_anew_once_the_package_is_withdrawn(is_late: bool) -> None:
    venue = Venue(VERTICAL, packages=True)
    venue.chain(1, 0.95)
    for name in ("O-2", "O-3"):
        venue.hear(name, MoveKind.REPLACE)
    trade = venue.strategy._trade
    assert trade is not None
    if is_late:
        venue.chain(31, 0.95)
    else:
        trade.exit(ExitReason.STOP, venue.strategy.clock.timestamp_ns())
    assert venue.answer(canceled("O-2")) == []
    assert venue.answer(canceled("O-3")) == []


def test_an_emergency_goes_by_legs_at_once_though_the_package_was_to_be_replaced() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    for name in ("O-5", "O-6"):
        venue.hear(name, MoveKind.REPLACE)
    trade = venue.strategy._trade
    assert trade is not None
    trade.exit(ExitReason.RISK_FLATTEN, venue.strategy.clock.timestamp_ns())
    assert venue.answer(canceled("O-5")) == []
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 2, 0.53, "emergency")]


def test_a_stop_takes_the_place_of_an_exit_as_a_package_again() -> None:
    venue = covered()
    venue.wanted_out = ExitReason.TIME_STOP
    venue.chain(9, 0.95)
    trade = venue.strategy._trade
    assert trade is not None
    trade.exit(ExitReason.STOP, venue.strategy.clock.timestamp_ns())
    venue.answer(canceled("O-5"))
    assert venue.answer(canceled("O-6")) == [("SHORT", "BUY", 2, 0.53, "stop"), sale(2, "stop")]
    assert venue.tags[-1]["package"] == venue.tags[-2]["package"]
