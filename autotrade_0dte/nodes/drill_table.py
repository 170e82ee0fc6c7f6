"""How a drill went, as a table for people and as values for programs."""

from collections.abc import Sequence
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autotrade_0dte.nodes.drill import Drilled, Stage

__all__ = ["drill_values", "print_drill", "report_words"]

_TITLES = {
    Stage.HALT: "halt",
    Stage.CANCEL: "cancel",
    Stage.FLAT: "flat",
    Stage.BACK: "back",
}


def print_drill(results: Sequence[Drilled], console: Console) -> None:
    """Print the table, seconds against their limits, and below it what was wrong."""
    table = Table(
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
        title="Drill: seconds from the cause, and their limit",
        title_justify="left",
    )
    table.add_column("scenario", no_wrap=True)
    for title in _TITLES.values():
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("checks", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for result in results:
        count = len(result.held) + len(result.wrong)
        table.add_row(
            result.name,
            *(_cell(result, stage) for stage in _TITLES),
            f"{len(result.held)} of {count}",
            _mark(passes=result.passes),
        )
    console.print(table)
    for result in results:
        for text in result.wrong:
            console.print(Text(f"{result.name}: {text}", "red"))


def drill_values(results: Sequence[Drilled]) -> dict[str, Any]:
    """Return the results as plain values."""
    return {
        "passes": all(result.passes for result in results),
        "scenarios": [
            msgspec.to_builtins(result) | {"passes": result.passes} for result in results
        ],
    }


def report_words(results: Sequence[Drilled]) -> str:
    """Return the results in one line, for the log of the state folder."""
    return ", ".join(
        f"{result.name} {'passed' if result.passes else 'FAILED'}"
        + "".join(f" {stage} {timed.seconds:.2f} s" for stage, timed in result.times.items())
        for result in results
    )


def _cell(result: Drilled, stage: Stage) -> str:
    timed = result.times.get(stage)
    if timed is None:
        return ""
    text = f"{timed.seconds:.2f} / {timed.limit_s:g}"
    return text if timed.passes else f"[red]{text}[/]"


def _mark(*, passes: bool) -> str:
    return "[green]PASS[/]" if passes else "[bold red]FAIL[/]"
