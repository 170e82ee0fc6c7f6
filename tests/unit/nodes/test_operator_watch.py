"""What a node makes of the operator's words, without an engine."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autotrade_0dte.nodes.halt import FLATTEN, HALT, HALT_ENTRIES, set_halt
from autotrade_0dte.nodes.kill_answers import KILLED, node_answers
from autotrade_0dte.nodes.kill_latch import LATCH, read_latch, set_latch, write_line
from autotrade_0dte.nodes.operator_watch import OperatorWatch
from autotrade_0dte.nodes.rearm import REARM, RearmWord, leave_word, read_answer
from autotrade_0dte.risk.mode import RISK_TOPIC, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.report import DIRECT, REARM_TOPIC, REPORT_TOPIC
from autotrade_0dte.risk.rungs import report_figure


class Node:
    """A node's watch whose timer, orders, positions and latched triggers are a test's."""

    hear: Callable[[Any], None]

    def __init__(self, state: Path, name: str = "paper-x-SPY") -> None:
        self.orders = 0
        self.held: dict[str, int] = {}
        self.told: list[tuple[str, Any]] = []
        self.stays: list[RiskChange] = []
        self.state = state
        self.folder = state / name
        node = self

        class Watch(OperatorWatch):
            clock = SimpleNamespace(
                timestamp_ns=time.time_ns,
                set_timer=lambda _name, _every, callback, fire_immediately: setattr(
                    node, "tick", callback
                ),
            )
            cache = SimpleNamespace(
                orders_open=lambda: [None] * node.orders,
                orders_inflight=list,
                positions_open=lambda: [
                    SimpleNamespace(instrument_id=SimpleNamespace(symbol=symbol), signed_qty=count)
                    for symbol, count in node.held.items()
                ],
            )

            def subscribe_topic(self, topic: str, take: Callable[[Any], None]) -> None:
                assert topic == RISK_TOPIC
                node.hear = take

            def publish_message(self, topic: str, message: Any) -> None:
                node.told.append((topic, message))
                if topic == REARM_TOPIC:
                    for change in node.stays:
                        node.hear(change)

        self.watch = Watch(state, state / name)
        self.watch.on_start()
        self.told_by_start = self.topics
        self.poll()

    def poll(self, times: int = 1) -> None:
        for _ in range(times):
            self.tick(None)  # type: ignore[attr-defined]

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.told]

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
    leave_word(tmp_path, "checked the book")
    node.poll(2)
    assert [topic for topic, _ in node.told] == [REPORT_TOPIC, REARM_TOPIC]
    assert node.told[1][1].reason == "checked the book"
    set_latch(tmp_path, "", direct=False)
    node.poll()
    assert [topic for topic, _ in node.told] == [REPORT_TOPIC, REARM_TOPIC, REPORT_TOPIC]


def test_kill_given_after_the_word_to_rearm_stands(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_latch(tmp_path, "one", direct=False)
    node.poll()
    leave_word(tmp_path, "")
    set_latch(tmp_path, "two", direct=False)  # before the node has taken the word
    node.poll()
    assert node.topics == [REPORT_TOPIC, REARM_TOPIC, REPORT_TOPIC]
    assert "two" in node.told[2][1].text


def test_kill_seen_before_the_word_to_rearm_that_came_before_it_stands(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_latch(tmp_path, "two", direct=False)
    node.poll()
    word = RearmWord("2026-11-23T15:00:00.000+00:00", "me", "one is seen to", ("one",))
    write_line(node.folder / REARM, word._asdict(), lasting=False)
    node.poll()
    assert node.topics == [REPORT_TOPIC, REARM_TOPIC, REPORT_TOPIC]


def test_word_whose_kill_still_stands_is_not_passed_on(tmp_path: Path) -> None:
    """Its command is at work, or has died."""
    node = Node(tmp_path)
    latch = set_latch(tmp_path, "", direct=False)
    node.poll()
    word = RearmWord("2026-11-23T15:00:00.000+00:00", "me", "", (latch.time,))
    write_line(node.folder / REARM, word._asdict(), lasting=False)
    node.poll(2)
    assert node.topics == [REPORT_TOPIC]
    (tmp_path / LATCH).unlink()
    node.poll(2)
    assert node.topics == [REPORT_TOPIC, REARM_TOPIC]


@pytest.mark.parametrize("mode", [HALT_ENTRIES, FLATTEN])
def test_halt_is_reported_once_as_the_mode_it_asks_for(tmp_path: Path, mode: str) -> None:
    node = Node(tmp_path)
    set_halt(tmp_path, "news at two", mode)
    node.poll(3)
    ((topic, report),) = node.told
    assert topic == REPORT_TOPIC
    assert (report.trigger, report.begins) == (Trigger.MANUAL, True)
    assert report.figures == {"word": float(RiskMode[mode])}
    assert report_figure(report) == RiskMode[mode]
    assert "news at two" in report.text


def test_halt_that_becomes_stricter_is_reported_again(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for mode in (HALT_ENTRIES, FLATTEN, HALT_ENTRIES):
        set_halt(tmp_path, "", mode)
        node.poll()
    assert [report.figures["word"] for _, report in node.told] == [2.0, 3.0]


def test_halt_that_cannot_be_read_halts_entries(tmp_path: Path) -> None:
    (tmp_path / HALT).write_text('{"mode": "KILLED"')
    node = Node(tmp_path)
    ((_, report),) = node.told
    assert report.figures == {"word": float(RiskMode.HALT_ENTRIES)}


def test_node_that_starts_takes_the_word_first_and_then_the_halt_that_stands(
    tmp_path: Path,
) -> None:
    (tmp_path / "paper-x-SPY").mkdir()
    set_halt(tmp_path, "one", FLATTEN)
    leave_word(tmp_path, "one is seen to")
    set_halt(tmp_path, "two", HALT_ENTRIES)
    node = Node(tmp_path)
    assert node.told_by_start == [REARM_TOPIC]  # before anything that the start finds wrong
    assert node.topics == [REARM_TOPIC, REPORT_TOPIC]
    assert node.told[1][1].figures == {"word": float(RiskMode.HALT_ENTRIES)}


def test_halt_file_removed_by_hand_ends_nothing_and_rearming_does(tmp_path: Path) -> None:
    node = Node(tmp_path)
    set_halt(tmp_path, "", FLATTEN)
    node.poll()
    (tmp_path / HALT).unlink()
    node.poll(2)
    assert node.topics == [REPORT_TOPIC]
    leave_word(tmp_path, "")
    node.poll(2)
    assert node.topics == [REPORT_TOPIC, REARM_TOPIC]


def test_answer_to_the_word_says_what_stays_latched(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.hear(change(Trigger.MISMATCH, RiskMode.HALT_ENTRIES))  # ended by the word
    word, [folder] = leave_word(tmp_path, "")
    assert read_answer(folder, word) is None
    node.stays = [
        change(Trigger.DAILY_LOSS, RiskMode.FLATTEN),
        change(Trigger.MANUAL, RiskMode.FLATTEN, begins=False),
        change(Trigger.DATA_GAP, RiskMode.HALT_ENTRIES, clears_itself=True),
    ]
    node.poll()
    assert read_answer(folder, word) == ["DAILY_LOSS asks for FLATTEN"]
    node.stays = []
    second, _ = leave_word(tmp_path, "")
    node.poll()
    assert read_answer(folder, second._replace(time="another")) is None
    assert read_answer(folder, second) == []


def change(
    trigger: Trigger, asks: RiskMode, *, begins: bool = True, clears_itself: bool = False
) -> RiskChange:
    return RiskChange(
        ts_event=1,
        mode=asks,
        before=asks,
        trigger=trigger,
        begins=begins,
        asks=asks,
        clears_itself=clears_itself,
    )


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


def test_kill_is_seen_where_nothing_else_can_be_read_or_written(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for name in (REARM, KILLED):
        (node.folder / name).mkdir()
    (node.folder / KILLED / "in the way").touch()
    set_latch(tmp_path, "", direct=False)
    node.poll(2)
    assert node.topics.count(REPORT_TOPIC) == 1


def test_kill_that_stands_at_the_start_is_told_once_all_parts_have_started(tmp_path: Path) -> None:
    """Before, the desk that is to cancel has not: it would fail, and the node end with it."""
    set_latch(tmp_path, "", direct=False)
    node = Node(tmp_path)
    assert node.told_by_start == []
    assert node.topics == [REPORT_TOPIC]
