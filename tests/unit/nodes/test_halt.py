"""The operator's milder word as a file."""

import json
from pathlib import Path

import pytest

from autotrade_0dte.nodes.halt import FLATTEN, HALT, HALT_ENTRIES, read_halt, set_halt
from autotrade_0dte.nodes.kill_latch import refuse_latched


def test_halt_is_one_line_that_says_when_who_why_and_what(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    halt = set_halt(state, "news", FLATTEN)
    (line,) = (state / HALT).read_text().splitlines()
    assert json.loads(line) == halt._asdict()
    assert (halt.reason, halt.mode) == ("news", "FLATTEN")
    assert "(pid " in halt.by
    assert read_halt(state) == halt
    assert [path.name for path in state.iterdir()] == [HALT]


def test_stricter_halt_replaces_a_milder_one_and_never_the_other_way(tmp_path: Path) -> None:
    assert read_halt(tmp_path) is None
    mild = set_halt(tmp_path, "one", HALT_ENTRIES)
    assert set_halt(tmp_path, "two", HALT_ENTRIES) == mild
    strict = set_halt(tmp_path, "three", FLATTEN)
    assert strict.mode == FLATTEN
    assert set_halt(tmp_path, "four", HALT_ENTRIES) == strict
    assert read_halt(tmp_path) == strict


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b'{"time": "1", "by": "a", "reason": "b", "mode": "KILLED"}'],
    ids=["empty", "no text", "no object", "another mode"],
)
def test_halt_that_cannot_be_read_halts_entries_and_may_be_given_anew(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / HALT).write_bytes(content)
    found = read_halt(tmp_path)
    assert found is not None
    assert found.mode == HALT_ENTRIES
    assert set_halt(tmp_path, "again", HALT_ENTRIES).reason == "again"


def test_halt_keeps_no_node_from_starting(tmp_path: Path) -> None:
    set_halt(tmp_path, "news", FLATTEN)
    refuse_latched(tmp_path)
