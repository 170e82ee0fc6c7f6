"""The memory of a session before its first snapshot, as the parameters want it."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.market_state.memory import FIGURES, POINT, PRODUCTS, STATE, WINDOWS, Memory
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import VOLATILITY, Profile
from autotrade_0dte.market_state.state import Channel

__all__ = ["fresh_memory"]

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_INDEX_LIFE_WINDOWS = 2.0
_FIRST_CAPACITY = 24_000
"""A session with a view a second, so that nothing grows; what is never written takes no memory."""

# A profile knows changes in half a minute and how wide spreads are at each minute, but not what
# either does within less: `chain_step` and `spread_change` are judged by the last hour alone.
_PROFILED = {
    "index_level": Channel.VOLATILITY_LEVEL,
    "index_change": Channel.VOLATILITY_CHANGE,
    "chain_level": Channel.VOLATILITY_LEVEL,
    "chain_change": Channel.VOLATILITY_CHANGE,
    "realized": Channel.REALIZED,
    "activity": Channel.ACTIVITY,
    "spread": Channel.SPREAD,
    "quote_age": Channel.QUOTE_AGE,
    "crossed": Channel.CROSSED,
}


def fresh_memory(
    params: DetectorParams, *, open_ns: int, close_ns: int, profile: Profile | None
) -> Memory:
    """Return the memory of a session from `open_ns` to `close_ns`, UTC ns; its state is (1,)."""
    state = np.zeros(1, STATE)
    state["open_ns"], state["close_ns"] = open_ns, close_ns
    state["index_life_ns"] = round(_INDEX_LIFE_WINDOWS * params.index_window_s * _NS)
    state["enter"] = msgspec.structs.astuple(params.enter)
    state["leave"] = msgspec.structs.astuple(params.leave)
    _set_windows(state[0]["windows"], params)
    minutes = (close_ns - open_ns) // _MINUTE_NS
    _set_figures(state[0]["figures"], params, minutes, minutes - int(params.close_s // 60))
    _set_prints(state[0], params)
    pattern = None if profile is None else profile.shape(VOLATILITY)
    return Memory(
        state,
        np.zeros((PRODUCTS + 1, _FIRST_CAPACITY), POINT),
        np.zeros((len(FIGURES), _FIRST_CAPACITY)),
        _usual(profile),
        np.array(pattern or (), np.float64),
    )


def _set_windows(windows: NDArray[Any], params: DetectorParams) -> None:
    seconds = {
        "index": params.index_window_s,
        "index_second": params.index_window_s,
        "chain": params.change_window_s,
        "chain_second": params.change_window_s,
        "chain_step": params.step_window_s,
        "chain_step_second": params.step_window_s,
        "spread": params.change_window_s,
        "price": params.jump_window_s,
    }
    for row, name in enumerate(WINDOWS):
        windows[row]["step_ns"] = round(seconds[name] * _NS)
        windows[row]["longest_s"] = 2.0 * seconds[name]
    windows["value"] = windows["elapsed_s"] = np.nan


def _set_figures(
    figures: NDArray[Any], params: DetectorParams, minutes: int, until_close: int
) -> None:
    """Set the figures of a session of so many minutes, and of so many before its last part."""
    floors = params.floors
    judged = {
        "index_level": (floors.volatility_level, minutes),
        "index_change": (floors.volatility_change, minutes),
        "chain_level": (floors.volatility_level, until_close),
        "chain_change": (floors.volatility_change, until_close),
        "chain_step": (floors.volatility_step, until_close),
        "realized": (floors.realized, minutes),
        "activity": (floors.activity, until_close),
        "spread": (floors.spread, until_close),
        "spread_change": (floors.spread, until_close),
        "quote_age": (floors.quote_age, minutes),
        "crossed": (floors.crossed, minutes),
    }
    for row, name in enumerate(FIGURES):
        figures[row]["floor"], figures[row]["trailing_minutes"] = judged[name]
    figures["window_ns"] = round(params.reference_s * _NS)
    figures["lag_ns"] = round(params.reference_lag_s * _NS)
    figures["sample_ns"] = round(params.sample_s * _NS)
    figures["min_samples"] = params.min_samples
    for name in ("median", "scale", "value", "score"):
        figures[name] = np.nan


def _set_prints(state: Any, params: DetectorParams) -> None:
    price, local, drift = state["price"], state["local"], state["drift"]
    price["floor"] = params.floors.jump
    price["implied_share"] = params.jump_implied_share
    price["drift_scale"] = params.drift_scale
    for name in ("jump", "jump_score", "drift_score"):
        price[name] = np.nan
    local["step_ns"] = round(params.jump_window_s * _NS)
    local["steps"] = params.jump_steps
    local["lag_ns"] = round(params.jump_lag_s * _NS)
    for name in ("log_price", "before", "value", "last"):
        local[name] = np.nan
    drift["allowance"], drift["value"] = params.drift_allowance, np.nan


def _usual(profile: Profile | None) -> NDArray[np.float64]:
    """Return the `usual` of Memory."""
    metrics = {} if profile is None else profile.metrics
    known = {
        row: metrics[_PROFILED[name]]
        for row, name in enumerate(FIGURES)
        if name in _PROFILED and _PROFILED[name] in metrics
    }
    minutes = max((usual.minute[-1] + 1 for usual in known.values() if usual.minute), default=0)
    table = np.full((len(FIGURES), minutes, 2), np.nan)
    for row, usual in known.items():
        table[row, list(usual.minute), 0] = usual.median
        table[row, list(usual.minute), 1] = usual.scale
    return table
