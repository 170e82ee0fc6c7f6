"""Drills of orders that are refused, of a loss beyond the limit, and of a crash."""

import time

from autotrade_0dte.nodes.drill import Findings, Scenario, Stage
from autotrade_0dte.nodes.drill_parts import (
    BUSY,
    RESTING,
    at_work,
    begun,
    closes_in_its_time,
    configuration,
    held,
    in_position,
    last_fill_s,
    orders_of,
    sent_after,
)
from autotrade_0dte.nodes.drill_world import START_S, DrillWorld
from autotrade_0dte.risk.mode import RiskMode, Trigger

__all__ = ["ORDER_SCENARIOS"]

_UNDER_WAY_S = 0.5
_QUIET_S = 3.0
_STORM_LIMIT_S = 10.0
"""Six refusals of a track that tries twice a second, and as much again."""
_FLAT_LIMIT_S = 10.0
_LOSS_LIMIT_S = 3.0
"""A second of confirmation, a view, and a margin."""
_HOLD_S = 15.0
_RESTART_LIMIT_S = 20.0
_RESTART_HOLD_S = 30.0
_MAX_LOSS = 0.002
_DROP = 2.0
"""Dollars a share; of two contracts twice the largest loss of an account of 100,000 dollars."""


def _reject_storm(world: DrillWorld, findings: Findings) -> None:
    world.start_node(configuration({"hold_s": _HOLD_S}, BUSY))
    symbol = in_position(world)
    began_s = world.broker.fault("reject", count=1_000, message="1200:drill")
    change = begun(world, Trigger.REJECTS, began_s, 2 * _STORM_LIMIT_S)
    findings.time(Stage.HALT, change.at_s - began_s, _STORM_LIMIT_S)
    findings.check("entries halted", so=change.mode is RiskMode.HALT_ENTRIES, was=change.mode.name)
    world.broker.clear_faults()
    _quiet(world, findings, change.at_s)
    closes_in_its_time(world, findings, symbol, _HOLD_S)


def _loss_limit(world: DrillWorld, findings: Findings) -> None:
    world.start_node(configuration({}, BUSY, max_daily_loss=_MAX_LOSS))
    symbol = in_position(world)
    quote = world.broker.quote(symbol)
    world.broker.fault("frozen_quotes", seconds=120)
    began_s = time.time()

    def is_flat() -> bool:
        # Said again and again, as only a quote that is new is a price.
        world.broker.set_quote(
            symbol, round(quote["bid"] - _DROP, 2), round(quote["ask"] - _DROP, 2)
        )
        return not held(world)

    world.wait(is_flat, "everything sold", _LOSS_LIMIT_S + 2 * _FLAT_LIMIT_S)
    change = begun(world, Trigger.DAILY_LOSS, began_s, _LOSS_LIMIT_S)
    flatten = [c for c in world.changes() if c.mode is RiskMode.FLATTEN]
    findings.time(Stage.HALT, change.at_s - began_s, _LOSS_LIMIT_S)
    findings.time(Stage.FLAT, last_fill_s(world) - began_s, _LOSS_LIMIT_S + _FLAT_LIMIT_S)
    findings.check("the loss limit to flatten", so=bool(flatten), was=world.mode.name)
    _quiet(world, findings, change.at_s)
    findings.check("FLATTEN to stay", so=world.mode is RiskMode.FLATTEN, was=world.mode.name)


def _crash(world: DrillWorld, findings: Findings) -> None:
    config = configuration({"hold_s": _RESTART_HOLD_S}, RESTING)
    world.start_node(config)
    symbol = in_position(world)
    contracts = held(world)[symbol]
    world.wait(lambda: at_work(world), "an order at work", START_S)
    killed_s = world.kill_node()
    world.wait(lambda: world.broker.connections == 0, "the connection to be gone", START_S)
    world.start_node(config)
    world.wait(lambda: world.broker.connections > 0, "the node to be back", START_S)
    findings.time(Stage.BACK, time.time() - killed_s, _RESTART_LIMIT_S)
    closes_in_its_time(world, findings, symbol, _RESTART_HOLD_S)
    for side, count in (("BUY", contracts), ("SELL", contracts)):
        filled = sum(o["filled"] for o in orders_of(world, side=side, symbol=symbol))
        findings.check(f"{count} contracts in all to {side}", so=filled == count, was=filled)


def _quiet(world: DrillWorld, findings: Findings, from_s: float) -> None:
    """Check that no entry comes for a while."""
    until_s = max(time.time(), from_s + _UNDER_WAY_S) + _QUIET_S
    world.wait(lambda: time.time() > until_s, "entries that must not come", 60.0)
    entries = sent_after(orders_of(world, side="BUY"), from_s + _UNDER_WAY_S)
    findings.check("no entry after the halt", so=entries == 0, was=entries)


ORDER_SCENARIOS = (
    Scenario("rejects", "the broker refuses every order", _reject_storm),
    Scenario("loss", "the day's loss passes its limit", _loss_limit),
    Scenario("crash", "the node dies while a position is open, and is started again", _crash),
)
