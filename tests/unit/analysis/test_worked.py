"""How an order was worked, told from rows of parents and steps."""

from typing import Any

from worked_tables import NAN, NS, OPEN_NS, parent

from autotrade_0dte.analysis.worked import WorkAt, worked
from autotrade_0dte.analysis.worked_terminal import work_text


def step(at_s: float, event: str, **changes: Any) -> dict[str, Any]:
    values = {
        "ts_event": OPEN_NS + round(at_s * NS), "parent_id": "P-1", "client_order_id": "O-1",
        "event": event, "move": "", "reason": "", "move_price": NAN, "quantity": 0, "price": NAN,
        "veto": "", "bid": 1.0, "ask": 1.1, "fair": NAN,
    }  # fmt: skip
    return values | changes


PARENT = parent(outcome="FILLED", end_reason="FILLED", ended=OPEN_NS + 5 * NS)
STEPS = [
    step(0, "QUOTE", veto="SPREAD"),
    step(1, "QUOTE", move="SUBMIT", reason="NORMAL", move_price=1.04, fair=1.046),
    step(1.2, "ACCEPTED"),
    step(3, "QUOTE", move="REPRICE", reason="SCHEDULE", move_price=1.06),
    step(3.5, "MODIFY_REJECTED"),
    step(5, "FILLED", move="END", reason="FILLED", quantity=3, price=1.06),
]


def told(*steps: dict[str, Any], **changes: Any) -> str:
    work = worked("O-1", [PARENT | changes], steps or STEPS)
    assert work is not None
    return work_text(work).plain


def test_steps_are_moves_fills_refusals_and_vetoes_and_no_plain_answers() -> None:
    work = worked("O-1", [PARENT], STEPS)
    assert isinstance(work, WorkAt)
    assert [s.event for s in work.steps] == ["QUOTE", "QUOTE", "QUOTE", "MODIFY_REJECTED", "FILLED"]
    assert (work.route, work.outcome) == ("WALK", "FILLED")


def test_each_order_of_a_parent_has_its_own_steps() -> None:
    steps = [*STEPS, step(9, "FILLED", client_order_id="O-2", quantity=1, price=1.0)]
    work = worked("O-2", [PARENT], steps)
    assert work is not None
    assert len(work.steps) == 1


def test_order_that_the_desk_never_told_of_has_no_work() -> None:
    assert worked("O-9", [PARENT], STEPS) is None
    assert worked("O-1", [], STEPS) is None


def test_leg_of_a_package_has_its_own_steps_and_none_of_the_packages() -> None:
    """Both carry the order of the purchase."""
    of_package = [row | {"parent_id": "PK", "move_price": 0.5} for row in STEPS]
    together = [row for pair in zip(of_package, STEPS, strict=True) for row in pair]
    assert worked("O-1", [PARENT], together) == worked("O-1", [PARENT], STEPS)


def test_steps_are_told_by_their_seconds_after_the_decision() -> None:
    lines = [line.strip() for line in told().splitlines()]
    assert lines[0] == "worked WALK (NORMAL); filled after 5.00 s"
    assert lines[1].startswith("0.00 s  held back by SPREAD")
    assert lines[2].startswith("1.00 s  submit 1.04 NORMAL")
    assert lines[2].endswith("market 1.00/1.10, fair 1.046")
    assert lines[4].startswith("3.50 s  modify rejected")
    assert lines[5].startswith("5.00 s  3 filled at 1.06")


def test_end_tells_its_reason_where_the_outcome_does_not() -> None:
    assert "; given up after 5.00 s (DEADLINE)" in told(outcome="GIVEN_UP", end_reason="DEADLINE")
    assert "; open" in told(outcome="OPEN", end_reason="", ended=None)
    assert "worked without a route" in told(route="", route_reason="")


def test_long_walk_shows_its_first_and_last_steps() -> None:
    many = [step(n, "QUOTE", move="REPRICE", reason="S", move_price=1.0) for n in range(20)]
    text = told(*many)
    assert "... 12 more steps" in text
    assert "3.00 s" in text
    assert "16.00 s" in text
    assert "10.00 s" not in text
