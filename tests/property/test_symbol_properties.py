"""Symbols survive the way out and back; arbitrary text is read or refused, never misread."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.calendar import expiry_ns, last_trade_ns, new_york_ns, sessions_between
from autotrade_0dte.instruments import (
    OptionSymbol,
    Right,
    SymbolError,
    instrument_id,
    option_contract,
    option_symbol,
)
from autotrade_0dte.products import PRODUCTS

symbols = st.builds(
    OptionSymbol,
    root=st.from_regex(r"[A-Z][A-Z0-9.]{0,5}", fullmatch=True),
    expiry=st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    right=st.sampled_from(Right),
    strike_mills=st.integers(1, 99_999_999),
)
SESSIONS = sessions_between(dt.date(2012, 1, 1), dt.date(2026, 12, 31))


@given(symbols)
def test_symbol_comes_back_from_both_of_its_texts(symbol: OptionSymbol) -> None:
    assert option_symbol(symbol.compact) == symbol
    assert option_symbol(symbol.osi) == symbol
    assert len(symbol.osi) == 21
    assert symbol.osi.replace(" ", "") == symbol.compact


@given(symbols)
def test_strike_in_dollars_says_the_same_as_the_mills(symbol: OptionSymbol) -> None:
    assert round(symbol.strike * 1_000) == symbol.strike_mills


@given(symbols, symbols)
def test_two_contracts_never_share_an_engine_id(a: OptionSymbol, b: OptionSymbol) -> None:
    assert (instrument_id(a) == instrument_id(b)) == (a == b)


@given(st.one_of(st.text(max_size=25), st.from_regex(r"[A-Z.0-9 ]{0,7}\d{6}[CP]\d{8}")))
def test_any_text_is_refused_or_read_so_that_it_can_be_written_again(text: str) -> None:
    try:
        symbol = option_symbol(text)
    except SymbolError:
        return
    assert symbol.compact == text.replace(" ", "").strip()


@given(
    st.sampled_from([day.date for day in SESSIONS]),
    st.sampled_from(sorted(PRODUCTS)),
    st.sampled_from(Right),
    st.integers(1, 99_999_999),
)
def test_contract_lives_within_its_session_at_its_exact_strike(
    date: dt.date, root: str, right: Right, strike_mills: int
) -> None:
    contract = option_contract(OptionSymbol(root, date, right, strike_mills))
    assert contract.activation_ns == new_york_ns(date, dt.time(9, 30))
    assert contract.activation_ns < contract.expiration_ns <= last_trade_ns(root, date)
    assert round(contract.strike_price.as_double() * 1_000) == strike_mills


def test_every_session_since_2012_is_full_or_half_and_expires_at_its_close() -> None:
    hour = 3_600 * 1_000_000_000
    for day in SESSIONS:
        length = day.close_ns - day.open_ns
        assert length == (3.5 if day.is_half_day else 6.5) * hour, day
        assert day.open_ns == new_york_ns(day.date, dt.time(9, 30)), day
        assert expiry_ns("SPXW", day.date) == last_trade_ns("SPXW", day.date) == day.close_ns, day
        assert last_trade_ns("SPY", day.date) - expiry_ns("SPY", day.date) == hour // 4, day
