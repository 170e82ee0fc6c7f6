"""Keeps back what reaches a component while one of its own commands holds the engine."""

from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["EventGate"]


class EventGate:
    """Commands out, events and orders in: what a command causes is taken when it has returned.

    A denial, and without latency any event, arrives while the command that caused it still holds
    the engine; so does the order by which another component answers it at once. The engine then
    lets the component touch neither its clock nor another command.
    """

    __slots__ = ("_commanding", "_waiting")

    def __init__(self) -> None:
        self._commanding = False
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()

    def command(self, send: Callable[..., None], *arguments: Any) -> None:
        """Call a method of the engine, then take what it caused.

        Raises
        ------
        RuntimeError
            Another command is being made: what came of it should have come through the gate.
        """
        if self._commanding:
            raise RuntimeError(f"Expected one command at a time, was {send} within another")
        self._commanding = True
        try:
            send(*arguments)
        finally:
            self._commanding = False
        self._hand_on()

    def receive(self, take: Callable[[Any], None], item: Any) -> None:
        """Call `take` with what the engine brings, now or after the command at work."""
        if not (self._commanding or self._waiting):
            take(item)
            return
        self._waiting.append((take, item))
        if not self._commanding:
            self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting:
            take, item = self._waiting.popleft()
            take(item)
