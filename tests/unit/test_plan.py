import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.plan import ExitReason, ManagedPlan, PlanPhase, TradePlan
from autotrade_0dte.risk.expiry import ExpiryReason


def plan(quantity: int = 10) -> TradePlan:
    return TradePlan("P-1", "SPY.US", quantity, 1.00, 1.50, 0.60, 100, 1_000, "TEST")


def opened(quantity: int = 10) -> ManagedPlan:
    managed = ManagedPlan(plan(quantity))
    managed.entry_filled(quantity)
    managed.entry_ended()
    return managed


@pytest.mark.parametrize(
    ("bid", "now", "reason"),
    [
        (1.49, 999, None),
        (1.50, 0, ExitReason.TARGET),
        (0.61, 0, None),
        (0.60, 0, ExitReason.STOP),
        (1.00, 1_000, ExitReason.TIME_STOP),
        (1.50, 1_000, ExitReason.TARGET),
        (math.nan, 999, None),
        (math.nan, 1_000, ExitReason.TIME_STOP),
        (0.0, 0, ExitReason.STOP),
    ],
)
def test_due_exit_names_the_first_rule_that_holds(
    bid: float, now: int, reason: ExitReason | None
) -> None:
    assert opened().due_exit(bid, now) is reason


def test_partly_filled_entry_is_watched_while_the_rest_still_works() -> None:
    managed = ManagedPlan(plan())
    assert managed.due_exit(2.0, 5_000) is None
    managed.entry_filled(3)
    assert managed.due_exit(2.0, 0) is ExitReason.TARGET


def test_exit_that_has_begun_is_not_due_again() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.STOP)
    assert managed.due_exit(2.0, 5_000) is None


def test_entry_that_never_fills_closes_the_plan() -> None:
    managed = ManagedPlan(plan())
    managed.entry_ended()
    assert managed.phase is PlanPhase.CLOSED


def test_partly_filled_entry_opens_with_what_was_filled() -> None:
    managed = ManagedPlan(plan())
    managed.entry_filled(4)
    managed.entry_ended()
    assert (managed.phase, managed.open_quantity) == (PlanPhase.OPEN, 4)


def test_exit_before_any_fill_closes_and_a_late_fill_is_exited() -> None:
    managed = ManagedPlan(plan())
    managed.begin_exit(ExpiryReason.FLATTEN_DEADLINE)
    assert managed.phase is PlanPhase.CLOSED
    managed.entry_filled(2)
    assert (managed.phase, managed.open_quantity) == (PlanPhase.EXITING, 2)


def test_begin_exit_keeps_the_first_reason() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.STOP)
    managed.begin_exit(ExpiryReason.FLATTEN_DEADLINE)
    assert managed.exit_reason is ExitReason.STOP


def test_selling_more_than_is_held_raises() -> None:
    with pytest.raises(ValueError, match="at most 10 contracts, was 11"):
        opened().exit_filled(11)


def test_exit_in_parts_closes_with_the_last_one() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.TARGET)
    managed.exit_filled(4)
    assert managed.phase is PlanPhase.EXITING
    managed.exit_filled(6)
    assert managed.phase is PlanPhase.CLOSED


@pytest.mark.parametrize(
    ("quantity", "prices"), [(0, (1, 2, 0.5)), (1, (1, 1, 0.5)), (1, (1, 2, 1)), (1, (1, 2, -0.1))]
)
def test_plan_with_impossible_figures_raises(
    quantity: int, prices: tuple[float, float, float]
) -> None:
    cap, target, stop = prices
    with pytest.raises(ValueError, match="Expected"):
        TradePlan("P", "X", quantity, cap, target, stop, 0, 0, "TEST")


ACTIONS: list[Callable[[ManagedPlan], None]] = [
    lambda m: m.entry_filled(1),
    lambda m: m.entry_ended(),
    lambda m: m.begin_exit(ExitReason.STOP),
    lambda m: m.exit_filled(1) if m.open_quantity else None,
]


@given(st.lists(st.sampled_from(range(len(ACTIONS))), max_size=40))
def test_any_order_of_events_never_closes_a_plan_that_holds_contracts(steps: list[int]) -> None:
    managed = ManagedPlan(plan(1_000))
    for step in steps:
        ACTIONS[step](managed)
        assert managed.open_quantity >= 0
        assert not (managed.phase is PlanPhase.CLOSED and managed.open_quantity)
        assert not (managed.phase is PlanPhase.EXITING and managed.exit_reason is None) or (
            managed.open_quantity > 0
        )
