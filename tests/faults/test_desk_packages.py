"""Verticals as packages on the system's own command: entered, closed, and what faults leave."""

from collections.abc import Iterator
from typing import Any

import pytest
from faults.books import differences, run_books, tiger_books
from faults.desk_cases import (
    CONFIG,
    Case,
    Parents,
    Run,
    brief,
    close,
    entry,
    fault,
    is_told,
    run_cases,
)
from project_simulator import project_simulator
from walked_log import package_faults

from autotrade_0dte.execution.parent import Outcome

PACKAGES = f"""{CONFIG}
[account]
kind = "margin"

[execution]
packages = true
"""
VERTICAL: dict[str, Any] = {"is_vertical": True}


def both(parents: Parents) -> bool:
    """Return whether both legs were entered and closed, all of each."""
    filled = [p for p in parents if p.outcome is Outcome.FILLED]
    return len(filled) == len(parents) == 4 and len({p.filled for p in filled}) == 1


CASES: dict[str, Case] = {
    "plain": Case([], both, VERTICAL),
    "walked": Case([], lambda p: close(p, Outcome.FILLED), VERTICAL | {"walks": True}),
    "rejected": Case(
        [fault("reject", message="Insufficient buying power")],
        lambda p: (
            entry(p, Outcome.REJECTED)
            and is_told(p, "Insufficient buying power")
            and all(each.outcome is Outcome.REJECTED for each in p)
        ),
        VERTICAL,
    ),
    "part of it": Case(
        [fault("partial_fill", value=1)],
        lambda p: close(p, Outcome.FILLED),
        VERTICAL | {"timeout_s": 1},
    ),
    "answer lost": Case([fault("lost_response", method="place_order")], both, VERTICAL),
    "exit rejected": Case(
        [fault("reject", message="No combinations now")],
        lambda p: is_told(p, "No combinations now") and close(p, Outcome.FILLED),
        VERTICAL | {"hold_s": 1.5},
        when=lambda account: len(account["positions"]) == 2,
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("packages")
    with project_simulator(lively=False) as simulator:
        yield run_cases(simulator, folder, PACKAGES, CASES)


@pytest.mark.parametrize("case", CASES)
def test_each_plan_met_its_case(run: Run, case: str) -> None:
    parents = run.of(case)
    assert CASES[case].told(parents), brief(parents)


def test_entries_went_as_packages_alone(run: Run) -> None:
    packages = [order for order in run.account["orders"] if order["legs"]]
    assert len(packages) >= 2 * len(CASES) - 2
    for order in run.account["orders"]:
        assert order["legs"] or order["opened_ms"] > packages[0]["opened_ms"]


def test_the_log_of_each_package_makes_its_every_move_again(run: Run) -> None:
    packages = package_faults(run.folder, run.config, run.close_ns)
    assert len(packages) >= 2 * len(CASES) - 2
    assert {name: wrong for name, wrong in packages.items() if wrong} == {}


def test_no_leg_was_ever_sold_uncovered(run: Run) -> None:
    owned: dict[str, int] = {}
    for each in run.account["transactions"]:
        sign = 1 if each["side"] == "BUY" else -1
        owned[each["symbol"]] = owned.get(each["symbol"], 0) + sign * each["quantity"]
        assert sum(owned.values()) >= 0


def test_the_books_are_the_brokers_and_nothing_is_left(run: Run) -> None:
    ours, theirs = run_books(run.folder), tiger_books(run.account)
    assert sum(ours.fees.values()) == pytest.approx(sum(theirs.fees.values()))
    for books in (ours, theirs):  # a package's fees are one sum
        books.fees.clear()
    assert differences(ours, theirs) == []
    assert run.account["positions"] == {}
    assert run.code == 0
