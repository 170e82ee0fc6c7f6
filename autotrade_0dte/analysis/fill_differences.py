"""Why the same order was filled differently in two runs, as far as their records tell."""

import datetime as dt
import math
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum

import msgspec

from autotrade_0dte.instruments import SymbolError, option_symbol
from autotrade_0dte.products import product, tick_cents

__all__ = ["Cause", "Explanation", "FillDifference", "OrderOutcome", "Piece", "QuoteHistory"]
__all__ += ["explain"]

_HALF_CENT = 0.005
_MIL = 0.0005

type QuoteHistory = Callable[[dt.date, str, int, int], Sequence[tuple[float, float]]]
"""Bids and asks in dollars of (session, instrument id, from ns, to ns), the one in force first."""


class Cause(StrEnum):
    """Why two runs' fills differ; docs/backtest.md says what stands behind each."""

    QUOTE = "quote"
    LATENCY = "latency"
    LIMIT = "limit"
    PARTIAL = "partial"
    UNFILLED = "unfilled"
    REFUSED = "refused"
    ORDERED = "ordered"
    FEE = "fee"
    UNEXPLAINED = "unexplained"


class Explanation(msgspec.Struct, frozen=True):
    """A cause and the figures it rests on (seconds, dollars, contracts), by name and run."""

    cause: Cause
    figures: dict[str, float | str]


class Piece(msgspec.Struct, frozen=True):
    """One execution; bid and ask (dollars) are NaN where the run did not record them."""

    ts_event: int
    quantity: int
    price: float
    fee: float
    bid: float
    ask: float


class OrderOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """An order and what became of it; `limit` is NaN at market."""

    ts_init: int
    order_id: str
    plan_id: str | None
    instrument_id: str
    side: str
    quantity: int
    limit: float
    status: str
    reason: str
    pieces: tuple[Piece, ...]

    @property
    def at_ns(self) -> int:
        """When it was made."""
        return self.ts_init

    @property
    def key(self) -> Hashable:
        """What it is of."""
        return self.instrument_id, self.side

    @property
    def filled(self) -> int:
        """Contracts filled."""
        return sum(piece.quantity for piece in self.pieces)

    @property
    def average(self) -> float:
        """Average price in dollars, NaN without a fill."""
        value = sum(piece.quantity * piece.price for piece in self.pieces)
        return value / self.filled if self.pieces else math.nan

    @property
    def fee(self) -> float:
        """Fees of all fills in dollars."""
        return sum(piece.fee for piece in self.pieces)

    @property
    def delay_s(self) -> float:
        """Seconds from the order to its first fill, NaN without a fill."""
        return (self.pieces[0].ts_event - self.ts_init) / 1e9 if self.pieces else math.nan


class FillDifference(msgspec.Struct, frozen=True):
    """An order of either run, None where there was no such order, and why they differ."""

    session: dt.date
    a: OrderOutcome | None
    b: OrderOutcome | None
    explanations: tuple[Explanation, ...]

    @property
    def explained(self) -> bool:
        """Whether every part of the difference has a cause."""
        return all(found.cause is not Cause.UNEXPLAINED for found in self.explanations)


def explain(
    session: dt.date,
    a: OrderOutcome,
    b: OrderOutcome,
    quotes: QuoteHistory | None = None,
    slack_ns: int = 0,
) -> FillDifference | None:
    """Return how the fills of one order differ between two runs and why, None when they do not.

    A price is accounted for when it lies within the quote that the fill met or one between the
    order and `slack_ns` after the fill, when it is the order's limit, or when a market order paid
    one tick more for what the quote did not hold. When a fill happened is no difference by itself.
    """
    if _equal(a, b):
        return None
    found = []
    if a.filled != b.filled:
        found.append(_quantity(a, b))
    elif abs(a.fee - b.fee) > _HALF_CENT:
        found.append(_fees(a, b))
    if abs(a.average - b.average) >= _MIL:
        found.append(_prices(session, a, b, quotes, slack_ns))
    elif a.filled == b.filled and not _same_pieces(a, b):
        found.append(Explanation(Cause.PARTIAL, _pieces(a, b)))
    return FillDifference(session, a, b, tuple(found))


def _equal(a: OrderOutcome, b: OrderOutcome) -> bool:
    return _same_pieces(a, b) and abs(a.fee - b.fee) <= _HALF_CENT


def _same_pieces(a: OrderOutcome, b: OrderOutcome) -> bool:
    return len(a.pieces) == len(b.pieces) and all(
        one.quantity == other.quantity and abs(one.price - other.price) < _MIL
        for one, other in zip(a.pieces, b.pieces, strict=True)
    )


def _quantity(a: OrderOutcome, b: OrderOutcome) -> Explanation:
    less = a if a.filled < b.filled else b
    figures: dict[str, float | str] = {
        "filled_a": a.filled,
        "filled_b": b.filled,
        "ordered_a": a.quantity,
        "ordered_b": b.quantity,
        "status_a": a.status,
        "status_b": b.status,
    }
    if less.status in {"REJECTED", "DENIED"}:
        return Explanation(Cause.REFUSED, figures | {"reason": less.reason})
    if less.filled < less.quantity:
        return Explanation(Cause.UNFILLED, figures)
    return Explanation(Cause.ORDERED, figures)


def _fees(a: OrderOutcome, b: OrderOutcome) -> Explanation:
    # Each fill's fee is rounded to the cent, and some components are a share of the price.
    rounding = 0.01 * max(len(a.pieces), len(b.pieces)) + _HALF_CENT
    cause = Cause.FEE if abs(a.fee - b.fee) <= rounding else Cause.UNEXPLAINED
    return Explanation(cause, {"fee_a": round(a.fee, 4), "fee_b": round(b.fee, 4)})


class _Basis(StrEnum):
    QUOTE = "quote"
    LIMIT = "limit"
    DEPTH = "depth"
    UNKNOWN = "unknown"


def _prices(
    session: dt.date,
    a: OrderOutcome,
    b: OrderOutcome,
    quotes: QuoteHistory | None,
    slack_ns: int,
) -> Explanation:
    figures: dict[str, float | str] = {
        "price_a": round(a.average, 4),
        "price_b": round(b.average, 4),
        "delay_s_a": round(a.delay_s, 6),
        "delay_s_b": round(b.delay_s, 6),
        "ordered_apart_s": round(abs(a.ts_init - b.ts_init) / 1e9, 6),
    }
    bases = [
        [_basis(session, order, row, quotes, slack_ns) for row in range(len(order.pieces))]
        for order in (a, b)
    ]
    if any(_Basis.UNKNOWN in own for own in bases):
        return Explanation(Cause.UNEXPLAINED, figures)
    if len(a.pieces) != len(b.pieces) or any(_Basis.DEPTH in own for own in bases):
        return Explanation(Cause.PARTIAL, figures | _pieces(a, b))
    if any(_Basis.LIMIT in own for own in bases):
        return Explanation(Cause.LIMIT, figures | {"limit_a": a.limit, "limit_b": b.limit})
    waited = abs(a.delay_s - b.delay_s) * 1e9
    cause = Cause.LATENCY if waited >= abs(a.ts_init - b.ts_init) else Cause.QUOTE
    return Explanation(cause, figures)


def _basis(
    session: dt.date,
    order: OrderOutcome,
    row: int,
    quotes: QuoteHistory | None,
    slack_ns: int,
) -> _Basis:
    """Tell what the price of a piece rests on."""
    piece = order.pieces[row]
    if abs(piece.price - (piece.ask if order.side == "BUY" else piece.bid)) < _MIL:
        return _Basis.QUOTE
    if abs(piece.price - order.limit) < _MIL:
        return _Basis.LIMIT
    met = [(piece.bid, piece.ask)]
    if quotes is not None:
        until = piece.ts_event + slack_ns
        met += quotes(session, order.instrument_id, order.ts_init, until)
    if any(bid - _MIL < piece.price < ask + _MIL for bid, ask in met):
        return _Basis.QUOTE
    before = order.pieces[row - 1].price if row else math.nan
    worse = piece.price - before if order.side == "BUY" else before - piece.price
    if math.isnan(order.limit) and 0 < worse < _tick(order.instrument_id, before) + _MIL:
        return _Basis.DEPTH
    return _Basis.UNKNOWN


def _pieces(a: OrderOutcome, b: OrderOutcome) -> dict[str, float | str]:
    return {"fills_a": len(a.pieces), "fills_b": len(b.pieces)}


def _tick(instrument_id: str, price: float) -> float:
    """Return the least step of a price in dollars."""
    try:
        root = option_symbol(instrument_id.rpartition(".")[0]).root
    except SymbolError:
        return 0.01
    return tick_cents(product(root), round(100 * price)) / 100
