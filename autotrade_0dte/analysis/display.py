"""Figures as people read them; what is unknown shows as a dash and never as zero."""

import datetime as dt
import math

from autotrade_0dte.calendar import NEW_YORK

__all__ = ["UNKNOWN", "clock", "count", "fraction", "money", "number", "signed", "strategy_names"]

UNKNOWN = "\N{EN DASH}"

_MINUS = "\N{MINUS SIGN}"


def money(dollars: float | None, *, signed: bool = False) -> str:
    """Write dollars and cents (``$1,234.50``); `signed` puts a plus before gains."""
    if dollars is None or math.isnan(dollars):
        return UNKNOWN
    cents = round(dollars, 2)
    sign = _MINUS if cents < 0 else "+" if signed and cents > 0 else ""
    return f"{sign}${abs(cents):,.2f}"


def number(value: float | None, digits: int) -> str:
    """Write a plain number with `digits` decimals."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", _MINUS)


def signed(value: float, digits: int) -> str:
    """Write a plain number with a plus before what is above zero."""
    text = number(value, digits)
    return f"+{text}" if value > 0 else text


def clock(ns: int | None) -> str:
    """Write an instant (UTC ns) as New York wall clock, ``10:31:05``."""
    if ns is None:
        return UNKNOWN
    return f"{dt.datetime.fromtimestamp(ns // 1_000_000_000, NEW_YORK):%H:%M:%S}"


def fraction(value: float | None, digits: int) -> str:
    """Write a fraction as percent: 0.125 as ``12.5 %``."""
    return UNKNOWN if value is None or math.isnan(value) else f"{number(100 * value, digits)} %"


def count(value: float | None) -> str:
    """Write a whole number with thousands separators."""
    return number(value, 0)


def strategy_names(paths: str) -> str:
    """Return the class names of the import paths of a run's strategies."""
    return ", ".join(path.rpartition(":")[2] for path in paths.split(", "))
