"""Names of options, stocks and indices between Tiger and the engine."""

import datetime as dt

import pytest

from tiger_nt.errors import TigerConfigError
from tiger_nt.symbols import (
    INDICES,
    OptionTerms,
    SymbolError,
    engine_symbol,
    is_option,
    option_terms,
    tiger_symbol,
)

SPY_CALL = OptionTerms("SPY", dt.date(2026, 11, 23), True, 600_000)


def test_one_contract_in_its_three_forms() -> None:
    assert SPY_CALL.compact == "SPY261123C00600000"
    assert SPY_CALL.osi == "SPY   261123C00600000"
    assert SPY_CALL.tiger == "SPY 20261123 600.0 CALL"


@pytest.mark.parametrize(
    "text",
    [
        "SPY261123C00600000",
        "SPY 261123C00600000",
        "SPY   261123C00600000",
        "SPY 20261123 600.0 CALL",
        "SPY 20261123 600 CALL",
        "SPY 20261123 600.00000 CALL",
    ],
)
def test_every_known_writing_is_read(text: str) -> None:
    assert option_terms(text) == SPY_CALL


@pytest.mark.parametrize(
    ("strike", "mills"), [("64.1", 64_100), ("2.01", 2_010), ("0.125", 125), ("4250.5", 4_250_500)]
)
def test_strike_of_the_four_part_form_is_exact(strike: str, mills: int) -> None:
    put = option_terms(f"SPXW 20261123 {strike} PUT")
    assert (put.strike_mills, put.is_call, put.strike_text) == (mills, False, strike)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SPY",
        "spy261123C00600000",
        "SPY261123X00600000",
        "SPY261123C0060000",
        "SPY261123C00600000\n",
        "SPY261323C00600000",
        "SPY260230C00600000",
        "SPY261123C00000000",
        "TOOLONG261123C00600000",
        "SPY 20261123 600.0 Call",
        "SPY 20261123 600.0005 CALL",
        "SPY 20261123 -600.0 CALL",
        "SPY 20261123 1e3 CALL",
        "SPY 19991231 600.0 CALL",
        "SPY 20261123 0.0 CALL",
        "SPY 20261123 600.0 CALL ",
    ],
)
def test_what_is_no_option_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(SymbolError, match="Expected"):
        option_terms(text)


def test_symbol_error_is_a_value_error_of_the_package() -> None:
    assert issubclass(SymbolError, ValueError)
    assert issubclass(SymbolError, TigerConfigError)


@pytest.mark.parametrize(
    ("root", "year", "mills"), [("spy", 2026, 1), ("", 2026, 1), ("SPY", 1999, 1), ("SPY", 2026, 0)]
)
def test_terms_that_no_symbol_can_carry_are_refused(root: str, year: int, mills: int) -> None:
    with pytest.raises(SymbolError, match="Expected"):
        OptionTerms(root, dt.date(year, 1, 2), True, mills)


@pytest.mark.parametrize(
    ("tiger", "engine"),
    [
        ("SPY 20261123 600.0 CALL", "SPY261123C00600000"),
        ("SPY   261123C00600000", "SPY261123C00600000"),
        ("SPY", "SPY"),
        ("BRK.B", "BRK.B"),
        (".SPX", "SPX"),
        ("VIX", "VIX"),
    ],
)
def test_tigers_name_becomes_the_engines(tiger: str, engine: str) -> None:
    assert engine_symbol(tiger) == engine


@pytest.mark.parametrize("text", ["", ".", "spy", "SPY X", "SPY 20261123 600.0", "00700", "..SPX"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(SymbolError, match="Expected a stock, an index or an option"):
        engine_symbol(text)


def test_indices_get_tigers_dot_back_and_stocks_stay() -> None:
    assert tiger_symbol("SPX") == ".SPX"
    assert tiger_symbol("VIX") == "VIX"
    assert tiger_symbol("SPY") == "SPY"
    assert all(engine_symbol(tiger_symbol(index)) == index for index in INDICES)


def test_options_are_told_from_stocks() -> None:
    assert is_option("SPY261123C00600000")
    assert is_option("SPY 20261123 600.0 CALL")
    assert not is_option("SPY")
    assert not is_option(".SPX")


@pytest.mark.parametrize("text", ["A000\u0661" + "01C00000001", "SPY 2026112\u0663 600.0 CALL"])
def test_digits_of_another_script_are_no_digits_of_a_symbol(text: str) -> None:
    with pytest.raises(SymbolError):
        option_terms(text)
