"""A trade among random snapshots, fills, cancels and refusals: never naked, and always over."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId
from strategy_venue import CALL, EXITS, PLAN, SHORT, VERTICAL, Venue, canceled, filled, rejected

from autotrade_0dte.risk.protective import ProtectiveParams


class Working:
    """What is left of an order, long or short leg, buy or sell."""

    def __init__(self, order: Any) -> None:
        self.name = str(order.client_order_id)
        self.leg = SHORT if order[0] == "SHORT" else CALL
        self.side = "BUY" if "BUY" in order else "SELL"
        self.leaves = next(term for term in order if isinstance(term, int))


class Market:
    """Answers the strategy's commands at random, and keeps the account."""

    def __init__(self, has_short_leg: bool, keep_single: bool, has_stop: bool) -> None:
        plan = VERTICAL if has_short_leg else PLAN
        exits = replace(EXITS, keep_single=keep_single)
        protective = ProtectiveParams(enabled=has_stop, verify_s=5)
        self.venue = Venue(replace(plan, quantity=6, exits=exits), protective=protective)
        self.at_s = 1.0
        self.seen = 0
        self.working: dict[str, Working] = {}
        self.held = {CALL: 0, SHORT: 0}

    def snapshot(self, size: int) -> None:
        self.at_s += size
        at_work = self.working.values()
        self.venue.booked = {ClientOrderId(order.name): order.leaves for order in at_work}
        bid = 0.45 + 0.15 * (size % 8)
        self.venue.chain(self.at_s, bid, short=(0.20 + 0.05 * size, 0.22 + 0.05 * size))
        self._take()

    def fill(self, size: int) -> None:
        order = self._one(size)
        if order is None:
            return
        quantity = min(size, order.leaves)
        order.leaves -= quantity
        if not order.leaves:
            del self.working[order.name]
        signed = quantity if order.side == "BUY" else -quantity
        self.held[order.leg] += signed
        price = 0.40 if order.leg == SHORT else 0.95
        event = filled(order.name, signed, price, leg=order.leg, at_s=self.at_s)
        self.venue.answer(event)
        self._take()

    def end(self, size: int) -> None:
        order = self._one(size)
        if order is not None:
            del self.working[order.name]
            self.venue.answer(canceled(order.name))
            self._take()

    def refuse(self, size: int) -> None:
        order = self._one(size)
        if order is not None:
            del self.working[order.name]
            self.venue.answer(rejected(order.name))
            self._take()

    def flatten(self, _size: int) -> None:
        self.venue.strategy._on_flatten(None)
        self._take()

    def check(self) -> None:
        held, short = self.held[CALL], -self.held[SHORT]
        at_work = {
            (leg, side): sum(
                order.leaves
                for order in self.working.values()
                if (order.leg, order.side) == (leg, side)
            )
            for leg in (CALL, SHORT)
            for side in ("BUY", "SELL")
        }
        assert short >= 0
        assert short + at_work[SHORT, "SELL"] <= held - at_work[CALL, "SELL"], "naked in the end"
        assert not (at_work[CALL, "SELL"] and (short or at_work[SHORT, "SELL"]))
        assert at_work[CALL, "SELL"] <= held
        assert at_work[SHORT, "BUY"] <= short

    def _one(self, size: int) -> Working | None:
        orders = list(self.working.values())
        return orders[size % len(orders)] if orders else None

    def _take(self) -> None:
        """Enter what was sent; cancels and price changes are answered by other actions."""
        for command in self.venue.sent[self.seen :]:
            if command[0] not in ("CANCEL", "MODIFY"):
                order = Working(command)
                self.working[order.name] = order
        self.seen = len(self.venue.sent)


ACTIONS = [Market.snapshot, Market.fill, Market.end, Market.refuse, Market.flatten]
OFTEN = [0, 0, 0, 1, 1, 1, 2, 3, 4]
STEPS = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(1, 9)), min_size=5, max_size=40)


@settings(max_examples=300)
@given(st.booleans(), st.booleans(), st.booleans(), STEPS)
def test_no_order_can_leave_a_short_contract_naked_and_every_trade_ends(
    has_short_leg: bool, keep_single: bool, has_stop: bool, steps: list[tuple[int, int]]
) -> None:
    market = Market(has_short_leg, keep_single, has_stop)
    for action, size in steps:
        ACTIONS[action](market, size)
        market.check()

    market.flatten(0)
    for _ in range(8):
        market.snapshot(1)
        for name in sorted({str(name) for name in market.venue.canceling} & set(market.working)):
            del market.working[name]
            market.venue.answer(canceled(name))
            market._take()
        while market.working:
            market.fill(2)
            market.check()
    assert market.held == {CALL: 0, SHORT: 0}
    assert market.venue.strategy._trade is None
