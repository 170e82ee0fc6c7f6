"""The checks of a node's start, as a table."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autotrade_0dte.nodes.preflight import Outcome, Preflight

__all__ = ["print_checks"]

_STYLE = {Outcome.OK: "green", Outcome.WARN: "yellow", Outcome.REFUSED: "red"}


def print_checks(ready: Preflight, console: Console | None = None) -> None:
    """Print one row a check: what was found and, where it was not in order, what was expected."""
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "", "found", "expected"):
        table.add_column(heading, overflow="fold")
    for check in ready.checks:
        outcome = Text(check.outcome, _STYLE[check.outcome])
        table.add_row(check.name, outcome, Text(check.found), Text(check.expected))
    (console or Console()).print(table)
