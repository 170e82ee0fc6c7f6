"""Whether a session's result can be trusted: every reason why not, as a code with its figures."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from nautilus_trader.model import OrderSide, OrderUpdated

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.order_tables import is_expiry, limit_price
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.execution.fill_quote import FillQuote
from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip
from autotrade_0dte.instruments import Right, option_symbol
from autotrade_0dte.nodes.settlement import SettledAt
from autotrade_0dte.risk.expiry import ExpiryPolicy, settlement_value

__all__ = ["SessionEnd", "Unclean", "left_over", "past_desk", "stale_fills", "verdict"]

_NS = 1_000_000_000
_CENT = 0.01


class Unclean(StrEnum):
    """Why a session's result cannot be trusted; docs/backtest.md says what to do about each."""

    POSITION_OPEN = "POSITION_OPEN"
    ORDER_OPEN = "ORDER_OPEN"
    CASH_NEGATIVE = "CASH_NEGATIVE"
    EXERCISE_UNFUNDED = "EXERCISE_UNFUNDED"
    EXERCISE_LACKS_SHARES = "EXERCISE_LACKS_SHARES"
    FLATTEN_FAILED = "FLATTEN_FAILED"
    SETTLED_ELSEWHERE = "SETTLED_ELSEWHERE"
    STALE_FILL = "STALE_FILL"
    BYPASSED_DESK = "BYPASSED_DESK"
    MODIFIED_PAST_DESK = "MODIFIED_PAST_DESK"
    NO_UNDERLYING_PRICES = "NO_UNDERLYING_PRICES"
    DATA_ENDS_EARLY = "DATA_ENDS_EARLY"


class SessionEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it ended.

    Parameters
    ----------
    orders : sequence
        The engine's orders.
    fills, trips
        What the ledger made of them; shares that were delivered are still held.
    quotes : mapping
        Quotes that fills met, by order and trade.
    settled : SettledAt
        The settlement price.
    last_print_ns, last_quote_ns : int
        The underlying's last print, 0 without one, and the chain's last quote.
    """

    config: SystemConfig
    trading: TradingSession
    orders: Sequence[Any]
    fills: Sequence[Fill]
    trips: Sequence[RoundTrip]
    quotes: Mapping[tuple[str, str], FillQuote]
    settled: SettledAt
    last_print_ns: int
    last_quote_ns: int


def verdict(end: SessionEnd) -> list[str]:
    """Return every reason against the session, none for a clean one."""
    options = [trip for trip in end.trips if not _is_share(trip, end)]
    return [
        *left_over(options, end.orders),
        *_money(end),
        *_expiry(end),
        *stale_fills(end.quotes, end.config.simulation.max_fill_quote_age_s),
        *_market(end),
        *past_desk(end.orders),
    ]


def left_over(trips: Sequence[RoundTrip], orders: Sequence[Any]) -> Iterator[str]:
    """Yield positions and orders that are still open."""
    for trip in trips:
        if trip.held:
            yield f"{Unclean.POSITION_OPEN}: {trip.instrument_id} {trip.held:+d}"
    for order in orders:
        if order.is_open or order.is_inflight:
            yield f"{Unclean.ORDER_OPEN}: {order.client_order_id}"


def stale_fills(quotes: Mapping[tuple[str, str], FillQuote], max_age_s: float) -> Iterator[str]:
    """Yield that fills met quotes older than `max_age_s` seconds."""
    stale = [quote.age_s for quote in quotes.values() if quote.age_s > max_age_s]
    if stale:
        yield f"{Unclean.STALE_FILL}: fills={len(stale)}, oldest_s={max(stale):.0f}"


def _money(end: SessionEnd) -> Iterator[str]:
    cash = lowest = end.config.account.starting_cash
    for fill in end.fills:
        cash -= fill.quantity * fill.price * fill.multiplier + fill.fee
        if fill.kind is FillKind.TRADE:
            lowest = min(lowest, cash)
    if lowest < -_CENT:
        yield f"{Unclean.CASH_NEGATIVE}: lowest={lowest:.2f}"
    elif cash < -_CENT:
        yield f"{Unclean.EXERCISE_UNFUNDED}: cash={cash:.2f}"
    short = sum(min(trip.held, 0) for trip in end.trips if _is_share(trip, end))
    if short and not end.config.expiry.can_short_shares:
        yield f"{Unclean.EXERCISE_LACKS_SHARES}: shares={short}"


def _expiry(end: SessionEnd) -> Iterator[str]:
    expiries = [fill for fill in end.fills if fill.kind is not FillKind.TRADE]
    open_at_end = any(trip.held and not _is_share(trip, end) for trip in end.trips)
    if end.settled.fault is not None and (expiries or open_at_end):
        yield end.settled.fault
    in_the_money = [fill for fill in expiries if fill.kind is not FillKind.EXPIRY_WORTHLESS]
    if in_the_money and end.config.expiry.policy is ExpiryPolicy.FLATTEN:
        names = sorted({fill.instrument_id for fill in in_the_money})
        yield f"{Unclean.FLATTEN_FAILED}: {', '.join(names)}"
    for fill in expiries:
        if fill.kind is FillKind.EXPIRY_CASH:
            symbol = option_symbol(fill.instrument_id.rpartition(".")[0])
            due = settlement_value(symbol.right is Right.CALL, symbol.strike, end.settled.price)
            if not abs(fill.price - due) <= _CENT:
                yield f"{Unclean.SETTLED_ELSEWHERE}: price={fill.price}, due={due}"


def _market(end: SessionEnd) -> Iterator[str]:
    rule = end.config.simulation
    if end.last_print_ns == 0:
        yield f"{Unclean.NO_UNDERLYING_PRICES}: symbol={end.trading.underlying}"
    missing_s = (end.trading.close_ns - end.last_quote_ns) / _NS
    if missing_s > rule.data_end_before_close_s:
        yield f"{Unclean.DATA_ENDS_EARLY}: before_close_s={missing_s:.0f}"


def past_desk(orders: Sequence[Any]) -> Iterator[str]:
    """Yield orders that went to the venue, or grew, without the desk."""
    for order in orders:
        if is_expiry(order):
            continue
        if order.exec_algorithm_id != DESK_ID:
            yield f"{Unclean.BYPASSED_DESK}: {order.client_order_id}"
        elif _enlarged(order):
            yield f"{Unclean.MODIFIED_PAST_DESK}: {order.client_order_id}"


def _enlarged(order: Any) -> bool:
    """Tell whether an order came to ask for more than the desk had checked."""
    first = order.init_event
    for event in order.events():
        if not isinstance(event, OrderUpdated):
            continue
        if event.quantity > first.quantity:
            return True
        raised = event.price is not None and event.price.as_double() > limit_price(first)
        if order.side == OrderSide.BUY and raised:
            return True
    return False


def _is_share(trip: RoundTrip, end: SessionEnd) -> bool:
    return trip.instrument_id.rpartition(".")[0] == end.trading.underlying
