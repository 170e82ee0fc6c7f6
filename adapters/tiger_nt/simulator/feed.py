"""The market's pulse: hands each row on when its time has come."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import numpy as np

from tiger_nt.simulator.faults import FaultKind, Faults
from tiger_nt.simulator.market import Market, MarketChunk

__all__ = ["Feed", "FeedCounters"]

_BATCH_S = 0.002
"""Shortest wait between two batches; rows due meanwhile go out together."""

_LONGEST_WAIT_S = 0.25
"""A wall clock that is set back or forth is noticed after this."""

_LATE_NS = 50_000_000


class FeedCounters(msgspec.Struct):
    """What a feed has done so far.

    `rows` went out in `batches`; `frozen` were kept back by the fault; `late` batches went out
    more than 50 ms after the first of their rows was due, `worst_late_ms` the most.
    """

    rows: int = 0
    batches: int = 0
    frozen: int = 0
    late: int = 0
    worst_late_ms: float = 0.0
    is_over: bool = False


class Feed:
    """Plays a market once, on the wall clock.

    Parameters
    ----------
    market : Market
        What to play.
    send : callable
        Takes a chunk and the range of its rows that are due: first, and one after the last.
    faults : Faults
        Asked for frozen quotes.
    clock : callable, optional
        Nanoseconds of the wall clock.
    """

    def __init__(
        self,
        market: Market,
        send: Callable[[MarketChunk, int, int], None],
        faults: Faults,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.counters = FeedCounters()
        self._market = market
        self._send = send
        self._faults = faults
        self._clock = clock
        self._failure: Exception | None = None
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()

    async def begun(self) -> None:
        """Wait until the rows that were due when `run` began have gone out, or it has ended."""
        await self._begun.wait()

    async def wait(self) -> None:
        """Wait until `run` has ended; raise what ended it, if the market could not be read."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    async def run(self) -> None:
        """Send every row when it is due, and all that are overdue at once; ends with the market."""
        try:
            await self._run()
        except Exception as e:
            self._failure = e
            raise
        finally:
            self._begun.set()
            self._ended.set()

    async def _run(self) -> None:
        rows = self._market.rows()
        # The next chunk is made while this one plays: reading one from files takes a while.
        coming = asyncio.create_task(asyncio.to_thread(next, rows, None))
        try:
            while (chunk := await coming) is not None:
                coming = asyncio.create_task(asyncio.to_thread(next, rows, None))
                await self._play(chunk)
        finally:
            coming.cancel()
        self.counters.is_over = True

    async def _play(self, chunk: MarketChunk) -> None:
        sent = 0
        while sent < len(chunk):
            now_ns = self._clock()
            due = int(np.searchsorted(chunk.ts_ns, now_ns, side="right"))
            if due > sent:
                self._hand_on(chunk, sent, due, now_ns)
                sent = due
            self._begun.set()
            ahead_s = (int(chunk.ts_ns[sent]) - self._clock()) / 1e9 if sent < len(chunk) else 0.0
            await asyncio.sleep(min(max(ahead_s, _BATCH_S), _LONGEST_WAIT_S))

    def _hand_on(self, chunk: MarketChunk, first: int, last: int, now_ns: int) -> None:
        counters = self.counters
        if self._faults.active(FaultKind.FROZEN_QUOTES) is not None:
            counters.frozen += last - first
            return
        late_ns = now_ns - int(chunk.ts_ns[first])
        counters.late += late_ns > _LATE_NS
        counters.worst_late_ms = max(counters.worst_late_ms, late_ns / 1e6)
        counters.rows += last - first
        counters.batches += 1
        self._send(chunk, first, last)
