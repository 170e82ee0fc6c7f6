"""Which packages the fills of two legs make whole, and at which net price."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_order import entry, walk_of

from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.parent import Purpose, Side


def work(purpose: Purpose) -> PackageWork:
    side = Side.BUY if purpose is Purpose.ENTRY else Side.SELL
    parent, unused = entry(purpose=purpose, side=side, quantity=9), None
    other: Any = unused
    legs = tuple(
        PackageLeg(parent=parent, order_id=other, instrument_id=other, proposed=other, held=None)
        for _ in range(2)
    )
    return PackageWork(walk=walk_of(parent), legs=legs, offer=Offer(parent))


@pytest.mark.parametrize(("purpose", "net"), [(Purpose.ENTRY, 0.6), (Purpose.EXIT, -0.6)])
def test_the_net_price_is_the_verticals(purpose: Purpose, net: float) -> None:
    package = work(purpose)
    assert list(package.filled(0, 2, 1.1)) == []
    assert list(package.filled(1, 1, 0.5)) == [(1, net)]
    assert list(package.filled(1, 1, 0.5)) == [(1, net)]
    assert package.paid == pytest.approx(2 * net)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 4), st.integers(1, 300)), max_size=20))
def test_packages_are_as_many_as_the_leg_with_fewer_contracts(
    fills: list[tuple[int, int, int]],
) -> None:
    package, told, legs = work(Purpose.ENTRY), 0, [0, 0]
    for number, quantity, cents in fills:
        told += sum(count for count, _ in package.filled(number, quantity, cents / 100))
        legs[number] += quantity
        assert told == min(legs)
