"""Rows of the table of marks: the market at each fill, and what it was some time after."""

import math
from collections import deque
from collections.abc import Mapping

import msgspec

from autotrade_0dte.actors.row_buffer import Columns, RowBuffer
from autotrade_0dte.chain.quality import UNUSABLE
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.walk_record import WalkRecord

__all__ = ["HORIZONS_S", "MarkRows", "chain_quote"]

HORIZONS_S = (5, 30, 300)
"""Seconds after a fill: the tick's bounce, the move it was part of, what was known by then."""

_NS = 1_000_000_000
_LATE_SHARE = 0.2
"""A snapshot later than this share of the horizon is another horizon's: unknown."""
_AGE_TOLERANCE_S = 1e-6
_NAN = math.nan
_UNUSABLE = int(UNUSABLE)
_MARKS = (
    "ts_event", "parent_id", "client_order_id", "trade_id", "instrument_id", "side", "quantity",
    "price", "delta", "horizon_s", "ts_mark", "bid", "ask", "mid", "spot", "quote_age_s",
)  # fmt: skip


class MarkRows:
    """Keeps the market at fills and after them.

    Parameters
    ----------
    rows : mapping of str to int
        Row of each contract in the chain, by engine id.
    stale_after_s : float
        Age from which the quote at a fill is no longer taken for the market.
    """

    def __init__(self, rows: Mapping[str, int], stale_after_s: float) -> None:
        self._rows = rows
        self._stale_after_s = stale_after_s
        self._marks: list[_Mark] = []
        self._due: dict[int, deque[_Mark]] = {horizon: deque() for horizon in HORIZONS_S}

    def fill(self, record: WalkRecord, parent: ParentOrder) -> None:
        """Take a fill with the quote that it met; its later marks follow from snapshots."""
        quote = record.quote
        at_fill = _Mark(record, parent, 0)
        if quote.age_s <= self._stale_after_s:
            at_fill.see(record.ts_event, quote)
        self._marks.append(at_fill)
        for horizon, waiting in self._due.items():
            mark = _Mark(record, parent, horizon)
            self._marks.append(mark)
            waiting.append(mark)

    def snapshot(self, chain: ChainSnapshot) -> None:
        """Mark the fills whose time has come by the first snapshot at or after it."""
        for horizon, waiting in self._due.items():
            while waiting and (late_ns := chain.ts_event - waiting[0].due_ns) >= 0:
                mark = waiting.popleft()
                row = self._rows.get(mark.parent.instrument_id)
                if row is None or late_ns > _LATE_SHARE * horizon * _NS:
                    continue
                since_fill_s = (chain.ts_event - mark.record.ts_event) / _NS
                if chain.quote_age_s[row] < since_fill_s - _AGE_TOLERANCE_S:
                    mark.see(chain.ts_event, chain_quote(chain, row))

    def columns(self) -> Columns:
        """Return the table, by fill and horizon; marks that have not come are unknown."""
        rows = RowBuffer(
            _MARKS,
            integers={"ts_event", "quantity", "horizon_s", "ts_mark"},
            texts={"parent_id", "client_order_id", "trade_id", "instrument_id", "side"},
            absent_at_zero={"ts_mark"},
        )
        for mark in self._marks:
            fill, parent, quote = mark.record, mark.parent, mark.quote
            seen = (_NAN,) * 5 if quote is None else (
                quote.bid, quote.ask, quote.mid, quote.spot, quote.age_s
            )  # fmt: skip
            rows.append(
                (fill.ts_event, fill.quantity, mark.horizon_s, mark.ts_mark),
                (fill.price, fill.quote.delta, *seen),
                (
                    fill.parent_id, fill.client_order_id, fill.trade_id, parent.instrument_id,
                    parent.side.value,
                ),
            )  # fmt: skip
        return rows.columns()


class _Mark(msgspec.Struct):
    """One fill at one horizon; `quote` is None until there is a fresh one."""

    record: WalkRecord
    parent: ParentOrder
    horizon_s: int
    ts_mark: int = 0
    quote: OrderQuote | None = None

    @property
    def due_ns(self) -> int:
        return self.record.ts_event + self.horizon_s * _NS

    def see(self, now_ns: int, quote: OrderQuote) -> None:
        if quote.is_two_sided and quote.spread >= 0:
            self.ts_mark, self.quote = now_ns, quote


def chain_quote(chain: ChainSnapshot, row: int) -> OrderQuote:
    """Return one contract's market in a snapshot, without a fair value; stale ones are unknown."""
    if int(chain.quality[row]) & _UNUSABLE:
        return OrderQuote(chain.ts_event, *(_NAN,) * 5, spot=chain.spot)
    return OrderQuote(
        now_ns=chain.ts_event,
        bid=float(chain.bid[row]),
        ask=float(chain.ask[row]),
        bid_size=float(chain.bid_size[row]),
        ask_size=float(chain.ask_size[row]),
        age_s=float(chain.quote_age_s[row]),
        delta=float(chain.delta[row]),
        spot=chain.spot,
    )
