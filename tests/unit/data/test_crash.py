"""A writer killed at any moment leaves the catalog as it was, or as it should become."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autotrade_0dte.data.catalog import Catalog

# Replaces a session by one with another contract and adds a second session. Every rename, removal
# and folder deletion below the catalog is a moment of death.
WRITER = textwrap.dedent(
    """
    import dataclasses, datetime as dt, os, pathlib, shutil, signal, sys
    import numpy as np
    from autotrade_0dte.calendar import session
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.session_data import ChainData, SettlementPrice

    def chain(date, strikes, bid):
        rows = np.arange(len(strikes), dtype=np.int32)
        one = np.ones(len(rows), np.int64)
        return ChainData("SPY", date, np.array(strikes), rows >= 0, rows,
                         session(date).open_ns * one, bid * one, (bid + 2) * one, one, one)

    def write(path, step):
        day = dt.date(2026, 7, 17)
        with Catalog(path).transaction("test", replace=True) as tx:
            if step == 1:
                tx.write(chain(day, [700_000, 701_000], 100))
            else:
                tx.write(chain(day, [701_000, 702_000], 150))
                tx.write(chain(dt.date(2026, 7, 20), [700_000], 100))
                tx.write(SettlementPrice("SPY", day, 70_100, "official close"))

    def dying(function, left):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call

    def run(path, moment):
        write(path, 1)
        left = [moment]
        pathlib.Path.replace = dying(pathlib.Path.replace, left)
        pathlib.Path.unlink = dying(pathlib.Path.unlink, left)
        shutil.rmtree = dying(shutil.rmtree, left)
        write(path, 2)

    session(dt.date(2026, 7, 17))
    for moment in map(int, sys.argv[2:]):
        # A real process for each; forked before any thread is started, to share the imports.
        child = os.fork()
        if child == 0:
            run(pathlib.Path(sys.argv[1], str(moment)), moment)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
)

# 1 clears old leftovers, 2 puts the journal in place; 100 never comes.
MOMENTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 100)
JOURNALED = 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[int, tuple[Path, int]]:
    """Catalog folder and exit code of a writer killed at each moment."""
    root = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", WRITER, str(root), *map(str, MOMENTS)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    codes = [int(line) for line in output.split()]
    return {m: (root / str(m), code) for m, code in zip(MOMENTS, codes, strict=True)}


def state(path: Path) -> list[tuple[str, int, int]]:
    catalog = Catalog(path)
    assert not (path / ".staging").exists()
    assert not (path / ".journal.json").exists()
    found = []
    for entry in catalog.sessions():
        ticks = [tick for chunk in catalog.chunks(entry) for tick in chunk]
        assert len(ticks) == entry.quotes
        found.append((str(entry.date), entry.contracts, round(float(ticks[0].bid_price) * 100)))
        names = {str(held.id) for held in catalog.instruments(entry)[1:]}
        assert names == {str(tick.instrument_id) for tick in ticks}
    known = {file.path for held in catalog.datasets().values() for file in held.files}
    stored = {str(file.relative_to(path)) for file in path.rglob("*.parquet")}
    assert stored == {name for name in known if name.endswith(".parquet")}
    return found


OLD = [("2026-07-17", 2, 100)]
NEW = [("2026-07-17", 2, 150), ("2026-07-20", 1, 100)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_writer_leaves_old_or_new_state(folders, moment):
    path, code = folders[moment]
    assert code == (0 if moment == MOMENTS[-1] else -signal.SIGKILL)
    assert state(path) == (OLD if moment < JOURNALED else NEW)


def test_opening_twice_after_a_crash_is_the_same_as_once(folders, tree):
    path, _ = folders[3]
    Catalog(path)
    before = tree(path)
    Catalog(path)
    assert tree(path) == before
