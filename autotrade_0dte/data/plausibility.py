"""Whether a session's prices agree: the chain with the underlying, the settlement with both.

Checks read single rows of a few files, so they cost little beside hashing all of them.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from autotrade_0dte.data.catalog import SessionEntry
from autotrade_0dte.data.manifest import DatasetKind
from autotrade_0dte.instruments import Right, option_symbol
from autotrade_0dte.pricing.forward import implied_forward

__all__ = ["Print", "differ", "last_print", "spot_disagrees"]

# Quotes this close before the latest one are of the same book.
_BOOK_NS = 60_000_000_000

_FIRST_STRIKES = 8

_PRICES = {
    DatasetKind.TRADES: ("price",),
    DatasetKind.INDEX: ("value",),
    DatasetKind.QUOTES: ("bid_price", "ask_price"),
}


class Print(NamedTuple):
    """A price of the underlying: ns and dollars; of quotes the middle."""

    ts_event: int
    price: float


def last_print(root: Path, entry: SessionEntry, until_ns: int) -> Print | None:
    """Return the underlying's last price at or before `until_ns`, or None.

    Trades are preferred to quotes. A quote that lacks a side is no price.
    """
    for held in entry.datasets:
        if held.symbol != entry.underlying or held.kind not in _PRICES:
            continue
        row = _last_row(root / held.files[0].path, until_ns, _PRICES[held.kind])
        if row is not None and min(row[1]) > 0:
            return Print(row[0], float(np.mean(row[1])))
    return None


def spot_disagrees(
    root: Path, entry: SessionEntry, *, tolerance_fraction: float, print_age_s: float
) -> bool:
    """Tell whether spot is off the chain in the middle of its quotes.

    Spot is compared with the forward of put-call parity, which is next to it on the day of expiry;
    without a strike that has both quotes, with the range of the strikes. False as well when the
    underlying's last price and the chain's last book before that are over `print_age_s` apart.
    """
    middle = (entry.first_ns + entry.last_ns) // 2
    spot = last_print(root, entry, middle)
    if spot is None:
        return False
    files: dict[float, dict[Right, Path]] = {}
    for file in entry.chain.files:
        folder, engine_id = Path(file.path).parts[1:3]
        if folder == "quotes":
            symbol = option_symbol(engine_id.rpartition(".")[0])
            files.setdefault(symbol.strike, {})[symbol.right] = root / file.path
    by_distance = sorted(files, key=lambda strike: abs(strike - spot.price))
    # If spot is wrong, the strikes next to it may have no quotes: then all of them are asked.
    for strikes in (by_distance[:_FIRST_STRIKES], by_distance):
        latest, forward = _parity({strike: files[strike] for strike in strikes}, middle)
        if not np.isnan(forward):
            break
    else:
        forward = min(max(spot.price, min(files)), max(files))
    if abs(latest - spot.ts_event) > print_age_s * 1e9:
        return False
    return differ(forward, spot.price, tolerance_fraction)


def _parity(files: dict[float, dict[Right, Path]], until_ns: int) -> tuple[int, float]:
    """Return time and forward of the last book of these strikes, NaN without a pair of quotes."""
    names = ("bid_price", "ask_price")
    rows = [
        (level, {right: _last_row(path, until_ns, names) for right, path in paths.items()})
        for level, paths in files.items()
    ]
    times = [row[0] for _, sides in rows for row in sides.values() if row is not None]
    latest = max(times, default=0)
    pairs = []
    for level, sides in rows:
        call, put = sides.get(Right.CALL), sides.get(Right.PUT)
        if call is not None and put is not None and min(call[0], put[0]) >= latest - _BOOK_NS:
            pairs.append((level, *call[1], *put[1]))
    strike, call_bid, call_ask, put_bid, put_ask = np.array(pairs).reshape(-1, 5).T
    return latest, implied_forward(strike, call_bid, call_ask, put_bid, put_ask, 1.0).value


def differ(price: float, reference: float, tolerance_fraction: float) -> bool:
    """Tell whether `price` is further from `reference` than that fraction of it."""
    return abs(price - reference) > tolerance_fraction * reference


def _last_row(path: Path, until_ns: int, names: tuple[str, ...]) -> tuple[int, list[float]] | None:
    """Return time and values of the last row at or before `until_ns`; reads one row group."""
    with pq.ParquetFile(path) as file:
        times = file.read(["ts_init"])[0].cast(pa.int64()).to_numpy()
        at = int(np.searchsorted(times, until_ns, side="right")) - 1
        if at < 0:
            return None
        group, row = divmod(at, file.metadata.row_group(0).num_rows)
        table = file.read_row_group(group, list(names))
    return int(times[at]), [float(table[name][row].as_py()) for name in names]
