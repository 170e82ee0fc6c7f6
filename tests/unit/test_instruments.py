"""Symbols read and written, refusals, and the fields of the engine's instruments."""

import datetime as dt

import pytest
from nautilus_trader.model import AssetClass, OptionKind, Price

from autotrade_0dte.calendar import CalendarError, expiry_ns, session
from autotrade_0dte.instruments import (
    USD,
    VENUE,
    OptionSymbol,
    Right,
    SymbolError,
    equity,
    index,
    instrument_id,
    option_contract,
    option_symbol,
)

DAY = dt.date(2026, 7, 31)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("SPY260731C00600000", OptionSymbol("SPY", DAY, Right.CALL, 600_000)),
        ("SPY   260731C00600000", OptionSymbol("SPY", DAY, Right.CALL, 600_000)),
        (" SPXW  260731P06300000\n", OptionSymbol("SPXW", DAY, Right.PUT, 6_300_000)),
        ("SPY260731P00600500", OptionSymbol("SPY", DAY, Right.PUT, 600_500)),
        ("GOOG1 260731C00128125", OptionSymbol("GOOG1", DAY, Right.CALL, 128_125)),
        ("BRK.B260731C00000001", OptionSymbol("BRK.B", DAY, Right.CALL, 1)),
        ("X151224P99999999", OptionSymbol("X", dt.date(2015, 12, 24), Right.PUT, 99_999_999)),
        ("SPY700731C00600000", OptionSymbol("SPY", dt.date(2070, 7, 31), Right.CALL, 600_000)),
    ],
)
def test_osi_text_is_read_padded_or_compact(text: str, symbol: OptionSymbol) -> None:
    assert option_symbol(text) == symbol


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected an OSI symbol such as SPY260731C00600000, was ''"),
        ("SPY", "was 'SPY'"),
        ("spy260731C00600000", "was 'spy260731C00600000'"),
        ("SPY260731X00600000", "was 'SPY260731X00600000'"),
        ("SPY260731C0600000", "was 'SPY260731C0600000'"),
        ("SPY260731C100600000", "was 'SPY260731C100600000'"),
        ("TOOLONG260731C00600000", "was 'TOOLONG260731C00600000'"),
        ("SPY\n260731C00600000", r"was 'SPY\\n260731C00600000'"),
        ("SPY260731C0060000\u0660", "Expected an OSI symbol"),
        ("SPY260231C00600000", "Expected an expiry as YYMMDD, was 260231 in 'SPY260231C0060"),
        ("SPY260731C00000000", "Expected a strike above zero, was 0 in 'SPY260731C00000000'"),
    ],
)
def test_text_that_is_no_osi_symbol_is_refused_with_what_was_found(text: str, message: str) -> None:
    with pytest.raises(SymbolError, match=message):
        option_symbol(text)


def test_symbol_writes_compact_and_21_character_forms() -> None:
    symbol = OptionSymbol("SPY", DAY, Right.PUT, 600_500)
    assert symbol.compact == "SPY260731P00600500"
    assert symbol.osi == "SPY   260731P00600500"
    assert symbol.strike == 600.5


@pytest.mark.parametrize("strike_mills", [0, -1, 100_000_000])
def test_strike_that_osi_cannot_write_is_refused(strike_mills: int) -> None:
    symbol = OptionSymbol("SPY", DAY, Right.CALL, strike_mills)
    message = rf"Expected a strike in \(0, 99999.999\] dollars, was {strike_mills / 1_000}"
    with pytest.raises(SymbolError, match=message):
        _ = symbol.compact


def test_instrument_id_is_the_symbol_at_the_one_venue() -> None:
    assert str(instrument_id("SPY")) == "SPY.US"
    assert str(instrument_id(option_symbol("SPY   260731C00600000"))) == "SPY260731C00600000.US"
    assert instrument_id("VIX").venue == VENUE


def test_spy_contract_expires_at_the_close_and_belongs_to_its_share() -> None:
    symbol = option_symbol("SPY260731P00600500")
    contract = option_contract(symbol)
    assert str(contract.id) == "SPY260731P00600500.US"
    assert str(contract.raw_symbol) == "SPY260731P00600500"
    assert contract.asset_class == AssetClass.EQUITY
    assert contract.option_kind == OptionKind.PUT
    assert str(contract.underlying) == "SPY"
    assert contract.strike_price == Price(600.5, 2)
    assert contract.activation_ns == session(DAY).open_ns
    assert contract.expiration_ns == expiry_ns("SPY", DAY) == session(DAY).close_ns
    assert int(contract.multiplier) == 100
    assert int(contract.lot_size) == 1
    assert contract.price_increment == Price(0.01, 2)
    assert contract.quote_currency == USD


def test_spxw_contract_is_an_index_option_on_spx() -> None:
    contract = option_contract(option_symbol("SPXW260731C06300000"))
    assert contract.asset_class == AssetClass.INDEX
    assert contract.option_kind == OptionKind.CALL
    assert str(contract.underlying) == "SPX"
    assert str(contract.strike_price) == "6300.00"


def test_half_day_contract_expires_at_one_o_clock() -> None:
    contract = option_contract(option_symbol("GOOG  151224C00750000"))
    assert contract.expiration_ns == 1_450_980_000_000_000_000  # 2015-12-24 18:00 UTC
    assert contract.activation_ns < contract.expiration_ns


def test_contract_never_expires_at_midnight_utc_like_a_vendor_stamp() -> None:
    contract = option_contract(option_symbol("SPY260731C00600000"))
    day_ns = 86_400 * 1_000_000_000
    assert contract.expiration_ns % day_ns == 20 * 3_600 * 1_000_000_000
    assert contract.activation_ns % day_ns == 13.5 * 3_600 * 1_000_000_000


@pytest.mark.parametrize(
    ("strike_mills", "text"),
    [(600_000, "600.00"), (600_500, "600.50"), (128_125, "128.125"), (10, "0.01"), (1, "0.001")],
)
def test_fractional_strike_keeps_all_its_digits(strike_mills: int, text: str) -> None:
    contract = option_contract(OptionSymbol("SPY", DAY, Right.CALL, strike_mills))
    assert str(contract.strike_price) == text


def test_contract_that_expires_on_a_closed_day_is_refused() -> None:
    with pytest.raises(CalendarError, match=r"was 2026-07-04 \(Saturday\); .* 2026-07-06"):
        option_contract(option_symbol("SPY260704C00600000"))


def test_share_and_index_stand_on_cents_at_the_same_venue() -> None:
    share, level = equity("SPY"), index("SPX")
    assert (str(share.id), str(level.id)) == ("SPY.US", "SPX.US")
    assert share.price_increment == level.price_increment == Price(0.01, 2)
    assert share.price_precision == level.price_precision == 2
    assert share.quote_currency == USD
    assert int(share.lot_size) == 1


def test_underlying_of_a_contract_is_found_at_the_contract_s_venue() -> None:
    # The engine settles an option from the price of underlying.venue; both ids must meet.
    contract = option_contract(option_symbol("SPXW260731C06300000"))
    assert instrument_id(str(contract.underlying)) == index("SPX").id
    assert contract.id.venue == index("SPX").id.venue
