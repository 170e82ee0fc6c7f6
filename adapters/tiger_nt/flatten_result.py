"""How a flattening ended, in figures and in words."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from tiger_nt.flatten_answers import OrderSeen
from tiger_nt.flatten_record import FlattenRecord
from tiger_nt.symbols import option_terms

__all__ = ["Flattened", "Row", "Verdict", "closed_rows", "left_words"]


class Verdict(StrEnum):
    """FLAT: verified. NOT_FLAT: something is left. ACCOUNT: Tiger does not let us in."""

    FLAT = "FLAT"
    NOT_FLAT = "NOT_FLAT"
    ACCOUNT = "ACCOUNT"


class Row(NamedTuple):
    """One contract: signed contracts held at first and at last, and those that were closed."""

    symbol: str
    at_first: int
    closed: int
    left: int
    remark: str


class Flattened(NamedTuple):
    """How it ended.

    Parameters
    ----------
    verdict : Verdict
        How.
    why : str
        What stood in the way; empty when flat.
    rows : tuple of Row
        The contracts that were held.
    orders_left : tuple of OrderSeen
        Option orders still at work.
    others : tuple of OrderSeen
        Orders of stocks, left alone.
    stocks : tuple of str
        Stocks held, left alone.
    first_cancel_s, seconds : float
        From the call to the first cancel's departure (NaN without one), and to the end.
    calls : dict of str to int
        Calls made, by method.
    """

    verdict: Verdict
    why: str
    rows: tuple[Row, ...]
    orders_left: tuple[OrderSeen, ...]
    others: tuple[OrderSeen, ...]
    stocks: tuple[str, ...]
    first_cancel_s: float
    seconds: float
    calls: dict[str, int]


def closed_rows(record: FlattenRecord, at_first: Mapping[str, int]) -> tuple[Row, ...]:
    """Return what became of each contract that was held at first."""
    return tuple(
        Row(
            symbol, quantity, record.closed[symbol], record.held.get(symbol, 0),
            record.remark(symbol) or _held_up(record, symbol),
        )
        for symbol, quantity in sorted(at_first.items())
    )  # fmt: skip


def _held_up(record: FlattenRecord, symbol: str) -> str:
    """Say which orders that are still at work may change a position, empty without any."""
    root = option_terms(symbol).root
    names = [
        str(order.id)
        for order in record.orders_left
        if record.stuck(order) is not None
        and (symbol in dict(order.open_legs) if order.open_legs else order.symbol == root)
    ]
    return f"order {' and '.join(names)} is still at work" if names else ""


def left_words(record: FlattenRecord, trouble: str, *, is_known: bool) -> str:
    """Return what is left, as far as that is known, and what stood in the way."""
    said = {record.remark(symbol) for symbol in record.held} - {""}
    left = f"{len(record.held)} positions and {len(record.orders_left)} orders are left"
    parts = [
        left if is_known else "what is held is not known",
        *(f"Tiger says: {text}" for text in sorted(said)),
        *_stuck_words(record),
        *(f"cannot be read: {text}" for text in record.unreadable),
        *([f"the last answer was: {trouble}"] if trouble else []),
    ]
    return "; ".join(parts)


def _stuck_words(record: FlattenRecord) -> Iterator[str]:
    """Yield what each order does that its cancel has not ended, and what waits for it."""
    for order in record.orders_left:
        denial = record.stuck(order)
        if denial is None:
            continue
        waits = "what it would close was not closed beside it"
        if not order.open_legs:
            waits = f"its legs are not known, so that nothing of {order.symbol} was closed"
        said = f" (Tiger says: {denial})" if denial else ""
        yield f"{order} was asked to be canceled and is still at work{said}: {waits}"
        yield "cancel it in Tiger's app and kill again"
