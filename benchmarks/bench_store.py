"""One write of the state that survives a node: a plan, an order, its progress, the ladder, a line.

Each on a file of a session's size, with the log brought into the file every so often, as in a node.
"""

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.risk.ladder_state import LadderState
from autotrade_0dte.risk.rungs import RungState
from autotrade_0dte.store.rows import Intent, LogEntry, LogKind, Owner, account_key
from autotrade_0dte.store.state_store import StateStore

WRITES = 3_000
TIDY_EVERY = 500
CALL = "SPY261123C00600000.US"
PLAN = TradePlan(
    plan_id="R001", direction=1, instrument_id=CALL, quantity=3, entry_cap=1.2, decided_ns=1,
    worst_loss_usd=360.0, exits=ExitParams(), reason="BREAKOUT",
    figures={f"figure_{number}": number / 7 for number in range(10)},
)  # fmt: skip
STATE = PlanState(ts_event=1, track="regular", plan=PLAN, phase="OPEN", held=3, bought=3)
INTENT = Intent(
    client_order_id="O-0", parent_id="O-0", plan_id="R001", strategy="RegularStrategy-001",
    instrument_id=CALL, side=Side.BUY, quantity=3, limit=1.2, purpose=Purpose.ENTRY, sent_ns=1,
)  # fmt: skip
LADDER = LadderState(
    session_ns=1,
    rungs=tuple(RungState(f"DAILY_LOSS:{number}", since_ns=number) for number in range(4)),
    figures={f"TRIGGER_{number}": number / 7 for number in range(12)},
)


def run() -> dict[str, Any]:
    """Return the median and the 99th percentile of each kind of write, microseconds."""
    owner = Owner(dt.date(2026, 11, 23), account_key("1"))
    with tempfile.TemporaryDirectory() as folder, StateStore.open(Path(folder), owner) as store:
        kinds: dict[str, Callable[[int], None]] = {
            "plan": lambda n: store.keep_plan(replace(STATE, ts_event=n)),
            "order": lambda n: store.keep_intent(
                replace(INTENT, client_order_id=f"O-{n}", sent_ns=n)
            ),
            "progress": lambda n: store.keep_progress(f"O-{n}", 3, Outcome.FILLED, n),
            "ladder": lambda n: store.keep_ladder(n, LADDER),
            "log": lambda n: store.keep_entry(
                LogEntry(ts_event=n, kind=LogKind.CHANGE, text="DAILY_LOSS begins")
            ),
        }
        taken = {kind: _taken(write, store) for kind, write in kinds.items()}
    medians = {kind: times[len(times) // 2] for kind, times in taken.items()}
    return {
        "median_us": medians,
        "p99_us": {kind: times[len(times) * 99 // 100] for kind, times in taken.items()},
        "slowest_us": max(medians.values()),
    }


def _taken(write: Callable[[int], None], store: StateStore) -> list[float]:
    times = []
    for number in range(WRITES):
        if number % TIDY_EVERY == 0:
            store.tidy()
        began_ns = time.perf_counter_ns()
        write(number)
        times.append((time.perf_counter_ns() - began_ns) / 1e3)
    return sorted(times)
