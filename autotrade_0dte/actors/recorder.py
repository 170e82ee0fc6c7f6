"""Records a session: decisions, chain states, account value, orders and fills, as table columns."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec
from nautilus_trader.common import DataActor
from nautilus_trader.model import OptionContract, OrderFilled, OrderSide

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.chain import chain_topic
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip
from autotrade_0dte.instruments import VENUE

__all__ = ["Columns", "RunRecorder", "fill_columns", "fills", "limit_price"]
__all__ += ["order_columns", "position_columns"]

type Columns = dict[str, list[Any]]
"""A table by columns, without the run id and the session, which the node adds."""

_EQUITY_EVERY_NS = 60_000_000_000
_NAN = float("nan")
_UNKNOWN_QUOTE = FillQuote("", "", _NAN, _NAN, _NAN)

# After the first three, the names of the first fields of ChainAnalytics, in their order.
_STATES = (
    "ts_event", "spot", "forward", "atm_iv", "atm_iv_change", "skew", "gex", "gex_flip",
    "liquidity", "spread_fraction", "implied_move", "variance_gauge", "usable",
)  # fmt: skip
_EQUITY = ("ts_event", "cash", "position_value", "equity")
_DECISIONS = Decision.__struct_fields__
_ORDERS = (
    "ts_init", "ts_last", "client_order_id", "strategy", "plan_id", "instrument_id", "side", "type",
    "time_in_force", "quantity", "price", "status", "filled_quantity", "average_price", "reason",
)  # fmt: skip
_FILLS = (
    "ts_event", "client_order_id", "trade_id", "strategy", "plan_id", "instrument_id", "side",
    "quantity", "price", "fee", "liquidity", "kind", "bid", "ask", "quote_age_s",
)  # fmt: skip
_POSITIONS = (
    "position_id", "plan_id", "strategy", "instrument_id", "side", "quantity", "ts_opened",
    "ts_closed", "average_open", "average_close", "gross_pnl", "fees", "net_pnl", "exit_reason",
)  # fmt: skip
_EXPIRY_KINDS = {
    "CASH": FillKind.EXPIRY_CASH,
    "OTM": FillKind.EXPIRY_WORTHLESS,
    "PHYSICAL_CLOSE": FillKind.EXPIRY_PHYSICAL,
    "PHYSICAL_OPEN": FillKind.EXPIRY_PHYSICAL,
}


class RunRecorder(DataActor):
    """Listens to decisions and chain snapshots and keeps what a run folder needs of them."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, underlying: str, contracts: Sequence[OptionContract]) -> None:
        super().__init__()
        self._underlying = underlying
        self._row = {c.id: row for row, c in enumerate(contracts)}
        self._multiplier = {c.id: int(c.multiplier.as_double()) for c in contracts}
        self._next_equity_ns = 0
        self._decisions: list[tuple[Any, ...]] = []
        self._states: list[tuple[Any, ...]] = []
        self._equity: list[tuple[Any, ...]] = []
        self.fill_quotes: dict[tuple[str, str], FillQuote] = {}

    def on_start(self) -> None:
        self.subscribe_topic(DECISION_TOPIC, self._on_decision)
        self.subscribe_topic(FILL_QUOTE_TOPIC, self._on_fill_quote)
        self.subscribe_topic(chain_topic(self._underlying), self._on_chain)

    def decisions(self) -> Columns:
        """Return the table of decisions."""
        return _columns(_DECISIONS, self._decisions)

    def states(self) -> Columns:
        """Return the table of chain states."""
        return _columns(_STATES, self._states)

    def equity(self) -> Columns:
        """Return the table of account values."""
        return _columns(_EQUITY, self._equity)

    def mark(self, ts_event: int, position_value: float) -> None:
        """Add a row of account value."""
        cash = total_cash(self.cache)
        self._equity.append((ts_event, cash, position_value, cash + position_value))

    def _on_decision(self, decision: Any) -> None:
        *head, figures = msgspec.structs.astuple(decision)
        self._decisions.append((*head, msgspec.json.encode(figures).decode()))

    def _on_fill_quote(self, quote: Any) -> None:
        self.fill_quotes[quote.client_order_id, quote.trade_id] = quote

    def _on_chain(self, message: Any) -> None:
        chain: ChainSnapshot = message
        analytics = msgspec.structs.astuple(chain.analytics)[: len(_STATES) - 3]
        self._states.append((chain.ts_event, chain.spot, chain.forward, *analytics))
        if chain.ts_event >= self._next_equity_ns:
            self._next_equity_ns = chain.ts_event + _EQUITY_EVERY_NS
            self.mark(chain.ts_event, self._position_value(chain))

    def _position_value(self, chain: ChainSnapshot) -> float:
        """Mark open positions at mid; one without a mid makes the whole value unknown."""
        value = 0.0
        for position in self.cache.positions_open():
            row = self._row.get(position.instrument_id)
            if row is None:
                value += position.signed_qty * chain.spot
            else:
                multiplier = self._multiplier[position.instrument_id]
                value += position.signed_qty * multiplier * float(chain.mid[row])
        return value


def order_columns(orders: Sequence[Any]) -> Columns:
    """Return the table of orders in their last state, in the order they were made."""
    names = _stable_names(orders)
    rows = []
    for order in _in_time_order(orders):
        tags = _tags(order)
        rows.append((
            order.ts_init, order.ts_last, names[order.client_order_id], str(order.strategy_id),
            tags.get("plan"), str(order.instrument_id), order.side.name, order.order_type.name,
            order.time_in_force.name, int(order.quantity.as_double()), limit_price(order),
            order.status.name, int(order.filled_qty.as_double()),
            _NAN if order.avg_px is None else float(order.avg_px),
            str(getattr(order.last_event, "reason", None) or ""),
        ))  # fmt: skip
    return _columns(_ORDERS, rows)


def fills(orders: Sequence[Any], cache: Any) -> list[Fill]:
    """Return every fill of the orders as the ledger takes them, in time order."""
    return [fill for _, _, fill in _fills(orders, cache)]


def fill_columns(
    orders: Sequence[Any], cache: Any, quotes: Mapping[tuple[str, str], FillQuote]
) -> Columns:
    """Return the table of fills, in time order, with the `quotes` (by order and trade) they met."""
    names = _stable_names(orders)
    rows = []
    for order, event, fill in _fills(orders, cache):
        name = names[order.client_order_id]
        trade = str(event.trade_id) if fill.kind is FillKind.TRADE else name
        met = quotes.get((str(order.client_order_id), trade), _UNKNOWN_QUOTE)
        rows.append((
            fill.ts_event, name, trade, fill.strategy, fill.plan_id, fill.instrument_id,
            event.order_side.name, abs(fill.quantity), fill.price, fill.fee,
            event.liquidity_side.name, fill.kind, met.bid, met.ask, met.age_s,
        ))  # fmt: skip
    return _columns(_FILLS, rows)


def position_columns(trips: Sequence[RoundTrip]) -> Columns:
    """Return the table of positions; those still open keep an empty `ts_closed`."""
    rows = [
        (
            f"{trip.instrument_id}-{number:03d}", trip.plan_id, trip.strategy, trip.instrument_id,
            "LONG" if trip.quantity > 0 else "SHORT", abs(trip.quantity), trip.ts_opened,
            trip.ts_closed, trip.average_open, trip.average_close, trip.gross_pnl, trip.fees,
            trip.gross_pnl - trip.fees, trip.exit_reason,
        )
        for number, trip in enumerate(trips, start=1)
    ]  # fmt: skip
    return _columns(_POSITIONS, rows)


def limit_price(order: Any) -> float:
    """Return the limit of an order in dollars, NaN for one without."""
    price = getattr(order, "price", None)
    return _NAN if price is None else float(price.as_double())


def _fills(orders: Sequence[Any], cache: Any) -> list[tuple[Any, OrderFilled, Fill]]:
    rows = []
    for order in _in_time_order(orders):
        tags = _tags(order)
        kind = tags.get("expiry", FillKind.TRADE)
        for event in order.events():
            if not isinstance(event, OrderFilled):
                continue
            sign = 1 if event.order_side == OrderSide.BUY else -1
            instrument = cache.instrument(event.instrument_id)
            fill = Fill(
                ts_event=event.ts_event,
                strategy=str(event.strategy_id),
                instrument_id=str(event.instrument_id),
                quantity=sign * int(event.last_qty.as_double()),
                price=event.last_px.as_double(),
                fee=0.0 if event.commission is None else event.commission.as_double(),
                multiplier=int(instrument.multiplier.as_double()),
                plan_id=tags.get("plan"),
                reason=tags.get("reason", ""),
                kind=FillKind(kind),
            )
            rows.append((order, event, fill))
    return sorted(rows, key=lambda row: row[2].ts_event)


def _in_time_order(orders: Sequence[Any]) -> list[Any]:
    """Sort orders by time; the engine's expiry orders have random ids and go by their content."""
    return sorted(
        orders,
        key=lambda o: (
            (o.ts_init, str(o.instrument_id), o.side.name, float(o.avg_px or 0))
            if _is_expiry(o)
            else (o.ts_init, str(o.client_order_id))
        ),
    )


def _stable_names(orders: Sequence[Any]) -> dict[Any, str]:
    """Name orders so that the same run gives the same names: expiry orders are numbered."""
    ordered = _in_time_order(orders)
    expiries = [o.client_order_id for o in ordered if _is_expiry(o)]
    names = {o.client_order_id: str(o.client_order_id) for o in ordered}
    return names | {order_id: f"EXPIRY-{n:03d}" for n, order_id in enumerate(expiries, start=1)}


def _is_expiry(order: Any) -> bool:
    return "expiry" in _tags(order)


def _tags(order: Any) -> dict[str, str]:
    """Read tags written as ``name=text``, and the engine's own mark of an expiry order."""
    tags = {}
    for tag in order.tags or ():
        name, found, text = tag.partition("=")
        if found:
            tags[name] = text
        elif tag.startswith("EXPIRATION_"):
            tags["expiry"] = _EXPIRY_KINDS[tag.removeprefix(f"EXPIRATION_{VENUE}_")]
    return tags


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Columns:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
