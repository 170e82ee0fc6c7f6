"""Who has a store, where the file that tells cannot be used."""

from pathlib import Path

import pytest
from stored import OWNER

from autotrade_0dte.store.node_lock import LOCK, holder
from autotrade_0dte.store.schema import StoreError
from autotrade_0dte.store.state_store import StateStore


def test_lock_that_cannot_be_read_is_one_line_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "paper-a-SPY"
    (folder / LOCK).mkdir(parents=True)  # a file that nobody may open, for any user
    where = rf"Is a directory \(paper-a-SPY/{LOCK}\)$"
    with pytest.raises(StoreError, match=f"Expected a lock that can be read, was: {where}"):
        holder(folder)
    with pytest.raises(StoreError, match=f"Expected a store that can be used, was: {where}"):
        StateStore.open(folder, OWNER)


def test_folder_without_a_lock_has_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
