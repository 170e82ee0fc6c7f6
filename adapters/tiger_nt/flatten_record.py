"""What is known of an account that is to be flat: pure, time comes in as an argument.

What others have just filled is not counted as held, nor what orders of ours have, whatever the
positions still show.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from tiger_nt.flatten_answers import OrderSeen, QuoteSeen
from tiger_nt.flatten_orders import Fill, Look, Modify, OwnOrder, Past, Place, Stage
from tiger_nt.flatten_prices import ATTEMPTS
from tiger_nt.views import OrderState

__all__ = ["NO_QUOTE", "FlattenRecord"]

_SETTLE_S = 5.0
"""How long a fill may take to show in the positions."""
_STALE_S = 30.0
"""How long positions are not believed that still are what they were before a fill of ours."""
_LOST_S = 5.0
_LOST_LOOKS = 3
"""An order without an answer was never sent if so many looks, after so long, do not show it."""
_REFUSAL_PAUSE_S = 0.5
_REFUSALS = 5
"""A contract whose orders were refused so often is left alone: the broker will not take them."""
NO_QUOTE = QuoteSeen(0.0, 0.0)


class FlattenRecord:
    """Orders, positions, fills and quotes, as Tiger and the calls of this run have told of them.

    Parameters
    ----------
    run : str
        Names the orders of this run: their marks begin with it, those of any run with its part
        before the dash.
    """

    def __init__(self, run: str) -> None:
        self._run, self._kind_of_run = run, run.partition("-")[0] + "-"
        self._numbers = itertools.count(1)
        self._own: dict[str, OwnOrder] = {}
        self._past: dict[str, Past] = {}
        self._at_work: dict[int, OrderSeen] = {}
        self._cancels: dict[int, tuple[float, float]] = {}
        self._cancel_denials: dict[int, str] = {}
        self._quotes: dict[str, tuple[float, QuoteSeen]] = {}
        self._look: Look | None = None
        self._changed_s = -math.inf
        self._fills: list[Fill] = []
        self._filled: Counter[tuple[int, str]] = Counter()
        self.closed: Counter[str] = Counter()
        """Contracts closed by this run's orders, by symbol."""

    # -- what is learned -------------------------------------------------------------------------

    def saw_orders(self, orders: Iterable[OrderSeen]) -> None:
        """Take the orders at work; their cancels need not wait for the rest of the look."""
        self._at_work = {order.id: order for order in orders}
        for order in self._at_work.values():
            self._follow(order)

    def saw(self, look: Look, now_s: float) -> None:
        """Take a whole look."""
        self._look = look
        self.saw_orders(look.at_work)
        newest = {order.id: order for order in (*look.at_work, *(look.recent or ()))}
        self._note_fills(newest.values(), look.clock_s)
        shown = {order.mark: order for order in newest.values()}
        for own in list(self._own.values()):
            order = shown.get(own.request.user_mark)
            if order is not None:
                self._follow(order, now_s)
            elif look.recent is not None and own.stage is not Stage.SENT:
                self._miss(own, look, now_s)
        for symbol, own in self._own.items():
            held = abs(look.held.get(symbol, 0))
            own.too_large = own.too_large + 1 if own.remaining > held else 0

    def saw_quotes(
        self, asked: Iterable[str], quotes: Mapping[str, QuoteSeen], now_s: float
    ) -> None:
        """Take quotes; what was asked for and is missing has none."""
        for symbol in asked:
            self._quotes[symbol] = now_s, quotes.get(symbol, NO_QUOTE)

    def saw_no_quotes(self, asked: Iterable[str]) -> None:
        """Take it that nobody answers: the last quotes have to do, if there are any."""
        for symbol in asked:
            self._quotes.setdefault(symbol, (-math.inf, NO_QUOTE))

    def placed(self, mark: str, order_id: int, now_s: float) -> None:
        """Take Tiger's id of an order of ours."""
        if own := self._with_mark(mark):
            own.order_id, own.stage, own.answered_s = order_id, Stage.AT_WORK, now_s

    def unsent(self, mark: str) -> None:
        """Forget an order that was surely not sent."""
        if own := self._with_mark(mark):
            del self._own[own.request.symbol]

    def refused(self, mark: str, reason: str, now_s: float) -> None:
        """Take Tiger's refusal of an order of ours."""
        if own := self._with_mark(mark):
            self._end(own, now_s, reason)

    def unknown(self, mark: str, now_s: float) -> None:
        """Take it that no answer will tell what became of an order of ours."""
        own = self._with_mark(mark)
        if own is not None and own.stage is Stage.SENT:
            own.stage, own.answered_s = Stage.UNKNOWN, now_s

    def cancel_denied(self, order_id: int, reason: str) -> None:
        """Take Tiger's refusal to cancel an order."""
        self._cancel_denials[order_id] = reason

    def sent(self, action: Place | Modify, now_s: float) -> None:
        """Count an order or a change as on its way."""
        request = action.request
        self._changed_s = now_s
        if isinstance(action, Modify):
            own = self._own[request.symbol]
            own.attempt, own.priced_s = min(own.attempt + 1, ATTEMPTS - 1), now_s
            own.changes += 1
            return
        held = abs(self._sure(now_s)[request.symbol])
        past = self._past.setdefault(request.symbol, Past())
        self._own[request.symbol] = OwnOrder(
            request=request, held=held, attempt=past.attempts, sent_s=now_s, priced_s=now_s
        )

    # -- how it stands ---------------------------------------------------------------------------

    @property
    def held(self) -> dict[str, int]:
        """Contracts held at the last look, signed, by symbol."""
        return {} if self._look is None else self._look.held

    @property
    def orders_left(self) -> list[OrderSeen]:
        """Option orders at work at the last look."""
        return [order for order in self._at_work.values() if order.is_option]

    @property
    def others(self) -> list[OrderSeen]:
        """Orders at work that are of no options, and are left alone."""
        return [order for order in self._at_work.values() if not order.is_option]

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Positions that could not be read at the last look."""
        return () if self._look is None else self._look.unreadable

    def is_flat_since(self, began_s: float) -> bool:
        """Whether a look begun at `began_s` or later shows nothing held, at work or in doubt."""
        look = self._look
        return (
            look is not None
            and look.began_s >= began_s
            and look.began_s > self._changed_s
            and not (look.held or look.unreadable or self._own or self.orders_left)
            and not self._fills  # of others, which positions may not show yet
        )

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing is at work or in doubt, and the broker refuses to close what is held."""
        return (
            bool(self.held)
            and not self._own
            and not self.orders_left
            and all(self._is_given_up(symbol) for symbol in self.held)
        )

    def remark(self, symbol: str) -> str:
        """Return what the broker last said against closing a contract, empty without anything."""
        return self._past.get(symbol, Past()).reason

    def stuck(self, order: OrderSeen) -> str | None:
        """Return what Tiger said against canceling an order that is at work all the same.

        Empty where it said nothing; None where no cancel was asked for.
        """
        return self._cancel_denials.get(order.id, "") if order.id in self._cancels else None

    # -- within ----------------------------------------------------------------------------------

    def _settled(self, held: Mapping[str, int], now_s: float) -> dict[str, int]:
        """Return positions less the fills of our own orders that they may not show yet."""
        found = {}
        for symbol, quantity in held.items():
            past = self._past.get(symbol)
            most = abs(quantity)
            is_stale = past is not None and quantity == past.held
            if past is not None and now_s - past.ended_s <= (_STALE_S if is_stale else _SETTLE_S):
                most = min(most, past.expected)
            found[symbol] = most if quantity > 0 else -most
        return found

    def _sure(self, now_s: float) -> dict[str, int]:
        """Return what is held whatever positions do not show yet of the fills of others.

        Where orders of ours were there before, it is nothing: another kill elsewhere may be at it.
        """
        found = self._settled(self.held, now_s)
        for fill in self._fills:
            held = found.get(fill.symbol, 0)
            if held and fill.symbol in self._past:
                found[fill.symbol] = 0
            elif held * fill.quantity < 0:
                left = max(0, abs(held) - abs(fill.quantity))
                found[fill.symbol] = left if held > 0 else -left
        return found

    def _note_fills(self, orders: Iterable[OrderSeen], clock_s: float) -> None:
        """Keep what others have filled, for as long as positions may not show it."""
        for order in orders:
            if order.mark.startswith(self._run):
                continue
            # Of two kills at once, on two machines, the one with the lower name goes first.
            first = order.mark.startswith(self._kind_of_run) and order.mark < self._run
            at_s = min(order.updated_s or clock_s, clock_s)
            until_s = at_s + (2 * _SETTLE_S if first else _SETTLE_S)
            for symbol, filled in order.fills:
                before = self._filled[order.id, symbol]
                if abs(filled) > abs(before):
                    self._filled[order.id, symbol] = filled
                    self._fills.append(Fill(symbol, filled - before, until_s))
        self._fills = [fill for fill in self._fills if fill.until_s > clock_s]

    def _follow(self, order: OrderSeen, now_s: float | None = None) -> None:
        own = self._with_mark(order.mark)
        if own is None:
            return
        own.order_id, own.unseen, own.stage = order.id, 0, Stage.AT_WORK
        if own.request.limit_price is not None and order.limit_price is not None:
            # Whether a change was made, only the order itself tells.
            own.request = msgspec.structs.replace(own.request, limit_price=order.limit_price)
        if order.filled > own.filled:
            self.closed[order.symbol] += order.filled - own.filled
            own.filled = order.filled
        if order.state.is_final and now_s is not None:
            refused = order.state in {OrderState.REJECTED, OrderState.EXPIRED}
            self._end(own, now_s, (order.reason or order.state.value) if refused else "")

    def _miss(self, own: OwnOrder, look: Look, now_s: float) -> None:
        if own.answered_s >= look.began_s:
            return
        own.unseen += 1
        if own.unseen >= _LOST_LOOKS and now_s - own.answered_s >= _LOST_S:
            self._end(own, now_s, "")

    def _end(self, own: OwnOrder, now_s: float, reason: str) -> None:
        past = self._past[own.request.symbol]
        past.attempts = own.attempt if reason else min(own.attempt + 1, ATTEMPTS - 1)
        past.ended_s = now_s
        past.held = -own.held if own.request.is_buy else own.held
        past.expected = own.held - own.filled
        if reason:
            past.reason = reason
            past.refusals += 1
            past.again_s = now_s + _REFUSAL_PAUSE_S * past.refusals
        self._changed_s = now_s
        del self._own[own.request.symbol]

    def _with_mark(self, mark: str) -> OwnOrder | None:
        if not mark.startswith(self._run):
            return None
        return next((own for own in self._own.values() if own.request.user_mark == mark), None)

    def _is_given_up(self, symbol: str) -> bool:
        return self._past.get(symbol, Past()).refusals >= _REFUSALS
