"""Cases of the order state machine by name; the property tests shuffle whole histories."""

import math
from typing import Any

import pytest

from tiger_nt.commissions import FeeFunction
from tiger_nt.marks import client_order_id, user_mark
from tiger_nt.order_events import (
    Accepted,
    Canceled,
    CancelRejected,
    CommissionDiffers,
    Doubt,
    Expired,
    Filled,
    ModifyRejected,
    Rejected,
    Resurfaced,
    Updated,
)
from tiger_nt.orders import TrackedOrder
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import CommandStatus, OrderRequest, OrderState, OrderView, TransactionView

ID, MARK, SYMBOL = 44_000_000_000_000_001, "nt1-abc123-001-S-1", "SPY261123C00600000"
HELD, PARTLY, FILLED = OrderState.HELD, OrderState.PARTIALLY_FILLED, OrderState.FILLED
CANCELLED, REJECTED = OrderState.CANCELLED, OrderState.REJECTED


def request(quantity: int = 5, **changes: Any) -> OrderRequest:
    facts = {"user_mark": MARK, "symbol": SYMBOL, "is_buy": True, "order_type": "LMT"}
    return OrderRequest(**{**facts, "quantity": quantity, "limit_price": 2.0, **changes})


def view(state: OrderState, filled: int = 0, ms: int = 1, **changes: Any) -> OrderView:
    facts: dict[str, Any] = {
        "id": ID,
        "user_mark": MARK,
        "symbol": SYMBOL,
        "sec_type": "OPT",
        "is_buy": True,
        "order_type": "LMT",
        "quantity": 5,
        "filled": filled,
        "limit_price": 2.0,
        "stop_price": None,
        "average_price": 2.0 if filled else math.nan,
        "commission": math.nan,
        "state": state,
        "reason": "",
        "updated_ms": ms,
    }
    return OrderView(**{**facts, **changes})


def trade(number: int, quantity: int, price: float = 2.0, order_id: int = ID) -> TransactionView:
    return TransactionView(
        id=number,
        order_id=order_id,
        symbol=SYMBOL,
        sec_type="OPT",
        is_buy=True,
        quantity=quantity,
        price=price,
        time_ms=number,
    )


def free(_root: str, _is_sell: bool, _fills: list[tuple[int, float]]) -> float:
    return 0.0


def order(quantity: int = 5, fees: FeeFunction | None = free, max_asks: int = 3) -> TrackedOrder:
    tracked = TrackedOrder(request(quantity), fees=fees, max_asks=max_asks)
    tracked.id = ID
    return tracked


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


def test_an_order_is_accepted_when_tiger_works_it_not_when_it_is_new() -> None:
    tracked = order()
    assert tracked.on_view(view(OrderState.NEW)) == []
    assert tracked.on_view(view(HELD, ms=2)) == [Accepted(ID, 2)]
    assert tracked.on_view(view(HELD, ms=2)) == []


def test_a_fill_before_the_acceptance_accepts_the_order() -> None:
    assert kinds(order().on_transaction(trade(7, 2))) == [Accepted, Filled]


def test_a_cancelled_view_ahead_of_its_fills_waits_for_them() -> None:
    tracked = order()
    tracked.on_view(view(HELD))
    assert tracked.on_view(view(CANCELLED, filled=3, ms=9)) == []
    assert tracked.doubt is Doubt.TRANSACTIONS
    assert kinds(tracked.on_transaction(trade(1, 1))) == [Filled]
    assert kinds(tracked.on_transaction(trade(2, 2))) == [Filled, Canceled]
    assert tracked.doubt is None


def test_a_late_rejection_without_a_fill_rejects_and_with_one_cancels_the_rest() -> None:
    tracked = order()
    tracked.on_view(view(HELD))
    assert tracked.on_view(view(REJECTED, ms=2, reason="risk")) == [Rejected("risk", 2)]
    filled = order()
    filled.on_transaction(trade(1, 1))
    assert filled.on_view(view(REJECTED, filled=1, ms=2, reason="risk")) == [Canceled("risk", 2)]


def test_a_rejection_never_accepts_nor_changes_the_order_it_ends() -> None:
    assert order().on_view(view(REJECTED, limit_price=9.0, reason="no")) == [Rejected("no", 1)]


def test_an_expired_order_that_was_never_accepted_is_accepted_first() -> None:
    assert kinds(order().on_view(view(OrderState.EXPIRED))) == [Accepted, Expired]


def test_a_change_is_told_by_the_view_with_its_terms_and_an_older_view_takes_nothing_back() -> None:
    tracked = order()
    tracked.on_view(view(HELD, ms=1))
    tracked.begin_modify((5, 2.1, None))
    assert tracked.on_view(view(HELD, ms=3, limit_price=2.1)) == [Updated(5, 2.1, None, 3)]
    assert not tracked.awaits_modify
    assert tracked.on_view(view(HELD, ms=2)) == []
    assert tracked.terms == (5, 2.1, None)


def test_a_replaced_view_of_the_same_millisecond_counts_as_the_newer_one() -> None:
    tracked = order()
    tracked.on_view(view(HELD, ms=1))
    again = view(HELD, ms=1, limit_price=2.2, replace_status=CommandStatus.REPLACED)
    assert tracked.on_view(again) == [Updated(5, 2.2, None, 1)]


def test_a_failed_change_is_told_once_however_often_the_view_comes() -> None:
    tracked = order()
    tracked.on_view(view(HELD))
    tracked.begin_modify((5, 2.1, None))
    failed = view(HELD, ms=2, replace_status=CommandStatus.FAILED, reason="too late")
    assert tracked.on_view(failed) == [ModifyRejected("too late", 2)]
    tracked.begin_modify((5, 2.3, None))
    assert tracked.on_view(failed) == []
    assert tracked.awaits_modify


def test_a_failed_cancel_is_told_once_and_a_failure_nobody_waits_for_is_not() -> None:
    tracked = order()
    tracked.on_view(view(HELD))
    failed = view(HELD, ms=2, cancel_status=CommandStatus.FAILED)
    assert tracked.on_view(failed) == []
    tracked.begin_cancel()
    assert tracked.on_view(failed) == []
    assert kinds(tracked.on_view(view(HELD, ms=3, cancel_status=CommandStatus.FAILED))) == [
        CancelRejected
    ]


def test_an_order_made_smaller_down_to_its_fills_ends() -> None:
    tracked = order()
    tracked.on_transaction(trade(1, 2))
    assert tracked.on_view(view(FILLED, filled=2, quantity=2, ms=2)) == [Canceled("", 2)]


def test_a_fill_that_would_end_an_order_waits_while_more_of_it_is_asked_for() -> None:
    tracked = order(quantity=2)
    tracked.on_view(view(HELD, quantity=2))
    tracked.begin_modify((4, 2.0, None))
    assert tracked.on_transaction(trade(1, 2)) == []
    assert tracked.doubt is Doubt.ORDER
    events = tracked.on_view(view(PARTLY, filled=2, quantity=4, ms=3))
    assert kinds(events) == [Updated, Filled]
    assert not tracked.is_done


def test_missing_transactions_are_inferred_after_enough_answers_and_never_count_twice() -> None:
    tracked = order(max_asks=2)
    tracked.on_transaction(trade(1, 1, 2.0))
    tracked.on_view(view(FILLED, filled=5, average_price=2.4, ms=9))
    assert tracked.on_answer(Doubt.TRANSACTIONS) == []
    [fill] = tracked.on_answer(Doubt.TRANSACTIONS)
    assert fill == Filled(f"INFERRED-{ID}-5", 4, pytest.approx(2.5), 0.0, 9, True)
    assert tracked.on_transaction(trade(2, 4, 2.5)) == []
    assert tracked.filled == 5


def test_nothing_is_inferred_without_an_average_price() -> None:
    tracked = order(max_asks=1)
    tracked.on_view(view(FILLED, filled=5, average_price=math.nan))
    assert tracked.on_answer(Doubt.TRANSACTIONS) == []
    assert tracked.doubt is Doubt.TRANSACTIONS


def test_contracts_beyond_the_order_are_not_told_but_noted() -> None:
    tracked = order(quantity=2)
    [_, fill] = tracked.on_transaction(trade(1, 3))
    assert fill.quantity == 2
    assert tracked.overfilled == 1
    assert tracked.on_transaction(trade(2, 1)) == []
    assert tracked.overfilled == 2


def test_an_unknown_state_is_asked_for_and_counts_as_accepted_if_it_stays_unknown() -> None:
    tracked = order(max_asks=2)
    assert tracked.on_view(view(OrderState.UNKNOWN)) == []
    assert tracked.doubt is Doubt.ORDER
    assert tracked.on_answer(Doubt.ORDER) == []
    assert tracked.on_answer(Doubt.ORDER) == [Accepted(ID, 1)]
    assert tracked.doubt is None


def test_a_view_that_calls_filled_what_is_not_is_asked_again() -> None:
    tracked = order()
    assert kinds(tracked.on_view(view(FILLED, filled=0))) == [Accepted]
    assert tracked.doubt is Doubt.ORDER


def test_a_total_that_comes_after_the_last_fill_is_told_as_a_difference_once() -> None:
    tracked = order(quantity=2, fees=lambda root, is_sell, fills: 1.0)
    [_, fill] = tracked.on_transaction(trade(1, 2))
    assert fill.commission == 1.0
    last = view(FILLED, filled=2, quantity=2, ms=5, commission=1.3)
    assert tracked.on_view(last) == [CommissionDiffers(pytest.approx(0.3), 5)]
    assert tracked.on_view(last) == []


def test_without_an_estimate_a_fill_waits_for_the_view_with_its_commission() -> None:
    tracked = order(quantity=2, fees=None)
    assert tracked.on_transaction(trade(1, 2)) == [Accepted(ID, 1)]
    assert tracked.doubt is Doubt.ORDER
    [fill] = tracked.on_view(view(FILLED, filled=2, quantity=2, commission=1.3))
    assert (fill.quantity, fill.commission) == (2, 1.3)


def test_a_fill_waits_for_its_commission_only_so_long() -> None:
    tracked = order(quantity=2, fees=None, max_asks=1)
    tracked.on_transaction(trade(1, 2))
    [fill] = tracked.on_answer(Doubt.ORDER)
    assert fill.commission is None


# The tracker


def test_an_executions_order_may_become_known_later() -> None:
    tracker = OrderTracker(free)
    tracked = tracker.submit(request())
    assert tracker.on_transaction(trade(1, 2)) == []
    assert tracker.doubts() == [(ID, Doubt.ORDER)]
    assert kinds([event for _, event in tracker.placed(tracked, ID)]) == [Accepted, Filled]
    assert tracker.doubts() == [(ID, Doubt.ORDER)]  # no view of it yet


def test_the_answer_to_placing_may_come_after_the_push() -> None:
    tracker = OrderTracker()
    tracked = tracker.submit(request())
    assert kinds([event for _, event in tracker.on_view(view(HELD))]) == [Accepted]
    assert tracker.placed(tracked, ID) == []


def test_news_without_the_mark_of_an_order_on_its_way_wait_for_the_answer_to_placing() -> None:
    tracker = OrderTracker(free)
    ours = tracker.submit(request())
    assert tracker.on_view(view(HELD, user_mark="")) == []
    assert tracker.on_transaction(trade(1, 5)) == []
    assert tracker.on_view(view(FILLED, 5, 2, user_mark="")) == []
    changes = tracker.placed(ours, ID)
    assert [(order is ours, type(event)) for order, event in changes] == [
        (True, Accepted),
        (True, Filled),
    ]
    assert list(tracker) == [ours]
    assert tracker.doubts() == []


def test_an_order_made_elsewhere_like_one_on_its_way_is_told_when_tiger_is_asked() -> None:
    tracker = OrderTracker(free)
    tracker.submit(request())
    by_hand = view(HELD, id=2, user_mark="")
    assert tracker.on_view(by_hand) == []
    assert tracker.doubts() == [(2, Doubt.ORDER)]
    [(found, event)] = tracker.on_answer(2, Doubt.ORDER, [by_hand])
    assert (found.id, found.mark, type(event)) == (2, "", Accepted)
    assert tracker.doubts() == []


@pytest.mark.parametrize("unlike", [{"symbol": "SPY"}, {"is_buy": False}])
def test_an_order_made_elsewhere_unlike_those_on_their_way_is_told_at_once(
    unlike: dict[str, Any],
) -> None:
    tracker = OrderTracker(free)
    tracker.submit(request())
    [(found, _)] = tracker.on_view(view(HELD, id=2, user_mark="", **unlike))
    assert found.id == 2


def test_a_mark_is_used_once() -> None:
    tracker = OrderTracker()
    tracker.submit(request())
    with pytest.raises(ValueError, match="never placed twice"):
        tracker.submit(request())


def test_a_second_order_with_the_same_mark_is_a_twin_and_not_the_first() -> None:
    tracker = OrderTracker()
    tracked = tracker.submit(request())
    tracker.on_view(view(HELD))
    [(twin, first), *_] = tracker.on_view(view(HELD, id=ID + 1))
    assert first == Resurfaced(ID + 1, 1)
    assert twin is not tracked
    assert twin.mark == ""
    assert tracker.twins == 1


def test_an_order_given_up_that_is_there_after_all_is_told_apart_from_the_rejected_one() -> None:
    tracker = OrderTracker()
    tracked = tracker.submit(request())
    tracked.refuse("not found", 1)
    changes = tracker.on_view(view(HELD))
    assert kinds([event for _, event in changes]) == [Resurfaced, Accepted]
    assert all(found is not tracked for found, _ in changes)
    assert tracker.twins == 0


def test_tigers_own_record_of_a_refused_order_is_no_news() -> None:
    tracker = OrderTracker()
    tracked = tracker.submit(request())
    tracked.refuse("no money", 1)
    assert tracker.on_view(view(REJECTED, reason="no money")) == []
    assert tracked.id == ID


def test_an_order_made_elsewhere_is_tracked_by_its_id() -> None:
    tracker = OrderTracker()
    [(found, event)] = tracker.on_view(view(HELD, user_mark="someone else's"))
    assert event == Accepted(ID, 1)
    assert not found.is_ours


def test_done_orders_are_not_looked_at_any_more() -> None:
    tracker = OrderTracker()
    tracker.on_view(view(CANCELLED))
    assert tracker.live() == []


# The mark


def test_the_usual_order_id_is_packed_into_a_short_mark() -> None:
    mark = user_mark("O-20261122-153000-001-S01-12")
    assert len(mark) == 21
    assert client_order_id(mark) == "O-20261122-153000-001-S01-12"


@pytest.mark.parametrize("mark", ["", "nt1-", "nt1-abc-1", "nt1-abc123-", "hello", "nt1-ABC123-1"])
def test_a_foreign_mark_names_no_order(mark: str) -> None:
    assert client_order_id(mark) is None
