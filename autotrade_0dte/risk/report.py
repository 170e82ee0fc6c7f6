"""What others tell the risk controller over the bus: triggers they watch for, and re-arming."""

from collections.abc import Mapping

import msgspec

from autotrade_0dte.risk.mode import Trigger

__all__ = ["DIRECT", "REARM_TOPIC", "REPORT_TOPIC", "Rearm", "RiskReport"]

REPORT_TOPIC = "risk.report"
"""Topic of the engine's bus that each `RiskReport` is published on."""

REARM_TOPIC = "risk.rearm"
"""Topic of the engine's bus that a `Rearm` is published on."""

DIRECT = "direct"
"""Figure of a KILL_FILE report, 1 or 0: whether the positions are closed by the kill command
itself. If so, a node cancels its orders and then sends nothing more."""


class RiskReport(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger that began or ended, from whoever watches for it.

    Parameters
    ----------
    ts_event : int
        Event time, UTC ns.
    trigger : Trigger
        What began or ended.
    begins : bool
        Whether it began.
    figures : mapping of str to float
        The figures it was judged by.
    text : str
        What figures cannot say, such as an operator's reason.
    """

    ts_event: int
    trigger: Trigger
    begins: bool
    figures: Mapping[str, float] = {}
    text: str = ""


class Rearm(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's word that what stands latched may end, where its cause is over.

    Parameters
    ----------
    ts_event : int
        When it was seen, UTC ns.
    by, reason : str
        Who armed the system again, and why.
    """

    ts_event: int
    by: str
    reason: str
