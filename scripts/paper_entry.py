"""One entry on paper: an order policy meets quotes, and the fill rules say what it gets.

A stand-in for engine and venue: commands take effect after the latency, and meet the quote that is
shown then. The venue accepts everything, and the answer comes at once.
"""

import math
from collections.abc import Callable
from enum import StrEnum

import msgspec

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fill_rules import FillLook, ShownSize, WorkingOrder
from autotrade_0dte.execution.fills import FillParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.routing import RouteParams
from autotrade_0dte.execution.ticks import TickGrid, in_cents
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, MoveKind

__all__ = ["EntryStyle", "PaperEntry", "RestAtMid", "policy"]

_CALLS_LEFT = 60


class EntryStyle(StrEnum):
    """How an entry is worked.

    TOUCH crosses at once, MID rests in the middle of the spread. WALK goes from there to the far
    side by schedule, FAIR_VALUE_WALK is the order desk as it is.
    """

    TOUCH = "touch"
    MID = "mid"
    WALK = "walk"
    FAIR_VALUE_WALK = "fair-value walk"


class RestAtMid:
    """Rests at the middle of the first quote's spread until the deadline; else as a `Walk`."""

    def __init__(self, parent: ParentOrder, tick_cents: Callable[[int], int]) -> None:
        self.parent = parent
        self.outcome = Outcome.OPEN
        self._grid = TickGrid(tick_cents, parent.side)
        self._leaves = parent.quantity
        self._told: MoveKind | None = None

    def on_quote(self, quote: OrderQuote, _calls_left: int) -> Move | None:
        if self._told is None and quote.is_two_sided:
            self._told = MoveKind.SUBMIT
            return Move(MoveKind.SUBMIT, "MID", self._grid.away(in_cents(quote.mid)) / 100)
        if self._told is MoveKind.SUBMIT and quote.now_ns >= self.parent.deadline_ns:
            self._told = MoveKind.CANCEL
            return Move(MoveKind.CANCEL, "DEADLINE")
        return None

    def on_accepted(self, _now_ns: int) -> None:
        pass

    def on_modified(self, _now_ns: int, _price: float) -> None:
        pass

    def on_fill(self, _now_ns: int, quantity: int) -> None:
        self._leaves -= quantity
        if self._leaves == 0:
            self.outcome = Outcome.FILLED

    def on_canceled(self, _now_ns: int) -> None:
        is_untouched = self._leaves == self.parent.quantity
        self.outcome = Outcome.GIVEN_UP if is_untouched else Outcome.PARTLY_FILLED


def policy(
    style: EntryStyle,
    parent: ParentOrder,
    desk: DeskParams,
    tick_cents: Callable[[int], int],
    close_ns: int,
    remainders: RemainderRule,
) -> Walk | RestAtMid:
    """Return the policy of a style; all but the mid are the desk's walk, led by its parameters."""
    if style is EntryStyle.MID:
        return RestAtMid(parent, tick_cents)
    if style is not EntryStyle.FAIR_VALUE_WALK:
        always = 100.0 if style is EntryStyle.TOUCH else 0.0
        desk = msgspec.structs.replace(
            desk,
            route=RouteParams(cheap_cross_ticks=always),
            vetoes=msgspec.structs.replace(desk.vetoes, needs_fair_value=False),
        )
    return Walk(parent, desk, tick_cents, close_ns, remainders)


class PaperEntry:
    """One entry at work, told of the market by `look` until `is_over`.

    Parameters
    ----------
    worker : Walk or RestAtMid
        What decides its prices.
    knows_fair : bool
        Whether that is told the fair value.
    fills : FillParams
        What the venue is believed to give.
    latency_ns : int
        From a command to its effect, before the scenario's factor.
    tick_cents : callable
        Tick in cents at a price in whole cents.

    Attributes
    ----------
    filled : int
        Contracts bought.
    paid : float
        Dollars a share, summed over them.
    last_fill_ns : int
        When the last of them was.
    quote : OrderQuote or None
        The last that it looked at.
    """

    def __init__(
        self,
        worker: Walk | RestAtMid,
        *,
        knows_fair: bool,
        fills: FillParams,
        latency_ns: int,
        tick_cents: Callable[[int], int],
    ) -> None:
        parent = worker.parent
        self.parent = parent
        self.filled = 0
        self.paid = 0.0
        self.last_fill_ns = 0
        self._worker = worker
        self._knows_fair = knows_fair
        self._latency_ns = round(latency_ns * fills.latency_factor)
        self._tick_cents = tick_cents
        name = f"{parent.instrument_id} {parent.side} decided={parent.decided_ns}"
        self._order = WorkingOrder(name, fills)
        self._shown = ShownSize()
        self._limit: int | None = None
        self._sent: tuple[int, Move] | None = None
        self.quote: OrderQuote | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self._worker.outcome is not Outcome.OPEN

    def look(self, quote: OrderQuote) -> None:
        """Let the command under way arrive, let the quote fill the order, and decide the next."""
        if self._sent is not None and self.quote is not None and self._sent[0] <= quote.now_ns:
            due_ns, move = self._sent
            self._sent = None
            self._arrive(due_ns, move, self.quote)
        self.quote = quote
        if self._limit is not None:
            self._meet(quote.now_ns, quote, at_rest=True)
        if self.is_over or self._sent is not None:
            return
        known = quote if self._knows_fair else msgspec.structs.replace(quote, fair=math.nan)
        move_or_none = self._worker.on_quote(known, _CALLS_LEFT)
        if move_or_none is not None and move_or_none.kind is not MoveKind.END:
            self._sent = quote.now_ns + self._latency_ns, move_or_none

    def _arrive(self, now_ns: int, move: Move, quote: OrderQuote) -> None:
        if self.is_over:
            return
        if move.kind in (MoveKind.CANCEL, MoveKind.REPLACE):
            self._limit = None
            self._worker.on_canceled(now_ns)
            return
        self._limit = round(move.price * 100)
        if move.kind is MoveKind.SUBMIT:
            self._worker.on_accepted(now_ns)
        else:
            self._worker.on_modified(now_ns, move.price)
        self._meet(now_ns, quote, at_rest=False)

    def _meet(self, now_ns: int, quote: OrderQuote, *, at_rest: bool) -> None:
        assert self._limit is not None  # there is an order
        parent = self.parent
        side = parent.side
        far_size = quote.far_size(side)
        near_size = quote.bid_size + quote.ask_size - far_size
        look = FillLook(
            side=side, limit=self._limit, leaves=parent.quantity - self.filled, at_rest=at_rest,
            near=round(quote.near(side) * 100) if near_size > 0 else 0,
            far=round(quote.far(side) * 100) if far_size > 0 else 0,
            near_size=near_size, far_size=far_size, tick=self._tick_cents(self._limit),
        )  # fmt: skip
        grant = self._order.look(now_ns, look, self._shown)
        if grant is None:
            return
        self.filled += grant.quantity
        self.paid += grant.quantity * grant.price / 100
        self.last_fill_ns = now_ns
        if self.filled == parent.quantity:
            self._limit = None
        self._worker.on_fill(now_ns, grant.quantity)
