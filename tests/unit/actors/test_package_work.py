"""Which packages the fills of two legs make whole, and at which net price."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model import ClientOrderId
from worked_order import entry, walk_of

from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.parent import Purpose, Side

FIRST = ClientOrderId("O-1"), ClientOrderId("O-2")
SECOND = ClientOrderId("O-3"), ClientOrderId("O-4")
"""Orders of the purchase and of the sale, of a package and of the one that carried it on."""


def work(purpose: Purpose = Purpose.ENTRY) -> PackageWork:
    side = Side.BUY if purpose is Purpose.ENTRY else Side.SELL
    parent, unused = entry(purpose=purpose, side=side, quantity=9), None
    other: Any = unused
    legs = tuple(
        PackageLeg(parent=parent, order_id=name, instrument_id=other, proposed=other, held=None)
        for name in FIRST
    )
    package = PackageWork(walk=walk_of(parent), legs=legs, offer=Offer(parent))
    package.know_orders()
    return package


def fill(package: PackageWork, order_id: ClientOrderId, quantity: int, price: float) -> list[Any]:
    return list(package.filled(int(order_id in (FIRST[1], SECOND[1])), order_id, quantity, price))


@pytest.mark.parametrize(("purpose", "net"), [(Purpose.ENTRY, 0.6), (Purpose.EXIT, -0.6)])
def test_the_net_price_is_the_verticals(purpose: Purpose, net: float) -> None:
    package = work(purpose)
    assert fill(package, FIRST[0], 3, 1.1) == []
    assert fill(package, FIRST[1], 2, 0.5) == [(2, net)]
    assert fill(package, FIRST[1], 1, 0.5) == [(1, net)]
    assert package.paid == pytest.approx(3 * net)


def carried_on() -> PackageWork:
    package = work()
    for leg, order_id in zip(package.legs, SECOND, strict=True):
        leg.renew(order_id, None, leg.proposed)
    package.know_orders()
    return package


def test_legs_of_two_packages_make_none_whole() -> None:
    package = carried_on()
    assert fill(package, FIRST[0], 1, 1.1) == []
    assert fill(package, SECOND[1], 1, 0.4) == []
    assert fill(package, FIRST[1], 1, 0.5) == [(1, 0.6)]
    assert fill(package, SECOND[0], 1, 1.2) == [(1, 0.8)]


def test_every_order_knows_the_purchase_of_its_package() -> None:
    package = carried_on()
    assert [package.purchase_of(name) for name in (*FIRST, *SECOND)] == [
        FIRST[0], FIRST[0], SECOND[0], SECOND[0],
    ]  # fmt: skip


FILLS = st.tuples(st.sampled_from((*FIRST, *SECOND)), st.integers(1, 4), st.integers(1, 300))


@given(st.lists(FILLS, max_size=20))
def test_packages_are_as_many_as_the_leg_with_fewer_contracts(
    fills: list[tuple[ClientOrderId, int, int]],
) -> None:
    package, told = carried_on(), 0
    filled = dict.fromkeys((*FIRST, *SECOND), 0)
    for order_id, quantity, cents in fills:
        told += sum(count for count, _ in fill(package, order_id, quantity, cents / 100))
        filled[order_id] += quantity
        assert told == sum(min(filled[b], filled[s]) for b, s in (FIRST, SECOND))
