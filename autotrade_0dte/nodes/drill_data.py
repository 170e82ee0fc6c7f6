"""Drills of data that do not come: entries are halted, and what is held stays."""

import time

from autotrade_0dte.nodes.drill import Findings, Scenario, Stage
from autotrade_0dte.nodes.drill_parts import (
    BUSY,
    GAP_HOLD_S,
    STALE_S,
    begun,
    closes_in_its_time,
    configuration,
    held,
    in_position,
    orders_of,
    sent_after,
    without,
)
from autotrade_0dte.nodes.drill_world import DrillWorld
from autotrade_0dte.risk.mode import RiskMode, Trigger

__all__ = ["DATA_SCENARIOS"]

_OUTAGE_S = 8.0
_HOLD_S = 16.0
"""The plan of the position is due after the outage."""
_LOOK_S = 1.0
"""A node looks at the time without data once a second."""
_UNDER_WAY_S = 0.5
"""What was sent before the halt may come in after it."""
_BACK_LIMIT_S = 8.0
"""To connect again, to subscribe, and to see a first quote."""
_BACK_S = 15.0


def _data_freeze(world: DrillWorld, findings: Findings) -> None:
    _outage(world, findings, "frozen_quotes", Trigger.STALE_DATA, STALE_S + _LOOK_S + 0.5)


def _disconnect(world: DrillWorld, findings: Findings) -> None:
    _outage(world, findings, "drop", Trigger.DATA_GAP, _LOOK_S + 0.5)


def _outage(
    world: DrillWorld, findings: Findings, fault: str, trigger: Trigger, limit_s: float
) -> None:
    world.start_node(configuration({"hold_s": _HOLD_S}, BUSY))
    symbol = in_position(world)
    began_s = world.broker.fault(fault, seconds=_OUTAGE_S)
    change = begun(world, trigger, began_s, limit_s + _BACK_S)
    findings.time(Stage.HALT, change.at_s - began_s, limit_s)
    findings.check("entries halted", so=change.mode is RiskMode.HALT_ENTRIES, was=change.mode.name)
    world.wait(lambda: time.time() > began_s + _OUTAGE_S - 0.1, "the end of the outage", 60.0)
    entries = sent_after(orders_of(world, side="BUY"), change.at_s + _UNDER_WAY_S)
    findings.check("no entry in the outage", so=entries == 0, was=entries)
    findings.check("the position still there at its end", so=symbol in held(world), was="sold")
    over = without(world, trigger, GAP_HOLD_S + _BACK_S)
    findings.time(Stage.BACK, over.at_s - began_s - _OUTAGE_S, GAP_HOLD_S + _BACK_LIMIT_S)
    world.wait(
        lambda: sent_after(orders_of(world, side="BUY"), over.at_s), "entries again", _BACK_S
    )
    closes_in_its_time(world, findings, symbol, _HOLD_S)


DATA_SCENARIOS = (
    Scenario("freeze", "quotes stand still while a position is open", _data_freeze),
    Scenario("disconnect", "the connection is lost while a position is open", _disconnect),
)
