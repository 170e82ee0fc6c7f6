import math
import re

import msgspec
import pytest

from autotrade_0dte.indicators.params import IndicatorParams, WindowError, check_spacing


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"fast_bars": 8}, "Expected fast_bars below slow_bars, was 8 and 8"),
        (
            {"burst_window_s": 900},
            "Expected burst_window_s below volume_trailing_s, was 900.0 and 900.0",
        ),
        (
            {"realized_short_s": 1000},
            "Expected realized_short_s below realized_long_s, was 1000.0 and 900.0",
        ),
        (
            {"opening_gap_s": 900},
            "Expected opening_gap_s below opening_range_s, was 900.0 and 900.0",
        ),
        (
            {"return_s": 30},
            "Expected realized_short_s to hold min_returns of return_s (120 s), was 60",
        ),
    ],
)
def test_windows_that_contradict_each_other_are_refused(given: dict[str, float], text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(text)):
        msgspec.convert(given, IndicatorParams)


@pytest.mark.parametrize("given", [{"bar_s": 0}, {"trend_window_s": 23_401}, {"momentum_s": 10}])
def test_window_out_of_range_or_unknown_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, IndicatorParams)


def test_defaults_suit_data_of_a_second() -> None:
    check_spacing(IndicatorParams(), 1.0, 5.0)


def test_spacing_that_is_not_known_is_not_judged() -> None:
    check_spacing(IndicatorParams(), math.nan, math.nan)


def test_every_window_shorter_than_the_data_is_named_with_what_it_needs() -> None:
    with pytest.raises(WindowError) as error:
        check_spacing(IndicatorParams(), 300.0, 600.0)
    assert str(error.value).split("; ") == [
        "bar_s: Expected at least the data's spacing of 300 s, was 60",
        "momentum_window_s: Expected at least the data's spacing of 300 s, was 10",
        "burst_window_s: Expected at least the data's spacing of 300 s, was 30",
        "trend_window_s: Expected at least 4 times the data's spacing of 300 s, was 60",
        "realized_short_s: Expected at least 4 times the data's spacing of 300 s, was 60",
        "opening_gap_s: Expected at least the data's spacing of 300 s, was 60",
        "skew_window_s: Expected at least the data's spacing of 600 s, was 300",
    ]


def test_window_as_wide_as_the_spacing_is_accepted() -> None:
    params = IndicatorParams(
        bar_s=300,
        momentum_window_s=300,
        burst_window_s=300,
        trend_window_s=1_200,
        realized_short_s=1_200,
        realized_long_s=3_600,
        opening_range_s=1_800,
        opening_gap_s=300,
    )
    check_spacing(params, 300.0, 300.0)
    with pytest.raises(WindowError, match=r"^bar_s: .* 301 s"):
        check_spacing(params, 301.0, 300.0)


def test_returns_that_take_several_prints_need_as_many_in_the_short_window() -> None:
    params = IndicatorParams(return_s=8, min_returns=4, realized_short_s=60)
    check_spacing(params, 7.5, 7.5)
    with pytest.raises(WindowError, match="realized_short_s: Expected at least 8 times"):
        check_spacing(IndicatorParams(momentum_window_s=14, return_s=8), 7.6, 7.6)
