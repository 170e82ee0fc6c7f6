"""When the market actor publishes and what it takes from the engine, without an engine."""

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import (
    AggressorSide,
    IndexPriceUpdate,
    Price,
    Quantity,
    QuoteTick,
    TradeId,
    TradeTick,
)

from autotrade_0dte.actors.market import MarketActor
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.calendar import session
from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.quote_columns import ColumnQuotes, QuoteColumns
from autotrade_0dte.instruments import OptionSymbol, Right, equity, index, option_contract
from autotrade_0dte.products import product

NS = 1_000_000_000
HOURS = session(dt.date(2026, 7, 20))
VIX = index("VIX").id
OPEN_NS, CLOSE_NS = HOURS.open_ns, HOURS.close_ns
CONTRACTS = [
    option_contract(OptionSymbol("SPY", HOURS.date, right, strike))
    for strike in (600_000, 605_000)
    for right in (Right.CALL, Right.PUT)
]


class Watch:
    """Tells what it was given, in place of a view."""

    def update(self, chain: Any, index: float, index_ns: int) -> Any:
        return SimpleNamespace(chain=chain, index=index, index_ns=index_ns)


class Engine:
    """The engine as far as the actor sees it: newest quotes, timers, subscriptions, the bus."""

    def __init__(
        self, underlying: Any, *, has_volume: bool = True, columns: ColumnQuotes | None = None
    ) -> None:
        self.quotes: dict[Any, QuoteTick] = {}
        self.history: dict[Any, list[QuoteTick]] = {}
        self.now_ns = 0
        self.published: list[tuple[str, Any]] = []
        self.subscribed: list[str] = []
        self.timers: list[tuple[Any, ...]] = []
        engine = self

        class Actor(MarketActor):
            cache = SimpleNamespace(quote=engine.quotes.get, quotes=engine.history.get)
            clock = SimpleNamespace(
                set_timer_ns=lambda *given, **named: engine.timers.append((*given, named)),
                timestamp_ns=lambda: engine.now_ns,
            )

            def publish_message(self, topic: str, message: Any) -> None:
                engine.published.append((topic, message))

            def subscribe_quotes(self, name: Any) -> None:
                engine.subscribed.append(f"quotes {name}")

            def subscribe_trades(self, name: Any) -> None:
                engine.subscribed.append(f"trades {name}")

            def subscribe_index_prices(self, name: Any) -> None:
                engine.subscribed.append(f"index {name}")

        self.book = OptionChainBook(
            np.array([600.0, 600.0, 605.0, 605.0]),
            np.array([True, False, True, False]),
            CLOSE_NS,
            ChainParams(),
            facts=product("SPY"),
        )
        self.actor = Actor(
            CONTRACTS,
            underlying,
            self.book,
            Watch(),
            1_000,
            OPEN_NS,
            CLOSE_NS,
            has_volume=has_volume,
            volatility_index=VIX,
            quotes=columns,
        )

    def quote(self, row: int, bid: float, ask: float, at_s: float) -> None:
        name = CONTRACTS[row].id
        ts = OPEN_NS + round(at_s * NS)
        self.quotes[name] = QuoteTick(
            name, Price(bid, 2), Price(ask, 2), Quantity.from_int(5), Quantity.from_int(7), ts, ts
        )
        self.history.setdefault(name, []).insert(0, self.quotes[name])

    def tick(self, at_s: float) -> list[Any]:
        """Let the timer fire and return the chains of what was published."""
        return [view.chain for view in self.views(at_s)]

    def views(self, at_s: float) -> list[Any]:
        """Let the timer fire and return what was published."""
        if not self.timers:
            self.actor.on_start()
        before = len(self.published)
        self.actor._on_timer(SimpleNamespace(ts_event=OPEN_NS + round(at_s * NS)))
        return [message for _, message in self.published[before:]]


def trade(price: float, ts_event: int, size: int = 1) -> TradeTick:
    return TradeTick(
        equity("SPY").id, Price(price, 2), Quantity.from_int(size), AggressorSide.NO_AGGRESSOR,
        TradeId("1"), ts_event, ts_event,
    )  # fmt: skip


def test_quotes_are_asked_for_where_there_are_no_columns() -> None:
    engine = Engine(equity("SPY"))
    engine.actor.on_start()
    quotes = [f"quotes {contract.id}" for contract in CONTRACTS]
    assert engine.subscribed == [*quotes, "trades SPY.US", "index VIX.US"]


def test_columns_stand_in_for_the_quotes_of_the_feed() -> None:
    columns = ColumnQuotes()
    ts_event = np.array([OPEN_NS + NS // 2, OPEN_NS + NS])
    sides = np.array([[1.0, 1.1, 5.0, 7.0], [2.0, 2.1, 6.0, 8.0]])
    columns.add(QuoteColumns(np.array([0, 1, 1, 1, 2]), ts_event, ts_event + 1, sides))
    engine = Engine(equity("SPY"), columns=columns)
    engine.quote(1, 9.0, 9.1, at_s=0.5)
    [first] = engine.tick(1)
    [second] = engine.tick(2)
    assert engine.subscribed == []
    np.testing.assert_array_equal(first.bid, [1.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(second.bid, [1.0, np.nan, np.nan, 2.0])
    assert engine.tick(3) == []


def test_spot_of_an_index_comes_from_its_price_updates() -> None:
    engine = Engine(index("SPX"))
    engine.actor.on_start()
    assert engine.subscribed[-2:] == ["index SPX.US", "index VIX.US"]
    update = IndexPriceUpdate(index("SPX").id, Price(6001.5, 2), OPEN_NS + 7, OPEN_NS + 7)
    engine.actor.on_index_price(update)
    assert engine.actor.last_prints[1] == (OPEN_NS + 7, 6001.5)
    [snapshot] = engine.tick(1)
    assert snapshot.spot == 6001.5
    assert engine.published[0][0] == market_topic("SPX") == "market.SPX"


def test_timer_runs_from_the_open_to_just_before_expiry() -> None:
    engine = Engine(equity("SPY"))
    engine.actor.on_start()
    [(_, interval_ns, named)] = engine.timers
    assert interval_ns == NS
    assert (named["start_time_ns"], named["stop_time_ns"]) == (OPEN_NS, CLOSE_NS - 1)


@pytest.mark.parametrize(
    ("started_s", "first_s"), [(-60, 0), (0, 0), (0.001, 1), (61.0, 61), (61.5, 62)]
)
def test_timer_of_a_late_start_keeps_to_the_grid_from_the_open(
    started_s: float, first_s: float
) -> None:
    engine = Engine(equity("SPY"))
    engine.now_ns = OPEN_NS + round(started_s * NS)
    engine.actor.on_start()
    assert engine.timers[0][2]["start_time_ns"] == OPEN_NS + first_s * NS


def test_what_came_after_the_timers_instant_belongs_to_the_next_snapshot() -> None:
    engine = Engine(equity("SPY"))
    engine.quote(0, 1.0, 1.1, at_s=0.5)
    engine.quote(0, 3.0, 3.1, at_s=1.002)
    engine.quote(1, 2.0, 2.1, at_s=1.001)
    engine.actor.on_trade(trade(600.0, OPEN_NS + NS // 2))
    engine.actor.on_trade(trade(650.0, OPEN_NS + NS + 1))
    [snapshot] = engine.tick(1)
    np.testing.assert_array_equal(snapshot.bid, [1.0, np.nan, np.nan, np.nan])
    assert snapshot.spot == 600.0
    [following] = engine.tick(2)
    np.testing.assert_array_equal(following.bid, [3.0, 2.0, np.nan, np.nan])
    assert following.spot == 650.0


def test_snapshot_holds_the_newest_quote_of_every_contract() -> None:
    engine = Engine(equity("SPY"))
    engine.quote(0, 1.0, 1.1, at_s=0.5)
    engine.quote(3, 2.0, 2.2, at_s=0.6)
    engine.quote(3, 2.1, 2.3, at_s=0.7)
    [snapshot] = engine.tick(1)
    np.testing.assert_array_equal(snapshot.bid, [1.0, np.nan, np.nan, 2.1])
    np.testing.assert_array_equal(snapshot.ask, [1.1, np.nan, np.nan, 2.3])
    np.testing.assert_array_equal(snapshot.bid_size, [5, np.nan, np.nan, 5])
    np.testing.assert_array_equal(snapshot.ask_size, [7, np.nan, np.nan, 7])
    np.testing.assert_allclose(snapshot.quote_age_s, [0.5, np.nan, np.nan, 0.3])
    assert math.isnan(snapshot.spot)


def test_snapshot_is_published_when_something_changed_and_else_every_ten_seconds() -> None:
    engine = Engine(equity("SPY"))
    engine.quote(0, 1.0, 1.1, at_s=0)
    published = []
    for at_s in range(1, 50):
        if at_s == 8:
            engine.quote(0, 1.0, 1.1, at_s=8)  # the same prices again are news: their age
        if at_s == 20:
            engine.actor.on_trade(trade(601.0, OPEN_NS + 20 * NS))
        if engine.tick(at_s):
            published.append(at_s)
    assert published == [1, 8, 18, 20, 30, 40]


def test_chain_without_any_quote_is_published_as_unknown() -> None:
    [snapshot] = Engine(equity("SPY")).tick(1)
    assert np.isnan(snapshot.bid).all()
    assert snapshot.analytics.usable == 0


def test_last_prints_are_unknown_until_they_come_and_leave_out_those_after_expiry() -> None:
    engine = Engine(equity("SPY"))
    at, price = engine.actor.last_prints[1]
    assert (at, math.isnan(price)) == (0, True)
    engine.actor.on_trade(trade(600.0, CLOSE_NS - 1))
    engine.actor.on_trade(trade(601.0, CLOSE_NS))
    engine.actor.on_trade(trade(650.0, CLOSE_NS + 1))
    assert engine.actor.last_prints == ((CLOSE_NS - 1, 600.0), (CLOSE_NS, 601.0))


def test_tape_adds_up_what_was_traded_up_to_the_snapshots_instant() -> None:
    engine = Engine(equity("SPY"))
    for at_s, price, size in [(1, 600.0, 10), (2, 601.0, 30), (3.5, 602.0, 100)]:
        engine.actor.on_trade(trade(price, OPEN_NS + round(at_s * NS), size))
    first, second = engine.tick(3)[0].tape, engine.tick(4)[0].tape
    assert (first.ts_event, first.volume, first.turnover) == (OPEN_NS + 2 * NS, 40.0, 24_030.0)
    assert (second.volume, second.turnover) == (140.0, 84_230.0)


def test_trades_before_the_open_are_not_in_the_tape() -> None:
    engine = Engine(equity("SPY"))
    engine.actor.on_trade(trade(599.0, OPEN_NS - NS, 1_000))
    engine.actor.on_trade(trade(600.0, OPEN_NS, 10))
    [chain] = engine.tick(1)
    assert (chain.tape.volume, chain.spot) == (10.0, 600.0)


def test_tape_without_real_sizes_has_no_volume() -> None:
    engine = Engine(equity("SPY"), has_volume=False)
    engine.actor.on_trade(trade(600.0, OPEN_NS + NS))
    tape = engine.tick(2)[0].tape
    assert tape.ts_event == OPEN_NS + NS
    assert np.isnan([tape.volume, tape.turnover]).all()


def test_volatility_index_is_told_as_of_the_views_instant_and_is_no_print() -> None:
    engine = Engine(index("SPX"))
    for value, at_s in [(15.0, 0.5), (16.0, 1.0), (17.0, 1.001)]:
        ts = OPEN_NS + round(at_s * NS)
        engine.actor.on_index_price(IndexPriceUpdate(VIX, Price(value, 2), ts - 5, ts))
    [first] = engine.views(1)
    assert (first.index, first.index_ns) == (16.0, OPEN_NS + NS - 5)
    assert math.isnan(first.chain.spot)
    [second] = engine.views(11)
    assert second.index == 17.0


def test_volatility_index_alone_is_no_reason_to_publish() -> None:
    engine = Engine(equity("SPY"))
    [first] = engine.views(1)
    assert math.isnan(first.index)
    assert first.index_ns == 0
    ts = OPEN_NS + 2 * NS
    engine.actor.on_index_price(IndexPriceUpdate(VIX, Price(15.0, 2), ts, ts))
    assert engine.views(3) == []


def test_views_made_ahead_hold_what_was_known_at_their_instants() -> None:
    columns = ColumnQuotes()
    times = OPEN_NS + np.array([NS // 2, NS, NS + 1, 3 * NS])
    sides = np.array([[bid, bid + 0.1, 5.0, 7.0] for bid in (1.0, 2.0, 3.0, 4.0)])
    columns.add(QuoteColumns(np.array([0, 4, 4, 4, 4]), times, times, sides))
    ticks = [
        trade(600.0, OPEN_NS + NS),
        IndexPriceUpdate(index("DJX").id, Price(1.0, 2), OPEN_NS + NS, OPEN_NS + NS),
        trade(601.0, OPEN_NS + 2 * NS),
        IndexPriceUpdate(VIX, Price(15.0, 2), OPEN_NS + 2 * NS, OPEN_NS + 2 * NS),
        trade(602.0, OPEN_NS + 2 * NS + 1),
    ]
    engine = Engine(equity("SPY"), columns=columns)
    engine.actor.foresee(ticks, OPEN_NS + 3 * NS)
    told = [(*engine.views(at_s), engine.book.bid[0]) for at_s in (1, 2, 3)]
    assert [view.chain.bid[0] for view, _ in told] == [2.0, 3.0, 4.0]
    assert [view.chain.spot for view, _ in told] == [600.0, 601.0, 602.0]
    assert [view.index for view, _ in told][1:] == [15.0, 15.0]
    assert math.isnan(told[0][0].index)
    assert [bid for _, bid in told] == [4.0, 4.0, 4.0]  # all were made with the first
    assert engine.views(4) == []


def test_views_after_what_is_foreseen_are_made_when_they_are_due() -> None:
    columns = ColumnQuotes()
    engine = Engine(equity("SPY"), columns=columns)
    engine.actor.foresee([trade(600.0, OPEN_NS + NS)], OPEN_NS + NS)
    assert [chain.spot for chain in engine.tick(1)] == [600.0]
    engine.actor.foresee([trade(601.0, OPEN_NS + 2 * NS)], OPEN_NS + 2 * NS)
    assert [chain.spot for chain in engine.tick(2)] == [601.0]
    assert [len(engine.tick(at_s)) for at_s in range(3, 13)] == [0] * 9 + [1]


def test_many_views_are_made_ahead_in_several_goes() -> None:
    engine = Engine(equity("SPY"), columns=ColumnQuotes())
    seconds = range(1, 200)
    ticks = [trade(600.0 + at_s, OPEN_NS + at_s * NS) for at_s in seconds]
    engine.actor.foresee(ticks, OPEN_NS + 199 * NS)
    assert [engine.tick(at_s)[0].spot for at_s in seconds] == [600.0 + at_s for at_s in seconds]


def test_view_that_is_asked_for_out_of_turn_is_an_error() -> None:
    engine = Engine(equity("SPY"), columns=ColumnQuotes())
    engine.actor.foresee([], OPEN_NS + 5 * NS)
    engine.tick(1)
    expected = f"Expected the view of {OPEN_NS + 2 * NS} ns to be next, was {OPEN_NS + 3 * NS} ns"
    with pytest.raises(ValueError, match=expected):
        engine.tick(3)


def test_no_view_is_made_ahead_for_expiry_or_later() -> None:
    engine = Engine(equity("SPY"), columns=ColumnQuotes())
    engine.actor.foresee([trade(600.0, CLOSE_NS + NS)], CLOSE_NS + 60 * NS)
    at_s = (CLOSE_NS - OPEN_NS) / NS - 1
    assert len(engine.views(at_s)) == 1
    assert [at_ns for at_ns, _ in engine.actor._views._made] == []
