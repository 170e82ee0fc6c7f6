import math

import numpy as np
import pytest

from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.price import PriceWatch
from autotrade_0dte.market_state.profile import VOLATILITY, Profile, Usual

NS = 1_000_000_000
MINUTES = 30
PARAMS = DetectorParams(jump_window_s=5, jump_steps=4, jump_lag_s=5, drift_allowance=0.1)
MOVE = 0.001
NAN = math.nan


def usual(wild_from: int = MINUTES) -> Usual:
    """Minutes of one volatility, and from one on of four times it (which few are)."""
    medians = tuple(1.0 if not wild_from <= minute < 10 else 4.0 for minute in range(MINUTES))
    return Usual(tuple(range(MINUTES)), medians, (1.0,) * MINUTES, (9,) * MINUTES)


def steps(profile: Profile | None = None, *, start_s: int = 60, last: float = MOVE) -> PriceWatch:
    """Twelve steps of 5 s up and down by `MOVE`, the last one by `last`."""
    watch = PriceWatch(PARAMS, open_ns=0, close_ns=MINUTES * 60 * NS, profile=profile)
    sizes = [0.0, *[MOVE * (-1) ** k for k in range(11)], last]
    for k, log_price in enumerate(np.cumsum(sizes).tolist()):
        watch.update((start_s + 5 * k) * NS, math.exp(log_price), NAN)
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
    watch = PriceWatch(PARAMS, open_ns=0, close_ns=MINUTES * 60 * NS, profile=still)
    for k in range(12):
        watch.update((60 + 5 * k) * NS, 100.0 + 1e-5 * (k % 2), NAN)
    watch.update(120 * NS, 100.05, NAN)
    assert watch.jump_score == pytest.approx(watch.jump / PARAMS.floors.jump)
