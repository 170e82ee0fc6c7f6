"""The rules of a fill scenario as the engine's fill model in a backtest.

The engine asks at every quote and command for a book to match an order with, once the order is at
or inside the spread. It gets one with what the rules grant, or an empty one: then nothing is
filled. The engine's own count of taken sizes does not see such books, so the rules keep one.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.execution import FillModel
from nautilus_trader.model import (
    BookOrder,
    BookType,
    ClientOrderId,
    InstrumentId,
    LimitOrder,
    LiquiditySide,
    OptionContract,
    OrderBook,
    OrderSide,
    Price,
    Quantity,
)

from autotrade_0dte.execution.fill_rules import FillLook, Grant, ShownSize, WorkingOrder
from autotrade_0dte.execution.fills import FillParams
from autotrade_0dte.execution.parent import Side
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents

__all__ = ["QuoteSource", "ScenarioFillModel", "ShownQuote"]

type ShownQuote = tuple[float, float, float, float]
"""Bid and ask in dollars, and their sizes."""

type QuoteSource = Callable[[InstrumentId, int], ShownQuote | None]
"""Returns the newest quote of a contract at an instant, UTC ns."""

_DECIDED = "decided="


class ScenarioFillModel(FillModel):
    """Fills limit orders for options by the rules; every other order is the engine's business.

    Parameters
    ----------
    params : FillParams
        What is believed.
    clock : callable
        Returns the engine's time, UTC ns.
    quotes : callable
        Returns the newest quote; the engine tells the model prices only.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class has none."""
        return super().__new__(cls)

    def __init__(self, params: FillParams, clock: Callable[[], int], quotes: QuoteSource) -> None:
        self._params = params
        self._clock = clock
        self._quotes = quotes
        self._orders: dict[ClientOrderId, WorkingOrder] = {}
        self._shown: defaultdict[tuple[InstrumentId, Side], ShownSize] = defaultdict(ShownSize)

    def is_limit_filled(self) -> bool:
        """Never keep an order from the rules."""
        return True

    def is_slipped(self) -> bool:
        """Never: the engine would fill a limit beyond its price."""
        return False

    def fill_limit_inside_spread(self) -> bool:
        """Ask for a book also while the quotes do not reach an order."""
        return True

    def get_orderbook_for_fill_simulation(
        self,
        instrument: Any,
        order: Any,
        best_bid: Price | None = None,
        best_ask: Price | None = None,
    ) -> OrderBook | None:
        """Return a book with what the order gets, an empty one where that is nothing."""
        if not isinstance(instrument, OptionContract) or not isinstance(order, LimitOrder):
            return None
        book = OrderBook(instrument.id, BookType.L2_MBP)
        now_ns = self._clock()
        quote = self._quotes(instrument.id, now_ns)
        if quote is None or (best_bid, best_ask) != _prices(quote):
            return book
        look = _look(instrument, order, quote)
        shown = self._shown[instrument.id, look.side]
        grant = self._working(order).look(now_ns, look, shown)
        if grant is not None:
            book.add(_opposite(look.side, grant), 0, 0, now_ns)
        return book

    def _working(self, order: Any) -> WorkingOrder:
        working = self._orders.get(order.client_order_id)
        if working is None:
            working = WorkingOrder(_name(order), self._params)
            self._orders[order.client_order_id] = working
        return working


def _look(instrument: OptionContract, order: Any, quote: ShownQuote) -> FillLook:
    bid, ask, bid_size, ask_size = quote
    buys = order.side == OrderSide.BUY
    near, far = (bid, ask) if buys else (ask, bid)
    near_size, far_size = (bid_size, ask_size) if buys else (ask_size, bid_size)
    limit = _cents(order.price.as_double())
    return FillLook(
        side=Side.BUY if buys else Side.SELL,
        limit=limit,
        leaves=int(order.leaves_qty.as_double()),
        at_rest=order.liquidity_side == LiquiditySide.MAKER,
        near=_cents(near) if near_size > 0 else 0,
        far=_cents(far) if far_size > 0 else 0,
        near_size=near_size,
        far_size=far_size,
        tick=tick_cents(product(option_symbol(str(instrument.id.symbol)).root), limit),
    )


def _opposite(side: Side, grant: Grant) -> BookOrder:
    other = OrderSide.SELL if side is Side.BUY else OrderSide.BUY
    return BookOrder(other, Price(grant.price / 100, 2), Quantity.from_int(grant.quantity), 1)


def _prices(quote: ShownQuote) -> tuple[Price | None, Price | None]:
    """Return bid and ask as the engine tells them: a side without size has none."""
    bid, ask, bid_size, ask_size = quote
    return Price(bid, 2) if bid_size > 0 else None, Price(ask, 2) if ask_size > 0 else None


def _name(order: Any) -> str:
    """Name an order by what it is, not by how many came before: the same in every scenario."""
    decided = next((tag for tag in order.tags or () if tag.startswith(_DECIDED)), order.ts_init)
    return f"{order.instrument_id} {order.side.name} {decided}"


def _cents(price: float) -> int:
    return round(price * 100)
