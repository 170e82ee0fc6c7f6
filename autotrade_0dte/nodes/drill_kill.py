"""Drills of the kill switch: by a node that lives, and directly at the broker when it is dead."""

from autotrade_0dte.nodes.drill import Findings, Scenario, Stage
from autotrade_0dte.nodes.drill_parts import (
    RESTING,
    at_work,
    configuration,
    held,
    in_position,
    last_fill_s,
    sent_after,
)
from autotrade_0dte.nodes.drill_world import START_S, DrillWorld
from autotrade_0dte.nodes.kill_latch import LATCH

__all__ = ["KILL_SCENARIOS"]

_REASON = ("--reason", "drill")
_CANCEL_LIMIT_S = 0.25
_FLAT_LIMIT_S = 10.0
_COMMAND_S = 60.0
_REFUSED = 4


def _kill_alive(world: DrillWorld, findings: Findings) -> None:
    _busy(world)
    code, printed = world.run("kill", *_REASON, within_s=_COMMAND_S)
    findings.check("the command to say FLAT, exit code 0", so=code == 0, was=printed)
    _gone(world, findings)
    _latched(world, findings)


def _kill_dead(world: DrillWorld, findings: Findings) -> None:
    _busy(world)
    world.kill_node()
    code, printed = world.run("kill", "--direct", *_REASON, within_s=_COMMAND_S)
    findings.check("the command to say FLAT, exit code 0", so=code == 0, was=printed)
    _gone(world, findings)
    _latched(world, findings)


def _busy(world: DrillWorld) -> None:
    """Have a node with a position and an order at work."""
    world.start_node(configuration({}, RESTING))
    in_position(world)
    world.wait(lambda: at_work(world), "an order at work", START_S)


def _gone(world: DrillWorld, findings: Findings) -> None:
    """Time what became of orders and positions, from the latch on."""
    latched_s = (world.state / LATCH).stat().st_mtime
    account = world.broker.account()
    cancels = [o["updated_ms"] / 1_000 for o in account["orders"] if o["status"] == "Cancelled"]
    after = [at_s - latched_s for at_s in cancels if at_s >= latched_s]
    findings.check("an order canceled", so=bool(after), was="none")
    if after:
        findings.time(Stage.CANCEL, min(after), _CANCEL_LIMIT_S)
    left = [*held(world), *(order["symbol"] for order in at_work(world))]
    findings.check("nothing held or at work", so=not left, was=", ".join(left))
    if not left:
        findings.time(Stage.FLAT, last_fill_s(world) - latched_s, _FLAT_LIMIT_S)
    entries = [o for o in account["orders"] if o["side"] == "BUY"]
    # Of a node that sees the latch late its time tells; what it sends afterwards is wrong.
    seen_s = max(min(after, default=0.0), _CANCEL_LIMIT_S)
    count = sent_after(entries, latched_s + seen_s)
    findings.check("no entry after the kill", so=count == 0, was=count)


def _latched(world: DrillWorld, findings: Findings) -> None:
    """Check that no node starts before the system is armed again."""
    if world.has_node:
        world.kill_node()
    world.start_node(configuration({}))
    code = world.node_code()
    findings.check(f"a node not to start, exit code {_REFUSED}", so=code == _REFUSED, was=code)
    code, printed = world.run("rearm", *_REASON)
    findings.check("rearm to end with 0", so=code == 0, was=printed)
    findings.check("the latch to be gone", so=not (world.state / LATCH).exists(), was="there")


KILL_SCENARIOS = (
    Scenario("kill", "autotrade kill, by the node that runs", _kill_alive),
    Scenario("kill-direct", "autotrade kill --direct, after the node's death", _kill_dead),
)
