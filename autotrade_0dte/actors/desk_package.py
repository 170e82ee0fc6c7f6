"""Packages at the order desk: two orders of a vertical's legs, worked as one at a net price.

The desk's rules are those of any order: the gate, vetoes, one order at the venue at a time, a walk
within the cap. The venue has one order and tells both legs' orders of it; a step of the walk is a
cancel and a new package, as a package cannot be changed.
"""

from typing import Any, NamedTuple

import msgspec
from nautilus_trader.model import ClientOrderId, OrderFilled, OrderSubmitted

from autotrade_0dte.actors.order_tags import PACKAGE, parent_of
from autotrade_0dte.actors.package_answers import take_package_answer, take_package_fill
from autotrade_0dte.actors.package_moves import DeskTools, PackageMoves
from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.package import net_parent
from autotrade_0dte.execution.package_walk import PackageWalk
from autotrade_0dte.execution.walk_record import WalkEvent
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["PackageDesk"]

_OTHER_LEG_NS = 1_000_000_000
"""How long the first leg waits for the second: a strategy sends both in one turn."""


class _Half(NamedTuple):
    """One leg's order on its way in, and since when it is here, UTC ns."""

    order: Any
    proposed: ProposedOrder
    tags: dict[str, str]
    since_ns: int


class PackageDesk:
    """Works packages; see the module's text.

    Parameters
    ----------
    tools : DeskTools
        The order desk's.
    is_allowed : bool
        Whether the venue takes packages; without that every order of one is denied.
    """

    def __init__(self, tools: DeskTools, *, is_allowed: bool) -> None:
        self._tools = tools
        self._is_allowed = is_allowed
        self._moves = PackageMoves(tools)
        self._halves: dict[str, _Half] = {}
        self._packages: dict[str, PackageWork] = {}
        self._by_order: dict[ClientOrderId, tuple[PackageWork, int]] = {}

    @property
    def is_working(self) -> bool:
        """Whether there is a package to look at."""
        return bool(self._moves.working or self._halves)

    def has(self, order_id: ClientOrderId) -> bool:
        """Return whether an order is, or was, a leg of a package here."""
        return order_id in self._by_order

    def clear(self) -> None:
        """Forget what is at work."""
        self._moves.working.clear()
        self._halves.clear()

    # -- orders in ------------------------------------------------------------------------------

    def take(self, order: Any, proposed: ProposedOrder, tags: dict[str, str], now_ns: int) -> None:
        """Take an order of a package; with the second leg's it begins, or goes on."""
        name, half = tags[PACKAGE], _Half(order, proposed, tags, now_ns)
        if not self._is_allowed:
            self._tools.deny(order, "NO_PACKAGES: the venue takes none")
            return
        first = self._halves.pop(name, None)
        if first is None:
            self._halves[name] = half
            return
        bought, sold = sorted((first, half), key=lambda each: -each.proposed.quantity)
        work = self._packages.get(name)
        if work is None:
            self._begin(name, bought, sold, now_ns)
        else:
            self._carry_on(work, bought, sold, now_ns)

    def _begin(self, name: str, bought: _Half, sold: _Half, now_ns: int) -> None:
        tools, halves = self._tools, (bought, sold)
        try:
            parents = [
                parent_of(
                    half.proposed, half.tags, reduces=False, now_ns=now_ns, close_ns=tools.close_ns
                )
                for half in halves
            ]
            parent = net_parent(name, *parents)
        except ValueError as e:
            self._moves.deny((bought.order, sold.order), f"BAD_PACKAGE: {e}")
            return
        legs = tuple(
            PackageLeg(
                parent=leg_parent,
                order_id=half.order.client_order_id,
                instrument_id=half.order.instrument_id,
                proposed=half.proposed,
                held=half.order,
            )
            for half, leg_parent in zip(halves, parents, strict=True)
        )
        walk = PackageWalk(parent, tools.params, tools.tick_cents, tools.close_ns, tools.remainders)
        work = PackageWork(walk=walk, legs=legs, offer=Offer(parent))
        self._packages[name] = self._moves.working[name] = work
        self._know(work)
        tools.log.begins(work)
        self._moves.first_look(work, now_ns)

    def _carry_on(self, work: PackageWork, bought: _Half, sold: _Half, now_ns: int) -> None:
        """Take the orders that carry on what is left of a package."""
        quantities = {abs(half.proposed.quantity) for half in (bought, sold)}
        quantity = min(quantities)
        if len(quantities) > 1 or not work.walk.accepts_resend(quantity):
            reason = f"PARENT_NOT_WAITING: quantity={quantity}, left={work.walk.leaves}"
            self._moves.deny((bought.order, sold.order), reason)
            return
        for leg, half in zip(work.legs, (bought, sold), strict=True):
            proposed = msgspec.structs.replace(half.proposed, replaces=str(leg.order_id))
            leg.renew(half.order.client_order_id, half.order, proposed)
        work.is_canceling = False
        self._know(work)
        move = work.walk.on_resent(now_ns, quantity)
        self._moves.follow(work, WalkEvent.RESENT, now_ns, move, quantity=quantity)
        self._moves.first_look(work, now_ns)

    def _know(self, work: PackageWork) -> None:
        work.know_orders()
        for number, leg in enumerate(work.legs):
            self._by_order[leg.order_id] = work, number

    # -- looks ----------------------------------------------------------------------------------

    def look_at_all(self, now_ns: int) -> None:
        """Look at the market for every package, and at first legs that were left alone."""
        for name, half in list(self._halves.items()):
            if now_ns - half.since_ns >= _OTHER_LEG_NS:
                del self._halves[name]
                self._tools.deny(half.order, f"PACKAGE_INCOMPLETE: {PACKAGE}={name}")
        for work in list(self._moves.working.values()):
            self._moves.look(work, now_ns)

    # -- what became of them --------------------------------------------------------------------

    def take_event(self, event: Any) -> None:
        """Take an event of an order; one that is of no package is no news."""
        known = self._by_order.get(event.client_order_id)
        if known is None:
            return
        work, number = known
        leg, now_ns = work.legs[number], self._tools.clock.timestamp_ns()
        if isinstance(event, OrderFilled):
            self._filled(work, number, event, now_ns)
        elif isinstance(event, OrderSubmitted):
            leg.held = None
        elif event.client_order_id == leg.order_id:
            answer = take_package_answer(work, leg, event, now_ns)
            if answer is None:
                return
            self._moves.follow(work, answer.event, now_ns, answer.move, **answer.told)
            if work.walk.is_due_to_end:  # it waited for this answer alone
                self._moves.look(work, now_ns)

    def _filled(self, work: PackageWork, number: int, event: OrderFilled, now_ns: int) -> None:
        quote = self._moves.quotes(work, now_ns)[number]
        self._tools.log.leg_filled(work, number, event, quote)
        for answer in take_package_fill(work, number, event, now_ns):
            self._moves.follow(work, answer.event, now_ns, answer.move, **answer.told)

    # -- the account's risk ---------------------------------------------------------------------

    def withdraw(self, why: str, *, also_reducing: bool) -> None:
        """Draw packages back: all, or those that may open something."""
        for work in list(self._moves.working.values()):
            proposed = work.legs[0].proposed, work.legs[1].proposed
            if also_reducing or not self._tools.risk.package_reduces(proposed):
                self._moves.withdraw(work, why)
