"""The strategy of the acceptance nodes: does what the script says and keeps what it hears."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from nautilus_trader.model import Price, StrategyId
from nautilus_trader.trading import Controller, Strategy, StrategyConfig

__all__ = ["Tester", "Warden", "price"]


def price(value: float) -> Price:
    return Price(value, 2)


class Tester(Strategy):
    """Keeps orders under names of the script, their events, and every piece of data."""

    def __new__(cls, strategy_id: str) -> "Tester":
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId(strategy_id)))

    def __init__(self, strategy_id: str) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId(strategy_id)))
        self.names: dict[str, str] = {}
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.data: list[dict[str, Any]] = []
        self.begin: Callable[[], None] = lambda: None
        self.leave: Callable[[], None] = lambda: None
        self.quoted: Callable[[], None] = lambda: None

    # -- Orders --------------------------------------------------------------------------------

    def send(self, name: str, order: Any) -> None:
        """Submit an order under a name of the script."""
        self.names[name] = order.client_order_id.value
        self.submit_order(order)

    def send_list(self, orders: Mapping[str, Any]) -> None:
        """Submit orders together, under names of the script."""
        self.names |= {name: order.client_order_id.value for name, order in orders.items()}
        self.submit_order_list(list(orders.values()))

    def kinds(self, name: str) -> list[str]:
        """Return the types of the events an order has had, oldest first."""
        return [event["type"] for event in self.events[self.names[name]]]

    def order(self, name: str) -> Any:
        """Return an order as the cache has it now."""
        return next(o for o in self.cache.orders() if o.client_order_id.value == self.names[name])

    # -- What it hears -------------------------------------------------------------------------

    def on_start(self) -> None:
        self.begin()

    def on_stop(self) -> None:
        self.leave()

    def on_order_event(self, event: Any) -> None:
        seen = {"type": type(event).__name__.removeprefix("Order")}
        for field in _FIELDS:
            value = getattr(event, field, None)
            if value is not None:
                seen[field] = _plain(value)
        self.events[event.client_order_id.value].append(seen)

    def on_instrument(self, instrument: Any) -> None:
        self._keep(
            instrument,
            of=instrument.id,
            price_precision=instrument.price_precision,
            size_increment=_plain(instrument.size_increment),
        )

    def on_quote(self, quote: Any) -> None:
        self._keep(
            quote,
            of=quote.instrument_id,
            bid=_plain(quote.bid_price),
            ask=_plain(quote.ask_price),
            bid_size=_plain(quote.bid_size),
            ask_size=_plain(quote.ask_size),
        )
        self.quoted()

    def on_trade(self, trade: Any) -> None:
        self._keep(
            trade,
            of=trade.instrument_id,
            price=_plain(trade.price),
            size=_plain(trade.size),
            aggressor=trade.aggressor_side.name,
        )

    def on_index_price(self, update: Any) -> None:
        self._keep(update, of=update.instrument_id, value=_plain(update.value))

    def on_instrument_status(self, status: Any) -> None:
        self._keep(status, of=status.instrument_id, action=status.action.name)

    def on_option_greeks(self, greeks: Any) -> None:
        self._keep(greeks, of=greeks.instrument_id, **_greeks(greeks))

    def on_option_chain(self, chain: Any) -> None:
        strikes = {
            str(strike): [
                _greeks(side) if side is not None else None
                for side in (chain.get_call_greeks(strike), chain.get_put_greeks(strike))
            ]
            for strike in chain.strikes()
        }
        self._keep(chain, of=chain.series_id, atm=str(chain.atm_strike), strikes=strikes)

    def on_bar(self, bar: Any) -> None:
        self._keep(bar, of=bar.bar_type, **_ohlc(bar))

    def on_historical_bars(self, bars: Any) -> None:
        for bar in bars:
            self._keep(bar, kind="HistoricalBar", of=bar.bar_type, **_ohlc(bar))

    def on_data(self, data: Any) -> None:
        link = data.data
        self._keep(
            link,
            of="",
            state=link.state,
            reason=link.reason,
            gap_from_ns=link.gap_from_ns,
            gap_to_ns=link.gap_to_ns,
        )

    def heard(self, kind: str, symbol: str = "", after_ns: int = -1) -> list[dict[str, Any]]:
        """Return the data of a kind, of an instrument, that came after some time."""
        return [
            each
            for each in self.data
            if each["kind"] == kind
            and (not symbol or each["id"].partition(".")[0] == symbol)
            and each["ts_init"] > after_ns
        ]

    def _keep(self, value: Any, /, *, of: Any, kind: str = "", **fields: Any) -> None:
        self.data.append(
            {
                "kind": kind or type(value).__name__,
                "id": str(of),
                "ts_event": getattr(value, "ts_event", 0),
                "ts_init": getattr(value, "ts_init", 0),
                "heard_ns": self.clock.timestamp_ns(),
                **fields,
            }
        )

    def record(self) -> dict[str, Any]:
        """Return all of it, fit for JSON."""
        return {"names": self.names, "events": self.events, "data": self.data}


class Warden(Controller):
    """Stops and removes strategies; the engine makes it, so it leaves itself in `made`."""

    made: ClassVar[list["Warden"]] = []

    def on_start(self) -> None:
        self.made.append(self)


_FIELDS = (
    "venue_order_id",
    "reason",
    "quantity",
    "price",
    "trigger_price",
    "last_qty",
    "last_px",
    "trade_id",
    "commission",
    "reconciliation",
    "ts_event",
    "ts_init",
)


def _plain(value: Any) -> Any:
    if hasattr(value, "as_double"):
        return value.as_double()
    if isinstance(value, (int, float, str, bool)):
        return value
    return float(value) if isinstance(value, Decimal) else str(value)


def _greeks(greeks: Any) -> dict[str, Any]:
    names = ("delta", "gamma", "vega", "theta", "mark_iv", "underlying_price", "open_interest")
    return {name: getattr(greeks, name) for name in names}


def _ohlc(bar: Any) -> dict[str, float]:
    return {name: getattr(bar, name).as_double() for name in ("open", "high", "low", "close")}
