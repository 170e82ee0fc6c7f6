"""What the SDK makes of Tiger's JSON, read as views; the SDK's own parsers stand in between."""

import datetime as dt
import json
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tigeropen.quote.response.addon_entitlement_response import AddonEntitlementResponse
from tigeropen.quote.response.market_status_response import MarketStatusResponse
from tigeropen.quote.response.option_briefs_response import OptionBriefsResponse
from tigeropen.quote.response.option_chains_response import OptionChainsResponse
from tigeropen.quote.response.option_expirations_response import OptionExpirationsResponse
from tigeropen.quote.response.option_quote_bar_response import OptionQuoteBarResponse
from tigeropen.quote.response.quote_bar_response import QuoteBarResponse
from tigeropen.quote.response.stock_briefs_response import StockBriefsResponse
from tigeropen.trade.response.orders_response import OrdersResponse
from tigeropen.trade.response.positions_response import PositionsResponse
from tigeropen.trade.response.prime_assets_response import PrimeAssetsResponse
from tigeropen.trade.response.transactions_response import TransactionsResponse

from tiger_nt.errors import AnswerError
from tiger_nt.parsing import rest as parse
from tiger_nt.parsing import rest_market as market
from tiger_nt.symbols import SymbolError
from tiger_nt.views import BarView, OrderState, OrderView, TradingDayView

EXPIRY_MS = 1_795_410_000_000  # midnight of 2026-11-23 in New York
NOW_NS = 1_795_444_200_123_456_789
ORDER = {
    "id": 44_506_652_990_393_345,
    "orderId": 0,
    "account": "12345678",
    "symbol": "SPY",
    "secType": "OPT",
    "expiry": "20261123",
    "strike": "600.0",
    "right": "CALL",
    "identifier": "SPY   261123C00600000",
    "action": "BUY",
    "orderType": "LMT",
    "limitPrice": 1.25,
    "totalQuantity": 3,
    "totalQuantityScale": 0,
    "filledQuantity": 0,
    "filledQuantityScale": 0,
    "avgFillPrice": 0.0,
    "commission": 0.0,
    "timeInForce": "DAY",
    "status": "Submitted",
    "userMark": "M1",
    "openTime": 1,
    "latestTime": 2,
    "updateTime": 3,
}


def answered(response: Any, data: Any) -> Any:
    response.parse_response_content({"code": 0, "message": "success", "data": data})
    return response


def order(**changes: Any) -> OrderView:
    item = {k: v for k, v in (ORDER | changes).items() if v is not None}
    return parse.order_view(answered(OrdersResponse(), {"items": [item]}).result[0])


def test_order_is_read_whole() -> None:
    assert order() == OrderView(
        id=44_506_652_990_393_345,
        user_mark="M1",
        symbol="SPY261123C00600000",
        sec_type="OPT",
        is_buy=True,
        order_type="LMT",
        quantity=3,
        filled=0,
        limit_price=1.25,
        stop_price=None,
        average_price=pytest.approx(math.nan, nan_ok=True),  # type: ignore[arg-type]
        commission=0.0,
        state=OrderState.HELD,
        reason="",
        updated_ms=3,
    )


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("Initial", 0, OrderState.NEW),
        ("PendingSubmit", 0, OrderState.HELD),
        ("Submitted", 1, OrderState.PARTIALLY_FILLED),
        ("Filled", 3, OrderState.FILLED),
        ("PendingCancel", 1, OrderState.PENDING_CANCEL),
        ("Cancelled", 1, OrderState.CANCELLED),
        ("Inactive", 0, OrderState.REJECTED),
        ("Invalid", 0, OrderState.EXPIRED),
        ("PartiallyFilled", 1, OrderState.UNKNOWN),
        ("Levitating", 0, OrderState.UNKNOWN),
    ],
)
def test_state_of_an_order_is_tigers(status: str, filled: int, state: OrderState) -> None:
    view = order(status=status, filledQuantity=filled, avgFillPrice=1.5)
    assert (view.state, view.filled) == (state, filled)
    assert (view.average_price == 1.5) == (filled > 0)


def test_order_made_in_the_app_has_no_mark_and_its_reason_is_kept() -> None:
    view = order(userMark=None, status="Inactive", remark="201:Order rejected")
    assert (view.user_mark, view.reason) == ("", "201:Order rejected")


@pytest.mark.parametrize(
    ("sec_type", "symbol"), [("FUT", "CLmain"), ("MLEG", "SPY"), ("FUND", "LU1.X")]
)
def test_order_in_another_security_keeps_tigers_name_and_hides_no_other(
    sec_type: str, symbol: str
) -> None:
    changes = {"secType": sec_type, "symbol": symbol, "identifier": symbol}
    view = order(**changes, expiry=None, strike=None, right=None)
    assert (view.sec_type, view.symbol) == (sec_type, symbol)


def test_prices_belong_to_the_order_type() -> None:
    stop = order(orderType="STP_LMT", auxPrice=1.5, action="SELL")
    assert (stop.limit_price, stop.stop_price, stop.is_buy) == (1.25, 1.5, False)
    market = order(orderType="MKT", limitPrice=0.0, auxPrice=0.0)
    assert (market.limit_price, market.stop_price) == (None, None)


def test_option_without_identifier_is_known_by_its_terms_to_the_mill() -> None:
    assert order(identifier=None, strike="64.1").symbol == "SPY261123C00064100"
    assert order(identifier=None, strike=2.01, right="PUT").symbol == "SPY261123P00002010"


def test_commission_that_is_not_said_is_not_zero() -> None:
    assert math.isnan(order(commission=None).commission)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "HOLD"},
        {"id": 4.4506652990393345e16},
        {"identifier": None, "strike": "600.0001"},
        {"identifier": None, "strike": "Infinity"},
        {"identifier": None, "strike": "six"},
        {"totalQuantity": float("inf")},
        {"totalQuantity": None},
        {"identifier": None, "right": "MAYBE"},
        {"totalQuantity": 25, "totalQuantityScale": 1},
    ],
)
def test_order_at_odds_with_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AnswerError, match="Expected"):
        order(**changes)


def test_option_that_no_symbol_can_carry_is_refused() -> None:
    with pytest.raises(SymbolError, match="Expected"):
        order(identifier="SPY 261123X00600000")


def positions(*items: dict[str, Any]) -> Any:
    shared = {"account": "1", "currency": "USD", "averageCost": 2.5, "market": "US"}
    return answered(PositionsResponse(), {"items": [shared | item for item in items]}).positions


def test_positions_are_signed_and_parts_of_shares_are_left_out_by_name() -> None:
    found = positions(
        {"symbol": "SPY", "secType": "OPT", "identifier": "SPY   261123P00600000", "position": -2},
        {"symbol": "AAPL", "secType": "STK", "position": 12345, "positionScale": 4},
        {"symbol": "QQQ", "secType": "STK", "position": 700, "positionScale": 2},
    )
    views, left_out = parse.readable(found, parse.position_view)
    assert [(view.symbol, view.quantity, view.average_cost) for view in views] == [
        ("SPY261123P00600000", -2, 2.5),
        ("QQQ", 7, 2.5),
    ]
    assert left_out == ["AAPL"]


def test_part_of_an_option_is_an_error_and_not_left_out() -> None:
    name = "SPY   261123P00600000"
    found = positions(
        {"symbol": "SPY", "secType": "OPT", "identifier": name, "position": 5, "positionScale": 1}
    )
    with pytest.raises(AnswerError, match=r"position: Expected a whole number, was 0\.5"):
        parse.readable(found, parse.position_view)


def test_transaction_takes_its_time_from_the_milliseconds() -> None:
    item = {k: ORDER[k] for k in ("symbol", "secType", "identifier", "expiry", "strike", "right")}
    item |= {
        "id": 9,
        "orderId": ORDER["id"],
        "action": "SELL",
        "filledQuantity": 20,
        "filledQuantityScale": 1,
        "filledPrice": 1.3,
        "transactedAt": "2026-11-23 22:31:00",
        "transactionTime": 1_795_444_260_000,
    }
    view = parse.transaction_view(answered(TransactionsResponse(), {"items": [item]}).result[0])
    assert (view.id, view.order_id, view.symbol) == (9, ORDER["id"], "SPY261123C00600000")
    assert (view.is_buy, view.quantity, view.price) == (False, 2, 1.3)
    assert view.time_ms == 1_795_444_260_000


def test_execution_without_a_price_is_refused_and_one_below_zero_is_a_combinations() -> None:
    def view(price: float | None) -> Any:
        item = {"symbol": "SPY", "secType": "MLEG", "id": 1, "orderId": 2, "action": "BUY"}
        item |= {"filledQuantity": 1, "transactionTime": 3, "filledPrice": price}
        return answered(TransactionsResponse(), {"items": [item]}).result[0]

    assert parse.transaction_view(view(-0.35)).price == -0.35
    with pytest.raises(AnswerError, match="filled_price: Expected dollars, was None"):
        parse.transaction_view(view(None))


def test_assets_are_those_of_the_securities_segment_and_nan_where_unsaid() -> None:
    segments = [
        {"category": "C", "netLiquidation": 5.0, "currency": "USD"},
        {"category": "S", "netLiquidation": 10.0, "cashBalance": 4.0, "currency": "USD"},
    ]
    data = {"accountId": "1", "segments": segments}
    view = parse.assets_view(answered(PrimeAssetsResponse(), data).assets)
    assert (view.net_liquidation, view.cash) == (10.0, 4.0)
    assert math.isnan(view.buying_power)
    assert math.isnan(view.init_margin)


@pytest.mark.parametrize("segments", [[], [{"category": "C"}]])
def test_account_without_a_securities_segment_is_refused(segments: list[Any]) -> None:
    assets = answered(PrimeAssetsResponse(), {"accountId": "1", "segments": segments}).assets
    with pytest.raises(AnswerError, match="Expected an account with a segment for securities"):
        parse.assets_view(assets)
    with pytest.raises(AnswerError, match="Expected an account"):
        parse.assets_view(None)


def test_expirations_of_two_roots_are_merged_and_ordered() -> None:
    data = [
        {"symbol": ".SPX", "optionSymbols": ["SPXW"] * 2, "dates": ["2026-11-24", "2026-11-23"]},
        {"symbol": ".SPX", "optionSymbols": ["SPX"], "dates": ["2026-11-24"], "count": 1},
    ]
    table = answered(OptionExpirationsResponse(), data).expirations
    assert market.expiration_dates(table) == [dt.date(2026, 11, 23), dt.date(2026, 11, 24)]


def test_chain_row_without_a_bid_has_a_zero_of_size_zero_and_open_interest_unknown() -> None:
    put = {"identifier": "SPXW  261123P06000000", "strike": "6000.0", "right": "put"}
    call = {"identifier": "SPXW  261123C06000000", "strike": "6000.0", "right": "call"}
    call |= {"bidPrice": 1.0, "bidSize": 3, "askPrice": 1.1, "askSize": 4, "openInterest": 7}
    row = {"put": put | {"askPrice": 0.05, "askSize": 9}, "call": call | {"volume": 11}}
    data = [{"symbol": ".SPX", "expiry": EXPIRY_MS, "items": [row]}]
    views = market.contract_views(answered(OptionChainsResponse(), data).chain, NOW_NS)
    a, b = views
    assert (a.symbol, a.quote.symbol) == ("SPXW261123P06000000", "SPXW261123P06000000")
    assert (a.quote.bid, a.quote.bid_size, a.quote.ask, a.quote.ask_size) == (0.0, 0, 0.05, 9)
    assert (a.volume, a.open_interest) == (0, -1)
    assert (b.quote.bid, b.quote.bid_size, b.volume, b.open_interest) == (1.0, 3, 11, 7)
    assert (b.quote.time_ms, b.quote.received_ns) == (NOW_NS // 1_000_000, NOW_NS)


def test_expiry_that_is_not_listed_has_no_contracts() -> None:
    assert market.contract_views(answered(OptionChainsResponse(), []).chain, NOW_NS) == []


def brief(**changes: Any) -> dict[str, Any]:
    item = {"symbol": "SPY", "strike": "600.0", "right": "call", "expiry": EXPIRY_MS}
    item |= {"bidPrice": 1.0, "bidSize": 2, "askPrice": 1.1, "askSize": 3}
    return item | changes


@pytest.mark.parametrize("strike", ["64.1", "128.7", "2.01", "600.0"])
def test_brief_of_a_strike_the_sdk_truncates_keeps_its_contract(strike: str) -> None:
    table = answered(OptionBriefsResponse(), [brief(strike=strike)]).briefs
    view = market.option_quote_views(table, NOW_NS)[0]
    assert view.symbol == f"SPY261123C{round(float(strike) * 1000):08d}"


@given(st.integers(1, 99_999_999), st.dates(dt.date(2015, 1, 1), dt.date(2040, 12, 31)))
def test_brief_is_of_the_contract_asked_for(mills: int, expiry: dt.date) -> None:
    midnight = pd.Timestamp(expiry, tz="America/New_York")
    dollars = f"{mills // 1000}.{mills % 1000:03d}"
    item = brief(strike=dollars, expiry=int(midnight.timestamp() * 1000), right="put")
    table = answered(OptionBriefsResponse(), [item]).briefs
    assert market.option_quote_views(table, NOW_NS)[0].symbol == f"SPY{expiry:%y%m%d}P{mills:08d}"


def test_brief_says_when_it_was_quoted_or_it_was_when_it_came() -> None:
    timed, untimed = brief(midTimestamp=1_795_444_200_000), brief()
    table = answered(OptionBriefsResponse(), [timed, untimed]).briefs
    views = market.option_quote_views(table, NOW_NS)
    assert [view.time_ms for view in views] == [1_795_444_200_000, NOW_NS // 1_000_000]


def test_briefs_of_stock_and_index_are_read_with_what_they_have() -> None:
    data = [
        {"symbol": "SPY", "latestPrice": 600.1, "latestTime": 5, "bidPrice": 600.0, "bidSize": 2}
        | {"askPrice": 600.2, "askSize": 3},
        {"symbol": ".SPX", "latestPrice": 6001.5, "latestTime": 6},
        {"symbol": "QQQ"},
    ]
    spy, spx, qqq = market.stock_views(answered(StockBriefsResponse(), data).briefs, NOW_NS)
    assert (spy.last, spy.last_ms, spy.quote.bid, spy.quote.ask_size) == (600.1, 5, 600.0, 3)
    assert (spx.symbol, spx.last, spx.quote.bid, spx.quote.bid_size) == ("SPX", 6001.5, 0.0, 0)
    assert math.isnan(qqq.last)


@pytest.mark.parametrize("price", [-1.0, "x"])
def test_impossible_quote_is_refused(price: Any) -> None:
    table = answered(StockBriefsResponse(), [{"symbol": "SPY", "bidPrice": price}]).briefs
    with pytest.raises(ValueError, match=r"Expected|could not convert"):
        market.stock_views(table, NOW_NS)


def test_bars_come_oldest_first_under_the_symbol_asked_for() -> None:
    items = [
        {"time": time_ms, "open": 1.0, "high": 1.2, "low": 0.9, "close": 1.1, "volume": 4}
        for time_ms in (60_000, 0)
    ]
    data = [{"symbol": "SPY", "expiry": EXPIRY_MS, "right": "CALL", "strike": "64.1"}]
    table = answered(OptionQuoteBarResponse(), [data[0] | {"items": items}]).bars
    bars = market.bar_views(table, "SPY261123C00064100")
    assert [bar.time_ms for bar in bars] == [0, 60_000]
    assert bars[0] == BarView("SPY261123C00064100", 0, 1.0, 1.2, 0.9, 1.1, 4)


STOCK_BAR = {"time": 0, "open": 1.0, "high": 1.2, "low": 0.9, "close": 1.1, "volume": 4}


@pytest.mark.parametrize(
    ("item", "token"),
    [
        ({"nextPageToken": "abc"}, "abc"),
        ({"nextPageToken": None}, None),
        ({"nextPageToken": ""}, None),
        ({}, None),
    ],
)
def test_bars_of_a_stock_say_whether_there_is_another_page(
    item: dict[str, Any], token: str | None
) -> None:
    data = [{"symbol": "SPY", "period": "1min", "items": [STOCK_BAR]} | item]
    table = answered(QuoteBarResponse(), data).result
    assert market.bar_views(table, "SPY") == [BarView("SPY", 0, 1.0, 1.2, 0.9, 1.1, 4)]
    assert market.next_page(table) == token


def test_missing_token_that_pandas_turned_into_a_number_is_the_last_page() -> None:
    assert market.next_page(pd.DataFrame([STOCK_BAR | {"next_page_token": math.nan}])) is None
    assert market.next_page(pd.DataFrame()) is None


def test_no_bars_are_no_bars() -> None:
    assert market.bar_views(answered(OptionQuoteBarResponse(), []).bars, "SPY") == []
    assert market.bar_views(None, "SPY") == []


def test_calendar_is_read_day_by_day() -> None:
    days = [{"date": "2026-11-27", "type": "EARLY_CLOSE"}]
    views = market.trading_day_views(days)
    assert views == [TradingDayView(dt.date(2026, 11, 27), "EARLY_CLOSE")]
    assert market.trading_day_views(None) == []


def test_status_is_that_of_the_us_market() -> None:
    data = [
        {"market": "HK", "status": "CLOSED", "marketStatus": "Closed"},
        {"market": "US", "status": "TRADING", "openTime": "11-23 09:30:00 EST"},
    ]
    markets = answered(MarketStatusResponse(), data).markets
    assert market.us_market_status(markets) == "TRADING"
    with pytest.raises(AnswerError, match="Expected the US among the markets"):
        market.us_market_status(markets[:1])


def test_permissions_in_force_are_granted_and_past_ones_not() -> None:
    found = [
        {"name": "usQuoteBasic", "expire_at": -1},
        {"name": "usOptionQuote", "expire_at": 1_001},
        {"name": "hkStockQuoteLv2", "expire_at": 1_000},
    ]
    assert market.granted(found, 1_000) == ["usQuoteBasic", "usOptionQuote"]
    assert market.granted(None, 1_000) == []


def test_limits_that_tiger_says_are_read_and_others_missing() -> None:
    data = {"userLevel": 1, "effectiveEntitlement": {"subscribeLimit": 100, "highFreqLimit": 120}}
    entitlement = answered(AddonEntitlementResponse(), json.dumps(data)).result
    assert market.entitlement_limits(entitlement) == {
        "subscribe_limit": 100,
        "high_freq_limit": 120,
    }
    assert market.entitlement_limits(None) == {}
