"""A session's timeline, a line for each happening."""

import math

from rich.console import Console
from rich.text import Text

from autotrade_0dte.analysis import wording
from autotrade_0dte.analysis.display import clock, money, number
from autotrade_0dte.analysis.explain_terminal import LEVEL_STYLES, plain_console, strongest
from autotrade_0dte.analysis.market_at import Transition
from autotrade_0dte.analysis.timeline import Closed, Decided, GivenUp, Timeline
from autotrade_0dte.market_state.state import Level

__all__ = ["print_timeline"]

_STYLES = {"ENTER": "green", "EXIT": "cyan", "REFUSE": "yellow"}


def print_timeline(found: Timeline, console: Console | None = None) -> None:
    """Print a session's changes of level, decisions, unfilled entries and closed positions."""
    target = console or plain_console()
    head = Text.assemble(
        (f"{found.session}  {found.underlying}", "bold"), f"  New York time  run {found.run_id}"
    )
    if found.synthetic:
        head.append("  SYNTHETIC DATA", "bold yellow")
    target.print(head)
    for each in found.happenings:
        target.print(_line(each), soft_wrap=True)
    if not found.happenings:
        target.print("Nothing happened: the market stayed CALM, and nothing was decided.")


def _line(each: Transition | Decided | GivenUp | Closed) -> Text:
    line = Text(f"{clock(each.ts_event)}  ")
    match each:
        case Transition():
            line.append(f"{each.before.name} to {each.level.name}", LEVEL_STYLES[each.level])
            why = strongest(each.evidence)
            return line.append(f"  {why}" if why else "", "dim")
        case GivenUp():
            what = wording.contract(each.instrument_id)
            return line.append(f"{each.track} {_plan(each)}{what} not filled, given up", "yellow")
        case Closed():
            what = wording.contract(each.instrument_id)
            line.append(f"{each.track} {_plan(each)}{what} closed, {each.exit_reason} ")
            line.append(money(each.net_pnl, signed=True), _gain(each.net_pnl))
            if each.plan_net_pnl is not None:
                line.append(", the plan ")
                line.append(money(each.plan_net_pnl, signed=True), _gain(each.plan_net_pnl))
            return line
        case Decided():
            return _decided(line, each)


def _decided(line: Text, each: Decided) -> Text:
    line.append(each.kind, _STYLES.get(each.kind, ""))
    line.append(f" {each.track} {_plan(each)}{each.reason}")
    if each.instrument_id:
        at = "at market" if math.isnan(each.price) else f"limit {number(each.price, 2)}"
        what = wording.contract(each.instrument_id)
        line.append(f": {each.side.lower()} {each.quantity} x {what}, {at}")
    line.append(f"  {Level(each.level).name}", "dim")
    return line.append(f", {each.times} times" if each.times > 1 else "", "dim")


def _gain(net_pnl: float) -> str:
    return "green" if net_pnl > 0 else "red"


def _plan(each: Decided | GivenUp | Closed) -> str:
    return f"{each.plan_id} " if each.plan_id else ""
