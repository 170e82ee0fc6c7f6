"""The inbox against a plain list of all that was put, over any sequence of puts and takes."""

import math

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tiger_nt.inbox import Inbox
from tiger_nt.views import PositionView, QuoteView, TickView


class InboxMachine(RuleBasedStateMachine):
    """Puts and takes at will; views carry running numbers, so that order and loss show."""

    @initialize(lag=st.integers(1, 6))
    def make(self, lag: int) -> None:
        self.lag = lag
        self.inbox = Inbox(self.woken, lag=lag)
        self.asleep = True
        self.number = 0
        self.put: dict[str, list[int]] = {}
        self.taken: dict[str, list[int]] = {}
        self.news_put: list[int] = []
        self.news_taken: list[int] = []
        self.ticks_put: list[int] = []
        self.ticks_taken: list[int] = []

    def woken(self) -> None:
        assert self.asleep, "woken although a take is still to come"
        self.asleep = False

    def next(self) -> int:
        self.number += 1
        return self.number

    @rule(symbol=st.sampled_from("ABC"), repeat=st.integers(1, 5))
    def put_quotes(self, symbol: str, repeat: int) -> None:
        for _ in range(repeat):
            n = self.next()
            self.put.setdefault(symbol, []).append(n)
            self.inbox.put_quote(QuoteView(symbol, 1.0, 1.1, 1, 1, n, 0))
        assert not self.asleep

    @rule()
    def put_news(self) -> None:
        n = self.next()
        self.news_put.append(n)
        self.inbox.put_account(
            PositionView(symbol="A", sec_type="STK", quantity=n, average_cost=math.nan)
        )
        assert not self.asleep

    @rule(count=st.integers(1, 4))
    def put_ticks(self, count: int) -> None:
        numbers = [self.next() for _ in range(count)]
        self.ticks_put += numbers
        self.inbox.put_ticks([TickView("A", 1.0, 1, n, 0, 0) for n in numbers])
        assert not self.asleep

    @rule(limit=st.integers(1, 5))
    def take(self, limit: int) -> None:
        batch = self.inbox.take(limit)
        self.asleep = not batch.more
        assert len(batch.quotes) <= limit
        assert len(batch.ticks) <= limit
        assert batch.more == bool(len(self.inbox))
        for view in batch.quotes:
            self.taken.setdefault(view.symbol, []).append(view.time_ms)
        self.news_taken += [view.quantity for view in batch.account]  # type: ignore[union-attr]
        self.ticks_taken += [view.sn for view in batch.ticks]
        assert self.news_taken == self.news_put

    @invariant()
    def no_more_wait_than_may(self) -> None:
        quotes = sum(map(len, self.put.values())) - sum(map(len, self.taken.values()))
        waiting = quotes - self.inbox.conflated
        assert 0 <= waiting <= max(self.lag, 2 * 3)

    def teardown(self) -> None:
        if not hasattr(self, "inbox"):
            return
        while not self.asleep:
            self.take(3)
        assert self.ticks_taken == self.ticks_put
        for symbol, put in self.put.items():
            taken = self.taken[symbol]
            assert taken == sorted(set(taken)), "out of order or twice"
            assert set(taken) <= set(put)
            assert taken[-1] == put[-1], "the newest was lost"
        delivered = sum(map(len, self.taken.values()))
        assert delivered + self.inbox.conflated == sum(map(len, self.put.values()))


TestInbox = InboxMachine.TestCase
