"""The REST side, through the real SDK over a real socket."""

import datetime as dt
import json
import logging
import urllib.request
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from patience import PATIENCE_S
from tiger_simulator import (
    CALL,
    EXPIRY,
    OTHER,
    PUT,
    FixedMarket,
    SimulatorThread,
    row,
    running,
    sdk_config,
    wait_for,
)
from tigeropen.common.consts import Market
from tigeropen.common.exceptions import ApiException, RequestException, ResponseException
from tigeropen.common.request import OpenApiRequest
from tigeropen.common.util.contract_utils import option_contract, stock_contract
from tigeropen.common.util.order_utils import limit_order, market_order, order_leg, stop_order
from tigeropen.quote.quote_client import QuoteClient
from tigeropen.tiger_open_client import TigerOpenClient
from tigeropen.trade.trade_client import TradeClient

from tiger_nt.simulator.accounts import DEFAULT_USERS, STOCK_QUOTES, User
from tiger_nt.simulator.faults import Fault, FaultKind
from tiger_nt.simulator.keys import SigningKey
from tiger_nt.simulator.limits import CALLS_PER_MINUTE
from tiger_nt.simulator.listing import expiry_ms
from tiger_nt.simulator.server import Simulator, SimulatorSettings
from tiger_nt.symbols import option_terms

OCC = "SPY 261123C00600000"
PLENTY = dict.fromkeys(
    [*CALLS_PER_MINUTE, "positions", "prime_assets", "order_transactions"], 10**6
)
PAPER, LIVE = (msgspec.structs.replace(user, calls_per_minute=PLENTY) for user in DEFAULT_USERS)
POOR = User(tiger_id="20150003", account="50000003", permissions=(STOCK_QUOTES,))
SLOW = User(tiger_id="20150004", account="50000004", calls_per_minute={"positions": 2})


class Clients:
    """The SDK's clients of one user."""

    def __init__(self, server: SimulatorThread, user: User, folder: str) -> None:
        self.config = sdk_config(server.simulator.environment(user), folder)
        self.quotes = QuoteClient(self.config, is_grab_permission=False)
        self.trade = TradeClient(self.config)

    def order(self, signed: int, limit: float | None = None, symbol: str = CALL) -> Any:
        contract = option_contract(option_terms(symbol).osi)
        action = "BUY" if signed > 0 else "SELL"
        if limit is None:
            return market_order(self.config.account, contract, action, abs(signed))
        return limit_order(self.config.account, contract, action, abs(signed), limit)

    def place(self, signed: int, limit: float | None = None, symbol: str = CALL) -> int:
        return self.trade.place_order(self.order(signed, limit, symbol))

    def status(self, order_id: int) -> str:
        return self.trade.get_order(id=order_id).status.name


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorThread]:
    with running(Simulator(FixedMarket(), users=(LIVE, PAPER, POOR, SLOW))) as handle:
        yield handle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def clients(server: SimulatorThread, folder: str) -> Iterator[Clients]:
    yield Clients(server, LIVE, folder)
    server.call(server.simulator.reset)


def fault(server: SimulatorThread, kind: FaultKind, **fields: Any) -> None:
    server.call(lambda: server.simulator.faults.add(Fault(kind=kind, **fields)))


# -- the market --------------------------------------------------------------------------------


def test_chain_has_both_sides_of_every_strike_with_what_is_quoted(
    server: SimulatorThread, clients: Clients
):
    server.call(lambda: server.simulator.exchange.on_quote(row(PUT, 0.0, 0.05)))
    chain = clients.quotes.get_option_chain("SPY", f"{EXPIRY}")
    server.call(lambda: server.simulator.exchange.on_quote(row(PUT, 1.0, 1.05, 10, 12)))
    assert list(chain["identifier"]) == [option_terms(s).osi for s in (PUT, CALL, OTHER)]
    assert list(chain["put_call"]) == ["PUT", "CALL", "CALL"]
    assert list(chain["strike"]) == ["600.0", "600.0", "601.0"]
    assert list(chain["ask_price"]) == [0.05, 1.05, 1.05]
    assert chain["bid_price"].isna().tolist() == [True, False, False]


def test_chain_of_another_day_or_stock_is_empty(clients: Clients):
    assert clients.quotes.get_option_chain("SPY", "2026-11-24").empty
    assert clients.quotes.get_option_chain("QQQ", f"{EXPIRY}").empty


def test_expirations_are_midnight_in_new_york(clients: Clients):
    (expiry,) = clients.quotes.get_option_expirations(["SPY"]).to_dict("records")
    assert (expiry["date"], expiry["timestamp"]) == ("2026-11-23", 1_795_410_000_000)
    assert expiry["timestamp"] == expiry_ms(EXPIRY)


def test_brief_has_bid_ask_and_sizes(clients: Clients):
    (brief,) = clients.quotes.get_option_briefs([OCC]).to_dict("records")
    assert (brief["bid_price"], brief["bid_size"]) == (1.0, 10)
    assert (brief["ask_price"], brief["ask_size"]) == (1.05, 12)
    assert (brief["identifier"], brief["strike"]) == ("SPY   261123C00600000", "600.0")


def test_brief_of_an_unlisted_contract_is_none_and_thirty_are_the_most(clients: Clients):
    assert clients.quotes.get_option_briefs(["SPY 261120C00600000"]) is None
    with pytest.raises(ApiException, match="maximum number of contracts is 30"):
        clients.quotes.get_option_briefs([OCC] * 31)
    assert len(clients.quotes.get_option_briefs([OCC] * 30)) == 30


def test_contract_nobody_quotes_has_no_prices_at_all(server: SimulatorThread, clients: Clients):
    server.call(lambda: server.simulator.exchange.on_quote(row(PUT, 0.0, 0.0)))
    (brief,) = clients.quotes.get_option_briefs(["SPY 261123P00600000"]).to_dict("records")
    server.call(lambda: server.simulator.exchange.on_quote(row(PUT, 1.0, 1.05, 10, 12)))
    assert not {"bid_price", "ask_price", "mid_price", "mark_price", "latest_price"} & set(brief)


def test_prints_make_bars_and_trade_ticks(server: SimulatorThread, clients: Clients):
    minute = 60_000_000_000
    start = server.simulator.market.hours.open_ns // minute * minute
    prints = [(0, 1.0, 2), (1, 1.2, 1), (30, 0.9, 4), (60, 1.1, 3)]

    def play() -> None:
        for second, price, size in prints:
            ts_ns = start + second * 10**9
            server.simulator.exchange.on_quote(row(OTHER, last=price, last_size=size, ts_ns=ts_ns))

    server.call(play)
    symbol = "SPY 261123C00601000"
    bars = clients.quotes.get_option_bars([symbol], period="1min").to_dict("records")
    wanted = [
        (start // 10**6, 1.0, 1.2, 0.9, 0.9, 7),
        (start // 10**6 + 60_000, 1.1, 1.1, 1.1, 1.1, 3),
    ]
    names = ("time", "open", "high", "low", "close", "volume")
    assert [tuple(bar[name] for name in names) for bar in bars] == wanted
    (brief,) = clients.quotes.get_option_briefs([symbol]).to_dict("records")
    names = ("open", "high", "low", "latest_price", "volume")
    assert [brief[name] for name in names] == [1.0, 1.2, 0.9, 1.1, 10]
    ticks = clients.quotes.get_option_trade_ticks([symbol])
    assert list(zip(ticks["price"], ticks["volume"], strict=True)) == [p[1:] for p in prints]
    later = clients.quotes.get_option_bars(
        [symbol], period="1min", begin_time=wanted[1][0], end_time=wanted[1][0] + 60_000
    )
    assert len(later) == 1


def test_stocks_and_indices_are_quoted_and_unknown_ones_left_out(clients: Clients):
    stock, index = clients.quotes.get_stock_briefs(["SPY", "QQQ", "VIX"]).to_dict("records")
    assert (stock["bid_price"], stock["ask_price"], stock["latest_price"]) == (
        600.0,
        600.02,
        600.01,
    )
    assert (index["symbol"], index["latest_price"]) == ("VIX", 15.5)


def test_market_is_open_within_the_sessions_hours(clients: Clients):
    (state,) = clients.quotes.get_market_status(Market.US)
    assert (state.market, state.trading_status) == ("US", "TRADING")


@pytest.mark.parametrize(
    ("hours", "status"),
    [({"open_in_ns": 10**12}, "NOT_YET_OPEN"), ({"close_in_ns": -1}, "CLOSING")],
)
def test_market_is_closed_before_and_after(hours: dict[str, int], status: str, folder: str):
    with running(Simulator(FixedMarket(**hours), users=(LIVE,))) as handle:
        (state,) = Clients(handle, LIVE, folder).quotes.get_market_status(Market.US)
    assert state.trading_status == status


def test_calendar_ends_before_its_last_day_and_knows_weekends(clients: Clients):
    days = clients.quotes.get_trading_calendar(Market.US, "2026-11-20", "2026-11-24")
    kinds = {day["date"]: day["type"] for day in days}
    assert kinds == {
        "2026-11-20": "TRADING",
        "2026-11-21": "NON_TRADING",
        "2026-11-22": "NON_TRADING",
        "2026-11-23": "TRADING",
    }


def test_user_reads_its_licence_permissions_and_limits(clients: Clients):
    assert clients.quotes.query_license() == "TBNZ"
    names = {entry["name"] for entry in clients.quotes.get_quote_permission()}
    assert names == set(LIVE.permissions)
    limits = clients.quotes.get_addon_entitlement().effective_entitlement
    assert (limits.subscribe_limit, limits.high_freq_limit, limits.low_freq_limit) == (100, 120, 10)
    quotas = {entry["method"]: entry["remain"] for entry in clients.quotes.get_kline_quota()}
    assert quotas["option_kline"] == 200


def test_quotes_without_the_permission_are_refused(server: SimulatorThread, folder: str):
    poor = Clients(server, POOR, folder)
    assert len(poor.quotes.get_stock_briefs(["SPY"])) == 1
    for call in (poor.quotes.get_option_briefs, poor.quotes.get_option_trade_ticks):
        with pytest.raises(ApiException, match="do not have permissions in the US OPT") as refused:
            call([OCC])
        assert refused.value.code == 4


# -- orders ------------------------------------------------------------------------------------


def test_order_is_placed_filled_and_found_with_its_mark(clients: Clients):
    order = clients.order(2, 1.05)
    order.user_mark = "mine-1"
    order_id = clients.trade.place_order(order)
    assert order_id > 2**53
    wait_for(lambda: clients.status(order_id) == "FILLED")
    found = clients.trade.get_order(id=order_id)
    assert (found.user_mark, found.filled, found.avg_fill_price) == ("mine-1", 2, 1.05)
    assert found.commission == pytest.approx(3.06)
    (trade,) = clients.trade.get_transactions(order_id=order_id)
    assert (trade.order_id, trade.filled_quantity, trade.filled_price) == (order_id, 2, 1.05)
    (position,) = clients.trade.get_positions(sec_type="OPT")
    assert (position.quantity, position.contract.identifier) == (2, "SPY   261123C00600000")
    assert position.average_cost == pytest.approx(1.05 + 3.06 / 200)
    segment = clients.trade.get_prime_assets().segments["S"]
    assert segment.cash_balance == pytest.approx(100_000 - 210 - 3.06)


def test_positions_are_of_stocks_unless_options_are_asked_for(clients: Clients):
    clients.place(1, 1.05)
    wait_for(lambda: clients.trade.get_positions(sec_type="OPT"))
    assert clients.trade.get_positions() == []


def test_text_time_of_a_transaction_is_that_of_shanghai(clients: Clients):
    order_id = clients.place(1, 1.05)
    (trade,) = wait_for(lambda: clients.trade.get_transactions(order_id=order_id))
    zone = dt.timezone(dt.timedelta(hours=8))
    moment = dt.datetime.strptime(trade.transacted_at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    assert moment.timestamp() == trade.transaction_time // 1_000


def test_transactions_are_listed_by_time_and_order(clients: Clients):
    first, second = clients.place(1, 1.05), clients.place(1, 1.05)
    wait_for(lambda: len(clients.trade.get_transactions()) == 2)
    (trade,) = clients.trade.get_transactions(order_id=second)
    assert trade.order_id == second != first
    made = trade.transaction_time
    assert clients.trade.get_transactions(order_id=second, start_time=made, end_time=made)
    assert not clients.trade.get_transactions(order_id=second, start_time=made + 1)
    assert not clients.trade.get_transactions(order_id=second, end_time=made - 1)


def test_market_sale_is_for_the_day_and_made_through_the_api(clients: Clients):
    bought = clients.place(1, 1.05)
    wait_for(lambda: clients.status(bought) == "FILLED")
    sold = clients.place(-1)
    wait_for(lambda: clients.status(sold) == "FILLED")
    order = clients.trade.get_order(id=sold)
    assert (order.action, order.order_type, order.limit_price) == ("SELL", "MKT", None)
    assert (order.time_in_force, order.source, order.user_mark) == ("DAY", "OpenApi", "")
    assert clients.trade.get_positions(sec_type="OPT") == []


def test_modify_and_cancel_are_done_after_their_answer(clients: Clients):
    order = clients.order(3, 0.9)
    clients.trade.place_order(order)
    wait_for(lambda: clients.status(order.id) == "HELD")
    clients.trade.modify_order(order, limit_price=0.95, quantity=4)
    wait_for(lambda: clients.trade.get_order(id=order.id).limit_price == 0.95)
    assert clients.trade.get_order(id=order.id).quantity == 4
    clients.trade.cancel_order(id=order.id)
    wait_for(lambda: clients.status(order.id) == "CANCELLED")
    with pytest.raises(ApiException, match="cannot be cancelled"):
        clients.trade.cancel_order(id=order.id)


def test_lists_of_orders_are_by_state(clients: Clients):
    filled, resting, ended = clients.place(1, 1.05), clients.place(1, 0.9), clients.place(1, 0.8)
    wait_for(lambda: clients.status(ended) == "HELD")
    clients.trade.cancel_order(id=ended)
    wait_for(lambda: clients.status(ended) == "CANCELLED")
    lists = {
        filled: clients.trade.get_filled_orders(start_time=0, end_time=1 << 50),
        resting: clients.trade.get_open_orders(),
        ended: clients.trade.get_cancelled_orders(),
    }
    for order_id, found in lists.items():
        assert [order.id for order in found] == [order_id]
    assert {order.id for order in clients.trade.get_orders()} == set(lists)


def test_orders_come_in_pages_newest_first_without_gap_or_repeat(clients: Clients):
    placed = [clients.place(1, 0.5) for _ in range(7)]
    found, token = [], ""
    for _ in range(9):
        page = clients.trade.get_orders(limit=3, page_token=token)
        found += [order.id for order in page.result]
        token = page.next_page_token
        if not token:
            break
    assert found == placed[::-1]


def test_orders_are_listed_by_the_time_they_were_made(clients: Clients):
    order = clients.trade.get_order(id=clients.place(1, 0.5))
    made = order.order_time
    assert clients.trade.get_orders(start_time=made, end_time=made)
    assert not clients.trade.get_orders(start_time=made + 1)
    assert not clients.trade.get_orders(end_time=made - 1)


def test_unknown_order_is_not_found(clients: Clients):
    with pytest.raises(ApiException, match="not_found:Order does not exist") as refused:
        clients.trade.get_order(id=44_506_652_990_393_344)
    assert refused.value.code == 1200


def test_order_may_be_numbered_beforehand_and_found_by_its_number(clients: Clients):
    order = clients.trade.create_order(
        clients.config.account, option_contract(option_terms(CALL).osi), "BUY", "LMT", 1, 0.5
    )
    clients.trade.place_order(order)
    assert clients.trade.get_order(order_id=order.order_id).id == order.id


def test_preview_says_the_fee_and_why_an_order_would_not_pass(clients: Clients):
    fine = clients.trade.preview_order(clients.order(1, 1.0))
    assert (fine["is_pass"], fine["commission"]) == (True, pytest.approx(3.03, abs=0.01))
    short = clients.trade.preview_order(clients.order(-1, 1.0))
    assert short["is_pass"] is False
    assert "currently available position" in short["message"]
    assert clients.trade.get_orders() == []


def test_unsupported_orders_are_refused_in_words(clients: Clients):
    account = clients.config.account
    stop = stop_order(account, option_contract(option_terms(CALL).osi), "BUY", 1, 1.0)
    stock = limit_order(account, stock_contract("SPY", "USD"), "BUY", 1, 600.0)
    bracket = clients.order(1, 1.0)
    bracket.order_legs = [order_leg("PROFIT", 2.0)]
    cases = {stop: "order type STP", stock: "don't support trading", bracket: "ATTACHED"}
    for order, words in cases.items():
        with pytest.raises(ApiException, match=words) as refused:
            clients.trade.place_order(order)
        assert refused.value.code == 1200


def test_contract_is_known_if_listed(clients: Clients):
    found = clients.trade.get_contract(
        "SPY", sec_type="OPT", expiry="20261123", strike=600.0, put_call="CALL"
    )
    assert (found.identifier, found.multiplier) == ("SPY   261123C00600000", 100)
    assert clients.trade.get_contract("SPY", sec_type="STK").multiplier == 1
    with pytest.raises(ApiException, match="contract not found"):
        clients.trade.get_contract("QQQ", sec_type="STK")
    with pytest.raises(ApiException, match="contract not found"):
        clients.trade.get_contract(
            "SPY", sec_type="OPT", expiry="20261120", strike=600.0, put_call="CALL"
        )


def test_assets_in_both_forms_agree(clients: Clients):
    (summary,) = [assets.summary for assets in clients.trade.get_assets()]
    segment = clients.trade.get_prime_assets().segments["S"]
    assert summary.net_liquidation == segment.net_liquidation == 100_000.0
    assert [p.account for p in clients.trade.get_managed_accounts()] == [LIVE.account]


# -- who asks ----------------------------------------------------------------------------------


def test_wrong_key_is_a_wrong_signature(server: SimulatorThread, clients: Clients):
    clients.config.private_key = SigningKey().private_text
    with pytest.raises(ApiException, match="failed to verify signature") as refused:
        clients.trade.get_positions()
    assert refused.value.code == 1000


def test_unknown_developer_is_told_so(clients: Clients):
    clients.config.tiger_id = "1"
    with pytest.raises(ApiException, match="failed to get developer information") as refused:
        clients.trade.get_positions()
    assert refused.value.code == 1000


def test_account_of_another_user_is_forbidden(clients: Clients):
    with pytest.raises(ApiException, match="access forbidden") as refused:
        clients.trade.get_positions(account=PAPER.account)
    assert refused.value.code == 4


def test_unknown_method_is_not_supported(clients: Clients):
    client = TigerOpenClient(clients.config, logging.getLogger("sdk"))
    answer = client.execute(OpenApiRequest("market_scanner"))
    assert answer["code"] == 1000
    assert "does not support" in answer["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"method": "positions"}'])
def test_body_that_is_no_request_is_answered(server: SimulatorThread, body: bytes):
    request = urllib.request.Request(server.simulator.rest_url, data=body)
    with urllib.request.urlopen(request) as response:
        assert json.load(response)["code"] == 1000


def test_content_that_misses_a_field_is_a_parameter_error(clients: Clients):
    client = TigerOpenClient(clients.config, logging.getLogger("sdk"))
    answer = client.execute(OpenApiRequest("option_expiration"))
    assert (answer["code"], "symbols" in answer["message"]) == (1010, True)


# -- limits ------------------------------------------------------------------------------------


def test_one_call_too_many_is_code_4(server: SimulatorThread, folder: str):
    slow = Clients(server, SLOW, folder)
    for _ in range(2):
        slow.trade.get_positions()
    with pytest.raises(ApiException, match="limiting interface:positions, up to 2") as refused:
        slow.trade.get_positions()
    assert refused.value.code == 4


def test_one_call_too_many_may_be_http_429(folder: str):
    simulator = Simulator(
        FixedMarket(), users=(SLOW,), settings=SimulatorSettings(limit_status=429)
    )
    with running(simulator) as handle:
        slow = Clients(handle, SLOW, folder)
        for _ in range(2):
            slow.trade.get_positions()
        with pytest.raises(ResponseException) as refused:
            slow.trade.get_positions()
    assert refused.value.status == 429


def test_orders_of_a_paper_account_share_a_cap(server: SimulatorThread, folder: str):
    paper = Clients(server, PAPER, folder)
    placed = [paper.place(1, 0.5) for _ in range(118)]
    wait_for(lambda: paper.status(placed[0]) == "HELD")
    for order_id in placed[:2]:
        paper.trade.cancel_order(id=order_id)
    with pytest.raises(ApiException, match="up to 120 times per minute"):
        paper.trade.cancel_order(id=placed[2])
    assert paper.trade.get_order(id=placed[2]).status.name == "HELD"
    server.call(server.simulator.reset)


# -- faults ------------------------------------------------------------------------------------


def test_lost_response_leaves_the_order_at_the_server(server: SimulatorThread, clients: Clients):
    fault(server, FaultKind.LOST_RESPONSE, method="place_order")
    order = clients.order(1, 0.5)
    order.user_mark = "lost"
    with pytest.raises(RequestException):
        clients.trade.place_order(order)
    assert order.id is None
    assert [found.user_mark for found in clients.trade.get_orders()] == ["lost"]
    assert server.simulator.hits["place_order"] >= 1


def test_wrong_signature_comes_after_the_execution(server: SimulatorThread, clients: Clients):
    fault(server, FaultKind.WRONG_SIGNATURE, method="place_order")
    with pytest.raises(ResponseException, match="sign verify failed"):
        clients.place(1, 0.5)
    assert len(clients.trade.get_orders()) == 1


def test_delayed_response_is_executed_at_once(server: SimulatorThread, clients: Clients):
    fault(server, FaultKind.DELAY_RESPONSE, method="place_order", value=5.0)
    clients.config.timeout = 0.1
    with pytest.raises(RequestException):
        clients.place(1, 0.5)
    clients.config.timeout = PATIENCE_S
    assert len(clients.trade.get_orders()) == 1


def test_rate_limit_and_rejection_on_demand(server: SimulatorThread, clients: Clients):
    fault(server, FaultKind.RATE_LIMIT, method="place_order")
    with pytest.raises(ApiException, match="rate limit error") as refused:
        clients.place(1, 0.5)
    assert refused.value.code == 4
    fault(server, FaultKind.RATE_LIMIT, method="place_order", value=429)
    with pytest.raises(ResponseException):
        clients.place(1, 0.5)
    fault(server, FaultKind.REJECT, message="bad_request:no more today")
    with pytest.raises(ApiException, match="no more today"):
        clients.place(1, 0.5)
    assert clients.trade.get_orders() == []


def test_skewed_clock_is_in_every_time_but_not_in_the_hours(
    server: SimulatorThread, clients: Clients
):
    before = clients.trade.get_prime_assets().update_timestamp
    fault(server, FaultKind.CLOCK_SKEW, value=-86_400.0, seconds=3_600)
    order = clients.trade.get_order(id=clients.place(1, 0.5))
    assert before - order.order_time == pytest.approx(86_400_000, abs=60_000)


def test_answers_are_signed_with_the_servers_key(server: SimulatorThread, clients: Clients):
    clients.config.tiger_public_key = SigningKey().public_text
    with pytest.raises(ResponseException, match="sign verify failed"):
        clients.trade.get_positions()
