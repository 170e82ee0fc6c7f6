"""Waits for the running nodes to answer the kill latch, and shows what they do meanwhile."""

import time
from collections.abc import Callable
from pathlib import Path

from autotrade_0dte.nodes.kill_answers import NodeAnswer, node_answer, node_answers
from autotrade_0dte.nodes.kill_latch import KillLatch

__all__ = ["wait_for_nodes"]

_POLL_S = 0.05
_SILENT_S = 3.0
"""A node touches its file every second."""
_LEFT_S = 12 * 3_600.0
"""A node that has ended within a session, and not with nothing open, has left something."""


def wait_for_nodes(
    state: Path, latch: KillLatch, within_s: float, say: Callable[[str], None]
) -> list[NodeAnswer]:
    """Wait until all nodes that run under `state` are flat, or the time is over.

    Returns what those said last that ran at first, or had left something open. `say` is told of
    each change.
    """
    began_s = time.monotonic()
    watched = [
        answer.name for answer in node_answers(state) if answer.running or answer.silent_s < _LEFT_S
    ]
    shown: dict[str, str] = {}
    while True:
        answers = [node_answer(state / name) for name in watched]
        for answer in answers:
            words = _words(answer, latch)
            if shown.get(answer.name) != words:
                shown[answer.name] = words
                say(f"{time.monotonic() - began_s:6.2f} s  {answer.name}: {words}")
        # One that has ended says no more.
        is_over = all(answer.is_flat_at(latch) or not answer.running for answer in answers)
        if is_over or time.monotonic() - began_s > within_s:
            return answers
        time.sleep(_POLL_S)


def _words(answer: NodeAnswer, latch: KillLatch) -> str:
    if answer.latch != latch.time:
        silent = f", silent for {answer.silent_s:.0f} s" if answer.silent_s > _SILENT_S else ""
        return (
            f"has not seen the kill{silent}" if answer.running else "ended before it saw the kill"
        )
    held = ", ".join(f"{count:+d} {symbol}" for symbol, count in sorted(answer.positions.items()))
    what = f"{answer.orders} orders at work, holds {held or 'nothing'}"
    if answer.is_flat_at(latch):
        what = "FLAT"
    return what if answer.running else f"ended: {what}"
