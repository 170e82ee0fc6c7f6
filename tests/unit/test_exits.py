"""Each rule that closes a position, alone and against the others."""

import math
from typing import Any

import pytest

from autotrade_0dte.execution.exits import ExitParams, ExitReason, ExitWatch

NS = 1_000_000_000
HOUR = 3_600
COST = 2.00


def watch(**changes: Any) -> ExitWatch:
    usual = {"profit_fraction": 0.5, "loss_fraction": 0.4, "hold_s": 2 * HOUR}
    return ExitWatch(ExitParams(**(usual | changes)), decided_ns=0)


def seen(watch: ExitWatch, *values: float, every_s: int = 1) -> list[ExitReason | None]:
    return [watch.due(n * every_s * NS, value, COST) for n, value in enumerate(values, start=1)]


def test_target_and_stop_are_fractions_of_the_cost() -> None:
    assert seen(watch(), 2.99, 3.00, 1.21, 1.20) == [
        None, ExitReason.TARGET, None, ExitReason.STOP,
    ]  # fmt: skip


def test_trailing_closes_when_its_share_of_the_best_gain_is_given_back() -> None:
    trailing = watch(trail_after_fraction=0.2, trail_fraction=0.5)
    assert seen(trailing, 2.38, 2.00, 2.40, 2.48, 2.25, 2.24) == [None] * 5 + [ExitReason.TRAILING]
    assert trailing.best_gain == pytest.approx(0.24)


def test_gain_that_never_reached_the_trigger_is_not_guarded() -> None:
    assert seen(watch(trail_after_fraction=0.2), 2.39, 1.50) == [None, None]


def test_without_a_trigger_nothing_trails() -> None:
    assert seen(watch(), 2.90, 1.50) == [None, None]


@pytest.mark.parametrize("value", [math.nan])
def test_unknown_value_triggers_neither_target_stop_trailing_nor_burn(value: float) -> None:
    unknown = watch(trail_after_fraction=0.1)
    assert unknown.due(NS, 2.30, COST, -1e9) is None
    assert unknown.due(2 * NS, value, COST, -1e9) is None
    assert unknown.best_gain == pytest.approx(0.15)
    assert unknown.due(2 * HOUR * NS, value, COST) is ExitReason.TIME_STOP


def test_theta_burn_closes_what_lost_its_time_value_without_a_move() -> None:
    burn = watch(theta_burn_fraction=0.25)
    assert burn.due(10 * NS, 1.99, COST, 1.0) is None  # nothing is burnt before the first view
    assert burn.due((10 + 1_799) * NS, 1.99, COST, 1.0) is None
    assert burn.due((10 + 1_800) * NS, 1.99, COST, 1.0) is ExitReason.THETA_BURN
    assert burn.burnt == pytest.approx(0.5)


def test_favourable_move_suspends_the_theta_burn() -> None:
    burn = watch(theta_burn_fraction=0.25)
    burn.due(NS, 2.0, COST, 1.0)
    assert burn.due(1_900 * NS, 2.01, COST, 1.0) is None
    assert burn.due(1_901 * NS, 2.00, COST, 1.0) is ExitReason.THETA_BURN


def test_interval_without_a_known_decay_burns_nothing() -> None:
    burn = watch(theta_burn_fraction=0.25)
    burn.due(NS, 2.0, COST, 1.0)
    assert burn.due(3_000 * NS, 1.9, COST, math.nan) is None
    assert burn.burnt == 0.0


def test_time_stop_counts_from_the_decision() -> None:
    timed = ExitWatch(ExitParams(hold_s=60), decided_ns=100 * NS)
    assert timed.due(160 * NS - 1, COST, COST) is None
    assert timed.due(160 * NS, COST, COST) is ExitReason.TIME_STOP


def test_position_worth_less_than_nothing_is_stopped() -> None:
    assert seen(watch(loss_fraction=1.0), -0.05) == [ExitReason.STOP]
