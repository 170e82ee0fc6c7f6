"""What a node makes of the kill latch, without an engine."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autotrade_0dte.nodes.kill_answers import node_answers
from autotrade_0dte.nodes.kill_latch import LATCH, clear_latch, read_latch, set_latch
from autotrade_0dte.nodes.kill_watch import KillWatch
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import DIRECT, REARM_TOPIC, REPORT_TOPIC


class Node:
    """A node's watch whose timer, orders and positions are a test's."""

    def __init__(self, state: Path, name: str = "paper-x-SPY") -> None:
        self.orders = 0
        self.held: dict[str, int] = {}
        self.told: list[tuple[str, Any]] = []
        self.state = state
        node = self

        class Watch(KillWatch):
            clock = SimpleNamespace(
                timestamp_ns=time.time_ns,
                set_timer=lambda _name, _every, callback: setattr(node, "tick", callback),
            )
            cache = SimpleNamespace(
                orders_open=lambda: [None] * node.orders,
                orders_inflight=list,
                positions_open=lambda: [
                    SimpleNamespace(instrument_id=SimpleNamespace(symbol=symbol), signed_qty=count)
                    for symbol, count in node.held.items()
                ],
            )

            def publish_message(self, topic: str, message: Any) -> None:
                node.told.append((topic, message))

        self.watch = Watch(state, state / name)
        self.watch.on_start()

    def poll(self, times: int = 1) -> None:
        for _ in range(times):
            self.tick(None)  # type: ignore[attr-defined]

    def answer(self) -> Any:
        (answer,) = node_answers(self.state)
        return answer


def test_latch_is_reported_once_with_its_reason(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.poll()
    assert node.told == []
    set_latch(tmp_path, "fat finger", direct=False)
    node.poll(3)
    ((topic, report),) = node.told
    assert topic == REPORT_TOPIC
    assert (report.trigger, report.begins, report.figures) == (
        Trigger.KILL_FILE,
        True,
        {DIRECT: 0.0},
    )
    assert "fat finger" in report.text


def test_latch_that_becomes_direct_is_reported_again(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_latch(tmp_path, "", direct=False)
    node.poll()
    set_latch(tmp_path, "", direct=True)
    node.poll()
    assert [report.figures[DIRECT] for _, report in node.told] == [0.0, 1.0]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"time": 1}'])
def test_latch_that_cannot_be_read_is_a_direct_one(tmp_path: Path, content: str) -> None:
    (tmp_path / LATCH).write_text(content)
    node = Node(tmp_path)
    ((_, report),) = node.told
    assert report.figures == {DIRECT: 1.0}


def test_latch_file_removed_by_hand_ends_nothing(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_latch(tmp_path, "", direct=False)
    node.poll()
    (tmp_path / LATCH).unlink()
    node.poll(2)
    assert [topic for topic, _ in node.told] == [REPORT_TOPIC]


def test_rearm_is_passed_on_once_and_a_later_kill_is_reported_anew(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_latch(tmp_path, "", direct=False)
    node.poll()
    clear_latch(tmp_path, "checked the book")
    node.poll(2)
    assert [topic for topic, _ in node.told] == [REPORT_TOPIC, REARM_TOPIC]
    assert node.told[1][1].reason == "checked the book"
    set_latch(tmp_path, "", direct=False)
    node.poll()
    assert [topic for topic, _ in node.told] == [REPORT_TOPIC, REARM_TOPIC, REPORT_TOPIC]


def test_answer_follows_orders_and_positions_until_flat(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.orders, node.held = 2, {"SPY261123C00600000": 3}
    assert not node.answer().latch
    set_latch(tmp_path, "", direct=False)
    node.poll()
    seen = node.answer()
    latch = read_latch(tmp_path)
    assert latch is not None
    assert (seen.latch, seen.orders, seen.positions) == (latch.time, 2, node.held)
    assert not seen.is_flat_at(latch)
    node.orders, node.held = 0, {}
    node.poll()
    assert node.answer().is_flat_at(latch)


def test_running_node_is_told_from_one_that_stopped_and_from_a_silent_one(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert node.answer().running
    os.utime(tmp_path / "paper-x-SPY" / "RUNNING", (0, 0))
    assert node.answer().silent_s > 1_000
    node.poll(10)
    assert node.answer().silent_s < 100
    node.watch.on_stop()
    assert not node.answer().running


def test_answer_of_a_process_before_does_not_count(tmp_path: Path) -> None:
    node = Node(tmp_path)
    latch = set_latch(tmp_path, "", direct=False)
    node.poll()
    assert node.answer().is_flat_at(latch)
    answer = tmp_path / "paper-x-SPY" / "KILLED"
    answer.write_text(answer.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))
    assert not node.answer().is_flat_at(latch)
