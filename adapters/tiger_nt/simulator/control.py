"""The control port: what a test does to the simulator behind the client's back.

========  ===========  ===========================================================================
method    path         body and answer
========  ===========  ===========================================================================
GET       /state       everything: accounts with orders, executions, positions; connections, calls
GET       /session     what is played: date, hours, symbols
GET       /quote/X     the quote of symbol X
POST      /quote       a quote or print set by hand; see `HandQuote`
POST      /faults      a `Fault`, or a list of them; answers those that are pending
DELETE    /faults      forget all faults
POST      /order       an order made in Tiger's app, without a user mark; see `HandOrder`
POST      /package     so a package of two legs; see `HandPackage`
POST      /cancel      ``{"id": ...}``: a cancel made in Tiger's app
POST      /reset       accounts as at the start, no orders, no faults
========  ===========  ===========================================================================

What cannot be done is answered with 400 (404 for what does not exist) and the reason as text.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from tiger_nt.simulator.accounts import Account
from tiger_nt.simulator.admission import LegTicket, Ticket
from tiger_nt.simulator.errors import Refusal
from tiger_nt.simulator.exchange import Exchange
from tiger_nt.simulator.faults import Fault
from tiger_nt.simulator.market import MarketRow
from tiger_nt.simulator.state import Controlled, order_state, quote_state, session_state, state
from tiger_nt.symbols import SymbolError, option_terms

__all__ = ["HandOrder", "HandPackage", "HandQuote", "control_app"]

_APP = "android"
"""Source of the orders that are not the API's."""

type Price = Annotated[float, msgspec.Meta(ge=0)]
type Age = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
type Size = Annotated[int, msgspec.Meta(ge=0)]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HandQuote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quote (both sides) or a print (`last`) of `symbol`; the market's next row replaces it.

    Freeze the quotes before, for it to stay. It is stamped `age_s` seconds ago.
    """

    symbol: str
    bid: Price | None = None
    ask: Price | None = None
    bid_size: Size = 100
    ask_size: Size = 100
    last: Price | None = None
    last_size: Size = 0
    age_s: Age = 0.0


class HandOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order as a person makes it in the app.

    `account` is an account's number, or ``live`` or ``paper`` for the first of that kind; `symbol`
    an option in any form.
    """

    account: str
    symbol: str
    side: Literal["BUY", "SELL"]
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    order_type: str = "LMT"
    limit_price: float | None = None
    stop_price: float | None = None


class HandPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vertical as a person makes it in the app: one option bought and one sold at a net limit."""

    account: str
    buy: str
    sell: str
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    limit_price: float


class _Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int


def control_app(simulator: Controlled) -> web.Application:
    """Return the control port's application; bind it to the loopback interface only."""
    port = _Port(simulator)
    app = web.Application(middlewares=[_answer_errors])
    app.add_routes(
        [
            web.get("/state", port.state),
            web.get("/session", port.session),
            web.get("/quote/{symbol}", port.quote),
            web.post("/quote", port.set_quote),
            web.post("/faults", port.add_faults),
            web.delete("/faults", port.clear_faults),
            web.post("/order", port.place),
            web.post("/package", port.place_package),
            web.post("/cancel", port.cancel),
            web.post("/reset", port.reset),
        ]
    )
    return app


class _Port:
    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator

    async def state(self, _: web.Request) -> web.Response:
        return web.json_response(state(self._simulator))

    async def session(self, _: web.Request) -> web.Response:
        return web.json_response(session_state(self._simulator.market))

    async def quote(self, request: web.Request) -> web.Response:
        return self._quoted(request.match_info["symbol"])

    async def set_quote(self, request: web.Request) -> web.Response:
        wanted = await _body(request, HandQuote)
        if wanted.symbol not in self._simulator.exchange.board:
            raise _unlisted(wanted.symbol)
        has_quote = wanted.bid is not None and wanted.ask is not None
        if (wanted.bid is None) != (wanted.ask is None) or not (has_quote or wanted.last):
            raise ValueError("Expected bid and ask together, or a last above 0")
        row = MarketRow(
            ts_ns=time.time_ns() - round(wanted.age_s * 1e9),
            symbol=wanted.symbol,
            bid=_or_nan(wanted.bid),
            ask=_or_nan(wanted.ask),
            bid_size=wanted.bid_size if wanted.bid else 0,
            ask_size=wanted.ask_size if wanted.ask else 0,
            last=_or_nan(wanted.last),
            last_size=wanted.last_size,
        )
        self._simulator.exchange.on_quote(row)
        return self._quoted(wanted.symbol)

    async def add_faults(self, request: web.Request) -> web.Response:
        wanted = await _body(request, list[Fault] | Fault)
        for fault in wanted if isinstance(wanted, list) else [wanted]:
            self._simulator.faults.add(fault)
        return self._pending()

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._simulator.clear_faults()
        return self._pending()

    async def place(self, request: web.Request) -> web.Response:
        wanted = await _body(request, HandOrder)
        exchange = self._simulator.exchange
        ticket = Ticket(
            terms=option_terms(wanted.symbol),
            is_buy=wanted.side == "BUY",
            order_type=wanted.order_type,
            quantity=wanted.quantity,
            limit_price=wanted.limit_price,
            stop_price=wanted.stop_price,
            source=_APP,
        )
        order = exchange.place(_account(exchange, wanted.account), ticket)
        return web.json_response(order_state(order))

    async def place_package(self, request: web.Request) -> web.Response:
        wanted = await _body(request, HandPackage)
        bought, sold = option_terms(wanted.buy), option_terms(wanted.sell)
        ticket = Ticket(
            terms=bought,
            is_buy=True,
            order_type="LMT",
            quantity=wanted.quantity,
            limit_price=wanted.limit_price,
            source=_APP,
            legs=(LegTicket(terms=bought, is_buy=True), LegTicket(terms=sold, is_buy=False)),
        )
        exchange = self._simulator.exchange
        order = exchange.place(_account(exchange, wanted.account), ticket)
        return web.json_response(order_state(order))

    async def cancel(self, request: web.Request) -> web.Response:
        wanted = await _body(request, _Cancel)
        for account in self._simulator.exchange.accounts.values():
            if wanted.id in account.orders:
                order = account.orders[wanted.id]
                self._simulator.exchange.cancel(account, order)
                return web.json_response(order_state(order))
        raise web.HTTPNotFound(text=f"Expected the id of an order, was {wanted.id}")

    async def reset(self, _: web.Request) -> web.Response:
        self._simulator.reset()
        return web.json_response(state(self._simulator))

    def _quoted(self, symbol: str) -> web.Response:
        quote = self._simulator.exchange.board.get(symbol)
        if quote is None:
            raise _unlisted(symbol)
        return web.json_response(quote_state(quote))

    def _pending(self) -> web.Response:
        return web.json_response(msgspec.to_builtins(self._simulator.faults.pending()))


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as e:
        raise web.HTTPBadRequest(text=f"Refused as Tiger would: {e}") from None
    except (msgspec.DecodeError, SymbolError, ValueError) as e:
        raise web.HTTPBadRequest(text=f"{request.path}: {e}") from None


async def _body(request: web.Request, kind: Any) -> Any:
    return msgspec.json.decode(await request.read(), type=kind)


def _account(exchange: Exchange, name: str) -> Account:
    for number, account in exchange.accounts.items():
        kind = "paper" if account.user.is_paper else "live"
        if name in (number, kind):
            return account
    raise web.HTTPNotFound(text=f"Expected paper, live or an account's number, was {name!r}")


def _unlisted(symbol: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=f"Expected a listed symbol (GET /session), was {symbol!r}")


def _or_nan(price: float | None) -> float:
    return float("nan") if price is None else price
