"""Option names survive every form; arbitrary text is read or refused, never misread."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tigeropen.common.util.contract_utils import extract_option_info

from tiger_nt.symbols import OptionTerms, SymbolError, engine_symbol, is_option, option_terms

terms = st.builds(
    OptionTerms,
    root=st.from_regex(r"[A-Z][A-Z0-9.]{0,5}", fullmatch=True),
    expiry=st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    is_call=st.booleans(),
    strike_mills=st.integers(1, 99_999_999),
)


@given(terms)
def test_terms_come_back_from_each_of_their_texts(option: OptionTerms) -> None:
    for text in (option.compact, option.osi, option.tiger):
        assert option_terms(text) == option
        assert engine_symbol(text) == option.compact
        assert is_option(text)


@given(terms)
def test_strike_text_is_exact_with_one_to_three_decimals(option: OptionTerms) -> None:
    text = option.strike_text
    assert Decimal(text) * 1_000 == option.strike_mills
    assert 1 <= len(text.partition(".")[2]) <= 3
    assert float(text) == option.strike


@given(terms, terms)
def test_two_contracts_never_share_a_name(a: OptionTerms, b: OptionTerms) -> None:
    for form in ("compact", "osi", "tiger"):
        assert (getattr(a, form) == getattr(b, form)) == (a == b)


@given(
    st.builds(
        OptionTerms,
        root=st.from_regex(r"[A-Z]{1,5}W?", fullmatch=True).filter(lambda r: len(r) <= 6),
        expiry=st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
        is_call=st.booleans(),
        strike_mills=st.integers(1, 99_999_999),
    )
)
def test_sdk_reads_the_occ_form_as_the_same_contract(option: OptionTerms) -> None:
    root, expiry, right, strike = extract_option_info(option.osi)
    assert (root, right, strike) == (option.root, option.right, option.strike)
    assert expiry == option.expiry.isoformat()


@given(
    st.one_of(
        st.text(max_size=25),
        st.from_regex(r"[A-Z.0-9 ]{0,7}\d{6}[CP]\d{8}", fullmatch=True),
        st.from_regex(r"[A-Z]{1,6} \d{8} \d{1,6}\.\d{0,4} (CALL|PUT)", fullmatch=True),
    )
)
def test_any_text_is_refused_or_read_so_that_it_can_be_written_again(text: str) -> None:
    try:
        option = option_terms(text)
    except SymbolError:
        return
    assert option_terms(option.compact) == option
    if text.endswith(("CALL", "PUT")):
        root, date, strike, right = text.split()
        assert (option.root, f"{option.expiry:%Y%m%d}", option.right) == (root, date, right)
        assert Decimal(strike) == Decimal(option.strike_text)
    else:
        assert option.compact == text.replace(" ", "")


@given(st.text(max_size=12))
def test_any_text_is_a_symbol_without_dot_or_blank_in_front_or_refused(text: str) -> None:
    try:
        symbol = engine_symbol(text)
    except SymbolError:
        return
    assert symbol
    assert symbol[0].isalpha()
    assert engine_symbol(symbol) == symbol


@pytest.mark.parametrize("mills", [64_100, 128_700, 2_010, 1_005, 99_999_999])
def test_strikes_that_the_sdk_gets_wrong_are_right_here(mills: int) -> None:
    option = OptionTerms("SPY", dt.date(2026, 11, 23), True, mills)
    assert option.osi.endswith(f"{mills:08d}")
    assert option_terms(option.tiger).strike_mills == mills
