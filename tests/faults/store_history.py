"""A seeded history of plans, orders and risk, and what a store must have after any part of it."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace
from stored import CHANGE, PARENT, PLAN, STATE, submitted, walk

from autotrade_0dte.execution.parent import Outcome, ParentOrder
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.execution.walk_record import MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.risk.ladder_state import DayState, LadderState
from autotrade_0dte.risk.mode import RiskChange, RiskMode
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.risk.rungs import RungState
from autotrade_0dte.store.rows import Intent, LogEntry
from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.store.state_writer import StateWriter

__all__ = ["Kept", "found", "history", "kept_after", "take"]

type Message = PlanState | ParentOrder | WalkRecord | RiskChange | LadderState

_ENDS = (WalkEvent.CANCELED, WalkEvent.REJECTED, WalkEvent.DENIED)


class Kept(msgspec.Struct):
    """What a store has; as text, in which unknown figures are equal."""

    plans: dict[int, str] = {}
    intents: dict[str, Intent] = {}
    ladder: str = ""
    changes: list[int] = []

    def as_text(self) -> str:
        """Return all of it."""
        return repr((sorted(self.plans.items()), sorted(self.intents.items()), self.ladder,
                     self.changes))  # fmt: skip


def history(seed: int, length: int, start: int = 0) -> Iterator[Message]:
    """Yield what a node tells of while it makes plans, fills and cancels orders, and changes mode.

    Each message differs from all before it, also from those of a history with a lower `start`, so
    that each part of the history has its own state.
    """
    chance = random.Random(seed)
    plans: list[PlanState] = []
    at_work: list[tuple[str, int]] = []
    counters = DayCounters()
    for number in range(start + 1, start + length + 1):
        kind = chance.random()
        if kind < 0.15 or not plans:
            plan = replace(PLAN, plan_id=f"R{len(plans) + 1:03d}", decided_ns=number)
            plans.append(replace(STATE, ts_event=number, plan=plan, phase="ENTERING", held=0))
            yield plans[-1]
        elif kind < 0.45:
            place = chance.randrange(len(plans))
            phase = chance.choice(("OPEN", "EXITING", "CLOSED"))
            plans[place] = replace(
                plans[place], ts_event=number, phase=phase, held=chance.randrange(4),
                best_gain=chance.choice((float("-inf"), chance.random())), burnt=chance.random(),
            )  # fmt: skip
            yield plans[place]
        elif kind < 0.65:
            name, quantity = f"O-20261123-143000-001-001-{number}", chance.randrange(1, 9)
            at_work.append((name, quantity))
            yield replace(PARENT, parent_id=name, quantity=quantity)
            yield submitted(number, parent_id=name, client_order_id=name)
        elif kind < 0.85 and at_work:
            place = chance.randrange(len(at_work))
            name, left = at_work[place]
            of = {"parent_id": name, "client_order_id": name}
            if left and chance.random() < 0.7:
                filled = chance.randrange(1, left + 1)
                at_work[place] = (name, left - filled)
                yield walk(WalkEvent.FILLED, number, quantity=filled, **of)
            else:
                del at_work[place]
                yield walk(chance.choice(_ENDS), number, **of)
        elif kind < 0.93:
            counters = replace(counters, entries=counters.entries + 1, last_loss_ns=number)
            latch = RungState("DAILY_LOSS:FLATTEN", since_ns=number)
            yield LadderState(session_ns=1, day=DayState(counters), rungs=(latch,))
        else:
            yield replace(CHANGE, ts_event=number, mode=RiskMode(chance.randrange(5)))


def take(writer: StateWriter, message: Message) -> str:
    """Have a message written; return the name of the order that is then sent, if any."""
    match message:
        case PlanState():
            writer.take_plan(message)
        case ParentOrder():
            writer.take_parent(message)
        case RiskChange():
            writer.take_change(message)
        case LadderState():
            writer.take_ladder(message.day.counters.last_loss_ns, message)
        case WalkRecord(move=move):
            writer.take_walk(message)
            if move is not None and move.kind is MoveKind.SUBMIT:
                return message.client_order_id
    return ""


def kept_after(messages: Iterable[Message]) -> str:
    """Return what must be kept after these messages, told the plain way."""
    kept, parents = Kept(), dict[str, ParentOrder]()
    for message in messages:
        match message:
            case PlanState(plan=plan):
                kept.plans[plan.decided_ns] = repr(message)
            case ParentOrder(parent_id=name):
                parents[name] = message
            case RiskChange(ts_event=at_ns):
                kept.changes.append(at_ns)
            case LadderState():
                kept.ladder = repr(message)
            case WalkRecord(client_order_id=name, event=event, ts_event=at_ns):
                _walked(kept, parents[name], event, at_ns, message.quantity)
    return kept.as_text()


def _walked(kept: Kept, parent: ParentOrder, event: WalkEvent, at_ns: int, quantity: int) -> None:
    name = parent.parent_id
    if name not in kept.intents:
        kept.intents[name] = Intent(
            client_order_id=name, parent_id=name, plan_id=parent.plan_id, strategy=parent.strategy,
            instrument_id=parent.instrument_id, side=parent.side, quantity=parent.quantity,
            limit=1.2, purpose=parent.purpose, sent_ns=at_ns,
        )  # fmt: skip
        return
    was = kept.intents[name]
    filled = was.filled + quantity
    outcome = was.outcome if event is WalkEvent.FILLED else Outcome(event)
    if event is WalkEvent.FILLED and filled == was.quantity:
        outcome = Outcome.FILLED
    ended_ns = 0 if outcome is Outcome.OPEN else at_ns
    kept.intents[name] = replace(was, filled=filled, outcome=outcome, ended_ns=ended_ns)


def found(store: StateStore) -> str:
    """Return what a store has, as `kept_after` tells it."""
    ladder: Any = store.ladder(LadderState)
    entries: list[LogEntry] = store.entries()
    return Kept(
        plans={state.plan.decided_ns: repr(state) for state in store.plans()},
        intents={intent.client_order_id: intent for intent in store.intents()},
        ladder="" if ladder is None else repr(ladder),
        changes=[entry.ts_event for entry in entries],
    ).as_text()
