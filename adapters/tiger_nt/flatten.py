"""Brings an account's options to nothing over Tiger's API, without a node and without an engine.

Cancels all orders of options, closes all positions in options, and asks Tiger until it says that
nothing is held and nothing is at work. Stocks and their orders are left alone. May be run again at
any time: it begins with what the broker says, and knows of nothing else.
"""

import math
import os
import queue
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from tiger_nt.budget import CallBudget, Priority
from tiger_nt.config import TigerConfig
from tiger_nt.errors import (
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerUnknownOutcomeError,
)
from tiger_nt.flatten_book import FlattenBook
from tiger_nt.flatten_broker import FlattenBroker, OrderSeen, QuoteSeen
from tiger_nt.flatten_lock import one_at_a_time
from tiger_nt.flatten_orders import Cancel, Look, Modify, Place

__all__ = ["Flattened", "Verdict", "flatten"]

MARK = "kill"
"""Begins the mark of every order of a flattening."""

_TIMEOUT_S = 3.0
_THREADS = 8
_TICK_S = 0.02
_LOOK_S, _LATER_LOOK_S = 0.4, 1.5
_HURRY_S = 8.0
"""For so long it looks often; then so that Tiger's calls a minute last for all minutes."""
_QUOTES_S = 1.0
_CONFIRM_S = 0.5
_PROBE_S = 1.0
_PATIENCE_S = 2.0
"""How long it waits for first quotes that may still come."""
_METHODS = {Place: "place_order", Modify: "modify_order", Cancel: "cancel_order"}


class Verdict(StrEnum):
    """FLAT: verified. NOT_FLAT: something is left. ACCOUNT: Tiger does not let us in."""

    FLAT = "FLAT"
    NOT_FLAT = "NOT_FLAT"
    ACCOUNT = "ACCOUNT"


class Row(NamedTuple):
    """One contract: signed contracts held at first and at last, and those that were closed."""

    symbol: str
    at_first: int
    closed: int
    left: int
    remark: str


class Flattened(NamedTuple):
    """How it ended.

    Parameters
    ----------
    verdict : Verdict
        How.
    why : str
        What stood in the way; empty when flat.
    rows : tuple of Row
        The contracts that were held.
    orders_left : tuple of OrderSeen
        Option orders still at work.
    others : tuple of OrderSeen
        Orders of stocks, left alone.
    stocks : tuple of str
        Stocks held, left alone.
    first_cancel_s, seconds : float
        From the call to the first cancel's departure (NaN without one), and to the end.
    calls : dict of str to int
        Calls made, by method.
    """

    verdict: Verdict
    why: str
    rows: tuple[Row, ...]
    orders_left: tuple[OrderSeen, ...]
    others: tuple[OrderSeen, ...]
    stocks: tuple[str, ...]
    first_cancel_s: float
    seconds: float
    calls: dict[str, int]


def flatten(config: TigerConfig, say: Callable[[str], None], *, within_s: float) -> Flattened:
    """Flatten the account of `config` and verify it, for up to `within_s` seconds.

    `say` is told of each step as it happens. A second call on the same machine waits for the
    first, at most for `within_s`, and then begins for itself.
    """
    over_s = time.monotonic() + within_s
    with one_at_a_time(
        f"{config.credentials.account} {config.endpoints.server_url}",
        within_s,
        lambda process: say(
            f"another kill of this account (process {process}) is at work on this machine, "
            "waiting for it: if it hangs, end it"
        ),
    ) as holder:
        if holder is None:
            return _Flattening(config, say).run(over_s - time.monotonic())
    why = f"another kill (process {holder}) did not end in {within_s:.0f} s: end it"
    return Flattened(Verdict.NOT_FLAT, why, (), (), (), (), math.nan, within_s, {})


class _Flattening:
    def __init__(self, config: TigerConfig, say: Callable[[str], None]) -> None:
        self._began_s = time.monotonic()
        self._started_s = time.time()
        self._say = say
        self._broker = FlattenBroker(config, min(config.timeout_s, _TIMEOUT_S))
        self._budget = CallBudget(config.calls_per_minute, is_paper=config.credentials.is_paper)
        self._book = FlattenBook(f"{MARK}-{os.urandom(4).hex()}")
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._look_due_s = self._quotes_due_s = -math.inf
        self._is_looking = self._is_quoting = False
        self._at_first: dict[str, int] = {}
        self._stocks: tuple[str, ...] = ()
        self._calls: dict[str, int] = {}
        self._first_cancel_s = math.nan
        self._limited: dict[str, float] = {}
        """When each method that Tiger has refused for its limit was last tried."""
        self._has_looked = False
        self._shown = (-1, -1)
        self._flat_s = self._without_quotes_s = math.inf
        self._denied = ""
        self._trouble = ""

    def run(self, within_s: float) -> Flattened:
        for number in range(_THREADS):
            threading.Thread(target=self._serve, name=f"flatten-{number}", daemon=True).start()
        over_s = self._began_s + within_s
        verdict = Verdict.NOT_FLAT
        while time.monotonic() < over_s:
            self._ask()
            self._act()
            self._hear()
            if self._denied:
                verdict = Verdict.ACCOUNT
                break
            if self._is_verified():
                verdict = Verdict.FLAT
                break
            if self._book.is_hopeless:
                break
        return self._end(verdict)

    # -- questions -------------------------------------------------------------------------------

    def _ask(self) -> None:
        now_s = time.monotonic()
        if not self._is_looking and now_s >= self._look_due_s:
            methods = ("active_orders", "orders", "positions")
            # Where Tiger has refused a question, RISK waits a second, the others up to a minute.
            if self._may(methods, Priority.RISK, now_s):
                self._is_looking = True
                self._do(self._look)
        if self._is_quoting or now_s < self._quotes_due_s:
            return
        if not (symbols := self._book.wants_quotes(now_s, _QUOTES_S)):
            return
        if self._may(("option_brief",), Priority.RISK, now_s):
            self._is_quoting = True
            self._do(lambda: self._quote(symbols))

    def _look(self) -> None:
        """Ask for orders at work, positions, and last what has filled, which those may not show."""
        began_s = time.monotonic()
        try:
            at_work = self._broker.orders_at_work()
            self._tell(lambda: self._saw_orders(at_work))
            held, unreadable = self._broker.options_held()
            recent = self._recent()
        except TigerError as e:
            error = e
            self._tell(lambda: self._look_failed(error))
        except Exception as e:  # noqa: BLE001 - an answer nobody thought of must not end it all
            error = _unreadable(e)
            self._tell(lambda: self._look_failed(error))
        else:
            look = Look(
                began_s=began_s,
                clock_s=self._broker.clock_s,
                at_work=tuple(at_work),
                recent=recent,
                held=held,
                unreadable=tuple(unreadable),
            )
            self._tell(lambda: self._saw(look))

    def _recent(self) -> tuple[OrderSeen, ...] | None:
        try:
            return tuple(self._broker.orders_since(self._started_s))
        except TigerDeniedError:
            return None  # it goes on with what else there is

    def _quote(self, symbols: list[str]) -> None:
        try:
            quotes = self._broker.quotes(symbols)
        except TigerError as e:
            error = e
            self._tell(lambda: self._quotes_failed(symbols, error))
        except Exception as e:  # noqa: BLE001 - it goes on without quotes
            error = _unreadable(e)
            self._tell(lambda: self._quotes_failed(symbols, error))
        else:
            self._tell(lambda: self._saw_quotes(symbols, quotes))

    def _saw_quotes(self, symbols: list[str], quotes: dict[str, QuoteSeen]) -> None:
        self._is_quoting = False
        self._allowed("option_brief")
        self._book.saw_quotes(symbols, quotes, time.monotonic())

    def _quotes_failed(self, symbols: list[str], error: TigerError) -> None:
        self._is_quoting = False
        now_s = time.monotonic()
        self._quotes_due_s = now_s + _QUOTES_S / 2
        self._without_quotes_s = min(self._without_quotes_s, now_s)
        if isinstance(error, TigerDeniedError) or now_s - self._without_quotes_s > _PATIENCE_S:
            self._book.saw_no_quotes(symbols)
        self._failed("no quotes", error)

    def _saw_orders(self, orders: list[OrderSeen]) -> None:
        self._book.saw_orders(orders)

    def _saw(self, look: Look) -> None:
        now_s = time.monotonic()
        if not self._has_looked:
            self._has_looked = True
            self._do(self._ask_for_stocks)
        self._book.saw(look, now_s)
        count = len(look.held), len(self._book.orders_left)
        if count != self._shown:
            self._shown = count
            self._progress(f"{count[0]} positions and {count[1]} orders of options")
        for symbol, quantity in look.held.items():
            self._at_first.setdefault(symbol, quantity)
        self._trouble = ""
        for method in ("active_orders", "orders", "positions"):
            self._allowed(method)
        self._looked(now_s)

    def _ask_for_stocks(self) -> None:
        try:
            stocks = tuple(self._broker.stocks_held())
        except Exception:  # noqa: BLE001 - they are only shown
            return
        self._tell(lambda: setattr(self, "_stocks", stocks))

    def _look_failed(self, error: TigerError) -> None:
        now_s = time.monotonic()
        if isinstance(error, TigerDeniedError) and not self._has_looked:
            self._denied = str(error)
        self._trouble = str(error)
        self._failed("no answer", error)
        self._looked(now_s)

    def _looked(self, now_s: float) -> None:
        self._is_looking = False
        hurries = now_s - self._began_s < _HURRY_S
        self._look_due_s = now_s + (_LOOK_S if hurries else _LATER_LOOK_S)

    # -- orders ----------------------------------------------------------------------------------

    def _act(self) -> None:
        now_s = time.monotonic()
        for cancel in self._book.cancels(now_s):
            if self._may(("cancel_order",), Priority.RISK, now_s):
                if math.isnan(self._first_cancel_s):
                    self._first_cancel_s = now_s - self._began_s
                    self._progress("cancelling")
                self._do(partial(self._cancel, cancel))
            else:
                self._book.forget_cancel(cancel.order_id)
        for action in self._book.closings(now_s):
            if self._may((_METHODS[type(action)],), Priority.RISK, now_s):
                self._book.sent(action, now_s)
                if isinstance(action, Place):
                    self._progress(_words(action))
                    self._do(partial(self._place, action))
                else:
                    self._do(partial(self._modify, action))

    def _cancel(self, action: Cancel) -> None:
        try:
            self._broker.cancel(action.order_id)
        except TigerUnknownOutcomeError:
            pass  # the next look tells
        except TigerError as e:
            error = e
            self._tell(lambda: self._failed(f"cancel of {action.order_id}", error))
        else:
            self._tell(lambda: self._allowed("cancel_order"))

    def _place(self, action: Place) -> None:
        mark = action.request.user_mark
        try:
            order_id = self._broker.place(action.request)
        except TigerUnknownOutcomeError as e:
            text = str(e)
            self._tell(lambda: self._book.unknown(mark, time.monotonic()))
            self._tell(lambda: self._progress(f"{text}; asking for the order"))
        except TigerDeniedError as e:
            reason = e.message
            self._tell(lambda: self._book.refused(mark, reason, time.monotonic()))
            self._tell(lambda: self._progress(f"{action.request.symbol} refused: {reason}"))
        except TigerError as e:
            error = e
            self._tell(lambda: self._book.unsent(mark))
            self._tell(lambda: self._failed(f"{action.request.symbol} not sent", error))
        else:
            self._tell(lambda: self._book.placed(mark, order_id, time.monotonic()))
            self._tell(lambda: self._allowed("place_order"))

    def _modify(self, action: Modify) -> None:
        try:
            self._broker.modify(action.order_id, action.request)
        except TigerError as e:
            error = e
            self._tell(lambda: self._failed(f"{action.request.symbol} not changed", error))
        else:
            self._tell(lambda: self._allowed("modify_order"))

    def _failed(self, what: str, error: TigerError) -> None:
        if isinstance(error, TigerLimitError):
            now_s = time.monotonic()
            self._budget.limited(error.method, now_s)
            self._limited[error.method] = now_s
            self._progress(f"{what}: Tiger's limit of {error.method} is used up, waiting for it")
        else:
            self._progress(f"{what}: {error}")

    def _allowed(self, method: str) -> None:
        self._limited.pop(method, None)

    # -- threads ---------------------------------------------------------------------------------

    def _may(self, methods: tuple[str, ...], priority: Priority, now_s: float) -> bool:
        """Count calls, unless there is no budget for them.

        Once Tiger has refused a method, one call a pause tries it: whoever runs on into a limit is
        put on a blacklist.
        """
        for method in methods:
            if now_s - self._limited.get(method, -math.inf) < _PROBE_S:
                return False
        if any(self._budget.take(method, priority, now_s) for method in methods):
            return False
        for method in self._limited.keys() & set(methods):
            self._limited[method] = now_s
        for method in methods:
            self._calls[method] = self._calls.get(method, 0) + 1
        return True

    def _do(self, call: Callable[[], None]) -> None:
        self._work.put(call)

    def _tell(self, news: Callable[[], None]) -> None:
        self._news.put(news)

    def _serve(self) -> None:
        while True:
            self._work.get()()

    def _hear(self) -> None:
        """Take what the threads have to say, at least one thing if it comes within a tick."""
        try:
            self._news.get(timeout=_TICK_S)()
            while True:
                self._news.get_nowait()()
        except queue.Empty:
            pass

    # -- the end ---------------------------------------------------------------------------------

    def _is_verified(self) -> bool:
        """Whether two looks, half a second apart, show nothing: what was late has come by then."""
        if not self._book.is_flat_since(-math.inf):
            self._flat_s = math.inf
            return False
        self._flat_s = min(self._flat_s, time.monotonic())
        return self._book.is_flat_since(self._flat_s + _CONFIRM_S)

    def _end(self, verdict: Verdict) -> Flattened:
        book = self._book
        rows = tuple(
            Row(
                symbol, quantity, book.closed[symbol], book.held.get(symbol, 0), book.remark(symbol)
            )
            for symbol, quantity in sorted(self._at_first.items())
        )
        why = {
            Verdict.FLAT: "",
            Verdict.ACCOUNT: self._denied,
            Verdict.NOT_FLAT: self._left(),
        }[verdict]
        return Flattened(
            verdict=verdict,
            why=why,
            rows=rows,
            orders_left=tuple(book.orders_left),
            others=tuple(book.others),
            stocks=self._stocks,
            first_cancel_s=self._first_cancel_s,
            seconds=time.monotonic() - self._began_s,
            calls=dict(self._calls),
        )

    def _left(self) -> str:
        book = self._book
        said = {book.remark(symbol) for symbol in book.held} - {""}
        left = f"{len(book.held)} positions and {len(book.orders_left)} orders are left"
        parts = [
            left if self._has_looked else "what is held is not known",
            *(f"Tiger says: {text}" for text in sorted(said)),
            *(f"cannot be read: {text}" for text in book.unreadable),
            *([f"the last answer was: {self._trouble}"] if self._trouble else []),
        ]
        return "; ".join(parts)

    def _progress(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._began_s:6.2f} s  {text}")


def _words(action: Place) -> str:
    request = action.request
    side = "buy back" if request.is_buy else "sell"
    price = "at market" if request.limit_price is None else f"at {request.limit_price:.2f}"
    met = "ask" if request.is_buy else "bid"
    return f"{side} {request.quantity} {request.symbol} {price} ({met} {action.touch:.2f})"


def _unreadable(error: Exception) -> TigerError:
    return TigerError(f"the answer could not be read ({error!r})")
