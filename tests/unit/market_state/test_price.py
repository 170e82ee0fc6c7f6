import math

import numpy as np
import pytest
from evidence_memory import memory_of, window_row
from series import NS

from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.price import take_print
from autotrade_0dte.market_state.profile import VOLATILITY, Profile, Usual

MINUTES = 30
PARAMS = DetectorParams(jump_window_s=5, jump_steps=4, jump_lag_s=5, drift_allowance=0.1)
MOVE = 0.001
NAN = math.nan


class Watch:
    """Jump and drift of the prints of a session from 0 ns."""

    def __init__(self, profile: Profile | None) -> None:
        self._memory = memory_of(PARAMS, close_ns=MINUTES * 60 * NS, profile=profile)

    def update(self, ts_event: int, price: float) -> None:
        take_print(self._memory, window_row("price"), ts_event, price, NAN)

    def __getattr__(self, name: str) -> float:
        return float(self._memory.state["price"][name])

    @property
    def drift(self) -> float:
        return float(self._memory.state["drift"]["value"])


def usual(wild_from: int = MINUTES) -> Usual:
    """Minutes of one volatility, and from one on of four times it (which few are)."""
    medians = tuple(1.0 if not wild_from <= minute < 10 else 4.0 for minute in range(MINUTES))
    return Usual(tuple(range(MINUTES)), medians, (1.0,) * MINUTES, (9,) * MINUTES)


def steps(profile: Profile | None = None, *, start_s: int = 60, last: float = MOVE) -> Watch:
    """Twelve steps of 5 s up and down by `MOVE`, the last one by `last`."""
    watch = Watch(profile)
    sizes = [0.0, *[MOVE * (-1) ** k for k in range(11)], last]
    for k, log_price in enumerate(np.cumsum(sizes).tolist()):
        watch.update((start_s + 5 * k) * NS, math.exp(log_price))
    return watch


def test_jump_is_measured_in_the_bipower_volatility_of_the_day_so_far() -> None:
    # All steps are of one size: their bipower volatility is sqrt(pi / 2) of it.
    watch = steps(Profile("SPY", (), {VOLATILITY: usual()}), last=5 * MOVE)
    assert watch.jump == pytest.approx(5 * MOVE)
    assert watch.jump_score == pytest.approx(5 / math.sqrt(math.pi / 2))


def test_jump_counts_less_in_a_minute_that_is_usually_wild() -> None:
    watch = steps(Profile("SPY", (), {VOLATILITY: usual(wild_from=2)}), start_s=61, last=5 * MOVE)
    # The steps before were in a minute of a quarter of the volatility.
    assert watch.jump_score == pytest.approx(5 / 4 / math.sqrt(math.pi / 2))


def test_one_step_adds_at_most_three_deviations_to_the_drift() -> None:
    calm, wild = steps(last=MOVE), steps(last=50 * MOVE)
    assert wild.drift <= calm.drift + 3.0


def test_jump_in_a_still_market_is_measured_by_the_floor() -> None:
    still = Profile("SPY", (), {VOLATILITY: usual()})
    watch = Watch(still)
    for k in range(12):
        watch.update((60 + 5 * k) * NS, 100.0 + 1e-5 * (k % 2))
    watch.update(120 * NS, 100.05)
    assert watch.jump_score == pytest.approx(watch.jump / PARAMS.floors.jump)
