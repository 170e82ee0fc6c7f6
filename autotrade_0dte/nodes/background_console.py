"""Lines for the operator, printed by a thread of their own."""

import queue
import threading

from rich.console import Console

__all__ = ["BackgroundConsole"]

_MOST_WAITING = 1_000


class BackgroundConsole:
    """Prints lines without making whoever has them wait: a terminal may take none for hours.

    While it takes none, a thousand lines wait and later ones are left out, which is told once it
    goes on. A terminal that has gone away takes the lines with it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._left_out = 0
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self._thread.start()

    def print(self, line: str) -> None:
        """Show a line with rich markup as soon as the terminal takes it; never blocks.

        What others have said is in it as it was said where it was escaped: `:x:` is no emoji.
        """
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def close(self, timeout_s: float = 1.0) -> None:
        """Give what waits this long to be shown; nothing may be printed afterwards."""
        self._lines.shutdown()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while True:
                self._console.print(self._lines.get(), emoji=False, highlight=False)
                if self._left_out and self._lines.empty():
                    missing, self._left_out = self._left_out, 0
                    self._console.print(f"({missing} lines left out)", highlight=False)
        except (OSError, queue.ShutDown):
            return  # there is nobody left to tell, or nothing left to say
