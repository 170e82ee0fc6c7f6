"""The feed: rows go out in order, when they are due, and none is lost."""

import asyncio
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from patience import PATIENCE_S
from tiger_simulator import FixedMarket

from tiger_nt.simulator.faults import Fault, FaultKind, Faults
from tiger_nt.simulator.feed import Feed
from tiger_nt.simulator.market import MarketChunk
from tiger_nt.simulator.server import Simulator

MS = 1_000_000


class Listed:
    """A market of one symbol; each chunk is a list of times."""

    def __init__(self, *chunks: list[int]) -> None:
        self._chunks = chunks

    def rows(self) -> Iterator[MarketChunk]:
        for times in self._chunks:
            n = len(times)
            prices, sizes = np.ones(n), np.ones(n, np.int64)
            columns = (prices, prices, sizes, sizes, prices, sizes)
            yield MarketChunk(("SPY",), np.array(times), np.zeros(n, np.int32), *columns)


class Clock:
    """Goes on by a millisecond whenever it is read."""

    def __init__(self) -> None:
        self._now_ns = 0

    def __call__(self) -> int:
        self._now_ns += MS
        return self._now_ns


def play(
    market: Listed, faults: Faults | None = None, clock: Callable[[], int] = time.time_ns
) -> tuple[Feed, list[tuple[int, int]]]:
    """Run the feed to its end; return it and each row's time with when it was sent."""
    sent: list[tuple[int, int]] = []

    def send(chunk: MarketChunk, first: int, last: int) -> None:
        now = time.time_ns()
        sent.extend((int(ts), now) for ts in chunk.ts_ns[first:last])

    feed = Feed(market, send, faults or Faults(), clock)
    asyncio.run(asyncio.wait_for(feed.run(), PATIENCE_S))
    return feed, sent


class Broken:
    """A market whose file is gone."""

    def rows(self) -> Iterator[MarketChunk]:
        raise OSError("disk")
        yield


def test_rows_go_out_in_order_and_never_before_their_time():
    start = time.time_ns() + 20 * MS
    times = [start + k * 3 * MS for k in range(40)]
    feed, sent = play(Listed(times[:25], [], times[25:]))
    assert [ts for ts, _ in sent] == times
    assert all(now >= ts for ts, now in sent)
    assert feed.counters.rows == 40
    assert feed.counters.is_over


def test_a_row_is_due_at_its_very_time():
    _, sent = play(Listed([5 * MS]), clock=lambda: 5 * MS)
    assert len(sent) == 1


def test_rows_due_together_go_out_in_one_batch():
    start = time.time_ns() + 20 * MS
    feed, sent = play(Listed([start + k for k in range(500)]))
    assert len(sent) == 500
    assert feed.counters.batches == 1


def test_overdue_rows_go_out_at_once_and_are_counted_as_late():
    start = time.time_ns() - 10_000 * MS
    feed, sent = play(Listed([start + k * MS for k in range(200)]))
    assert len(sent) == 200
    assert (feed.counters.batches, feed.counters.late) == (1, 1)
    assert feed.counters.worst_late_ms >= 10_000


def test_frozen_quotes_are_kept_back_while_time_goes_on():
    clock = Clock()
    faults = Faults(clock)
    faults.add(Fault(kind=FaultKind.FROZEN_QUOTES, seconds=0.06))
    times = [k * 2 * MS for k in range(60)]
    feed, sent = play(Listed(times), faults, clock)
    assert 20 < feed.counters.frozen < 40
    assert feed.counters.frozen + feed.counters.rows == 60
    assert [ts for ts, _ in sent] == times[feed.counters.frozen :]


def test_a_failing_market_ends_the_feed_with_its_error():
    with pytest.raises(OSError, match="disk"):
        play(Broken())  # type: ignore[arg-type]


def test_whoever_waits_hears_of_the_end():
    async def run() -> None:
        feed = Feed(Listed([1]), lambda *_: None, Faults())
        waiting = asyncio.create_task(feed.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        await feed.run()
        await asyncio.wait_for(waiting, PATIENCE_S)

    asyncio.run(run())


def test_whoever_waits_hears_of_a_failure():
    async def run() -> None:
        feed = Feed(Broken(), lambda *_: None, Faults())  # type: ignore[arg-type]
        results = await asyncio.gather(feed.run(), feed.wait(), return_exceptions=True)
        assert [str(result) for result in results] == ["disk", "disk"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("market", "rows"),
    [(Listed([], [1, 2], [3 * 10**18]), 2), (Listed([3 * 10**18]), 0), (Broken(), 0)],
    ids=["due", "not due", "unreadable"],
)
def test_feed_has_begun_when_what_was_due_is_out_or_nothing_will_come(
    market: Listed, rows: int
) -> None:
    async def begin() -> int:
        feed = Feed(market, lambda *_: None, Faults())
        running = asyncio.create_task(feed.run())
        await asyncio.wait_for(feed.begun(), PATIENCE_S)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return feed.counters.rows

    assert asyncio.run(begin()) == rows


def test_simulator_that_has_opened_shows_the_first_quote_of_every_symbol() -> None:
    async def shown() -> list[float]:
        async with Simulator(FixedMarket()) as simulator:
            board = simulator.exchange.board
            return [board[symbol].ask for symbol in simulator.market.contracts]

    assert asyncio.run(shown()) == [1.05, 1.05, 1.05]
