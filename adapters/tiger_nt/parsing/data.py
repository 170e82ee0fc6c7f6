"""Views of market data into the engine's data types; times and odd values decided in one place."""

import math

from nautilus_trader.model import (
    AggressorSide,
    Bar,
    BarType,
    IndexPriceUpdate,
    InstrumentId,
    InstrumentStatus,
    MarketStatusAction,
    Price,
    Quantity,
    QuoteTick,
    TradeId,
    TradeTick,
)

from tiger_nt.views import BarView, QuoteView, TickView

__all__ = ["PriceCache", "QuoteMaker", "SizeCache", "Stamps", "bar", "index_price"]
__all__ += ["instrument_status", "trade_tick"]

NS_PER_MS = 1_000_000
_CACHED = 20_000
_PRECISION = 2


class PriceCache(dict[float, Price]):
    """Prices on cents by their value: a look-up takes a fifth of making one."""

    def __missing__(self, value: float) -> Price:
        """Make the price; start afresh when too many are kept."""
        if len(self) >= _CACHED:
            self.clear()
        price = self[value] = Price(value, _PRECISION)
        return price


class SizeCache(dict[int, Quantity]):
    """Whole quantities by their value."""

    def __missing__(self, value: int) -> Quantity:
        """Make the quantity; start afresh when too many are kept."""
        if len(self) >= _CACHED:
            self.clear()
        size = self[value] = Quantity.from_int(value)
        return size


class Stamps:
    """Decides the engine's event time of what Tiger stamped, and counts what was odd.

    A stamp ahead of our clock is set back to it: an event must not lie in the future, where it
    would pass for fresh until then. A missing stamp becomes the time of receipt. A stamp behind is
    left alone: network and Tiger's conflation look the same as a slow clock.

    Attributes
    ----------
    ahead : int
        Stamps that were set back.
    ahead_max_ns : int
        The furthest of them.
    unstamped : int
        Values without Tiger's time.
    """

    def __init__(self) -> None:
        self.ahead = 0
        self.ahead_max_ns = 0
        self.unstamped = 0

    def event_ns(self, time_ms: int, received_ns: int, now_ns: int) -> int:
        """Return the event time, ns UTC, at most `now_ns`."""
        if time_ms <= 0:
            self.unstamped += 1
            return min(received_ns, now_ns)
        event_ns = time_ms * NS_PER_MS
        if event_ns > now_ns:
            self.ahead += 1
            self.ahead_max_ns = max(self.ahead_max_ns, event_ns - now_ns)
            return now_ns
        return event_ns


class QuoteMaker:
    """Makes quotes in the fewest steps: it runs for every frame of the push."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self._prices = PriceCache()
        self._sizes = SizeCache()
        self._no_price = Price(0.0, _PRECISION)
        self._no_size = Quantity.from_int(0)

    def __call__(self, view: QuoteView, instrument_id: InstrumentId, now_ns: int) -> QuoteTick:
        """Return the quote as it was said, crossed ones too; no size without a price."""
        prices, sizes = self._prices, self._sizes
        has_bid, has_ask = view.bid > 0, view.ask > 0
        event_ns = view.time_ms * NS_PER_MS
        if not 0 < event_ns <= now_ns:
            event_ns = self._stamps.event_ns(view.time_ms, view.received_ns, now_ns)
        return QuoteTick(
            instrument_id,
            prices[view.bid] if has_bid else self._no_price,
            prices[view.ask] if has_ask else self._no_price,
            sizes[view.bid_size] if has_bid else self._no_size,
            sizes[view.ask_size] if has_ask else self._no_size,
            event_ns,
            now_ns,
        )


def trade_tick(
    view: TickView, instrument_id: InstrumentId, now_ns: int, stamps: Stamps
) -> TradeTick | None:
    """Return the print, or None when it has no price or no size; Tiger tells no aggressor."""
    if not (view.price > 0 and view.size > 0):
        return None
    return TradeTick(
        instrument_id,
        Price(view.price, _PRECISION),
        Quantity.from_int(view.size),
        AggressorSide.NO_AGGRESSOR,
        TradeId(str(view.sn)),
        stamps.event_ns(view.time_ms, view.received_ns, now_ns),
        now_ns,
    )


def index_price(
    level: float, time_ms: int, instrument_id: InstrumentId, now_ns: int, stamps: Stamps
) -> IndexPriceUpdate | None:
    """Return the level of an index, or None where there is none."""
    if not level > 0:
        return None
    event_ns = stamps.event_ns(time_ms, now_ns, now_ns)
    return IndexPriceUpdate(instrument_id, Price(level, _PRECISION), event_ns, now_ns)


def bar(view: BarView, bar_type: BarType, now_ns: int) -> Bar | None:
    """Return the bar, stamped at its end as the engine does.

    None for one without a price, and for one whose time is not over: taken as final, it would count
    again when it is.
    """
    prices = (view.open, view.high, view.low, view.close)
    end_ns = view.time_ms * NS_PER_MS + bar_type.spec.get_interval_ns()
    if end_ns > now_ns or not all(math.isfinite(price) for price in prices):
        return None
    opened, high, low, close = (Price(price, _PRECISION) for price in prices)
    return Bar(
        bar_type,
        opened,
        high,
        low,
        close,
        Quantity.from_int(view.volume),
        end_ns,
        now_ns,
    )


_ACTIONS = {
    "TRADING": MarketStatusAction.TRADING,
    "PRE_HOUR_TRADING": MarketStatusAction.PRE_OPEN,
    "NOT_YET_OPEN": MarketStatusAction.PRE_OPEN,
    "MIDDLE_CLOSE": MarketStatusAction.PAUSE,
    "POST_HOUR_TRADING": MarketStatusAction.POST_CLOSE,
    "CLOSING": MarketStatusAction.CLOSE,
    "EARLY_CLOSED": MarketStatusAction.CLOSE,
    "MARKET_CLOSED": MarketStatusAction.CLOSE,
}


def instrument_status(status: str, instrument_id: InstrumentId, now_ns: int) -> InstrumentStatus:
    """Return Tiger's market status for an instrument; NONE with the word for one not known."""
    action = _ACTIONS.get(status, MarketStatusAction.NONE)
    return InstrumentStatus(
        instrument_id,
        action,
        now_ns,
        now_ns,
        reason=status,
        is_trading=None if action == MarketStatusAction.NONE else status == "TRADING",
        is_quoting=None,
    )
