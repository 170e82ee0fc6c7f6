"""Watches the connection to Tiger: what was missed, and when there is no point in going on."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Self

from nautilus_trader.common import DataActor
from nautilus_trader.model import ClientId
from rich.markup import escape

from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from tiger_nt.link_data import LINK_DATA_TYPE, TigerLink
from tiger_nt.views import LinkState

__all__ = ["LinkFault", "LinkWatch"]

_NS = 1_000_000_000
_FINAL = {LinkState.KICKED, LinkState.REFUSED}


class LinkFault(StrEnum):
    """DATA_GAP: the connection was lost, for a while or for good. LINK_ENDED: another took it."""

    DATA_GAP = "DATA_GAP"
    LINK_ENDED = "LINK_ENDED"


class LinkWatch(DataActor):
    """Keeps the gaps of the push connection and stops the node when it will not come back.

    Each gap is reported to the risk controller when it begins, and when data is back.

    A second login with the same id takes the connection; fighting for it would leave neither with
    data, so the node stops, cancels its orders and says why. `say` takes lines with rich markup
    and must not block.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, client: str, say: Callable[[str], None], stop: Callable[[], None]) -> None:
        super().__init__()
        self._client = ClientId(client)
        self._tell = say
        self._stop = stop
        self._gaps_s: list[float] = []
        self._down_ns = 0
        self._ended = ""

    def on_start(self) -> None:
        self.subscribe_data(LINK_DATA_TYPE, client_id=self._client)

    def on_stop(self) -> None:
        if self._down_ns:
            self._gaps_s.append((self.clock.timestamp_ns() - self._down_ns) / _NS)

    def on_data(self, data: Any) -> None:
        link: TigerLink = data.data
        if link.state == LinkState.DOWN:
            if not self._down_ns:
                self._report(data.ts_event, begins=True, text=link.reason)
            self._down_ns = self._down_ns or data.ts_event
            self._say("yellow", f"connection to Tiger lost: {link.reason}")
        elif link.state in _FINAL:
            self._ended = f"{link.state} {link.reason}".strip()
            self._say("red", f"stopping, the connection will not come back: {self._ended}")
            self._stop()
        else:
            if self._down_ns:
                self._report(data.ts_event, begins=False, text=link.reason)
            self._down_ns = 0
            if link.gap_from_ns:
                self._gaps_s.append((link.gap_to_ns - link.gap_from_ns) / _NS)
                self._say("yellow", f"data is back after {self._gaps_s[-1]:.1f} s: {link.reason}")

    def reasons(self) -> Iterator[str]:
        """Yield what this says against the run's result."""
        if self._gaps_s:
            total = sum(self._gaps_s)
            yield f"{LinkFault.DATA_GAP}: gaps={len(self._gaps_s)}, seconds={total:.1f}"
        if self._ended:
            yield f"{LinkFault.LINK_ENDED}: {self._ended}"

    def _report(self, ts_event: int, *, begins: bool, text: str) -> None:
        report = RiskReport(ts_event=ts_event, trigger=Trigger.DATA_GAP, begins=begins, text=text)
        self.publish_message(REPORT_TOPIC, report)

    def _say(self, style: str, text: str) -> None:
        self._tell(f"[{style}]{escape(text)}[/]")
