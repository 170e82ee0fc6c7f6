"""A progress bar over the jobs of a run, on stderr so that it never mixes with a result."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["session_progress"]


@contextmanager
def session_progress(names: Sequence[str]) -> Iterator[Callable[[Sequence[float]], None]]:
    """Show a bar; the function it gives takes each job's share of the data run so far.

    Where stderr is no terminal nothing is shown: not even the line end that a bar leaves.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar as progress:
        task = progress.add_task("", total=len(names))

        def update(shares: Sequence[float]) -> None:
            running = [name for name, s in zip(names, shares, strict=True) if 0 < s < 1]
            done = sum(share >= 1 for share in shares)
            text = f"{done}/{len(names)} sessions {', '.join(running)}"
            progress.update(task, completed=sum(shares), description=text)

        yield update
