"""The Parquet tables of a run folder: their schemas, and writing, reading and joining them.

Every row starts with the run and the session it belongs to, so tables of many runs can be
stacked. Times are UTC nanoseconds; money is dollars; an unknown float is NaN.
"""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from autotrade_0dte.market_state.state import CHANNELS
from autotrade_0dte.selection.ranking import TERMS
from autotrade_0dte.signals.signal import FACTORS

__all__ = ["BOOKS", "CANDIDATES", "DECISIONS", "EQUITY", "FILLS", "MARKS", "ORDERS", "PARENTS"]
__all__ += ["POSITIONS", "RISK", "RISK_PICTURES", "RISK_STRESSES", "SIGNALS", "STATES", "STEPS"]
__all__ += ["TABLES", "TableError", "by_session", "join_sessions", "opened_table", "read_table"]
__all__ += ["read_tables", "table_path", "write_bytes", "write_table"]


class TableError(ValueError):
    """A table of a run folder does not have the columns or values its schema asks for."""


_TIME = pa.timestamp("ns", "UTC")
_TEXT = pa.string()
_FLOAT = pa.float64()
_COUNT = pa.int64()
_LEVEL = pa.int8()
_NULLABLE = {"plan_id", "ts_closed", "spot_time", "since", "onset", "valid_until"}
_NULLABLE |= {"short_instrument_id"}
_NULLABLE |= {"submitted", "acknowledged", "first_fill", "last_fill", "ended", "ts_mark"}


def _schema(**columns: pa.DataType) -> pa.Schema:
    head = {"run_id": _TEXT, "session": pa.date32()}
    return pa.schema(
        [pa.field(name, kind, name in _NULLABLE) for name, kind in (head | columns).items()]
    )


DECISIONS = _schema(
    ts_event=_TIME,
    strategy=_TEXT,
    plan_id=_TEXT,
    kind=_TEXT,
    reason=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    quantity=_COUNT,
    price=_FLOAT,
    spot=_FLOAT,
    figures=_TEXT,
    level=_LEVEL,
    track=_TEXT,
    direction=_LEVEL,
    strength=_FLOAT,
    score=_FLOAT,
)
"""What a strategy decided: ENTER, EXIT or REFUSE, with its price cap and figures (JSON).

Track, direction, strength and score are of the signal; without one empty, 0 and NaN.
"""

ORDERS = _schema(
    ts_init=_TIME,
    ts_last=_TIME,
    client_order_id=_TEXT,
    strategy=_TEXT,
    plan_id=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    type=_TEXT,
    time_in_force=_TEXT,
    quantity=_COUNT,
    price=_FLOAT,
    status=_TEXT,
    filled_quantity=_COUNT,
    average_price=_FLOAT,
    reason=_TEXT,
)
"""Orders in their last state; `reason` is the text of a denial or rejection, else empty."""

FILLS = _schema(
    ts_event=_TIME,
    client_order_id=_TEXT,
    trade_id=_TEXT,
    strategy=_TEXT,
    plan_id=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    quantity=_COUNT,
    price=_FLOAT,
    fee=_FLOAT,
    liquidity=_TEXT,
    kind=_TEXT,
    bid=_FLOAT,
    ask=_FLOAT,
    quote_age_s=_FLOAT,
)
"""Executions and expiry settlements (`kind` TRADE, EXPIRY_CASH/_PHYSICAL/_WORTHLESS).

Bid, ask and their age are those of the quote that the fill met, NaN where it is not known.
"""

POSITIONS = _schema(
    position_id=_TEXT,
    plan_id=_TEXT,
    strategy=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    quantity=_COUNT,
    ts_opened=_TIME,
    ts_closed=_TIME,
    average_open=_FLOAT,
    average_close=_FLOAT,
    gross_pnl=_FLOAT,
    fees=_FLOAT,
    net_pnl=_FLOAT,
    exit_reason=_TEXT,
)
"""Positions with their peak quantity; an open one has no `ts_closed` and its P&L so far."""

EQUITY = _schema(ts_event=_TIME, cash=_FLOAT, position_value=_FLOAT, equity=_FLOAT)
"""Account value through a session, which starts at the starting cash."""

STATES = _schema(
    ts_event=_TIME,
    spot=_FLOAT,
    forward=_FLOAT,
    atm_iv=_FLOAT,
    atm_iv_change=_FLOAT,
    skew=_FLOAT,
    gex=_FLOAT,
    gex_flip=_FLOAT,
    liquidity=_FLOAT,
    spread_fraction=_FLOAT,
    implied_move=_FLOAT,
    variance_gauge=_FLOAT,
    usable=_COUNT,
    spot_time=_TIME,
    level=_LEVEL,
    supported=_LEVEL,
    since=_TIME,
    onset=_TIME,
    **{f"{channel}_{part}": _FLOAT for part in ("value", "score") for channel in CHANNELS},
)
"""Each snapshot: scalars of the chain, the market's level and the evidence of each channel.

`spread_fraction` is the median relative spread near ATM; `spot_time` is that of the print behind
`spot`, none before the first; there is no `onset` while CALM.
"""

SIGNALS = _schema(
    ts_event=_TIME,
    track=_TEXT,
    direction=_LEVEL,
    score=_FLOAT,
    strength=_FLOAT,
    agreement=_FLOAT,
    onset=_TIME,
    valid_until=_TIME,
    priority=_COUNT,
    refusal=_TEXT,
    level=_LEVEL,
    spot=_FLOAT,
    **{f"{factor}_{part}": _FLOAT for factor in FACTORS for part in ("value", "confidence")},
    figures=_TEXT,
)
"""Signals of each track: every change, at each decision, and otherwise every ten seconds.

`refusal` is empty where the signal may be acted on, `figures` (JSON) what it was judged by.
"""

CANDIDATES = _schema(
    ts_event=_TIME,
    strategy=_TEXT,
    plan_id=_TEXT,
    rank=_COUNT,
    instrument_id=_TEXT,
    short_instrument_id=_TEXT,
    right=_TEXT,
    strike=_FLOAT,
    bid=_FLOAT,
    ask=_FLOAT,
    delta=_FLOAT,
    score=_FLOAT,
    **dict.fromkeys(map(str, TERMS), _FLOAT),
    debit=_FLOAT,
    worst_loss=_FLOAT,
    fall=_TEXT,
)
"""Every contract of the wanted right at each decision where one was to be chosen.

Rank 1 is the best, 0 was not offered and has its `fall`; debit and worst loss are known of those
that were put forward.
"""

_QUOTE = dict.fromkeys(
    ("bid", "ask", "bid_size", "ask_size", "quote_age_s", "fair", "delta", "spot"), _FLOAT
)

PARENTS = _schema(
    parent_id=_TEXT,
    plan_id=_TEXT,
    strategy=_TEXT,
    package=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    quantity=_COUNT,
    purpose=_TEXT,
    urgency=_TEXT,
    level=_LEVEL,
    reason=_TEXT,
    cap=_FLOAT,
    decided=_TIME,
    deadline=_TIME,
    submitted=_TIME,
    acknowledged=_TIME,
    first_fill=_TIME,
    last_fill=_TIME,
    ended=_TIME,
    outcome=_TEXT,
    end_reason=_TEXT,
    route=_TEXT,
    route_reason=_TEXT,
    filled=_COUNT,
    average_price=_FLOAT,
    **_QUOTE,
    submit_mid=_FLOAT,
    end_mid=_FLOAT,
    reprices=_COUNT,
    replaces=_COUNT,
    cancels=_COUNT,
    rejects=_COUNT,
    vetoes=_TEXT,
    offered_s=_FLOAT,
    offered_at_end=pa.bool_(),
    needed_s=_FLOAT,
    should_fill=pa.bool_(),
    leg_risk_s=_FLOAT,
    scheduled_fee=_FLOAT,
    minimums=_FLOAT,
)
"""Orders of plans as the desk worked them, each with the quote that it was decided on.

`package` names the package that an order is a leg of; empty for one by itself.
`vetoes` (JSON) counts how often each came up. `offered_s` is the longest time without a break that
the far touch stood within the cap for all that was left, without a veto; an entry that crosses
takes such an offer after `needed_s` (NaN: never), see `execution.offer`. `leg_risk_s` is how long
the long leg waited, for the order that covers it. Fees are those of the price list; `minimums` is
what they are above the contracts' own.
"""

STEPS = _schema(
    ts_event=_TIME,
    parent_id=_TEXT,
    client_order_id=_TEXT,
    event=_TEXT,
    side=_TEXT,
    move=_TEXT,
    reason=_TEXT,
    outcome=_TEXT,
    move_price=_FLOAT,
    limit=_FLOAT,
    place=_FLOAT,
    rested_s=_FLOAT,
    quantity=_COUNT,
    price=_FLOAT,
    veto=_TEXT,
    trade_id=_TEXT,
    calls_left=_COUNT,
    route=_TEXT,
    route_reason=_TEXT,
    tightened=pa.bool_(),
    leg_skew_s=_FLOAT,
    text=_TEXT,
    **_QUOTE,
)
"""What happened to each parent, in order: answers of the venue, moves of the desk, new vetoes.

So of each package, at net prices; its name is its `parent_id`, its purchase's order the order's.
`quantity` and `price` are of a fill, or what was sent anew or confirmed. `limit` is at work after
the row; `place` and `rested_s` are of the limit that was at work when it happened: 0 at the near
touch, 1 at the far one, and the seconds since the venue confirmed it.
"""

MARKS = _schema(
    ts_event=_TIME,
    parent_id=_TEXT,
    client_order_id=_TEXT,
    trade_id=_TEXT,
    instrument_id=_TEXT,
    side=_TEXT,
    quantity=_COUNT,
    price=_FLOAT,
    delta=_FLOAT,
    horizon_s=_COUNT,
    ts_mark=_TIME,
    bid=_FLOAT,
    ask=_FLOAT,
    mid=_FLOAT,
    spot=_FLOAT,
    quote_age_s=_FLOAT,
)
"""The market at each fill (`horizon_s` 0) and after it; NaN where no fresh quote is known.

`delta` is that of the fill. After it, a quote is fresh when it is newer than the fill.
"""

RISK = _schema(
    ts_event=_TIME,
    mode=_TEXT,
    before=_TEXT,
    trigger=_TEXT,
    begins=pa.bool_(),
    asks=_TEXT,
    clears_itself=pa.bool_(),
    figures=_TEXT,
    text=_TEXT,
)
"""Each trigger of the risk controller that began or ended, and the mode before and after it.

`asks` is what it asks for by itself; `figures` (JSON) are those it was judged by.
"""

RISK_PICTURES = _schema(
    ts_event=_TIME,
    mode=_LEVEL,
    equity=_FLOAT,
    start_equity=_FLOAT,
    peak_equity=_FLOAT,
    worst_loss_usd=_FLOAT,
    delta_usd=_FLOAT,
    gamma_usd=_FLOAT,
    vega_usd=_FLOAT,
    theta_usd=_FLOAT,
    premium_usd=_FLOAT,
    entries=_COUNT,
    losses_in_row=_COUNT,
    day_trades=_COUNT,
)
"""The account's risk once a minute and at each change of the mode; see `risk.picture`."""

RISK_STRESSES = _schema(
    ts_event=_TIME,
    stress=_TEXT,
    loss_usd=_FLOAT,
    equity_fraction=_FLOAT,
    worst_leg=_TEXT,
    worst_leg_loss_usd=_FLOAT,
    value_usd=_FLOAT,
    equity=_FLOAT,
)
"""What each stress set would cost what was held at the set times; see `risk.stress`."""

TABLES: dict[str, pa.Schema] = {
    "decisions": DECISIONS,
    "orders": ORDERS,
    "fills": FILLS,
    "positions": POSITIONS,
    "equity": EQUITY,
    "states": STATES,
    "signals": SIGNALS,
    "candidates": CANDIDATES,
    "parents": PARENTS,
    "steps": STEPS,
    "marks": MARKS,
    "risk": RISK,
    "risk_pictures": RISK_PICTURES,
    "risk_stresses": RISK_STRESSES,
}

BOOKS = (
    *("decisions", "orders", "fills", "positions", "equity", "parents", "marks"),
    *("risk", "risk_pictures", "risk_stresses"),
)
"""The tables that hold money; the others can be millions of rows."""


def table_path(folder: Path, name: str) -> Path:
    """Return where table `name` of a run folder lies."""
    return folder / f"{name}.parquet"


def write_table(folder: Path, name: str, columns: Mapping[str, Sequence[Any] | Any]) -> Path:
    """Write one table atomically from its columns (lists or arrays; times as int64 ns).

    Raises
    ------
    TableError
        When a column is missing, unknown, null where it may not be, or of another type or length.
    """
    schema = TABLES[name]
    if set(columns) != set(schema.names):
        raise TableError(
            f"Expected the {len(schema.names)} columns of table {name}, "
            f"was {_difference(columns, schema)}"
        )
    path = table_path(folder, name)
    partial = _partial(path)
    try:
        table = pa.Table.from_pydict(dict(columns), schema)
        pq.write_table(table, partial, compression="zstd")
    except pa.ArrowException as e:
        raise TableError(f"Expected columns that fit table {name}, was: {e}") from e
    partial.replace(path)
    return path


@contextmanager
def opened_table(folder: Path, name: str) -> Iterator[pq.ParquetFile]:
    """Open one table of a run folder for reading.

    Raises
    ------
    TableError
        When the file cannot be read or its columns are not the schema's.
    """
    path = table_path(folder, name)
    try:
        # Several times faster on small files than pyarrow's read_table, which opens a data set.
        opened = pq.ParquetFile(path)
    except FileNotFoundError:
        raise TableError(f"Expected a run folder with {path.name}, was {folder}") from None
    except (OSError, pa.ArrowException) as e:
        raise TableError(f"Expected a readable table {name}, was: {e}") from None
    with opened as file:
        if not file.schema_arrow.equals(TABLES[name]):
            raise TableError(
                "Expected the columns that this version writes, was "
                f"{_difference(file.schema_arrow.names, TABLES[name])} "
                f"({path}): make the run again"
            )
        yield file


def read_table(folder: Path, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one table of a run folder, or some of its columns; errors as `opened_table`."""
    with opened_table(folder, name) as file:
        return file.read(columns and list(columns))


def read_tables(folder: Path, names: Iterable[str] = TABLES) -> dict[str, pa.Table]:
    """Read tables of a run folder by name; all of them, or BOOKS where states are not needed."""
    return {name: read_table(folder, name) for name in names}


def by_session(table: pa.Table) -> dict[dt.date, pa.Table]:
    """Cut a table into its sessions without copying; rows of a session must lie together."""
    days = table["session"].cast(pa.int32()).to_numpy()
    starts = np.flatnonzero(np.diff(days, prepend=-1)).tolist()
    found: dict[dt.date, pa.Table] = {}
    for begin, end in pairwise([*starts, len(days)]):
        date = table["session"][begin].as_py()
        if date in found:
            raise TableError(f"Expected the rows of a session together, was {date} twice")
        found[date] = table.slice(begin, end - begin)
    return found


def join_sessions(folder: Path, parts: Sequence[Path], names: Iterable[str] = TABLES) -> None:
    """Join tables of per-session part folders into `folder`, in session order.

    One part is in memory at a time. A table appears in `folder` only when it is complete.
    """
    for name in names:
        schema = TABLES[name]
        path = table_path(folder, name)
        partial = _partial(path)
        first = {part: _first_session(part, name) for part in parts}
        try:
            with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
                for part in sorted(parts, key=first.__getitem__):
                    writer.write_table(read_table(part, name))
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.replace(path)


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file atomically: a reader sees the old content or the new, never a part."""
    partial = _partial(path)
    partial.write_bytes(content)
    partial.replace(path)
    return path


def _first_session(part: Path, name: str) -> str:
    """Return the session of a part's first row, empty for an empty table."""
    first = read_table(part, name, ["session"])["session"]
    return first[0].as_py().isoformat() if len(first) else ""


def _difference(columns: Iterable[str], schema: pa.Schema) -> str:
    found, wanted = set(columns), set(schema.names)
    if found == wanted:
        return "of other types or order"
    return f"without {sorted(wanted - found)} and with {sorted(found - wanted)}"


def _partial(path: Path) -> Path:
    """Return the name to write under until the file is complete; two writers never share it."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")
