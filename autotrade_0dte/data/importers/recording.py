"""What live nodes have recorded: journals of market data, with the time each row was received.

Rows are kept as they were received, crossed quotes and repeated ones too, so that a replay sees
what the node saw. Several journals of one session, of a node that was started again, are joined.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.importers.quote_rows import cents, check_values, count_notes
from autotrade_0dte.data.importers.report import DataError, Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.journal import SUFFIX, Journal, JournalHeader, RowKind, read_journal
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SessionData,
    UnderlyingQuotes,
    UnderlyingTrades,
)
from autotrade_0dte.instruments import OptionSymbol, Right, SymbolError, option_symbol

__all__ = ["VERSION", "read", "recognize"]

VERSION = 1

type Rows = NDArray[np.void]
type Ints = NDArray[np.int64]


def recognize(path: Path) -> str | None:
    """Return None for ``SPY_2026-07-31_001.journal``, else why it is none."""
    return None if path.suffix == SUFFIX else f"not named *{SUFFIX}"


def read(
    files: Sequence[Path], symbol: str | None, tally: Tally
) -> Iterator[tuple[SessionData, list[str]]]:
    """Yield the chain, the underlying's prices and the indexes of each session.

    `symbol` restricts to one root or underlying.
    """
    journals = [(path, read_journal(path)) for path in files]
    kinds = {journal.header.synthetic for _, journal in journals}
    if len(kinds) > 1:
        where = f"{files[0].name} and {len(files) - 1} more"
        raise DataError("Expected synthetic journals or real ones, was both", where)
    tally.synthetic = kinds == {True}
    for (_, root), group in groupby(
        sorted(journals, key=_order), key=lambda pair: _order(pair)[:2]
    ):
        own = list(group)
        if symbol in (None, root, own[0][1].header.underlying):
            names = [f"{path.name} from {journal.header.source}" for path, journal in own]
            for item in _session(own, tally):
                yield item, names


def _order(named: tuple[Path, Journal]) -> tuple[Any, ...]:
    path, (header, _) = named
    return header.hours.date, header.root, path.name


def _session(journals: Sequence[tuple[Path, Journal]], tally: Tally) -> Iterator[SessionData]:
    header, rows = _joined(journals)
    names = np.array(header.symbols)
    good = _filtered(rows, header, tally)
    known = np.maximum.accumulate(good["ts_init"])
    if late := int(np.count_nonzero(good["ts_init"] < known)):
        tally.noted[Note.REORDERED] += late
        good = good[np.argsort(good["ts_init"], kind="stable")]

    contracts = _contracts(header)
    is_option = np.isin(names, [contract.compact for contract in contracts])
    chain = good[is_option[good["symbol"]] & (good["kind"] == RowKind.QUOTE)]
    if len(chain) == 0:
        raise DataError("Expected quotes of options, was none", journals[0][0])
    yield _chain(header, contracts, chain, tally)
    for number in np.flatnonzero(~is_option):
        own = good[good["symbol"] == number]
        yield from _others(str(names[number]), header, own)


def _joined(journals: Sequence[tuple[Path, Journal]]) -> tuple[JournalHeader, Rows]:
    """Return one header and all rows by its numbers; rows with no symbol get a number too high."""
    first, hours = journals[0][1].header, journals[0][1].header.hours
    symbols = tuple(dict.fromkeys(s for _, journal in journals for s in journal.header.symbols))
    number = {symbol: n for n, symbol in enumerate(symbols)}
    interest: dict[str, float] = {}
    parts = []
    for path, (header, rows) in journals:
        if (header.hours, header.underlying) != (hours, first.underlying):
            problem = f"Expected the session of the journal before it, {hours}, was {header.hours}"
            raise DataError(problem, path)
        own = np.array([number[symbol] for symbol in header.symbols] + [len(symbols)], np.uint16)
        rows["symbol"] = own[np.minimum(rows["symbol"], len(header.symbols))]
        parts.append(rows)
        interest = header.open_interest | interest
    header = JournalHeader(
        root=first.root,
        underlying=first.underlying,
        hours=hours,
        symbols=symbols,
        synthetic=first.synthetic,
        source=first.source,
        open_interest=interest,
    )
    return header, np.concatenate(parts)


def _filtered(rows: Rows, header: JournalHeader, tally: Tally) -> Rows:
    tally.read += len(rows)
    keep = RowFilter(len(rows), tally)
    keep.refuse(Refusal.UNPARSABLE, rows["symbol"] >= len(header.symbols))
    keep.refuse(Refusal.UNPARSABLE, ~np.isin(rows["kind"], list(RowKind)))
    # Earlier rows are kept: they were known when the session opened.
    keep.refuse(Refusal.OUT_OF_SESSION, rows["ts_init"] >= header.hours.close_ns)
    check_values(keep, [rows["bid"], rows["ask"]], [rows["bid_size"], rows["ask_size"]])
    empty = (rows["bid"] < 0.005) | (rows["bid_size"] < 1)
    keep.refuse(Refusal.NEGATIVE, (rows["kind"] == RowKind.TRADE) & empty)
    return rows[keep.keep]


def _contracts(header: JournalHeader) -> list[OptionSymbol]:
    found = []
    for symbol in header.symbols:
        try:
            found.append(option_symbol(symbol))
        except SymbolError:
            continue  # a stock or an index
    return sorted(found, key=lambda contract: (contract.strike_mills, contract.right))


def _chain(
    header: JournalHeader, contracts: list[OptionSymbol], rows: Rows, tally: Tally
) -> ChainData:
    names = [contract.compact for contract in contracts]
    row_of = {name: row for row, name in enumerate(names)}
    places = np.array([row_of.get(symbol, -1) for symbol in header.symbols], np.int32)
    interest = header.open_interest
    known = [round(interest.get(name, -1)) for name in names]
    quotes = _quote_columns(rows)
    count_notes(quotes["bid"], quotes["ask"], tally)
    if crossed := int(np.count_nonzero((quotes["bid"] > quotes["ask"]) & (quotes["ask"] > 0))):
        tally.noted[Note.CROSSED] += crossed
    return ChainData(
        root=header.root,
        session=header.hours.date,
        strike_mills=np.array([contract.strike_mills for contract in contracts], np.int64),
        is_call=np.array([contract.right is Right.CALL for contract in contracts]),
        contract=places[rows["symbol"]],
        open_interest=np.array(known, np.int64) if interest else None,
        hours=header.hours,
        **quotes,
    )


def _others(symbol: str, header: JournalHeader, rows: Rows) -> Iterator[SessionData]:
    date = header.hours.date
    trades = rows[rows["kind"] == RowKind.TRADE]
    if len(trades):
        size = np.rint(trades["bid_size"]).astype(np.int64)
        yield UnderlyingTrades(
            symbol, date, price=cents(trades["bid"]), size=size, **_times(trades)
        )
    quotes = rows[rows["kind"] == RowKind.QUOTE]
    if len(quotes):
        yield UnderlyingQuotes(symbol, date, **_quote_columns(quotes))
    values = rows[rows["kind"] == RowKind.INDEX]
    if len(values):
        yield IndexPrices(symbol, date, value=cents(values["bid"]), **_times(values))


def _times(rows: Rows) -> dict[str, Ints]:
    return {name: np.ascontiguousarray(rows[name]) for name in ("ts_event", "ts_init")}


def _quote_columns(rows: Rows) -> dict[str, Ints]:
    bid, ask = cents(rows["bid"]), cents(rows["ask"])
    return {
        **_times(rows),
        "bid": bid,
        "ask": ask,
        "bid_size": np.where(bid > 0, np.rint(rows["bid_size"]), 0).astype(np.int64),
        "ask_size": np.where(ask > 0, np.rint(rows["ask_size"]), 0).astype(np.int64),
    }
