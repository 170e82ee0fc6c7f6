"""What the nodes of a set-up kept of today, and how it fits what the broker has."""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import KeptPlan
from autotrade_0dte.risk.ladder import LadderParams, RiskLadder
from autotrade_0dte.risk.ladder_state import NO_RISE, LadderState
from autotrade_0dte.store.rows import Heartbeat, Intent, Owner, account_key
from autotrade_0dte.store.state_store import StateStore
from tiger_nt.config import TigerConfig
from tiger_nt.marks import client_order_id
from tiger_nt.views import OrderView

__all__ = [
    "KeptState",
    "described",
    "kept_state",
    "lost_on_paper",
    "misfits",
    "of_new_account",
    "read_kept_state",
    "set_up_folder",
    "state_owner",
]


class KeptState(msgspec.Struct, frozen=True):
    """All that was kept of a session, for the next node.

    Parameters
    ----------
    plans : tuple of KeptPlan
        In the order of their decisions, those that are over included.
    intents : tuple of Intent
        Every order that was about to be sent.
    ladder : LadderState, optional
        The risk controller's; of the last session that has one.
    heartbeat : Heartbeat, optional
        The last sign of life.
    """

    plans: tuple[KeptPlan, ...] = ()
    intents: tuple[Intent, ...] = ()
    ladder: LadderState | None = None
    heartbeat: Heartbeat | None = None

    @property
    def open_plans(self) -> tuple[KeptPlan, ...]:
        """The plans that were not over."""
        return tuple(plan for plan in self.plans if plan.is_open)


def set_up_folder(state: Path, mode: str, config: SystemConfig) -> Path:
    """Return the folder of what a set-up keeps over a node's end."""
    return state / f"{mode}-{config.name}-{config.root}"


def state_owner(tiger: TigerConfig, date: dt.date) -> Owner:
    """Return whose rows a node writes and reads."""
    return Owner(date, account_key(tiger.credentials.account))


def kept_state(store: StateStore) -> KeptState:
    """Return what a store has of its session."""
    intents, states = store.intents(), store.plans()
    # A stop at the broker is no order of the desk's, which has no intent of it.
    order_ids = [{state.stop_order} - {""} for state in states]
    for intent in intents:
        # A name may be another plan's in another process of the day: the one decided last before.
        of = [
            number
            for number, state in enumerate(states)
            if (state.strategy, state.plan.plan_id) == (intent.strategy, intent.plan_id)
            and state.plan.decided_ns <= intent.sent_ns
        ]
        if of:
            order_ids[of[-1]].add(intent.client_order_id)
    return KeptState(
        plans=tuple(map(KeptPlan, states, map(frozenset, order_ids))),
        intents=tuple(intents),
        ladder=store.ladder(LadderState),
        heartbeat=store.heartbeat(),
    )


def read_kept_state(folder: Path, owner: Owner) -> KeptState:
    """Return what a set-up has kept of a session, without touching it.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    store = StateStore.read(folder, owner)
    if store is None:
        return KeptState()
    with store:
        return kept_state(store)


def of_new_account(ladder: LadderState | None) -> LadderState | None:
    """Return a ladder without the references of losses, which are of an account that is gone.

    On paper the engine's account begins anew with each node: what the one before had won, or
    another `starting_cash`, is no loss of this one's.
    """
    if ladder is None:
        return None
    return msgspec.structs.replace(
        ladder, start_equity=math.nan, peak_equity=math.nan, rise=NO_RISE
    )


def described(kept: KeptState, params: LadderParams, session_ns: int) -> str:
    """Return in a line what was kept, with what of it stands in the session of this open."""
    if kept == KeptState():
        return "nothing of today"
    parts = [f"{len(kept.plans)} plans, {len(kept.open_plans)} open", f"{len(kept.intents)} orders"]
    if kept.ladder is not None:
        ladder = RiskLadder.restored(params, session_ns, kept.ladder)
        parts += [f"{rung.name} stands" for rung in ladder.standing]
    if kept.heartbeat is not None:
        at = dt.datetime.fromtimestamp(kept.heartbeat.ts_event / 1e9, NEW_YORK)
        parts.append(f"last sign of life {at:%H:%M:%S} New York")
    return ", ".join(parts)


def misfits(
    kept: KeptState, positions: Mapping[str, int], orders: Sequence[OrderView]
) -> Iterator[str]:
    """Yield where the broker has other than was kept, and what the node will do about it.

    Parameters
    ----------
    kept : KeptState
        What was kept.
    positions : mapping of str to int
        Contracts by symbol at the broker, short ones below 0.
    orders : sequence of OrderView
        The day's orders there.
    """
    ours = {name: order for order in orders if (name := client_order_id(order.user_mark))}
    left = {symbol: quantity for symbol, quantity in positions.items() if quantity}
    of_plans = frozenset[str]().union(*(plan.order_ids for plan in kept.plans))
    strays = [o for o in orders if client_order_id(o.user_mark) not in of_plans]
    for plan in kept.open_plans:
        own = [ours[name] for name in plan.order_ids & ours.keys()]
        yield from _of_plan(plan, own, strays, left)
    for symbol, quantity in left.items():
        yield f"{quantity:+d} {symbol} without a plan: closed at the start"
    known = of_plans | {intent.client_order_id for intent in kept.intents}
    for name, order in ours.items():
        if not order.state.is_final:
            where = "" if name in known else ", not on file"
            yield f"{name} at work{where}: canceled at the start"
    for intent in kept.intents:
        if intent.outcome is Outcome.OPEN and intent.client_order_id not in ours:
            yield f"{intent.client_order_id} never reached the broker"


def lost_on_paper(kept: KeptState) -> Iterator[str]:
    """Yield the plans that end with their process: the engine filled them, and has no books."""
    for plan in kept.open_plans:
        yield f"{plan.state.plan.plan_id} given up: its fills were the engine's own"


def _of_plan(
    kept: KeptPlan, own: Sequence[OrderView], strays: Sequence[OrderView], left: dict[str, int]
) -> Iterator[str]:
    """Yield what is new of a plan; take what it explains out of the positions left."""
    state, plan = kept.state, kept.state.plan
    legs = {_symbol(plan.instrument_id): state.held}
    if plan.short_instrument_id is not None:
        legs[_symbol(plan.short_instrument_id)] = -state.sold
    positions = {symbol: left.get(symbol, 0) for symbol in legs}
    if positions not in (_net(own, legs), _net([*own, *strays], legs)):
        found = ", ".join(f"{left.get(symbol, 0):+d} {symbol}" for symbol in legs)
        yield f"{plan.plan_id} given up: it does not explain {found}"
        return
    end = "goes on with it" if any(left.get(symbol, 0) for symbol in legs) else "is over"
    for symbol, quantity in legs.items():
        now = left.pop(symbol, 0)
        if now != quantity:
            yield f"{plan.plan_id} has {now:+d} {symbol}, told of {quantity:+d}: {end}"


def _net(orders: Iterable[OrderView], symbols: Iterable[str]) -> dict[str, int]:
    """Return what orders bought less what they sold."""
    net = dict.fromkeys(symbols, 0)
    for order in orders:
        if order.symbol in net:
            net[order.symbol] += order.filled if order.is_buy else -order.filled
    return net


def _symbol(instrument_id: str) -> str:
    return instrument_id.rpartition(".")[0]
