import datetime as dt

from nautilus_trader.model import AssetClass, Equity, IndexInstrument, OptionKind, Price

from tiger_nt.instruments import DefaultListings, Underlying, four_o_clock
from tiger_nt.symbols import option_terms

EXPIRY_NS = 1_795_467_600_000_000_000  # 2026-11-23 16:00 in New York


def test_contract_carries_terms_expiry_and_a_compact_id():
    contract = DefaultListings().contract(option_terms("SPY   261123P00600500"))
    assert str(contract.id) == "SPY261123P00600500.US"
    assert contract.strike_price == Price(600.5, 2)
    assert contract.option_kind == OptionKind.PUT
    assert contract.underlying == "SPY"
    assert contract.expiration_ns == EXPIRY_NS
    assert contract.multiplier.as_double() == 100
    assert contract.asset_class == AssetClass.EQUITY


def test_strike_in_mills_keeps_its_third_decimal():
    contract = DefaultListings().contract(option_terms("XYZ261123C00064125"))
    assert str(contract.strike_price) == "64.125"


def test_contract_of_an_index_root_is_written_on_the_index():
    listings = DefaultListings([Underlying("SPXW", "SPX", is_index=True)], venue="TIGER")
    contract = listings.contract(option_terms("SPXW261123C06000000"))
    assert (contract.underlying, contract.asset_class) == ("SPX", AssetClass.INDEX)
    assert str(contract.id.venue) == "TIGER"


def test_underlying_is_an_index_only_where_said():
    listings = DefaultListings([Underlying("SPXW", "SPX", is_index=True)])
    assert isinstance(listings.underlying("SPX"), IndexInstrument)
    assert isinstance(listings.underlying("SPY"), Equity)
    assert str(listings.underlying("SPY").id) == "SPY.US"


def test_expiry_function_decides_when_a_contract_is_struck():
    listings = DefaultListings(expiry=lambda root, date: four_o_clock(root, date) - 1)
    assert listings.contract(option_terms("SPY261123C00600000")).expiration_ns == EXPIRY_NS - 1


def test_four_o_clock_follows_daylight_saving():
    summer = four_o_clock("SPY", dt.date(2026, 7, 31))
    assert dt.datetime.fromtimestamp(summer / 1e9, dt.UTC).hour == 20
    assert dt.datetime.fromtimestamp(EXPIRY_NS / 1e9, dt.UTC).hour == 21
