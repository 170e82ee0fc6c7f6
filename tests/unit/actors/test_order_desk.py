"""The order desk on the real engine: how parents are worked, and that none is lost."""

import math
from itertools import pairwise
from typing import Any

import pytest
from desk_engine import (
    CALL,
    OTHER,
    PARAMS,
    Asked,
    Quote,
    Teller,
    assert_made_again,
    run,
    steady,
)
from msgspec.structs import replace
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    InstrumentId,
    OrderModifyRejected,
    OrderSide,
    OrderStatus,
    Quantity,
)

from autotrade_0dte.actors.order_desk import OrderDesk
from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.quality import Breach, QualityCode, QualityParams
from autotrade_0dte.execution.walk_record import WalkEvent
from autotrade_0dte.market_state.actions import Urgency

WIDE = steady(2.00, 2.10)
ENTRY = Asked(at_s=1, quantity=2, cap=2.10)


def bought(*more: Quote) -> dict[str, list[Quote]]:
    """Return quotes on which two calls are bought at once, and what follows from 10 s on."""
    return {CALL: [*steady(2.00, 2.01, to_s=9), *more]}


BUY_AT_ONCE = Asked(at_s=1, quantity=2, cap=2.01, urgency=Urgency.URGENT)


# -- how an order is worked ---------------------------------------------------------------------


def test_entry_walks_from_its_own_side_to_the_other_and_never_back() -> None:
    outcome = run({CALL: WIDE}, ENTRY)
    limits = outcome.limits()
    assert limits[0] < 2.05
    assert limits == sorted(limits)
    assert limits[-1] == 2.10
    assert outcome.outcome() == "FILLED"
    assert outcome.filled() == [(2, 2.10)]
    assert outcome.held == {CALL: 2}


def test_first_move_is_made_at_once_and_not_on_the_timer() -> None:
    outcome = run({CALL: WIDE}, ENTRY)
    [parent] = outcome.parents
    submit = outcome.of()[0]
    assert submit.move is not None
    assert (submit.move.kind, submit.ts_event) == ("SUBMIT", parent.decided_ns)


def test_cap_stays_on_the_order_as_it_was_made() -> None:
    outcome = run({CALL: WIDE}, ENTRY)
    [order] = outcome.orders
    assert float(order.init_event.price) == 2.10 == outcome.parents[0].cap
    assert outcome.limits()[0] < 2.10
    # That the desk has lowered it is no answer of the venue.
    events = [record.event for record in outcome.of()[:2]]
    assert events == [WalkEvent.QUOTE, WalkEvent.ACCEPTED]


def test_entry_is_given_up_at_its_deadline_and_never_goes_through_its_cap() -> None:
    outcome = run({CALL: WIDE}, replace(ENTRY, cap=2.05, deadline_s=20))
    assert outcome.outcome() == "GIVEN_UP"
    assert max(outcome.limits()) == 2.05
    end = outcome.of()[-1]
    assert end.event is WalkEvent.CANCELED
    waited_s = (end.ts_event - outcome.parents[0].decided_ns) / 1e9
    assert 20 <= waited_s <= 22
    assert outcome.held == {}


def test_entry_filled_in_part_keeps_that_part() -> None:
    # One contract is shown at the cap until the market moves on.
    quotes = [(0, 2.00, 2.02, 5, 1), (15, 2.05, 2.07, 5, 5), (60, 2.05, 2.07, 5, 5)]
    params = replace(PARAMS, vetoes=replace(PARAMS.vetoes, max_age_s=60.0))
    outcome = run({CALL: quotes}, replace(ENTRY, quantity=3, cap=2.02), params=params)
    assert outcome.outcome() == "PARTLY_FILLED"
    assert outcome.filled() == [(1, 2.02)]
    assert outcome.held == {CALL: 1}


def test_stop_crosses_within_its_seconds() -> None:
    outcome = run(
        bought(*[(t, 1.80, 1.90, 50 + t % 2, 50) for t in range(10, 40)]),
        BUY_AT_ONCE,
        Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.STOP, deadline_s=9_000),
    )
    assert outcome.outcome(1) == "FILLED"
    assert outcome.filled(1) == [(2, 1.80)]
    assert outcome.limits(1)[-1] < 1.80  # beyond the bid, so that it trades though that moves
    taken_s = (outcome.of(1)[-1].ts_event - outcome.parents[1].decided_ns) / 1e9
    assert taken_s <= PARAMS.walk.stop_s + 1


def test_emergency_without_a_bid_waits_at_any_price_for_whoever_comes() -> None:
    nobody = [(t, 0.0, 0.05, 0, 50 + t % 2) for t in range(10, 30)]
    outcome = run(
        bought(*nobody, *[(t, 0.02, 0.05, 50, 50) for t in range(30, 40)]),
        BUY_AT_ONCE,
        Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.EMERGENCY),
    )
    kind, _, price = outcome.moves(1)[0]
    assert (kind, price) == ("SUBMIT", 0.01)
    assert outcome.outcome(1) == "FILLED"
    assert outcome.held == {}


# -- what holds it back -------------------------------------------------------------------------


def test_vetoed_order_waits_at_the_desk_until_the_market_allows_it() -> None:
    quotes = [(t, 1.00, 2.00, 5, 5) for t in range(10)] + [
        (t, 2.00, 2.02, 50 + t % 2, 50) for t in range(10, 40)
    ]
    outcome = run({CALL: quotes}, ENTRY)
    first, then = outcome.of()[:2]
    assert (first.move, first.veto) == (None, "SPREAD")
    assert then.move is not None
    assert then.move.kind == "SUBMIT"
    assert then.ts_event - outcome.parents[0].decided_ns >= 9e9
    assert outcome.outcome() == "FILLED"


def test_order_never_sent_is_denied_at_its_deadline_with_what_held_it_back() -> None:
    outcome = run({CALL: steady(1.00, 2.00)}, replace(ENTRY, deadline_s=5))
    [order] = outcome.orders
    assert order.status == OrderStatus.DENIED
    assert order.last_event.reason == "GIVEN_UP: SPREAD"
    assert [record.veto for record in outcome.of()[:-1]] == ["SPREAD"]
    assert outcome.outcome() == "GIVEN_UP"


def test_strategy_withdraws_an_order_that_the_desk_holds() -> None:
    outcome = run({CALL: steady(1.00, 2.00)}, ENTRY, cancels_s=[5.0])
    assert outcome.orders[0].status == OrderStatus.CANCELED
    assert outcome.outcome() == "CANCELED"


def test_strategy_withdraws_an_order_that_is_at_work_and_the_desk_lets_it() -> None:
    # Its step is due while the cancel is on its way.
    outcome = run({CALL: WIDE}, ENTRY, cancels_s=[5.2], latency_ms=3_000)
    assert outcome.outcome() == "CANCELED"
    assert [kind for kind, *_ in outcome.moves()] == ["SUBMIT", "END"]
    assert outcome.held == {}


# -- checks -------------------------------------------------------------------------------------


def test_order_that_fails_a_check_is_a_parent_that_was_denied() -> None:
    outcome = run({CALL: WIDE}, replace(ENTRY, quantity=-2, cap=2.00))
    assert outcome.orders[0].last_event.reason.startswith("NAKED_SHORT: uncovered=2")
    assert outcome.outcome() == "DENIED"


def test_sale_held_at_the_desk_counts_against_another() -> None:
    sale = Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.EXIT, deadline_s=9_000)
    outcome = run(
        bought(*[(t, 1.00, 2.00, 50 + t % 2, 50) for t in range(10, 60)]),
        BUY_AT_ONCE,
        sale,
        replace(sale, at_s=13, quantity=-1),
    )
    assert outcome.of(1)[0].veto == "SPREAD"
    assert outcome.outcome(2) == "DENIED"
    assert outcome.of(2)[-1].ts_event == outcome.parents[2].decided_ns  # at once
    assert outcome.filled(1) == [(2, 1.00)]  # an exit crosses when its time is over
    assert outcome.held == {}


def test_purchase_at_work_reserves_what_it_may_cost_up_to_its_cap() -> None:
    # 2 x 210 and fees fit once; at the limits of the walk's begin they would fit twice.
    second = replace(ENTRY, at_s=1.5, contract=OTHER)
    outcome = run({CALL: WIDE, OTHER: WIDE}, ENTRY, second, cash=430.0 + 405.0)
    assert outcome.outcome(0) == "FILLED"
    assert outcome.orders[1].last_event.reason.startswith("PREMIUM_EXCEEDS_CASH")


def test_order_that_breaks_a_rule_when_its_turn_comes_is_denied_then() -> None:
    # The position is sold past the desk while the exit is held there.
    gap = [(t, 1.00, 2.00, 50 + t % 2, 50) for t in range(10, 60)]

    class Closing(Teller):
        def on_start(self) -> None:
            super().on_start()
            self._at("past-desk", 14.0, lambda _e: self.close())

        def close(self) -> None:
            name, two = InstrumentId.from_str(CALL), Quantity.from_int(2)
            self.submit_order(self.order_factory.market(name, OrderSide.SELL, two))

    outcome = run(
        bought(*gap),
        BUY_AT_ONCE,
        Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.EXIT, deadline_s=9_000),
        teller_kind=Closing,
    )
    assert outcome.outcome(1) == "DENIED"
    assert outcome.held == {}


def test_order_denied_when_its_turn_comes_does_not_count_against_the_answer_to_that() -> None:
    # One of two is sold past the desk while an exit of both is held there.
    gap = [(t, 1.00, 2.00, 50 + t % 2, 50) for t in range(10, 60)]
    exit_ = Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.EXIT, deadline_s=9_000)

    class SoldInPart(Teller):
        def on_start(self) -> None:
            super().on_start()
            self._at("past-desk", 14.0, lambda _e: self.sell_one())

        def sell_one(self) -> None:
            name, one = InstrumentId.from_str(CALL), Quantity.from_int(1)
            self.submit_order(self.order_factory.market(name, OrderSide.SELL, one))

    def answer(teller: Teller) -> None:
        if len(teller.working) == 2:
            teller.send(replace(exit_, quantity=-1, purpose=Purpose.EMERGENCY))

    outcome = run(bought(*gap), BUY_AT_ONCE, exit_, teller_kind=SoldInPart, on_denied=answer)
    assert outcome.outcome(1) == "DENIED"
    assert outcome.filled(2) == [(1, 1.00)]
    assert outcome.held == {}


# -- orders that know nothing of the desk -------------------------------------------------------


def test_plain_order_is_an_entry_or_an_exit_by_what_it_does_to_the_position() -> None:
    outcome = run(
        {CALL: steady(2.00, 2.01)},
        Asked(at_s=1, quantity=2, cap=2.01, purpose=None),
        Asked(at_s=30, quantity=-2, cap=1.90, purpose=None),
    )
    entry, close = outcome.parents
    assert (entry.purpose, entry.side, entry.cap) == (Purpose.ENTRY, Side.BUY, 2.01)
    assert (close.purpose, close.side, close.cap) == (Purpose.EXIT, Side.SELL, 1.90)
    assert [outcome.outcome(n) for n in (0, 1)] == ["FILLED", "FILLED"]


def test_sale_of_more_than_is_held_is_no_exit() -> None:
    outcome = run(
        {CALL: steady(2.00, 2.01), OTHER: steady(1.00, 1.01)},
        BUY_AT_ONCE,
        Asked(at_s=30, quantity=-1, cap=0.90, purpose=None, contract=OTHER),
        short_legs=True,
    )
    assert outcome.parents[1].purpose is Purpose.ENTRY


def test_tag_that_says_nothing_sensible_is_a_reason_to_deny() -> None:
    plain = Asked(at_s=1, quantity=2, cap=2.01, purpose=None, tags=("purpose=hope",))
    outcome = run({CALL: WIDE}, plain)
    assert outcome.orders[0].last_event.reason.startswith("BAD_TAG: ")
    assert outcome.parents == []


# -- answers and races --------------------------------------------------------------------------


def test_order_that_answers_a_denial_at_once_is_taken() -> None:
    answered: list[bool] = []

    def answer(teller: Teller) -> None:
        if not answered:
            answered.append(True)
            teller.send(replace(ENTRY, contract=OTHER))

    outcome = run(
        {CALL: steady(1.00, 2.00), OTHER: WIDE}, replace(ENTRY, deadline_s=5), on_denied=answer
    )
    assert [outcome.outcome(n) for n in (0, 1)] == ["GIVEN_UP", "FILLED"]


def test_order_withdrawn_before_the_desk_could_take_it_is_left_alone() -> None:
    def answer(teller: Teller) -> None:
        if len(teller.working) == 1:
            teller.send(replace(ENTRY, contract=OTHER))
            teller.cancel_all()

    outcome = run(
        {CALL: steady(1.00, 2.00), OTHER: WIDE}, replace(ENTRY, deadline_s=5), on_denied=answer
    )
    assert len(outcome.parents) == 1
    assert outcome.orders[-1].status == OrderStatus.CANCELED


def test_nothing_is_looked_at_after_the_stop() -> None:
    looked: list[Any] = []

    class Stopped(OrderDesk):
        def on_stop(self) -> None:
            super().on_stop()
            self._look = lambda work, _now_ns: looked.append(work)  # type: ignore[method-assign]
            self._look_at_all()

    outcome = run({CALL: steady(1.00, 2.00)}, replace(ENTRY, deadline_s=900), desk_kind=Stopped)
    assert outcome.of()[0].veto == "SPREAD"
    assert looked == []


class Unmodifiable(OrderDesk):
    """A desk whose venue refuses every change."""

    def modify_order(self, order: Any, *_terms: Any) -> None:
        now_ns = self._clock.timestamp_ns()
        self.on_order_event(
            OrderModifyRejected(
                order.trader_id,
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                "NO",
                UUID4(),
                now_ns,
                now_ns,
                False,
            )
        )


def test_order_that_cannot_be_modified_is_replaced_and_never_two_of_them_are_alive() -> None:
    outcome = run({CALL: WIDE}, replace(ENTRY, deadline_s=60), desk_kind=Unmodifiable)
    events = [record.event for record in outcome.of()]
    assert events.count(WalkEvent.RESENT) == PARAMS.walk.max_replaces
    assert events.index(WalkEvent.MODIFY_REJECTED) < events.index(WalkEvent.RESENT)
    orders = sorted(outcome.orders, key=lambda order: order.ts_init)
    assert len(orders) == 1 + PARAMS.walk.max_replaces
    assert [r.quantity for r in outcome.of() if r.event is WalkEvent.RESENT] == [2, 2]
    assert {r.text for r in outcome.of() if r.event is WalkEvent.MODIFY_REJECTED} == {"NO"}
    assert_made_again(outcome)
    for before, after in pairwise(orders):
        assert before.ts_last <= after.ts_init
    assert sum(int(order.filled_qty) for order in orders) <= 2
    assert all(order.tags and "plan=P001" in order.tags for order in orders)


def test_remainder_sent_anew_is_not_judged_by_the_cash_reserved_for_itself() -> None:
    enough = 2 * 210.0 + 5.0  # at its cap, with fees
    outcome = run({CALL: WIDE}, replace(ENTRY, deadline_s=60), desk_kind=Unmodifiable, cash=enough)
    assert outcome.outcome() == "FILLED"


def test_replaced_exit_sells_what_is_left_and_no_more() -> None:
    # One of the two contracts is bid for at the walk's first limit.
    bids = [(t, 1.90, 2.00, 50 + t % 2, 50) for t in range(10, 60)]
    taken = [(13.5, 2.00, 2.02, 1, 50)]
    outcome = run(
        bought(*sorted(bids + taken)),
        BUY_AT_ONCE,
        Asked(at_s=12, quantity=-2, cap=0.01, purpose=Purpose.EXIT, deadline_s=9_000),
        desk_kind=Unmodifiable,
    )
    assert outcome.outcome(1) == "FILLED"
    assert sum(quantity for quantity, _ in outcome.filled(1)) == 2
    assert outcome.held == {}


def test_remainder_that_nobody_waits_for_is_denied() -> None:
    again = Asked(at_s=40, quantity=2, cap=2.10, purpose=None, tags=("parent=O-1",))
    outcome = run({CALL: steady(2.00, 2.01)}, replace(again, at_s=1), replace(again, at_s=30))
    assert [order.status for order in outcome.orders].count(OrderStatus.DENIED) == 1
    assert outcome.held == {CALL: 2}


# -- what it tells ------------------------------------------------------------------------------


def test_log_tells_of_a_parent_once_and_leaves_out_looks_that_change_nothing() -> None:
    outcome = run({CALL: WIDE}, ENTRY)
    assert len(outcome.parents) == 1
    looks = [record for record in outcome.of() if record.event is WalkEvent.QUOTE]
    assert all(record.move is not None for record in looks)
    fill = next(record for record in outcome.of() if record.event is WalkEvent.FILLED)
    assert fill.trade_id
    assert (fill.quantity, fill.price, fill.quote.ask) == (2, 2.10, 2.10)


def test_looking_ends_with_the_last_parent() -> None:
    left: list[list[str]] = []

    class Watched(OrderDesk):
        def on_stop(self) -> None:
            left.append(list(self._clock.timer_names()))

    run({CALL: WIDE}, ENTRY, desk_kind=Watched)
    run({CALL: WIDE}, replace(ENTRY, cap=2.05, deadline_s=1_000), desk_kind=Watched)
    assert left == [[], ["desk-look"]]


def test_calls_are_counted() -> None:
    outcome = run({CALL: WIDE}, ENTRY)
    left = [record.calls_left for record in outcome.of()]
    calls = sum(record.move.kind in ("SUBMIT", "REPRICE") for record in outcome.of() if record.move)
    assert left[0] - left[-1] == calls


def test_poor_execution_is_told_and_tightens_the_desk() -> None:
    params = replace(
        PARAMS,
        vetoes=replace(PARAMS.vetoes, max_spread_ticks=12.0, max_spread_fraction=0.01),
        quality=QualityParams(min_sample=1, max_slippage=0.4, recovered_slippage=0.3),
    )
    outcome = run({CALL: WIDE}, ENTRY, replace(ENTRY, at_s=30), params=params)
    [breach] = outcome.changes
    assert isinstance(breach, Breach)
    assert breach.code is QualityCode.SLIPPAGE
    assert breach.figures.mean_slippage == pytest.approx(0.5)
    assert outcome.of(1)[0].veto == "SPREAD"  # 10 ticks are too wide for half of 12
    assert [outcome.of(parent)[0].tightened for parent in (0, 1)] == [False, True]
    assert_made_again(outcome, params)


def test_unknown_market_is_unknown_in_the_log() -> None:
    outcome = run({OTHER: WIDE}, ENTRY)  # the limits let an order without a quote pass
    first = outcome.of()[0]
    assert math.isnan(first.quote.bid)
    assert first.veto == "NO_TWO_SIDES"
