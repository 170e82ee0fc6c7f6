"""Single fields of REST answers: numbers, strikes, sides; what is absent stays unknown."""

import math
from decimal import Decimal, InvalidOperation
from typing import Any

from tiger_nt.errors import AnswerError

__all__ = ["FractionError", "is_call", "mills", "number", "price", "whole"]

_MAX_DECIMALS = 12


class FractionError(AnswerError):
    """A part of a share; neither options nor this package know such."""


def mills(strike: object) -> int:
    """Return a strike in dollars, text or number, as mills."""
    exact = _decimal(strike) * 1_000
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise AnswerError(f"strike: Expected whole mills, was {strike!r}")
    return int(exact)


def is_call(right: object) -> bool:
    """Return whether an option's right is the call."""
    if right not in {"CALL", "PUT", "C", "P"}:
        raise AnswerError(f"right: Expected CALL or PUT, was {right!r}")
    return right in {"CALL", "C"}


def whole(name: str, value: object, scale: int | None) -> int:
    """Return a quantity that Tiger writes as `value` by ten to the minus `scale`."""
    if value is None or not 0 <= (scale or 0) <= _MAX_DECIMALS:
        raise FractionError(f"{name}: Expected a whole number, was {value} by 10^-{scale}")
    exact = _decimal(value).scaleb(-(scale or 0))
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise FractionError(f"{name}: Expected a whole number, was {exact}")
    return int(exact)


def number(value: Any) -> float:
    """Return the number, NaN where there is none (absent, or the SDK's stand-in: infinity)."""
    found = math.nan if value is None else float(value)
    return found if math.isfinite(found) else math.nan


def price(name: str, value: Any) -> float:
    """Return a price that must be there and cannot be below zero, dollars."""
    dollars = number(value)
    if not dollars >= 0.0:
        raise AnswerError(f"{name}: Expected a price of zero or more, was {value!r}")
    return dollars


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")
