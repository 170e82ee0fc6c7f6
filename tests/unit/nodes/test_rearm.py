"""The word that arms nodes again, as files, and what the command says of them."""

import json
from pathlib import Path

import pytest

from autotrade_0dte.nodes.halt import FLATTEN, HALT_ENTRIES, read_halt, set_halt
from autotrade_0dte.nodes.kill_answers import claim
from autotrade_0dte.nodes.kill_latch import KillLatchError, read_latch, set_latch
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
    assert json.loads((folder / REARM).read_text()) == word._asdict()


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
    assert take_word(folder) == word
    assert take_word(folder) is None


def test_word_that_cannot_be_read_is_one(tmp_path: Path) -> None:
    (tmp_path / REARM).write_bytes(b"\xff")
    word = take_word(tmp_path)
    assert word is not None
    assert word.reason == "unreadable"
    assert take_word(tmp_path) is None


def test_words_typed_in_another_encoding_can_be_written_everywhere(tmp_path: Path) -> None:
    """As `--reason` has them where Latin-1 is typed: no node may end by them."""
    typed = b"B\xf6rse".decode(errors="surrogateescape")
    set_latch(tmp_path, typed, direct=False)
    set_halt(tmp_path, typed, FLATTEN)
    kill, halt = read_latch(tmp_path), read_halt(tmp_path)
    leave_word(tmp_path, typed)
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / REARM).write_text(json.dumps({"time": "1", "by": typed, "reason": typed}))
    word = take_word(tmp_path / "node")
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
