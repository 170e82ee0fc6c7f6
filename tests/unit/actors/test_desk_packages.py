"""Packages at the desk's door: what is refused before a venue sees it, and how the gate judges."""

from typing import Any

import pytest
from desk_engine import CALL, OTHER, SESSION, Asked, Teller, desk_gate, run, steady
from msgspec.structs import replace
from nautilus_trader.model import InstrumentId, OrderSide

from autotrade_0dte.actors.order_desk import OrderDesk
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.risk.proposed_order import Owner, ProposedOrder

ALLOWED = replace(SESSION, packages=True)
QUOTES = {CALL: steady(1.00, 1.01), OTHER: steady(0.50, 0.51)}


class PackageDesk(OrderDesk):
    """A desk whose venue takes packages."""

    def __init__(self, _session: Any, params: Any, risk: Any) -> None:
        super().__init__(ALLOWED, params, risk)


def leg(quantity: int, cap: float, contract: str, package: str = "P", at_s: float = 5) -> Asked:
    tags = (f"package={package}", "purpose=entry", "plan=P001", f"urgency={Urgency.URGENT}")
    return Asked(at_s=at_s, quantity=quantity, cap=cap, purpose=None, contract=contract, tags=tags)


def denials(outcome: Any) -> list[str]:
    """Return the code of each order's denial."""
    found = [order.events()[-1] for order in outcome.orders]
    return [event.reason.partition(":")[0] for event in found]


def test_a_venue_without_packages_is_sent_none() -> None:
    outcome = run(QUOTES, leg(2, 1.1, CALL), leg(-2, 0.5, OTHER), short_legs=True)
    assert denials(outcome) == ["NO_PACKAGES"] * 2
    assert outcome.held == {}


def test_the_first_leg_alone_goes_nowhere() -> None:
    outcome = run(QUOTES, leg(2, 1.1, CALL), short_legs=True, desk_kind=PackageDesk)
    assert denials(outcome) == ["PACKAGE_INCOMPLETE"]


def test_legs_that_are_not_alike_go_nowhere() -> None:
    outcome = run(
        QUOTES, leg(2, 1.1, CALL), leg(-1, 0.5, OTHER), short_legs=True, desk_kind=PackageDesk
    )
    assert denials(outcome) == ["BAD_PACKAGE"] * 2


def test_the_gate_refuses_both_where_it_refuses_one() -> None:
    outcome = run(QUOTES, leg(2, 1.1, CALL), leg(-2, 0.5, OTHER), desk_kind=PackageDesk)
    assert denials(outcome) == ["NAKED_SHORT"] * 2
    assert outcome.held == {}


def test_a_package_is_one_walk_of_two_orders_within_its_net_cap() -> None:
    """The backtest's venue fills leg by leg; the desk's walk is at the net price all the same."""
    outcome = run(
        QUOTES, leg(2, 1.03, CALL), leg(-2, 0.49, OTHER), short_legs=True, desk_kind=PackageDesk
    )
    assert outcome.held == {CALL: 2, OTHER: -2}
    first, second = outcome.limits(0), outcome.limits(1)
    assert len(first) == len(second) >= 1
    for bought, sold in zip(first, second, strict=True):
        assert bought - sold <= 0.54 + 1e-9
    assert outcome.outcome(0) == outcome.outcome(1) == "FILLED"


class OneLegCanceled(Teller):
    """Cancels its purchase, and that alone, at second 7."""

    def on_start(self) -> None:
        super().on_start()
        self._at("cancel", 7.0, lambda _e: self._cancel_purchase())

    def _cancel_purchase(self) -> None:
        for order in self.cache.orders():
            if order.side == OrderSide.BUY:
                self.cancel_order(order.client_order_id)


def test_of_a_package_that_is_held_back_no_leg_goes_when_the_other_is_canceled() -> None:
    quotes = {CALL: [*steady(0.50, 2.00, to_s=8), *steady(1.00, 1.01)[9:]], OTHER: QUOTES[OTHER]}
    asked = leg(2, 1.03, CALL), leg(-2, 0.49, OTHER)
    kinds: dict[str, Any] = {"desk_kind": PackageDesk, "short_legs": True}
    assert run(quotes, *asked, **kinds).held == {CALL: 2, OTHER: -2}
    outcome = run(quotes, *asked, **kinds, teller_kind=OneLegCanceled)
    assert outcome.held == {}
    assert outcome.limits(0) == outcome.limits(1) == []
    assert outcome.outcome(0) == outcome.outcome(1) == "CANCELED"
    assert [order.is_closed for order in outcome.orders] == [True, True]


# -- the gate ------------------------------------------------------------------------------------


def proposed(name: str, quantity: int, price: float) -> ProposedOrder:
    gate = desk_gate()
    contract = gate.keeper.contract(InstrumentId.from_str(name))
    assert contract is not None
    return ProposedOrder(
        order_id=f"O-{name}", contract=contract, quantity=quantity, price=price,
        owner=Owner("S", "regular", "P"),
    )  # fmt: skip


@pytest.mark.parametrize("short_legs", [True, False])
def test_the_sale_is_judged_with_the_purchase_filled_and_never_alone(short_legs: bool) -> None:
    gate = desk_gate(short_legs=short_legs)
    gate.keeper.exposure.cash = 10_000.0
    bought, sold = proposed(CALL, 2, 1.1), proposed(OTHER, -2, 0.5)
    quotes = OrderQuote(0, 1.0, 1.1, 9, 9, 0.0), OrderQuote(0, 0.5, 0.6, 9, 9, 0.0)
    now_ns = SESSION.open_ns + 1_000_000_000
    together = gate.package_denial((bought, sold), quotes, None, now_ns)
    assert (together is None) == short_legs
    alone = gate.denial(sold, quotes[1], None, now_ns)
    assert alone is not None
    assert alone.startswith("NAKED_SHORT")
    assert gate.keeper.exposure.lines == {}  # nothing is kept of what was assumed


def test_a_close_of_both_legs_reduces_risk_though_the_sale_alone_would_not() -> None:
    gate = desk_gate(short_legs=True)
    exposure = gate.keeper.exposure
    for held in (proposed(CALL, 2, 1.1), proposed(OTHER, -2, 0.5)):
        exposure.filled("", held.contract, held.quantity, held.price, owner=held.owner)
    back, out = proposed(OTHER, 2, 0.6), proposed(CALL, -2, 0.01)
    assert gate.package_reduces((back, out))
    assert not gate.reduces(out)
    assert not gate.package_reduces((proposed(OTHER, 3, 0.6), out))
