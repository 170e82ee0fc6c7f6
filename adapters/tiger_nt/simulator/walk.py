"""The prices behind a synthetic market: a random walk of the underlying, and a VIX against it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiger_nt.simulator.premium import YEAR_NS

__all__ = ["Walk", "WalkSettings"]

_NS = 1_000_000_000
_VIX_REVERSION_S = 600.0
_VIX_PER_RETURN = 10.0

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


class WalkSettings(Protocol):
    """What a walk needs of the settings of its market."""

    @property
    def spot(self) -> float:
        """First price, dollars."""
        ...

    @property
    def volatility(self) -> float:
        """Per square root of a calendar year."""
        ...

    @property
    def swing_bps(self) -> float:
        """Amplitude of the swing, basis points."""
        ...

    @property
    def swing_period_s(self) -> float:
        """Period of the swing."""
        ...


class Walk:
    """Spot and VIX at ascending times, from the first one asked for on."""

    def __init__(self, settings: WalkSettings, rng: np.random.Generator) -> None:
        self._settings = settings
        self._rng = rng
        self._phase = rng.uniform(0, 2 * np.pi)
        self._start_ns = self._last_ns = 0
        self._walked = 0.0
        self._vix_off = 0.0

    def advance(self, ts: Ints) -> tuple[Floats, Floats]:
        """Return spot and VIX at `ts`, ascending and not before the last call's."""
        settings = self._settings
        if self._last_ns == 0:
            self._start_ns = self._last_ns = int(ts[0])
        steps = np.diff(ts, prepend=self._last_ns) / YEAR_NS
        moves = settings.volatility * np.sqrt(steps) * self._rng.standard_normal(len(ts))
        walked = self._walked + np.cumsum(moves - settings.volatility**2 * steps / 2)
        angle = 2 * np.pi * (ts - self._start_ns) / (settings.swing_period_s * _NS)
        swing = settings.swing_bps / 10_000 * np.sin(angle + self._phase)
        # The index of fear goes against the price, and comes back to where it belongs.
        elapsed_s = (ts[-1] - self._last_ns) / _NS if len(ts) else 0.0
        self._vix_off *= np.exp(-elapsed_s / _VIX_REVERSION_S)
        vix = (
            100
            * settings.volatility
            * np.exp(self._vix_off - _VIX_PER_RETURN * (walked - self._walked))
        )
        if len(ts):
            self._vix_off -= _VIX_PER_RETURN * (walked[-1] - self._walked)
            self._walked, self._last_ns = float(walked[-1]), int(ts[-1])
        return settings.spot * np.exp(walked + swing), vix
