"""The checks of a start as the operator reads them."""

import io
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from autotrade_0dte.nodes.preflight import Check, Outcome
from autotrade_0dte.nodes.preflight_table import print_checks


def test_what_was_found_is_shown_as_it_was_said() -> None:
    check = Check("login", Outcome.REFUSED, "code [1000] :x: [/bold]", expected="[red] or [/]")
    ready: Any = SimpleNamespace(checks=(check,))
    out = io.StringIO()
    print_checks(ready, Console(file=out, width=100))
    [_, row] = out.getvalue().splitlines()
    assert row.split("  ")[-2:] == ["code [1000] :x: [/bold]", "[red] or [/]"]
