"""The word that arms nodes again, as files, and what the command says of them."""

import contextlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autotrade_0dte.nodes import rearm
from autotrade_0dte.nodes.halt import FLATTEN, HALT_ENTRIES, read_halt, set_halt
from autotrade_0dte.nodes.kill_answers import claim
from autotrade_0dte.nodes.kill_latch import (
    LOG,
    KillLatchError,
    append_log,
    read_latch,
    set_latch,
    sync_folder,
    write_line,
)
from autotrade_0dte.nodes.rearm import REARM, answer_word, leave_word, read_answer, take_word
from autotrade_0dte.nodes.rearm_wait import rearmed_lines


@pytest.mark.parametrize("folder", ["", "state"])
def test_word_about_nothing_at_all_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(KillLatchError, match="Expected a kill, a halt or a node's folder"):
        leave_word(tmp_path / folder, "why not")


def test_word_is_left_for_each_node_though_nothing_stands(tmp_path: Path) -> None:
    """What is latched in a node's own state needs it, too."""
    (tmp_path / "paper-a-SPY").mkdir()
    word, [folder] = leave_word(tmp_path, "looked at the account")
    assert json.loads((folder / REARM).read_text()) == {**word._asdict(), "ends": []}


def test_word_takes_kill_and_halt_away(tmp_path: Path) -> None:
    (tmp_path / "paper-a-SPY").mkdir()
    (tmp_path / "live-b-SPXW").mkdir()
    set_latch(tmp_path, "", direct=True)
    set_halt(tmp_path, "", FLATTEN)
    _, folders = leave_word(tmp_path, "all is well")
    assert (read_latch(tmp_path), read_halt(tmp_path)) == (None, None)
    assert [folder.name for folder in folders] == ["live-b-SPXW", "paper-a-SPY"]


def test_halt_without_a_node_can_be_taken_back(tmp_path: Path) -> None:
    set_halt(tmp_path, "", HALT_ENTRIES)
    assert leave_word(tmp_path, "over")[1] == []
    assert read_halt(tmp_path) is None


def test_word_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    word, [folder] = leave_word(tmp_path, "all is well")
    assert take_word(tmp_path, folder) == word
    assert take_word(tmp_path, folder) is None


class Crash(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("is_done", [False, True])
def test_word_whose_command_dies_at_any_step_arms_no_node_and_said_again_arms_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    """Each step that changes something on disk, before it is done and after."""
    steps = {append_log: rearm, write_line: rearm, sync_folder: rearm, Path.unlink: Path}
    for crash_at in itertools.count(1):
        state = tmp_path / str(crash_at)
        folders = [state / "live-b-SPXW", state / "paper-a-SPY"]
        for folder in folders:
            folder.mkdir(parents=True)
        set_halt(state, "", FLATTEN)
        set_latch(state, "", direct=False)
        left = crash_at
        with monkeypatch.context() as patch:
            for step, place in steps.items():

                def dies(*args: Any, step: Callable[..., Any] = step, **more: Any) -> None:
                    nonlocal left
                    left -= 1
                    if left == 0 and not is_done:
                        raise Crash
                    step(*args, **more)
                    if left == 0:
                        raise Crash

                patch.setattr(place, step.__name__, dies)
            with contextlib.suppress(Crash):
                leave_word(state, "all is well")
        if left > 0:
            break
        if read_latch(state) or read_halt(state):
            assert [take_word(state, folder) for folder in folders] == [None, None]
        assert read_latch(state) or not read_halt(state)  # what lets nodes start goes last
        leave_word(state, "once more")
        assert (read_latch(state), read_halt(state)) == (None, None)
        assert all(take_word(state, folder) for folder in folders)
    assert crash_at == 1 + 7  # the log, two words, two files taken away and that on disk


def test_kill_of_after_the_word_is_not_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "paper-a-SPY").mkdir()
    set_latch(tmp_path, "one", direct=False)

    def kill_again(path: Path, fields: dict[str, Any], *, lasting: bool) -> None:
        write_line(path, fields, lasting=lasting)
        set_latch(tmp_path, "two", direct=True)

    monkeypatch.setattr(rearm, "write_line", kill_again)
    leave_word(tmp_path, "one is seen to")
    latch = read_latch(tmp_path)
    assert latch is not None
    assert latch.reason == "two"


def test_word_is_logged_before_it_is_left(tmp_path: Path) -> None:
    (tmp_path / "paper-a-SPY").mkdir()
    (tmp_path / LOG).mkdir()  # no line can be added
    with pytest.raises(IsADirectoryError):
        leave_word(tmp_path, "all is well")
    assert take_word(tmp_path, tmp_path / "paper-a-SPY") is None


def test_word_that_cannot_be_read_is_one(tmp_path: Path) -> None:
    (tmp_path / REARM).write_bytes(b"\xff")
    word = take_word(tmp_path, tmp_path)
    assert word is not None
    assert word.reason == "unreadable"
    assert take_word(tmp_path, tmp_path) is None


def test_words_typed_in_another_encoding_can_be_written_everywhere(tmp_path: Path) -> None:
    """As `--reason` has them where Latin-1 is typed: no node may end by them."""
    typed = b"B\xf6rse".decode(errors="surrogateescape")
    set_latch(tmp_path, typed, direct=False)
    set_halt(tmp_path, typed, FLATTEN)
    kill, halt = read_latch(tmp_path), read_halt(tmp_path)
    leave_word(tmp_path, typed)
    (tmp_path / "node").mkdir()
    said = {"time": "1", "by": typed, "reason": typed, "ends": []}
    (tmp_path / "node" / REARM).write_text(json.dumps(said))
    word = take_word(tmp_path, tmp_path / "node")
    assert kill is not None
    assert halt is not None
    assert word is not None
    assert {kill.reason, halt.reason, word.reason, word.by} == {"B?rse"}


def test_each_node_has_a_line_about_what_it_made_of_the_word(tmp_path: Path) -> None:
    running = [claim(tmp_path / name) for name in ("armed", "silent", "stays")]
    (tmp_path / "stopped").mkdir()
    word, folders = leave_word(tmp_path, "all is well")
    armed, silent, stays, _ = folders
    answer_word(armed, word, [])
    answer_word(silent, word._replace(time="before"), [])
    answer_word(stays, word, ["DAILY_LOSS asks for FLATTEN"])
    lines = list(rearmed_lines(tmp_path, word, folders, 0.0))
    for file in running:
        file.close()
    assert lines[0] == "armed: armed again"
    assert lines[1].startswith("silent: runs, no answer yet")
    assert lines[2].startswith("stays: not all: DAILY_LOSS asks for FLATTEN")
    assert lines[3] == "stopped: does not run; takes the word at its next start"
    assert read_answer(silent, word) is None
