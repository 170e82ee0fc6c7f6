"""The real sample data, and the run of a short session, made once for all tests."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from flash_move_run import Command, FlashMove, flash_move_run
from shared_work import done_once

from autotrade_0dte.cli import main
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


@pytest.fixture(scope="session")
def flash_move(tmp_path_factory: pytest.TempPathFactory) -> FlashMove:
    return done_once(tmp_path_factory, "flash move", flash_move_run)[1]


@pytest.fixture
def autotrade(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["autotrade", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return call
