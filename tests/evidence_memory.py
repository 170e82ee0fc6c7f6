"""The detector's memory for tests of its parts: one record, and its rows by name."""

import math
from typing import Any

from series import NS

from autotrade_0dte.market_state.fresh_memory import fresh_memory
from autotrade_0dte.market_state.memory import FIGURES, WINDOWS, Memory
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.trailing import take_sample
from autotrade_0dte.market_state.volatility import bounded_step, take_change, take_level

__all__ = ["Trailing", "Volatility", "figure", "memory_of", "row", "window", "window_row"]

SESSION_NS = 23_400 * NS


def memory_of(
    params: DetectorParams, *, close_ns: int = SESSION_NS, profile: Profile | None = None
) -> Memory:
    """Return the memory of a session from 0 ns, as compiled code hands it on."""
    memory = fresh_memory(params, open_ns=0, close_ns=close_ns, profile=profile)
    return memory._replace(state=memory.state[0])


def row(name: str) -> int:
    """Return the row of a figure."""
    return FIGURES.index(name)


def window_row(name: str) -> int:
    """Return the row of a window."""
    return WINDOWS.index(name)


def figure(memory: Memory, name: str) -> Any:
    """Return a figure's record."""
    return memory.state["figures"][row(name)]


def window(memory: Memory, name: str) -> Any:
    """Return a window's record."""
    return memory.state["windows"][window_row(name)]


class Trailing:
    """The trailing window of one figure alone."""

    def __init__(self, window_s: float, lag_s: float, sample_s: float, min_samples: int) -> None:
        self._memory = memory_of(
            DetectorParams(
                reference_s=window_s, reference_lag_s=lag_s, sample_s=sample_s,
                min_samples=min_samples,
            )
        )  # fmt: skip

    def update(self, ts_event: int, value: float) -> None:
        take_sample(self._memory, row("crossed"), ts_event, value)

    @property
    def median(self) -> float:
        return float(figure(self._memory, "crossed")["median"])

    @property
    def scale(self) -> float:
        return float(figure(self._memory, "crossed")["scale"])


class Volatility:
    """Level, change and step of the chain's volatility alone; without a step where none is wanted.

    The change is judged by a floor of 1 % and the step by one of 0.5 %, over their own trailing
    windows.
    """

    def __init__(
        self, params: DetectorParams, *, step_most: float = math.inf, has_step: bool = True
    ) -> None:
        self._memory = memory_of(params)
        self._step_most = step_most
        self._has_step = has_step
        for name, floor in (("chain_level", 0.01), ("chain_change", 0.01), ("chain_step", 0.005)):
            figure(self._memory, name)["floor"] = floor

    def update(
        self, ts_event: int, value: float, second: float = math.nan, noise: float = 0.0
    ) -> None:
        logs = math.log(value), math.log(second)
        of_change = row("chain_change"), window_row("chain"), 0, ts_event, *logs, noise
        take_change(self._memory, *of_change)
        if self._has_step:
            of_step = row("chain_step"), window_row("chain_step"), *of_change[2:]
            take_change(self._memory, *of_step)
        take_level(self._memory, row("chain_level"), 0, ts_event, logs[0])

    @property
    def level(self) -> float:
        return float(figure(self._memory, "chain_level")["value"])

    @property
    def level_score(self) -> float:
        return float(figure(self._memory, "chain_level")["score"])

    @property
    def change(self) -> float:
        return float(figure(self._memory, "chain_change")["value"])

    @property
    def change_score(self) -> float:
        scores = (
            float(figure(self._memory, f"chain_{name}")["score"]) for name in ("change", "step")
        )
        return bounded_step(*scores, self._step_most)
