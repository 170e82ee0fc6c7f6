"""Keeps a component's order events back while one of its own commands holds the engine."""

from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["EventGate"]


class EventGate:
    """Commands out, events in: what a command causes is taken when the command has returned.

    A denial, and without latency any event, arrives while the command that caused it still holds
    the engine, which then lets nobody touch its clock or its cache.

    Parameters
    ----------
    take : callable
        Called with each event, in order.
    """

    __slots__ = ("_commanding", "_events", "_take")

    def __init__(self, take: Callable[[Any], None]) -> None:
        self._take = take
        self._commanding = False
        self._events: deque[Any] = deque()

    def command(self, send: Callable[..., None], *arguments: Any) -> None:
        """Call a method of the engine, then take what it caused."""
        if self._commanding:
            raise RuntimeError(f"Expected one command at a time, was {send} within another")
        self._commanding = True
        try:
            send(*arguments)
        finally:
            self._commanding = False
        self._hand_on()

    def receive(self, event: Any) -> None:
        """Take an event of the engine, now or after the command at work."""
        self._events.append(event)
        if not self._commanding:
            self._hand_on()

    def _hand_on(self) -> None:
        while self._events:
            self._take(self._events.popleft())
