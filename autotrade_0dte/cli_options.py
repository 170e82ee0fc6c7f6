"""What the commands share: option types, defaults, and reading and printing of values."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import cyclopts

__all__ = ["DEFAULT_CATALOG", "DEFAULT_RUNS", "EXIT_UNCLEAN", "AsJson", "CatalogFolder", "Count"]
__all__ += ["Flag", "Seed", "SessionDate", "add", "chosen_sessions", "existing_catalog"]
__all__ += ["print_json", "scenario_choice", "session_range"]

EXIT_UNCLEAN = 3

DEFAULT_CATALOG = Path("catalog/local")
DEFAULT_RUNS = Path("runs")

CatalogFolder = Annotated[Path, cyclopts.Parameter(name="--catalog")]
Count = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1))]
Seed = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=0))]
Flag = Annotated[bool, cyclopts.Parameter(negative="")]
AsJson = Annotated[bool, cyclopts.Parameter(name="--json", negative="")]


def _date(_: Any, tokens: Sequence[cyclopts.Token]) -> dt.date:
    text = tokens[0].value
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"Expected a date such as 2026-07-31, was {text}.") from None


SessionDate = Annotated[dt.date, cyclopts.Parameter(converter=_date)]

_IN_PARAMETER = 4 * " "
_HOW_TO_FILL = "import or generate sessions first (autotrade data --help)"


def add(app: cyclopts.App, command: Callable[..., Any], name: str | None = None) -> None:
    """Add a command whose parameters are told of in one line each, for the terminal to break."""
    lines: list[str] = []
    for line in (command.__doc__ or "").splitlines():
        if lines and lines[-1].startswith(_IN_PARAMETER) and line.startswith(_IN_PARAMETER):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    command.__doc__ = "\n".join(lines)
    app.command(command, name=name)


def existing_catalog(folder: Path) -> Any:
    """Return the catalog in a folder; raise CatalogError where there is no folder."""
    from autotrade_0dte.data.catalog import Catalog, CatalogError

    if not folder.is_dir():
        raise CatalogError(f"Expected the folder of a catalog, was {folder}: {_HOW_TO_FILL}")
    return Catalog(folder)


def chosen_sessions(folder: Path, root: str, sessions: str | None) -> list[Any]:
    """Return a root's sessions in a catalog within ``A:B``; raise CatalogError for none."""
    from autotrade_0dte.data.catalog import CatalogError

    first, last = session_range(sessions)
    catalog = existing_catalog(folder)
    entries: list[Any] = catalog.sessions(root, first, last)
    if entries:
        return entries
    held = [entry.date for entry in catalog.sessions(root)]
    if not held:
        raise CatalogError(f"Expected sessions of {root} in {folder}, was none: {_HOW_TO_FILL}")
    raise CatalogError(
        f"--sessions: Expected some of the {len(held)} of {root} from {held[0]} to {held[-1]} in "
        f"{folder}, was none in {sessions}"
    )


def session_range(text: str | None) -> tuple[dt.date | None, dt.date | None]:
    """Read ``A:B`` or one date; raise ConfigError for anything else."""
    from autotrade_0dte.config import ConfigError

    if text is None:
        return None, None
    first, colon, last = text.partition(":")
    try:
        start = dt.date.fromisoformat(first) if first else None
        end = dt.date.fromisoformat(last) if last else None
    except ValueError:
        raise ConfigError(
            f"--sessions: Expected A:B or one date, such as 2026-07-17:2026-08-12, was {text}"
        ) from None
    if not colon:
        return start, start
    if start is not None and end is not None and end < start:
        raise ConfigError(f"--sessions: Expected the earlier date first, was {text}")
    return start, end


def scenario_choice(text: str | None) -> tuple[Any, ...]:
    """Read names of fill scenarios with commas between; raise ConfigError for anything else."""
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.execution.fills import FillScenario

    if text is None:
        return ()
    names = [name.strip() for name in text.split(",")]
    if "base" not in names or not set(names) <= set(FillScenario) or len(set(names)) < len(names):
        known = ", ".join(FillScenario)
        raise ConfigError(f"--scenarios: Expected base and others of {known}, was {text}")
    return tuple(map(FillScenario, names))


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    import msgspec

    print(msgspec.json.encode(value, order="deterministic").decode())
