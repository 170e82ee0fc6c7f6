"""The orders that flatten an account, against a broker made of a few dicts, and their prices."""

import math
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.flatten_answers import OrderSeen, QuoteSeen
from tiger_nt.flatten_book import FlattenBook
from tiger_nt.flatten_orders import Look, Modify, Place
from tiger_nt.flatten_prices import ATTEMPTS, closing_limit
from tiger_nt.flatten_result import closed_rows, left_words
from tiger_nt.symbols import option_terms
from tiger_nt.views import OrderState

CALL, HIGHER, PUT = "SPY261123C00600000", "SPY261123C00605000", "SPY261123P00600000"
INDEX = "SPXW261123C06000000"
SYMBOLS = (CALL, HIGHER, PUT, "SPY261123P00595000", INDEX, "SPXW261123C06050000")
"""By pairs, of which a vertical is made."""
STEP_S = 0.1


class Work:
    """An order at the broker; `legs` are those of a package, by symbol, signed."""

    def __init__(
        self,
        number: int,
        mark: str,
        symbol: str,
        is_buy: bool,
        quantity: int,
        legs: dict[str, int] | None = None,
    ) -> None:
        self.id = number
        self.mark = mark
        self.symbol = symbol
        self.is_buy = is_buy
        self.quantity = quantity
        self.filled = 0
        self.limit: float | None = None
        self.state = OrderState.HELD
        self.reason = ""
        self.updated_s = 0.0
        self.legs = legs or {symbol: 1 if is_buy else -1}
        self.stuck_until_s = 0.0

    @property
    def is_package(self) -> bool:
        return len(self.legs) > 1

    def closes(self, symbol: str, is_buy: bool) -> int:
        """Return what it may still buy, or sell, of a contract."""
        side = self.legs.get(symbol, 0)
        return self.open if side and (side > 0) == is_buy else 0

    @property
    def open(self) -> int:
        return 0 if self.state.is_final else self.quantity - self.filled

    def seen(self) -> OrderSeen:
        return OrderSeen(
            id=self.id,
            mark=self.mark,
            symbol=self.symbol,
            sec_type="MLEG" if self.is_package else "OPT",
            is_buy=self.is_buy,
            quantity=self.quantity,
            filled=self.filled,
            limit_price=self.limit,
            state=self.state,
            reason=self.reason,
            updated_s=self.updated_s,
            legs=tuple(self.legs.items()) if self.is_package else (),
        )


class Broker:
    """Holds positions, takes orders, and checks each one that closes."""

    def __init__(self, held: dict[str, int]) -> None:
        self.held = Counter(held)
        self.orders: list[Work] = []
        self.quotes = dict.fromkeys(SYMBOLS, QuoteSeen(1.0, 1.1))
        self.sold: Counter[str] = Counter()

    def add(self, mark: str, symbol: str, is_buy: bool, quantity: int) -> Work:
        order = Work(len(self.orders) + 1, mark, symbol, is_buy, quantity)
        self.orders.append(order)
        return order

    def add_package(self, bought: str, sold: str, quantity: int) -> Work:
        root = option_terms(bought).root
        order = Work(len(self.orders) + 1, "", root, True, quantity, {bought: 1, sold: -1})
        self.orders.append(order)
        return order

    def fill(self, order: Work, quantity: int, now_s: float) -> None:
        order.updated_s = now_s
        quantity = min(quantity, order.open)
        order.filled += quantity
        for symbol, side in order.legs.items():
            self.held[symbol] += side * quantity
        if order.filled == order.quantity:
            order.state = OrderState.FILLED

    def check(self, action: Place) -> None:
        """Let no closing order go beyond what is held, whatever of all orders at work fills."""
        request = action.request
        symbol, held = request.symbol, self.held[request.symbol]
        beside = sum(order.closes(symbol, request.is_buy) for order in self.orders)
        assert held != 0
        assert request.is_buy == (held < 0), f"{request} opens, held {held}"
        assert request.quantity + beside <= abs(held), f"{request} beside {beside}, held {held}"
        assert request.user_mark not in {order.mark for order in self.orders}
        if request.is_buy:
            return
        kind = _kind(symbol)
        short = -sum(min(0, count) for name, count in self.held.items() if _kind(name) == kind)
        long = sum(max(0, count) for name, count in self.held.items() if _kind(name) == kind)
        leaving = sum(
            order.open
            for order in self.orders
            if not order.is_package and not order.is_buy and _kind(order.symbol) == kind
        )  # a package takes as much from both sides
        left = f"{request} leaves {-short} alone: {self.held}, {[vars(o) for o in self.orders]}"
        assert long - leaving - request.quantity >= short or not short, left

    @property
    def is_flat(self) -> bool:
        return not any(self.held.values()) and not any(order.open for order in self.orders)


class World:
    """A book at a broker whose every answer may be late, lost, or a refusal."""

    def __init__(self, random: Random, held: dict[str, int], trouble: float) -> None:
        self.random = random
        self.trouble = trouble
        self.broker = Broker(held)
        self.book = FlattenBook("kill-x")
        self.now_s = 100.0
        self.past: list[tuple[float, dict[str, int]]] = []
        self.under_way: list[tuple[float, Place]] = []
        for symbol, count in held.items():
            if random.random() < 0.5:
                self.broker.add("", symbol, count < 0, random.randint(1, abs(count)))
            if random.random() < 0.3:
                self.broker.add("other", symbol, random.random() < 0.5, 1).state = OrderState.NEW
        for pair in zip(SYMBOLS[::2], SYMBOLS[1::2], strict=True):
            if random.random() < 0.3:
                bought, sold = random.sample(pair, 2)
                package = self.broker.add_package(bought, sold, random.randint(1, 3))
                package.stuck_until_s = self.now_s + random.choice([0.0, 1.0, 10.0])

    def goes_wrong(self) -> bool:
        return self.random.random() < self.trouble

    def step(self) -> None:
        for arrival in [each for each in self.under_way if each[0] <= self.now_s]:
            self.under_way.remove(arrival)
            self._arrive(arrival[1])
        self._look()
        symbols = self.book.wants_quotes(self.now_s, 1.0)
        quotes = {} if self.goes_wrong() else self.broker.quotes
        self.book.saw_quotes(symbols, quotes, self.now_s)
        for cancel in self.book.cancels(self.now_s):
            order = self.broker.orders[cancel.order_id - 1]
            goes = self.now_s >= order.stuck_until_s and not self.goes_wrong()
            if order.open and goes:
                order.state = OrderState.CANCELLED
        for action in self.book.closings(self.now_s):
            if self.goes_wrong():
                continue  # no call left for it
            self.book.sent(action, self.now_s)
            self._place(action) if isinstance(action, Place) else self._modify(action)
        for order in self.broker.orders:
            if order.open and self.random.random() < (0.02 if order.is_package else 0.5):
                self.broker.fill(order, self.random.randint(1, order.open), self.now_s)
        self.now_s += STEP_S
        self.past.append((self.now_s, dict(self.broker.held)))

    def _look(self) -> None:
        """Fills come between the questions, and positions may be those of two seconds ago."""
        began_s = self.now_s
        if self.goes_wrong():
            return
        at_work = tuple(order.seen() for order in self.broker.orders if order.open)
        self._fill_some()
        held = dict(self.broker.held)
        if self.goes_wrong():
            held = next((then for at_s, then in self.past if at_s >= self.now_s - 2), held)
        self._fill_some()
        recent = tuple(order.seen() for order in self.broker.orders)
        held = {symbol: count for symbol, count in held.items() if count}
        look = Look(began_s=began_s, clock_s=self.now_s, at_work=at_work, recent=recent, held=held)
        self.now_s += STEP_S / 10
        self.book.saw(look, self.now_s)

    def _fill_some(self) -> None:
        for order in self.broker.orders:
            if order.open and self.goes_wrong():
                self.broker.fill(order, 1, self.now_s)

    def _place(self, action: Place) -> None:
        request = action.request
        mark = request.user_mark
        self.broker.check(action)
        if self.goes_wrong():
            kind = self.random.choice(["unsent", "refused", "lost", "late", "rejected"])
            if kind == "unsent":
                self.book.unsent(mark)
                return
            if kind == "refused":
                self.book.refused(mark, "no", self.now_s)
                return
            if kind == "lost":
                self.book.unknown(mark, self.now_s)
                return
            if kind == "late":
                arrives_s = self.now_s + self.random.uniform(0.0, 4.0)
                self.under_way.append((arrives_s, action))
                self.book.unknown(mark, self.now_s)
                return
            order = self.broker.add(mark, request.symbol, request.is_buy, request.quantity)
            order.state, order.reason = OrderState.REJECTED, "late no"
            self.book.placed(mark, order.id, self.now_s)
            return
        order = self.broker.add(mark, request.symbol, request.is_buy, request.quantity)
        order.limit = request.limit_price
        self.book.placed(mark, order.id, self.now_s)

    def _arrive(self, action: Place) -> None:
        request = action.request
        self.broker.check(action)
        order = self.broker.add(request.user_mark, request.symbol, request.is_buy, request.quantity)
        order.limit = request.limit_price

    def _modify(self, action: Modify) -> None:
        order = self.broker.orders[action.order_id - 1]
        assert action.request.quantity == order.quantity
        if order.open and not self.goes_wrong():
            order.limit = action.request.limit_price


@st.composite
def holdings(draw: st.DrawFn) -> dict[str, int]:
    counts = st.integers(-5, 5).filter(bool)
    return draw(st.dictionaries(st.sampled_from(SYMBOLS), counts, min_size=1, max_size=5))


@given(holdings(), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 0.4]))
def test_no_order_goes_beyond_what_is_held_and_all_ends_flat(
    held: dict[str, int], random: Random, trouble: float
) -> None:
    world = World(random, held, trouble)
    for _ in range(600):
        world.step()
        if world.book.is_flat_since(world.now_s - 2 * STEP_S) or world.book.is_hopeless:
            break
    else:
        raise AssertionError(f"Expected an end, was {world.broker.held}")
    if not world.book.is_hopeless:
        assert world.broker.is_flat


def _kind(symbol: str) -> tuple[str, bool]:
    terms = option_terms(symbol)
    return terms.root, terms.is_call


# -- single steps --------------------------------------------------------------------------------


QUOTE = QuoteSeen(2.0, 2.1)


def seen_book(held: dict[str, int], *orders: OrderSeen, quote: QuoteSeen = QUOTE) -> FlattenBook:
    book = FlattenBook("kill-x")
    book.saw(look(held, *orders), 0.1)
    book.saw_quotes(list(held), dict.fromkeys(held, quote), 0.1)
    return book


def look(held: dict[str, int], *orders: OrderSeen, at_s: float = 0.0, **more: Any) -> Look:
    fields = {"began_s": at_s, "clock_s": at_s, "recent": None, "at_work": orders, "held": held}
    return Look(**(fields | more))


def order(symbol: str = CALL, *, is_buy: bool = False, quantity: int = 2, **more: Any) -> OrderSeen:
    fields = {
        "id": 5,
        "mark": "",
        "symbol": symbol,
        "sec_type": "OPT",
        "is_buy": is_buy,
        "quantity": quantity,
        "filled": 0,
        "limit_price": 1.0,
        "state": OrderState.HELD,
        "reason": "",
        "updated_s": 0.0,
    }
    return OrderSeen(**(fields | more))


def sent(book: FlattenBook, now_s: float) -> list[Place | Modify]:
    found = book.closings(now_s)
    for action in found:
        book.sent(action, now_s)
    return found


def test_short_options_are_bought_back_before_their_cover_is_sold() -> None:
    book = seen_book({CALL: 5, HIGHER: -3, PUT: 1})
    actions = sent(book, 0.2)
    assert [(a.request.symbol, a.request.is_buy, a.request.quantity) for a in actions] == [
        (HIGHER, True, 3),
        (CALL, False, 2),
        (PUT, False, 1),
    ]


def test_the_long_option_that_covers_best_is_kept() -> None:
    middle = "SPY261123C00602000"
    book = seen_book({CALL: 2, middle: 2, HIGHER: -3})
    sold = {a.request.symbol: a.request.quantity for a in sent(book, 0.2) if not a.request.is_buy}
    assert sold == {middle: 1}


def test_what_most_money_is_in_is_sold_first() -> None:
    book = seen_book({CALL: 1, HIGHER: 4, PUT: 2})
    assert [a.request.symbol for a in sent(book, 0.2)] == [HIGHER, PUT, CALL]


def test_stock_orders_are_left_alone_and_all_of_options_are_cancelled() -> None:
    stock = order("SPY", id=1, sec_type="STK")
    combination = order("SPY", id=2, sec_type="MLEG")
    leftover = order(CALL, id=3, mark="kill-of-before-1")
    book = seen_book({}, stock, combination, leftover)
    assert {cancel.order_id for cancel in book.cancels(0.2)} == {2, 3}
    assert book.others == [stock]
    assert not book.is_flat_since(0.0)


def test_cancel_is_repeated_after_a_second_and_at_once_if_unsent() -> None:
    book = seen_book({}, order())
    assert len(book.cancels(0.2)) == 1
    assert book.cancels(1.1) == []
    assert len(book.cancels(1.2)) == 1
    book.forget_cancel(5)
    assert len(book.cancels(1.3)) == 1


def test_position_with_an_order_in_it_waits_for_the_cancel_and_then_goes_round_it() -> None:
    shown = order(quantity=3, filled=1, updated_s=-10.0)
    book = seen_book({CALL: 5}, shown)
    book.cancels(0.2)
    assert book.closings(3.0) == []
    book.saw(look({CALL: 5}, shown, at_s=3.1), 3.2)
    [action] = book.closings(3.3)
    assert action.request.quantity == 3


def test_combination_that_cannot_be_read_holds_its_root_up_for_good() -> None:
    book = seen_book({CALL: 5, INDEX: 1}, order("SPY", sec_type="MLEG", quantity=0))
    book.cancels(0.2)
    assert [action.request.symbol for action in book.closings(60.0)] == [INDEX]


def test_nothing_is_sent_before_quotes_were_asked_for() -> None:
    book = FlattenBook("kill-x")
    book.saw(look({CALL: 1}), 0.1)
    assert book.closings(0.2) == []
    assert book.wants_quotes(0.2, 1.0) == [CALL]
    book.saw_quotes([CALL], {}, 0.3)
    [action] = book.closings(0.4)
    assert (action.request.order_type, action.request.limit_price) == ("LMT", 0.01)


def test_short_option_without_an_ask_is_bought_at_market() -> None:
    [action] = sent(seen_book({CALL: -1}, quote=QuoteSeen(0.0, 0.0)), 0.2)
    assert (action.request.order_type, action.request.limit_price) == ("MKT", None)


def test_sale_without_a_bid_goes_to_market_once_its_limit_was_refused() -> None:
    book = seen_book({CALL: 1}, quote=QuoteSeen(0.0, 0.05))
    [action] = sent(book, 0.2)
    assert action.request.limit_price == 0.01
    book.refused(action.request.user_mark, "tick", 0.3)
    book.saw(look({CALL: 1}, at_s=0.4), 0.5)
    assert book.closings(0.6) == []  # a pause after a refusal
    [again] = book.closings(1.0)
    assert again.request.order_type == "MKT"
    assert again.request.user_mark != action.request.user_mark


def test_order_changed_in_vain_is_cancelled_and_sent_anew() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    mark = action.request.user_mark
    book.placed(mark, 9, 0.3)
    book.saw(look({CALL: 3}, order(id=9, mark=mark, quantity=3, limit_price=1.9), at_s=1.2), 1.2)
    [change] = sent(book, 1.3)
    book.saw(look({CALL: 3}, order(id=9, mark=mark, quantity=3, limit_price=1.7), at_s=2.0), 2.0)
    assert book.cancels(2.0) == []
    assert [cancel.order_id for cancel in book.cancels(2.4)] == [9]
    assert sent(book, 2.4) == []
    gone = order(id=9, mark=mark, quantity=3, filled=1, state=OrderState.CANCELLED)
    book.saw(look({CALL: 2}, at_s=2.5, recent=(gone,)), 2.6)
    book.saw(look({CALL: 2}, at_s=2.7), 2.8)
    [again] = sent(book, 2.9)
    assert (again.request.quantity, again.request.limit_price) == (2, 1.2)
    assert isinstance(change, Modify)


def test_order_at_the_lowest_price_that_does_not_fill_is_sent_anew() -> None:
    book = seen_book({CALL: 3}, quote=QuoteSeen(0.01, 0.05))
    [action] = sent(book, 0.2)
    assert action.request.limit_price == 0.01
    book.placed(action.request.user_mark, 9, 0.3)
    shown = order(id=9, mark=action.request.user_mark, quantity=3, limit_price=0.01)
    book.saw(look({CALL: 3}, shown, at_s=1.1), 1.1)
    assert (book.cancels(1.1), book.closings(1.3)) == ([], [])
    assert [cancel.order_id for cancel in book.cancels(1.3)] == [9]


def test_order_without_anyone_to_meet_waits() -> None:
    book = seen_book({CALL: 3}, quote=QuoteSeen(0.0, 0.05))
    [action] = sent(book, 0.2)
    book.placed(action.request.user_mark, 9, 0.3)
    shown = order(id=9, mark=action.request.user_mark, quantity=3, limit_price=0.01)
    book.saw(look({CALL: 3}, shown, at_s=1.1), 1.1)
    assert (book.cancels(60.0), book.closings(60.0)) == ([], [])


def test_order_that_does_not_fill_gives_way_step_by_step_to_any_price() -> None:
    """The bid is always below the limit, as in a market that falls."""
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    mark, limits = action.request.user_mark, [action.request.limit_price]
    book.placed(mark, 9, 0.3)
    now_s = 0.3
    for _ in range(6):
        now_s += 1.0
        book.saw_quotes([CALL], {CALL: QuoteSeen(min(2.0, limits[-1] - 0.01), 2.1)}, now_s)
        shown = order(id=9, mark=mark, quantity=3, limit_price=limits[-1])
        book.saw(look({CALL: 3}, shown, at_s=now_s), now_s)
        limits += [action.request.limit_price for action in sent(book, now_s)]
    assert limits == [1.9, 1.6, 0.95, 0.01]


def test_refused_order_is_sent_again_at_the_same_slack() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    book.refused(action.request.user_mark, "no", 0.3)
    book.saw(look({CALL: 3}, at_s=0.4), 0.5)
    [again] = book.closings(2.0)
    assert again.request.limit_price == action.request.limit_price == 1.9


def test_change_that_was_not_made_is_asked_for_again() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    mark, first = action.request.user_mark, action.request.limit_price
    assert first == 1.9
    book.placed(mark, 9, 0.3)
    book.saw_quotes([CALL], {CALL: QuoteSeen(1.0, 1.1)}, 0.4)
    for now_s in (2.0, 4.0, 6.0, 8.0, 10.0):
        unchanged = order(id=9, mark=mark, quantity=3, limit_price=first)
        book.saw(look({CALL: 3}, unchanged, at_s=now_s), now_s)
        [change] = sent(book, now_s)
        assert isinstance(change, Modify)


def test_order_of_unknown_outcome_blocks_its_contract_until_it_is_found_or_surely_lost() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    book.unknown(action.request.user_mark, 0.3)
    for now_s in (1.0, 3.0, 5.2):
        book.saw(look({CALL: 3}, at_s=now_s, recent=()), now_s)
        assert book.closings(now_s) == []
        assert not book.is_flat_since(0.0)
    book.saw(look({CALL: 3}, at_s=5.4, recent=()), 5.5)
    book.saw(look({CALL: 3}, at_s=5.6, recent=()), 5.7)
    [again] = book.closings(5.8)
    assert again.request.quantity == 3


def test_look_begun_before_an_answer_proves_nothing_about_the_order() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    book.placed(action.request.user_mark, 9, 2.0)
    for _ in range(5):
        book.saw(look({CALL: 3}, at_s=1.0, recent=()), 20.0)
    assert [type(action) for action in book.closings(20.1)] == [Modify]


def test_fill_that_positions_do_not_show_yet_is_not_sold_twice() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    mark = action.request.user_mark
    done = order(id=9, mark=mark, quantity=3, filled=3, state=OrderState.FILLED)
    book.placed(mark, 9, 0.3)
    book.saw(look({CALL: 3}, at_s=0.4, recent=(done,)), 0.5)
    for now_s in (0.7, 2.0, 5.0):
        book.saw(look({CALL: 3}, at_s=now_s), now_s)
        assert book.closings(now_s) == []
    assert book.closed == {CALL: 3}
    book.saw(look({}, at_s=5.1), 5.2)
    assert book.is_flat_since(0.0)


def test_positions_that_do_not_move_at_all_after_a_fill_are_stale_for_half_a_minute() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    mark = action.request.user_mark
    done = order(id=9, mark=mark, quantity=3, filled=3, state=OrderState.FILLED)
    for now_s in (0.5, 10.0, 29.0):
        book.saw(look({CALL: 3}, at_s=now_s, recent=(done,)), now_s)
        assert book.closings(now_s) == []
    book.saw(look({CALL: 2}, at_s=29.5), 29.6)  # they have moved
    [action] = book.closings(29.7)
    assert isinstance(action, Place)
    assert action.request.quantity == 2


def test_what_another_has_just_sold_is_not_sold_again_before_positions_must_show_it() -> None:
    sold = order(id=4, quantity=3, filled=3, state=OrderState.FILLED, updated_s=-1.0)
    book = FlattenBook("kill-x")
    book.saw(look({CALL: 5}, recent=(sold,)), 0.1)
    book.saw_quotes([CALL], {CALL: QUOTE}, 0.1)
    [action] = book.closings(0.2)
    assert action.request.quantity == 2
    book.saw(look({CALL: 5}, at_s=4.1, recent=(sold,)), 4.1)
    [action] = book.closings(4.2)
    assert action.request.quantity == 5


def test_nothing_held_is_not_flat_while_positions_may_not_show_a_purchase_yet() -> None:
    bought = order(id=4, is_buy=True, filled=2, state=OrderState.FILLED, updated_s=-1.0)
    book = FlattenBook("kill-x")
    book.saw(look({}, recent=(bought,)), 0.1)
    assert not book.is_flat_since(0.0)
    book.saw(look({}, recent=(bought,), at_s=4.1), 4.2)
    assert book.is_flat_since(0.0)


def test_fill_of_long_ago_in_an_order_that_is_cancelled_now_holds_nothing_up() -> None:
    shown = order(id=4, quantity=3, filled=1, updated_s=-60.0)
    book = seen_book({CALL: 5}, shown)
    cancelled = shown._replace(state=OrderState.CANCELLED, updated_s=1.0)
    book.saw(look({CALL: 5}, at_s=1.0, recent=(cancelled,)), 1.1)
    [action] = book.closings(1.2)
    assert action.request.quantity == 5


def test_two_kills_that_sold_at_the_same_time_do_not_both_buy_back() -> None:
    """On two machines: each has sold the three that were held."""
    books = {run: FlattenBook(run) for run in ("kill-a", "kill-b")}
    sales = []
    for number, (run, book) in enumerate(books.items()):
        book.saw(look({CALL: 3}), 0.1)
        book.saw_quotes([CALL], {CALL: QUOTE}, 0.1)
        [action] = sent(book, 0.2)
        sales.append(
            order(
                id=number, mark=f"{run}-1", quantity=3, filled=3, state=OrderState.FILLED,
                updated_s=0.3,
            )
        )  # fmt: skip
        assert action.request.user_mark == f"{run}-1"
    first_s: dict[str, float] = {}
    for now_s in range(1, 30):
        for run, book in books.items():
            book.saw(look({CALL: -3}, at_s=now_s, recent=tuple(sales)), now_s)
            if book.closings(now_s + 0.1):
                first_s.setdefault(run, now_s)
    assert first_s["kill-b"] - first_s["kill-a"] >= 4.0


def test_order_larger_than_what_is_still_held_is_cancelled() -> None:
    book = seen_book({CALL: 3})
    [action] = sent(book, 0.2)
    shown = order(id=9, mark=action.request.user_mark, quantity=3)
    book.saw(look({CALL: 1}, shown, at_s=0.4), 0.5)
    assert book.cancels(0.5) == []  # it may have filled between the two questions
    book.saw(look({CALL: 1}, shown, at_s=0.6), 0.7)
    assert [cancel.order_id for cancel in book.cancels(0.7)] == [9]


def test_contract_that_is_always_refused_is_given_up_with_the_brokers_words() -> None:
    book, now_s = seen_book({CALL: 3}), 0.2
    for _ in range(5):
        assert not book.is_hopeless
        [action] = sent(book, now_s)
        book.refused(action.request.user_mark, "market closed", now_s)
        book.saw(look({CALL: 3}, at_s=now_s + 1), now_s + 2)
        now_s += 10
    assert book.closings(now_s) == []
    assert book.is_hopeless
    assert book.remark(CALL) == "market closed"


def test_position_that_cannot_be_read_is_never_flat() -> None:
    book = FlattenBook("kill-x")
    book.saw(look({}, unreadable=("?",)), 0.1)
    assert not book.is_flat_since(0.0)
    book.saw(look({}, at_s=0.2), 0.3)
    assert book.is_flat_since(0.0)
    assert not book.is_flat_since(0.25)


# -- prices --------------------------------------------------------------------------------------

CENTS = st.integers(1, 100_000).map(lambda cents: cents / 100)


@given(st.sampled_from([CALL, INDEX]), st.booleans(), CENTS, st.integers(0, ATTEMPTS + 2))
def test_limit_is_on_the_grid_and_beyond_the_quote_and_gives_way(
    symbol: str, is_buy: bool, touch: float, attempt: int
) -> None:
    limit = closing_limit(symbol, is_buy=is_buy, touch=touch, attempt=attempt)
    after = closing_limit(symbol, is_buy=is_buy, touch=touch, attempt=attempt + 1)
    cents = round(limit * 100)
    assert math.isclose(cents, limit * 100)
    step = 10 if cents >= 300 else 5 if cents >= 5 or symbol == INDEX else 1
    assert cents % step == 0
    assert cents > 0
    lowest = 0.05 if symbol == INDEX else 0.01
    if is_buy:
        assert limit >= touch
        assert after >= limit
        assert limit <= max(2 * touch, touch + 0.20) + 0.10 + 1e-9
    else:
        assert limit <= max(touch, lowest)
        assert after <= limit
        if attempt >= ATTEMPTS - 1:
            assert limit == lowest


@pytest.mark.parametrize("attempt", range(ATTEMPTS))
def test_without_a_quote_a_sale_is_at_the_lowest_price_and_a_purchase_has_none(
    attempt: int,
) -> None:
    assert closing_limit(CALL, is_buy=False, touch=0.0, attempt=attempt) == 0.01
    assert closing_limit(INDEX, is_buy=False, touch=0.0, attempt=attempt) == 0.05
    assert math.isnan(closing_limit(CALL, is_buy=True, touch=0.0, attempt=attempt))


def test_nothing_is_called_flat_while_positions_may_not_show_a_filled_package() -> None:
    book = FlattenBook("kill-x")
    entered = package((CALL, 2), (HIGHER, -2))
    for at_s in (0.5, 1.0, 4.5):
        book.saw(look({}, at_s=at_s, recent=(entered,)), at_s + 0.1)
        assert not book.is_flat_since(at_s)
    book.saw(look({}, at_s=5.5, recent=(entered,)), 5.6)
    assert book.is_flat_since(5.5)


def test_legs_that_a_package_has_just_closed_are_not_closed_again() -> None:
    book = FlattenBook("kill-x")
    closed = package((HIGHER, 2), (CALL, -2))
    held = {CALL: 2, HIGHER: -2}
    book.saw(look(held, recent=(closed,)), 0.1)
    book.saw_quotes(list(held), dict.fromkeys(held, QUOTE), 0.1)
    assert book.closings(0.2) == []
    book.saw(look(held, at_s=5.5, recent=(closed,)), 5.6)  # it was another's after all
    assert [action.request.symbol for action in book.closings(5.7)] == [HIGHER]


def package(*legs: tuple[str, int], **more: Any) -> OrderSeen:
    fields = {"quantity": 1, "filled": 1, "state": OrderState.FILLED, "is_buy": True}
    return order("SPY", sec_type="MLEG", legs=legs, **(fields | more))


def stuck(*legs: tuple[str, int], **more: Any) -> OrderSeen:
    """Return a package of three, of which one is filled, that is at work whatever is asked."""
    more = {"quantity": 3, "filled": 1, "state": OrderState.HELD} | more
    return package(*legs, updated_s=-60.0, **more)


def closed_beside(held: dict[str, int], *orders: OrderSeen) -> list[tuple[str, int]]:
    """Return what is closed beside orders that have not gone in a minute."""
    book = seen_book(held, *orders)
    book.cancels(0.2)
    return [(action.request.symbol, action.request.quantity) for action in book.closings(60.0)]


def test_package_that_does_not_go_holds_up_its_own_legs_alone() -> None:
    closing = stuck((HIGHER, 1), (CALL, -1))
    held = {CALL: 2, HIGHER: -2, PUT: 1}
    assert closed_beside(held, closing) == [(PUT, 1)]
    assert closed_beside(held) == [(HIGHER, 2), (PUT, 1)]
    at_once = seen_book(held, closing)
    at_once.cancels(0.2)
    assert [action.request.symbol for action in at_once.closings(0.3)] == [PUT]


def test_what_is_held_beyond_a_package_that_does_not_go_is_closed_short_first() -> None:
    closing = stuck((HIGHER, 1), (CALL, -1))
    assert closed_beside({CALL: 3, HIGHER: -3}, closing) == [(HIGHER, 1)]
    assert closed_beside({CALL: 3, HIGHER: -2}, closing) == [(CALL, 1)]


def test_package_that_would_open_holds_nothing_up_but_for_the_time_of_its_cancel() -> None:
    opening = stuck((CALL, 1), (HIGHER, -1))
    held = {CALL: 2, HIGHER: -2}
    assert closed_beside(held, opening) == [(HIGHER, 2)]
    book = seen_book(held, opening)
    book.cancels(0.2)
    assert book.closings(3.0) == []


def test_what_a_package_sells_to_open_is_covered_by_what_it_buys() -> None:
    """A long put of another strike need not stay for it."""
    lower = "SPY261123P00595000"
    assert closed_beside({lower: 2}, stuck((PUT, 1), (lower, -1))) == []
    assert closed_beside({lower: 3}, stuck((PUT, 1), (lower, -1))) == [(lower, 1)]
    assert closed_beside({CALL: 2}, stuck(("SPY261123C00595000", 1), (HIGHER, -1))) == [(CALL, 2)]


def test_two_sales_in_one_package_keep_their_cover() -> None:
    strangle = stuck((HIGHER, -1), ("SPY261123P00595000", -1))
    assert closed_beside({CALL: 3, PUT: 2}, strangle) == [(CALL, 1)]


@pytest.mark.parametrize("unknown", [{"legs": ()}, {"is_buy": False}, {"quantity": 0, "filled": 0}])
def test_package_of_unknown_legs_holds_up_its_root(unknown: dict[str, Any]) -> None:
    fields = {"legs": ((HIGHER, 1), (CALL, -1)), "quantity": 3, "filled": 0} | unknown
    shown = order("SPY", **({"sec_type": "MLEG", "is_buy": True} | fields))
    assert closed_beside({PUT: 1, INDEX: 1}, shown) == [(INDEX, 1)]


# -- what is said at the end ---------------------------------------------------------------------


def test_package_that_does_not_go_is_named_with_its_legs_and_what_waits_for_it() -> None:
    book = seen_book({CALL: 2, HIGHER: -2}, stuck((HIGHER, 1), (CALL, -1)))
    assert left_words(book, "", is_known=True) == "2 positions and 1 orders are left"
    book.cancels(0.2)
    book.cancel_denied(5, "cannot be canceled now")
    assert left_words(book, "", is_known=True) == (
        "2 positions and 1 orders are left; "
        f"buy 2 {HIGHER} and sell 2 {CALL} (id 5) was asked to be canceled and is still at work "
        "(Tiger says: cannot be canceled now): what it would close was not closed beside it; "
        "cancel it in Tiger's app and kill again"
    )


def test_rows_of_what_a_package_holds_up_say_so() -> None:
    held = {CALL: 2, HIGHER: -2, PUT: 1, INDEX: 1}
    book = seen_book(held, stuck((HIGHER, 1), (CALL, -1)))
    assert {row.remark for row in closed_rows(book, held)} == {""}
    book.cancels(0.2)
    remarks = {row.symbol: row.remark for row in closed_rows(book, held) if row.remark}
    assert remarks == dict.fromkeys((CALL, HIGHER), "order 5 is still at work")
    unread = seen_book(held, order("SPY", sec_type="MLEG", quantity=0))
    unread.cancels(0.2)
    told = [row.symbol for row in closed_rows(unread, held) if row.remark]
    assert told == [CALL, HIGHER, PUT]


def test_combination_that_cannot_be_read_is_named_with_what_waits_for_it() -> None:
    book = seen_book({CALL: 2}, order("SPY", sec_type="MLEG", quantity=0))
    book.cancels(0.2)
    said = left_words(book, "", is_known=True)
    assert "a combination of SPY (id 5) was asked to be canceled and is still at work: " in said
    assert "its legs are not known, so that nothing of SPY was closed" in said
