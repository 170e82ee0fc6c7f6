"""One flattening of an account: what it asks Tiger, what it sends, and when it is done."""

import math
import os
import time
from collections.abc import Callable
from functools import partial

from tiger_nt.budget import CallBudget
from tiger_nt.config import TigerConfig
from tiger_nt.errors import (
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerUnknownOutcomeError,
)
from tiger_nt.flatten_answers import OrderSeen, QuoteSeen
from tiger_nt.flatten_book import FlattenBook
from tiger_nt.flatten_broker import FlattenBroker
from tiger_nt.flatten_calls import FlattenCalls
from tiger_nt.flatten_orders import Cancel, Look, Modify, Place
from tiger_nt.flatten_result import Flattened, Verdict, closed_rows, left_words

__all__ = ["FlattenRun"]

MARK = "kill"  # begins the mark of every order of a flattening

_TIMEOUT_S = 3.0
_LOOK_S, _LATER_LOOK_S = 0.4, 1.5
_HURRY_S = 8.0
"""For so long it looks often; then so that Tiger's calls a minute last for all minutes."""
_QUOTES_S = 1.0
_CONFIRM_S = 0.5
_PATIENCE_S = 2.0
"""How long it waits for first quotes that may still come."""
_LOOK = "active_orders", "orders", "positions"
_METHODS = {Place: "place_order", Modify: "modify_order", Cancel: "cancel_order"}


class FlattenRun:
    """One flattening, from the first look to the verdict.

    Parameters
    ----------
    config : TigerConfig
        The account.
    say : callable
        Is told of each step as it happens.
    """

    def __init__(self, config: TigerConfig, say: Callable[[str], None]) -> None:
        self._began_s = time.monotonic()
        self._started_s = time.time()
        self._say = say
        self._broker = FlattenBroker(config, min(config.timeout_s, _TIMEOUT_S))
        self._calls = FlattenCalls(
            CallBudget(config.calls_per_minute, is_paper=config.credentials.is_paper)
        )
        self._book = FlattenBook(f"{MARK}-{os.urandom(4).hex()}")
        self._look_due_s = self._quotes_due_s = -math.inf
        self._is_looking = self._is_quoting = False
        self._at_first: dict[str, int] = {}
        self._stocks: tuple[str, ...] = ()
        self._first_cancel_s = math.nan
        self._has_looked = False
        self._shown = (-1, -1)
        self._flat_s = self._without_quotes_s = math.inf
        self._denied = ""
        self._trouble = ""

    def run(self, within_s: float) -> Flattened:
        """Flatten and verify, for up to `within_s` seconds."""
        self._calls.start()
        over_s = self._began_s + within_s
        verdict = Verdict.NOT_FLAT
        while time.monotonic() < over_s:
            self._ask()
            self._act()
            self._calls.hear()
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
        is_due = not self._is_looking and now_s >= self._look_due_s
        if is_due and self._calls.may(_LOOK, now_s):
            self._is_looking = True
            self._calls.do(self._look)
        if self._is_quoting or now_s < self._quotes_due_s:
            return
        symbols = self._book.wants_quotes(now_s, _QUOTES_S)
        if symbols and self._calls.may(("option_brief",), now_s):
            self._is_quoting = True
            self._calls.do(lambda: self._quote(symbols))

    def _look(self) -> None:
        """Ask for orders at work, positions, and last what has filled, which those may not show."""
        began_s = time.monotonic()
        try:
            at_work = self._broker.orders_at_work()
            self._calls.tell(lambda: self._book.saw_orders(at_work))
            held, unreadable = self._broker.options_held()
            recent = self._recent()
        except Exception as e:  # noqa: BLE001 - an answer nobody thought of must not end it all
            error = _told(e)
            self._calls.tell(lambda: self._look_failed(error))
        else:
            look = Look(
                began_s=began_s,
                clock_s=self._broker.clock_s,
                at_work=tuple(at_work),
                recent=recent,
                held=held,
                unreadable=tuple(unreadable),
            )
            self._calls.tell(lambda: self._saw(look))

    def _recent(self) -> tuple[OrderSeen, ...] | None:
        try:
            return tuple(self._broker.orders_since(self._started_s))
        except TigerDeniedError:
            return None  # it goes on with what else there is

    def _quote(self, symbols: list[str]) -> None:
        try:
            quotes = self._broker.quotes(symbols)
        except Exception as e:  # noqa: BLE001 - it goes on without quotes
            error = _told(e)
            self._calls.tell(lambda: self._quotes_failed(symbols, error))
        else:
            self._calls.tell(lambda: self._saw_quotes(symbols, quotes))

    def _saw_quotes(self, symbols: list[str], quotes: dict[str, QuoteSeen]) -> None:
        self._is_quoting = False
        self._calls.allowed("option_brief")
        self._book.saw_quotes(symbols, quotes, time.monotonic())

    def _quotes_failed(self, symbols: list[str], error: TigerError) -> None:
        self._is_quoting = False
        now_s = time.monotonic()
        self._quotes_due_s = now_s + _QUOTES_S / 2
        self._without_quotes_s = min(self._without_quotes_s, now_s)
        if isinstance(error, TigerDeniedError) or now_s - self._without_quotes_s > _PATIENCE_S:
            self._book.saw_no_quotes(symbols)
        self._failed("no quotes", error)

    def _saw(self, look: Look) -> None:
        now_s = time.monotonic()
        if not self._has_looked:
            self._has_looked = True
            self._calls.do(self._ask_for_stocks)
        self._book.saw(look, now_s)
        count = len(look.held), len(self._book.orders_left)
        if count != self._shown:
            self._shown = count
            self._progress(f"{count[0]} positions and {count[1]} orders of options")
        for symbol, quantity in look.held.items():
            self._at_first.setdefault(symbol, quantity)
        self._trouble = ""
        for method in _LOOK:
            self._calls.allowed(method)
        self._looked(now_s)

    def _ask_for_stocks(self) -> None:
        try:
            stocks = tuple(self._broker.stocks_held())
        except Exception:  # noqa: BLE001 - they are only shown
            return
        self._calls.tell(lambda: setattr(self, "_stocks", stocks))

    def _look_failed(self, error: TigerError) -> None:
        now_s = time.monotonic()
        if isinstance(error, TigerDeniedError) and not self._has_looked:
            self._denied = str(error)
        self._trouble = str(error)
        self._failed("no answer", error)
        self._looked(now_s)

    def _looked(self, now_s: float) -> None:
        self._is_looking = False
        self._look_due_s = now_s + (_LOOK_S if now_s - self._began_s < _HURRY_S else _LATER_LOOK_S)

    # -- orders ----------------------------------------------------------------------------------

    def _act(self) -> None:
        now_s = time.monotonic()
        for cancel in self._book.cancels(now_s):
            if self._calls.may(("cancel_order",), now_s):
                if math.isnan(self._first_cancel_s):
                    self._first_cancel_s = now_s - self._began_s
                    self._progress("cancelling")
                self._calls.do(partial(self._cancel, cancel))
            else:
                self._book.forget_cancel(cancel.order_id)
        for action in self._book.closings(now_s):
            if self._calls.may((_METHODS[type(action)],), now_s):
                self._book.sent(action, now_s)
                if isinstance(action, Place):
                    self._progress(str(action))
                    self._calls.do(partial(self._place, action))
                else:
                    self._calls.do(partial(self._modify, action))

    def _cancel(self, action: Cancel) -> None:
        try:
            self._broker.cancel(action.order_id)
        except TigerUnknownOutcomeError:
            pass  # the next look tells
        except Exception as e:  # noqa: BLE001 - as in a look
            error = _told(e)
            self._calls.tell(lambda: self._cancel_failed(action.order_id, error))
        else:
            self._calls.tell(lambda: self._calls.allowed("cancel_order"))

    def _cancel_failed(self, order_id: int, error: TigerError) -> None:
        if isinstance(error, TigerDeniedError):
            self._book.cancel_denied(order_id, error.message)
        self._failed(f"cancel of {order_id}", error)

    def _place(self, action: Place) -> None:
        mark = action.request.user_mark
        try:
            order_id = self._broker.place(action.request)
        except TigerUnknownOutcomeError as e:
            text = str(e)
            self._calls.tell(lambda: self._book.unknown(mark, time.monotonic()))
            self._calls.tell(lambda: self._progress(f"{text}; asking for the order"))
        except TigerDeniedError as e:
            reason = e.message
            self._calls.tell(lambda: self._book.refused(mark, reason, time.monotonic()))
            self._calls.tell(lambda: self._progress(f"{action.request.symbol} refused: {reason}"))
        except TigerError as e:
            error = e
            self._calls.tell(lambda: self._book.unsent(mark))
            self._calls.tell(lambda: self._failed(f"{action.request.symbol} not sent", error))
        except Exception as e:  # noqa: BLE001 - it may have been sent
            text = str(_told(e))
            self._calls.tell(lambda: self._book.unknown(mark, time.monotonic()))
            self._calls.tell(lambda: self._progress(f"{text}; asking for the order"))
        else:
            self._calls.tell(lambda: self._book.placed(mark, order_id, time.monotonic()))
            self._calls.tell(lambda: self._calls.allowed("place_order"))

    def _modify(self, action: Modify) -> None:
        try:
            self._broker.modify(action.order_id, action.request)
        except Exception as e:  # noqa: BLE001 - as in a look
            error = _told(e)
            self._calls.tell(lambda: self._failed(f"{action.request.symbol} not changed", error))
        else:
            self._calls.tell(lambda: self._calls.allowed("modify_order"))

    def _failed(self, what: str, error: TigerError) -> None:
        if isinstance(error, TigerLimitError):
            self._calls.limited(error.method)
            self._progress(f"{what}: Tiger's limit of {error.method} is used up, waiting for it")
        else:
            self._progress(f"{what}: {error}")

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
        why = {
            Verdict.FLAT: "",
            Verdict.ACCOUNT: self._denied,
            Verdict.NOT_FLAT: left_words(book, self._trouble, is_known=self._has_looked),
        }[verdict]
        return Flattened(
            verdict=verdict,
            why=why,
            rows=closed_rows(book, self._at_first),
            orders_left=tuple(book.orders_left),
            others=tuple(book.others),
            stocks=self._stocks,
            first_cancel_s=self._first_cancel_s,
            seconds=time.monotonic() - self._began_s,
            calls=dict(self._calls.made),
        )

    def _progress(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._began_s:6.2f} s  {text}")


def _told(error: Exception) -> TigerError:
    if isinstance(error, TigerError):
        return error
    return TigerError(f"the answer could not be read ({error!r})")
