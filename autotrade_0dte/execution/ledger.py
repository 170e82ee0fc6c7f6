"""From fills to round trips: what each position made, whatever engine or broker filled it."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

__all__ = ["Fill", "FillKind", "RoundTrip", "round_trips"]


class FillKind(StrEnum):
    """How contracts changed hands: traded, or settled at expiry."""

    TRADE = "TRADE"
    EXPIRY_CASH = "EXPIRY_CASH"
    EXPIRY_PHYSICAL = "EXPIRY_PHYSICAL"
    EXPIRY_WORTHLESS = "EXPIRY_WORTHLESS"


class Fill(msgspec.Struct, frozen=True):
    """One execution; `quantity` is signed (buys above zero), `price` and `fee` are dollars."""

    ts_event: int
    strategy: str
    instrument_id: str
    quantity: int
    price: float
    fee: float
    multiplier: int
    plan_id: str | None
    reason: str
    kind: FillKind


class RoundTrip(msgspec.Struct):
    """One position from flat to flat; `ts_closed` is None while it is open.

    `quantity` is the peak, signed. Gross P&L of an open one is its cash flow so far.
    """

    strategy: str
    instrument_id: str
    plan_id: str | None
    multiplier: int
    ts_opened: int
    ts_closed: int | None = None
    quantity: int = 0
    held: int = 0
    bought: int = 0
    sold: int = 0
    bought_value: float = 0.0
    sold_value: float = 0.0
    fees: float = 0.0
    exit_reason: str = ""

    @property
    def gross_pnl(self) -> float:
        """Value sold less value bought, dollars."""
        return (self.sold_value - self.bought_value) * self.multiplier

    @property
    def average_open(self) -> float:
        """Average price of the opening side, dollars; NaN before it traded."""
        long = self.quantity >= 0
        return _average(*((self.bought_value, self.bought) if long else self._sales))

    @property
    def average_close(self) -> float:
        """Average price of the closing side, dollars; NaN before it traded."""
        long = self.quantity >= 0
        return _average(*(self._sales if long else (self.bought_value, self.bought)))

    @property
    def _sales(self) -> tuple[float, int]:
        return self.sold_value, self.sold

    def add(self, fill: Fill) -> None:
        """Take one fill in."""
        self.held += fill.quantity
        if abs(self.held) > abs(self.quantity):
            self.quantity = self.held
        if fill.quantity > 0:
            self.bought += fill.quantity
            self.bought_value += fill.quantity * fill.price
        else:
            self.sold -= fill.quantity
            self.sold_value -= fill.quantity * fill.price
        self.fees += fill.fee
        if self.held == 0:
            self.ts_closed = fill.ts_event
            self.exit_reason = fill.reason or fill.kind


def round_trips(fills: Iterable[Fill]) -> list[RoundTrip]:
    """Fold fills (in time order) into round trips, in the order of their opening.

    A fill that takes a position through zero ends one trip and begins another; its fee is shared
    out by contracts. The order desk never sends such an order, but a broker's books may hold one.
    """
    trips: list[RoundTrip] = []
    open_trips: dict[tuple[str, str], RoundTrip] = {}
    for fill in fills:
        key = fill.strategy, fill.instrument_id
        held = open_trips[key].held if key in open_trips else 0
        for part in _split(fill, held):
            trip = open_trips.get(key)
            if trip is None:
                trip = RoundTrip(*key, part.plan_id, part.multiplier, part.ts_event)
                open_trips[key] = trip
                trips.append(trip)
            trip.add(part)
            if trip.held == 0:
                del open_trips[key]
    return trips


def _split(fill: Fill, held: int) -> tuple[Fill, ...]:
    """Return the fill, in two where it goes beyond closing the `held` contracts."""
    if held * (held + fill.quantity) >= 0:
        return (fill,)
    replace = msgspec.structs.replace
    fee = fill.fee * abs(held / fill.quantity)
    closing = replace(fill, quantity=-held, fee=fee)
    return closing, replace(fill, quantity=held + fill.quantity, fee=fill.fee - fee)


def _average(value: float, quantity: int) -> float:
    return value / quantity if quantity else float("nan")
