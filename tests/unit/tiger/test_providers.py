import asyncio
import datetime as dt
import math

import pytest

from tiger_nt.errors import TigerConfigError, TigerDeniedError
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.providers import StrikeWindow, TigerInstrumentProvider, load_chain
from tiger_nt.symbols import OptionTerms
from tiger_nt.views import ContractView, QuoteView, StockView

DAY = dt.date(2026, 11, 23)
SPY = Underlying("SPY", "SPY")
LISTINGS = DefaultListings([SPY, Underlying("SPXW", "SPX", is_index=True)])


def quote(symbol):
    return QuoteView(symbol, 1.0, 1.02, 10, 10, 1, 1)


def contract_view(root, strike, *, is_call, expiry=DAY, open_interest=7):
    symbol = OptionTerms(root, expiry, is_call, round(strike * 1000)).compact
    return ContractView(symbol, quote(symbol), 0, open_interest)


class FakeRest:
    """Answers as the REST client would, from lists."""

    def __init__(self, spot=600.3, strikes=range(580, 621), root="SPY", symbol="SPY"):
        self.spot = spot
        self.symbol = symbol
        self.expiries = [dt.date(2026, 11, 20), DAY, dt.date(2026, 11, 24)]
        self.rows = [
            contract_view(root, strike, is_call=is_call)
            for strike in sorted(strikes, reverse=True)
            for is_call in (False, True)
        ]
        self.granted = ["usOptionQuote"]
        self.denied = None
        self.chains = 0

    async def expirations(self, symbol):
        assert symbol == self.symbol
        return self.expiries

    async def chain(self, symbol, expiry):
        self.chains += 1
        if self.denied:
            raise self.denied
        return self.rows

    async def stock_quotes(self, symbols):
        return [StockView(name, quote(name), self.spot, 1) for name in symbols]

    async def permissions(self):
        return self.granted


def load(rest, underlying=SPY, window=None):
    return asyncio.run(load_chain(rest, underlying, DAY, LISTINGS, window))


def test_chain_is_cut_to_the_window_and_sorted_by_strike_call_before_put():
    chain = load(FakeRest(), window=StrikeWindow(0.005, 0))
    names = [str(contract.id.symbol)[-9:] for contract in chain.contracts]
    assert names == [f"{right}{k:05d}000" for k in range(598, 604) for right in "CP"]
    assert chain.open_interest == (7,) * 12
    assert len(chain.rows) == 82
    assert (chain.spot, str(chain.underlying.id)) == (600.3, "SPY.US")


def test_window_lists_at_least_the_wanted_strikes_on_each_side():
    chain = load(FakeRest(), window=StrikeWindow(0.0, 2))
    assert [c.strike_price.as_double() for c in chain.contracts[::2]] == [599, 600, 601, 602]


def test_window_at_the_edge_of_a_chain_takes_what_there_is():
    assert StrikeWindow(0.0, 3).pick([100.0, 101.0], 90.0) == {100.0, 101.0}


def test_day_without_expiry_names_the_next_ones():
    rest = FakeRest()
    rest.expiries = [dt.date(2026, 11, 25), dt.date(2026, 11, 24), dt.date(2026, 11, 20)]
    with pytest.raises(TigerConfigError, match=r"SPY that expire on 2026-11-23, was none; next "
                       r"expiries: 2026-11-24, 2026-11-25$"):  # fmt: skip
        load(rest)


def test_expiry_listed_with_an_empty_chain_is_no_expiry():
    rest = FakeRest()
    rest.rows = []
    with pytest.raises(TigerConfigError, match="was none; next expiries: 2026-11-24"):
        load(rest)


def test_refused_chain_without_entitlement_says_which_one_is_missing():
    rest = FakeRest()
    rest.denied = TigerDeniedError("option_chain", 4, "4000:permission denied")
    rest.granted = ["usQuoteBasic"]
    with pytest.raises(TigerDeniedError, match=r"entitlement usOptionQuote .*\['usQuoteBasic'\]"):
        load(rest)


def test_refused_chain_with_the_entitlement_keeps_tigers_reason():
    rest = FakeRest()
    rest.denied = TigerDeniedError("option_chain", 4, "on another device")
    with pytest.raises(TigerDeniedError, match="on another device"):
        load(rest)


@pytest.mark.parametrize("spot", [0.0, math.nan])
def test_underlying_without_a_price_is_refused(spot):
    with pytest.raises(TigerConfigError, match="Expected a last price of SPY"):
        load(FakeRest(spot=spot))


def test_chain_of_an_index_keeps_only_the_configured_root():
    rest = FakeRest(spot=6000.0, strikes=[5990, 6000], root="SPXW", symbol="SPX")
    rest.rows.append(contract_view("SPX", 6000, is_call=True))
    chain = load(rest, Underlying("SPXW", "SPX", is_index=True))
    assert {str(contract.id.symbol)[:4] for contract in chain.contracts} == {"SPXW"}
    assert len(chain.rows) == 4


def provider(rest, loaded=()):
    return TigerInstrumentProvider(rest, [SPY], DAY, LISTINGS, StrikeWindow(0.005, 0), loaded)


def test_provider_lists_the_underlying_and_the_window():
    async def scenario():
        given = provider(FakeRest())
        await given.initialize()
        return given

    given = asyncio.run(scenario())
    assert given.count == 13
    assert given.by_symbol("SPY") is not None
    assert given.by_symbol("SPY261123C00580000") is None


def test_provider_given_a_chain_does_not_ask_again():
    async def scenario():
        rest = FakeRest()
        chain = await load_chain(rest, SPY, DAY, LISTINGS, StrikeWindow(0.005, 0))
        given = provider(rest, [chain])
        await given.initialize()
        return rest, given

    rest, given = asyncio.run(scenario())
    assert rest.chains == 1
    assert given.count == 13


def test_following_spot_adds_the_new_strikes_and_drops_none():
    async def scenario():
        given = provider(FakeRest())
        await given.initialize()
        before = set(given.get_all())
        new = given.follow("SPY", 602.0)
        again = given.follow("SPY", 602.0)
        return given, before, new, again

    given, before, new, again = asyncio.run(scenario())
    assert {c.strike_price.as_double() for c in new} == {604.0, 605.0}
    assert len(new) == 4
    assert again == []
    assert before < set(given.get_all())


def test_symbol_outside_the_window_is_listed_once_on_demand():
    given = provider(FakeRest())
    new = given.list_symbol("SPY261123C00480000")
    assert [str(each.id) for each in new] == ["SPY261123C00480000.US"]
    assert given.list_symbol("SPY261123C00480000") == []
    assert [str(each.id) for each in given.list_symbol("QQQ")] == ["QQQ.US"]
    with pytest.raises(TigerConfigError, match="Expected a stock"):
        given.list_symbol("spy future")
