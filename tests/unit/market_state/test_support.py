import math

import pytest

from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.market_state.support import Limits, supported_level

LIMITS = Limits(4.0, 7.0, 12.0)


def level(**scores: float) -> Level:
    known = {Channel(name): score for name, score in scores.items()}
    return supported_level([known.get(channel, math.nan) for channel in CHANNELS], LIMITS)


def test_unknown_evidence_supports_nothing() -> None:
    assert level() is Level.CALM


@pytest.mark.parametrize("channel", [c for c in CHANNELS if c is not Channel.EVENT])
def test_one_elevated_figure_supports_l1(channel: Channel) -> None:
    assert level(**{channel: 3.9}) is Level.CALM
    assert level(**{channel: 4.0}) is Level.L1


@pytest.mark.parametrize(
    "channel", ["volatility_level", "volatility_change", "realized", "activity", "jump", "spread"]
)
def test_one_strong_figure_supports_l2(channel: str) -> None:
    assert level(**{channel: 6.9}) is Level.L1
    assert level(**{channel: 7.0}) is Level.L2


def test_two_elevated_sources_support_l2() -> None:
    assert level(volatility_change=4.0, activity=4.0) is Level.L2


@pytest.mark.parametrize(
    "pair",
    [
        ("volatility_level", "volatility_change"),
        ("realized", "jump"),
        ("spread", "quote_age"),
        ("crossed", "spread"),
    ],
)
def test_figures_of_one_source_are_one_witness(pair: tuple[str, str]) -> None:
    assert level(**dict.fromkeys(pair, 5.0)) is Level.L1


@pytest.mark.parametrize("channel", ["volatility_level", "volatility_change", "jump"])
def test_shock_supports_l3_alone(channel: str) -> None:
    assert level(**{channel: 11.9}) is Level.L2
    assert level(**{channel: 12.0}) is Level.L3


@pytest.mark.parametrize("channel", ["realized", "activity", "spread", "quote_age", "crossed"])
def test_what_a_broken_feed_or_a_block_trade_does_is_no_shock_alone(channel: str) -> None:
    assert level(**{channel: 90.0}) is Level.L2
    assert level(**{channel: 90.0, "volatility_change": 6.9}) is Level.L2
    assert level(**{channel: 90.0, "volatility_change": 7.0}) is Level.L3


def test_drift_supports_l1_and_no_more() -> None:
    assert level(drift=90.0) is Level.L1
    assert level(drift=90.0, spread=4.0) is Level.L1


def test_event_supports_l1_on_its_approach_and_l2_in_its_window() -> None:
    assert level(event=4.0) is Level.L1
    assert level(event=7.0) is Level.L2
    assert level(event=90.0) is Level.L2


def test_limits_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected elevated below strong below extreme"):
        Limits(4.0, 4.0, 12.0)
