"""The stress sets of what a run held, on one screen of a terminal."""

import math

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis import wording
from autotrade_0dte.analysis.display import UNKNOWN, clock, fraction, money, number, signed
from autotrade_0dte.analysis.explain_terminal import plain_console
from autotrade_0dte.analysis.stress_run import StressedRun
from autotrade_0dte.risk.stress import Stress, StressLeg, StressLoss

__all__ = ["STRESS_WORDS", "print_stress"]

STRESS_WORDS = {
    Stress.GAP_UP: "gap up",
    Stress.GAP_DOWN: "gap down",
    Stress.CRASH: "crash to a halt",
    Stress.VOL_CRUSH: "volatility crush",
    Stress.LIQUIDITY_GONE: "liquidity gone",
    Stress.PIN: "pinned at the close",
}
_SEVERE = 0.05  # of the equity: what a session may lose


def print_stress(
    found: StressedRun, console: Console | None = None, *, of: str = "run", note: str = ""
) -> None:
    """Print what was held, and what each calamity would have cost; `of` is what held it."""
    held = found.held
    title = Text.assemble((f"{held.session} {clock(held.at_ns)}", "bold"), " New York")
    if held.synthetic:
        title.append("  SYNTHETIC DATA", "bold yellow")
    panel = Panel(
        Group(
            *([Text(note, "yellow"), Text()] if note else []),
            *_held(found),
            Text(),
            *_losses(found),
        ),
        title=title,
        title_align="left",
        subtitle=f"{of} {held.run_id}",
        subtitle_align="right",
    )
    (console or plain_console()).print(panel)


def _held(found: StressedRun) -> list[RenderableType]:
    held = found.held
    facts = (
        f"{held.underlying} {number(found.spot, 2)} · forward {number(found.forward, 2)}"
        f" · account {money(held.equity)}"
    )
    if not found.legs:
        return [Text("Held  nothing", "bold"), Text(facts, "dim")]
    worth = f"worth {money(found.result.value_usd)}, paid {money(held.premium_usd)}"
    lines: list[RenderableType] = [Text.assemble(("Held  ", "bold"), worth), Text(facts, "dim")]
    unseen = ", ".join(
        f"{quantity:+d} x {wording.contract(name)}" for name, quantity in found.unseen.items()
    )
    if unseen:
        lines.append(Text(f"NOT COUNTED, no price recorded: {unseen}", "bold red"))
    return [*lines, *(_leg(leg) for leg in found.legs)]


def _leg(leg: StressLeg) -> Text:
    return Text(
        f"  {leg.quantity:+g} x {wording.contract(leg.name)}"
        f"  {number(leg.bid, 2)}/{number(leg.ask, 2)}  volatility {fraction(leg.iv, 1)}"
    )


def _losses(found: StressedRun) -> list[RenderableType]:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("stress, and what it supposes")
    for name in ("result", "account", "worst leg"):
        table.add_column(name, justify="right", no_wrap=True)
    for loss in found.result.losses:
        worst_leg = wording.contract(loss.worst_leg) if loss.worst_leg else UNKNOWN
        table.add_row(
            Text.assemble(STRESS_WORDS[loss.stress], "\n  ", (_supposed(loss), "dim")),
            _dollars(loss.loss_usd, loss.equity_fraction),
            fraction(0.0 - loss.equity_fraction, 1),
            Text.assemble(worst_leg, "\n", _dollars(loss.worst_leg_loss_usd, math.nan)),
        )
    worst = found.worst
    share = worst.loss_usd / found.held.equity if found.held.equity > 0 else math.nan
    when = {0.0: "now", 1.0: "at the close"}.get(worst.passed, "half way to the close")
    grid = Text.assemble(
        ("Worst of the session grid  ", "bold"),
        _dollars(worst.loss_usd, share),
        f", {fraction(0.0 - share, 1)} of the account",
    )
    if not math.isnan(worst.loss_usd):
        grid.append(
            f": {signed(worst.move_usd, 2)}, volatility x {number(worst.vol_factor, 2)}, {when}",
            "dim",
        )
    return [table, Text(), grid]


def _supposed(loss: StressLoss) -> str:
    """Say what a set supposes: the move, and what else is out of the usual."""
    parts = [signed(loss.move_usd, 2)] if loss.move_usd else []
    if loss.vol_factor != 1.0:
        parts.append(f"volatility x {number(loss.vol_factor, 1)}")
    if loss.spread_multiple > 1.0:
        parts.append(f"spreads x {number(loss.spread_multiple, 0)}")
    if loss.haircut:
        parts.append(f"{fraction(loss.haircut, 0)} below the bid")
    return ", ".join(parts)


def _dollars(loss_usd: float, share: float) -> Text:
    """Write a loss as what it does to the account: below zero where it costs."""
    style = "green" if loss_usd < 0 else "bold red" if share >= _SEVERE else "red"
    known = not math.isnan(loss_usd) and loss_usd != 0
    return Text(money(0.0 - loss_usd, signed=True), style if known else "")
