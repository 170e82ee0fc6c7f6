"""Which orders bring an account's options to nothing: pure, time comes in as an argument.

All orders of others are cancelled. A position is closed by one order at a time, whose price gives
way until it fills. A new one waits until Tiger has shown what became of the one before, and what
others have just filled is not counted as held, so that no more is ever sold than is held; short
options are bought back before what covers them is sold.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from tiger_nt.flatten_broker import OPTION, OrderSeen, QuoteSeen
from tiger_nt.flatten_orders import Cancel, Fill, Look, Modify, OwnOrder, Past, Place, Stage
from tiger_nt.flatten_prices import ATTEMPTS, closing_limit
from tiger_nt.symbols import option_terms
from tiger_nt.views import OrderRequest, OrderState

__all__ = ["FlattenBook"]

_REPRICE_S = 1.0
"""An order that crosses the market fills at once; one that has not by then meets another one."""
_CANCEL_AGAIN_S = 1.0
_IN_THE_WAY_S = 3.0
"""A cancel that has not worked for so long does not hold up the closing of the rest any more."""
_SETTLE_S = 5.0
"""How long a fill may take to show in the positions."""
_STALE_S = 30.0
"""How long positions are not believed that still are what they were before a fill of ours."""
_LOST_S = 5.0
_LOST_LOOKS = 3
"""An order without an answer was never sent if so many looks, after so long, do not show it."""
_REFUSAL_PAUSE_S = 0.5
_NO_QUOTE = QuoteSeen(0.0, 0.0)
_REFUSALS = 5
"""A contract whose orders were refused so often is left alone: the broker will not take them."""


class FlattenBook:
    """What is known of an account that is to be flat, and what to do next.

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
        self._quotes: dict[str, tuple[float, QuoteSeen]] = {}
        self._look: Look | None = None
        self._changed_s = -math.inf
        self._fills: list[Fill] = []
        self._filled: Counter[int] = Counter()
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
            self._quotes[symbol] = now_s, quotes.get(symbol, _NO_QUOTE)

    def saw_no_quotes(self, asked: Iterable[str]) -> None:
        """Take it that nobody answers: the last quotes have to do, if there are any."""
        for symbol in asked:
            self._quotes.setdefault(symbol, (-math.inf, _NO_QUOTE))

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

    # -- what to do ------------------------------------------------------------------------------

    def cancels(self, now_s: float) -> list[Cancel]:
        """Return the orders to be cancelled now; each counts as asked for."""
        ids = [
            order.id
            for order in self._at_work.values()
            if order.is_option and self._with_mark(order.mark) is None
        ]
        ids += [
            own.order_id
            for own in self._own.values()
            if own.stage is Stage.AT_WORK and (own.too_large > 1 or self._is_stuck(own, now_s))
        ]
        found = []
        for order_id in ids:
            first_s, last_s = self._cancels.get(order_id, (now_s, -math.inf))
            if now_s - last_s >= _CANCEL_AGAIN_S:
                self._cancels[order_id] = first_s, now_s
                found.append(Cancel(order_id))
        return found

    def forget_cancel(self, order_id: int) -> None:
        """Take it that a cancel was surely not sent."""
        if order_id in self._cancels:
            self._cancels[order_id] = self._cancels[order_id][0], -math.inf

    def closings(self, now_s: float) -> list[Place | Modify]:
        """Return the orders to be sent and changed now, the most urgent first.

        Each must be told of by `sent` when it leaves, and not before.
        """
        if self._look is None:
            return []
        sure = self._sure(now_s)
        # What is short counts in full until Tiger shows that it was bought back.
        held = {symbol: min(count, sure[symbol]) for symbol, count in self._look.held.items()}
        kept = self._kept_as_cover(held)
        found: list[Place | Modify] = []
        for symbol, quantity in sorted(sure.items(), key=self._urgency):
            own = self._own.get(symbol)
            action = (
                self._new(symbol, quantity, kept[symbol], now_s)
                if own is None
                else self._repriced(own, now_s)
            )
            if action is not None:
                found.append(action)
        return sorted(found, key=lambda action: isinstance(action, Modify))

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

    def wants_quotes(self, now_s: float, oldest_s: float) -> list[str]:
        """Return the symbols still held whose quote is older than `oldest_s`, or not known."""
        held = () if self._look is None else self._look.held
        return [
            symbol
            for symbol in held
            if now_s - self._quotes.get(symbol, (-math.inf,))[0] > oldest_s
        ]

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
            more = order.filled - self._filled[order.id]
            if more > 0 and order.sec_type == OPTION and not order.mark.startswith(self._run):
                self._filled[order.id] = order.filled
                # Of two kills at once, on two machines, the one with the lower name goes first.
                first = order.mark.startswith(self._kind_of_run) and order.mark < self._run
                at_s = min(order.updated_s or clock_s, clock_s)
                until_s = at_s + (2 * _SETTLE_S if first else _SETTLE_S)
                signed = more if order.is_buy else -more
                self._fills.append(Fill(order.symbol, signed, until_s))
        self._fills = [fill for fill in self._fills if fill.until_s > clock_s]

    def _new(self, symbol: str, quantity: int, kept: int, now_s: float) -> Place | None:
        past = self._past.get(symbol, Past())
        look, quote = self._look, self._quotes.get(symbol)
        assert look is not None
        if (
            quote is None
            or past.ended_s >= look.began_s
            or now_s < past.again_s
            or self._is_given_up(symbol)
        ):
            return None
        is_buy = quantity < 0
        free = abs(quantity) - kept
        for order in self._in_the_way(symbol):
            since_s = self._cancels.get(order.id, (now_s,))[0]
            if now_s - since_s < _IN_THE_WAY_S or order.symbol != symbol:
                return None
            if order.is_buy == is_buy:
                free -= order.quantity - order.filled
        if free < 1:
            return None
        touch = quote[1].ask if is_buy else quote[1].bid
        request = OrderRequest(
            user_mark=f"{self._run}-{next(self._numbers)}",
            symbol=symbol,
            is_buy=is_buy,
            order_type="LMT",
            quantity=free,
        )
        return Place(self._priced(request, touch, past), touch)

    def _priced(self, request: OrderRequest, touch: float, past: Past) -> OrderRequest:
        limit = closing_limit(
            request.symbol, is_buy=request.is_buy, touch=touch, attempt=past.attempts
        )
        # Without a quote a limit may be refused for its price; a market order has none.
        if math.isnan(limit) or (past.refusals and not touch > 0):
            return msgspec.structs.replace(request, order_type="MKT", limit_price=None)
        return msgspec.structs.replace(request, limit_price=limit)

    def _repriced(self, own: OwnOrder, now_s: float) -> Modify | None:
        limit = self._next_limit(own)
        if (
            own.stage is not Stage.AT_WORK
            or math.isnan(limit)
            or now_s - own.priced_s < _REPRICE_S
            or self._is_stuck(own, now_s)
        ):
            return None
        return Modify(own.order_id, msgspec.structs.replace(own.request, limit_price=limit))

    def _next_limit(self, own: OwnOrder) -> float:
        """Return a limit that gives way further, NaN where there is none."""
        request, quote = own.request, self._quotes[own.request.symbol][1]
        if request.limit_price is None:
            return math.nan
        limit = closing_limit(
            request.symbol,
            is_buy=request.is_buy,
            touch=quote.ask if request.is_buy else quote.bid,
            attempt=min(own.attempt + 1, ATTEMPTS - 1),
        )
        further = limit - request.limit_price
        return limit if (further > 0 if request.is_buy else further < 0) else math.nan

    def _is_stuck(self, own: OwnOrder, now_s: float) -> bool:
        """Whether an order meets the quote, cannot be changed or was in vain, and does not fill.

        It is cancelled, and another one is sent: whatever holds this one up is its own.
        """
        limit, quote = own.request.limit_price, self._quotes[own.request.symbol][1]
        if limit is None or now_s - own.priced_s < _REPRICE_S:
            return False
        if not own.changes and not math.isnan(self._next_limit(own)):
            return False
        return 0 < quote.ask <= limit if own.request.is_buy else quote.bid >= limit

    def _in_the_way(self, symbol: str) -> list[OrderSeen]:
        """Return orders of others that may change this position; combinations of the root do."""
        root = option_terms(symbol).root
        return [
            order
            for order in self._at_work.values()
            if order.is_option
            and self._with_mark(order.mark) is None
            and order.symbol in (symbol, root)
        ]

    def _urgency(self, holding: tuple[str, int]) -> tuple[bool, float]:
        """Short options first, then what most money is in."""
        symbol, quantity = holding
        quote = self._quotes.get(symbol, (0.0, _NO_QUOTE))[1]
        return quantity > 0, -abs(quantity) * (quote.bid if quantity > 0 else quote.ask)

    def _kept_as_cover(self, held: Mapping[str, int]) -> Counter[str]:
        """Return how many contracts of each long option must stay while others are short.

        One for each contract of the same root and right, whatever their strikes, that is short or
        would be by another's order at work; those that cover best, the lowest calls and the
        highest puts, stay.
        """
        short: Counter[tuple[str, bool]] = Counter()
        for order in self._at_work.values():
            if order.sec_type == OPTION and not order.is_buy:
                opened = order.quantity - order.filled - max(0, held.get(order.symbol, 0))
                short[_kind(order.symbol)] += max(0, opened)
        for fill in self._fills:
            if fill.quantity < 0:
                opened = -fill.quantity - max(0, self.held.get(fill.symbol, 0))
                short[_kind(fill.symbol)] += max(0, opened)
        long = []
        for symbol, quantity in held.items():
            terms = option_terms(symbol)
            if quantity < 0:
                short[_kind(symbol)] -= quantity
            else:
                long.append((terms.strike_mills * (1 if terms.is_call else -1), symbol, quantity))
        kept: Counter[str] = Counter()
        for _, symbol, quantity in sorted(long):
            kept[symbol] = min(quantity, short[_kind(symbol)])
            short[_kind(symbol)] -= kept[symbol]
        return kept

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


def _kind(symbol: str) -> tuple[str, bool]:
    terms = option_terms(symbol)
    return terms.root, terms.is_call
