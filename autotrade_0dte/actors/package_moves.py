"""What the desk does with a package: it looks at the market, and makes the move that follows."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model import Price

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.desk_market import DeskMarket
from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.package_log import PackageLog
from autotrade_0dte.actors.package_work import PackageWork
from autotrade_0dte.execution.call_budget import CallBudget
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import leg_limits, net_quote
from autotrade_0dte.execution.package_walk import judged_by
from autotrade_0dte.execution.quality import QualityWatch
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent

__all__ = ["DeskTools", "PackageMoves"]

_NO_LIMITS = math.nan, math.nan


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


class PackageMoves:
    """Looks of packages, and the commands to the engine that they lead to.

    Parameters
    ----------
    tools : DeskTools
        The order desk's.

    Attributes
    ----------
    working : dict of str to PackageWork
        The packages that are not over, by name.
    """

    def __init__(self, tools: DeskTools) -> None:
        self.working: dict[str, PackageWork] = {}
        self._tools = tools
        self._judged_by = judged_by(tools.params)

    # -- looks ----------------------------------------------------------------------------------

    def quotes(self, work: PackageWork, now_ns: int) -> tuple[OrderQuote, OrderQuote]:
        """Return the markets of the purchase and of the sale."""
        bought, sold = (
            self._tools.market.quote(leg.instrument_id, leg.proposed.contract.row, now_ns)
            for leg in work.legs
        )
        return bought, sold

    def first_look(self, work: PackageWork, now_ns: int) -> None:
        """Put a package's new orders before the gate, and look at the market for them."""
        work.checked_ns = now_ns
        denial = self._denial(work, now_ns)
        if denial is not None:
            self._refuse(work, now_ns, denial)
            return
        for leg in work.legs:
            self._tools.risk.exposure.submitted(leg.proposed, now_ns)
        self.look(work, now_ns)

    def look(self, work: PackageWork, now_ns: int) -> None:
        """Make the move that a look at the market leads to."""
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
        quote = net_quote(*self.quotes(work, now_ns), work.walk.parent.side)
        move = work.walk.on_quote(quote, tools.budget.left(now_ns, purpose), **seen)
        work.looked(quote)
        self.follow(work, WalkEvent.QUOTE, now_ns, move, **seen)

    def withdraw(self, work: PackageWork, why: str) -> None:
        """Draw a package back, which the account's risk does not allow any more."""
        now_ns = self._tools.clock.timestamp_ns()
        move = work.walk.on_withdrawn(now_ns)
        self.follow(work, WalkEvent.WITHDRAWN, now_ns, move, text=why)

    # -- moves ----------------------------------------------------------------------------------

    def follow(
        self, work: PackageWork, event: WalkEvent, now_ns: int, move: Move | None, **told: Any
    ) -> None:
        """Tell what happened and make the move it led to."""
        limits = _NO_LIMITS
        if not math.isnan(work.walk.limit):
            limits = leg_limits(work.parents, work.walk.parent.side, work.walk.limit)
        self._tools.log.happened(work, event, self.quotes(work, now_ns), limits, move, **told)
        if move is None:
            return
        match move.kind:
            case MoveKind.SUBMIT:
                self._submit(work, limits, now_ns)
            case MoveKind.CANCEL | MoveKind.REPLACE:
                self._cancel(work, now_ns)
            case MoveKind.END:
                self._end(work, move, now_ns)

    def deny(self, orders: Iterable[Any], reason: str) -> None:
        """Deny orders of the engine's, but for those that are over."""
        for order in orders:
            if not order.is_closed:
                self._tools.deny(order, reason)

    def _denial(self, work: PackageWork, now_ns: int) -> str | None:
        tools = self._tools
        proposed = work.legs[0].proposed, work.legs[1].proposed
        quotes = self.quotes(work, now_ns)
        return tools.risk.package_denial(proposed, quotes, tools.market.chain, now_ns)

    def _refuse(self, work: PackageWork, now_ns: int, denial: str) -> None:
        orders = self._release(work)
        move = work.walk.on_denied(now_ns)
        self.follow(work, WalkEvent.DENIED, now_ns, move, text=denial)
        self.deny(orders, denial)

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
        if self.working.pop(work.walk.parent.parent_id, None) is None:
            return  # a fill after the end
        self._tools.log.ended(work, work.ended(now_ns, self._judged_by))
        self.deny(self._release(work), f"{move.outcome}: {move.reason}")

    def _release(self, work: PackageWork) -> list[Any]:
        """Return the orders that have not left, and hold them no more."""
        held = [leg for leg in work.legs if leg.held is not None]
        for leg in held:
            leg.held = None
        return [self._tools.cache.order(leg.order_id) for leg in held]
