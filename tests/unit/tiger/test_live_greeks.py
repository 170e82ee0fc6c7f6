import datetime as dt

import pytest

from tiger_nt.greeks import Greeks
from tiger_nt.instruments import DefaultListings
from tiger_nt.live_greeks import LiveGreeks
from tiger_nt.symbols import OptionTerms

DAY = dt.date(2026, 11, 23)
CALL = OptionTerms("SPY", DAY, is_call=True, strike_mills=600_000)
CONTRACT = DefaultListings().contract(CALL)
NAME = CALL.compact
HOUR_NS = 3_600 * 10**9
NOW_NS = CONTRACT.expiration_ns - HOUR_NS


class Function:
    """Keeps what it is asked; answers with a volatility of the bid."""

    def __init__(self):
        self.asked = []

    def __call__(self, state):
        self.asked.append(state)
        if state.bid == 0:
            return None
        return Greeks(0.5, 0.1, 0.2, -0.3, 0.0, state.bid, None, 0.4)


@pytest.fixture
def spots():
    return {"SPY": 600.5}


@pytest.fixture
def function():
    return Function()


@pytest.fixture
def live(function, spots):
    live = LiveGreeks(function, spots)
    live.add(NAME, CONTRACT, 12.0)
    return live


def test_option_is_valued_from_its_quote_with_the_true_time_to_expiry(live, function):
    live.on_quote(NAME, 1.0, 1.1)
    (greeks,) = live.due(NOW_NS)
    (state,) = function.asked
    assert (state.spot, state.strike, state.is_call) == (600.5, 600.0, True)
    assert (state.bid, state.ask) == (1.0, 1.1)
    assert state.years == pytest.approx(1 / (365 * 24))
    assert (greeks.mark_iv, greeks.bid_iv, greeks.ask_iv) == (1.0, None, 0.4)
    assert (greeks.underlying_price, greeks.open_interest) == (600.5, 12.0)
    assert (greeks.ts_event, greeks.ts_init) == (NOW_NS, NOW_NS)


def test_nothing_is_valued_again_until_something_changes(live, function):
    live.on_quote(NAME, 1.0, 1.1)
    live.on_quote(NAME, 1.0, 1.2)
    assert len(live.due(NOW_NS)) == 1
    assert live.due(NOW_NS + 1) == []
    assert len(function.asked) == 1


def test_move_of_the_underlying_values_its_options_again(live, spots):
    live.on_quote(NAME, 1.0, 1.1)
    live.due(NOW_NS)
    spots["SPY"] = 601.0
    (greeks,) = live.due(NOW_NS)
    assert greeks.underlying_price == 601.0


@pytest.mark.parametrize("now_ns", [CONTRACT.expiration_ns, CONTRACT.expiration_ns + 1])
def test_expired_option_has_no_greeks(live, function, now_ns):
    live.on_quote(NAME, 1.0, 1.1)
    assert live.due(now_ns) == []
    assert function.asked == []


def test_without_quote_spot_or_answer_there_are_no_greeks(live, function, spots):
    assert live.due(NOW_NS) == []
    assert function.asked == []
    live.on_quote(NAME, 0.0, 1.1)
    assert live.due(NOW_NS) == []
    assert len(function.asked) == 1
    del spots["SPY"]
    live.on_quote(NAME, 1.0, 1.1)
    assert live.due(NOW_NS) == []
    assert len(function.asked) == 1


def test_removed_option_is_valued_no_more(live):
    live.on_quote(NAME, 1.0, 1.1)
    live.remove(NAME)
    assert NAME not in live
    assert live.due(NOW_NS) == []
