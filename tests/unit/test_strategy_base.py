"""The strategies' base among orders that rest, fail and cross with deadlines, without an engine."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    LiquiditySide,
    OrderSide,
    Price,
    Quantity,
)
from strategy_venue import (
    CALL,
    NS,
    PLAN,
    SESSION,
    SHORT,
    Venue,
    canceled,
    filled,
    position,
    rejected,
    sale,
)

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.execution.fill_quote import FillQuote
from autotrade_0dte.execution.walk_record import MoveKind
from autotrade_0dte.market_state.actions import Action, ActionTable, Track, TrackActions
from autotrade_0dte.market_state.state import Level
from autotrade_strategies.base import TradeStrategy


def test_exit_is_sent_once_and_left_to_the_desk() -> None:
    venue = Venue().opened()
    assert venue.chain(10, 1.55) == [sale(2)]
    for bid in (1.60, 1.50, 0.0):
        assert venue.chain(11, bid) == []


def test_exit_gives_way_to_an_emergency_at_the_flatten_deadline() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == ("CANCEL", "O-2")
    assert venue.chain(22_501, 1.40) == []  # neither canceled nor sold twice
    assert venue.answer(canceled("O-2")) == [sale(2, "emergency")]
    assert venue.chain(22_502, 1.30) == []
    assert [d.reason for d in venue.decisions] == ["TEST", "TARGET", "TARGET"]


def test_partly_filled_exit_leaves_the_rest_to_the_emergency() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.answer(filled("O-2", -1, 1.55))
    venue.strategy._on_flatten(None)
    assert venue.answer(canceled("O-2")) == [sale(1, "emergency")]


def test_exit_that_fills_while_it_is_canceled_is_not_sold_twice() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.strategy._on_flatten(None)
    assert venue.answer(filled("O-2", -2, 1.55)) == []
    assert venue.strategy._trade is None


def test_level_that_forces_exits_hurries_one_that_is_at_work() -> None:
    forced = Action(entries=False, exits_forced=True)
    venue = Venue(actions=ActionTable(regular=TrackActions(l3=forced))).opened()
    assert venue.chain(10, 1.55) == [sale(2)]
    assert venue.chain(11, 1.50, level=Level.L3, since_s=11) == [("CANCEL", "O-2")]
    assert venue.answer(canceled("O-2")) == [sale(2, "stop")]
    assert venue.chain(12, 1.50, level=Level.L3, since_s=11) == []
    assert venue.decisions[-1].reason == "TARGET"


def test_order_that_the_desk_replaces_is_sent_anew_with_what_is_left_of_it() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.hear("O-2", MoveKind.REPLACE)
    venue.answer(filled("O-2", -1, 1.55))
    assert venue.answer(canceled("O-2")) == [sale(1)]
    assert [tags.get("parent") for tags in venue.tags] == [None, None, "O-2"]
    assert venue.answer(filled("O-3", -1, 1.50)) == []
    assert venue.strategy._trade is None


def test_order_that_the_desk_drops_after_all_is_not_sent_anew() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.hear("O-1", MoveKind.REPLACE)
    venue.hear("O-1", MoveKind.END)
    assert venue.answer(canceled("O-1")) == []
    assert venue.strategy._trade is None


def test_order_that_the_strategy_withdraws_is_not_sent_anew() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.hear("O-1", MoveKind.REPLACE)
    assert venue.chain(30, 0.95) == [("CANCEL", "O-1")]
    assert venue.answer(canceled("O-1")) == []


def test_nothing_is_sent_anew_after_the_stop() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.hear("O-2", MoveKind.REPLACE)
    venue.strategy.on_stop()
    assert venue.answer(canceled("O-2")) == []


def test_orders_tell_the_desk_what_they_are_for() -> None:
    venue = Venue(replace(PLAN, decided_ns=NS)).opened()
    venue.chain(10, 1.55)
    entry, close = venue.tags
    assert (entry["plan"], entry["purpose"], entry["reason"]) == ("P001", "entry", "TEST")
    assert (int(entry["decided"]), int(entry["deadline"])) == (NS, 31 * NS)
    assert (close["plan"], close["purpose"], close["reason"]) == ("P001", "exit", "TARGET")
    assert (int(close["decided"]), int(close["deadline"])) == (10 * NS, SESSION.close_ns)


def test_no_plan_is_asked_for_after_the_flatten_deadline() -> None:
    venue = Venue(plan=None)
    venue.chain(1, 0.95)
    venue.strategy._on_flatten(None)
    venue.chain(2, 0.95)
    assert (venue.asked, venue.sent) == (1, [])


def test_plan_that_never_filled_makes_room_for_the_next_decision() -> None:
    venue = Venue()
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    assert venue.chain(29, 0.95) == []
    assert venue.chain(30, 0.95) == [("CANCEL", "O-1")]
    assert venue.chain(31, 0.95) == []
    venue.answer(canceled("O-1"))
    venue.chain(32, 0.95)
    assert venue.asked == 2


def test_entry_that_fills_while_it_is_canceled_is_still_sold() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == ("CANCEL", "O-1")
    venue.answer(filled("O-1", 1, 0.99))
    venue.answer(canceled("O-1"))
    assert venue.chain(22_501, 0.90) == [sale(1, "emergency")]


def test_rejected_exit_waits_for_another_quote() -> None:
    venue = Venue().opened()
    assert venue.chain(10, 1.55, age_s=2) == [sale(2)]
    assert venue.answer(rejected("O-2")) == []
    assert venue.decisions[-1].reason == "NO_MARKET"
    assert venue.chain(11, 1.55, age_s=3) == []
    assert venue.chain(12, 1.55, age_s=0) == [sale(2)]


def test_emergency_does_not_wait_for_another_quote_as_a_rejected_exit_does() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.answer(rejected("O-2"))
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == sale(2, "emergency")


def test_rejected_entry_ends_the_plan() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(rejected("O-1"))
    assert (venue.decisions[-1].side, venue.decisions[-1].quantity) == ("BUY", 2)
    venue.chain(2, 0.95)
    assert venue.asked == 2


@pytest.mark.parametrize("quality", [0, int(QuoteFlag.STALE)])
def test_stale_bid_fires_no_target(quality: int) -> None:
    venue = Venue().opened()
    assert (venue.chain(10, 1.55, quality=quality) == []) is bool(quality)


def test_exercise_test_waits_for_a_spot_and_is_made_once() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=math.nan)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(101, 0.95, spot=math.nan) == []
    assert venue.chain(102, 0.95, spot=605.0) == [sale(2, "emergency")]
    assert venue.decisions[-1].reason == "EXERCISE_NOT_FUNDED"
    assert venue.chain(103, 0.94, spot=605.0) == []


def test_exercise_test_takes_no_account_of_what_does_not_expire_today() -> None:
    venue = Venue(cash=1_000_000.0).opened()
    venue.positions = [
        position(CALL, 2.0),
        position("SPY260724C00500000.US", 99.0),
        position("AAPL260720C00200000.US", 99.0),
    ]
    venue.strategy._on_exercise_test(None)
    assert venue.chain(102, 0.95, spot=605.0) == []


def test_exercise_test_that_closes_another_position_leaves_the_plan_alone() -> None:
    venue = Venue(cash=125_000.0).opened()  # pays for the plan's two and no more
    venue.positions = [position(CALL, 2.0), position("SPY260720C00604000.US", 1.0)]
    venue.strategy._on_exercise_test(None)
    assert venue.chain(102, 0.95, spot=605.0) == []


def test_position_that_passed_the_exercise_test_is_not_tested_again() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=590.0)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(101, 0.95, spot=605.0) == []


def test_plan_after_an_emergency_exits_without_hurry_again() -> None:
    venue = Venue(cash=1_000.0).opened()
    venue.trades = 2
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(100, 0.95, spot=605.0)
    venue.strategy._on_exercise_test(None)
    venue.answer(filled("O-2", -2, 0.95))
    assert venue.chain(110, 0.95) == [("BUY", 2, 1.00)]
    venue.answer(filled("O-3", 2, 0.99))
    assert venue.chain(120, 1.55) == [sale(2)]


def test_exit_goes_to_the_desk_without_a_bid_as_well() -> None:
    venue = Venue().opened()
    assert venue.chain(600, 0.0) == [sale(2)]
    assert venue.decisions[-1].reason == "TIME_STOP"
    assert venue.decisions[-1].figures["bid"] == 0.0


def test_exercise_test_before_any_snapshot_or_without_a_position_does_nothing() -> None:
    venue = Venue(plan=None)
    venue.strategy._on_exercise_test(None)
    assert venue.chain(1, 0.95) == []
    venue.positions = [SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=2.0)]
    venue.chain(2, 0.95, spot=700.0)
    assert (venue.sent, venue.decisions) == ([], [])


def test_events_of_no_plan_are_passed_over() -> None:
    venue = Venue(plan=None)
    for event in (filled("X-1", 1, 1.0), canceled("X-1"), rejected("X-1"), object()):
        assert venue.answer(event) == []
    assert venue.decisions == []


def test_event_of_an_unknown_order_leaves_the_plan_as_it_is() -> None:
    venue = Venue().opened()
    venue.answer(canceled("X-1"))
    assert venue.chain(10, 1.55) == [sale(2)]


def test_quote_of_a_fill_is_noted_only_where_the_fill_took_it() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))  # no quote yet
    venue.quote = SimpleNamespace(
        bid_price=Price(0.95, 2), ask_price=Price(0.99, 2), ts_event=3 * NS
    )
    venue.answer(filled("O-1", 1, 0.99, LiquiditySide.MAKER))
    assert venue.fill_quotes == []
    venue.answer(filled("O-2", 1, 0.99))
    venue.answer(filled("O-3", 1, 0.99, LiquiditySide.NO_LIQUIDITY_SIDE))  # a broker's
    assert venue.fill_quotes == [
        FillQuote(name, f"T-{name}", 0.95, 0.99, 2.0) for name in ("O-2", "O-3")
    ]


def test_strategy_must_say_what_it_decides() -> None:
    with pytest.raises(NotImplementedError):
        TradeStrategy(SESSION, None, Venue().strategy.allotment).decide(None)  # type: ignore[arg-type]


def test_orders_left_by_a_process_before_are_canceled_and_waited_for() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("O-OLD")]
    venue.strategy.on_start()
    assert venue.sent == [("CANCEL", "O-OLD")]
    assert venue.chain(1, 0.95) == []
    venue.canceling.clear()  # the cancel has failed
    assert venue.chain(2, 0.95) == [("CANCEL", "O-OLD")]
    venue.left = []
    assert venue.chain(3, 0.95) == [("BUY", 2, 1.00)]


def test_order_made_by_hand_is_neither_canceled_nor_waited_for() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("44")]
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    venue.strategy.on_stop()
    assert venue.sent == [("BUY", 2, 1.00)]


def test_entries_of_a_process_before_count_for_this_one() -> None:
    venue = Venue()
    venue.sent_before = [
        sent("001-4", "SELL", CALL, 1, at_s=7),
        sent("001-3", "BUY", SHORT, 1, at_s=6),  # buys the short leg back
        sent("001-1", "BUY", CALL, 1, at_s=2),
        sent("001-2", "SELL", SHORT, 1, at_s=3),
        sent("002-1", "BUY", CALL, 1, at_s=4),  # of the other track
        sent("001-5", "BUY", SHORT, 0, at_s=8),  # never filled, a long leg itself
    ]
    by_hand = sent("001-6", "BUY", CALL, 1, at_s=4)
    by_hand.client_order_id = ClientOrderId("44")
    venue.sent_before.append(by_hand)
    venue.strategy.on_start()
    assert venue.strategy.trades == 2


def sent(number: str, side: str, leg: str, quantity: int, at_s: int) -> Any:
    return SimpleNamespace(
        client_order_id=ClientOrderId(f"O-20260720-150000-001-{number}"),
        instrument_id=InstrumentId.from_str(leg),
        side=getattr(OrderSide, side),
        filled_qty=Quantity.from_int(quantity),
        ts_last=at_s * NS,
    )


@pytest.mark.parametrize("track", list(Track))
def test_tracks_have_names_of_their_own_and_one_heir(track: Track) -> None:
    config = TradeStrategy._engine_config(SESSION, track)
    number = {Track.REGULAR: "001", Track.ANOMALY: "002"}[track]
    assert str(config.strategy_id) == f"TradeStrategy-{number}"
    assert len(config.external_order_instrument_ids or ()) == (2 if number == "001" else 0)


def test_position_left_by_a_process_before_is_sold_before_a_new_trade() -> None:
    venue = Venue()
    venue.positions = [
        SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=3.0),
        SimpleNamespace(instrument_id=InstrumentId.from_str("SPY.US"), signed_qty=100.0),
    ]
    assert venue.chain(1, 0.95) == [sale(3, "emergency")]
    assert [(d.plan_id, d.reason) for d in venue.decisions] == [("FOUND01", "RESTART")]
    assert venue.chain(2, 0.95) == []
    venue.answer(filled("O-1", -3, 0.95))
    assert venue.chain(3, 0.95) == [("BUY", 2, 1.00)]


def test_positions_found_after_the_flatten_deadline_are_sold_at_once() -> None:
    venue = Venue(plan=None)
    venue.strategy._on_flatten(None)
    found = SimpleNamespace(instrument_id=InstrumentId.from_str(CALL), signed_qty=1.0)
    venue.positions = [found, found]
    assert venue.chain(1, 0.95) == [sale(1, "emergency")]
    venue.answer(filled("O-1", -1, 0.95))
    assert venue.chain(2, 0.95) == [sale(1, "emergency")]


def test_emergency_does_not_follow_after_the_stop() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    venue.strategy._on_flatten(None)
    venue.strategy.on_stop()
    assert venue.answer(canceled("O-2")) == []


def test_stop_cancels_what_is_working_and_nothing_is_sent_after_it() -> None:
    venue = Venue()
    venue.left = [ClientOrderId("O-1"), ClientOrderId("O-2")]
    venue.strategy.on_stop()
    assert venue.sent == [("CANCEL", "O-1"), ("CANCEL", "O-2")]
    assert venue.chain(1, 0.95) == []


def test_nothing_is_bought_after_the_stop() -> None:
    venue = Venue()
    venue.strategy.on_stop()
    assert venue.chain(1, 0.95) == []


def test_entry_whose_cancel_failed_is_canceled_again_during_the_exit() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert venue.chain(2, 1.50) == [("CANCEL", "O-1"), sale(1)]
    venue.canceling.clear()
    assert venue.chain(3, 1.50) == [("CANCEL", "O-1")]


def test_contracts_of_an_order_that_fills_after_its_cancel_are_sold() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(canceled("O-1"))
    assert venue.strategy._trade is None
    venue.answer(filled("O-1", 2, 0.99))
    venue.positions = [position(CALL, 2.0)]
    assert venue.chain(2, 0.95) == [sale(2, "emergency")]
    assert venue.decisions[-1].reason == "RESTART"


def test_contracts_bought_by_hand_are_left_to_the_operator() -> None:
    venue = Venue(plan=None)
    venue.chain(1, 0.95)
    venue.answer(filled("V", 2, 0.99))  # the broker's name is all it has
    venue.positions = [position(CALL, 2.0)]
    assert venue.chain(2, 0.95) == []


def test_late_fill_of_another_contract_waits_for_the_end_of_the_trade() -> None:
    venue = Venue().opened()
    venue.answer(filled("O-0", 1, 0.40, leg=SHORT))
    venue.positions = [position(SHORT, 1.0)]
    assert venue.chain(10, 1.50) == [sale(2)]
    venue.answer(filled("O-2", -2, 1.50))
    assert venue.chain(11, 1.50) == [("SHORT", *sale(1, "emergency"))]
    assert venue.decisions[-1].plan_id == "FOUND01"


def test_plans_of_positions_found_one_after_the_other_have_names_of_their_own() -> None:
    venue = Venue(plan=None)
    for number, order in ((1, "O-1"), (2, "O-2")):
        venue.positions = [position(CALL, 1.0)]
        venue.answer(filled("O-0", 1, 0.40))
        venue.chain(10 * number, 1.50)
        assert venue.decisions[-1].plan_id == f"FOUND0{number}"
        venue.answer(filled(order, -1, 1.50))
