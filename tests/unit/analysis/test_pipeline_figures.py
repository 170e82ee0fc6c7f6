"""What states, signals and trades add up to."""

import datetime as dt
from typing import Any

import pyarrow as pa

from autotrade_0dte.analysis.entries import UNKNOWN_LEVEL, Entry, entries, net_by
from autotrade_0dte.analysis.pipeline_figures import (
    SIGNAL_COLUMNS,
    level_seconds,
    pipeline_figures,
    signal_counts,
    transitions,
)
from autotrade_0dte.analysis.tables import DECISIONS, SIGNALS, STATES
from autotrade_0dte.analysis.tracks import tracks_of
from autotrade_0dte.analysis.trades import Trade

SECOND = 1_000_000_000
MONDAY, TUESDAY = dt.date(2026, 7, 27), dt.date(2026, 7, 28)


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    names = sorted({name for row in rows for name in row}) or list(SIGNAL_COLUMNS)
    return pa.Table.from_pylist(rows, pa.schema([schema.field(name) for name in names]))


def states(*rows: tuple[dt.date, int, int]) -> pa.Table:
    return table(
        STATES, [{"session": d, "ts_event": s * SECOND, "level": level} for d, s, level in rows]
    )


def signal(direction: int = 1, onset: int | None = 1, refusal: str = "", **row: Any) -> Any:
    head = {"session": MONDAY, "track": "regular"}
    return head | {"direction": direction, "onset": onset, "refusal": refusal} | row


def decision(**row: Any) -> dict[str, Any]:
    given = {
        "session": MONDAY, "strategy": "R-001", "plan_id": "P1", "kind": "ENTER", "reason": "UP",
        "track": "regular", "level": 1,
    }  # fmt: skip
    return given | row


def trade(net: float = 10.0, plan: str | None = "P1", **changes: Any) -> Trade:
    given = {
        "session": MONDAY.isoformat(), "plan_id": plan, "strategy": "R-001", "instruments": ("X",),
        "side": "LONG", "quantity": 1, "average_open": 1.0, "average_close": 1.0, "opened_ns": 1,
        "closed_ns": 2, "gross_pnl": net, "fees": 0.0, "net_pnl": net, "exit_reason": "TARGET",
    }  # fmt: skip
    return Trade(**given | changes)


# -- levels ---------------------------------------------------------------------------------------


def test_level_is_held_until_the_next_snapshot_and_nights_do_not_count() -> None:
    found = states((MONDAY, 0, 0), (MONDAY, 10, 2), (MONDAY, 13, 0), (TUESDAY, 100, 3),
                   (TUESDAY, 105, 3))  # fmt: skip
    assert level_seconds(found) == {"CALM": 10.0, "L1": 0.0, "L2": 3.0, "L3": 5.0}


def test_transitions_are_counted_within_sessions_that_begin_calm() -> None:
    found = states((MONDAY, 0, 0), (MONDAY, 1, 2), (MONDAY, 2, 3), (TUESDAY, 0, 0), (TUESDAY, 1, 2),
                   (TUESDAY, 2, 0))  # fmt: skip
    assert transitions(found) == {"CALM to L2": 2, "L2 to CALM": 1, "L2 to L3": 1}
    assert transitions(states((MONDAY, 0, 1))) == {"CALM to L1": 1}


def test_no_snapshots_have_no_levels() -> None:
    empty = states((MONDAY, 0, 0)).slice(0, 0)
    assert set(level_seconds(empty).values()) == {0.0}
    assert transitions(empty) == {}


# -- signals --------------------------------------------------------------------------------------


def counts(*rows: dict[str, Any]) -> dict[str, tuple[int, int, dict[str, int]]]:
    found = signal_counts(table(SIGNALS, list(rows)))
    return {track: (each.signals, each.actionable, each.refused) for track, each in found.items()}


def test_direction_counts_once_however_often_it_was_recorded() -> None:
    assert counts(signal(), signal(), signal()) == {"regular": (1, 1, {})}


def test_signal_counts_under_every_refusal_it_met() -> None:
    rows = signal(refusal="WEAK"), signal(refusal="STATE"), signal(refusal="STATE"), signal()
    assert counts(*rows) == {"regular": (1, 1, {"STATE": 1, "WEAK": 1})}


def test_other_onset_session_or_track_is_another_signal() -> None:
    rows = (
        signal(), signal(onset=2), signal(session=TUESDAY), signal(track="anomaly", refusal="WEAK"),
    )  # fmt: skip
    assert counts(*rows) == {"anomaly": (1, 0, {"WEAK": 1}), "regular": (3, 3, {})}


def test_track_without_a_direction_has_no_signals() -> None:
    assert counts(signal(0, None, "WARM_UP")) == {"regular": (0, 0, {})}
    assert counts() == {}


# -- trades ---------------------------------------------------------------------------------------


def test_strategy_has_the_track_of_its_signals() -> None:
    rows = [decision(kind="EXIT", track=""), decision(), decision(strategy="Own-001", track="")]
    assert tracks_of(table(DECISIONS, rows)) == {"R-001": "regular", "Own-001": "Own-001"}


def test_trade_has_the_entry_of_its_own_session_strategy_and_plan() -> None:
    rows = [
        decision(),
        decision(kind="EXIT", reason="TARGET", level=3),
        decision(strategy="A-001", track="anomaly", level=2, reason="FOLLOW"),
        decision(session=TUESDAY, level=0, reason="DOWN"),
        decision(plan_id="FOUND", kind="EXIT", reason="RESTART"),
    ]
    made = [
        trade(), trade(strategy="A-001"), trade(session=TUESDAY.isoformat()),
        trade(plan="FOUND"), trade(plan=None, strategy="Hand-001"),
    ]  # fmt: skip
    assert entries(table(DECISIONS, rows), made) == [
        Entry("UP", "regular", "L1"),
        Entry("FOLLOW", "anomaly", "L2"),
        Entry("DOWN", "regular", "CALM"),
        Entry("", "regular", UNKNOWN_LEVEL),
        Entry("", "Hand-001", UNKNOWN_LEVEL),
    ]


def test_open_trades_have_no_result_to_group() -> None:
    made = [trade(5.0), trade(-1.0), trade(7.0, closed_ns=None)]
    assert net_by(made, ["a", "a", "b"]) == {"a": [5.0, -1.0]}


def test_figures_of_a_run() -> None:
    rows = [
        decision(),
        decision(kind="REFUSE", reason="NAKED_SHORT: quantity=1"),
        decision(kind="REFUSE", reason="NAKED_SHORT: quantity=2"),
    ]
    tables = {
        "decisions": table(DECISIONS, rows),
        "states": states((MONDAY, 0, 0), (MONDAY, 1, 1)),
        "signals": table(SIGNALS, [signal()]),
    }
    made = [trade(5.0), trade(-2.0, exit_reason="")]
    assert pipeline_figures(tables, made) == {
        "level_seconds": {"CALM": 1.0, "L1": 0.0, "L2": 0.0, "L3": 0.0},
        "transitions": {"CALM to L1": 1},
        "signals": {"regular": {"signals": 1, "actionable": 1, "refused": {}}},
        "refusals": {"NAKED_SHORT": 2},
        "by_track": {"regular": {"trades": 2, "net_pnl": 3.0}},
        "by_level": {"L1": {"trades": 2, "net_pnl": 3.0}},
        "by_exit_reason": {
            "(none given)": {"trades": 1, "net_pnl": -2.0}, "TARGET": {"trades": 1, "net_pnl": 5.0},
        },
    }  # fmt: skip
