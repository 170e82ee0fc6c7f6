"""What Tiger tells us, as plain immutable values that may cross threads.

Frames of the push and objects of the REST client are both turned into these (see parsing.py), so
that everything behind them works on one form.
"""

import datetime as dt
from enum import StrEnum

import msgspec

__all__ = ["AssetsView", "BarView", "CommandStatus", "ContractView", "LegView", "LinkEvent"]
__all__ += ["LinkState", "PackageRequest"]
__all__ += ["OrderRequest", "OrderState", "OrderView", "PositionView", "QuotaView", "QuoteView"]
__all__ += ["StockView", "TickView", "TradingDayView", "TransactionView"]


class OrderState(StrEnum):
    """State of an order in the SDK's words; UNKNOWN is its PENDING_NEW, for words it cannot read.

    NEW -> HELD -> PARTIALLY_FILLED -> FILLED, or from any but FILLED to CANCELLED (by way of
    PENDING_CANCEL), REJECTED (Tiger's Inactive, also after HELD) or EXPIRED (Tiger's Invalid).
    """

    NEW = "NEW"
    HELD = "HELD"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_final(self) -> bool:
        """Whether no further fill is to be expected."""
        return self in _FINAL


_FINAL = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}


class CommandStatus(StrEnum):
    """What became of a modify or cancel; only the push tells, REST views have NONE."""

    NONE = "NONE"
    RECEIVED = "RECEIVED"
    REPLACED = "REPLACED"
    FAILED = "FAILED"


class LegView(msgspec.Struct, frozen=True):
    """One leg of a package; `average_price` is dollars, NaN without a fill."""

    symbol: str
    is_buy: bool
    average_price: float


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One order as Tiger saw it at `updated_ms`.

    Parameters
    ----------
    id : int
        Tiger's global order id (above 2**53: never through a float).
    user_mark : str
        Our own reference, empty for an order made elsewhere.
    symbol : str
        Compact OSI of an option (``SPY261123C00600000``), else the stock's symbol.
    sec_type : str
        ``OPT``, ``STK`` or another of Tiger's.
    is_buy : bool
        Side.
    order_type : str
        ``LMT``, ``MKT``, ``STP``, ``STP_LMT`` or another of Tiger's.
    quantity, filled : int
        Contracts (or shares) ordered and filled so far.
    limit_price, stop_price : float or None
        Dollars.
    average_price, commission : float
        Dollars; average of the fills (NaN without one) and total of all fees so far.
    state : OrderState
        Its state.
    reason : str
        Tiger's remark, empty without one.
    replace_status, cancel_status : CommandStatus
        What became of the last modify and cancel.
    updated_ms : int
        When Tiger changed it, milliseconds UTC.
    legs : tuple of LegView
        Of a package (``MLEG``, whose prices are net); only REST tells them.
    """

    id: int
    user_mark: str
    symbol: str
    sec_type: str
    is_buy: bool
    order_type: str
    quantity: int
    filled: int
    limit_price: float | None
    stop_price: float | None
    average_price: float
    commission: float
    state: OrderState
    reason: str
    replace_status: CommandStatus = CommandStatus.NONE
    cancel_status: CommandStatus = CommandStatus.NONE
    time_in_force: str = "DAY"
    updated_ms: int
    legs: tuple[LegView, ...] = ()


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be placed; fields as in `OrderView`."""

    user_mark: str
    symbol: str
    is_buy: bool
    order_type: str
    quantity: int
    limit_price: float | None = None
    stop_price: float | None = None
    time_in_force: str = "DAY"


class PackageRequest(OrderRequest, frozen=True, kw_only=True):
    """Two orders to be placed as one, purchase first; the limit is net, below zero for money in.

    `symbol` is the root, `is_buy` is true, and the legs have limits of their own, of which the net
    one is the difference.
    """

    legs: tuple[OrderRequest, ...]


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; `quantity` contracts at `price` dollars, time in milliseconds UTC."""

    id: int
    order_id: int
    symbol: str
    sec_type: str
    is_buy: bool
    quantity: int
    price: float
    time_ms: int


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A position: signed `quantity` contracts or shares at `average_cost` dollars a unit."""

    symbol: str
    sec_type: str
    quantity: int
    average_cost: float


class AssetsView(msgspec.Struct, frozen=True, kw_only=True):
    """The securities segment of an account, dollars; NaN where Tiger did not say."""

    net_liquidation: float
    cash: float
    cash_available: float
    buying_power: float
    init_margin: float
    maintenance_margin: float
    currency: str = "USD"


class QuoteView(msgspec.Struct, frozen=True):
    """Best bid and ask of a stock or option.

    `symbol` is the engine's (see symbols.py); dollars, contracts; 0 with size 0 is a side without a
    quote. `time_ms` is Tiger's time, `received_ns` ours at the socket's thread.
    """

    symbol: str
    bid: float
    ask: float
    bid_size: int
    ask_size: int
    time_ms: int
    received_ns: int


class StockView(msgspec.Struct, frozen=True):
    """A stock's or index's brief: its quote, last price in dollars (NaN if absent) and its time.

    An index has no quote of its own: both sides 0 with size 0.
    """

    symbol: str
    quote: QuoteView
    last: float
    last_ms: int


class TickView(msgspec.Struct, frozen=True):
    """One trade print; times as in `QuoteView`, `sn` is Tiger's running number."""

    symbol: str
    price: float
    size: int
    sn: int
    time_ms: int
    received_ns: int


class ContractView(msgspec.Struct, frozen=True):
    """One row of an option chain: the contract and what the chain call said of it.

    Open interest is -1 where unknown. Tiger's Greeks are of the last close and left out.
    """

    symbol: str
    quote: QuoteView
    volume: int
    open_interest: int


class BarView(msgspec.Struct, frozen=True):
    """One bar; `time_ms` is its start, prices dollars."""

    symbol: str
    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: int


class TradingDayView(msgspec.Struct, frozen=True):
    """A date of the US trading calendar: TRADING, NON_TRADING or EARLY_CLOSE."""

    date: dt.date
    kind: str


class QuotaView(msgspec.Struct, frozen=True):
    """Subscription quota of the account and how much of it is in use, symbols."""

    limit: int
    used: int
    tick_limit: int = 0
    tick_used: int = 0


class LinkState(StrEnum):
    """State of the push connection.

    DOWN -> UP after a login the server has confirmed -> DOWN when it is lost, and again UP by the
    supervisor; KICKED (another login took the place) and REFUSED (login denied) are final.
    """

    UP = "UP"
    DOWN = "DOWN"
    KICKED = "KICKED"
    REFUSED = "REFUSED"


class LinkEvent(msgspec.Struct, frozen=True):
    """A change of the push connection; UP after DOWN carries the gap's first instant, else 0."""

    state: LinkState
    at_ns: int
    reason: str = ""
    gap_from_ns: int = 0
