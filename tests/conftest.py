"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real market data; it belongs to others and is never part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUTOTRADE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"real market data not found at {folder}; set AUTOTRADE_DATA to its folder")
    return folder
