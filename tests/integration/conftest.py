"""The real sample data, imported once for all tests."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from shared_work import done_once

from autotrade_0dte.data.importers.report import ImportReport

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import real_sessions  # noqa: E402


class RealData(NamedTuple):
    """The catalog of the samples, and the report of each source's import."""

    catalog: Path
    reports: dict[str, ImportReport]


@pytest.fixture(scope="session")
def real_data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealData:
    folder, reports = done_once(
        tmp_path_factory,
        "real",
        lambda folder: real_sessions.import_all(shared_data, folder / "catalog"),
    )
    return RealData(folder / "catalog", reports)
