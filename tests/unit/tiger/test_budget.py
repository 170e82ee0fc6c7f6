"""The call budget on given days: limits, shares, what Tiger's refusals do."""

import pytest

from tiger_nt.budget import CallBudget, Halt, Priority

RISK, EXIT, ENTRY, WALK, QUERY = Priority


def fill(budget: CallBudget, method: str, priority: Priority, now_s: float) -> int:
    """Take calls at one instant until one is refused; return how many went out."""
    count = 0
    while budget.take(method, priority, now_s) == 0.0:
        count += 1
    return count


@pytest.mark.parametrize(
    ("method", "limit"), [("cancel_order", 120), ("option_chain", 60), ("market_state", 10)]
)
def test_published_limit_holds_for_each_class_of_methods(method: str, limit: int) -> None:
    assert fill(CallBudget(), method, RISK, 0.0) == limit


def test_unlisted_method_is_taken_for_the_lowest_class() -> None:
    assert fill(CallBudget(), "something_new", RISK, 0.0) == 10


def test_configured_limit_goes_before_the_published_one() -> None:
    assert fill(CallBudget({"market_state": 4}), "market_state", RISK, 0.0) == 4


def test_calls_come_back_a_minute_and_a_margin_after_they_went_out() -> None:
    budget = CallBudget()
    fill(budget, "market_state", RISK, 100.0)
    assert budget.take("market_state", RISK, 100.5) == pytest.approx(60.7)
    assert budget.take("market_state", RISK, 161.1) == pytest.approx(0.1)
    assert budget.take("market_state", RISK, 161.3) == 0.0


def test_place_and_modify_share_five_calls_a_second() -> None:
    budget = CallBudget()
    for method in ("place_order", "modify_order") * 2:
        assert budget.take(method, RISK, 0.0) == 0.0
    assert fill(budget, "modify_order", RISK, 0.0) == 1
    assert budget.take("place_order", RISK, 0.5) == pytest.approx(0.52)
    assert budget.take("place_order", RISK, 1.03) == 0.0


def test_cancels_are_outside_of_the_five_a_second() -> None:
    budget = CallBudget()
    fill(budget, "place_order", RISK, 0.0)
    assert budget.take("cancel_order", RISK, 0.0) == 0.0


def test_walk_stops_first_then_entries_and_risk_has_the_rest() -> None:
    budget = CallBudget()
    assert fill(budget, "modify_order", WALK, 0.0) == 3
    assert fill(budget, "place_order", ENTRY, 0.0) == 1
    assert fill(budget, "modify_order", EXIT, 0.0) == 0
    assert fill(budget, "place_order", RISK, 0.0) == 1


def test_live_account_has_no_cap_over_place_modify_and_cancel_together() -> None:
    paper, live = CallBudget(is_paper=True), CallBudget()
    for second in range(30):
        for budget in (paper, live):
            fill(budget, "place_order", RISK, 2.0 * second)
    assert fill(paper, "cancel_order", RISK, 60.0) == 0
    assert fill(live, "cancel_order", RISK, 60.0) == 120


def test_refusals_pause_a_method_longer_each_time() -> None:
    budget = CallBudget()
    assert [budget.limited("orders", float(now_s)) for now_s in range(4)] == [2.0, 4.0, 8.0, 16.0]
    assert budget.take("orders", QUERY, 3.0) == pytest.approx(16.0)
    assert budget.take("positions", QUERY, 3.0) == 0.0
    assert budget.take("orders", QUERY, 19.1) == 0.0


def test_refusals_are_forgotten_after_two_minutes() -> None:
    budget = CallBudget()
    budget.limited("orders", 0.0)
    assert budget.limited("orders", 121.0) == 2.0


def test_refusal_of_an_order_pauses_all_that_share_its_cap_but_risk_only_a_second() -> None:
    budget = CallBudget()
    for now_s in (0.0, 0.1, 0.2):
        budget.limited("place_order", now_s)
    assert budget.take("modify_order", WALK, 0.2) == pytest.approx(8.0)
    assert budget.take("cancel_order", RISK, 0.2) == 0.0
    for priority in (RISK, EXIT):
        assert budget.take("modify_order", priority, 0.2) == pytest.approx(1.0)
    for priority in (RISK, EXIT):
        assert budget.take("modify_order", priority, 1.3) == 0.0


def test_limit_that_tigers_answer_names_is_taken_over_if_it_is_lower() -> None:
    budget = CallBudget()
    budget.limited("orders", 0.0, per_minute=20)
    assert fill(budget, "orders", RISK, 10.0) == 20
    budget.limited("orders", 10.0, per_minute=500)
    assert fill(budget, "orders", RISK, 200.0) == 20


def test_fifth_refusal_halts_new_orders_tells_so_and_lets_risk_through() -> None:
    told: list[Halt] = []
    budget = CallBudget(on_halt=told.append)
    for i, method in enumerate(["orders", "positions", "assets", "orders", "option_brief"]):
        assert not budget.is_halted(float(i))
        budget.limited(method, float(i))
    assert told == [Halt(is_over=False, strikes=5, until_s=124.0)]
    assert budget.is_halted(4.0)
    assert budget.take("place_order", ENTRY, 4.0) == pytest.approx(120.0)
    assert budget.take("modify_order", WALK, 4.0) == pytest.approx(120.0)
    assert budget.take("modify_order", EXIT, 4.0) == 0.0
    assert budget.take("place_order", RISK, 4.0) == 0.0
    assert budget.take("cancel_order", RISK, 4.0) == 0.0
    assert budget.take("quote_real_time", QUERY, 4.0) == 0.0


def test_halt_lasts_until_two_minutes_pass_without_a_refusal() -> None:
    told: list[Halt] = []
    budget = CallBudget(on_halt=told.append)
    for now_s in range(5):
        budget.limited("orders", float(now_s))
    budget.limited("orders", 100.0)
    assert budget.is_halted(219.9)
    assert budget.take("place_order", ENTRY, 220.0) == 0.0
    assert [halt.is_over for halt in told] == [False, True]
