"""The calls of a flattening: made by threads of their own, within Tiger's limits."""

import math
import queue
import threading
import time
from collections.abc import Callable

from tiger_nt.budget import CallBudget, Priority

__all__ = ["FlattenCalls"]

_THREADS = 8
_TICK_S = 0.02
_PROBE_S = 1.0


class FlattenCalls:
    """Makes calls at once, and has what they bring told on the thread that hears.

    Parameters
    ----------
    budget : CallBudget
        Tiger's limits of the account.

    Attributes
    ----------
    made : dict of str to int
        Calls made, by method.
    """

    def __init__(self, budget: CallBudget) -> None:
        self.made: dict[str, int] = {}
        self._budget = budget
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._limited: dict[str, float] = {}
        """When each method that Tiger has refused for its limit was last tried."""

    def start(self) -> None:
        """Start the threads, which end with the process."""
        for number in range(_THREADS):
            threading.Thread(target=self._serve, name=f"flatten-{number}", daemon=True).start()

    def may(self, methods: tuple[str, ...], now_s: float) -> bool:
        """Count calls, unless there is no budget for them.

        Once Tiger has refused a method, one call a pause tries it: whoever runs on into a limit is
        put on a blacklist.
        """
        for method in methods:
            if now_s - self._limited.get(method, -math.inf) < _PROBE_S:
                return False
        # Where Tiger has refused a question, RISK waits a second, the others up to a minute.
        if any(self._budget.take(method, Priority.RISK, now_s) for method in methods):
            return False
        for method in self._limited.keys() & set(methods):
            self._limited[method] = now_s
        for method in methods:
            self.made[method] = self.made.get(method, 0) + 1
        return True

    def limited(self, method: str) -> None:
        """Take it that Tiger has refused a call for the limit of its method."""
        now_s = time.monotonic()
        self._budget.limited(method, now_s)
        self._limited[method] = now_s

    def allowed(self, method: str) -> None:
        """Take it that a method answers again."""
        self._limited.pop(method, None)

    def do(self, call: Callable[[], None]) -> None:
        """Have a thread make a call."""
        self._work.put(call)

    def tell(self, news: Callable[[], None]) -> None:
        """Have `hear` call this, on its thread."""
        self._news.put(news)

    def hear(self) -> None:
        """Take what the threads have to say, at least one thing if it comes within a tick."""
        try:
            self._news.get(timeout=_TICK_S)()
            while True:
                self._news.get_nowait()()
        except queue.Empty:
            pass

    def _serve(self) -> None:
        while True:
            self._work.get()()
