"""Everything a node can ask of the data client, in one run; see test_data.py."""

import datetime as dt

from acceptance.picture import VENUE
from acceptance.script_run import Run
from acceptance.tested_node import NAME
from nautilus_trader.model import (
    BarType,
    BookType,
    ClientId,
    DataType,
    OptionSeriesId,
    StrikeRange,
)

from tiger_nt.link_data import LINK_DATA_TYPE
from tiger_nt.providers import StrikeWindow

SETTINGS = {
    "strategies": ["TESTER-001", "SECOND-002"],
    "data": {
        "window": StrikeWindow(0.01, 0),
        "greeks_interval_s": 0.1,
        "poll_interval_s": 0.2,
        "level_interval_s": 0.2,
    },
}
OUTSIDE_THE_WINDOW = 615
PRINTS = (1.00, 1.20, 0.90, 1.10)


async def script(run: Run) -> None:
    await instruments(run)
    await streams(run)
    await derived(run)
    await history(run)
    await refused(run)
    await shared(run)
    await beyond_the_quota(run)
    await interruption(run)
    await unsubscribing(run)


async def instruments(run: Run) -> None:
    tester, outside = run.tester, run.id(run.symbol(OUTSIDE_THE_WINDOW))
    tester.subscribe_instrument(run.id("SPY"))
    tester.request_instruments(VENUE)
    await run.until(lambda: len(tester.heard("OptionContract")) > 20, "the instruments")
    run.facts["outside known before"] = tester.cache.instrument(outside) is not None
    tester.request_instrument(outside)
    found = await run.until(lambda: tester.cache.instrument(outside), "the instrument asked for")
    run.facts["outside"] = {
        "underlying": found.underlying,
        "strike": found.strike_price.as_double(),
        "multiplier": found.multiplier.as_double(),
    }


async def streams(run: Run) -> None:
    for symbol in (run.symbol(600), "SPY"):  # a minute that is over, for the past bars
        for last in PRINTS:
            print_ = {"symbol": symbol, "last": last, "last_size": 2, "age_s": 120}
            run.simulator("POST", "/quote", print_)
    tester, spy, option = run.tester, run.id("SPY"), run.id(run.symbol(600))
    tester.subscribe_data(LINK_DATA_TYPE, ClientId(NAME))
    tester.subscribe_quotes(spy)
    tester.subscribe_quotes(option)
    tester.subscribe_trades(spy)
    tester.subscribe_trades(option)
    tester.subscribe_index_prices(run.id("VIX"))
    tester.subscribe_instrument_status(spy)
    tester.subscribe_bars(BarType.from_str(f"{spy}-1-SECOND-MID-INTERNAL"))
    for kind, symbol in (
        ("TigerLink", ""),
        ("QuoteTick", "SPY"),
        ("QuoteTick", run.symbol(600)),
        ("TradeTick", "SPY"),
        ("IndexPriceUpdate", "VIX"),
        ("InstrumentStatus", "SPY"),
    ):
        await run.until(lambda k=kind, s=symbol: tester.heard(k, s), f"{kind} {symbol}")
    await run.until(
        lambda: run.symbol(600) in run.simulator.connections()[0]["ticks"], "a subscription"
    )
    for last in PRINTS:
        run.simulator("POST", "/quote", {"symbol": run.symbol(600), "last": last, "last_size": 2})
    await run.until(
        lambda: len(tester.heard("TradeTick", run.symbol(600))) == len(PRINTS), "the prints"
    )


async def derived(run: Run) -> None:
    tester, option = run.tester, run.symbol(601, "P")
    tester.subscribe_option_greeks(run.id(option))
    await run.until(lambda: tester.heard("OptionGreeks", option), "Greeks")
    tester.unsubscribe_option_greeks(run.id(option))
    series = OptionSeriesId(VENUE.value, "SPY", "USD", run.hours.close_ns)
    tester.subscribe_option_chain(series, StrikeRange.atm_relative(3, 3), snapshot_interval_ms=100)

    def whole_chain() -> bool:
        chains = tester.heard("OptionChainSlice")
        sides = [side for pair in chains[-1]["strikes"].values() for side in pair] if chains else []
        return len(sides) == 14 and None not in sides

    await run.until(whole_chain, "a chain with all Greeks")
    run.facts["pushed with the chain"] = pushed(run)
    tester.unsubscribe_option_chain(series)
    await run.until(lambda: len(pushed(run)) == 2, "an end of the chain's subscriptions")


async def history(run: Run) -> None:
    tester = run.tester
    tester.request_bars(BarType.from_str(f"{run.id(run.symbol(600))}-1-MINUTE-LAST-EXTERNAL"))
    tester.request_bars(BarType.from_str(f"{run.id('SPY')}-1-MINUTE-LAST-EXTERNAL"))
    for symbol in (run.symbol(600), "SPY"):
        await run.until(lambda s=symbol: tester.heard("HistoricalBar", s), f"bars of {symbol}")
    await run.until(lambda: tester.heard("Bar"), "a bar of the engine's own")


async def refused(run: Run) -> None:
    """Ask for what is not served; the reasons are in the log."""
    tester, spy = run.tester, run.id("SPY")
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    tester.subscribe_book_deltas(spy, BookType.L2_MBP)
    tester.subscribe_book_deltas(run.id(run.symbol(601)), BookType.L2_MBP, managed=True)
    tester.subscribe_book_at_interval(run.id(run.symbol(602)), BookType.L2_MBP, 1000)
    tester.subscribe_book_depth(run.id(run.symbol(603)), BookType.L2_MBP, 10)
    tester.request_book_snapshot(spy)
    tester.request_quotes(spy, yesterday)
    tester.request_trades(spy, yesterday)
    tester.subscribe_bars(BarType.from_str(f"{spy}-1-MINUTE-LAST-EXTERNAL"))
    tester.request_bars(BarType.from_str(f"{spy}-1-DAY-LAST-EXTERNAL"))
    tester.subscribe_mark_prices(spy)
    tester.subscribe_funding_rates(spy)
    tester.request_funding_rates(spy, yesterday)
    tester.subscribe_instrument_close(spy)
    tester.subscribe_option_greeks(spy)
    tester.subscribe_quotes(run.id("QQQ261123C00500000"))
    tester.request_instrument(run.id("SPY261123C00001000"))
    tester.subscribe_data(DataType("Unheard"), ClientId(NAME))


async def shared(run: Run) -> None:
    """Two strategies want one option; the first one's stop leaves it to the second."""
    first, second = run.testers["SECOND-002"], run.tester
    option = run.facts["shared"] = run.symbol(598)
    for tester in (first, second):
        tester.subscribe_quotes(run.id(option))
    first.subscribe_trades(run.id("SPY"))
    await run.until(lambda: first.heard("QuoteTick", option), "quotes for the first")
    await run.until(lambda: second.heard("QuoteTick", option), "quotes for the second")
    await run.until(lambda: first.heard("TradeTick"), "trades for the first")

    def leave() -> None:
        first.unsubscribe_quotes(run.id(option))
        first.unsubscribe_trades(run.id("SPY"))

    kept = run.facts["kept by the first"] = run.symbol(597)
    first.subscribe_quotes(run.id(kept))
    await run.until(lambda: kept in pushed(run), "a subscription of its own")
    first.leave = leave
    run.warden.stop_strategy(first.strategy_id)
    stopped_ns = run.facts["first stopped at"] = second.clock.timestamp_ns()
    await run.until(lambda: second.heard("QuoteTick", option, stopped_ns + 10**8), "more quotes")
    await run.until(lambda: second.heard("TradeTick", "SPY", stopped_ns + 10**8), "more trades")
    run.facts["pushed while shared"] = pushed(run)
    run.facts["pushed after the stop"] = pushed(run)
    run.warden.remove_strategy(first.strategy_id)
    await run.until(lambda: kept not in pushed(run), "an end of the removed one's subscription")
    run.facts["pushed after the removal"] = pushed(run)
    second.unsubscribe_quotes(run.id(option))
    await run.until(lambda: option not in pushed(run), "an end of the shared subscription")


async def beyond_the_quota(run: Run) -> None:
    """Want more options than the account may subscribe; then give some back."""
    tester = run.tester
    wanted = [run.symbol(strike, right) for strike in range(595, 606) for right in "CP"]
    for option in wanted:
        tester.subscribe_quotes(run.id(option))
    await run.until(lambda: len(pushed(run)) == 20, "a used up quota")
    full = pushed(run)
    polled = [option for option in wanted if option not in full]
    since_ns = tester.clock.timestamp_ns()
    await run.until(
        lambda: all(tester.heard("QuoteTick", option, since_ns) for option in polled),
        "polled quotes",
    )
    run.facts["quota"] = {"wanted": wanted, "pushed": full, "polled": polled}
    given_back = run.symbol(599), run.symbol(601)
    for option in given_back:
        tester.unsubscribe_quotes(run.id(option))
    await run.until(
        lambda: len(now := pushed(run)) == 20 and not set(given_back) & set(now), "other pushes"
    )
    run.facts["quota"]["given back"] = given_back
    run.facts["quota"]["pushed then"] = pushed(run)


async def interruption(run: Run) -> None:
    tester = run.tester
    before, since_ns = pushed(run), tester.clock.timestamp_ns()
    ticks = run.simulator.connections()[0]["ticks"]
    run.simulator.fault("drop", seconds=0.3)

    def is_up_again() -> bool:
        links = tester.heard("TigerLink", after_ns=since_ns)
        return bool(links) and links[-1]["state"] == "UP"

    await run.until(is_up_again, "a new connection")
    up_ns = tester.heard("TigerLink")[-1]["heard_ns"]
    await run.until(lambda: tester.heard("QuoteTick", "SPY", up_ns), "quotes after the gap")
    await run.until(lambda: tester.heard("TradeTick", "SPY", up_ns), "trades after the gap")
    await run.until(lambda: pushed(run) == before, "the same subscriptions as before")
    [connection] = run.simulator.connections()
    run.facts["interruption"] = {
        "dropped at": since_ns,
        "quotes": [before, connection["quotes"]],
        "ticks": [ticks, connection["ticks"]],
    }


async def unsubscribing(run: Run) -> None:
    tester = run.tester
    for option in run.facts["quota"]["wanted"]:
        tester.unsubscribe_quotes(run.id(option))
    tester.unsubscribe_trades(run.id("SPY"))
    tester.unsubscribe_trades(run.id(run.symbol(600)))
    tester.unsubscribe_index_prices(run.id("VIX"))
    tester.unsubscribe_instrument_status(run.id("SPY"))
    # The node keeps the underlying's quotes for itself: chains are priced from them.
    await run.until(lambda: pushed(run) == ["SPY"], "an end of the options' subscriptions")
    await run.until(lambda: not run.simulator.connections()[0]["ticks"], "an end of the prints")
    since_ns = run.facts["unsubscribed at"] = tester.clock.timestamp_ns()
    await run.until(lambda: tester.heard("QuoteTick", "SPY", since_ns + 3 * 10**8), "0.3 s more")


def pushed(run: Run) -> list[str]:
    """Return the engine symbols the simulator pushes quotes of to this login."""
    connections = run.simulator.connections()
    return sorted(connections[0]["quotes"]) if connections else []


def prepare(run: Run) -> None:
    """Do nothing before the node starts."""
