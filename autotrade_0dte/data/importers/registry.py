"""The vendor formats by name."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from autotrade_0dte.data.importers import cboe_delayed, closes, lean, ohlc_bars, recording
from autotrade_0dte.data.importers.report import Tally
from autotrade_0dte.data.session_data import SessionData

__all__ = ["FORMATS", "Importer"]


class Importer(NamedTuple):
    """A vendor format.

    `recognize` returns None for a file of the format or the reason why it is none; `read` yields
    datasets with the names of their files and counts rows. `version` rises when the same file
    would give other data. `needs_symbol` tells that the files do not name what they are of.
    """

    summary: str
    version: int
    needs_symbol: bool
    recognize: Callable[[Path], str | None]
    read: Callable[[Sequence[Path], str | None, Tally], Iterator[tuple[SessionData, list[str]]]]


FORMATS: dict[str, Importer] = {
    "cboe-delayed": Importer(
        "0DTE chains recorded from Cboe's delayed feed (SPY_2026-07-17.csv.gz)",
        cboe_delayed.VERSION,
        False,
        cboe_delayed.recognize,
        cboe_delayed.read,
    ),
    "closes": Importer(
        "official closing prices for settlement (closes.csv)",
        closes.VERSION,
        False,
        closes.recognize,
        closes.read,
    ),
    "lean": Importer(
        "QuantConnect LEAN minute files (option/usa/minute/goog/20151224_quote_american.zip)",
        lean.VERSION,
        False,
        lean.recognize,
        lean.read,
    ),
    "ohlc-bars": Importer(
        "minute or daily bars of an index (2026-07-17.csv.gz, vix_daily.csv)",
        ohlc_bars.VERSION,
        True,
        ohlc_bars.recognize,
        ohlc_bars.read,
    ),
    "recording": Importer(
        "journals of live and paper nodes (SPY_2026-07-31_001.journal)",
        recording.VERSION,
        False,
        recording.recognize,
        recording.read,
    ),
}
