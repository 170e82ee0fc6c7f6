"""Bars of a stock over REST: the client, the real SDK and the simulator, over real sockets."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from tiger_simulator import FixedMarket, SimulatorThread, chunk_of, row, running, sdk_config
from tigeropen.common.exceptions import ApiException
from tigeropen.quote.quote_client import QuoteClient

from tiger_nt.config import tiger_config
from tiger_nt.rest import TigerRest
from tiger_nt.simulator import quote_methods
from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.market import MarketChunk
from tiger_nt.simulator.server import Simulator
from tiger_nt.simulator.stock_bars import stock_bars
from tiger_nt.views import BarView

OFTEN = {"kline": 10_000}
LIVE = User(tiger_id="20157777", account="50000077", calls_per_minute=OFTEN)
MINUTE_MS = 60_000
MINUTES = 2_500
BEGIN_MS = 1_600_000_200_000
"""Half past an hour."""
END_MS = BEGIN_MS + MINUTES * MINUTE_MS


class OldMarket(FixedMarket):
    """Had two prints in each minute from BEGIN_MS on; prices count the minutes in cents."""

    def earlier(self) -> Iterator[MarketChunk]:
        yield chunk_of(
            [
                row("SPY", last=500 + (k + step) / 100, last_size=2, ts_ns=(ms + step) * 10**6)
                for k, ms in enumerate(range(BEGIN_MS, END_MS, MINUTE_MS))
                for step in (0, 1)
            ]
        )


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorThread]:
    with running(Simulator(OldMarket(), users=(LIVE,))) as thread:
        yield thread


@pytest.fixture(scope="module")
def sdk(server: SimulatorThread, tmp_path_factory: pytest.TempPathFactory) -> QuoteClient:
    config = sdk_config(server.simulator.environment(), str(tmp_path_factory.mktemp("empty")))
    return QuoteClient(config, is_grab_permission=False)


def bars_of(
    server: SimulatorThread, symbol: str, minutes: int, begin_ms: int, end_ms: int
) -> list[BarView]:
    config = tiger_config(server.simulator.environment())
    config = msgspec.structs.replace(config, calls_per_minute=OFTEN)

    async def ask() -> list[BarView]:
        rest = TigerRest(config)
        await rest.start()
        try:
            return await rest.stock_bars(symbol, minutes, begin_ms, end_ms)
        finally:
            await rest.close()

    return asyncio.run(ask())


def pages(server: SimulatorThread) -> int:
    return server.call(lambda: server.simulator.hits.get("kline", 0))


def test_bars_are_read_over_all_pages_oldest_first(server: SimulatorThread) -> None:
    before = pages(server)
    bars = bars_of(server, "SPY", 1, BEGIN_MS, END_MS)
    assert pages(server) - before == 3  # 1,200 bars each
    assert [bar.time_ms for bar in bars] == list(range(BEGIN_MS, END_MS, MINUTE_MS))
    assert bars[7] == BarView(
        "SPY", BEGIN_MS + 7 * MINUTE_MS, 500.07, 500.08, 500.07, 500.08, volume=4
    )


@pytest.mark.parametrize("minutes", [1, 3, 5, 10, 15, 30, 60])
def test_bars_come_in_every_length_and_start_within_the_time_asked_for(
    server: SimulatorThread, minutes: int
) -> None:
    begin_ms, end_ms = BEGIN_MS + 30 * MINUTE_MS, BEGIN_MS + 90 * MINUTE_MS
    bars = bars_of(server, "SPY", minutes, begin_ms, end_ms)
    assert [bar.time_ms for bar in bars] == list(range(begin_ms, end_ms, minutes * MINUTE_MS))
    assert {round(bar.high - bar.low, 2) for bar in bars} == {minutes / 100}


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (lambda page: page | {"nextPageToken": "1"}, 1),
        (lambda page: page | {"nextPageToken": "1", "items": [page["items"][-1] | {"time": 0}]}, 0),
    ],
)
def test_pages_that_never_end_are_left_after_the_first_without_news(
    server: SimulatorThread, monkeypatch: pytest.MonkeyPatch, answer, count
) -> None:
    def endless(name, quote, body):
        return answer(stock_bars(name, quote, body | {"page_token": f"{BEGIN_MS + 1}"}))

    monkeypatch.setattr(quote_methods, "stock_bars", endless)
    before = pages(server)
    assert len(bars_of(server, "SPY", 1, BEGIN_MS, END_MS)) == count
    assert pages(server) - before == 1 + count


def test_prices_as_traded_within_the_regular_session_are_asked_for(
    server: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = []

    def noted(name, quote, body):
        bodies.append(body)
        return stock_bars(name, quote, body)

    monkeypatch.setattr(quote_methods, "stock_bars", noted)
    bars_of(server, "SPY", 5, BEGIN_MS, BEGIN_MS + 1)
    (body,) = bodies
    assert (body["right"], body["trade_session"], body["period"]) == ("nr", "Regular", "5min")


@pytest.mark.parametrize("symbol", ["QQQ", "VIX"])
def test_what_is_no_listed_stock_has_no_bars(server: SimulatorThread, symbol: str) -> None:
    assert bars_of(server, symbol, 1, BEGIN_MS, END_MS) == []


def test_daily_bars_are_refused_before_sending(server: SimulatorThread) -> None:
    before = pages(server)
    with pytest.raises(ValueError, match=r"Expected bars of \[1, 3, .*, 60\] minutes, was 1440"):
        bars_of(server, "SPY", 1_440, BEGIN_MS, END_MS)
    assert pages(server) == before


def test_simulator_answers_the_newest_page_first(sdk: QuoteClient) -> None:
    wanted = {"period": "1min", "begin_time": BEGIN_MS, "end_time": BEGIN_MS + 5 * MINUTE_MS}
    newest = sdk.get_bars("SPY", **wanted, limit=2)
    assert list(newest["open"]) == [500.03, 500.04]
    assert len(sdk.get_bars("SPY", period="1min")) == 251
    all_of_them = sdk.get_bars_by_page("SPY", **wanted, page_size=2, time_interval=0)
    assert list(all_of_them["open"]) == [500.0, 500.01, 500.02, 500.03, 500.04]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"period": "day"}, "no bars of period day"),
        ({"period": "1min", "limit": 1_201}, "limit must be between 1 and 1200"),
        ({"period": "1min", "begin_time": "2026-11-23"}, "invalid begin_time"),
        ({"period": "1min", "page_token": "abc"}, "invalid page_token"),
    ],
)
def test_simulator_refuses_what_it_cannot_answer(
    sdk: QuoteClient, wanted: dict[str, object], reason: str
) -> None:
    with pytest.raises(ApiException, match=reason):
        sdk.get_bars("SPY", **wanted)


def test_prints_of_before_the_market_make_the_days_range_and_volume(sdk: QuoteClient) -> None:
    (brief,) = sdk.get_stock_briefs(["SPY"]).to_dict("records")
    assert (brief["open"], brief["low"], brief["high"]) == (500.0, 500.0, 600.01)
    assert (brief["volume"], brief["latest_price"]) == (4 * MINUTES + 100, 600.01)
