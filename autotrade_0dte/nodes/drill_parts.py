"""What the scenarios of a drill share: the node's configuration, and what they look at."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from autotrade_0dte.nodes.drill import Findings, Stage
from autotrade_0dte.nodes.drill_world import START_S, DrillWorld, ModeChange
from autotrade_0dte.risk.mode import RiskMode, Trigger

__all__ = ["BUSY", "GAP_HOLD_S", "RESTING", "STALE_S", "at_work", "begun", "closes_in_its_time"]
__all__ += ["configuration", "held", "in_position", "last_fill_s", "orders_of", "sent_after"]
__all__ += ["without"]

STALE_S = 3.0
GAP_HOLD_S = 2.0
_EXIT_S = 5.0
"""A close at leisure walks for a while; the drill's has a second."""

_CONTRACTS = 2
"""Of the plan that is drilled, of which there is one; the other track has one contract a plan."""

BUSY: Mapping[str, object] = {
    "contracts": 1, "depth": 2.0, "entries": 10_000, "hold_s": 0.5, "pause_s": 0.5,
}  # fmt: skip
"""A track that buys and sells all the while."""

RESTING: Mapping[str, object] = {
    "contracts": 1, "depth": 8.0, "entries": 10_000, "hold_s": 0.5, "pause_s": 0.5, "rests": True,
}  # fmt: skip
"""A track whose order mostly rests; where it was filled it is sold, and the next one rests."""

_EARLY_S = 1.0
"""A plan's time counts from its decision, which was a moment before the purchase."""
_CONFIG = f"""
name = "drill"
root = "SPY"
snapshot_interval_ms = 100

[actions.regular]
calm = {{ entries = true, urgency = "urgent" }}
l1 = {{ entries = true, urgency = "urgent" }}
l2 = {{ entries = true, urgency = "urgent" }}
l3 = {{ entries = true, urgency = "urgent" }}

[actions.anomaly]
calm = {{ entries = true, urgency = "urgent" }}
l1 = {{ entries = true, urgency = "urgent" }}
l2 = {{ entries = true, urgency = "urgent" }}
l3 = {{ entries = true, urgency = "urgent" }}

[coordinator]
stacking_factor = 1.0

[coordinator.regular]
share = 1.0
level_pause_s = 0

[coordinator.anomaly]
share = 1.0

[desk.walk]
normal_exit_s = 1.0
answer_s = 2.0

[desk.route]
urgent_cross_ticks = 100

[desk.quality]
window_parents = 200
min_sample = 200

[risk.ladder]
stale_s = {STALE_S}
gap_hold_s = {GAP_HOLD_S}
loss_confirm_s = 1.0
max_daily_loss = {{max_daily_loss}}

[risk.limits.order]
max_orders_a_minute = 120

[risk.limits.portfolio]
max_entries = 1000
max_losses_in_row = 1000
"""


def configuration(
    regular: Mapping[str, object],
    anomaly: Mapping[str, object] | None = None,
    *,
    max_daily_loss: float = 0.05,
) -> str:
    """Return the node's configuration, with the parameters of the `DrillStrategy` of each track.

    Its times are those of a drill, not of a market: what takes minutes there is seconds here.
    """
    drilled = {"contracts": _CONTRACTS} | dict(regular)
    tracks: dict[str, Mapping[str, object]] = {"regular": drilled} | (
        {} if anomaly is None else {"anomaly": anomaly}
    )
    tables = (
        f'\n[{track}]\npath = "autotrade_strategies.drill:DrillStrategy"\n\n[{track}.params]\n'
        + "\n".join(f"{name} = {_toml(value)}" for name, value in params.items())
        for track, params in tracks.items()
    )
    return _CONFIG.replace("{max_daily_loss}", str(max_daily_loss)) + "\n".join(tables) + "\n"


def held(world: DrillWorld) -> dict[str, int]:
    """Return the contracts held at the broker by symbol."""
    positions = world.broker.account()["positions"]
    return {symbol: int(each["quantity"]) for symbol, each in positions.items()}


def in_position(world: DrillWorld) -> str:
    """Wait until the plan that is drilled is bought, and return its symbol."""

    def find() -> str | None:
        return next((name for name, count in held(world).items() if count == _CONTRACTS), None)

    symbol: str = world.wait(find, "a position", START_S)
    return symbol


def begun(world: DrillWorld, trigger: Trigger, after_s: float, within_s: float) -> ModeChange:
    """Wait until a trigger began after an instant (UTC seconds), and return the change."""

    def find() -> ModeChange | None:
        return next(
            (c for c in world.changes() if c.trigger == trigger and c.begins and c.at_s >= after_s),
            None,
        )

    change: ModeChange = world.wait(find, f"{trigger} to begin", within_s)
    return change


def without(world: DrillWorld, trigger: Trigger, within_s: float) -> ModeChange:
    """Wait until a trigger has ended and entries are allowed; return the change."""

    def find() -> ModeChange | None:
        changes = world.changes()
        last = next((c for c in reversed(changes) if c.trigger == trigger), None)
        is_over = last is not None and not last.begins and world.mode < RiskMode.HALT_ENTRIES
        return changes[-1] if is_over else None

    change: ModeChange = world.wait(find, f"{trigger} to end", within_s)
    return change


def at_work(world: DrillWorld) -> list[dict[str, Any]]:
    """Return the orders at work."""
    return [order for order in world.broker.account()["orders"] if order["status"] == "Submitted"]


def orders_of(world: DrillWorld, *, side: str, symbol: str | None = None) -> list[dict[str, Any]]:
    """Return the orders of a side, of one symbol or of all, oldest first."""
    return [
        order
        for order in world.broker.account()["orders"]
        if order["side"] == side and symbol in (None, order["symbol"])
    ]


def sent_after(orders: Iterable[Mapping[str, Any]], at_s: float) -> int:
    """Count the orders that reached the broker after an instant, UTC seconds."""
    return sum(order["opened_ms"] / 1_000 > at_s for order in orders)


def closes_in_its_time(world: DrillWorld, findings: Findings, symbol: str, hold_s: float) -> None:
    """Wait for a plan's own close `hold_s` after its purchase, and time it from there."""
    fills = world.broker.account()["transactions"]
    bought_s = min(each["time_ms"] for each in fills if each["symbol"] == symbol) / 1_000
    due_s = bought_s + hold_s
    left_s = max(due_s - time.time(), 0.0)
    world.wait(lambda: symbol not in held(world), "the plan's own close", left_s + 2 * _EXIT_S)
    first_s = min(o["opened_ms"] for o in orders_of(world, side="SELL", symbol=symbol)) / 1_000
    early_s = due_s - first_s
    findings.check(
        "no sale before the plan's own time", so=early_s < _EARLY_S, was=f"{early_s:.1f} s before"
    )
    findings.time(Stage.FLAT, max(last_fill_s(world, symbol) - due_s, 0.0), _EXIT_S)


def last_fill_s(world: DrillWorld, symbol: str | None = None) -> float:
    """Return when the last execution was, UTC seconds, of one symbol or of all."""
    fills = world.broker.account()["transactions"]
    last_ms: int = max(each["time_ms"] for each in fills if symbol in (None, each["symbol"]))
    return last_ms / 1_000


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
