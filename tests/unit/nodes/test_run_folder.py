"""Run folders that never collide, and the version of the code in a run's summary."""

import shutil
import subprocess
from pathlib import Path

import pytest

from autotrade_0dte import __version__
from autotrade_0dte.nodes import run_folder


def test_second_run_of_the_same_second_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    made = [run_folder._new_folder(tmp_path / "runs", "demo") for _ in range(3)]
    assert [folder.name for folder in made] == ["demo", "demo-2", "demo-3"]
    assert all(folder.is_dir() for folder in made)


def test_file_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    assert run_folder._new_folder(tmp_path, "demo") == tmp_path / "demo-2"
    assert (tmp_path / "demo").read_text() == "mine"


def test_no_free_run_folder_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(_self: Path, **_options: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", taken)
    with pytest.raises(FileExistsError, match=r"Expected a free run folder, was none at .*demo"):
        run_folder._new_folder(tmp_path, "demo")


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that the code seems to lie in, out of reach of any repository above it."""
    module = tmp_path / "code" / "sessions.py"
    module.parent.mkdir()
    module.write_text("original\n")
    monkeypatch.setattr(run_folder, "__file__", str(module))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return module


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_code_version_has_the_commit_and_tells_changed_files(code: Path) -> None:
    _git(code.parent, "init")
    _git(code.parent, "add", ".")
    _git(code.parent, "commit", "-m", "first")
    _git(code.parent, "tag", "v9")  # a tag must not hide the commit
    commit = _git(code.parent, "rev-parse", "--short", "HEAD")
    assert run_folder._code_version() == f"{__version__}+{commit}"
    code.write_text("changed\n")
    assert run_folder._code_version() == f"{__version__}+{commit}-dirty"


def test_code_version_outside_a_repository_is_the_package_version(code: Path) -> None:
    assert run_folder._code_version() == __version__


def test_code_version_without_git_is_the_package_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_folder._code_version() == __version__
