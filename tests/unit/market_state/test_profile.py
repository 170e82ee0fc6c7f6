import datetime as dt
import math

import msgspec
import numpy as np
import pytest

from autotrade_0dte.market_state.profile import (
    VOLATILITY,
    VOLUME_RATE,
    Profile,
    ProfileError,
    SessionSamples,
    Usual,
    build_profile,
    check_profile,
)

DAYS = [dt.date(2026, 7, day) for day in (20, 21, 22, 23, 24)]


def sessions(*columns: list[float], metric: str = "spread") -> list[SessionSamples]:
    return [
        SessionSamples(day, "SPY", {metric: np.array(column, float)})
        for day, column in zip(DAYS, columns, strict=False)
    ]


def test_usual_is_the_median_and_the_scaled_mad_of_the_minutes_around() -> None:
    quiet, wild = [1.0] * 9, [1.0] * 5 + [9.0] * 4
    profile = build_profile(sessions(quiet, quiet, [2.0] * 9, wild, [3.0] * 9), 5)
    # Minutes 0 to 4 of five sessions: fifteen ones, five twos, five threes.
    assert profile.usual("spread", 2) == (1.0, 0.0)
    # Minutes 6 to 8: six ones, three twos, three threes, three nines.
    median, scale = profile.usual("spread", 8)
    assert median == 2.0
    assert scale == pytest.approx(1.4826)


def test_minute_that_too_few_sessions_know_is_unknown() -> None:
    nan = math.nan
    profile = build_profile(sessions([1, nan, 3], [1, nan, 3], [1, 2, 3]), 3)
    assert math.isnan(profile.usual("spread", 1)[0])
    assert profile.usual("spread", 2)[0] == 2.0


def test_minutes_after_a_half_day_are_known_from_full_sessions_only() -> None:
    half, full = [1.0] * 3, [1.0] * 6
    assert build_profile(sessions(half, full, full), 2).usual("spread", 5) == (1.0, 0.0)
    assert math.isnan(build_profile(sessions(half, half, full), 2).usual("spread", 5)[0])


def test_minute_beyond_the_profile_and_unknown_metric_are_unknown() -> None:
    profile = build_profile(sessions([1.0], [1.0]), 2)
    assert math.isnan(profile.usual("spread", 1)[1])
    assert math.isnan(profile.usual("jump", 0)[1])


def test_volume_rate_has_a_value_for_each_minute() -> None:
    nan = math.nan
    profile = build_profile(sessions([5, nan, 7], [5, nan, 7], metric=VOLUME_RATE), 2)
    rates = profile.usual_volume_rate()
    assert rates is not None
    np.testing.assert_array_equal(rates, [6.0, nan, 6.0])
    assert build_profile(sessions([1.0]), 1).usual_volume_rate() is None


def test_shape_is_relative_to_the_median_minute_and_needs_all_minutes() -> None:
    columns = [[4.0] * 5 + [2.0] * 20 + [6.0] * 5] * 2
    shape = build_profile(sessions(*columns, metric=VOLATILITY), 2).shape(VOLATILITY)
    assert shape is not None
    assert (shape[0], shape[12], shape[29]) == (2.0, 1.0, 3.0)
    columns = [[4.0, math.nan, 2.0]] * 2
    assert build_profile(sessions(*columns, metric=VOLATILITY), 2).shape(VOLATILITY) is None


def test_profile_survives_its_file() -> None:
    profile = build_profile(sessions([1.0, 2.0], [3.0, math.nan]), 2)
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


def test_order_of_sessions_does_not_matter() -> None:
    samples = sessions([1.0, 5.0], [2.0, 4.0], [9.0, 3.0])
    assert build_profile(samples, 2) == build_profile(samples[::-1], 2)


def test_sessions_of_two_roots_or_one_twice_are_refused() -> None:
    samples = sessions([1.0], [1.0])
    with pytest.raises(ProfileError, match="was 2 of"):
        build_profile([samples[0], msgspec.structs.replace(samples[1], root="QQQ")])
    with pytest.raises(ProfileError, match="Expected different sessions"):
        build_profile([samples[0], samples[0]])
    with pytest.raises(ProfileError, match="was 0 of none"):
        build_profile([])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected columns of one length"):
        Usual((1, 2), (1.0,), (1.0,), (5,))


@pytest.mark.parametrize("session", [DAYS[-1], DAYS[0], dt.date(2026, 7, 17)])
def test_profile_that_knows_the_session_or_later_ones_is_refused(session: dt.date) -> None:
    profile = build_profile(sessions(*[[1.0]] * 5))
    with pytest.raises(ProfileError, match=f"Expected a profile of sessions before {session}"):
        check_profile(profile, "SPY", session)


def test_profile_of_too_few_sessions_or_another_root_is_refused() -> None:
    profile = build_profile(sessions(*[[1.0]] * 4))
    with pytest.raises(ProfileError, match="at least 5 sessions, was 4"):
        check_profile(profile, "SPY", dt.date(2026, 7, 31))
    with pytest.raises(ProfileError, match="Expected a profile of SPXW, was SPY"):
        check_profile(profile, "SPXW", dt.date(2026, 7, 31))


def test_profile_of_earlier_sessions_is_accepted() -> None:
    check_profile(build_profile(sessions(*[[1.0]] * 5)), "SPY", dt.date(2026, 7, 27))
