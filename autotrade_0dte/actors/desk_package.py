"""Packages at the order desk: two orders of a vertical's legs, worked as one at a net price.

The desk's rules are those of any order: the gate, vetoes, one order at the venue at a time, a walk
within the cap. The venue has one order and tells both legs' orders of it; a step of the walk is a
cancel and a new package, as a package cannot be changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from nautilus_trader.model import (
    ClientOrderId,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    Price,
)

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.desk_market import DeskMarket
from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_tags import PACKAGE, parent_of
from autotrade_0dte.actors.package_log import PackageLog
from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.call_budget import CallBudget
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import leg_limits, net_parent, net_quote, package_params
from autotrade_0dte.execution.quality import QualityWatch
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["DeskTools", "PackageDesk"]

_OTHER_LEG_NS = 1_000_000_000
"""How long the first leg waits for the second: a strategy sends both in one turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTools:
    """What the packages' desk has of the order desk.

    Parameters
    ----------
    cache, clock : Any
        The engine's.
    market, risk, budget, quality, gate
        The desk's own: of packages and single orders together.
    params : DeskParams
        How orders are worked.
    tick_cents, close_ns, remainders
        What each `Walk` is given.
    submit, price_in_place, cancel, deny : callable
        The engine's commands, to be made through the gate; `deny` makes its own way.
    log : PackageLog
        Tells what happens.
    """

    cache: Any
    clock: Any
    market: DeskMarket
    risk: DeskGate
    budget: CallBudget
    quality: QualityWatch
    gate: EventGate
    params: DeskParams
    tick_cents: Callable[[int], int]
    close_ns: int
    remainders: RemainderRule
    submit: Callable[..., None]
    price_in_place: Callable[..., None]
    cancel: Callable[..., None]
    deny: Callable[[Any, str], None]
    log: PackageLog


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
        self._params = package_params(tools.params)
        self._halves: dict[str, tuple[Any, ProposedOrder, dict[str, str], int]] = {}
        self._packages: dict[str, PackageWork] = {}
        self._working: dict[str, PackageWork] = {}
        self._by_order: dict[ClientOrderId, tuple[PackageWork, int]] = {}

    @property
    def is_working(self) -> bool:
        """Whether there is a package to look at."""
        return bool(self._working or self._halves)

    def has(self, order_id: ClientOrderId) -> bool:
        """Return whether an order is, or was, a leg of a package here."""
        return order_id in self._by_order

    def clear(self) -> None:
        """Forget what is at work."""
        self._working.clear()
        self._halves.clear()

    # -- orders in ------------------------------------------------------------------------------

    def take(self, order: Any, proposed: ProposedOrder, tags: dict[str, str], now_ns: int) -> None:
        """Take an order of a package; with the second leg's it begins, or goes on."""
        name = tags[PACKAGE]
        if not self._is_allowed:
            self._tools.deny(order, "NO_PACKAGES: the venue takes none")
            return
        first = self._halves.pop(name, None)
        if first is None:
            self._halves[name] = order, proposed, tags, now_ns
            return
        halves = sorted((first[:3], (order, proposed, tags)), key=lambda half: -half[1].quantity)
        work = self._packages.get(name)
        if work is None:
            self._begin(name, halves, now_ns)
        else:
            self._carry_on(work, halves, now_ns)

    def _begin(
        self, name: str, halves: list[tuple[Any, ProposedOrder, dict[str, str]]], now_ns: int
    ) -> None:
        tools = self._tools
        try:
            bought, sold = (
                parent_of(proposed, tags, reduces=False, now_ns=now_ns, close_ns=tools.close_ns)
                for _, proposed, tags in halves
            )
            parent = net_parent(name, bought, sold)
        except ValueError as e:
            self._deny([order for order, _, _ in halves], f"BAD_PACKAGE: {e}")
            return
        legs = tuple(
            PackageLeg(
                parent=leg_parent,
                order_id=order.client_order_id,
                instrument_id=order.instrument_id,
                proposed=proposed,
                held=order,
            )
            for (order, proposed, _), leg_parent in zip(halves, (bought, sold), strict=True)
        )
        walk = Walk(
            parent, self._params, tools.tick_cents, tools.close_ns, tools.remainders,
            can_change=False,
        )  # fmt: skip
        work = PackageWork(walk=walk, legs=legs, offer=Offer(parent))
        self._packages[name] = self._working[name] = work
        self._know(work)
        tools.log.begins(work)
        self._first_look(work, now_ns)

    def _carry_on(
        self,
        work: PackageWork,
        halves: list[tuple[Any, ProposedOrder, dict[str, str]]],
        now_ns: int,
    ) -> None:
        """Take the orders that carry on what is left of a package."""
        quantities = {abs(proposed.quantity) for _, proposed, _ in halves}
        quantity = min(quantities)
        if len(quantities) > 1 or not work.walk.accepts_resend(quantity):
            reason = f"PARENT_NOT_WAITING: quantity={quantity}, left={work.walk.leaves}"
            self._deny([order for order, _, _ in halves], reason)
            return
        for leg, (order, proposed, _) in zip(work.legs, halves, strict=True):
            replaces = str(leg.order_id)
            leg.renew(
                order.client_order_id, order, msgspec.structs.replace(proposed, replaces=replaces)
            )
        work.is_canceling = False
        self._know(work)
        move = work.walk.on_resent(now_ns, quantity)
        self._follow(work, WalkEvent.RESENT, now_ns, move, quantity=quantity)
        self._first_look(work, now_ns)

    def _know(self, work: PackageWork) -> None:
        for number, leg in enumerate(work.legs):
            self._by_order[leg.order_id] = work, number

    def _first_look(self, work: PackageWork, now_ns: int) -> None:
        work.checked_ns = now_ns
        denial = self._denial(work, now_ns)
        if denial is not None:
            self._refuse(work, now_ns, denial)
            return
        for leg in work.legs:
            self._tools.risk.exposure.submitted(leg.proposed, now_ns)
        self._look(work, now_ns)

    def _denial(self, work: PackageWork, now_ns: int) -> str | None:
        tools = self._tools
        proposed = work.legs[0].proposed, work.legs[1].proposed
        quotes = self._quotes(work, now_ns)
        return tools.risk.package_denial(proposed, quotes, tools.market.chain, now_ns)

    def _refuse(self, work: PackageWork, now_ns: int, denial: str) -> None:
        orders = self._release(work)
        move = work.walk.on_denied(now_ns)
        self._follow(work, WalkEvent.DENIED, now_ns, move, text=denial)
        self._deny(orders, denial)

    # -- looks ----------------------------------------------------------------------------------

    def look_at_all(self, now_ns: int) -> None:
        """Look at the market for every package, and at first legs that were left alone."""
        for name, (order, _, _, since_ns) in list(self._halves.items()):
            if now_ns - since_ns >= _OTHER_LEG_NS:
                del self._halves[name]
                self._tools.deny(order, f"PACKAGE_INCOMPLETE: {PACKAGE}={name}")
        for work in list(self._working.values()):
            self._look(work, now_ns)

    def _look(self, work: PackageWork, now_ns: int) -> None:
        tools, purpose = self._tools, work.walk.parent.purpose
        pending = tools.cache.is_order_pending_cancel_local
        if not work.is_canceling and any(pending(leg.order_id) for leg in work.legs):
            return  # the strategy has withdrawn it
        seen: dict[str, Any] = {
            "tightened": tools.quality.tightens(purpose),
            "leg_skew_s": tools.market.skew_s(
                work.legs[0].instrument_id, work.legs[1].instrument_id
            ),
        }
        quote = self._net(work, now_ns)
        move = work.walk.on_quote(quote, tools.budget.left(now_ns, purpose), **seen)
        work.looked(quote)
        self._follow(work, WalkEvent.QUOTE, now_ns, move, **seen)

    def _quotes(self, work: PackageWork, now_ns: int) -> tuple[OrderQuote, OrderQuote]:
        bought, sold = (
            self._tools.market.quote(leg.instrument_id, leg.proposed.contract.row, now_ns)
            for leg in work.legs
        )
        return bought, sold

    def _net(self, work: PackageWork, now_ns: int) -> OrderQuote:
        return net_quote(*self._quotes(work, now_ns), work.walk.parent.side)

    # -- what became of them --------------------------------------------------------------------

    def take_event(self, event: Any) -> None:
        """Take an event of an order; one that is of no package is no news."""
        known = self._by_order.get(event.client_order_id)
        if known is None:
            return
        work, number = known
        leg, now_ns = work.legs[number], self._tools.clock.timestamp_ns()
        is_former = event.client_order_id != leg.order_id
        if isinstance(event, OrderFilled):
            self._filled(work, number, event, now_ns, is_former=is_former)
        elif isinstance(event, OrderSubmitted):
            leg.held = None
        elif not is_former:
            self._answered(work, leg, event, now_ns)

    def _filled(
        self, work: PackageWork, number: int, event: OrderFilled, now_ns: int, *, is_former: bool
    ) -> None:
        quantity, price = int(event.last_qty.as_double()), event.last_px.as_double()
        self._tools.log.leg_filled(work, number, event, self._quotes(work, now_ns)[number])
        for packages, net in work.filled(number, quantity, price):
            move = work.walk.on_fill(now_ns, packages, is_former=is_former)
            self._follow(work, WalkEvent.FILLED, now_ns, move, quantity=packages, price=net)

    def _answered(self, work: PackageWork, leg: PackageLeg, event: Any, now_ns: int) -> None:
        """Tell the walk of an answer when both legs have it; a refused cancel has one leg only."""
        walk = work.walk
        text = getattr(event, "reason", None) or ""
        match event:
            case OrderAccepted():
                leg.is_accepted = True
                if not all(each.is_accepted for each in work.legs):
                    return
                kind, move = WalkEvent.ACCEPTED, walk.on_accepted(now_ns)
            case OrderCancelRejected():
                work.is_canceling = False
                kind, move = WalkEvent.CANCEL_REJECTED, walk.on_cancel_rejected(now_ns)
            case OrderCanceled() | OrderExpired() | OrderRejected() | OrderDenied():
                leg.is_over = True
                # One that is held here goes nowhere after the other was withdrawn.
                is_held = isinstance(event, OrderCanceled) and leg.held is not None
                if walk.is_over or not (is_held or all(each.is_over for each in work.legs)):
                    return
                kind, move = self._ended(work, event, now_ns)
            case _:
                return
        self._follow(work, kind, now_ns, move, text=text)
        if walk.is_due_to_end:
            self._look(work, now_ns)

    @staticmethod
    def _ended(work: PackageWork, event: Any, now_ns: int) -> tuple[WalkEvent, Move | None]:
        walk = work.walk
        if isinstance(event, OrderRejected):
            work.was_refused = True
            return WalkEvent.REJECTED, walk.on_rejected(now_ns)
        if isinstance(event, OrderDenied):
            return WalkEvent.DENIED, walk.on_denied(now_ns)
        return WalkEvent.CANCELED, walk.on_canceled(now_ns)

    # -- moves out ------------------------------------------------------------------------------

    def _follow(
        self, work: PackageWork, event: WalkEvent, now_ns: int, move: Move | None, **told: Any
    ) -> None:
        """Tell what happened and make the move it led to."""
        quotes = self._quotes(work, now_ns)
        limits = (float("nan"), float("nan"))
        if work.walk.limit == work.walk.limit:
            limits = leg_limits(work.parents, work.walk.parent.side, work.walk.limit)
        self._tools.log.happened(work, event, quotes, limits, move, **told)
        if move is None:
            return
        match move.kind:
            case MoveKind.SUBMIT:
                self._submit(work, limits, now_ns)
            case MoveKind.CANCEL | MoveKind.REPLACE:
                self._cancel(work, now_ns)
            case MoveKind.END:
                self._end(work, move, now_ns)

    def _submit(self, work: PackageWork, limits: tuple[float, float], now_ns: int) -> None:
        tools = self._tools
        if work.checked_ns != now_ns:  # it was held back, and much may have changed
            denial = self._denial(work, now_ns)
            if denial is not None:
                self._refuse(work, now_ns, denial)
                return
        tools.budget.spend(now_ns)
        for leg, limit in zip(work.legs, limits, strict=True):
            price = Price(limit, 2)
            if price != leg.held.price:
                tools.gate.command(tools.price_in_place, leg.held, None, price)
        for leg in work.legs:
            tools.gate.command(tools.submit, tools.cache.order(leg.order_id))

    def _cancel(self, work: PackageWork, now_ns: int) -> None:
        """Cancel the purchase's order, and with it the package; never twice at once."""
        tools, order_id = self._tools, work.legs[0].order_id
        tools.budget.spend(now_ns)
        work.is_canceling = True
        if not tools.cache.is_order_pending_cancel_local(order_id):
            tools.gate.command(tools.cancel, tools.cache.order(order_id))

    def _end(self, work: PackageWork, move: Move, now_ns: int) -> None:
        if self._working.pop(work.walk.parent.parent_id, None) is None:
            return  # a fill after the end
        self._tools.log.ended(work, work.ended(now_ns, self._params))
        self._deny(self._release(work), f"{move.outcome}: {move.reason}")

    def _release(self, work: PackageWork) -> list[Any]:
        """Return the orders that have not left, and hold them no more."""
        held = [leg for leg in work.legs if leg.held is not None]
        for leg in held:
            leg.held = None
        return [self._tools.cache.order(leg.order_id) for leg in held]

    def _deny(self, orders: list[Any], reason: str) -> None:
        for order in orders:
            if not order.is_closed:
                self._tools.deny(order, reason)

    # -- the account's risk ---------------------------------------------------------------------

    def withdraw(self, why: str, *, also_reducing: bool) -> None:
        """Draw packages back: all, or those that may open something."""
        for work in list(self._working.values()):
            proposed = work.legs[0].proposed, work.legs[1].proposed
            if not also_reducing and self._tools.risk.package_reduces(proposed):
                continue
            now_ns = self._tools.clock.timestamp_ns()
            move = work.walk.on_withdrawn(now_ns)
            self._follow(work, WalkEvent.WITHDRAWN, now_ns, move, text=why)
