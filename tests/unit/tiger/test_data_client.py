"""The data client inside a real node, against a stand-in for the login."""

import datetime as dt
import time
from functools import partial

import pytest
from engine_log import logged
from nautilus_trader.model import BarType, BookType, ClientId, OptionSeriesId, StrikeRange
from tiger_data_node import (
    DAY,
    LISTINGS,
    NAME,
    SPOT,
    SPX,
    FakeConnection,
    FakePush,
    FakeRest,
    fair,
    instrument_id,
    run_node,
    symbol,
    view,
)

from tiger_nt.errors import TigerRequestError
from tiger_nt.link_data import LINK_DATA_TYPE
from tiger_nt.push_topics import Topic
from tiger_nt.symbols import option_terms
from tiger_nt.views import LinkEvent, LinkState, QuotaView, QuoteView, TickView


def test_quotes_of_a_subscribed_option_arrive_with_both_times():
    name = symbol(600)

    async def script(run):
        await run.wait(lambda: name in run.push.quotes)
        run.quotes(view(name, 1.0, 1.1))
        (quote,) = await run.received("QuoteTick")
        assert str(quote.instrument_id) == f"{name}.US"
        assert 0 <= quote.ts_init - quote.ts_event < 60 * 10**9

    assert run_node(lambda actor: actor.subscribe_quotes(instrument_id(name)), script)


def test_one_sided_crossed_and_unlisted_quotes():
    name = symbol(600)

    async def script(run):
        await run.wait(lambda: name in run.push.quotes)
        run.quotes(
            view("QQQ261123C00600000"), view(name, 0.0, 1.1), view(name, 1.2, 1.1), view(name)
        )
        one_sided, crossed, _ = await run.received("QuoteTick", 3)
        assert (one_sided.bid_price.as_double(), one_sided.bid_size.as_double()) == (0, 0)
        assert crossed.bid_price > crossed.ask_price
        assert run.client.counters.unlisted == 1
        assert run.client.counters.quotes == 3

    assert run_node(lambda actor: actor.subscribe_quotes(instrument_id(name)), script)


def test_underlying_and_held_are_pushed_unasked_and_the_rest_is_polled_within_the_quota():
    held = symbol(480)  # outside the window

    def begin(actor):
        for strike in (602, 600, 601):
            actor.subscribe_quotes(instrument_id(symbol(strike)))

    async def script(run):
        await run.wait(lambda: run.client.plan.poll)
        assert run.push.quotes == {"SPY", held, symbol(600)}
        assert run.client.plan.poll == (symbol(601), symbol(602))
        assert {str(q.instrument_id) for q in (await run.received("QuoteTick", 2))} == {
            f"{symbol(601)}.US",
            f"{symbol(602)}.US",
        }
        assert run.connection.rest.asked[0] == [symbol(601), symbol(602)]
        assert run.push.most == 3

    connection = FakeConnection(push=FakePush(quota=8, used=4))
    assert run_node(
        begin, script, connection, quota_reserve=1, held=lambda: [held], poll_interval_s=0.05
    )


def test_plan_follows_spot_and_new_strikes_are_listed():
    def begin(actor):
        actor.subscribe_instruments(LISTINGS.venue)
        for strike in (598, 603):
            actor.subscribe_quotes(instrument_id(symbol(strike)))

    async def script(run):
        await run.wait(lambda: symbol(598) in run.push.quotes)
        run.quotes(view("SPY", 604.99, 605.01))
        await run.wait(lambda: run.push.quotes == {"SPY", symbol(603)})
        await run.wait(lambda: run.actor.cache.instrument(instrument_id(symbol(608))) is not None)
        assert run.actor.cache.instrument(instrument_id(symbol(598))) is not None

    connection = FakeConnection(push=FakePush(quota=2))
    assert run_node(begin, script, connection)


def test_unsubscribed_quotes_give_their_place_back():
    first, second = symbol(600), symbol(602)

    def begin(actor):
        actor.subscribe_quotes(instrument_id(first))
        actor.subscribe_quotes(instrument_id(second))
        actor.clock.set_timer_ns("later", 100_000_000, callback=lambda event: leave(actor))

    def leave(actor):
        actor.unsubscribe_quotes(instrument_id(first))
        actor.clock.cancel_timer("later")

    async def script(run):
        await run.wait(lambda: run.push.quotes == {"SPY", second})

    assert run_node(begin, script, FakeConnection(push=FakePush(quota=2)))


def test_symbol_tiger_refuses_is_polled():
    name = symbol(600)

    async def script(run):
        await run.wait(lambda: name in run.push.quotes)
        run.connection.tell("on_refused", Topic.QUOTES, [name], "You don't have permission")
        await run.wait(lambda: name in run.client.plan.poll)
        assert await run.received("QuoteTick")

    assert run_node(
        lambda actor: actor.subscribe_quotes(instrument_id(name)), script, poll_interval_s=0.05
    )


def test_trades_of_the_underlying_arrive():
    async def script(run):
        await run.wait(lambda: run.push.ticks == {"SPY"})
        now_ns = time.time_ns()
        ticks = [TickView("SPY", 600.25, 100, 7, now_ns // 1_000_000, now_ns)]
        run.connection.tell("on_ticks", [*ticks, TickView("SPY", 600.25, 0, 8, 1, now_ns)])
        (trade,) = await run.received("TradeTick")
        assert trade.price.as_double() == 600.25
        assert run.client.counters.empty_trades == 1

    assert run_node(lambda actor: actor.subscribe_trades(instrument_id("SPY")), script)


def test_levels_of_an_index_are_polled():
    async def script(run):
        update = (await run.received("IndexPriceUpdate"))[0]
        assert (str(update.instrument_id), update.value.as_double()) == ("SPX.US", SPOT)
        assert run.push.quotes == set()

    assert run_node(
        lambda actor: actor.subscribe_index_prices(instrument_id("SPX")),
        script,
        underlyings=(SPX,),
    )


def test_level_of_another_index_is_listed_and_polled_when_asked_for():
    async def script(run):
        update = (await run.received("IndexPriceUpdate"))[0]
        assert str(update.instrument_id) == "VIX.US"
        assert "VIX" not in run.client.spots

    assert run_node(lambda actor: actor.subscribe_index_prices(instrument_id("VIX")), script)


def chain_subscription(underlying="SPY"):
    root = {"SPY": "SPY", "SPX": "SPXW"}[underlying]
    expiry_ns = LISTINGS.contract(option_terms(symbol(600, root=root))).expiration_ns

    def begin(actor):
        series = OptionSeriesId("US", underlying, "USD", expiry_ns)
        actor.subscribe_option_chain(
            series, StrikeRange.atm_relative(2, 2), snapshot_interval_ms=100
        )

    return begin


def test_chain_of_the_engine_has_greeks():
    async def script(run):
        names = [symbol(strike, right) for strike in range(598, 603) for right in "CP"]
        await run.wait(lambda: set(names) < run.push.quotes)
        run.quotes(view("SPY", 600.29, 600.31), *(fair(name) for name in names))
        await run.wait(lambda: any(_has_greeks(c) for c in run.actor.kinds("OptionChainSlice")))
        chain = next(c for c in run.actor.kinds("OptionChainSlice") if _has_greeks(c))
        strike = chain.atm_strike
        assert strike.as_double() == 600
        assert chain.strike_count() == 5
        call, put = chain.get_call_greeks(strike), chain.get_put_greeks(strike)
        assert call.underlying_price == pytest.approx(600.3)
        assert call.delta - put.delta == pytest.approx(1, abs=0.02)
        assert call.open_interest == 12
        assert await run.received("InstrumentStatus")

    def begin(actor):
        chain_subscription()(actor)
        actor.subscribe_instrument_status(instrument_id("SPY"))

    assert run_node(begin, script)


def test_chain_of_the_engine_moves_with_spot():
    async def script(run):
        await run.wait(lambda: symbol(600) in run.push.quotes)
        names = [symbol(strike, right) for strike in range(596, 608) for right in "CP"]
        run.quotes(view("SPY", 603.29, 603.31))

        def has_moved():
            run.quotes(*(fair(name, 603.3) for name in names if name in run.push.quotes))
            return symbol(605) in run.push.quotes and symbol(598) not in run.push.quotes

        await run.wait(has_moved)

    assert run_node(chain_subscription(), script)


def _has_greeks(chain):
    return bool(chain.strikes()) and all(
        chain.get_call_greeks(k) and chain.get_put_greeks(k) for k in chain.strikes()
    )


def test_chain_on_an_index_gets_its_spot_from_polled_levels():
    async def script(run):
        names = [symbol(600, right, "SPXW") for right in "CP"]
        await run.wait(lambda: set(names) < run.push.quotes)
        run.quotes(*(fair(name) for name in names))
        await run.wait(lambda: any(greeks_at(c) for c in run.actor.kinds("OptionChainSlice")))

    def greeks_at(chain):
        strike = next(k for k in chain.strikes() if k.as_double() == 600) if chain.strikes() else 0
        return strike and chain.get_call_greeks(strike) is not None

    assert run_node(chain_subscription("SPX"), script, underlyings=(SPX,))


def test_link_changes_reach_a_subscriber_with_the_gap():
    async def script(run):
        await run.received("TigerLink")
        run.connection.tell("on_link", LinkEvent(LinkState.DOWN, 50, "reset by peer"))
        run.connection.tell("on_link", LinkEvent(LinkState.UP, 90, "", gap_from_ns=50))
        now, down, up = await run.received("TigerLink", 3)
        assert (now.state, now.gap_from_ns) == ("UP", 0)
        assert (down.state, down.reason, down.gap_from_ns) == ("DOWN", "reset by peer", 0)
        assert (up.state, up.gap_from_ns, up.gap_to_ns) == ("UP", 50, 90)
        assert up.reason == "reset by peer"
        assert up.ts_event == 90 < up.ts_init

    assert run_node(lambda actor: actor.subscribe_data(LINK_DATA_TYPE, ClientId(NAME)), script)


def test_quota_is_read_again_after_a_reconnect():
    names = {symbol(600), symbol(601)}

    def begin(actor):
        for name in names:
            actor.subscribe_quotes(instrument_id(name))

    async def script(run):
        await run.wait(lambda: len(run.push.quotes) == 2)
        run.push.limit = QuotaView(3, 0)
        run.connection.tell("on_link", LinkEvent(LinkState.UP, 90, "", gap_from_ns=50))
        await run.wait(lambda: run.push.quotes == {"SPY", *names})

    assert run_node(begin, script, FakeConnection(push=FakePush(quota=2)))


async def ends_by_itself(run, cause):
    """Return once the node has stopped because of what `cause` does."""
    cause()
    await run.wait(lambda: not run.client.is_connected, "stop")


@pytest.mark.parametrize("state", [LinkState.KICKED, LinkState.REFUSED])
def test_final_loss_of_the_connection_ends_the_node(state):
    async def script(run):
        event = LinkEvent(state, 90, "another device")
        await ends_by_itself(run, lambda: run.connection.tell("on_link", event))

    assert not run_node(lambda actor: None, script)


def test_error_in_the_data_path_ends_the_node():
    async def script(run):
        broken = QuoteView("SPY", 1e30, 2e30, 1, 1, 1, 1)  # beyond what the engine can hold
        await ends_by_itself(run, lambda: run.quotes(broken))

    assert not run_node(lambda actor: None, script)


def test_data_that_is_not_served_ends_the_node_with_a_reason(capfd):
    async def script(run):
        await ends_by_itself(run, lambda: None)

    def begin(actor):
        actor.subscribe_book_deltas(instrument_id("SPY"), BookType.L2_MBP)

    assert not run_node(begin, script)
    assert "Book deltas of SPY.US: not served" in logged(capfd)


def test_option_bars_are_answered():
    bar_type = f"{symbol(600)}.US-5-MINUTE-LAST-EXTERNAL"

    def begin(actor):
        actor.request_bars(BarType.from_str(bar_type))

    async def script(run):
        (bar,) = await run.received("Bar")
        assert bar.close.as_double() == 1.1

    assert run_node(begin, script)


@pytest.mark.parametrize("length", ["3-MINUTE", "10-MINUTE", "1-HOUR"])
def test_stock_bars_are_answered(length):
    def begin(actor):
        actor.request_bars(BarType.from_str(f"SPY.US-{length}-LAST-EXTERNAL"))

    async def script(run):
        (bar,) = await run.received("Bar")
        assert (bar.close.as_double(), bar.volume.as_double()) == (600.25, 1_000)

    assert run_node(begin, script)


@pytest.mark.parametrize(
    ("bars", "reason"),
    [
        ("SPY.US-1-DAY-LAST", "Expected LAST bars of (1, 3, 5, 10, 15, 30, 60) minutes; no daily"),
        (
            "SPY.US-1-MINUTE-MID",
            "Expected LAST bars of (1, 3, 5, 10, 15, 30, 60) minutes; no daily",
        ),
        (
            f"{symbol(600)}.US-3-MINUTE-LAST",
            "Expected LAST bars of (1, 5, 30, 60) minutes; no daily",
        ),
        ("VIX.US-1-MINUTE-LAST", "Expected a listed stock or an option of the day's chains"),
    ],
)
def test_bars_that_tiger_has_not_are_refused_with_the_reason(bars, reason, capfd):
    async def script(run):
        await ends_by_itself(run, lambda: None)

    def begin(actor):
        actor.request_bars(BarType.from_str(f"{bars}-EXTERNAL"))

    assert not run_node(begin, script)
    assert f"Bars {bars}-EXTERNAL: {reason}" in logged(capfd)


def test_bars_that_cannot_be_had_end_no_node(capfd):
    class Silent(FakeRest):
        async def option_bars(self, name, minutes, begin_ms, end_ms):
            raise TigerRequestError("option_kline: no answer in time")

    def begin(actor):
        actor.request_bars(BarType.from_str(f"{symbol(600)}.US-5-MINUTE-LAST-EXTERNAL"))
        actor.subscribe_quotes(instrument_id(symbol(600)))

    async def script(run):
        await run.wait(lambda: symbol(600) in run.push.quotes)

    assert run_node(begin, script, FakeConnection(rest=Silent()))
    assert "cannot be had, the request is not answered" in logged(capfd)


def test_contract_outside_the_window_can_be_asked_for():
    name = symbol(590)

    def begin(actor):
        assert actor.cache.instrument(instrument_id(name)) is None
        actor.request_instrument(instrument_id(name))

    async def script(run):
        await run.wait(lambda: run.actor.cache.instrument(instrument_id(name)) is not None)

    assert run_node(begin, script)


def test_refused_prints_end_the_node():
    async def script(run):
        refuse = partial(
            run.connection.tell, "on_refused", Topic.TICKS, ["SPY"], "code=4 no permission"
        )
        await ends_by_itself(run, refuse)

    assert not run_node(lambda actor: actor.subscribe_trades(instrument_id("SPY")), script)


def test_day_without_an_expiry_keeps_the_node_from_starting(capfd):
    connection = FakeConnection()
    connection.rest.chain_day = DAY + dt.timedelta(days=1)

    async def script(run):
        assert not run.client.is_connected

    assert not run_node(lambda actor: None, script, connection)
    assert f"next expiries: {DAY + dt.timedelta(days=1)}" in logged(capfd)


def test_stamps_ahead_of_the_clock_are_warned_of_once(capfd):
    async def script(run):
        ahead_ms = time.time_ns() // 1_000_000 + 600_000
        for _ in range(2):
            run.quotes(view("SPY", 600.0, 600.02, ahead_ms))
            run.client.review.set()
            await run.wait(lambda: not run.client.review.is_set())
        assert run.client.counters.ahead == 2

    assert run_node(lambda actor: None, script)
    assert logged(capfd).count("ahead of this machine's clock") == 1


def test_tiger_is_asked_something_when_no_answer_of_late_tells_its_time(monkeypatch):
    monkeypatch.setattr("tiger_nt.data._TIME_S", 0.01)
    connection = FakeConnection()
    offsets = [0.1, None, None, 0.1]
    asked = []

    async def market_status():
        asked.append(len(offsets))
        if len(asked) == 1:
            raise TigerRequestError("market_state: no answer")

    connection.rest.clock_offset_s = lambda _within_s: offsets.pop(0) if len(offsets) > 1 else 0.1
    connection.rest.market_status = market_status

    async def script(run):
        await run.wait(lambda: len(offsets) == 1)

    assert run_node(lambda actor: None, script, connection)
    assert asked == [2, 1]


def test_greeks_of_one_option_come_and_end_with_the_subscription():
    name = symbol(600)

    def begin(actor):
        actor.subscribe_option_greeks(instrument_id(name))
        actor.end = lambda: actor.unsubscribe_option_greeks(instrument_id(name))

    async def script(run):
        await run.wait(lambda: name in run.push.quotes)
        run.quotes(view("SPY", 600.29, 600.31), fair(name))
        (greeks,) = (await run.received("OptionGreeks"))[:1]
        assert greeks.underlying_price == pytest.approx(600.3)
        run.actor.end()
        await run.wait(lambda: run.push.quotes == {"SPY"})
        assert name not in run.client.greeks

    assert run_node(begin, script)


def test_quota_that_cannot_be_read_is_asked_for_again(capfd):
    async def script(run):
        answers = [TigerRequestError("push: no answer"), QuotaView(3, 0)]

        async def quota():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        run.push.quota = quota
        run.connection.tell("on_link", LinkEvent(LinkState.UP, 90, "", gap_from_ns=50))
        await run.wait(lambda: not answers)

    assert run_node(lambda actor: None, script)
    assert "the last one holds: push: no answer" in logged(capfd)
