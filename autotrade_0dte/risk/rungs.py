"""The rungs of the risk ladder: at which figure each begins, what it asks for, and how it ends."""

import math
from typing import Final

import msgspec

from autotrade_0dte.risk.ladder_params import LadderParams
from autotrade_0dte.risk.mode import DIRECT, RiskMode, Trigger
from autotrade_0dte.risk.report import DIRECT as DIRECT_FIGURE
from autotrade_0dte.risk.report import RiskReport

__all__ = ["BY_WORD", "FIGURES", "RATES", "WATCHED", "Rung", "RungState"]
__all__ += ["report_figure", "rungs_of"]

FIGURES: Final = {
    Trigger.DAILY_LOSS: "loss",
    Trigger.DRAWDOWN: "drawdown",
    Trigger.SCENARIO_LOSS: "scenario_use",
    Trigger.GREEKS: "greeks_use",
    Trigger.LEVEL_L3: "level",
    Trigger.STALE_DATA: "quote_age_s",
    Trigger.DATA_GAP: "gap",
    Trigger.MARKS_UNKNOWN: "unknown_s",
    Trigger.REJECTS: "rejects",
    Trigger.ERRORS: "errors",
    Trigger.EXECUTION: "breaches",
    Trigger.MISMATCH: "mismatch",
    Trigger.CLOCK_OFFSET: "offset_s",
    Trigger.STORE: "unwritten",
    Trigger.MANUAL: "word",
    Trigger.KILL_FILE: "kill",
}
"""Name of the one figure that each trigger is judged by."""

RATES: Final = (Trigger.REJECTS, Trigger.ERRORS)
"""Counted over the last minute."""

WATCHED: Final = (Trigger.DATA_GAP, Trigger.EXECUTION, Trigger.CLOCK_OFFSET, Trigger.STORE)
"""Conditions that another component of the same process reports the begin and the end of."""

BY_WORD: Final = (Trigger.MISMATCH, Trigger.MANUAL, Trigger.KILL_FILE)
"""Causes that are over by the operator's word: to re-arm is to say that he has seen to them."""

_NS = 1_000_000_000
_SHOCK = 3.0  # market_state.state.Level.L3
_KILLED, _DIRECT = 1.0, 2.0


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One step that a trigger can stand on.

    Parameters
    ----------
    trigger : Trigger
        Whose it is.
    asks : RiskMode
        What may be done while it stands.
    at : float
        Figure from which it begins.
    until : float
        Figure below which its cause is over; at most `at`.
    confirm_ns : int
        How long the figure must be at `at` or above, without a gap, before it begins.
    hold_ns : int
        How long it must be below `until`, without a gap, before it ends by itself.
    latched : bool
        Whether it ends only when it is re-armed.
    text : str
        Text of its change, where it has one of its own.
    """

    trigger: Trigger
    asks: RiskMode
    at: float
    until: float
    confirm_ns: int = 0
    hold_ns: int = 0
    latched: bool = False
    text: str = ""

    @property
    def name(self) -> str:
        """What it is called in the state that is kept."""
        return f"{self.trigger}:{self.text or self.asks.name}"


class RungState(msgspec.Struct, frozen=True):
    """What a rung remembers; times are UTC ns, 0 for none.

    Parameters
    ----------
    name : str
        Of the rung.
    since_ns : int
        Since when it stands.
    over_ns : int
        Since when the figure is at `at` or above, while it does not stand.
    under_ns : int
        Since when the figure is below `until`, while it stands.
    """

    name: str
    since_ns: int = 0
    over_ns: int = 0
    under_ns: int = 0


def report_figure(report: RiskReport) -> float:
    """Return the figure that a report says of its trigger.

    The end of a condition is 0. A clock's offset counts whichever way it is off; an operator's word
    is the mode it asks for, HALT_ENTRIES where it names none; a kill is 2 where the command closes
    the positions itself.
    """
    told = report.figures
    match report.trigger:
        case Trigger.CLOCK_OFFSET:
            offset_s = told.get(FIGURES[Trigger.CLOCK_OFFSET], math.inf if report.begins else 0.0)
            return abs(offset_s)
        case _ if not report.begins:
            return 0.0
        case Trigger.MANUAL:
            return told.get(FIGURES[Trigger.MANUAL], float(RiskMode.HALT_ENTRIES))
        case Trigger.KILL_FILE:
            return _DIRECT if told.get(DIRECT_FIGURE) else _KILLED
        case _:
            return 1.0


def rungs_of(params: LadderParams) -> dict[Trigger, tuple[Rung, ...]]:
    """Return the rungs of each trigger, the strictest first."""
    p = params

    def rung(
        trigger: Trigger,
        asks: RiskMode,
        at: float,
        *,
        share: float = p.recovered_share,
        confirm_s: float = 0.0,
        hold_s: float = 0.0,
        latched: bool = False,
        text: str = "",
    ) -> Rung:
        return Rung(
            # Rounded, so that a loss of exactly 4 % is one.
            trigger=trigger, asks=asks, at=round(at, 12), until=round(at * share, 12),
            confirm_ns=round(confirm_s * _NS), hold_ns=round(hold_s * _NS), latched=latched,
            text=text,
        )  # fmt: skip

    def on_loss(trigger: Trigger, asks: RiskMode, at: float) -> Rung:
        return rung(
            trigger, asks, at, confirm_s=p.loss_confirm_s, hold_s=p.loss_hold_s,
            latched=asks is RiskMode.FLATTEN,
        )  # fmt: skip

    def halt(trigger: Trigger, at: float, hold_s: float, *, share: float) -> Rung:
        return rung(trigger, RiskMode.HALT_ENTRIES, at, share=share, hold_s=hold_s)

    loss, drawdown = p.max_daily_loss, p.max_drawdown
    listed = (
        on_loss(Trigger.DAILY_LOSS, RiskMode.FLATTEN, loss),
        on_loss(Trigger.DAILY_LOSS, RiskMode.HALT_ENTRIES, loss * p.halt_loss_share),
        on_loss(Trigger.DAILY_LOSS, RiskMode.TIGHTEN, loss * p.tighten_loss_share),
        on_loss(Trigger.DRAWDOWN, RiskMode.FLATTEN, drawdown),
        on_loss(Trigger.DRAWDOWN, RiskMode.TIGHTEN, drawdown * p.tighten_drawdown_share),
        halt(Trigger.SCENARIO_LOSS, p.scenario_use, p.exposure_hold_s, share=p.recovered_share),
        halt(Trigger.GREEKS, p.greeks_halt_use, p.exposure_hold_s, share=p.recovered_share),
        rung(
            Trigger.GREEKS, RiskMode.TIGHTEN, p.greeks_tighten_use, hold_s=p.exposure_hold_s
        ),
        rung(Trigger.LEVEL_L3, RiskMode[p.level_asks], _SHOCK, share=1.0),
        halt(Trigger.STALE_DATA, p.stale_s, p.gap_hold_s, share=p.recovered_share),
        halt(Trigger.DATA_GAP, 1.0, p.gap_hold_s, share=1.0),
        halt(Trigger.MARKS_UNKNOWN, p.marks_unknown_s, p.marks_hold_s, share=p.recovered_share),
        halt(Trigger.REJECTS, p.max_rejects_a_minute, p.rejects_hold_s, share=p.recovered_share),
        halt(Trigger.ERRORS, p.max_errors_a_minute, p.errors_hold_s, share=p.recovered_share),
        halt(Trigger.EXECUTION, p.execution_halt_breaches, 0.0, share=1.0),
        rung(Trigger.EXECUTION, RiskMode.TIGHTEN, 1.0, share=1.0),
        rung(Trigger.MISMATCH, RiskMode.HALT_ENTRIES, 1.0, latched=True),
        halt(Trigger.CLOCK_OFFSET, p.max_clock_offset_s, 0.0, share=p.recovered_share),
        halt(Trigger.STORE, 1.0, 0.0, share=1.0),
        *(
            rung(Trigger.MANUAL, mode, float(mode), share=1.0, latched=True)
            for mode in sorted(RiskMode, reverse=True)
            if mode is not RiskMode.NORMAL
        ),
        rung(Trigger.KILL_FILE, RiskMode.KILLED, _DIRECT, latched=True, text=DIRECT),
        rung(Trigger.KILL_FILE, RiskMode.KILLED, _KILLED, latched=True),
    )  # fmt: skip
    found: dict[Trigger, list[Rung]] = {trigger: [] for trigger in Trigger}
    for each in listed:
        found[each.trigger].append(each)
    return {trigger: tuple(each) for trigger, each in found.items()}
