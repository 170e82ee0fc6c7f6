import pytest

from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(1234.5, "$1,234.50"), (-3.204, "\N{MINUS SIGN}$3.20"), (0.0, "$0.00"), (-0.001, "$0.00")],
)
def test_money_has_cents_and_no_negative_zero(dollars, text):
    assert money(dollars) == text


def test_signed_money_marks_gains_and_leaves_zero_alone():
    assert [money(x, signed=True) for x in (1, 0, -1)] == ["+$1.00", "$0.00", "\N{MINUS SIGN}$1.00"]


def test_unknown_shows_as_a_dash():
    nan = float("nan")
    shown = [money(None), money(nan), number(None, 2), number(nan, 2), fraction(None, 1)]
    assert [*shown, count(None)] == [UNKNOWN] * 6


def test_numbers_are_rounded_and_grouped():
    assert number(-1234.567, 1) == "\N{MINUS SIGN}1,234.6"
    assert number(-0.001, 2) == "0.00"
    assert fraction(0.1249, 1) == "12.5 %"
    assert count(1_200_000) == "1,200,000"
