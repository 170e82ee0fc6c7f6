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
from autotrade_0dte.market_state.profile import Profile
from autotrade_strategies.anomaly import AnomalyParams
from autotrade_strategies.regular import RegularParams

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"

HEAD = """\
# Configuration

*Made by `python scripts/configuration_reference.py`; do not edit.*

A configuration is one TOML file; [`configs/`](../configs) has five to start from. A key that is
left out has its default; an unknown key or a value out of range ends the command with exit code 2
and a line that names the key. A table that has a default is replaced as a whole: keys left out of
yours have the default of their own section, and `{ ... }` in the default column lists where the
replaced one differed from it. The resolved configuration, every default written out, is
`config.toml` in the [run folder](backtest.md#the-run-folder). Names end in their unit: `_s`
seconds, `_ms` milliseconds, `_usd` dollars, `_bps` hundredths of a percent, `_fraction` a share
(0.10 is 10 %).

## The file
"""

REGULAR = """\
## The regular strategy

`[regular.params]` when `regular.path` is `autotrade_strategies.regular:RegularStrategy`; how it
trades is in [strategies.md](strategies.md#the-regular-strategy).
"""

ANOMALY = """\
## The anomaly strategy

`[anomaly.params]` when `anomaly.path` is `autotrade_strategies.anomaly:AnomalyStrategy`; how it
trades is in [strategies.md](strategies.md#the-anomaly-strategy). Its tables have the keys of the
regular strategy's, with defaults for trades of minutes.
"""

SYNTHETIC = """\
## Synthetic sessions

Not part of a configuration file: the fields of `SyntheticParams`, which `generate` takes in Python
(see [synthetic.md](synthetic.md)). On the command line only `strikes` and `interval_s` can be set.
"""

_COLUMNS = "| key | type | default | accepted | meaning |\n|---|---|---|---|---|\n"
_READ_FROM_FILES = (Profile,)
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_TYPES: dict[Any, str] = {
    msgspec.inspect.EnumType: "text",
    msgspec.inspect.StrType: "text",
    msgspec.inspect.IntType: "integer",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.DateType: "date",
    msgspec.inspect.StructType: "table",
    msgspec.inspect.DictType: "table",
}


def document() -> str:
    """Return the whole text of docs/configuration.md."""
    described: dict[type[Any], str] = {}
    parts = [HEAD, *_sections(SystemConfig, "", described)]
    parts += [REGULAR, *_sections(RegularParams, "[regular.params]", described)]
    parts += [ANOMALY, *_sections(AnomalyParams, "[anomaly.params]", described)]
    parts += [SYNTHETIC, *_sections(SyntheticParams, "", {})]
    return "\n".join(parts)


def _sections(kind: type[Any], table: str, described: dict[type[Any], str]) -> Iterator[str]:
    """Yield the section of a Struct, then those of the Structs inside it that have none yet."""
    fields = msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]
    intro = _markdown((inspect.getdoc(kind) or "").partition("Parameters\n-------")[0].strip())
    described[kind] = table
    inside: list[tuple[type[Any], str]] = []
    rows = ""
    meanings = _meanings(kind)
    for field in fields:
        path = f"{table.strip('[]')}.{field.name}".removeprefix(".")
        inner = _not_null(field.type)
        meaning = meanings.get(field.name, "see above")
        struct = _struct(inner)
        if struct in _READ_FROM_FILES:
            struct = None
        if struct is not None:
            brackets = "[[{}]]" if isinstance(inner, msgspec.inspect.VarTupleType) else "[{}]"
            if struct not in described:
                described[struct] = brackets.format(path)
                inside.append((struct, described[struct]))
            meaning = f"see `{described[struct]}`"
        elif isinstance(inner, msgspec.inspect.EnumType):
            meaning += f" {_enum_meaning(inner.cls)}"
        cells = (f"`{field.name}`", _type(inner), _default(field), _accepted(inner))
        rows += f"| {' | '.join(cells)} | {_markdown(meaning)} |\n"
    heading = f"### `{table}`\n\n" if table else "### Top level\n\n"
    yield f"{heading}{intro}\n\n{_COLUMNS}{rows}"
    for inner_kind, inner_table in inside:
        yield from _sections(inner_kind, inner_table, described)


def _type(kind: Any) -> str:
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return f"list of {_TYPES[type(kind.item_type)]}s"
    if isinstance(kind, msgspec.inspect.TupleType):
        return f"list of {len(kind.item_types)} {_TYPES[type(kind.item_types[0])]}s"
    return _TYPES[type(kind)]


def _struct(kind: Any) -> type[Any] | None:
    """Return the Struct that a table or a list of tables is made of, if it is one."""
    if isinstance(kind, msgspec.inspect.VarTupleType):
        kind = kind.item_type
    return kind.cls if isinstance(kind, msgspec.inspect.StructType) else None


def _meanings(kind: type[Any]) -> dict[str, str]:
    """Return the text of each name in the numpy Parameters blocks of a Struct and its bases."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        text = inspect.cleandoc(each.__doc__ or "").partition("Parameters\n----------\n")[2]
        for entry in re.split(r"\n(?=\S)", re.split(r"\n\w+\n-{3,}\n", text)[0]):
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
    if value is msgspec.NODEFAULT or value == ():
        return ""
    if isinstance(value, msgspec.Struct):
        return _inline(value)
    return f"`{_toml(value)}`"


def _inline(value: msgspec.Struct) -> str:
    """Return what a default table sets that its section does not, as TOML."""
    usual = {field.name: field.default for field in msgspec.structs.fields(type(value))}
    given = {name: getattr(value, name) for name in usual}
    if any(isinstance(each, msgspec.Struct) for each in given.values()):
        return ""
    other = [f"{name} = {_toml(each)}" for name, each in given.items() if each != usual[name]]
    return f"`{{ {', '.join(other)} }}`" if other else ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value.value if isinstance(value, Enum) else value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


def _accepted(kind: Any) -> str:
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _accepted(kind.item_type)
    if isinstance(kind, msgspec.inspect.TupleType):
        return _accepted(kind.item_types[0])
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
