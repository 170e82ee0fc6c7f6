"""Fixtures shared by all tests."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from autotrade_0dte import calendar

# Fewer examples than the usual 100, and none judged by a clock that other workers share.
settings.register_profile(
    "suite", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

ROOT = Path(__file__).parent
ACCEPTANCE, PROPERTIES = ROOT / "acceptance", ROOT / "property"
WAITING = (
    "integration/test_twin_runs.py",
    "integration/test_flatten.py",
    "faults/test_faults.py",
    "integration/test_kill_command.py",
    "faults/test_operator_words.py",
    "faults/test_desk_faults.py",
    "faults/test_replayed_faults.py",
    "integration/test_real_sessions.py",
    "integration/test_documents.py",
    "faults/test_killed_node.py",
    "faults/test_kill.py",
    "integration/test_cli.py",
    "integration/test_live_documents.py",
    "faults/test_protective_stop.py",
    "faults/test_package_exits.py",
    "faults/test_desk_packages.py",
    "integration/test_live_node.py",
    "integration/test_same_refusals.py",
    "faults/test_killed_packages.py",
    "faults/test_index_packages.py",
    "integration/test_quote_source.py",
    "acceptance/test_account.py",
    "integration/test_halt_command.py",
    "integration/test_notebook.py",
    "integration/test_drill_command.py",
    "faults/test_link_ends.py",
    "integration/test_node_restart.py",
    "integration/test_replay.py",
    "integration/test_profile_command.py",
    "integration/test_simulator_command.py",
    "unit/tiger/test_execution_client.py",
    "unit/tiger/test_execution_restart.py",
    "unit/pricing/test_jit.py",
    "unit/synthetic/test_generate.py",
)
"""The files whose time is mostly that of other processes or of waiting for them.

The first is the longest, and the one that a busy machine disturbs most: `BESIDE_THE_FIRST`, which
mostly wait, begin together with it. The rest are spread among the files that compute, so that all
the time some wait while others compute; the last of the run only compute.
"""
BESIDE_THE_FIRST = 2
WAITING_UNTIL = 0.7
"""Where the last of them comes: the fraction of the computing files that is before it."""


def pytest_configure(config: pytest.Config) -> None:
    """Have each worker begin elsewhere to collect: what one has compiled the others find."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)  # and so would be all it starts
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None and config.args_source is config.ArgsSource.TESTPATHS:
        files = sorted(map(str, ROOT.rglob("test_*.py")))
        count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        first = int(worker.removeprefix("gw")) * len(files) // count
        config.args = files[first:] + files[:first]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    waiting = {ROOT / name for name in WAITING}
    # One file of the acceptance cases runs them all; the others, as the last, find them done.
    computing = sorted(
        {item.path for item in items} - waiting, key=lambda path: (ACCEPTANCE in path.parents, path)
    )
    places = {path: (rank / len(computing), 1) for rank, path in enumerate(computing)}
    for rank, name in enumerate(WAITING):
        spread = max(0, rank - BESIDE_THE_FIRST)
        places[ROOT / name] = (WAITING_UNTIL * spread / len(WAITING), rank - len(WAITING))
    items.sort(key=lambda item: places[item.path])
    for item in items:
        # Many examples of the same lines, which other tests have run and which counting slows.
        if PROPERTIES in item.path.parents:
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    # Tests that let go of a node collect garbage; the thousands of modules and items are none.
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def engine_log() -> Iterator[None]:
    """Write warnings of every engine to stdout: a process keeps the logger of its first engine."""
    if "nautilus_trader" not in sys.modules:
        yield
        return
    from nautilus_trader.common import LogLevel, init_logging
    from nautilus_trader.core import UUID4
    from nautilus_trader.model import TraderId

    guard = init_logging(TraderId("TESTS-001"), UUID4(), LogLevel.WARNING)
    yield
    del guard


@pytest.fixture(scope="module", autouse=True)
def known_sessions() -> Iterator[None]:
    """Hours that a rehearsal has taught the calendar are forgotten with its module."""
    before = dict(calendar._known)
    yield
    calendar._known.clear()
    calendar._known.update(before)


@pytest.fixture(scope="module", autouse=True)
def garbage() -> Iterator[None]:
    """Collect a module's garbage in the thread that made it: the engine's actors take no other."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real market data; it belongs to others and is never part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUTOTRADE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"real market data not found at {folder}; set AUTOTRADE_DATA to its folder")
    return folder
