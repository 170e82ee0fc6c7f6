"""What is usual at each minute of the day, from past sessions."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.market_state.trailing import MAD_TO_SD

__all__ = ["VOLATILITY", "VOLUME_RATE", "Profile", "ProfileError", "SessionSamples", "Usual"]
__all__ += ["build_profile", "check_profile"]

VOLUME_RATE = "volume_rate"
"""Metric of the shares traded a second."""

VOLATILITY = "volatility"
"""Metric of the realized volatility of a minute. The others are named by their Channel."""

_UNKNOWN = (math.nan, math.nan)
_POOLED = 2  # minutes on either side


class ProfileError(ValueError):
    """A profile does not fit the session it is to be used in."""


class Usual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric by minute of the session, counted from the open; minutes unknown are left out.

    Parameters
    ----------
    minute : tuple of int
        Ascending.
    median, scale : tuple of float
        Over the sessions; the scale is the median absolute deviation as a standard deviation.
    count : tuple of int
        Sessions that had a sample.
    """

    minute: tuple[int, ...]
    median: tuple[float, ...]
    scale: tuple[float, ...]
    count: tuple[int, ...]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in msgspec.structs.astuple(self)}
        if len(lengths) > 1:
            raise ValueError(f"Expected columns of one length, was {sorted(lengths)}")


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Usual value and spread of each figure by minute of the session, from past sessions.

    Minutes count from the open, so that a half day is judged by the mornings it shares; what lies
    beyond the profile is unknown.

    Parameters
    ----------
    root : str
        Option root it was made from.
    sessions : tuple of date
        Sessions it was made from, ascending.
    metrics : dict of str to Usual
        By name: `VOLUME_RATE`, `VOLATILITY`, or the value of a Channel.
    """

    root: str
    sessions: tuple[dt.date, ...]
    metrics: dict[str, Usual] = {}

    def usual(self, metric: str, minute: int) -> tuple[float, float]:
        """Return median and scale of a metric in a minute of the session; NaN if unknown."""
        known = self.metrics.get(metric)
        if known is None or minute not in known.minute:
            return _UNKNOWN
        at = known.minute.index(minute)
        return known.median[at], known.scale[at]

    def usual_volume_rate(self) -> NDArray[np.float64] | None:
        """Return the usual shares a second by minute, NaN where unknown; None without any."""
        return self._medians(VOLUME_RATE)

    def shape(self, metric: str) -> list[float] | None:
        """Return a metric by minute over its median minute; None unless it is known throughout."""
        medians = self._medians(metric)
        if medians is None or not np.all(medians > 0.0):
            return None
        shape: list[float] = (medians / np.median(medians)).tolist()
        return shape

    def _medians(self, metric: str) -> NDArray[np.float64] | None:
        known = self.metrics.get(metric)
        if known is None or not known.minute:
            return None
        medians = np.full(known.minute[-1] + 1, math.nan)
        medians[list(known.minute)] = known.median
        return medians


class SessionSamples(msgspec.Struct, frozen=True, eq=False):
    """What one session contributes: each metric by minute from the open, NaN where unknown.

    A channel's sample is one of the values that are scored, such as the minute's last: means or
    medians of a minute scatter less, and every score by such a profile would be too large.
    """

    date: dt.date
    root: str
    metrics: Mapping[str, NDArray[np.float64]]


def build_profile(samples: Sequence[SessionSamples], min_sessions: int = 5) -> Profile:
    """Return the profile of sessions of one root.

    A minute's median and scale are of its samples and those of the two minutes on either side: a
    median absolute deviation of a few sessions alone is hardly known.

    Parameters
    ----------
    samples : sequence of SessionSamples
        One a session, in any order.
    min_sessions : int
        Sessions with a sample below which a minute stays unknown.

    Raises
    ------
    ProfileError
        If there are no sessions, of several roots, or one twice.
    """
    roots = sorted({session.root for session in samples})
    dates = sorted(session.date for session in samples)
    if len(roots) != 1 or len(set(dates)) != len(dates):
        raise ProfileError(
            f"Expected different sessions of one root, was {len(dates)} of {roots or 'none'}"
        )
    names = sorted({name for session in samples for name in session.metrics})
    metrics = {}
    for name in names:
        columns = [session.metrics[name] for session in samples if name in session.metrics]
        metrics[name] = _usual(columns, min_sessions)
    return Profile(roots[0], tuple(dates), metrics)


def check_profile(profile: Profile, root: str, session: dt.date, min_sessions: int = 5) -> None:
    """Refuse a profile that a session must not be judged by.

    Raises
    ------
    ProfileError
        If it is of another root, of fewer than `min_sessions` sessions, or knows the session
        itself or later ones: it would know what is yet to come.
    """
    if profile.root != root:
        raise ProfileError(f"Expected a profile of {root}, was {profile.root}")
    if len(profile.sessions) < min_sessions:
        raise ProfileError(
            f"Expected a profile of at least {min_sessions} sessions, was {len(profile.sessions)}"
        )
    last = max(profile.sessions)
    if last >= session:
        raise ProfileError(f"Expected a profile of sessions before {session}, was up to {last}")


def _usual(columns: list[NDArray[np.float64]], min_sessions: int) -> Usual:
    longest = max(len(column) for column in columns)
    table = np.full((len(columns), longest), math.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = column
    count = np.count_nonzero(np.isfinite(table), axis=0)
    minutes = np.flatnonzero(count >= min_sessions)
    median, scale = np.empty((2, len(minutes)))
    for at, minute in enumerate(minutes):
        near = table[:, max(0, minute - _POOLED) : minute + _POOLED + 1]
        near = near[np.isfinite(near)]
        median[at] = np.median(near)
        scale[at] = MAD_TO_SD * np.median(np.abs(near - median[at]))
    return Usual(
        tuple(minutes.tolist()),
        tuple(median.tolist()),
        tuple(scale.tolist()),
        tuple(count[minutes].tolist()),
    )
