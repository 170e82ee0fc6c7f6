"""One trade at work: turns a plan into orders and keeps to it until nothing is left."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from nautilus_trader.model import (
    ClientOrderId,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
)

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents
from autotrade_strategies.orders import OrderSender, WorkingOrder
from autotrade_strategies.record import Record

__all__ = ["Trade"]

_NS = 1e9
_STALE = int(QuoteFlag.STALE)


class Trade:
    """A managed plan and its orders: at most one for each leg's entry and one to close.

    Parameters
    ----------
    managed : ManagedPlan
        The plan.
    rows : dict
        Row of each contract in the chain, by engine id.
    chain : ChainSnapshot
        The newest snapshot; set anew for every one.
    at_market : bool
        Whether long contracts are sold at market; set where it becomes urgent.
    """

    def __init__(
        self,
        managed: ManagedPlan,
        rows: Mapping[str, int],
        chain: ChainSnapshot,
        *,
        sender: OrderSender,
        record: Record,
        allotment: Allotment,
        at_market: bool,
    ) -> None:
        self.managed = managed
        self.at_market = at_market
        self._plan = managed.plan
        self._rows = rows
        self.chain = chain
        self._sender = sender
        self._record = record
        self._allotment = allotment
        self._entry: WorkingOrder | None = None
        self._short: WorkingOrder | None = None
        self._exit: WorkingOrder | None = None
        self._exit_figures: dict[str, float] = {}
        self._waiting_for_quote = False
        self._rejected_quote: tuple[float, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the plan is closed and none of its orders can fill any more."""
        working = self._entry or self._short or self._exit
        return self.managed.phase is PlanPhase.CLOSED and working is None

    @property
    def is_exiting(self) -> bool:
        """Whether the close has begun."""
        return self.managed.phase in (PlanPhase.EXITING, PlanPhase.CLOSED)

    # -- from the strategy ----------------------------------------------------------------------

    def enter(self) -> None:
        """Send the order for the long leg."""
        plan = self._plan
        self._send_entry(
            OrderSide.BUY, plan.instrument_id, plan.quantity, plan.entry_cap, plan.reason,
            plan.figures,
        )  # fmt: skip

    def stop_entering(self) -> None:
        """Buy no more; what is held goes on."""
        if self._entry is not None:
            self._sender.cancel(self._entry.order_id)

    def due_exit(self) -> StrEnum | None:
        """Return which of the plan's own rules closes the position now, or None."""
        chain = self.chain
        row = self._rows[self._plan.instrument_id]
        bid, theta = _fresh(chain.bid, chain, row), float(chain.theta[row])
        short_ask = math.nan
        if self.managed.sold and self._plan.short_instrument_id is not None:
            short_row = self._rows[self._plan.short_instrument_id]
            short_ask = _fresh(chain.ask, chain, short_row)
            theta -= float(chain.theta[short_row]) * self.managed.sold / max(self.managed.held, 1)
        return self.managed.due_exit(chain.ts_event, bid, short_ask, theta)

    def work(self) -> None:
        """Bring the plan further: deadlines, the short leg, the exit's price."""
        now_ns = self.chain.ts_event
        if self.managed.phase is PlanPhase.EXITING:
            self._work_exit()
            return
        if now_ns >= self._plan.entry_deadline_ns:
            self.stop_entering()
        if self.managed.is_leg_overdue(now_ns):
            self._give_up_short_leg(now_ns)
        else:
            self._work_short_leg()

    def exit(self, reason: StrEnum, figures: Mapping[str, float] | None = None) -> None:
        """Close the position; nothing more is opened."""
        self.stop_entering()
        self.managed.begin_exit(reason, self.chain.ts_event)
        self._exit_figures = dict(figures or {})
        if self.managed.phase is PlanPhase.EXITING:
            self._work_exit()

    # -- the short leg --------------------------------------------------------------------------

    def _work_short_leg(self) -> None:
        step, name = self.managed.step, self._plan.short_instrument_id
        if step is None or name is None or self._short is not None or self._sender.stopped:
            return
        _, quantity = step
        floor = self.managed.short_floor
        figures = {"net_cap": self._plan.net_cap, "long_paid": floor + self._plan.net_cap}
        limit = _tick_above(floor, name)
        self._send_entry(OrderSide.SELL, name, quantity, limit, Step.SELL_SHORT, figures)

    def _give_up_short_leg(self, now_ns: int) -> None:
        """Go on, or end, as the plan says; what is still at work may fill until it is canceled."""
        _, missing = self.managed.step or (None, 0)
        order, name = self._short, self._plan.short_instrument_id
        self.managed.give_up_short_leg(now_ns)
        figures = {"leg_risk_s": self.managed.leg_risk_ns / _NS}
        self._decided(
            DecisionKind.REFUSE, ExitReason.LEG_NOT_FILLED, str(name), OrderSide.SELL,
            missing if order is None else order.leaves,
            math.nan if order is None else order.limit, figures,
        )  # fmt: skip
        if order is not None:
            self._sender.cancel(order.order_id)
        if self.is_exiting:
            self.exit(ExitReason.LEG_NOT_FILLED, figures)

    def _send_entry(
        self,
        side: OrderSide,
        name: str,
        quantity: int,
        limit: float,
        reason: str,
        figures: Mapping[str, float],
    ) -> None:
        self._decided(DecisionKind.ENTER, reason, name, side, quantity, limit, figures)

        def note(order: WorkingOrder) -> None:
            if side == OrderSide.BUY:
                self._entry = order
            else:
                self._short = order

        self._sender.submit(name, side, quantity, limit, self._tags(reason), note)

    # -- the exit -------------------------------------------------------------------------------

    def _work_exit(self) -> None:
        """Send the next closing order, or follow the market with the one at work."""
        if self._short is not None:  # it may still fill, and that must be bought back as well
            self._sender.cancel(self._short.order_id)
        elif self._exit is not None:
            self._follow(self._exit)
        elif self.managed.step is not None and not self._sender.stopped:
            self._send_exit(*self.managed.step)

    def _send_exit(self, step: Step, quantity: int) -> None:
        """Close one leg at the touch; without a quote on that side wait for one."""
        chain = self.chain
        if step is Step.BUY_BACK:
            name, side = str(self._plan.short_instrument_id), OrderSide.BUY
        else:
            name, side = self._plan.instrument_id, OrderSide.SELL
        row = self._rows[name]
        if self._rejected_quote == _quote(chain, row):
            return
        self._rejected_quote = ()
        touch = self._touch(side, row)
        figures = {"bid" if side == OrderSide.SELL else "ask": touch}
        figures |= {"quote_age_s": float(chain.quote_age_s[row])} | self._exit_figures
        if self.managed.leg_risk_ns:
            figures["leg_risk_s"] = self.managed.leg_risk_ns / _NS
        waited, self._waiting_for_quote = self._waiting_for_quote, not touch > 0
        if self._waiting_for_quote:
            if not waited:
                reason = "NO_BID" if side == OrderSide.SELL else "NO_ASK"
                self._decided(DecisionKind.REFUSE, reason, name, side, quantity, math.nan, figures)
            return
        # The desk passes no purchase without a limit: the short leg's follows the ask instead.
        limit = math.nan if self.at_market and side == OrderSide.SELL else touch
        reason = str(self.managed.exit_reason)
        self._decided(DecisionKind.EXIT, reason, name, side, quantity, limit, figures)

        def note(order: WorkingOrder) -> None:
            self._exit = order

        self._sender.submit(name, side, quantity, limit, self._tags(reason), note)

    def _follow(self, order: WorkingOrder) -> None:
        if math.isnan(order.limit):
            return
        touch = self._touch(order.side, self._rows[order.instrument_id])
        if order.side == OrderSide.BUY:
            if touch > order.limit:
                self._sender.reprice(order, touch)
        elif self.at_market:
            self._sender.cancel(order.order_id)  # the market order follows when the limit is gone
        elif 0 < touch < order.limit:
            self._sender.reprice(order, touch)

    def _touch(self, side: OrderSide, row: int) -> float:
        return float((self.chain.bid if side == OrderSide.SELL else self.chain.ask)[row])

    # -- what became of the orders --------------------------------------------------------------

    def on_event(self, event: Any) -> None:
        """Take what became of an order."""
        match event:
            case OrderFilled():
                self._filled(event)
            case OrderCanceled() | OrderExpired():
                self._ended(event.client_order_id)
            case OrderRejected() | OrderDenied():
                self._refused(event)

    def _filled(self, event: OrderFilled) -> None:
        name = str(event.instrument_id)
        if name not in (self._plan.instrument_id, self._plan.short_instrument_id):
            return
        contracts = int(event.last_qty.as_double())
        signed = contracts if event.order_side == OrderSide.BUY else -contracts
        self.managed.filled(name, signed, event.last_px.as_double(), event.ts_event)
        for order in (self._entry, self._short, self._exit):
            if order is not None and order.order_id == event.client_order_id:
                order.leaves -= contracts
                if order.leaves == 0:
                    self._ended(order.order_id)
        if not self.is_exiting:
            self._work_short_leg()

    def _ended(self, order_id: ClientOrderId) -> None:
        """Note that an order fills no further, and go on where the next one waited for that."""
        if self._entry is not None and order_id == self._entry.order_id:
            self._entry = None
            self.managed.entry_ended()
            if self.managed.bought:
                self._allotment.filled(
                    self._plan.plan_id, self.managed.bought / self._plan.quantity
                )
        elif self._short is not None and order_id == self._short.order_id:
            self._short = None
            if self.managed.phase is PlanPhase.EXITING:
                self._work_exit()
        elif self._exit is not None and order_id == self._exit.order_id:
            done, self._exit = self._exit, None
            replaced = self.at_market and not math.isnan(done.limit)
            if self.managed.phase is PlanPhase.EXITING and (replaced or done.leaves == 0):
                self._work_exit()

    def _refused(self, event: OrderRejected | OrderDenied) -> None:
        """Record a refusal; a refused exit waits for another quote, lest it be sent forever."""
        orders = (self._entry, self._short, self._exit)
        order = next((o for o in orders if o and o.order_id == event.client_order_id), None)
        if order is None:
            return
        self._decided(
            DecisionKind.REFUSE, event.reason, order.instrument_id, order.side, order.leaves,
            order.limit, self._exit_figures,
        )  # fmt: skip
        was_short = order is self._short
        if order is self._exit:
            self._rejected_quote = _quote(self.chain, self._rows[order.instrument_id])
        self._ended(order.order_id)
        if was_short and not self.is_exiting:
            self._give_up_short_leg(event.ts_event)

    # -- on the record --------------------------------------------------------------------------

    def _decided(
        self,
        kind: DecisionKind,
        reason: str,
        name: str,
        side: OrderSide,
        quantity: int,
        price: float,
        figures: Mapping[str, float],
    ) -> None:
        self._record.decision(
            kind, reason, self._plan.plan_id, name, side.name, quantity, price, figures
        )

    def _tags(self, reason: str) -> list[str]:
        return [f"plan={self._plan.plan_id}", f"reason={reason}"]


def _fresh(prices: Any, chain: ChainSnapshot, row: int) -> float:
    """Return a price that can be traded at; NaN where there is none or its quote is stale."""
    price = float(prices[row])
    return price if price > 0 and not chain.quality[row] & _STALE else math.nan


def _tick_above(price: float, instrument_id: str) -> float:
    """Return the lowest tradable price not below `price`, dollars."""
    facts = product(option_symbol(instrument_id.rpartition(".")[0]).root)
    cents = max(math.ceil(round(100 * price, 6)), 1)
    tick = tick_cents(facts, cents)
    return -(-cents // tick) * tick / 100


def _quote(chain: ChainSnapshot, row: int) -> tuple[float, ...]:
    """Tell one quote from the next: price, size and time."""
    quoted_s = chain.ts_event * 1e-9 - float(chain.quote_age_s[row])
    return float(chain.bid[row]), float(chain.bid_size[row]), round(quoted_s, 3)
