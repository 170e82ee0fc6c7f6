"""How one order was worked, in a few lines of a terminal."""

import math

from rich.text import Text

from autotrade_0dte.analysis.display import number
from autotrade_0dte.analysis.worked import StepAt, WorkAt

__all__ = ["work_text"]

_NS = 1_000_000_000
_MOST_STEPS = 8
_STYLES = {"FILLED": "green", "REPRICE": "cyan", "SUBMIT": "cyan"}


def work_text(work: WorkAt) -> Text:
    """Return the route, the steps by their seconds after the decision, and the end."""
    text = Text(f"worked {work.route or 'without a route'}")
    if work.route_reason:
        text.append(f" ({work.route_reason})")
    end = f"; {work.outcome.replace('_', ' ').lower()}"
    if work.ended is not None:
        end += f" after {_seconds(work.ended - work.decided)}"
    text.append(end if work.end_reason == work.outcome else f"{end} ({work.end_reason})")
    shown = work.steps
    if len(shown) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        shown = (*shown[:half], *shown[-half:])
    for number_, step in enumerate(shown):
        if number_ == _MOST_STEPS // 2 and len(shown) < len(work.steps):
            text.append(f"\n  ... {len(work.steps) - len(shown)} more steps", "dim")
        text.append_text(_step(step, work.decided))
    return text


def _step(step: StepAt, decided_ns: int) -> Text:
    what, style = _what(step)
    text = Text(f"\n  {_seconds(step.ts_event - decided_ns):>9}  ", "dim")
    text.append(f"{what:<28}", style)
    text.append(f" market {number(step.bid, 2)}/{number(step.ask, 2)}", "dim")
    if not math.isnan(step.fair):
        text.append(f", fair {number(step.fair, 3)}", "dim")
    return text


def _what(step: StepAt) -> tuple[str, str]:
    if step.event == "FILLED":
        return f"{step.quantity} filled at {number(step.price, 2)}", _STYLES["FILLED"]
    if step.move:
        at = "" if math.isnan(step.move_price) else f" {number(step.move_price, 2)}"
        answer = "" if step.event == "QUOTE" else f"{_words(step.event)}: "
        return f"{answer}{_words(step.move)}{at} {step.reason}", _STYLES.get(step.move, "")
    if step.veto:
        return f"held back by {step.veto}", "yellow"
    return _words(step.event), "yellow"


def _words(code: str) -> str:
    return code.replace("_", " ").lower()


def _seconds(ns: int) -> str:
    return f"{number(ns / _NS, 2)} s"
