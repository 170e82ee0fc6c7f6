"""What a session has used up."""

import math

from autotrade_0dte.risk.day_ledger import DayLedger
from autotrade_0dte.risk.ladder_state import DayState
from autotrade_0dte.risk.picture import DayCounters


def test_entry_counts_once() -> None:
    day = DayLedger(DayState())
    assert [day.entered("A"), day.entered("A"), day.entered("B")] == [True, False, True]
    assert day.counters == DayCounters(entries=2)


def test_losses_add_up_until_a_plan_without_one() -> None:
    day = DayLedger(DayState())
    day.closed("A", 2, -0.01, 10)
    day.closed("B", 1, -5.0, 20)
    assert day.counters == DayCounters(losses_in_row=2, last_loss_ns=20, day_trades=3)
    day.closed("C", 1, 0.0, 30)
    assert day.counters == DayCounters(losses_in_row=0, last_loss_ns=20, day_trades=4)


def test_result_that_is_unknown_neither_ends_a_row_of_losses_nor_adds_to_it() -> None:
    day = DayLedger(DayState())
    day.closed("A", 1, -1.0, 10)
    day.closed("B", 1, math.nan, 20)
    assert day.counters == DayCounters(losses_in_row=1, last_loss_ns=10, day_trades=2)


def test_plan_that_is_told_of_again_after_a_restart_is_not_counted_again() -> None:
    day = DayLedger(DayState())
    day.entered("A")
    day.closed("A", 1, -1.0, 10)
    after = DayLedger(day.state)
    assert not after.entered("A")
    assert not after.closed("A", 1, -1.0, 99)
    assert after.state == day.state
