"""Whatever is asked of it, the call budget keeps Tiger's limits and the reserve for risk."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from tiger_nt.budget import SHARES, CallBudget, Halt, Priority

METHODS = ("place_order", "modify_order", "cancel_order", "orders", "market_state")
LIMITS = {"place_order": 12, "modify_order": 9, "cancel_order": 12, "orders": 7, "market_state": 3}
PAPER_LIMIT, ORDERS_A_SECOND = 120, 5

asked = st.tuples(
    st.floats(0.0, 20.0), st.sampled_from(METHODS), st.sampled_from(Priority), st.booleans()
)


def run(
    budget: CallBudget, steps: Iterable[tuple[float, str, Priority, bool]], *, strikes: bool = False
) -> list[tuple[float, str, Priority]]:
    """Ask as told and return what went out; with `strikes` Tiger refuses where told."""
    now_s, sent = 0.0, []
    for pause_s, method, priority, is_refused in steps:
        now_s += pause_s
        if budget.take(method, priority, now_s) == 0.0:
            sent.append((now_s, method, priority))
            if strikes and is_refused:
                budget.limited(method, now_s)
    return sent


def most_within(times: list[float], span_s: float) -> int:
    return max((sum(t <= u < t + span_s for u in times) for t in times), default=0)


@given(st.lists(asked, max_size=150), st.booleans())
def test_no_window_ever_holds_more_calls_than_tiger_allows(
    steps: list[tuple[float, str, Priority, bool]], is_paper: bool
) -> None:
    sent = run(CallBudget(LIMITS, is_paper=is_paper), steps)
    for method, limit in LIMITS.items():
        assert most_within([t for t, name, _ in sent if name == method], 60.0) <= limit
    orders = [t for t, name, _ in sent if name in {"place_order", "modify_order"}]
    assert most_within(orders, 1.0) <= ORDERS_A_SECOND


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0.0, 0.4), st.sampled_from(METHODS[:3])), min_size=130))
def test_paper_account_places_modifies_and_cancels_120_times_a_minute_in_all(
    steps: list[tuple[float, str]],
) -> None:
    budget = CallBudget(is_paper=True)
    sent = run(budget, ((pause, method, Priority.RISK, False) for pause, method in steps))
    assert most_within([t for t, _, _ in sent], 60.0) <= PAPER_LIMIT


@given(st.lists(asked.filter(lambda step: step[2] is not Priority.RISK), max_size=150))
def test_what_is_not_risk_never_touches_the_reserve(
    steps: list[tuple[float, str, Priority, bool]],
) -> None:
    sent = run(CallBudget(LIMITS), steps)
    for method, limit in LIMITS.items():
        times = [t for t, name, _ in sent if name == method]
        assert most_within(times, 60.0) <= max(1, int(limit * max(SHARES.values())))
        for priority in set(Priority) - {Priority.RISK}:
            allowed = max(1, int(limit * SHARES[priority]))
            for t, name, kind in sent:
                if (name, kind) == (method, priority):
                    before = sum(t - 60.0 < u <= t for u in times)
                    assert before <= allowed + sum(u == t for u in times) - 1


@given(st.lists(asked, max_size=80), st.sampled_from(METHODS), st.sampled_from(Priority))
def test_a_call_goes_out_once_the_time_it_was_told_to_wait_is_over(
    steps: list[tuple[float, str, Priority, bool]], method: str, priority: Priority
) -> None:
    budget = CallBudget(LIMITS)
    run(budget, steps, strikes=True)
    now_s = sum(step[0] for step in steps)
    for _ in range(4):  # each wait may reveal another limit, but there are only so many
        wait_s = budget.take(method, priority, now_s)
        if wait_s == 0.0:
            return
        now_s += wait_s + 1e-6
    raise AssertionError("still refused")


@given(st.lists(asked, max_size=80))
def test_asking_in_vain_changes_nothing(steps: list[tuple[float, str, Priority, bool]]) -> None:
    once, twice = CallBudget(LIMITS), CallBudget(LIMITS)
    now_s = 0.0
    for pause_s, method, priority, _ in steps:
        now_s += pause_s
        wait_s = once.take(method, priority, now_s)
        assert twice.take(method, priority, now_s) == wait_s
        if wait_s > 0.0:
            assert twice.take(method, priority, now_s) == wait_s


@settings(max_examples=50)
@given(st.lists(asked, max_size=200))
def test_every_halt_is_told_once_and_ends_once(
    steps: list[tuple[float, str, Priority, bool]],
) -> None:
    told: list[Halt] = []
    budget = CallBudget(LIMITS, on_halt=told.append)
    run(budget, steps, strikes=True)
    assert [halt.is_over for halt in told] == [bool(i % 2) for i in range(len(told))]
    assert budget.is_halted(sum(step[0] for step in steps)) == (len(told) % 2 == 1)
