"""Write docs/configuration.md from the frozen Structs that hold every parameter.

    python scripts/configuration_reference.py [--check]

Types, defaults and ranges come from the fields, meanings from the docstrings. With --check nothing
is written, and a difference from the file ends with exit code 1.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.synthetic.generate import SyntheticParams
from autotrade_strategies.regular import RegularParams

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"

HEAD = """\
# Configuration

*Made by `python scripts/configuration_reference.py`; do not edit.*

A configuration is one TOML file; [`configs/`](../configs) has five to start from. A key that is
left out has its default; an unknown key or a value out of range ends the command with exit code 2
and a line that names the key. The resolved configuration, every default written out, is
`config.toml` in the [run folder](backtest.md#the-run-folder). Names end in their unit: `_s`
seconds, `_ms` milliseconds, `_usd` dollars, `_bps` hundredths of a percent, `_fraction` a share
(0.10 is 10 %).

## The file
"""

STRATEGY = """\
## The regular strategy

`[regular.params]` when `regular.path` is `autotrade_strategies.regular:RegularStrategy`; how it
trades is in [strategies.md](strategies.md#the-regular-strategy).
"""

SYNTHETIC = """\
## Synthetic sessions

Not part of a configuration file: the fields of `SyntheticParams`, which `generate` takes in Python
(see [synthetic.md](synthetic.md)). On the command line only `strikes` and `interval_s` can be set.
"""

_COLUMNS = "| key | type | default | accepted | meaning |\n|---|---|---|---|---|\n"
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_TYPES: dict[Any, str] = {
    msgspec.inspect.EnumType: "text",
    msgspec.inspect.StrType: "text",
    msgspec.inspect.IntType: "integer",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.DateType: "date",
    msgspec.inspect.VarTupleType: "list of tables",
    msgspec.inspect.StructType: "table",
    msgspec.inspect.DictType: "table",
}


def document() -> str:
    """Return the whole text of docs/configuration.md."""
    parts = [HEAD, *_sections(SystemConfig, "")]
    parts += [STRATEGY, *_sections(RegularParams, "[regular.params]")]
    parts += [SYNTHETIC, *_sections(SyntheticParams, "")]
    return "\n".join(parts)


def _sections(kind: type[Any], table: str) -> Iterator[str]:
    """Yield the section of a Struct, then those of the Structs inside it."""
    fields = msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]
    text = inspect.getdoc(kind) or ""
    intro = _markdown(text.partition("Parameters\n-------")[0].strip())
    inside: list[tuple[type[Any], str]] = []
    rows = ""
    meanings = _meanings(text)
    for field in fields:
        path = f"{table.strip('[]')}.{field.name}".removeprefix(".")
        inner = _not_null(field.type)
        meaning = meanings.get(field.name, "see above")
        if isinstance(inner, msgspec.inspect.StructType):
            inside.append((inner.cls, f"[{path}]"))
            meaning = f"see `{inside[-1][1]}`"
        elif isinstance(inner, msgspec.inspect.VarTupleType):
            inside.append((inner.item_type.cls, f"[[{path}]]"))  # type: ignore[attr-defined]
            meaning = f"see `{inside[-1][1]}`"
        elif isinstance(inner, msgspec.inspect.EnumType):
            meaning += f" {_enum_meaning(inner.cls)}"
        cells = (f"`{field.name}`", _TYPES[type(inner)], _default(field), _accepted(inner))
        rows += f"| {' | '.join(cells)} | {_markdown(meaning)} |\n"
    heading = f"### `{table}`\n\n" if table else "### Top level\n\n"
    yield f"{heading}{intro}\n\n{_COLUMNS}{rows}"
    for inner_kind, inner_table in inside:
        yield from _sections(inner_kind, inner_table)


def _meanings(text: str) -> dict[str, str]:
    """Return the text of each name in a numpy Parameters block, on one line."""
    block = re.split(r"\n\w+\n-{3,}\n", text.partition("Parameters\n----------\n")[2])[0]
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", block):
        head, _, body = entry.partition("\n")
        for name in head.partition(" : ")[0].split(", "):
            found[name] = " ".join(body.split())
    return found


def _enum_meaning(kind: type[Enum]) -> str:
    """Return what an enumeration says of its members, by the values that a file holds."""
    text = " ".join((inspect.getdoc(kind) or "").split())
    for member in kind:
        text = re.sub(rf"\b{member.name}\b", f"`{member.value}`", text)
    return text


def _default(field: msgspec.inspect.Field) -> str:
    value = field.default
    if field.required:
        return "*required*"
    if value is None:
        return "not set"
    if value is msgspec.NODEFAULT or isinstance(value, msgspec.Struct | tuple):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value.value if isinstance(value, Enum) else value}"`'
    return f"`{value!r}`"


def _accepted(kind: Any) -> str:
    if isinstance(kind, msgspec.inspect.EnumType):
        return ", ".join(f'`"{member.value}"`' for member in kind.cls)
    if getattr(kind, "pattern", None):
        return f"`{kind.pattern}`"
    if getattr(kind, "max_length", None):
        return f"{kind.min_length} to {kind.max_length} characters"
    bounds = ((sign, getattr(kind, name, None)) for name, sign in _BOUNDS.items())
    return ", ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def _not_null(kind: Any) -> Any:
    if not isinstance(kind, msgspec.inspect.UnionType):
        return kind
    return next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))


def _markdown(text: str) -> str:
    """Turn the docstrings' double backticks into Markdown's, and keep bars out of tables."""
    return text.replace("``", "`").replace("|", r"\|")


def main() -> int:
    """Write the document, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    made = document()
    if parser.parse_args().check:
        return 0 if DOCUMENT.read_text() == made else 1
    DOCUMENT.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
