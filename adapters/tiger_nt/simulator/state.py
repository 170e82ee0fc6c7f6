"""Everything the simulator knows, as plain JSON values: what tests compare an engine with."""

import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from tiger_nt.simulator.accounts import Account, asset_figures
from tiger_nt.simulator.board import Quote
from tiger_nt.simulator.exchange import Exchange
from tiger_nt.simulator.faults import Faults
from tiger_nt.simulator.feed import Feed
from tiger_nt.simulator.market import Market
from tiger_nt.simulator.orders import Order, Transaction
from tiger_nt.simulator.push_server import PushServer
from tiger_nt.simulator.push_session import PushSession

__all__ = ["Controlled", "account_state", "order_state", "quote_state", "session_state", "state"]


class Controlled(Protocol):
    """A running simulator, as far as the control port sees it."""

    @property
    def market(self) -> Market:
        """What is played."""
        ...

    @property
    def exchange(self) -> Exchange:
        """Accounts, orders and quotes."""
        ...

    @property
    def push(self) -> PushServer:
        """The push connections."""
        ...

    @property
    def feed(self) -> Feed:
        """What plays the market."""
        ...

    @property
    def faults(self) -> Faults:
        """Faults on demand."""
        ...

    @property
    def hits(self) -> Mapping[str, int]:
        """Calls by REST method, refused ones included."""
        ...

    def reset(self) -> None:
        """Bring all accounts back to their start, without orders, and forget all faults."""
        ...

    def clear_faults(self) -> None:
        """Forget all faults; what a stall has held back goes out."""
        ...


def state(simulator: Controlled) -> dict[str, Any]:
    """Return the whole state; times in nanoseconds or (``_ms``) milliseconds UTC, dollars."""
    exchange, push, faults = simulator.exchange, simulator.push, simulator.faults
    return {
        "now_ns": time.time_ns(),
        "session": session_state(simulator.market),
        "accounts": {
            number: account_state(account, exchange)
            for number, account in exchange.accounts.items()
        },
        "connections": [_connection(session) for session in push.sessions],
        "logins_refused": push.logins_refused,
        "kicked": push.kicked,
        "hits": dict(simulator.hits),
        "feed": msgspec.to_builtins(simulator.feed.counters),
        "faults": {
            "pending": msgspec.to_builtins(faults.pending()),
            "hits": {kind.value: count for kind, count in faults.hits.items()},
        },
    }


def session_state(market: Market) -> dict[str, Any]:
    """Return what is played and when."""
    return {
        "date": market.hours.date.isoformat(),
        "open_ns": market.hours.open_ns,
        "close_ns": market.hours.close_ns,
        "underlying": market.underlying,
        "indices": list(market.indices),
        "contracts": list(market.contracts),
        "synthetic": market.synthetic,
        "description": market.description,
    }


def account_state(account: Account, exchange: Exchange) -> dict[str, Any]:
    """Return an account's money, and its orders, executions and positions, oldest first."""
    figures = asset_figures(account, exchange.board, exchange.fees)
    return {
        "is_paper": account.user.is_paper,
        "cash": account.cash,
        "free_cash": figures.free_cash,
        "net_liquidation": figures.net_liquidation,
        "realized": account.realized,
        "fees": round(sum((order.commission for order in account.orders.values()), 0.0), 2),
        "orders": [order_state(order) for order in account.orders.values()],
        "transactions": [_transaction(transaction) for transaction in account.transactions],
        "positions": {
            symbol: {"quantity": position.quantity, "average_cost": position.average_cost}
            for symbol, position in account.positions.items()
            if position.quantity
        },
    }


def order_state(order: Order) -> dict[str, Any]:
    """Return an order; its status is the true one, whatever was written on the wire."""
    return {
        "id": order.id,
        "user_mark": order.user_mark,
        "source": order.source,
        "symbol": order.terms.root if order.legs else order.symbol,
        "legs": [
            {
                "symbol": leg.symbol,
                "side": leg.action,
                "average_price": leg.average_price if leg.fills else None,
            }
            for leg in order.legs
        ],
        "side": order.action,
        "order_type": order.order_type,
        "time_in_force": order.time_in_force,
        "quantity": order.quantity,
        "filled": order.filled,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "average_price": order.average_price if order.filled else None,
        "commission": order.commission,
        "status": order.status.value,
        "remark": order.remark,
        "opened_ms": order.opened_ms,
        "updated_ms": order.updated_ms,
    }


def quote_state(quote: Quote) -> dict[str, Any]:
    """Return a quote; None is a price that was never seen."""
    return {
        "symbol": quote.symbol,
        "bid": _known(quote.bid),
        "ask": _known(quote.ask),
        "bid_size": quote.bid_size,
        "ask_size": quote.ask_size,
        "last": _known(quote.last),
        "quoted_ms": quote.quoted_ms,
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": transaction.id,
        "order_id": transaction.order_id,
        "symbol": transaction.terms.compact,
        "side": "BUY" if transaction.is_buy else "SELL",
        "quantity": transaction.quantity,
        "price": transaction.price,
        "time_ms": transaction.time_ms,
    }


def _connection(session: PushSession) -> dict[str, Any]:
    return {
        "account": None if session.user is None else session.user.account,
        "quotes": sorted(session.quotes),
        "ticks": sorted(session.ticks),
        "topics": sorted(session.topics),
        "frames_sent": session.frames_sent,
        "quotes_dropped": session.quotes_dropped,
    }


def _known(price: float) -> float | None:
    return None if math.isnan(price) else price
