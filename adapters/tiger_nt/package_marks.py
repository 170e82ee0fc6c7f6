"""Our reference on a package: it names the engine's two orders and keeps what else they are.

A package is one order at Tiger and two of the engine's, so its mark is made of theirs, the
purchase's first, and of the limit of the sale, from which with the net limit the purchase's can be
read back: ``nt2-nt1-1s8yq0-001-S01-12+13@45`` for a sale at 0.45.
"""

import msgspec

from tiger_nt.marks import client_order_id

__all__ = ["PackageMark", "package_mark", "read_package_mark"]

_PREFIX = "nt2-"
_CENTS = 100


class PackageMark(msgspec.Struct, frozen=True):
    """What a mark says: the marks of the two orders, and the limit of the sale, dollars."""

    bought: str
    sold: str
    sold_limit: float


def package_mark(mark: PackageMark) -> str:
    """Return the mark of a package; raise ValueError for orders that none can be made of."""
    text = _text(mark)
    if read_package_mark(text) != mark:
        raise ValueError(f"Expected two order ids without + and @, and whole cents, was {mark}")
    return text


def read_package_mark(text: str) -> PackageMark | None:
    """Return what `package_mark` was made from; None if the mark is none of a package of ours."""
    marks, at, cents = text.removeprefix(_PREFIX).rpartition("@")
    bought, plus, rest = marks.partition("+")
    if not (text.startswith(_PREFIX) and at and plus and cents.isascii() and cents.isdigit()):
        return None
    sold = rest if client_order_id(rest) is not None else f"{_head(bought)}{rest}"
    if client_order_id(bought) is None or client_order_id(sold) is None or "+" in rest:
        return None
    return PackageMark(bought, sold, int(cents) / _CENTS)


def _text(mark: PackageMark) -> str:
    head = _head(mark.bought)
    # The two orders are made one after the other: what both ids begin with is written once.
    rest = mark.sold.removeprefix(head) if head else mark.sold
    return f"{_PREFIX}{mark.bought}+{rest}@{round(mark.sold_limit * _CENTS)}"


def _head(mark: str) -> str:
    head, dash, _ = mark.rpartition("-")
    return head + dash
