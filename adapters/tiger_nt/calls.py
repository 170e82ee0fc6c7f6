"""How a call gets made: off the event loop, within the budget, timed, its failures classified."""

import asyncio
import contextlib
import functools
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from tiger_nt.budget import CallBudget, Priority
from tiger_nt.errors import (
    AnswerError,
    ClosedError,
    TigerError,
    TigerLimitError,
    TigerRequestError,
    UnreachableError,
)
from tiger_nt.failures import failure, limit_per_minute
from tiger_nt.lanes import Lane, Lanes, UnderWay, unsent

__all__ = ["CallTimes", "Calls"]

_ASKING_S = 20.0
"""A question is asked again, and waits for budget, no longer than this in all."""
_FIRST_CONTACT_S = 3.0
"""While nothing was ever reached: an address that is wrong will not become right."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0
_MAX_WAIT_S = {
    Priority.RISK: 5.0,
    Priority.EXIT: 1.5,
    Priority.ENTRY: 1.5,
    Priority.WALK: 0.0,
    Priority.QUERY: _ASKING_S,
}
"""How long a call of each kind is worth waiting for when the budget is used up."""
_QUEUE_S = 1.0
"""How long such a call may wait for a thread, unless it reduces risk: it was for this market."""
_KEPT_TIMES = 512
_CLOSING_S = 2.0
_POLL_S = 0.02


class CallTimes(msgspec.Struct, frozen=True):
    """Calls of one method so far, and how long the last 512 were under way, milliseconds."""

    count: int
    errors: int
    p50_ms: float
    p99_ms: float


class _Log:
    __slots__ = ("count", "errors", "times_ms")

    def __init__(self) -> None:
        self.count = 0
        self.errors = 0
        self.times_ms: deque[float] = deque(maxlen=_KEPT_TIMES)

    def summary(self) -> CallTimes:
        times = sorted(self.times_ms)
        rank = functools.partial(_nearest_rank, times)
        return CallTimes(self.count, self.errors, rank(0.50), rank(0.99))


class Calls:
    """Makes the calls of one login; used from one event loop.

    Parameters
    ----------
    budget : CallBudget
        Asked before every call.
    hide : callable
        Takes what must not be shown out of Tiger's messages.
    timeout_s : float
        Of one request in the SDK; a call that outlives it three times is given up.
    """

    def __init__(self, budget: CallBudget, hide: Callable[[str], str], *, timeout_s: float) -> None:
        self._budget = budget
        self._hide = hide
        self._give_up_s = 3.0 * timeout_s
        self._failures = 0
        self._logs: dict[str, _Log] = {}
        self._lanes = Lanes()
        self._open = threading.Event()
        self._entries = threading.Event()
        self._has_reached = False

    def open(self) -> None:
        """Make the threads; calls made before or after `close` fail with nothing sent."""
        self._lanes.open()
        self._open.set()
        self._entries.set()

    def close_entries(self) -> None:
        """Let calls that place or change orders, and reduce no risk, fail with nothing sent."""
        self._entries.clear()

    @property
    def failures(self) -> int:
        """How many calls failed on their way, so far: no answer, or none that can be used.

        A question that is asked again may count more than once. Refusals by Tiger and call limits
        do not count, nor what came after the close.
        """
        return self._failures

    async def ask[T](
        self, method: str, call: Callable[[], T], priority: Priority = Priority.QUERY
    ) -> T:
        """Make a call that changes nothing, again if need be; raise TigerError when it is over."""
        began_s = time.monotonic()
        over_s = began_s + _ASKING_S
        pause_s = _FIRST_PAUSE_S
        while True:
            await self._wait_for_budget(method, priority, over_s)
            try:
                return await self._make(
                    method, call, Lane.QUERIES, self._open, self._give_up_s, changes=False
                )
            except (AnswerError, ClosedError):
                raise  # asking again would not help
            except TigerLimitError as e:
                error: TigerError = e
                wait_s = e.retry_after_s
            except TigerRequestError as e:
                error = e
                wait_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries only
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                if not self._has_reached:
                    over_s = min(over_s, began_s + _FIRST_CONTACT_S)
            if time.monotonic() + wait_s >= over_s:
                raise error
            await asyncio.sleep(wait_s)

    async def change[T](
        self, method: str, call: Callable[[], T], lane: Lane, priority: Priority
    ) -> T:
        """Make a call that places, modifies or cancels, once; raise TigerError if it fails."""
        await self._wait_for_budget(method, priority, time.monotonic() + _MAX_WAIT_S[priority])
        queue_s = self._give_up_s if priority is Priority.RISK else _QUEUE_S
        gate = self._open if priority in {Priority.RISK, Priority.EXIT} else self._entries
        return await self._make(method, call, lane, gate, queue_s, changes=True)

    def times(self) -> dict[str, CallTimes]:
        """Return what was called, how often, and how long it took, by REST method."""
        return {method: log.summary() for method, log in sorted(self._logs.items())}

    async def close(self) -> None:
        """Let the calls under way end, and those not yet begun fail with nothing sent.

        A call that takes longer than two seconds is left to its thread, which ends with it.
        """
        self._entries.clear()
        self._open.clear()
        over_s = time.monotonic() + _CLOSING_S
        while self._lanes.under_way and time.monotonic() < over_s:
            await asyncio.sleep(_POLL_S)
        self._lanes.close()

    async def _wait_for_budget(self, method: str, priority: Priority, over_s: float) -> None:
        while wait_s := self._budget.take(method, priority, time.monotonic()):
            if time.monotonic() + wait_s > over_s:
                why = "new orders are halted" if self._budget.is_halted(time.monotonic()) else ""
                raise TigerLimitError(method, wait_s, why or "no budget left for now")
            await asyncio.sleep(wait_s)

    async def _make[T](
        self,
        method: str,
        call: Callable[[], T],
        lane: Lane,
        gate: threading.Event,
        queue_s: float,
        *,
        changes: bool,
    ) -> T:
        if not gate.is_set():
            raise unsent(method)
        log = self._logs.setdefault(method, _Log())
        log.count += 1
        under_way = UnderWay(method, call, gate, self._lanes.under_way)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._give_up_s):
                    made = self._lanes.submit(under_way, lane, in_hurry=changes)
                    answer = asyncio.wrap_future(made)
                    answer.add_done_callback(_hear)
                    await asyncio.wait({answer}, timeout=queue_s)
                    if not under_way.withdraw():
                        value = await answer
                        self._has_reached = True
                        return value
            error = under_way.given_up(changes=changes)
        except Exception as e:  # noqa: BLE001 - the SDK raises anything, all of it is classified
            error = failure(method, e, self._hide, changes=changes)
        finally:
            under_way.withdraw()  # if this task was cancelled
            if under_way.took_ms is not None:
                log.times_ms.append(under_way.took_ms)
        log.errors += 1
        if isinstance(error, TigerRequestError) and not isinstance(error, ClosedError):
            self._failures += 1
        if under_way.took_ms is not None and not isinstance(error, UnreachableError):
            self._has_reached = True
        if isinstance(error, TigerLimitError):
            per_minute = limit_per_minute(str(error))
            pause_s = self._budget.limited(method, time.monotonic(), per_minute)
            error = TigerLimitError(method, pause_s, "Tiger refuses for its call limit")
        raise error  # outside of the handlers, so that no text of the SDK hangs on it


def _hear(answer: "asyncio.Future[Any]") -> None:
    """Take an error nobody waits for any more: asyncio would print it, the signed request too."""
    if not answer.cancelled():
        answer.exception()


def _nearest_rank(times: list[float], share: float) -> float:
    return times[math.ceil(share * len(times)) - 1] if times else math.nan
