import asyncio
import math
import time

import pytest
from nautilus_trader.model import IndexPriceUpdate, MarketStatusAction, QuoteTick
from tiger_data_node import DAY, LISTINGS, SPX, SPY, FakeRest, symbol, view

from tiger_nt.feed import DataFeed
from tiger_nt.greeks import black_scholes
from tiger_nt.live_greeks import LiveGreeks
from tiger_nt.providers import StrikeWindow, TigerInstrumentProvider
from tiger_nt.symbols import option_terms
from tiger_nt.views import StockView

NOW_NS = time.time_ns()
NAME = symbol(600)


class Told:
    """A feed and what it has told."""

    def __init__(self):
        self.out = []
        self.failures = []
        provider = TigerInstrumentProvider(
            FakeRest(), [SPY, SPX], DAY, LISTINGS, StrikeWindow(0.005, 0)
        )
        asyncio.run(provider.initialize())
        self.spots = {"SPY": 600.3, "SPX": 6000.0}
        self.greeks = LiveGreeks(black_scholes, self.spots)
        self.feed = DataFeed(
            self.out.append,
            lambda: NOW_NS,
            provider,
            self.greeks,
            self.spots,
            lambda event: None,
            lambda symbols, reason: None,
            self.failures.append,
        )


@pytest.fixture
def told():
    return Told()


def brief(name, last=math.nan, quote=None):
    return StockView(name, quote or view(name, 0.0, 0.0), last, NOW_NS // 1_000_000)


def test_repeated_answer_of_a_poll_is_handed_on_once(told):
    quote = view(NAME, time_ms=1)
    told.feed.on_option_quotes([quote])
    told.feed.on_option_quotes([quote])
    told.feed.on_option_quotes([view(NAME, bid=1.05, time_ms=2)])
    assert len(told.out) == 2


def test_late_answer_of_a_poll_does_not_follow_pushed_quotes(told):
    told.feed.pushed = frozenset([NAME])
    told.feed.on_option_quotes([view(NAME, time_ms=1)])
    assert told.out == []


def test_repeated_quote_of_the_push_is_handed_on_each_time(told):
    quote = view(NAME, time_ms=1)
    told.feed.on_quotes([quote, quote])
    assert len(told.out) == 2


def test_spot_is_the_mid_of_the_underlyings_two_sided_quote(told):
    told.feed.on_quotes([view("SPY", 601.0, 601.02)])
    assert told.spots["SPY"] == pytest.approx(601.01)
    told.feed.on_quotes([view("SPY", 0.0, 650.0), view("SPY", 660.0, 650.0)])
    assert told.spots["SPY"] == pytest.approx(601.01)


def test_quote_of_an_option_reaches_its_greeks(told):
    told.greeks.add(NAME, LISTINGS.contract(option_terms(NAME)), None)
    told.feed.on_quotes([view(NAME, 2.0, 2.1)])
    assert len(told.greeks.due(NOW_NS)) == 1


def test_level_is_spot_always_and_handed_on_when_wanted(told):
    told.feed.on_briefs([brief("SPX", 6010.0)])
    assert told.spots["SPX"] == 6010.0
    assert told.out == []
    told.feed.levels.add("SPX")
    told.feed.on_briefs([brief("SPX", 6011.0)])
    assert [type(each) for each in told.out] == [IndexPriceUpdate]


def test_missing_level_is_counted_and_spot_kept(told):
    told.feed.on_briefs([brief("SPX")])
    assert told.feed.counters.missing_levels == 1
    assert told.spots["SPX"] == 6000.0


def test_polled_stock_is_a_quote(told):
    told.feed.on_briefs([brief("SPY", 600.0, view("SPY", 600.0, 600.02))])
    assert [type(each) for each in told.out] == [QuoteTick]
    assert told.spots["SPY"] == pytest.approx(600.01)


def test_status_is_told_on_a_change_and_to_who_comes_later(told):
    told.feed.watch_status("SPY")
    assert told.out == []
    for status in ("TRADING", "TRADING", "CLOSING"):
        told.feed.on_status([status])
    told.feed.watch_status(NAME)
    told.feed.unwatch_status("SPY")
    told.feed.on_status(["TRADING"])
    said = [(str(each.instrument_id.symbol), each.action) for each in told.out]
    assert said == [
        ("SPY", MarketStatusAction.TRADING),
        ("SPY", MarketStatusAction.CLOSE),
        (NAME, MarketStatusAction.CLOSE),
        (NAME, MarketStatusAction.TRADING),
    ]


def test_fault_is_passed_on(told):
    error = ValueError("boom")
    told.feed.on_fault(error)
    assert told.failures == [error]
