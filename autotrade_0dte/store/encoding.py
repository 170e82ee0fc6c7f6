"""What a row holds as text, and the error that names what no text can hold."""

import json
from collections.abc import Iterable, Mapping
from operator import index
from typing import Any, SupportsIndex

import msgspec
import numpy as np

__all__ = ["RowError", "column", "decode", "encode"]

_MOST = 2**63
"""Whole numbers of a column are below, and at least its negative."""


class RowError(ValueError):
    """A row that no disk takes: a fault of what made it, which names table and field."""


def encode(value: Any, place: str) -> str:
    """Return a struct as JSON; what is unknown or without bound stays so (NaN, Infinity).

    Parameters
    ----------
    value : Struct or mapping
        What `decode` is to give back.
    place : str
        Table and column, for the error.

    Raises
    ------
    RowError
        It holds what JSON has not, or what its type does not say.
    """
    try:
        plain = msgspec.to_builtins(value, enc_hook=_plain)
    except TypeError as e:
        raise RowError(_unwritable(value, place) or f"{e} ({place})") from e
    try:
        # What cannot be read back would keep the next node from starting.
        msgspec.convert(plain, type(value))
    except msgspec.ValidationError as e:
        raise RowError(f"{e} ({place})") from e
    return json.dumps(plain, separators=(",", ":"))


def decode[T](text: str, kind: type[T]) -> T:
    """Return what `encode` was given."""
    return msgspec.convert(json.loads(text), kind)


def column(value: object, place: str) -> str | int:
    """Return a text or a whole number as SQLite has it, also one that came out of an array.

    Raises
    ------
    RowError
        It is neither, or beyond what a column holds.
    """
    if isinstance(value, str):
        if value == value.encode(errors="replace").decode():
            return value
    elif isinstance(value, SupportsIndex) and -_MOST <= (number := index(value)) < _MOST:
        return number
    raise RowError(
        f"Expected a text of characters or a whole number of 64 bits, was {value!r} of type "
        f"{type(value).__name__} ({place})"
    )


def _plain(value: object) -> Any:
    """Return a figure of a strategy's that came out of an array as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"Expected a value that JSON has, was {type(value).__name__}")


def _unwritable(value: Any, place: str) -> str:
    """Return what is wrong with the innermost part that JSON has not, with its place."""
    for name, part in _parts(value):
        if told := _unwritable(part, f"{place}.{name}"):
            return told
    try:
        msgspec.to_builtins(value, enc_hook=_plain)
    except TypeError as e:
        return f"{e} ({place})"
    return ""


def _parts(value: Any) -> Iterable[tuple[object, Any]]:
    if isinstance(value, msgspec.Struct):
        return ((name, getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()
