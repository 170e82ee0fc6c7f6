"""Two strategies or plans never stand against each other in one contract; each closes its own."""

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


def test_second_exit_of_its_own_would_close_what_another_strategy_holds() -> None:
    exposure = book((CALL, 2, 2.0, MINE), (CALL, 2, 2.0, THEIRS))
    assert reason(World(order=order(quantity=-2), exposure=exposure)) is None
    first = order(order_id="W", quantity=-2)
    beside = book((CALL, 2, 2.0, MINE), (CALL, 2, 2.0, THEIRS), working=(first,))
    assert reason(World(order=order(quantity=-2), exposure=beside)) is DenyReason.OPPOSED
    assert reason(World(order=order(quantity=-2, replaces="W"), exposure=beside)) is None
    assert reason(World(order=order(order_id="W", quantity=-2), exposure=beside)) is None
    theirs = order(order_id="T", quantity=-1, owner=THEIRS)  # their own exit
    all_at_work = book((CALL, 2, 2.0, MINE), (CALL, 2, 2.0, THEIRS), working=(first, theirs))
    assert reason(World(order=order(order_id="W", quantity=-2), exposure=all_at_work)) is None


def test_half_an_exit_at_work_leaves_room_for_the_other_half() -> None:
    half = order(order_id="W", quantity=-1)
    beside = book((CALL, 2, 2.0, MINE), (CALL, 2, 2.0, THEIRS), working=(half,))
    assert reason(World(order=order(quantity=-1), exposure=beside)) is None
    assert reason(World(order=order(quantity=-2), exposure=beside)) is DenyReason.OPPOSED


def test_entry_that_would_close_another_plan_of_its_strategy_is_refused_with_the_plan() -> None:
    """By its strategy's position it is an exit, which passes every limit."""
    world = World(
        order=order(quantity=-2, is_entry=True), exposure=book((CALL, 2, 2.0, SAME_STRATEGY))
    )
    denial = world.verdict()
    assert denial is not None
    assert str(denial) == "OPPOSED: quantity=-2, strategy=Regular-001, plan=P000, may_hold=2"


@pytest.mark.parametrize("is_entry", [True, False])
def test_entry_of_another_plan_at_work_counts_for_an_entry_alone(is_entry: bool) -> None:
    buying = order(order_id="W", quantity=2, owner=SAME_STRATEGY)
    held = book((CALL, 1, 2.0, MINE), working=(buying,))
    world = World(order=order(quantity=-2, is_entry=is_entry), exposure=held)
    assert (reason(world) is DenyReason.OPPOSED) == is_entry


def test_entry_of_a_plan_may_grow_beside_another_plan_and_sell_what_its_own_holds() -> None:
    both = book((CALL, 2, 2.0, MINE), (CALL, 2, 2.0, SAME_STRATEGY))
    assert reason(World(order=order(quantity=2, is_entry=True), exposure=both)) is None
    assert reason(World(order=order(quantity=-2, is_entry=True), exposure=both)) is None
    assert (
        reason(World(order=order(quantity=-3, is_entry=True), exposure=both)) is DenyReason.OPPOSED
    )


def test_exit_closes_what_is_its_strategys_and_of_no_known_plan() -> None:
    """As after a restart."""
    unknown = replace(MINE, plan_id="")
    assert reason(World(order=order(quantity=-2), exposure=book((CALL, 2, 2.0, unknown)))) is None
