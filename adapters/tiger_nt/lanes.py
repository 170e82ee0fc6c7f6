"""Threads that calls are made in: lanes of their own, so that no order waits behind a question."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from tiger_nt.errors import (
    ClosedError,
    TigerError,
    TigerRequestError,
    TigerUnknownOutcomeError,
)
from tiger_nt.http_connections import when_written

__all__ = ["Lane", "Lanes", "UnderWay", "unsent"]

_WRITING_S = 0.002
"""While a change is signed and written the event loop stands aside, for no longer than this: would
both want the interpreter at once, both were slower, and of the two the order is in a hurry."""


class Lane(StrEnum):
    """Threads of their own, so that orders and cancels never wait behind questions."""

    ORDERS = "orders"
    CANCELS = "cancels"
    QUERIES = "queries"


_THREADS = {Lane.ORDERS: 3, Lane.CANCELS: 2, Lane.QUERIES: 4}


class Lanes:
    """The threads of one login, from `open` to `close`; used from one event loop."""

    def __init__(self) -> None:
        self.under_way: set[UnderWay[Any]] = set()
        """Calls that have begun and are not over."""
        self._pools: dict[Lane, ThreadPoolExecutor] = {}
        self._taken: dict[Lane, list[Future[Any]]] = {}

    def open(self) -> None:
        """Make the threads."""
        self._pools = {
            lane: ThreadPoolExecutor(threads, thread_name_prefix=f"tiger-{lane}")
            for lane, threads in _THREADS.items()
        }
        self._taken = {lane: [] for lane in Lane}

    def submit[T](self, call: "UnderWay[T]", lane: Lane, *, in_hurry: bool) -> "Future[T]":
        """Have a thread make the call; if it is in a hurry, give way until it is written.

        Not where all threads of the lane are busy: it would be written no sooner.
        """
        taken = [each for each in self._taken[lane] if not each.done()]
        made = self._pools[lane].submit(call)
        self._taken[lane] = [*taken, made]
        if in_hurry and len(taken) < _THREADS[lane]:
            call.is_written.wait(_WRITING_S)
        return made

    def close(self) -> None:
        """End the threads, each when its call is over, and wait for it unless some are left."""
        for pool in self._pools.values():
            pool.shutdown(wait=not self.under_way)


class UnderWay[T]:
    """A call in its thread: it begins or it is given up unsent, never both.

    Parameters
    ----------
    method : str
        REST method.
    call : callable
        What makes it.
    is_open : threading.Event
        Cleared when calls of its kind must not begin any more.
    begun : set
        Holds it from its beginning to its end.
    """

    def __init__(
        self,
        method: str,
        call: Callable[[], T],
        is_open: threading.Event,
        begun: set["UnderWay[Any]"],
    ) -> None:
        self._method = method
        self._call = call
        self._open = is_open
        self._begun = begun
        self._turn = threading.Lock()
        self._has_begun = False
        self._is_given_up = False
        self.is_written = threading.Event()
        self.took_ms: float | None = None

    def __call__(self) -> T:
        """Make the call, unless it is given up."""
        with self._turn:
            if self._is_given_up or not self._open.is_set():
                raise unsent(self._method)
            self._has_begun = True
            self._begun.add(self)
        began_s = time.perf_counter()
        when_written(self.is_written.set)
        try:
            return self._call()
        finally:
            self.is_written.set()  # if it failed before
            self._begun.discard(self)
            self.took_ms = 1_000 * (time.perf_counter() - began_s)

    def withdraw(self) -> bool:
        """Give the call up unless it has begun; return whether it is given up."""
        with self._turn:
            self._is_given_up = not self._has_begun
            return self._is_given_up

    def given_up(self, *, changes: bool) -> TigerError:
        """Give the call up, begun or not; return what that means."""
        if self.withdraw():
            return TigerRequestError(f"{self._method}: no thread free in time, nothing was sent")
        lost = TigerUnknownOutcomeError if changes else TigerRequestError
        return lost(f"{self._method}: no whole answer in time")


def unsent(method: str) -> ClosedError:
    """Return the error of a call before the start or after the end."""
    return ClosedError(f"{method}: Expected an open connection, was closed; nothing was sent")
