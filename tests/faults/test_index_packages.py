"""Packages of index options, whose net prices have steps of five cents, on the system's command."""

from collections.abc import Iterator

import pytest
from faults.books import differences, run_books, tiger_books
from faults.desk_cases import Run, brief, run_cases
from faults.test_desk_packages import CASES as PACKAGE_CASES
from faults.test_desk_packages import PACKAGES
from project_simulator import project_simulator
from walked_log import package_faults

INDEX = f"""{PACKAGES.replace('root = "SPY"', 'root = "SPXW"')}
[risk.limits.position]
max_strategy_premium_usd = 1e6
max_track_premium_usd = 1e6
"""
CASES = {name: PACKAGE_CASES[name] for name in ("plain", "walked", "exit rejected")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("index")
    with project_simulator(lively=False, root="SPXW") as simulator:
        yield run_cases(simulator, folder, INDEX, CASES)


@pytest.mark.parametrize("case", CASES)
def test_each_plan_met_its_case(run: Run, case: str) -> None:
    parents = run.of(case)
    assert CASES[case].told(parents), brief(parents)


def test_every_net_limit_was_on_the_grid_and_taken(run: Run) -> None:
    packages = [order for order in run.account["orders"] if order["legs"]]
    assert {round(100 * order["limit_price"]) % 5 for order in packages} == {0}
    assert not any("price fluctuation" in r.text for p in run.parents for r in p.records)


def test_the_log_of_each_package_makes_its_every_move_again(run: Run) -> None:
    wrong = package_faults(run.folder, run.config, run.close_ns)
    assert len(wrong) >= 2 * len(CASES) - 1
    assert not any(wrong.values()), wrong


def test_the_books_are_the_brokers_and_nothing_is_left(run: Run) -> None:
    ours, theirs = run_books(run.folder), tiger_books(run.account)
    for books in (ours, theirs):  # a package's fees are one sum
        books.fees.clear()
    assert differences(ours, theirs) == []
    assert run.account["positions"] == {}
    assert run.code == 0
