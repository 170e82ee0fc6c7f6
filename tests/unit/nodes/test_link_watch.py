"""What the watch of the connection says against a run, without an engine."""

from types import SimpleNamespace
from typing import Any

import pytest

from autotrade_0dte.nodes.link_watch import LinkWatch
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from tiger_nt.views import LinkState

NS = 1_000_000_000


class Watched:
    """A watch whose news come from a test."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.said: list[str] = []
        self.published: list[tuple[str, Any]] = []
        self.stops = 0
        watched = self

        class Watch(LinkWatch):
            clock = SimpleNamespace(timestamp_ns=lambda: round(watched.now_s * NS))

            def publish_message(self, topic: str, message: Any) -> None:
                watched.published.append((topic, message))

        self.watch = Watch("TIGER", self.said.append, self._stop)

    def _stop(self) -> None:
        self.stops += 1

    def tell(self, state: LinkState, at_s: float, reason: str = "", gap_from_s: float = 0) -> None:
        self.now_s = at_s
        link: Any = SimpleNamespace(
            state=state.value,
            reason=reason,
            gap_from_ns=round(gap_from_s * NS),
            gap_to_ns=round(at_s * NS) if gap_from_s else 0,
        )
        self.watch.on_data(SimpleNamespace(data=link, ts_event=round(at_s * NS)))

    def reasons(self, stopped_s: float) -> list[str]:
        self.now_s = stopped_s
        self.watch.on_stop()
        return list(self.watch.reasons())


def test_connection_that_stayed_up_is_no_reason() -> None:
    watched = Watched()
    watched.tell(LinkState.UP, 1)
    assert (watched.reasons(60), watched.said, watched.stops) == ([], [], 0)


def test_gaps_are_counted_and_added_up() -> None:
    watched = Watched()
    for down_s in (10, 30):
        watched.tell(LinkState.DOWN, down_s, "reset")
        watched.tell(LinkState.UP, down_s + 5, "reset", gap_from_s=down_s - 1)
    assert watched.reasons(60) == ["DATA_GAP: gaps=2, seconds=12.0"]
    assert "data is back after 6.0 s: reset" in watched.said[1]


def test_connection_lost_until_the_end_is_a_gap_too() -> None:
    watched = Watched()
    for at_s in (10, 20):
        watched.tell(LinkState.DOWN, at_s, "reset")
    assert watched.reasons(60) == ["DATA_GAP: gaps=1, seconds=50.0"]


def test_gap_is_reported_when_it_begins_and_when_it_is_over() -> None:
    watched = Watched()
    watched.tell(LinkState.UP, 1)
    watched.tell(LinkState.DOWN, 10, "reset")
    watched.tell(LinkState.DOWN, 12, "refused")
    watched.tell(LinkState.UP, 15, "reset", gap_from_s=9)
    watched.tell(LinkState.UP, 16)
    assert watched.published == [
        (
            REPORT_TOPIC,
            RiskReport(ts_event=at_s * NS, trigger=Trigger.DATA_GAP, begins=begins, text="reset"),
        )
        for at_s, begins in ((10, True), (15, False))
    ]


@pytest.mark.parametrize("state", [LinkState.KICKED, LinkState.REFUSED])
def test_connection_that_will_not_come_back_stops_the_node(state: LinkState) -> None:
    watched = Watched()
    watched.tell(state, 10, "[bold] login elsewhere")
    assert watched.stops == 1
    assert watched.reasons(11) == [f"LINK_ENDED: {state} [bold] login elsewhere"]
    assert "stopping" in watched.said[0]
    assert r"\[bold]" in watched.said[0]  # told as it is, not as markup
