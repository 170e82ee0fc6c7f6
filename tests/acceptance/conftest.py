"""Runs the scenarios once for all tests, all workers together, and gives out what came of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance.outcome import Outcome
from acceptance.sessions import SCENARIOS, play
from shared_work import done_once


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(*numbers): acceptance cases that a test shows")


@pytest.fixture(scope="session")
def outcome_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run what the collected tests need; parallel workers wait for the one that came first."""
    modules = {getattr(item, "module", None) for item in request.session.items}
    wanted = {getattr(module, "SCENARIO", None) for module in modules} & set(SCENARIOS)
    folder, _ = done_once(
        tmp_path_factory, "acceptance", lambda folder: play(sorted(wanted), folder)
    )
    return folder


@pytest.fixture(scope="session")
def outcome_of(outcome_folder: Path) -> Callable[[str], Outcome]:
    """Return a function that reads a scenario's outcome."""
    known: dict[str, Outcome] = {}

    def read(scenario: str) -> Outcome:
        if scenario not in known:
            known[scenario] = Outcome(scenario, outcome_folder)
        return known[scenario]

    return read


@pytest.fixture
def outcome(request: pytest.FixtureRequest, outcome_of: Callable[[str], Outcome]) -> Outcome:
    """Return the outcome of the module's scenario, once it is judged as a whole.

    The script came to its end; the node logged no errors but those the cases are about; engine and
    simulator agree on every order, fill and position.
    """
    found = outcome_of(request.module.SCENARIO)
    assert found.failure == ""
    assert found.unexpected_errors(*request.module.EXPECTED_ERRORS) == []
    is_settled = getattr(request.module, "IS_SETTLED", False)
    assert found.disagreements(is_settled=is_settled) == []
    return found
