"""The kill latch as a file."""

import json
import os
import pwd
from pathlib import Path

import pytest

from autotrade_0dte.nodes.kill_latch import (
    LATCH,
    LOG,
    KillLatchError,
    append_log,
    operator,
    read_latch,
    refuse_latched,
    set_latch,
)


def test_latch_is_one_line_that_says_when_who_why_and_how(tmp_path: Path) -> None:
    latch = set_latch(tmp_path / "new" / "state", "it went mad", direct=True)
    (line,) = (tmp_path / "new" / "state" / LATCH).read_text().splitlines()
    assert json.loads(line) == latch._asdict()
    assert latch.reason == "it went mad"
    assert latch.direct
    assert "(pid " in latch.by
    assert read_latch(tmp_path / "new" / "state") == latch
    assert [path.name for path in (tmp_path / "new" / "state").iterdir()] == [LATCH]


def test_operator_is_named_where_the_environment_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("USER", raising=False)
    assert operator() == f"{pwd.getpwuid(os.getuid()).pw_name} (pid {os.getpid()})"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert operator() == f"4000000000 (pid {os.getpid()})"


def test_second_kill_changes_nothing_but_a_direct_one_makes_it_direct(tmp_path: Path) -> None:
    first = set_latch(tmp_path, "one", direct=False)
    assert set_latch(tmp_path, "two", direct=False) == first
    direct = set_latch(tmp_path, "three", direct=True)
    assert direct.direct
    assert set_latch(tmp_path, "four", direct=False) == direct
    assert read_latch(tmp_path) == direct


def test_latches_set_one_right_after_the_other_have_each_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that takes no time, which is a disk in memory."""
    monkeypatch.setattr("os.fsync", lambda _file: None)
    names = set()
    for _ in range(20):
        names.add(set_latch(tmp_path, "", direct=False).time)
        (tmp_path / LATCH).unlink()
    assert len(names) == 20


def test_start_is_refused_with_the_way_out_while_it_stands(tmp_path: Path) -> None:
    refuse_latched(tmp_path)
    set_latch(tmp_path, "it went mad", direct=False)
    with pytest.raises(KillLatchError, match=r"it went mad.*autotrade rearm") as e:
        refuse_latched(tmp_path)
    assert "\n" not in str(e.value)


def test_start_is_refused_by_a_latch_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / LATCH).write_bytes(b"\xff\x00")
    with pytest.raises(KillLatchError, match="unreadable"):
        refuse_latched(tmp_path)


def test_log_keeps_every_kill_and_rearm_in_order(tmp_path: Path) -> None:
    append_log(tmp_path, "kill", "a\nb", direct=True)
    append_log(tmp_path, "rearm", "c")
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [(line["action"], line["reason"]) for line in lines] == [
        ("kill", "a\nb"),
        ("rearm", "c"),
    ]
    assert lines[0]["direct"] is True
    assert all(line["by"] and line["time"] for line in lines)
