"""Which of the desk's steps are those of one order."""

from typing import Any

from worked_tables import NAN, OPEN_NS, parent

from autotrade_0dte.analysis.worked import worked


def step(parent_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "ts_event": OPEN_NS, "parent_id": parent_id, "client_order_id": "O-1", "event": "QUOTE",
        "move": "SUBMIT", "reason": "NORMAL", "move_price": 1.05, "quantity": 0, "price": NAN,
        "veto": "", "bid": 1.00, "ask": 1.10, "fair": 1.04,
    } | changes  # fmt: skip


def test_the_leg_of_a_package_has_its_own_steps_and_none_of_the_packages() -> None:
    """Both carry the order of the purchase."""
    steps = [step("PK", move_price=0.55), step("P-1"), step("P-2", client_order_id="O-2")]
    found = worked("O-1", [parent(parent_id="P-2"), parent(package="PK")], steps)
    assert found is not None
    assert [each.move_price for each in found.steps] == [1.05]


def test_an_order_that_the_desk_told_nothing_of_was_not_worked() -> None:
    assert worked("O-9", [parent()], [step("P-1")]) is None
    assert worked("O-1", [parent()], [step("PK")]) is None
