"""What the order desk does with a parent: it looks at the market, and makes the move that follows.

Orders in Python are copies of the engine's: each is fetched again when it is needed.
"""

from typing import Any

from nautilus_trader.model import Price

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.desk_log import DeskLog
from autotrade_0dte.actors.desk_market import DeskMarket
from autotrade_0dte.actors.desk_work import DeskWork
from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.execution.call_budget import CallBudget
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.quality import QualityWatch
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent

__all__ = ["DeskMoves"]


class DeskMoves:
    """Looks, and the desk's commands to the engine.

    Parameters
    ----------
    desk : Any
        The engine's algorithm that gives the commands.
    gate : EventGate
        Through which they go.
    risk : DeskGate
        Which orders may go.
    market : DeskMarket
        What is known of the market.
    params : DeskParams
        How orders are worked.

    Attributes
    ----------
    working : dict of str to DeskWork
        The parents that are not over, by their id.
    budget : CallBudget
        The desk's calls, of packages too.
    quality : QualityWatch
        Judges how well orders are done, of packages too.
    log : DeskLog
        What the desk tells.
    """

    def __init__(
        self, desk: Any, gate: EventGate, risk: DeskGate, market: DeskMarket, params: DeskParams
    ) -> None:
        self.working: dict[str, DeskWork] = {}
        self._desk = desk
        self._cache = desk.cache
        self._gate = gate
        self._risk = risk
        self._market = market
        self._params = params
        self.budget = CallBudget(params.budget)
        self.quality = QualityWatch(params.quality)
        self.log = DeskLog(desk.publish_message, desk.log.warning, self.quality, self.budget)

    # -- looks ----------------------------------------------------------------------------------

    def quote(self, work: DeskWork, now_ns: int) -> OrderQuote:
        """Return the market of a parent's contract."""
        return self._market.quote(work.instrument_id, work.proposed.contract.row, now_ns)

    def first_look(self, work: DeskWork, quote: OrderQuote) -> None:
        """Put a parent's new order before the gate, and look at the market for it."""
        work.checked_ns = quote.now_ns
        denial = self._risk.denial(work.proposed, quote, self._market.chain, quote.now_ns)
        if denial is None:
            self._risk.exposure.submitted(work.proposed, quote.now_ns)
            self.look(work, quote)
        else:
            self._refuse(work, quote, denial)

    def look(self, work: DeskWork, quote: OrderQuote) -> None:
        """Make the move that a look at the market leads to; one that changes nothing is no news."""
        if not work.is_canceling and self._cache.is_order_pending_cancel_local(work.order_id):
            return  # the strategy has withdrawn it
        walk, purpose = work.walk, work.walk.parent.purpose
        tightened = self.quality.tightens(purpose)
        skew_s = 0.0 if work.pair is None else self._market.skew_s(work.instrument_id, work.pair)
        calls_left = self.budget.left(quote.now_ns, purpose)
        move = walk.on_quote(quote, calls_left, tightened=tightened, leg_skew_s=skew_s)
        work.looked(quote)
        if move is not None or walk.veto != work.logged_veto:
            self.follow(work, WalkEvent.QUOTE, quote, move, tightened=tightened, leg_skew_s=skew_s)

    def withdraw(self, work: DeskWork, why: str, now_ns: int) -> None:
        """Draw a parent back, which the account's risk does not allow any more."""
        move = work.walk.on_withdrawn(now_ns)
        self.follow(work, WalkEvent.WITHDRAWN, self.quote(work, now_ns), move, text=why)

    # -- moves ----------------------------------------------------------------------------------

    def follow(
        self,
        work: DeskWork,
        event: WalkEvent,
        quote: OrderQuote,
        move: Move | None,
        **told: Any,
    ) -> None:
        """Tell what happened, with further fields of its record, and make the move it led to.

        What is told is on file when the order goes.
        """
        self.log.happened(work, event, quote, move, **told)
        if move is None:
            return
        match move.kind:
            case MoveKind.SUBMIT:
                self._submit(work, move.price, quote)
            case MoveKind.REPRICE:
                self.budget.spend(quote.now_ns)
                order = self._cache.order(work.order_id)
                self._gate.command(self._desk.modify_order, order, None, Price(move.price, 2))
            case MoveKind.CANCEL | MoveKind.REPLACE:
                self._cancel(work, quote.now_ns)
            case MoveKind.END:
                self._end(work, move, quote.now_ns)

    def deny(self, order: Any, reason: str) -> None:
        """Deny one of the engine's orders."""
        # It counts no more when its strategy hears of it, whose answer may be another order.
        self._risk.exposure.ended(str(order.client_order_id))
        self._gate.command(self._desk.deny_order, order, reason)

    def submit_as_it_is(self, order: Any) -> None:
        """Submit an order that is not worked."""
        self._gate.command(self._desk.submit_order, order)

    def cancel_as_it_is(self, order: Any) -> None:
        """Cancel an order that is not worked."""
        if not self._cache.is_order_pending_cancel_local(order.client_order_id):
            self._gate.command(self._desk.cancel_order, order)

    def _submit(self, work: DeskWork, limit: float, quote: OrderQuote) -> None:
        if work.checked_ns != quote.now_ns:  # it was held back, and much may have changed
            denial = self._risk.denial(work.proposed, quote, self._market.chain, quote.now_ns)
            if denial is not None:
                self._refuse(work, quote, denial)
                return
        self.budget.spend(quote.now_ns)
        price = Price(limit, 2)
        if price != work.held.price:
            self._gate.command(self._desk.modify_order_in_place, work.held, None, price)
        self._gate.command(self._desk.submit_order, self._cache.order(work.order_id))

    def _refuse(self, work: DeskWork, quote: OrderQuote, denial: str) -> None:
        order, work.held = self._cache.order(work.order_id), None
        move = work.walk.on_denied(quote.now_ns)
        # It is over before its strategy hears of it, whose answer must not count it.
        self.follow(work, WalkEvent.DENIED, quote, move, text=denial)
        self.deny(order, denial)

    def _cancel(self, work: DeskWork, now_ns: int) -> None:
        """Cancel an order; one that is being canceled is not canceled twice."""
        self.budget.spend(now_ns)
        work.is_canceling = True
        self.cancel_as_it_is(self._cache.order(work.order_id))

    def _end(self, work: DeskWork, move: Move, now_ns: int) -> None:
        if self.working.pop(work.parent.parent_id, None) is None:
            return  # a fill after the end
        self.log.ended(work.ended(now_ns, self._params))
        if work.held is not None:
            order = self._cache.order(work.order_id)
            if not order.is_closed:
                self.deny(order, f"{move.outcome}: {move.reason}")
