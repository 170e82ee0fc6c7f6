"""The close of a trade: one leg after the other, at prices that follow the market."""

import math
from collections.abc import Mapping

from nautilus_trader.model import OrderSide

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_strategies.orders import OrderSender, WorkingOrder
from autotrade_strategies.quotes import quote_of, touch
from autotrade_strategies.record import Record

__all__ = ["Closing"]


class Closing:
    """Closes what a plan has open, one order at a time, each leg whole.

    A leg is closed at the touch, and its limit follows a market that runs away. Without a quote on
    that side it waits, and after a refusal until there is another quote, lest it be sent forever.

    Attributes
    ----------
    order : WorkingOrder, optional
        The order at work.
    at_market : bool
        Whether long contracts are sold at market. The desk passes no purchase without a limit: that
        of the short leg goes on following the ask.
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
        at_market: bool,
    ) -> None:
        self.order: WorkingOrder | None = None
        self.at_market = at_market
        self.figures: dict[str, float] = {}
        self._managed = managed
        self._rows = rows
        self._sender = sender
        self._record = record
        self._is_waiting = False
        self._refused_quote: tuple[float, ...] = ()

    def work(self, chain: ChainSnapshot) -> None:
        """Send the order of the next leg, or follow the market with the one at work."""
        if self.order is not None:
            self._follow(self.order, chain)
        elif self._managed.step is not None and not self._sender.stopped:
            self._send(*self._managed.step, chain)

    def ended(self, chain: ChainSnapshot) -> None:
        """Note that the order fills no further; where that was waited for, the next one goes."""
        done, self.order = self.order, None
        if done is None or self._managed.phase is not PlanPhase.EXITING:
            return
        if done.leaves == 0 or (self.at_market and not math.isnan(done.limit)):
            self.work(chain)

    def refused(self, chain: ChainSnapshot) -> None:
        """Note that the order was refused on the quotes of this snapshot."""
        if self.order is not None:
            self._refused_quote = quote_of(chain, self._rows[self.order.instrument_id])

    def _send(self, step: Step, quantity: int, chain: ChainSnapshot) -> None:
        plan = self._managed.plan
        if step is Step.BUY_BACK:
            name, side = str(plan.short_instrument_id), OrderSide.BUY
        else:
            name, side = plan.instrument_id, OrderSide.SELL
        row = self._rows[name]
        if self._refused_quote == quote_of(chain, row):
            return
        self._refused_quote = ()
        price = touch(chain, row, side)
        figures = {"bid" if side == OrderSide.SELL else "ask": price}
        figures |= {"quote_age_s": float(chain.quote_age_s[row])} | self.figures
        if self._managed.leg_risk_ns:
            figures["leg_risk_s"] = self._managed.leg_risk_ns / 1e9
        waited, self._is_waiting = self._is_waiting, not price > 0
        if self._is_waiting:
            if not waited:
                reason = "NO_BID" if side == OrderSide.SELL else "NO_ASK"
                self._record.decision(
                    DecisionKind.REFUSE, reason, plan.plan_id, name, side, quantity, math.nan,
                    figures,
                )  # fmt: skip
            return
        limit = math.nan if self.at_market and side == OrderSide.SELL else price
        reason = str(self._managed.exit_reason)
        self._record.decision(
            DecisionKind.EXIT, reason, plan.plan_id, name, side, quantity, limit, figures
        )
        self._sender.submit(
            name, side, quantity, limit, plan_id=plan.plan_id, reason=reason, note=self._note
        )

    def _note(self, order: WorkingOrder) -> None:
        self.order = order

    def _follow(self, order: WorkingOrder, chain: ChainSnapshot) -> None:
        if math.isnan(order.limit):
            return
        price = touch(chain, self._rows[order.instrument_id], order.side)
        if order.side == OrderSide.BUY:
            if price > order.limit:
                self._sender.reprice(order, price)
        elif self.at_market:
            self._sender.cancel(order.order_id)  # the market order follows when the limit is gone
        elif 0 < price < order.limit:
            self._sender.reprice(order, price)
