import asyncio

import pytest

from tiger_nt.polling import Poller, PollPace
from tiger_nt.quote_source import QuoteSource
from tiger_nt.subscriptions import QuoteNeed
from tiger_nt.views import QuotaView

CALLS = [f"SPY261123C{k:05d}000" for k in (600, 601, 602)]
SPY = QuoteNeed("SPY", 0, is_underlying=True)


def need(index, distance):
    return QuoteNeed(CALLS[index], index, distance)


class Push:
    """Keeps what is sent, in order, and refuses to go above its limit."""

    def __init__(self, limit=2, used=0):
        self.view = QuotaView(limit, used)
        self.sent = []
        self.now = set()

    async def subscribe_quotes(self, symbols):
        self.sent.append(("+", *symbols))
        self.now.update(symbols)
        assert len(self.now) <= self.view.limit

    async def unsubscribe_quotes(self, symbols):
        self.sent.append(("-", *symbols))
        self.now.difference_update(symbols)

    async def quota(self):
        return self.view


async def nothing(symbols):
    return []


def poller():
    return Poller(nothing, lambda views: None, 30, PollPace(1.0, 1.0), "x", None)


def source(push, *, options=True, **changes):
    settings = {"limit": None, "reserve": 0, "margin": 0.001, "levels": ["VIX"]} | changes
    briefs, plans = poller(), []
    made = QuoteSource(
        push, poller() if options else None, briefs, on_plan=plans.append, **settings
    )
    asyncio.run(made.read_quota())
    return made, briefs, plans


@pytest.mark.parametrize(
    ("settings", "quota"),
    [
        ({}, 70),
        ({"reserve": 30}, 40),
        ({"limit": 50}, 20),
        ({"reserve": 500}, 0),
    ],
    ids=["what others leave", "less a reserve", "a limit of our own", "never below none"],
)
def test_quota_is(settings, quota):
    made, _, _ = source(Push(100, 30), **settings)
    assert made.quota == quota


def test_own_subscriptions_do_not_count_as_used_by_others():
    push = Push(3)
    made, _, _ = source(push)
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    push.view = QuotaView(3, 2)
    asyncio.run(made.read_quota())
    assert made.quota == 3


def test_room_is_made_before_it_is_taken():
    push = Push(2)
    made, _, _ = source(push)
    asyncio.run(made.apply([SPY, need(0, 0.001), need(1, 0.002)]))
    asyncio.run(made.apply([SPY, need(0, 0.004), need(1, 0.001)]))
    assert push.sent == [("+", "SPY", CALLS[0]), ("-", CALLS[0]), ("+", CALLS[1])]


def test_an_unchanged_plan_sends_and_tells_nothing():
    push = Push(2)
    made, _, plans = source(push)
    needs = [SPY, need(0, 0.001), need(1, 0.002)]
    asyncio.run(made.apply(needs))
    asyncio.run(made.apply(needs))
    assert len(push.sent) == len(plans) == 1


def test_polled_stocks_and_levels_are_asked_for_together():
    made, briefs, _ = source(Push(0))
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    assert briefs.symbols == ("VIX", "SPY")
    made.poll_level("SPX")
    assert briefs.symbols == ("VIX", "SPX", "SPY")
    assert made.plan.poll == ("SPY", CALLS[0])


def test_without_a_poller_of_options_they_are_refused():
    made, _, _ = source(Push(1), options=False)
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    assert made.plan.refused == (CALLS[0],)


def test_barred_symbols_are_tried_again_when_the_quota_is_read():
    push = Push(2)
    made, _, _ = source(push)
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    made.bar([CALLS[0]])
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    assert made.plan.push == ("SPY",)
    asyncio.run(made.read_quota())
    asyncio.run(made.apply([SPY, need(0, 0.0)]))
    assert made.plan.push == ("SPY", CALLS[0])
