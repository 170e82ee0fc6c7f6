import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_order import NS, at

from autotrade_0dte.execution.call_budget import CallBudget, CallBudgetParams
from autotrade_0dte.execution.parent import Purpose

PARAMS = CallBudgetParams(calls_per_minute=10, reserve_calls=4)


def spent(calls: int) -> CallBudget:
    budget = CallBudget(PARAMS)
    for _ in range(calls):
        budget.spend(at(0))
    return budget


def test_entries_cannot_use_the_reserve_and_the_others_can() -> None:
    assert spent(0).left(at(0), Purpose.ENTRY) == 6
    budget = spent(6)
    assert budget.left(at(1), Purpose.ENTRY) == 0
    for purpose in (Purpose.EXIT, Purpose.STOP, Purpose.EMERGENCY):
        assert budget.left(at(1), purpose) == 4


def test_call_comes_back_after_a_minute() -> None:
    budget = spent(10)
    assert budget.left(at(60) - 1, Purpose.STOP) == 0
    assert budget.left(at(60), Purpose.STOP) == 10


def test_what_was_overspent_is_never_less_than_nothing() -> None:
    assert spent(12).left(at(1), Purpose.EXIT) == 0


def test_reserve_of_all_calls_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected reserve_calls below calls_per_minute of 10"):
        CallBudgetParams(calls_per_minute=10, reserve_calls=10)


def test_default_is_within_what_the_paper_account_accepts() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"calls_per_minute": 121}, CallBudgetParams)
    assert CallBudgetParams().calls_per_minute < 120


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Purpose)), max_size=80))
def test_rolling_minute_never_holds_more_than_allowed_and_entries_leave_the_reserve(
    events: list[tuple[int, Purpose]],
) -> None:
    budget = CallBudget(PARAMS)
    calls: list[tuple[int, Purpose]] = []
    now_ns = 0
    for wait_s, purpose in events:
        now_ns += wait_s * NS // 4
        recent = [call for call in calls if call[0] > now_ns - 60 * NS]
        is_entry = purpose is Purpose.ENTRY
        assert budget.left(now_ns, purpose) == max(10 - 4 * is_entry - len(recent), 0)
        if budget.left(now_ns, purpose):
            budget.spend(now_ns)
            calls.append((now_ns, purpose))
            assert len(recent) < 10
            assert not is_entry or len(recent) < 6
