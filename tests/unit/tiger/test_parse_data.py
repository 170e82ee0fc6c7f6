import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model import Bar, BarType, InstrumentId, MarketStatusAction, Price, Quantity

from tiger_nt.parsing.data import (
    PriceCache,
    QuoteMaker,
    Stamps,
    bar,
    index_price,
    instrument_status,
    trade_tick,
)
from tiger_nt.views import BarView, QuoteView, TickView

OPTION = InstrumentId.from_str("SPY261123C00600000.US")
NOW_MS = 1_795_450_000_000
NOW_NS = NOW_MS * 1_000_000


def quote(bid=1.0, ask=1.02, bid_size=5, ask_size=7, time_ms=NOW_MS - 3):
    view = QuoteView("SPY261123C00600000", bid, ask, bid_size, ask_size, time_ms, NOW_NS - 9)
    stamps = Stamps()
    return QuoteMaker(stamps)(view, OPTION, NOW_NS), stamps


def test_quote_carries_prices_sizes_and_both_times():
    tick, _ = quote()
    assert (tick.bid_price, tick.ask_price) == (Price(1.0, 2), Price(1.02, 2))
    assert (tick.bid_size, tick.ask_size) == (Quantity.from_int(5), Quantity.from_int(7))
    assert (tick.ts_event, tick.ts_init) == (NOW_NS - 3_000_000, NOW_NS)


@pytest.mark.parametrize("bid", [0.0, -1.0, math.nan])
def test_side_without_a_price_has_no_size(bid):
    tick, _ = quote(bid=bid)
    assert tick.bid_price.as_double() == 0
    assert tick.bid_size.as_double() == 0
    assert tick.ask_size.as_double() == 7


def test_crossed_quote_is_passed_on_as_it_is():
    tick, _ = quote(bid=1.1, ask=1.0)
    assert (tick.bid_price, tick.ask_price) == (Price(1.1, 2), Price(1.0, 2))


def test_stamp_ahead_of_our_clock_is_set_back_and_counted():
    tick, stamps = quote(time_ms=NOW_MS + 1500)
    assert tick.ts_event == NOW_NS
    assert (stamps.ahead, stamps.ahead_max_ns) == (1, 1_500_000_000)


def test_stamp_behind_is_left_alone():
    tick, stamps = quote(time_ms=NOW_MS - 60_000)
    assert tick.ts_event == NOW_NS - 60_000_000_000
    assert stamps.ahead == 0


def test_missing_stamp_becomes_the_time_of_receipt():
    tick, stamps = quote(time_ms=0)
    assert tick.ts_event == NOW_NS - 9
    assert stamps.unstamped == 1


@given(st.integers(0, 2 * NOW_MS))
def test_no_event_lies_after_its_delivery(time_ms):
    tick, _ = quote(time_ms=time_ms)
    assert 0 < tick.ts_event <= tick.ts_init == NOW_NS


@given(st.integers(1, 99_999))
def test_cached_price_is_the_price(cents):
    prices = PriceCache()
    assert prices[cents / 100] == prices[cents / 100] == Price(cents / 100, 2)
    assert prices[cents / 100].raw == cents * 10**14


def test_price_cache_stays_bounded():
    prices = PriceCache()
    for cents in range(1, 40_000):
        assert prices[cents / 100].as_double() == cents / 100
    assert len(prices) <= 20_000


def test_print_becomes_a_trade_with_tigers_running_number():
    view = TickView("SPY", 600.12, 100, 42, NOW_MS - 1, NOW_NS - 5)
    trade = trade_tick(view, OPTION, NOW_NS, Stamps())
    assert (trade.price, trade.size) == (Price(600.12, 2), Quantity.from_int(100))
    assert str(trade.trade_id) == "42"
    assert (trade.ts_event, trade.ts_init) == (NOW_NS - 1_000_000, NOW_NS)


@pytest.mark.parametrize(("price", "size"), [(0.0, 1), (math.nan, 1), (600.0, 0)])
def test_print_without_price_or_size_is_none(price, size):
    view = TickView("SPY", price, size, 42, NOW_MS, NOW_NS)
    assert trade_tick(view, OPTION, NOW_NS, Stamps()) is None


def test_level_of_an_index_is_a_price_update_and_none_without_one():
    update = index_price(6000.25, NOW_MS - 2, OPTION, NOW_NS, Stamps())
    assert (update.value, update.ts_event) == (Price(6000.25, 2), NOW_NS - 2_000_000)
    assert index_price(math.nan, NOW_MS, OPTION, NOW_NS, Stamps()) is None


def test_bar_is_stamped_at_its_end():
    bar_type = BarType.from_str(f"{OPTION}-5-MINUTE-LAST-EXTERNAL")
    view = BarView("X", NOW_MS - 600_000, 1.0, 1.5, 0.9, 1.2, 33)
    made = bar(view, bar_type, NOW_NS)
    assert made.ts_event == NOW_NS - 300_000_000_000
    assert (made.high, made.volume) == (Price(1.5, 2), Quantity.from_int(33))


def test_bar_with_a_missing_price_is_none():
    bar_type = BarType.from_str(f"{OPTION}-5-MINUTE-LAST-EXTERNAL")
    view = BarView("X", NOW_MS - 600_000, math.nan, 1.5, 0.9, 1.2, 33)
    assert bar(view, bar_type, NOW_NS) is None


def test_bar_whose_time_is_not_over_is_none():
    bar_type = BarType.from_str(f"{OPTION}-5-MINUTE-LAST-EXTERNAL")

    def started(ago_ms: int) -> Bar | None:
        return bar(BarView("X", NOW_MS - ago_ms, 1.0, 1.5, 0.9, 1.2, 33), bar_type, NOW_NS)

    assert started(299_000) is None
    assert started(300_000) is not None


def test_market_status_in_the_engines_words():
    status = instrument_status("TRADING", OPTION, NOW_NS)
    assert (status.action, status.is_trading) == (MarketStatusAction.TRADING, True)
    closed = instrument_status("MARKET_CLOSED", OPTION, NOW_NS)
    assert (closed.action, closed.is_trading) == (MarketStatusAction.CLOSE, False)


def test_unknown_market_status_says_nothing_but_the_word():
    status = instrument_status("SOMETHING_NEW", OPTION, NOW_NS)
    assert status.action == MarketStatusAction.NONE
    assert (status.reason, status.is_trading) == ("SOMETHING_NEW", None)
