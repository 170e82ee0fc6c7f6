import contextlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st
from tiger_push_server import message, quote
from tigeropen.push.pb.AssetData_pb2 import AssetData
from tigeropen.push.pb.OrderStatusData_pb2 import OrderStatusData
from tigeropen.push.pb.OrderTransactionData_pb2 import OrderTransactionData
from tigeropen.push.pb.PositionData_pb2 import PositionData
from tigeropen.push.pb.QuoteData_pb2 import QuoteData
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon
from tigeropen.push.pb.TradeTickData_pb2 import TradeTickData

from tiger_nt.parsing.push import (
    FrameError,
    assets_view,
    is_complete,
    order_view,
    position_view,
    quota_view,
    quote_symbol,
    quote_view,
    tick_views,
    transaction_view,
)
from tiger_nt.symbols import SymbolError
from tiger_nt.views import (
    AssetsView,
    CommandStatus,
    OrderState,
    OrderView,
    PositionView,
    QuotaView,
    QuoteView,
    TickView,
    TransactionView,
)

OCC = "SPY   261123C00600000"
FOUR_PARTS = "SPY 20261123 600.0 CALL"
COMPACT = "SPY261123C00600000"

prices = st.integers(0, 1_000_000).map(lambda cents: cents / 100)
sizes = st.integers(0, 10**6)


def read_quote(data: Any, received_ns: int, previous: QuoteView | None) -> QuoteView | None:
    return quote_view(data, quote_symbol(data), received_ns, previous)


def quote_data(**fields: Any) -> Any:
    return message(
        SocketCommon.Quote, **({"symbol": "SPY", "timestamp": 1_000} | fields)
    ).body.quoteData


def order_data(**fields: Any) -> Any:
    given = {
        "id": 44_000_000_000_000_001,
        "account": "123456789",
        "symbol": "SPY",
        "identifier": OCC,
        "secType": "OPT",
        "action": "BUY",
        "orderType": "LMT",
        "totalQuantity": 3,
        "limitPrice": 1.25,
        "status": "Submitted",
        "userMark": "mark",
        "updateTime": 2_000,
    }
    return message(SocketCommon.OrderStatus, **(given | fields)).body.orderStatusData


def tick_data(**fields: Any) -> Any:
    return message(SocketCommon.TradeTick, **({"symbol": "SPY"} | fields)).body.tradeTickData


class TestQuotes:
    @pytest.mark.parametrize("symbol", [OCC, FOUR_PARTS, COMPACT])
    def test_option_in_any_of_tigers_forms_gets_the_engines_symbol(self, symbol: str) -> None:
        view = read_quote(quote(symbol).body.quoteData, 5, None)
        assert view == QuoteView(COMPACT, 1.0, 1.1, 5, 7, 1_000, 5)

    def test_identifier_goes_before_a_symbol_that_is_only_the_underlyings(self) -> None:
        view = read_quote(quote("SPY", identifier=OCC).body.quoteData, 5, None)
        assert view is not None
        assert view.symbol == COMPACT

    def test_frame_without_bid_and_ask_is_no_quote_even_after_a_complete_one(self) -> None:
        before = read_quote(quote("SPY").body.quoteData, 5, None)
        basic = quote_data(latestPrice=600.0, preClose=599.0, type=SocketCommon.BASIC)
        assert read_quote(basic, 6, before) is None

    def test_side_that_was_never_told_is_unknown_and_not_zero(self) -> None:
        view = read_quote(quote_data(askPrice=1.1, askSize=7), 5, None)
        assert view is not None
        assert math.isnan(view.bid)
        assert not is_complete(view)

    def test_price_without_its_size_is_not_complete(self) -> None:
        view = read_quote(quote_data(askPrice=1.1, askSize=7, bidPrice=1.0), 5, None)
        assert view is not None
        assert not is_complete(view)

    def test_absent_side_of_an_all_frame_keeps_its_last_value(self) -> None:
        before = read_quote(quote("SPY").body.quoteData, 5, None)
        update = quote_data(type=SocketCommon.ALL, askPrice=1.2, askSize=9, latestPrice=1.15)
        assert read_quote(update, 6, before) == QuoteView("SPY", 1.0, 1.2, 5, 9, 1_000, 6)

    def test_bid_of_zero_that_was_sent_replaces_the_last_bid(self) -> None:
        before = read_quote(quote("SPY").body.quoteData, 5, None)
        view = read_quote(quote_data(bidPrice=0.0, bidSize=0), 6, before)
        assert view is not None
        assert (view.bid, view.bid_size, view.ask) == (0.0, 0, 1.1)
        assert is_complete(view)

    @pytest.mark.parametrize(
        "fields",
        [
            {"bidPrice": -0.01},
            {"askPrice": math.nan},
            {"askPrice": math.inf},
            {"bidSize": -1},
            {"askSize": -1},
        ],
    )
    def test_impossible_price_or_size_is_an_error(self, fields: dict[str, Any]) -> None:
        with pytest.raises(FrameError, match="SPY: Expected"):
            read_quote(quote("SPY", **fields).body.quoteData, 5, None)

    def test_symbol_that_names_nothing_is_an_error(self) -> None:
        with pytest.raises(SymbolError):
            read_quote(quote("SPY 20261123 600.0").body.quoteData, 5, None)

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, 1_000),
            ({"bidTimestamp": 900, "askTimestamp": 950}, 950),
            ({"askTimestamp": 950}, 950),
            ({"askTimestamp": 10**18}, 1_000),
            ({"askTimestamp": 950, "timestamp": 0}, 950),
        ],
        ids=["frame only", "newer side", "one side", "side after its frame", "sides only"],
    )
    def test_time_is_the_newer_sides_but_never_after_the_frames(
        self, fields: dict[str, Any], expected: int
    ) -> None:
        view = read_quote(quote("SPY", **fields).body.quoteData, 5, None)
        assert view is not None
        assert view.time_ms == expected

    @given(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "bidPrice": prices,
                    "bidSize": sizes,
                    "askPrice": prices,
                    "askSize": sizes,
                },
            )
        )
    )
    def test_any_sequence_of_parts_adds_up_to_the_last_value_of_each(
        self, parts: list[dict[str, Any]]
    ) -> None:
        told: dict[str, Any] = {}
        view: QuoteView | None = None
        for part in parts:
            found = read_quote(quote_data(**part), 5, view)
            assert (found is None) == (not part)
            view = found or view
            told |= part
        if view is None:
            assert not told
            return
        assert is_complete(view) == (len(told) == 4)
        if is_complete(view):
            assert (view.bid, view.bid_size) == (told["bidPrice"], told["bidSize"])
            assert (view.ask, view.ask_size) == (told["askPrice"], told["askSize"])


class TestTicks:
    def test_prices_and_times_are_expanded(self) -> None:
        data = tick_data(
            symbol=OCC,
            sn=7,
            priceBase=100,
            priceOffset=2,
            price=[0, 5],
            time=[1_000, 3],
            volume=[1, 2],
        )
        assert tick_views(data, 9) == [
            TickView(COMPACT, 1.0, 1, 7, 1_000, 9),
            TickView(COMPACT, 1.05, 2, 8, 1_003, 9),
        ]

    @given(
        st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**4))),
        st.integers(0, 4),
    )
    def test_compressed_prints_come_back_as_they_were(
        self, prints: list[tuple[int, int, int]], decimals: int
    ) -> None:
        base = min((price for price, _, _ in prints), default=0)
        data = tick_data(
            priceBase=base,
            priceOffset=decimals,
            price=[price - base for price, _, _ in prints],
            volume=[volume for _, volume, _ in prints],
            time=[step for _, _, step in prints],
        )
        views = tick_views(data, 9)
        assert [view.price for view in views] == [price / 10**decimals for price, _, _ in prints]
        assert [view.size for view in views] == [volume for _, volume, _ in prints]
        elapsed = 0
        for view, (_, _, step) in zip(views, prints, strict=True):
            elapsed += step
            assert view.time_ms == elapsed

    @pytest.mark.parametrize(
        "fields",
        [
            {"price": [1], "time": [1], "volume": []},
            {"price": [1], "time": [], "volume": [1]},
            {"price": [-1], "time": [1], "volume": [1]},
            {"price": [1], "time": [1], "volume": [-1]},
            {"price": [1], "time": [1], "volume": [1], "priceOffset": 13},
            {"price": [1], "time": [1], "volume": [1], "priceOffset": -1},
        ],
    )
    def test_prints_that_contradict_themselves_are_an_error(self, fields: dict[str, Any]) -> None:
        with pytest.raises(FrameError, match="SPY: Expected"):
            tick_views(tick_data(**fields), 9)


class TestOrders:
    def test_every_field_is_taken_over(self) -> None:
        data = order_data(
            filledQuantity=1,
            avgFillPrice=1.24,
            stopPrice=1.5,
            commissionAndFee=2.99,
            errorMsg="why",
            replaceStatus="RECEIVED",
            cancelStatus="FAILED",
            timeInForce="GTC",
            latestTime=2_500,
        )
        assert order_view(data) == OrderView(
            id=44_000_000_000_000_001,
            user_mark="mark",
            symbol=COMPACT,
            sec_type="OPT",
            is_buy=True,
            order_type="LMT",
            quantity=3,
            filled=1,
            limit_price=1.25,
            stop_price=1.5,
            average_price=1.24,
            commission=2.99,
            state=OrderState.PARTIALLY_FILLED,
            reason="why",
            replace_status=CommandStatus.RECEIVED,
            cancel_status=CommandStatus.FAILED,
            time_in_force="GTC",
            updated_ms=2_500,
        )

    def test_what_a_fresh_market_order_does_not_have_is_unknown(self) -> None:
        view = order_view(order_data(orderType="MKT", limitPrice=0.0))
        assert (view.limit_price, view.stop_price) == (None, None)
        assert math.isnan(view.average_price)
        assert (view.replace_status, view.cancel_status) == (CommandStatus.NONE, CommandStatus.NONE)

    @pytest.mark.parametrize(
        ("status", "filled", "state"),
        [
            ("Initial", 0, OrderState.NEW),
            ("PendingSubmit", 0, OrderState.HELD),
            ("Submitted", 0, OrderState.HELD),
            ("Submitted", 1, OrderState.PARTIALLY_FILLED),
            ("Filled", 3, OrderState.FILLED),
            ("PendingCancel", 0, OrderState.PENDING_CANCEL),
            ("Cancelled", 1, OrderState.CANCELLED),
            ("Inactive", 0, OrderState.REJECTED),
            ("Invalid", 0, OrderState.EXPIRED),
            ("PartiallyFilled", 1, OrderState.UNKNOWN),
            ("", 0, OrderState.UNKNOWN),
            ("Something new", 0, OrderState.UNKNOWN),
        ],
    )
    def test_state_is_the_sdks_reading_of_tigers_word(
        self, status: str, filled: int, state: OrderState
    ) -> None:
        assert order_view(order_data(status=status, filledQuantity=filled)).state is state

    def test_scaled_quantities_are_whole_contracts_again(self) -> None:
        data = order_data(
            totalQuantity=300, totalQuantityScale=2, filledQuantity=10, filledQuantityScale=1
        )
        view = order_view(data)
        assert (view.quantity, view.filled) == (3, 1)

    @pytest.mark.parametrize("scale", [3, -1, 2**31 - 1])
    def test_quantity_that_is_not_whole_is_an_error(self, scale: int) -> None:
        with pytest.raises(FrameError, match="totalQuantity: Expected a whole number"):
            order_view(order_data(totalQuantity=1_500, totalQuantityScale=scale))

    def test_option_without_identifier_is_put_together_from_its_parts(self) -> None:
        data = order_data(identifier="", expiry="20261123", strike="600.0", right="PUT")
        assert order_view(data).symbol == "SPY261123P00600000"

    def test_stock_has_its_own_symbol(self) -> None:
        assert order_view(order_data(identifier="", secType="STK")).symbol == "SPY"

    @pytest.mark.parametrize(
        "fields", [{"action": "HOLD"}, {"cancelStatus": "MAYBE"}], ids=["side", "command"]
    )
    def test_word_outside_the_protocol_is_an_error(self, fields: dict[str, str]) -> None:
        with pytest.raises(FrameError, match="Expected"):
            order_view(order_data(**fields))

    def test_time_falls_back_to_the_frames(self) -> None:
        assert order_view(order_data(updateTime=0, timestamp=3_000)).updated_ms == 3_000


def test_news_of_another_security_keep_tigers_name() -> None:
    future = {"secType": "FUT", "symbol": "CLmain", "identifier": "CL2612"}
    assert order_view(order_data(**future)).symbol == "CLmain"
    execution = OrderTransactionData(
        id=1, orderId=2, action="BUY", filledQuantity=1, filledPrice=70.0, **future
    )
    assert transaction_view(execution).symbol == "CLmain"


def test_transaction_is_read() -> None:
    data = message(
        SocketCommon.OrderTransaction,
        id=5,
        orderId=44_000_000_000_000_001,
        identifier=OCC,
        symbol="SPY",
        secType="OPT",
        action="SELL",
        filledPrice=1.3,
        filledQuantity=2,
        transactTime=4_000,
    )
    assert transaction_view(data.body.orderTransactionData) == TransactionView(
        id=5,
        order_id=44_000_000_000_000_001,
        symbol=COMPACT,
        sec_type="OPT",
        is_buy=False,
        quantity=2,
        price=1.3,
        time_ms=4_000,
    )


def test_short_position_is_read_with_its_sign() -> None:
    data = message(
        SocketCommon.Position, identifier=OCC, secType="OPT", position=-2, averageCost=1.3
    )
    assert position_view(data.body.positionData) == PositionView(
        symbol=COMPACT, sec_type="OPT", quantity=-2, average_cost=1.3
    )


def test_assets_of_the_securities_segment_are_read_and_others_left_out() -> None:
    fields = {
        "netLiquidation": 100.0,
        "cashBalance": 90.0,
        "availableFunds": 80.0,
        "buyingPower": 70.0,
        "initMarginReq": 20.0,
        "maintMarginReq": 10.0,
    }
    securities = message(SocketCommon.Asset, segType="S", currency="USD", **fields)
    assert assets_view(securities.body.assetData) == AssetsView(
        net_liquidation=100.0,
        cash=90.0,
        cash_available=80.0,
        buying_power=70.0,
        init_margin=20.0,
        maintenance_margin=10.0,
    )
    assert assets_view(message(SocketCommon.Asset, segType="C", **fields).body.assetData) is None


def test_quota_is_read_with_and_without_its_tick_part() -> None:
    said = {"limit": 20, "used": 3, "tradeTickLimit": 10, "tradeTickUsed": 1}
    assert quota_view(json.dumps(said)) == QuotaView(20, 3, 10, 1)
    assert quota_view('{"limit": 20, "used": 3}') == QuotaView(20, 3)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"limit": 20}', '{"limit": "x", "used": 1}'])
def test_quota_of_another_shape_is_an_error(text: str) -> None:
    with pytest.raises(FrameError, match="limit and used"):
        quota_view(text)


def any_message(kind: Any) -> st.SearchStrategy[Any]:
    """Messages with any values in any of their fields, as the protocol's types allow."""
    scalars: dict[int, st.SearchStrategy[Any]] = {
        FieldDescriptor.TYPE_DOUBLE: st.floats(),
        FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
        FieldDescriptor.TYPE_STRING: st.text(max_size=25) | st.sampled_from([OCC, "BUY", "S", "1"]),
        FieldDescriptor.TYPE_BOOL: st.booleans(),
        FieldDescriptor.TYPE_ENUM: st.integers(0, 3),
        FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
        FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
        FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1) | st.integers(0, 3),
        FieldDescriptor.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1) | st.integers(0, 3),
        FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
        FieldDescriptor.TYPE_SINT64: st.integers(-(2**63), 2**63 - 1),
    }
    fields = {
        field.name: st.lists(scalars[field.type], max_size=3)
        if field.is_repeated
        else scalars[field.type]
        for field in kind.DESCRIPTOR.fields
        if field.type in scalars
    }
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: kind(**given))


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (QuoteData, lambda data: read_quote(data, 1, None)),
        (TradeTickData, lambda data: tick_views(data, 1)),
        (OrderStatusData, order_view),
        (OrderTransactionData, transaction_view),
        (PositionData, position_view),
        (AssetData, assets_view),
    ],
    ids=["quote", "ticks", "order", "transaction", "position", "assets"],
)
@given(st.data())
def test_no_values_of_the_fields_raise_anything_but_a_value_error(
    kind: Any, read: Callable[[Any], object], data: st.DataObject
) -> None:
    drawn = data.draw(any_message(kind))
    with contextlib.suppress(ValueError):
        read(drawn)
