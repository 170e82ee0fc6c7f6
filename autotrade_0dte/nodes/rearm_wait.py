"""Waits for the running nodes to take the word that arms them again, and says what they say."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from autotrade_0dte.nodes.kill_answers import node_answers
from autotrade_0dte.nodes.rearm import RearmWord, read_answer

__all__ = ["rearmed_lines"]

_POLL_S = 0.05


def rearmed_lines(
    state: Path, word: RearmWord, folders: Iterable[Path], within_s: float
) -> Iterator[str]:
    """Yield a line for each node, when it has answered or `within_s` (seconds) are over."""
    running = {answer.name for answer in node_answers(state) if answer.running}
    over_s = time.monotonic() + within_s
    for folder in folders:
        if folder.name not in running:
            yield f"{folder.name}: does not run; takes the word at its next start"
            continue
        while (stays := read_answer(folder, word)) is None and time.monotonic() < over_s:
            time.sleep(_POLL_S)
        if stays is None:
            yield f"{folder.name}: runs, no answer yet; its run folder's log.jsonl will tell"
        elif stays:
            listed = "; ".join(stays)
            yield f"{folder.name}: not all: {listed} (the cause is not over, or not known to be)"
        else:
            yield f"{folder.name}: armed again"
