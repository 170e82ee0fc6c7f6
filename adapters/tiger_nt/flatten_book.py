"""Which orders bring an account's options to nothing: pure, time comes in as an argument.

All orders of others are cancelled. A position is closed by one order at a time, whose price gives
way until it fills. A new one waits until Tiger has shown what became of the one before, and what
others have just filled is not counted as held, so that no more is ever sold than is held; short
options are bought back before what covers them is sold.
"""

import math
from collections import Counter
from collections.abc import Mapping

import msgspec

from tiger_nt.flatten_answers import OPTION, OrderSeen
from tiger_nt.flatten_orders import Cancel, Modify, OwnOrder, Past, Place, Stage
from tiger_nt.flatten_prices import ATTEMPTS, closing_limit
from tiger_nt.flatten_record import NO_QUOTE, FlattenRecord
from tiger_nt.symbols import option_terms
from tiger_nt.views import OrderRequest

__all__ = ["FlattenBook"]

_REPRICE_S = 1.0
"""An order that crosses the market fills at once; one that has not by then meets another one."""
_CANCEL_AGAIN_S = 1.0
_IN_THE_WAY_S = 3.0
"""A cancel that has not worked for so long does not hold up the closing of the rest any more."""


class FlattenBook(FlattenRecord):
    """What is known of an account that is to be flat, and what to do next."""

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

    def wants_quotes(self, now_s: float, oldest_s: float) -> list[str]:
        """Return the symbols still held whose quote is older than `oldest_s`, or not known."""
        held = () if self._look is None else self._look.held
        return [
            symbol
            for symbol in held
            if now_s - self._quotes.get(symbol, (-math.inf,))[0] > oldest_s
        ]

    # -- within ----------------------------------------------------------------------------------

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
        taken = self._taken(symbol, kept, now_s, is_buy=is_buy)
        if taken is None or taken >= abs(quantity):
            return None
        touch = quote[1].ask if is_buy else quote[1].bid
        request = OrderRequest(
            user_mark=f"{self._run}-{next(self._numbers)}",
            symbol=symbol,
            is_buy=is_buy,
            order_type="LMT",
            quantity=abs(quantity) - taken,
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

    def _taken(self, symbol: str, kept: int, now_s: float, *, is_buy: bool) -> int | None:
        """Return how many contracts of a position are not to be closed; None where none is.

        `kept` are the cover of short ones. Orders of others that do not go close theirs, should
        they fill. A combination closes what covers its own other leg, so that the larger counts.
        """
        single = together = 0
        for order in self._in_the_way(symbol):
            since_s = self._cancels.get(order.id, (now_s,))[0]
            if now_s - since_s < _IN_THE_WAY_S or not order.open_legs:
                return None
            closing = sum(
                abs(contracts)
                for name, contracts in order.open_legs
                if name == symbol and (contracts > 0) == is_buy
            )
            if order.sec_type == OPTION:
                single += closing
            else:
                together += closing
        return single + max(kept, together)

    def _in_the_way(self, symbol: str) -> list[OrderSeen]:
        """Return orders of others that may change this position; of unknown legs, of its root."""
        root = option_terms(symbol).root
        return [
            order
            for order in self._at_work.values()
            if order.is_option
            and self._with_mark(order.mark) is None
            and (symbol in dict(order.open_legs) if order.open_legs else order.symbol == root)
        ]

    def _urgency(self, holding: tuple[str, int]) -> tuple[bool, float]:
        """Short options first, then what most money is in."""
        symbol, quantity = holding
        quote = self._quotes.get(symbol, (0.0, NO_QUOTE))[1]
        return quantity > 0, -abs(quantity) * (quote.bid if quantity > 0 else quote.ask)

    def _kept_as_cover(self, held: Mapping[str, int]) -> Counter[str]:
        """Return how many contracts of each long option must stay while others are short.

        One for each contract of the same root and right, whatever their strikes, that is short or
        would be by another's order at work; those that cover best, the lowest calls and the
        highest puts, stay.
        """
        short: Counter[tuple[str, bool]] = Counter()
        for order in self._at_work.values():
            for kind, opened in _opened(order, held).items():
                short[kind] += max(0, opened)
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


def _opened(order: OrderSeen, held: Mapping[str, int]) -> Counter[tuple[str, bool]]:
    """Return how many of each kind an order sells beyond what is held and what it buys."""
    opened: Counter[tuple[str, bool]] = Counter()
    for symbol, contracts in order.open_legs:
        if contracts < 0:
            opened[_kind(symbol)] += max(0, -contracts - max(0, held.get(symbol, 0)))
        else:  # what is bought with it covers it
            opened[_kind(symbol)] -= contracts
    return opened


def _kind(symbol: str) -> tuple[str, bool]:
    terms = option_terms(symbol)
    return terms.root, terms.is_call
