import datetime as dt

import pytest
from worked_order import entry, leaving

from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.execution.remainder import (
    RemainderAction,
    RemainderParams,
    RemainderReason,
    RemainderRule,
)

FEES = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20))
RULE = RemainderRule(FEES, "SPY", RemainderParams())


@pytest.mark.parametrize(
    ("leaves", "price", "action"),
    [
        (1, 0.63, RemainderAction.DROP),
        (1, 0.64, RemainderAction.WORK),  # 3.20 of 64.00 dollars
        (4, 0.23, RemainderAction.DROP),
        (4, 0.24, RemainderAction.WORK),
    ],
)
def test_remainder_of_an_entry_is_dropped_when_its_fees_are_over_a_twentieth_of_its_premium(
    leaves: int, price: float, action: RemainderAction
) -> None:
    assert RULE.decide(entry(), leaves, price).action is action


def test_minimums_of_a_new_order_are_counted() -> None:
    rest = RULE.decide(entry(), 1, 0.50)
    assert rest.reason is RemainderReason.FEE_MINIMUM
    assert rest.fee_usd == pytest.approx(3.20)
    assert rest.fee_fraction == pytest.approx(0.064)


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.STOP, Purpose.EMERGENCY])
def test_exit_is_worked_to_the_last_contract(purpose: Purpose) -> None:
    rest = RULE.decide(leaving(purpose), 1, 0.01)
    assert rest.action is RemainderAction.WORK
    assert rest.reason is RemainderReason.MUST_BE_DONE
    assert rest.fee_usd == pytest.approx(3.22)  # a sale pays SEC and TAF too
