"""The ledger of what is held and at work, by single events and against a count of all of them."""

import math

import msgspec
import pytest
from gate_world import CALL, HIGHER, MINE, NOW_NS, NS, PUT, SAME_STRATEGY, THEIRS, order
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.exposure import Exposure, HeldPosition
from autotrade_0dte.risk.proposed_order import NOBODY, Owner, ProposedOrder

BUY = order()
SELL = order(order_id="O-2", quantity=-2, price=1.5, fee_usd=1.0)
MY_PLAN = (MINE.strategy, MINE.plan_id)


def ledger(*orders: ProposedOrder, cash: float = 1_000.0) -> Exposure:
    exposure = Exposure(cash)
    for sent in orders:
        exposure.submitted(sent, NOW_NS)
    return exposure


def figures(exposure: Exposure) -> dict[str, tuple[int, int, int]]:
    return {n: (line.held, line.buying, line.selling) for n, line in exposure.lines.items()}


def test_buy_at_work_reserves_its_worst_cost_until_it_fills() -> None:
    exposure = ledger(BUY)
    assert figures(exposure) == {CALL.name: (0, 2, 0)}
    assert exposure.reserved_usd == 403.0
    exposure.filled("O-1", CALL, 1, 1.90, 1.6)
    assert figures(exposure) == {CALL.name: (1, 1, 0)}
    assert exposure.reserved_usd == pytest.approx(201.4)
    assert exposure.cash == pytest.approx(1_000.0 - 191.6)
    exposure.filled("O-1", CALL, 1, 2.00, 1.6)
    assert figures(exposure) == {CALL.name: (2, 0, 0)}
    assert exposure.orders == {}
    assert exposure.reserved_usd == 0.0


def test_sale_at_work_reserves_nothing_and_brings_cash_when_it_fills() -> None:
    exposure = ledger()
    exposure.filled("F", CALL, 2, 2.0)
    exposure.submitted(SELL, NOW_NS)
    assert figures(exposure) == {CALL.name: (2, 0, 2)}
    assert exposure.reserved_usd == 0.0
    exposure.filled("O-2", CALL, -2, 1.6, 1.0)
    assert exposure.cash == pytest.approx(1_000.0 - 400.0 + 320.0 - 1.0)
    assert exposure.lines == {}


def test_buying_power_moves_with_the_cash() -> None:
    exposure = Exposure(1_000.0, 600.0)
    exposure.filled("F", CALL, 2, 2.0, 3.0)
    assert (exposure.cash, exposure.buying_power) == (597.0, 197.0)


def test_order_that_ends_gives_back_what_it_reserved() -> None:
    exposure = ledger(BUY)
    exposure.ended("O-1")
    exposure.ended("O-1")
    assert exposure.lines == exposure.plans == exposure.orders == {}
    assert exposure.reserved_usd == 0.0


def test_fill_of_more_than_was_left_counts_in_full() -> None:
    exposure = ledger(BUY)
    exposure.filled("O-1", CALL, 5, 2.0)
    assert figures(exposure) == {CALL.name: (5, 0, 0)}
    assert exposure.orders == {}
    assert exposure.cash == 0.0


def test_fill_after_the_end_is_its_owners() -> None:
    exposure = ledger(BUY)
    exposure.ended("O-1")
    exposure.filled("O-1", CALL, 1, 2.0, owner=MINE)
    assert exposure.plans[MY_PLAN].lots == {CALL.name: (1, 200.0)}


def test_fill_of_an_unknown_order_is_nobodys_but_counts() -> None:
    exposure = ledger()
    exposure.filled("by hand", CALL, -1, 2.0)
    assert figures(exposure) == {CALL.name: (-1, 0, 0)}
    assert exposure.plans["", ""].owner == NOBODY


def test_buy_back_without_a_limit_leaves_the_reserve_known() -> None:
    exposure = ledger(BUY, order(order_id="O-2", contract=HIGHER, price=math.nan, fee_usd=1.0))
    assert exposure.reserved_usd == 404.0


@pytest.mark.parametrize("strange", [NOBODY.plan_id, "P009"], ids=["unknown", "another"])
@pytest.mark.parametrize(("bought", "sold"), [(2, -2), (-2, 2)], ids=["long", "short"])
def test_fill_closes_what_its_strategy_holds_under_another_plan(
    strange: str, bought: int, sold: int
) -> None:
    exposure = ledger()
    exposure.filled("F1", CALL, bought, 2.0, owner=msgspec.structs.replace(MINE, plan_id=strange))
    exposure.filled("F2", CALL, sold // 2, 1.0, owner=MINE)
    (plan,) = exposure.plans.values()
    assert plan.owner.plan_id == strange
    assert plan.lots == {CALL.name: (bought // 2, bought * 100.0)}
    exposure.filled("F3", CALL, sold, 1.0, owner=MINE)  # one more than there is
    assert exposure.plans.keys() == {MY_PLAN}
    assert exposure.plans[MY_PLAN].lots == {CALL.name: (sold // 2, sold * 50.0)}


def test_fill_closes_its_own_plan_first_and_none_of_another_strategy() -> None:
    exposure = ledger()
    exposure.filled("F1", CALL, 1, 2.0, owner=SAME_STRATEGY)
    exposure.filled("F2", CALL, 1, 3.0, owner=MINE)
    exposure.filled("F3", CALL, 2, 1.0, owner=THEIRS)
    exposure.filled("F4", CALL, -1, 1.0, owner=MINE)
    assert MY_PLAN not in exposure.plans
    exposure.filled("F5", CALL, -2, 1.0, owner=MINE)
    assert exposure.plans[MY_PLAN].lots == {CALL.name: (-1, -100.0)}
    assert exposure.plans[THEIRS.strategy, THEIRS.plan_id].lots == {CALL.name: (2, 200.0)}
    assert len(exposure.plans) == 2


def test_position_of_before_a_restart_is_gone_when_its_plan_has_sold_it() -> None:
    exposure = ledger()
    exposure.adopt([HeldPosition(CALL, 2, 2.0, Owner(MINE.strategy, MINE.track))], 600.0, [])
    exposure.submitted(SELL, NOW_NS)
    exposure.filled(SELL.order_id, CALL, -2, 1.6, 1.0)
    assert exposure.lines == exposure.plans == {}


def test_nothing_at_work_reserves_nothing_to_the_last_bit() -> None:
    prices = (0.07, 0.29, 1.13)
    orders = [order(order_id=f"O-{n}", price=p, fee_usd=0.1) for n, p in enumerate(prices)]
    theirs = order(order_id="O-9", owner=THEIRS)
    exposure = ledger(theirs, *orders)
    for sent in orders:
        exposure.ended(sent.order_id)
    assert MY_PLAN not in exposure.plans
    exposure.ended(theirs.order_id)
    assert exposure.reserved_usd == 0.0
    exposure.filled("F", CALL, 1, 2.0, owner=MINE)
    for sent in orders:
        exposure.submitted(sent, NOW_NS)
    for sent in orders:
        exposure.ended(sent.order_id)
    assert exposure.plans[MY_PLAN].reserved_usd == 0.0
    assert exposure.reserved_usd == 0.0


def test_order_takes_the_place_of_the_one_it_replaces() -> None:
    exposure = ledger(BUY)
    exposure.submitted(order(order_id="O-9", quantity=1, replaces="O-1"), NOW_NS)
    assert exposure.orders.keys() == {"O-9"}
    assert figures(exposure) == {CALL.name: (0, 1, 0)}


def test_order_told_of_twice_counts_once() -> None:
    exposure = ledger(BUY, order(price=1.0))
    assert exposure.reserved_usd == 203.0
    assert len(exposure.sent) == 1


def test_orders_of_more_than_a_minute_ago_are_forgotten() -> None:
    exposure = ledger(BUY)
    exposure.submitted(SELL, NOW_NS + 59 * NS)
    assert len(exposure.sent) == 2
    exposure.submitted(order(order_id="O-3"), NOW_NS + 60 * NS)
    assert [sent.order.order_id for sent in exposure.sent] == ["O-2", "O-3"]


def test_plan_holds_what_its_long_leg_cost_less_what_the_short_one_brought() -> None:
    exposure = ledger()
    exposure.filled("F1", CALL, 4, 2.0, owner=MINE)
    exposure.filled("F2", HIGHER, -4, 0.5, owner=MINE)
    plan = exposure.plans[MY_PLAN]
    assert plan.premium_usd == 600.0
    exposure.filled("F3", HIGHER, 4, 9.0, owner=MINE)  # what is over costs nothing any more
    assert plan.premium_usd == 800.0
    exposure.filled("F4", CALL, -1, 9.0, owner=MINE)
    assert plan.premium_usd == 600.0
    exposure.filled("F5", CALL, -5, 3.0, owner=MINE)  # through zero
    assert plan.lots == {CALL.name: (-2, -600.0)}
    assert plan.premium_usd == 0.0


def test_broker_finds_what_the_ledger_missed() -> None:
    exposure = ledger(BUY, SELL)
    exposure.filled("F", CALL, 2, 2.0, owner=MINE)
    exposure.filled("G", HIGHER, 1, 1.0, owner=MINE)
    left = msgspec.structs.replace(BUY, quantity=1)
    differences = exposure.adopt(
        [HeldPosition(CALL, 2, 3.0), HeldPosition(PUT, -1, 1.0, THEIRS)], 500.0, [left], 400.0
    )
    assert differences == {HIGHER.name: (1, 0), PUT.name: (0, -1)}
    assert figures(exposure) == {CALL.name: (2, 1, 0), PUT.name: (-1, 0, 0)}
    assert exposure.plans[MY_PLAN].lots == {CALL.name: (2, 400.0)}  # its own cost and plan
    assert exposure.plans[THEIRS.strategy, THEIRS.plan_id].lots == {PUT.name: (-1, -100.0)}
    assert (exposure.cash, exposure.buying_power) == (500.0, 400.0)
    assert exposure.orders.keys() == {"O-1"}
    assert exposure.reserved_usd == 203.0


def test_what_the_broker_has_otherwise_is_as_the_broker_has_it() -> None:
    exposure = ledger()
    exposure.filled("F", CALL, 2, 2.0, owner=MINE)
    halves = [HeldPosition(CALL, 1, 3.0, MINE), HeldPosition(CALL, 2, 1.0, THEIRS)]
    assert exposure.adopt(halves, 0.0, []) == {CALL.name: (2, 3)}
    assert exposure.lines[CALL.name].held == 3
    assert exposure.plans[MY_PLAN].lots == {CALL.name: (1, 300.0)}
    assert exposure.plans[THEIRS.strategy, THEIRS.plan_id].lots == {CALL.name: (2, 200.0)}


def test_adopting_what_is_known_changes_nothing() -> None:
    exposure = ledger(BUY, cash=1_000.0)
    exposure.filled("F", CALL, 2, 2.0, owner=MINE)
    before = figures(exposure), exposure.reserved_usd, dict(exposure.plans[MY_PLAN].lots)
    assert exposure.adopt([HeldPosition(CALL, 2, 9.0)], 600.0, [BUY]) == {}
    assert (figures(exposure), exposure.reserved_usd, exposure.plans[MY_PLAN].lots) == before


# -- against a plain count of all events --------------------------------------------------------

CONTRACTS = (CALL, HIGHER, PUT)
OWNERS = (MINE, THEIRS, Owner("Regular-001", "regular", "P002"))
IDS = st.sampled_from([f"O-{n}" for n in range(5)])
PRICES = st.integers(1, 500).map(lambda cents: cents / 100)
ORDERS = st.builds(
    ProposedOrder,
    order_id=IDS,
    contract=st.sampled_from(CONTRACTS),
    quantity=st.integers(-4, 4).filter(bool),
    price=PRICES,
    fee_usd=st.sampled_from([0.0, 3.0]),
    owner=st.sampled_from(OWNERS),
    replaces=st.sampled_from(["", "O-0", "O-1"]),
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("submitted"), ORDERS),
        st.tuples(st.just("filled"), IDS, st.integers(1, 4), PRICES),
        st.tuples(
            st.just("by hand"), st.sampled_from(CONTRACTS), st.integers(-3, 3).filter(bool), PRICES
        ),
        st.tuples(st.just("ended"), IDS),
    ),
    max_size=40,
)


class PlainLedger:
    """Positions and orders in plain tables, summed anew each time."""

    def __init__(self, cash: float) -> None:
        self.cash = cash
        self.fills: list[tuple[str, int]] = []
        self.orders: dict[str, list] = {}

    def take(self, event: tuple, exposure: Exposure) -> None:
        match event:
            case ("submitted", sent):
                exposure.submitted(sent, NOW_NS)
                self.orders.pop(sent.replaces, None)
                self.orders[sent.order_id] = [sent, abs(sent.quantity), sent.price, sent.fee_usd]
            case ("filled", order_id, quantity, price):
                if order_id in self.orders:
                    sent, left, worst, fee = self.orders[order_id]
                    signed = quantity if sent.quantity > 0 else -quantity
                    exposure.filled(order_id, sent.contract, signed, price, 1.0)
                    self.fill(sent.contract.name, signed, price, 1.0)
                    self.orders[order_id] = [sent, left - quantity, worst, max(fee - 1.0, 0.0)]
                    if quantity >= left:
                        del self.orders[order_id]
            case ("by hand", contract, quantity, price):
                exposure.filled("unknown", contract, quantity, price)
                self.fill(contract.name, quantity, price, 0.0)
            case ("ended", order_id):
                exposure.ended(order_id)
                self.orders.pop(order_id, None)

    def fill(self, name: str, quantity: int, price: float, fee: float) -> None:
        self.fills.append((name, quantity))
        self.cash -= quantity * price * 100 + fee

    def lines(self) -> dict[str, tuple[int, int, int]]:
        found = {}
        for contract in CONTRACTS:
            at_work = [o for o in self.orders.values() if o[0].contract == contract]
            held = sum(quantity for name, quantity in self.fills if name == contract.name)
            buying = sum(left for sent, left, _, _ in at_work if sent.quantity > 0)
            selling = sum(left for sent, left, _, _ in at_work if sent.quantity < 0)
            if held or buying or selling:
                found[contract.name] = held, buying, selling
        return found

    def reserved(self, strategy: str | None = None) -> float:
        return sum(
            left * price * 100 + fee
            for sent, left, price, fee in self.orders.values()
            if sent.quantity > 0 and strategy in (None, sent.owner.strategy)
        )


@given(EVENTS)
def test_ledger_agrees_with_a_plain_count_of_all_events(events: list[tuple]) -> None:
    exposure, plain = Exposure(10_000.0), PlainLedger(10_000.0)
    for event in events:
        plain.take(event, exposure)
        assert figures(exposure) == plain.lines()
        assert exposure.cash == pytest.approx(plain.cash, abs=1e-6)
        assert exposure.reserved_usd == pytest.approx(plain.reserved(), abs=1e-6)
        assert exposure.orders.keys() == plain.orders.keys()
        for owner in OWNERS:
            of_strategy = sum(
                plan.reserved_usd
                for plan in exposure.plans.values()
                if plan.owner.strategy == owner.strategy
            )
            assert of_strategy == pytest.approx(plain.reserved(owner.strategy), abs=1e-6)
        for name, line in exposure.lines.items():
            lots = (plan.lots.get(name, (0, 0.0))[0] for plan in exposure.plans.values())
            assert sum(lots) == line.held
        for plan in exposure.plans.values():
            assert plan.cost_usd == pytest.approx(sum(cost for _, cost in plan.lots.values()))
            assert plan.orders == sum(o[0].owner == plan.owner for o in plain.orders.values())
            assert not plan.is_empty
