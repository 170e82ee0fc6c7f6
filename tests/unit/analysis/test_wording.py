"""Codes in words: every code has some, and they tell the codes apart."""

import math
from enum import Enum

import pytest

from autotrade_0dte.analysis import wording
from autotrade_0dte.analysis.display import UNKNOWN
from autotrade_0dte.market_state.state import Channel, Level
from autotrade_0dte.selection.ranking import Fall, Term
from autotrade_0dte.signals.signal import Factor, SignalRefusal


@pytest.mark.parametrize(
    ("words", "vocabulary"),
    [
        (wording.LEVEL_WORDS, Level),
        (wording.CHANNEL_WORDS, Channel),
        (wording.FACTOR_WORDS, Factor),
        (wording.REFUSAL_WORDS, SignalRefusal),
        (wording.FALL_WORDS, Fall),
        (wording.TERM_WORDS, Term),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_every_code_has_words_of_its_own(words: dict[Enum, str], vocabulary: type[Enum]) -> None:
    assert set(words) == set(vocabulary)
    assert len(set(words.values())) == len(words)


def test_contract_is_named_as_traders_do() -> None:
    assert wording.contract("SPY260731C00740000.US") == "SPY 740 C"
    assert wording.contract("SPY260731P00740500.US") == "SPY 740.5 P"
    assert wording.contract("SPY260731C00740000.US", "SPY260731C00745000.US") == "SPY 740/745 C"
    assert wording.contract("SPY.US") == "SPY"


def test_figures_are_written_with_the_digits_they_need() -> None:
    values = {"min_strength": 0.3, "spread_fraction": 0.0412, "level": 2.0, "age_s": None}
    text = f"min strength 0.30, spread fraction 0.0412, level 2, age s {UNKNOWN}"
    assert wording.figures(values) == text
    assert (
        wording.figures({"gex": -1_234_567.8, "x": math.nan})
        == f"gex \N{MINUS SIGN}1,234,568, x {UNKNOWN}"
    )
    assert wording.figures({}) == ""


def test_end_of_a_name_is_the_unit_of_its_figure() -> None:
    values = {"since_entry_s": 14.0, "worst_loss_usd": 1212.5, "move_bps": 17.25, "age_s": None}
    assert wording.figures(values | {"peak_sd": -4.5, "bid": 1.2}) == (
        f"since entry 14 s, worst loss $1,212.50, move 17.25 bps, age s {UNKNOWN}, "
        "peak \N{MINUS SIGN}4.50 sd, bid 1.20"
    )


def test_direction_is_up_down_or_none() -> None:
    assert [wording.direction(n) for n in (1, -1, 0)] == ["UP", "DOWN", "none"]


def test_every_channel_has_a_unit_for_people() -> None:
    values = {
        Channel.VOLATILITY_LEVEL: (math.log(1.05), "+5.0 %"),
        Channel.VOLATILITY_CHANGE: (math.log(0.9), "\N{MINUS SIGN}10.0 %"),
        Channel.REALIZED: (math.log(2.5), "2.50 x"),
        Channel.ACTIVITY: (0.0, "1.00 x"),
        Channel.JUMP: (-0.0014, "\N{MINUS SIGN}14.0 bps"),
        Channel.DRIFT: (9.64, "9.6 sd"),
        Channel.SPREAD: (math.log(1.32e-4), "1.32 bps"),
        Channel.QUOTE_AGE: (1.93, "1.9 s"),
        Channel.CROSSED: (0.0333, "3.3 %"),
        Channel.EVENT: (180.0, "in 180 s"),
    }
    assert set(values) == set(Channel)
    for channel, (value, text) in values.items():
        assert wording.channel_value(channel, value) == text
        assert wording.channel_value(channel, math.nan) == UNKNOWN
    assert wording.channel_value(Channel.EVENT, -30.0) == "30 s ago"
