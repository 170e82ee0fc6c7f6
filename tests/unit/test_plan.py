"""Plans of one and two legs, and the state machine that keeps to them."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.risk.expiry import ExpiryReason
from autotrade_0dte.selection.ranking import Structure

NS = 1_000_000_000
LONG, SHORT = "SPY260720C00600000.US", "SPY260720C00605000.US"
EXITS = ExitParams(profit_fraction=0.5, loss_fraction=0.4, hold_s=1_000, keep_single=True)
SINGLE = TradePlan(
    plan_id="P-1",
    direction=1,
    instrument_id=LONG,
    quantity=10,
    entry_cap=1.00,
    decided_ns=0,
    worst_loss_usd=1_000.0,
    exits=EXITS,
    reason="TEST",
)
VERTICAL = replace(SINGLE, short_instrument_id=SHORT, net_cap=0.60)


def opened(plan: TradePlan = SINGLE, sold: int = 0) -> ManagedPlan:
    """Return a plan whose long leg is filled at 1.00, and `sold` of its short leg at 0.40."""
    managed = ManagedPlan(plan)
    managed.filled(LONG, plan.quantity, 1.00, 1 * NS)
    managed.entry_ended()
    if sold:
        managed.filled(SHORT, -sold, 0.40, 3 * NS)
    return managed


# -- a long option alone ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "now_s", "reason"),
    [
        (1.49, 999, None),
        (1.50, 1, ExitReason.TARGET),
        (0.61, 1, None),
        (0.60, 1, ExitReason.STOP),
        (1.00, 1_000, ExitReason.TIME_STOP),
        (1.50, 1_000, ExitReason.TARGET),
        (math.nan, 999, None),
        (math.nan, 1_000, ExitReason.TIME_STOP),
    ],
)
def test_due_exit_names_the_first_rule_that_holds(
    bid: float, now_s: int, reason: ExitReason | None
) -> None:
    assert opened().due_exit(now_s * NS, bid) is reason


def test_partly_filled_entry_is_watched_while_the_rest_still_works() -> None:
    managed = ManagedPlan(SINGLE)
    assert managed.due_exit(5_000 * NS, 2.0) is None
    managed.filled(LONG, 3, 1.00, NS)
    assert managed.due_exit(2 * NS, 2.0) is ExitReason.TARGET


def test_exit_that_has_begun_is_not_due_again() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.STOP, 2 * NS)
    assert managed.due_exit(5_000 * NS, 2.0) is None


def test_entry_that_never_fills_closes_the_plan() -> None:
    managed = ManagedPlan(SINGLE)
    managed.entry_ended()
    assert managed.phase is PlanPhase.CLOSED


def test_partly_filled_entry_opens_with_what_was_filled() -> None:
    managed = ManagedPlan(SINGLE)
    managed.filled(LONG, 4, 1.00, NS)
    managed.entry_ended()
    assert (managed.phase, managed.held) == (PlanPhase.OPEN, 4)


def test_exit_before_any_fill_closes_and_a_late_fill_is_exited() -> None:
    managed = ManagedPlan(SINGLE)
    managed.begin_exit(ExpiryReason.FLATTEN_DEADLINE, NS)
    assert managed.phase is PlanPhase.CLOSED
    managed.filled(LONG, 2, 1.00, 2 * NS)
    assert (managed.phase, managed.step) == (PlanPhase.EXITING, (Step.SELL_LONG, 2))


def test_begin_exit_keeps_the_first_reason() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.STOP, NS)
    managed.begin_exit(ExpiryReason.FLATTEN_DEADLINE, NS)
    assert managed.exit_reason is ExitReason.STOP


def test_exit_in_parts_closes_with_the_last_one() -> None:
    managed = opened()
    managed.begin_exit(ExitReason.TARGET, NS)
    managed.filled(LONG, -4, 1.50, NS)
    assert managed.phase is PlanPhase.EXITING
    managed.filled(LONG, -6, 1.50, NS)
    assert managed.phase is PlanPhase.CLOSED
    assert managed.cash == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("name", "quantity", "most"), [(LONG, -11, 10), (SHORT, 4, 3)], ids=["long", "short"]
)
def test_closing_more_than_is_open_raises(name: str, quantity: int, most: int) -> None:
    with pytest.raises(ValueError, match=f"at most {most} contracts, was {abs(quantity)}"):
        opened(VERTICAL, sold=3).filled(name, quantity, 1.0, NS)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"direction": 0}, "a direction of 1 or -1"),
        ({"quantity": 0}, "a quantity of at least 1"),
        ({"entry_cap": 0.0}, "an entry cap above 0"),
        ({"entry_cap": math.inf}, "an entry cap above 0"),
        ({"worst_loss_usd": -1.0}, "a worst loss of 0 or more"),
        ({"worst_loss_usd": math.nan}, "a worst loss of 0 or more"),
        ({"net_cap": 0.5}, "no net cap without a short leg"),
        ({"short_instrument_id": SHORT}, "a net cap above 0 and below the entry cap of 1.0"),
        ({"short_instrument_id": SHORT, "net_cap": 1.0}, "a net cap above 0 and below"),
        ({"short_instrument_id": SHORT, "net_cap": 0.0}, "a net cap above 0 and below"),
    ],
)
def test_plan_with_impossible_figures_raises(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=f"^Expected {expected}"):
        replace(SINGLE, **change)


def test_structure_follows_from_the_legs() -> None:
    assert (SINGLE.structure, VERTICAL.structure) == (Structure.SINGLE, Structure.DEBIT_VERTICAL)


# -- a debit vertical -------------------------------------------------------------------------


def test_short_leg_is_sold_for_what_is_held_and_not_covered() -> None:
    managed = ManagedPlan(VERTICAL)
    assert managed.step is None
    managed.filled(LONG, 4, 0.95, NS)
    assert managed.step == (Step.SELL_SHORT, 4)
    managed.filled(SHORT, -1, 0.40, NS)
    managed.filled(LONG, 2, 1.00, NS)
    assert managed.step == (Step.SELL_SHORT, 5)
    managed.filled(SHORT, -5, 0.40, NS)
    assert managed.step is None


def test_floor_of_the_short_leg_keeps_the_net_debit_within_its_cap() -> None:
    managed = ManagedPlan(VERTICAL)
    assert math.isnan(managed.short_floor)
    managed.filled(LONG, 3, 0.90, NS)
    managed.filled(LONG, 1, 1.00, NS)
    assert managed.short_floor == pytest.approx(0.925 - 0.60)


def test_short_leg_is_bought_back_before_any_long_contract_is_sold() -> None:
    managed = opened(VERTICAL, sold=10)
    managed.begin_exit(ExitReason.STOP, 9 * NS)
    assert managed.step == (Step.BUY_BACK, 10)
    managed.filled(SHORT, 6, 0.20, 9 * NS)
    assert managed.step == (Step.BUY_BACK, 4)
    managed.filled(SHORT, 4, 0.20, 9 * NS)
    assert managed.step == (Step.SELL_LONG, 10)
    managed.filled(LONG, -10, 0.55, 9 * NS)
    assert managed.phase is PlanPhase.CLOSED
    assert managed.cash == pytest.approx(10 * (-1.00 + 0.40 - 0.20 + 0.55))


def test_sale_of_the_short_leg_that_comes_after_the_exit_began_is_bought_back() -> None:
    managed = opened(VERTICAL, sold=4)
    managed.begin_exit(ExitReason.STOP, 9 * NS)
    managed.filled(SHORT, -6, 0.40, 9 * NS)
    assert managed.step == (Step.BUY_BACK, 10)


@pytest.mark.parametrize(
    ("bid", "short_ask", "reason"),
    [
        (1.40, 0.50, ExitReason.TARGET),  # 0.90 = 1.5 x 0.60
        (1.40, 0.51, None),
        (0.80, 0.44, ExitReason.STOP),  # 0.36 = 0.6 x 0.60
        (0.80, 0.43, None),
        (math.nan, 0.10, None),
        (3.00, math.nan, None),
    ],
)
def test_target_and_stop_of_a_vertical_look_at_its_net_value(
    bid: float, short_ask: float, reason: ExitReason | None
) -> None:
    assert opened(VERTICAL, sold=10).due_exit(9 * NS, bid, short_ask) is reason


def test_half_covered_vertical_is_measured_against_the_cost_of_what_it_is() -> None:
    # Cost 1.00 less half the planned credit of 0.40; value is the bid less half an ask.
    managed = opened(VERTICAL, sold=5)
    assert managed.due_exit(9 * NS, 1.40, 0.40) is ExitReason.TARGET
    assert managed.due_exit(9 * NS, 1.39, 0.40) is None


def test_leg_risk_is_the_time_that_contracts_waited_for_their_cover() -> None:
    managed = ManagedPlan(VERTICAL)
    managed.filled(LONG, 4, 1.00, 10 * NS)
    assert not managed.is_leg_overdue(25 * NS - 1)
    assert managed.is_leg_overdue(25 * NS)
    managed.filled(SHORT, -4, 0.40, 12 * NS)
    assert not managed.is_leg_overdue(100 * NS)
    managed.filled(LONG, 6, 1.00, 20 * NS)
    managed.filled(SHORT, -6, 0.40, 25 * NS)
    assert managed.leg_risk_ns == 7 * NS


def test_single_long_option_has_no_leg_risk() -> None:
    assert not opened().is_leg_overdue(1_000 * NS)
    assert opened().step is None


def test_short_leg_given_up_leaves_the_long_option_alone() -> None:
    managed = opened(VERTICAL)
    managed.give_up_short_leg(16 * NS)
    assert (managed.phase, managed.step, managed.leg_risk_ns) == (PlanPhase.OPEN, None, 15 * NS)
    assert managed.due_exit(17 * NS, 1.50) is ExitReason.TARGET  # of the long leg's own cap


def test_short_leg_given_up_closes_the_plan_where_it_says_so() -> None:
    managed = opened(replace(VERTICAL, exits=replace(EXITS, keep_single=False)))
    managed.give_up_short_leg(16 * NS)
    assert managed.exit_reason is ExitReason.LEG_NOT_FILLED
    assert managed.step == (Step.SELL_LONG, 10)


def test_legs_that_expire_one_after_the_other_close_the_plan() -> None:
    managed = opened(VERTICAL, sold=10)
    managed.filled(LONG, -10, 5.0, 99 * NS)
    assert managed.phase is PlanPhase.OPEN
    assert managed.due_exit(99 * NS, 5.0, 1.0) is None
    managed.filled(SHORT, 10, 0.0, 99 * NS)
    assert managed.phase is PlanPhase.CLOSED


# -- positions found at the start -------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "step"), [(3, (Step.SELL_LONG, 3)), (-3, (Step.BUY_BACK, 3))])
def test_position_found_at_the_start_is_closed(quantity: int, step: tuple[Step, int]) -> None:
    managed = ManagedPlan.of_position(7, LONG, quantity, 5 * NS)
    assert (managed.plan.plan_id, managed.found, managed.step) == ("FOUND07", True, None)
    managed.begin_exit(ExitReason.RESTART, 5 * NS)
    assert managed.step == step
    managed.filled(LONG, -quantity, 0.5, 6 * NS)
    assert managed.phase is PlanPhase.CLOSED
