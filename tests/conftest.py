"""Fixtures shared by all tests."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Fewer examples than the usual 100, and none judged by a clock that other workers share.
settings.register_profile(
    "suite", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

ROOT = Path(__file__).parent
FIRST = (
    "integration/test_twin_runs.py",
    "integration/test_real_sessions.py",
    "acceptance/test_account.py",
    "integration/test_documents.py",
    "integration/test_live_documents.py",
    "integration/test_cli.py",
    "faults/test_faults.py",
    "integration/test_replay.py",
    "integration/test_notebook.py",
    "integration/test_import_real_data.py",
    "faults/test_killed_node.py",
    "faults/test_desk_faults.py",
    "faults/test_replayed_faults.py",
    "faults/test_kill.py",
    "integration/test_same_refusals.py",
    "integration/test_live_node.py",
    "unit/tiger/test_data_client.py",
    "property/test_budget.py",
    "unit/pricing/test_jit.py",
    "unit/synthetic/test_generate.py",
    "unit/analysis/test_report.py",
)
"""The files that take longest, whose time is mostly that of other processes: begun first, they
run beside the computing ones, and no worker is left alone with one at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {ROOT / name: rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def pytest_collection_finish() -> None:
    # Tests that let go of a node collect garbage; the thousands of modules and items are none.
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real market data; it belongs to others and is never part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUTOTRADE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"real market data not found at {folder}; set AUTOTRADE_DATA to its folder")
    return folder
