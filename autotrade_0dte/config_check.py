"""Plain values checked against a type, with errors that name the key and what it accepts."""

import re
from typing import Any

import msgspec

__all__ = ["ConfigError", "checked"]


class ConfigError(ValueError):
    """A configuration cannot be used; the text names the file, the key and what is accepted."""


def checked(raw: Any, kind: type[Any], where: str, prefix: str = "") -> Any:
    """Convert plain values to `kind`; raise ConfigError with the key and what it accepts."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as e:
        text, _, location = str(e).partition(" - at `$")
        keys = [key for key in re.split(r"[.\[\]`]+", location) if key]
        name = ".".join([prefix, *keys] if prefix else keys) or "top level"
        accepted = _accepted(kind, keys)
        if text.startswith("Invalid enum value"):  # which the end of the line tells
            text = "Expected a known name"
        raise ConfigError(f"{name}: {text}{accepted}, was {_at(raw, keys)!r} ({where})") from None


def _accepted(kind: type[Any], keys: list[str]) -> str:
    """Describe the range that the key at `keys` accepts, or the keys that a table has."""
    info = _not_null(msgspec.inspect.type_info(kind))
    for key in keys:
        fields = {f.encode_name: f.type for f in getattr(info, "fields", ())}
        if key not in fields:
            return ""
        info = _not_null(fields[key])
    bounds = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    limits = [
        f"{sign} {getattr(info, name)}"
        for name, sign in bounds.items()
        if getattr(info, name, None) is not None
    ]
    if limits:
        return f" (accepted: {' and '.join(limits)})"
    if isinstance(info, msgspec.inspect.EnumType):
        return f" (accepted: {', '.join(info.cls)})"
    if isinstance(info, msgspec.inspect.StructType):
        return f" (known: {', '.join(f.encode_name for f in info.fields)})"
    return ""


def _not_null(info: Any) -> Any:
    if not isinstance(info, msgspec.inspect.UnionType):
        return info
    return next(t for t in info.types if not isinstance(t, msgspec.inspect.NoneType))


def _at(raw: Any, keys: list[str]) -> Any:
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return sorted(raw) if isinstance(raw, dict) else raw
