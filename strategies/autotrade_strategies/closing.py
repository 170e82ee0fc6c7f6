"""The close of a trade: one leg after the other, each whole, as soon as its purpose says."""

import math
from collections.abc import Mapping
from enum import StrEnum

from nautilus_trader.model import OrderSide

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exit_purpose import is_above
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_0dte.execution.parent import Purpose
from autotrade_strategies.orders import OrderSender, WorkingOrder
from autotrade_strategies.quotes import fresh, has_none, least_price, quote_of, tick_above, touch
from autotrade_strategies.record import Record

__all__ = ["Closing", "LegsReason"]


class LegsReason(StrEnum):
    """Why a close that went as a package goes on leg by leg, the short one first.

    PACKAGE_NO_BID: nobody bids for the long leg. PACKAGE_NO_MONEY: it brings no more than the short
    one costs. PACKAGE_LEFT: the package was refused or ended with something left.
    """

    PACKAGE_NO_BID = "PACKAGE_NO_BID"
    PACKAGE_NO_MONEY = "PACKAGE_NO_MONEY"
    PACKAGE_LEFT = "PACKAGE_LEFT"


class Closing:
    """Closes what a plan has open, one order at a time; how it is priced is the desk's matter.

    A vertical goes as one package where the venue takes it, unless it is an emergency or would
    bring no money. A package whose long leg has lost its bid, or that would bring no money any
    more, gives way to the legs, the short one first; so does one that was refused or has not done
    it. Each is on record with its `LegsReason`.

    A sale has no lowest price. A purchase must have a highest one: the ask and a slack, and where
    the market leaves that behind, another order with a new one. After a refusal it waits until
    there is another quote, lest the order be sent forever.

    Attributes
    ----------
    order : WorkingOrder, optional
        The order at work; of a package the one that buys the short leg back.
    sale : WorkingOrder, optional
        The other order of a package.
    purpose : Purpose
        How sure and soon it must be done; it only rises.
    figures : dict[str, float]
        Figures of the reason to close.
    """

    def __init__(
        self,
        managed: ManagedPlan,
        rows: Mapping[str, int],
        *,
        sender: OrderSender,
        record: Record,
        close_ns: int,
        purpose: Purpose,
    ) -> None:
        self.order: WorkingOrder | None = None
        self.sale: WorkingOrder | None = None
        self.purpose = purpose
        self.figures: dict[str, float] = {}
        self._managed = managed
        self._rows = rows
        self._sender = sender
        self._record = record
        self._close_ns = close_ns
        self._is_waiting = False
        self._is_superseded = False
        self._goes_by_legs = False
        self._refused_quote: tuple[float | None, ...] = ()

    def raise_to(self, purpose: Purpose) -> None:
        """Close sooner, where `purpose` asks for that; the order at work gives way to another."""
        if is_above(purpose, self.purpose):
            self.purpose = purpose
            self._refused_quote = ()

    def work(self, chain: ChainSnapshot, now_ns: int) -> None:
        """Send the order of the next leg, or withdraw one that does no longer what is needed."""
        at_work = self.order or self.sale
        if at_work is not None:
            if self._is_outdated(at_work, chain):
                self._is_superseded = True
                for order in filter(None, (self.order, self.sale)):
                    self._sender.cancel(order)  # both of a package, lest one be sent anew alone
            return
        step = self._managed.step
        if step is not None and not self._sender.stopped and not self._send_package(chain, now_ns):
            self._send(*step, chain, now_ns)

    def ended(self, done: WorkingOrder, chain: ChainSnapshot, now_ns: int) -> None:
        """Note that an order fills no further; where that was waited for, the next one goes."""
        if done is self.sale:
            self.sale = None
        else:
            self.order = None
        if done.package is not None and done.leaves and not self._is_superseded:
            self._go_by_legs(LegsReason.PACKAGE_LEFT, chain, done)
        if self.order is not None or self.sale is not None:
            return
        again, self._is_superseded = self._is_superseded, False
        if self._managed.phase is not PlanPhase.EXITING:
            return
        if done.leaves == 0 or again or done.package is not None:
            self.work(chain, now_ns)

    def refused(self, order: WorkingOrder, chain: ChainSnapshot) -> None:
        """Note that an order was refused on the quotes of this snapshot."""
        if order.package is None:  # after a package's the legs go on the same quotes
            self._refused_quote = quote_of(chain, self._rows[order.parent.instrument_id])

    def _is_outdated(self, order: WorkingOrder, chain: ChainSnapshot) -> bool:
        """Return whether more hurry is needed than it was sent with, or more than it may pay."""
        if is_above(self.purpose, order.parent.purpose):
            return True
        if order.package is not None:
            why = self._against_package(chain)
            if why is not None:
                self._go_by_legs(why, chain, order)
            return why is not None
        ask = fresh(chain, self._rows[order.parent.instrument_id], OrderSide.BUY)
        return order.side == OrderSide.BUY and ask > order.parent.cap

    def _against_package(self, chain: ChainSnapshot) -> LegsReason | None:
        """Return why a package would bring no money; None where it would, or that is not known."""
        if has_none(chain, self._rows[self._managed.plan.instrument_id], OrderSide.SELL):
            return LegsReason.PACKAGE_NO_BID
        bid, ask = self._package_quote(chain)
        return LegsReason.PACKAGE_NO_MONEY if bid <= ask else None

    def _go_by_legs(self, why: LegsReason, chain: ChainSnapshot, order: WorkingOrder) -> None:
        """Close the legs one by one from now on, and say why, once."""
        if self._goes_by_legs:
            return
        self._goes_by_legs = True
        (bid, ask), parent = self._package_quote(chain), order.parent
        self._record.decision(
            DecisionKind.REFUSE, why, parent.plan_id, parent.instrument_id, order.side,
            order.leaves, parent.cap, {"bid": bid, "ask": ask, "net": bid - ask},
        )  # fmt: skip

    def _package_quote(self, chain: ChainSnapshot) -> tuple[float, float]:
        """Return what the long leg brings and the short one costs, NaN where it is not known."""
        plan = self._managed.plan
        bid = fresh(chain, self._rows[plan.instrument_id], OrderSide.SELL)
        return bid, fresh(chain, self._rows[str(plan.short_instrument_id)], OrderSide.BUY)

    def _send_package(self, chain: ChainSnapshot, now_ns: int) -> bool:
        """Send both legs as one, if that can be; return whether it was done."""
        managed, plan = self._managed, self._managed.plan
        short, quantity = plan.short_instrument_id, managed.sold
        if short is None or not quantity or managed.held != quantity or self._goes_by_legs:
            return False
        bid, ask = self._package_quote(chain)
        if self.purpose is Purpose.EMERGENCY or not bid - ask > 0:  # NaN where one is not known
            return False
        package = self._sender.package_name()
        if package is None:
            return False
        cap = tick_above(ask * (1.0 + plan.exits.buy_back_slack_fraction), short)
        reason = str(managed.exit_reason)
        figures = {"bid": bid, "ask": ask, "net": bid - ask} | self.figures

        def note_sale(order: WorkingOrder) -> None:
            self.sale = order

        for name, side, worst, note in (
            (short, OrderSide.BUY, cap, self._note),
            (plan.instrument_id, OrderSide.SELL, least_price(plan.instrument_id), note_sale),
        ):
            self._record.decision(
                DecisionKind.EXIT, reason, plan.plan_id, name, side, quantity,
                worst if side == OrderSide.BUY else math.nan, figures,
            )  # fmt: skip
            self._sender.submit(
                name, side, quantity, worst, purpose=self.purpose, plan_id=plan.plan_id,
                reason=reason, decided_ns=max(now_ns, chain.ts_event), deadline_ns=self._close_ns,
                note=note, package=package,
            )  # fmt: skip
        return True

    def _send(self, step: Step, quantity: int, chain: ChainSnapshot, now_ns: int) -> None:
        plan = self._managed.plan
        is_purchase = step is Step.BUY_BACK
        if is_purchase:
            name, side = str(plan.short_instrument_id), OrderSide.BUY
        else:
            name, side = plan.instrument_id, OrderSide.SELL
        row = self._rows[name]
        if self._refused_quote == quote_of(chain, row):
            return
        self._refused_quote = ()
        price = touch(chain, row, side)
        figures = {"ask" if is_purchase else "bid": price}
        figures |= {"quote_age_s": float(chain.quote_age_s[row])} | self.figures
        if self._managed.leg_risk_ns:
            figures["leg_risk_s"] = self._managed.leg_risk_ns / 1e9
        waited, self._is_waiting = self._is_waiting, is_purchase and not price > 0
        if self._is_waiting:
            if not waited:
                self._record.decision(
                    DecisionKind.REFUSE, "NO_ASK", plan.plan_id, name, side, quantity, math.nan,
                    figures,
                )  # fmt: skip
            return
        slack = 1.0 + plan.exits.buy_back_slack_fraction
        cap = tick_above(price * slack, name) if is_purchase else least_price(name)
        reason = str(self._managed.exit_reason)
        self._record.decision(
            DecisionKind.EXIT, reason, plan.plan_id, name, side, quantity,
            cap if is_purchase else math.nan, figures,
        )  # fmt: skip
        self._sender.submit(
            name, side, quantity, cap, purpose=self.purpose, plan_id=plan.plan_id, reason=reason,
            # What it follows, a fill above all, may be told of after its snapshot.
            decided_ns=max(now_ns, chain.ts_event), deadline_ns=self._close_ns, note=self._note,
        )  # fmt: skip

    def _note(self, order: WorkingOrder) -> None:
        self.order = order
