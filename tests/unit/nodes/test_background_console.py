"""Lines for the operator at terminals that take them, take none, or have gone away."""

import io
import threading
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.markup import escape

from autotrade_0dte.nodes.background_console import BackgroundConsole

PATIENCE_S = 60.0


class Terminal(io.StringIO):
    """Takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def write(self, text: str) -> int:
        self.opened.wait()
        return super().write(text)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.opened.set()


def test_what_was_escaped_is_shown_as_it_was_said(terminal: Terminal) -> None:
    terminal.opened.set()
    lines = BackgroundConsole(Console(file=terminal))
    lines.print(f"[red]{escape('rejected [bold]0DTE[/] :warning: [/nothing]')}[/]")
    lines.close(PATIENCE_S)
    assert terminal.getvalue() == "rejected [bold]0DTE[/] :warning: [/nothing]\n"


def test_lines_are_shown_in_their_order(terminal: Terminal) -> None:
    terminal.opened.set()
    lines = BackgroundConsole(Console(file=terminal))
    for number in range(3):
        lines.print(f"[red]line {number}[/]")
    lines.close(PATIENCE_S)
    assert terminal.getvalue() == "line 0\nline 1\nline 2\n"


def test_terminal_that_takes_nothing_delays_nobody_and_is_told_what_it_missed(
    terminal: Terminal,
) -> None:
    lines = BackgroundConsole(Console(file=terminal))
    for number in range(1_500):
        lines.print(str(number))
    lines.close(timeout_s=0.01)
    assert terminal.getvalue() == ""
    terminal.opened.set()
    lines.close(PATIENCE_S)
    shown = terminal.getvalue().splitlines()
    assert shown[:2] == ["0", "1"]
    assert 0 < 1_500 - (len(shown) - 1) <= 500
    assert shown[-1] == f"({1_500 - (len(shown) - 1)} lines left out)"


def test_terminal_that_has_gone_away_is_no_error() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(5, "Input/output error")

    lines = BackgroundConsole(Console(file=Gone()))
    lines.print("one")
    lines.print("two")
    lines.close(PATIENCE_S)
