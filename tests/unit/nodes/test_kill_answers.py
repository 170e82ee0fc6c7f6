"""What nodes say to the kill latch, also while they leave."""

from pathlib import Path

import pytest

from autotrade_0dte.nodes import kill_answers
from autotrade_0dte.nodes.kill_answers import (
    RUNNING,
    claim,
    leave,
    node_answer,
    node_answers,
    write_answer,
)
from autotrade_0dte.nodes.kill_latch import KillLatch
from autotrade_0dte.nodes.kill_wait import wait_for_nodes

LATCH = KillLatch("2026-07-20T14:00:00.000+00:00", "ann (pid 1)", "test", direct=False)


def test_node_that_leaves_while_it_is_waited_for_is_believed_when_it_was_flat(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "paper-a-SPY"
    running = claim(folder)
    told: list[str] = []

    def hear(line: str) -> None:
        told.append(line)
        write_answer(folder, LATCH.time, 0, {})
        leave(folder)
        running.close()

    [answer] = wait_for_nodes(tmp_path, LATCH, 10.0, hear)
    assert answer.is_flat_at(LATCH)
    assert not answer.running
    assert [line.rpartition("SPY: ")[2] for line in told] == [
        "has not seen the kill",
        "ended: FLAT",
    ]


def test_node_that_left_without_a_word_to_the_kill_is_not_said_to_be_flat(tmp_path: Path) -> None:
    folder = tmp_path / "paper-a-SPY"
    running = claim(folder)

    def hear(_: str) -> None:
        leave(folder)
        running.close()

    [answer] = wait_for_nodes(tmp_path, LATCH, 10.0, hear)
    assert not answer.is_flat_at(LATCH)


def test_node_that_leaves_between_two_looks_is_told_of_by_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "paper-a-SPY"
    claim(folder).close()
    write_answer(folder, LATCH.time, 0, {})
    read = kill_answers._read

    def gone(path: Path) -> dict[str, object]:
        leave(folder)
        return read(path)

    monkeypatch.setattr(kill_answers, "_read", gone)
    [answer] = node_answers(tmp_path)
    assert answer.is_flat_at(LATCH)


def test_node_that_cannot_be_asked_counts_as_one_that_runs_on(tmp_path: Path) -> None:
    (tmp_path / RUNNING).mkdir()  # a file that nobody may read, for any user
    write_answer(tmp_path, LATCH.time, 0, {})
    answer = node_answer(tmp_path)
    assert answer.running
    assert not answer.is_flat_at(LATCH)
