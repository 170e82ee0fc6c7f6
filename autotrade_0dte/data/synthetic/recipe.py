"""What a synthetic session was made from; the catalog keeps it as the session's source."""

import datetime as dt
from typing import Literal

import msgspec

from autotrade_0dte.data.synthetic.days import DayKind, DayLabel

__all__ = ["Recipe", "recipes"]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Seed, kind of day and its label, if any: the ground truth of a synthetic session."""

    generator: Literal["synthetic"] = "synthetic"
    seed: int
    session: dt.date
    kind: DayKind
    label: DayLabel | None

    @property
    def source(self) -> str:
        """The recipe as the name of a source in the catalog's manifest."""
        return msgspec.json.encode(self).decode()


def recipes(sources: tuple[str, ...]) -> list[Recipe]:
    """Return the recipes among the sources of a catalog entry; those of vendor files are skipped.

    A synthetic session has one.
    """
    return [
        msgspec.json.decode(source, type=Recipe)
        for source in sources
        if source.startswith('{"generator":"synthetic"')
    ]
