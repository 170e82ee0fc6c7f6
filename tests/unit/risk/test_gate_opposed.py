"""Two strategies never stand against each other in one contract; each closes its own."""

import pytest
from gate_world import CALL, MINE, PICTURE, SAME_STRATEGY, THEIRS, World, book, order
from msgspec.structs import replace

from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.mode import RiskMode


def reason(world: World) -> DenyReason | None:
    denial = world.verdict()
    return None if denial is None else denial.reason


@pytest.mark.parametrize("mode", RiskMode)
@pytest.mark.parametrize("held", [2, -2])
def test_order_that_would_close_anothers_position_is_refused_in_every_mode(
    held: int, mode: RiskMode
) -> None:
    """By the account's position it reduces risk."""
    world = World(
        order=order(quantity=-1 if held > 0 else 1),
        exposure=book((CALL, held, 2.0, THEIRS)),
        picture=replace(PICTURE, mode=mode),
    )
    assert reason(world) is DenyReason.OPPOSED


@pytest.mark.parametrize("owner", [MINE, SAME_STRATEGY])
@pytest.mark.parametrize("theirs", [1, 3])
def test_what_closes_its_own_strategys_position_goes_whatever_others_hold(
    owner: object, theirs: int
) -> None:
    exposure = book((CALL, 2, 2.0, owner), (CALL, theirs, 2.0, THEIRS))
    assert reason(World(order=order(quantity=-2), exposure=exposure)) is None
    assert reason(World(order=order(quantity=-3), exposure=exposure)) is DenyReason.OPPOSED


def test_order_at_work_of_another_counts_as_filled_and_its_exit_does_not() -> None:
    selling = order(order_id="W", quantity=-2, owner=THEIRS)
    world = World(order=order(quantity=1), exposure=book(working=(selling,)))
    assert reason(world) is DenyReason.OPPOSED
    closing = book((CALL, 2, 2.0, THEIRS), working=(selling,))
    assert reason(World(order=order(quantity=1), exposure=closing)) is None
