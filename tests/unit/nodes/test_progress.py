"""The progress bar: what it says, and that it keeps to stderr."""

from typing import Any

import pytest
from rich.progress import Progress

from autotrade_0dte.nodes import progress
from autotrade_0dte.nodes.progress import session_progress

NAMES = ["2026-07-20", "2026-07-21", "2026-07-22"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    updates: list[dict[str, Any]] = []

    class Recorded(Progress):
        def update(self, task_id: Any, **values: Any) -> None:
            updates.append(values)
            super().update(task_id, **values)

    monkeypatch.setattr(progress, "Progress", Recorded)
    return updates


def test_bar_counts_finished_sessions_and_names_the_running_ones(
    told: list[dict[str, Any]],
) -> None:
    with session_progress(NAMES) as update:
        update([0.0, 0.0, 0.0])
        update([1.0, 0.5, 0.25])
        update([1.0, 1.0, 1.0])
    assert told == [
        {"completed": 0.0, "description": "0/3 sessions "},
        {"completed": 1.75, "description": "1/3 sessions 2026-07-21, 2026-07-22"},
        {"completed": 3.0, "description": "3/3 sessions "},
    ]


def test_nothing_is_written_to_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with session_progress(NAMES) as update:
        update([1.0, 0.5, 0.0])
    assert capfd.readouterr().out == ""


def test_as_many_shares_as_sessions_are_needed() -> None:
    with pytest.raises(ValueError, match="shorter"), session_progress(NAMES) as update:
        update([1.0])
