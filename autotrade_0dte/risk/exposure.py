"""What is held and what is at work, kept from event to event: the ledger the gate judges by.

Every event costs the same however long the session is: nothing of the past is looked through.
Positions follow the fills whatever the orders said, so that a fill of an unknown order, or of more
than an order had left, counts all the same.
"""

import math
from collections import deque
from collections.abc import Iterable

import msgspec

from autotrade_0dte.risk.proposed_order import NOBODY, Contract, Owner, ProposedOrder

__all__ = ["Exposure", "HeldPosition", "Line", "PlanLine", "SentOrder", "WorkingOrder"]

_NS_PER_MINUTE = 60_000_000_000


class HeldPosition(msgspec.Struct, frozen=True):
    """A position as the broker, or the engine's cache, has it.

    Parameters
    ----------
    contract : Contract
        What is held.
    quantity : int
        Contracts, short below zero.
    average_price : float
        What they were opened at, dollars a share.
    owner : Owner
        Whose it is, as far as that is known.
    """

    contract: Contract
    quantity: int
    average_price: float
    owner: Owner = NOBODY


class Line(msgspec.Struct):
    """One contract: `held` signed, and what orders at work may still buy and sell of it."""

    contract: Contract
    held: int = 0
    buying: int = 0
    selling: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held or at work."""
        return not (self.held or self.buying or self.selling)


class WorkingOrder(msgspec.Struct):
    """An order at work: what is left of it, the worst price it may have, and what it may cost."""

    order: ProposedOrder
    left: int
    price: float
    fee_left_usd: float

    @property
    def reserved_usd(self) -> float:
        """What it may still take from the cash, dollars; 0 for a sell."""
        if self.order.quantity < 0:
            return 0.0
        worst = 0.0 if math.isnan(self.price) else self.price
        return self.left * worst * self.order.contract.multiplier + self.fee_left_usd


class PlanLine(msgspec.Struct):
    """One plan of a strategy: its positions at cost, and what its buys at work may cost.

    Parameters
    ----------
    owner : Owner
        Whose it is.
    lots : dict
        By name of the contract: contracts held and what they cost, dollars; both below zero for a
        short position.
    cost_usd : float
        The sum of what they cost.
    orders : int
        Orders at work.
    reserved_usd : float
        What they may cost.
    """

    owner: Owner
    lots: dict[str, tuple[int, float]] = {}
    cost_usd: float = 0.0
    orders: int = 0
    reserved_usd: float = 0.0

    @property
    def premium_usd(self) -> float:
        """What its long options cost less what its short ones brought, and its buys may cost."""
        cost_usd = self.cost_usd
        return (0.0 if cost_usd < 0.0 else cost_usd) + self.reserved_usd

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing and has nothing at work."""
        return not self.lots and self.orders == 0

    def set_lot(self, name: str, quantity: int, cost_usd: float) -> None:
        """Hold `quantity` contracts of one name at `cost_usd`; none forgets it."""
        if quantity:
            self.lots[name] = quantity, cost_usd
        else:
            self.lots.pop(name, None)
        self.cost_usd = sum(cost for _, cost in self.lots.values())


class SentOrder(msgspec.Struct, frozen=True, gc=False):
    """An order of the last minute, for the checks of rate and repetition."""

    ts_ns: int
    order: ProposedOrder


class Exposure:
    """Positions, working orders and cash of the account.

    Attributes
    ----------
    lines : dict of str to Line
        By the contract's name, only those with something held or at work.
    plans : dict of (strategy, plan_id) to PlanLine
        Plans that hold something or have an order at work.
    orders : dict of str to WorkingOrder
        By order id.
    cash : float
        Dollars, what working orders may take included; NaN until known.
    buying_power : float
        What the broker lets be spent, likewise; infinite where it names none.
    reserved_usd : float
        What all working buys may still take.
    sent : deque of SentOrder
        Orders of the last minute, oldest first.
    entered : set of (strategy, plan_id)
        Plans that have bought an option to hold so far.
    """

    __slots__ = (
        "buying_power", "cash", "entered", "lines", "orders", "plans", "reserved_usd", "sent"
    )  # fmt: skip

    def __init__(self, cash: float = math.nan, buying_power: float = math.inf) -> None:
        self.cash = cash
        self.buying_power = buying_power
        self.lines: dict[str, Line] = {}
        self.plans: dict[tuple[str, str], PlanLine] = {}
        self.orders: dict[str, WorkingOrder] = {}
        self.reserved_usd = 0.0
        self.sent: deque[SentOrder] = deque()
        self.entered: set[tuple[str, str]] = set()

    # -- events ---------------------------------------------------------------------------------

    def submitted(self, order: ProposedOrder, now_ns: int) -> None:
        """Take an order that has passed the gate: it is at work from here on.

        One that is known already is taken anew with what it now says; the order that it replaces is
        over.
        """
        known = order.order_id in self.orders
        self.ended(order.replaces)
        self.ended(order.order_id)
        self._begin(order)
        if not known:
            while self.sent and self.sent[0].ts_ns <= now_ns - _NS_PER_MINUTE:
                self.sent.popleft()
            self.sent.append(SentOrder(now_ns, order))

    def filled(
        self,
        order_id: str,
        contract: Contract,
        quantity: int,
        price: float,
        fee_usd: float = 0.0,
        owner: Owner = NOBODY,
    ) -> None:
        """Take a fill of any order.

        Parameters
        ----------
        order_id : str
            The order, which need not be known.
        contract : Contract
            What was traded.
        quantity : int
            Contracts, signed: bought above zero. More than was left of the order counts in full.
        price : float
            Dollars a share.
        fee_usd : float
            What was charged, dollars.
        owner : Owner
            Whose it is, where the order is not known. What its plan does not hold it closes of
            the strategy's other plans: after a restart, and in the engine's own exits, it is not
            known which of them a position, or an order, is of.
        """
        working = self.orders.get(order_id)
        if working is not None:
            owner = working.order.owner
            self._count(working, -1)
            working.left = max(working.left - abs(quantity), 0)
            working.fee_left_usd = max(working.fee_left_usd - fee_usd, 0.0)
            self._count(working, 1)
        paid = quantity * price * contract.multiplier
        self.cash -= paid + fee_usd
        self.buying_power -= paid + fee_usd
        self._line(contract).held += quantity
        self._add_to_lots(owner, contract, quantity, price)
        held, _ = self._plan(owner).lots.get(contract.name, (0, 0.0))
        if quantity > 0 and held > 0:
            self.entered.add((owner.strategy, owner.plan_id))
        self._tidy(contract.name, owner)
        if working is not None and working.left == 0:
            self.ended(order_id)

    def ended(self, order_id: str) -> None:
        """Take the end of an order, however it came; an unknown one is over already."""
        working = self.orders.pop(order_id, None)
        if working is None:
            return
        self._count(working, -1)
        plan = self._plan(working.order.owner)
        plan.orders -= 1
        # Sums that come to nothing are nothing, without the noise of binary fractions.
        if plan.orders == 0:
            plan.reserved_usd = 0.0
        if not self.orders:
            self.reserved_usd = 0.0
        self._tidy(working.order.contract.name, working.order.owner)

    def adopt(
        self,
        positions: Iterable[HeldPosition],
        cash: float,
        working: Iterable[ProposedOrder],
        buying_power: float = math.inf,
    ) -> dict[str, tuple[int, int]]:
        """Take the broker's word for all that is held and at work.

        Whose a position is, and what it cost, is kept where the quantity is as it was. Orders that
        are not named are over; what is left of one is its quantity.

        Parameters
        ----------
        positions : iterable of HeldPosition
            All of them; several of one contract add up.
        cash : float
            Dollars, with what working orders may take.
        working : iterable of ProposedOrder
            All orders at work, and those about to be sent.
        buying_power : float, optional
            See the class.

        Returns
        -------
        dict of str to (int, int)
            By contract, what was held before and is now, where they differ.
        """
        held: dict[str, list[HeldPosition]] = {}
        for position in positions:
            held.setdefault(position.contract.name, []).append(position)
        before = {name: line.held for name, line in self.lines.items() if line.held}
        for order_id in list(self.orders):
            self.ended(order_id)
        differences = {}
        for name in before.keys() | held.keys():
            now = sum(position.quantity for position in held.get(name, ()))
            if (was := before.get(name, 0)) != now:
                differences[name] = (was, now)
                self._hold_anew(name, held.get(name, ()))
        self.cash, self.buying_power = cash, buying_power
        for order in working:
            self._begin(order)
        return dict(sorted(differences.items()))

    # -- what is known --------------------------------------------------------------------------

    def line(self, contract: Contract) -> Line:
        """Return the line of a contract, an empty one if there is nothing of it."""
        return self.lines.get(contract.name) or Line(contract)

    def own(self, order: ProposedOrder) -> list[WorkingOrder]:
        """Return what is at work of `order` itself, and of the order it replaces."""
        orders = self.orders
        return [orders[name] for name in (order.order_id, order.replaces) if name in orders]

    # -- inside ---------------------------------------------------------------------------------

    def _begin(self, order: ProposedOrder) -> None:
        working = WorkingOrder(order, abs(order.quantity), order.price, order.fee_usd)
        self.orders[order.order_id] = working
        self._plan(order.owner).orders += 1
        self._count(working, 1)

    def _count(self, working: WorkingOrder, sign: int) -> None:
        """Add what is left of an order to the sums, or take it out of them."""
        order = working.order
        line, reserved = self._line(order.contract), sign * working.reserved_usd
        if order.quantity > 0:
            line.buying += sign * working.left
        else:
            line.selling += sign * working.left
        self.reserved_usd += reserved
        self._plan(order.owner).reserved_usd += reserved

    def _line(self, contract: Contract) -> Line:
        line = self.lines.get(contract.name)
        if line is None:
            line = self.lines[contract.name] = Line(contract)
        return line

    def _plan(self, owner: Owner) -> PlanLine:
        key = owner.strategy, owner.plan_id
        plan = self.plans.get(key)
        if plan is None:
            plan = self.plans[key] = PlanLine(owner)
        return plan

    def _add_to_lots(self, owner: Owner, contract: Contract, quantity: int, price: float) -> None:
        """Add a fill: it closes the plan's lot, then its strategy's others, and opens the rest."""
        own, name, worth = self._plan(owner), contract.name, price * contract.multiplier
        others = [
            plan
            for plan in self.plans.values()
            if plan is not own and plan.owner.strategy == owner.strategy
        ]  # one of another strategy may be short of the same contract
        rest = quantity
        for plan in (own, *others):
            held, _ = plan.lots.get(name, (0, 0.0))
            if held * rest < 0:
                closed = max(rest, -held) if rest < 0 else min(rest, -held)
                self._add_to_lot(plan, name, closed, closed * worth)
                rest -= closed
        if rest:
            self._add_to_lot(own, name, rest, rest * worth)
        for plan in others:
            self._tidy(name, plan.owner)

    @staticmethod
    def _add_to_lot(plan: PlanLine, name: str, quantity: int, paid: float) -> None:
        """Add to a plan's lot, not through zero; what closes takes its share of the cost along."""
        held, cost = plan.lots.get(name, (0, 0.0))
        after = held + quantity
        cost = cost + paid if held * quantity >= 0 else cost * after / held
        plan.set_lot(name, after, cost)

    def _hold_anew(self, name: str, positions: Iterable[HeldPosition]) -> None:
        for plan in list(self.plans.values()):
            plan.set_lot(name, 0, 0.0)
            self._tidy(name, plan.owner)
        if name in self.lines:
            self.lines[name].held = 0
        for position in positions:
            contract, quantity = position.contract, position.quantity
            self._line(contract).held += quantity
            self._add_to_lots(position.owner, contract, quantity, position.average_price)
            self._tidy(name, position.owner)
        if name in self.lines and self.lines[name].is_empty:
            del self.lines[name]

    def _tidy(self, name: str, owner: Owner) -> None:
        """Forget a contract and a plan that nothing is left of."""
        line = self.lines.get(name)
        if line is not None and line.is_empty:
            del self.lines[name]
        key = owner.strategy, owner.plan_id
        if key in self.plans and self.plans[key].is_empty:
            del self.plans[key]
