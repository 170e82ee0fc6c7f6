"""What a profile knows, in few figures."""

import datetime as dt

import msgspec

from autotrade_0dte.market_state.profile import Profile

__all__ = ["MetricRow", "ProfileSummary", "describe_profile"]


class MetricRow(msgspec.Struct, frozen=True):
    """What a profile knows of one metric; minutes count from the open.

    Parameters
    ----------
    metric : str
        Its name.
    minutes : int
        Minutes that are known.
    fewest_sessions : int
        Least number of sessions behind one of them; 0 without any.
    unknown : tuple of (int, int)
        First and last minute of each stretch that too few sessions had a sample in.
    """

    metric: str
    minutes: int
    fewest_sessions: int
    unknown: tuple[tuple[int, int], ...]


class ProfileSummary(msgspec.Struct, frozen=True):
    """What a profile holds; `minutes` is the length of its longest metric."""

    root: str
    sessions: tuple[dt.date, ...]
    minutes: int
    metrics: tuple[MetricRow, ...]


def describe_profile(profile: Profile) -> ProfileSummary:
    """Return what is known and what is not."""
    length = max(
        (usual.minute[-1] + 1 for usual in profile.metrics.values() if usual.minute), default=0
    )
    rows = [
        MetricRow(
            metric=name,
            minutes=len(usual.minute),
            fewest_sessions=min(usual.count, default=0),
            unknown=_gaps(usual.minute, length),
        )
        for name, usual in profile.metrics.items()
    ]
    return ProfileSummary(profile.root, profile.sessions, length, tuple(rows))


def _gaps(known: tuple[int, ...], length: int) -> tuple[tuple[int, int], ...]:
    """Return the stretches of minutes below `length` that `known`, ascending, leaves out."""
    before = (-1, *known)
    after = (*known, length)
    return tuple((a + 1, b - 1) for a, b in zip(before, after, strict=True) if b > a + 1)
