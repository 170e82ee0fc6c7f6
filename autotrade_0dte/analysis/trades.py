"""Trades: what one plan opened and closed, from the positions table.

The legs of a spread win and lose against each other by design, so the outcome that counts is
the plan's. Positions without a plan are each a trade.
"""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

__all__ = ["Trade", "trades"]


class Trade(msgspec.Struct, frozen=True):
    """One plan's positions in one session; dollars, UTC nanoseconds, session as ISO date.

    `closed_ns` is None while any of its positions is open. `side` and `quantity` are of the
    first position opened; `exit_reason` is of the last one closed.
    """

    session: str
    plan_id: str | None
    strategy: str
    instruments: tuple[str, ...]
    side: str
    quantity: int
    average_open: float
    average_close: float
    opened_ns: int
    closed_ns: int | None
    gross_pnl: float
    fees: float
    net_pnl: float
    exit_reason: str


def trades(positions: pa.Table) -> list[Trade]:
    """Group the positions of a run into trades, ordered by session and opening time."""
    times = {
        name: positions[name].cast(pa.int64()).to_pylist() for name in ("ts_opened", "ts_closed")
    }
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for number, row in enumerate(positions.drop_columns(list(times)).to_pylist()):
        row |= {name: values[number] for name, values in times.items()}
        plan = number if row["plan_id"] is None else row["plan_id"]
        groups.setdefault((row["session"], row["strategy"], plan), []).append(row)
    found = [_trade(sorted(legs, key=lambda leg: leg["ts_opened"])) for legs in groups.values()]
    return sorted(found, key=lambda trade: (trade.session, trade.opened_ns))


def _trade(legs: list[dict[str, Any]]) -> Trade:
    first = legs[0]
    is_open = any(leg["ts_closed"] is None for leg in legs)
    last = max(legs, key=lambda leg: leg["ts_closed"] or 0)
    alone = len(legs) == 1
    return Trade(
        session=first["session"].isoformat(),
        plan_id=first["plan_id"],
        strategy=first["strategy"],
        instruments=tuple(dict.fromkeys(leg["instrument_id"] for leg in legs)),
        side=first["side"],
        quantity=first["quantity"],
        # Prices of several legs do not average to anything that was traded.
        average_open=first["average_open"] if alone else np.nan,
        average_close=first["average_close"] if alone else np.nan,
        opened_ns=first["ts_opened"],
        closed_ns=None if is_open else last["ts_closed"],
        gross_pnl=sum(leg["gross_pnl"] for leg in legs),
        fees=sum(leg["fees"] for leg in legs),
        net_pnl=sum(leg["net_pnl"] for leg in legs),
        exit_reason=last["exit_reason"],
    )
