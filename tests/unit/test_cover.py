"""How many short options of a series have no long one beside them."""

import datetime as dt

import pytest

from autotrade_0dte.risk.cover import Leg, uncovered

DAY = dt.date(2026, 7, 17)
LATER = dt.date(2026, 7, 20)


def call(strike: float, quantity: int, root: str = "SPY", expiry: dt.date = DAY) -> Leg:
    return Leg(root, expiry, True, strike, quantity)


def put(strike: float, quantity: int) -> Leg:
    return Leg("SPY", DAY, False, strike, quantity)


def test_book_with_more_long_than_short_contracts_has_none_uncovered() -> None:
    assert uncovered([call(600, 3), call(605, -1)], "SPY", DAY, is_call=True) == 0
    assert uncovered([call(600, 1), call(605, -3)], "SPY", DAY, is_call=True) == 2
    assert uncovered(iter([]), "SPY", DAY, is_call=True) == 0


@pytest.mark.parametrize("strike", [590, 595, 605])
def test_long_option_covers_a_short_one_at_any_strike(strike: float) -> None:
    assert uncovered([call(600, 1), call(strike, -1)], "SPY", DAY, is_call=True) == 0


@pytest.mark.parametrize(
    "held",
    [put(600, 5), call(600, 5, expiry=LATER), call(600, 5, root="XSP")],
    ids=["other right", "other expiry", "other root"],
)
def test_long_option_of_another_series_covers_nothing(held: Leg) -> None:
    assert uncovered([held, call(605, -1)], "SPY", DAY, is_call=True) == 1
