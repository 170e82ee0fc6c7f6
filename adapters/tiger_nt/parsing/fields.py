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
    try:
        mills = Decimal(str(strike)) * 1_000
        is_whole = mills == mills.to_integral_value()
    except InvalidOperation:
        is_whole = False
    if not is_whole:
        raise AnswerError(f"strike: Expected whole mills, was {strike!r}")
    return int(mills)


def is_call(right: object) -> bool:
    if right not in {"CALL", "PUT", "C", "P"}:
        raise AnswerError(f"right: Expected CALL or PUT, was {right!r}")
    return right in {"CALL", "C"}


def whole(name: str, value: Any, scale: int | None) -> int:
    if value is None or not 0 <= (scale or 0) <= _MAX_DECIMALS:
        raise FractionError(f"{name}: Expected a whole number, was {value} by 10^-{scale}")
    exact = Decimal(str(value)).scaleb(-(scale or 0))
    if exact != exact.to_integral_value():
        raise FractionError(f"{name}: Expected a whole number, was {exact}")
    return int(exact)


def number(value: Any) -> float:
    """Return the number, NaN where there is none (absent, or the SDK's stand-in: infinity)."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def price(name: str, value: Any) -> float:
    dollars = number(value)
    if not dollars >= 0.0:
        raise AnswerError(f"{name}: Expected a price of zero or more, was {value!r}")
    return dollars
