"""The memory of a session before its first snapshot, as the parameters want it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.indicators.lagged import nanoseconds
from autotrade_0dte.indicators.memory import PRINT, RETURN, STATE, VOLUME, Memory
from autotrade_0dte.indicators.params import IndicatorParams

__all__ = ["fresh_memory"]

_FIRST_CAPACITY = 24_000
"""A session with a view a second, so that nothing grows; what is never written takes no memory."""


def fresh_memory(
    params: IndicatorParams,
    *,
    open_ns: int,
    close_ns: int,
    usual_volume_rate: NDArray[np.float64] | None = None,
) -> Memory:
    """Return the memory of a session from `open_ns` to `close_ns`, UTC ns; its state is (1,).

    `usual_volume_rate` is that of IndicatorPanel.
    """
    array = np.zeros(1, STATE)
    state = array[0]
    state["open_ns"], state["close_ns"] = open_ns, close_ns
    state["opening_gap_ns"] = nanoseconds(params.opening_gap_s)
    state["return_ns"], state["min_returns"] = nanoseconds(params.return_s), params.min_returns
    state["price"] = np.nan
    state["bars"]["width_ns"], state["bars"]["last"] = nanoseconds(params.bar_s), np.nan
    _set_cross(state["cross"], params)
    _set_windows(state, params)
    opening = state["opening"]
    opening["end_ns"] = open_ns + nanoseconds(params.opening_range_s)
    opening["gap_ns"], opening["last_ns"] = nanoseconds(params.opening_gap_s), open_ns
    opening["seen"], opening["max"], opening["min"] = True, -np.inf, np.inf
    opening["high"] = opening["low"] = np.nan
    return Memory(
        array,
        np.zeros(_FIRST_CAPACITY, PRINT),
        np.zeros(_FIRST_CAPACITY, RETURN),
        np.zeros(_FIRST_CAPACITY, VOLUME),
        np.array([] if usual_volume_rate is None else usual_volume_rate, np.float64),
    )


def _set_cross(cross: Any, params: IndicatorParams) -> None:
    for name, period in (("fast", params.fast_bars), ("slow", params.slow_bars)):
        if period < 1:
            raise ValueError(f"Expected a period of at least 1 bar, was {period}")
        average = cross[name]
        average["period"], average["weight"] = period, 2.0 / (period + 1)
        average["value"] = np.nan
    cross["close"] = cross["gap"] = cross["bars_since"] = np.nan


def _set_windows(state: Any, params: IndicatorParams) -> None:
    seconds = {
        "momentum": params.momentum_window_s,
        "trend": params.trend_window_s,
        "half_trend": params.trend_window_s / 2,
        "short": params.realized_short_s,
        "long": params.realized_long_s,
        "burst": params.burst_window_s,
        "trailing": params.volume_trailing_s,
    }
    for name, window_s in seconds.items():
        state[name]["window_ns"] = nanoseconds(window_s)
