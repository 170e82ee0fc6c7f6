"""What is kept of the desk's log and of the chain's snapshots."""

import datetime as dt
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from desk_records import CALL, NS, PUT, end, parent, quote, record, reprice, submit

from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.analysis.tables import read_table, write_table
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord

DATE = dt.date(2026, 7, 20)
FEES = fee_schedule(Entity.STANDARD, DATE)
STALE_S = 30.0


def snapshot(
    at_s: float,
    bid: float = 1.00,
    ask: float = 1.10,
    *,
    spot: float = 600.0,
    age_s: float = 0.0,
    size: float = 10.0,
    usable: bool = True,
) -> Any:
    """Return a chain of one call."""

    def row(value: float) -> np.ndarray:
        return np.array([value])

    return SimpleNamespace(
        ts_event=round(at_s * NS), spot=spot, bid=row(bid), ask=row(ask), bid_size=row(size),
        ask_size=row(size), quote_age_s=row(age_s), delta=row(0.5),
        quality=np.array([0 if usable else QuoteFlag.STALE], np.int8),
    )  # fmt: skip


class Session:
    """What is kept of one parent, as tables."""

    def __init__(self, *, seen: Any = None, **order: Any) -> None:
        self.rows = ExecutionRows([CALL], FEES, DeskParams(), STALE_S)
        self.rows.snapshot(seen or snapshot(1))
        self.rows.parent(parent(**order))

    def hear(self, *messages: Any) -> "Session":
        for message in messages:
            if isinstance(message, WalkRecord):
                self.rows.record(message)
            else:
                self.rows.snapshot(message)
        return self

    @property
    def row(self) -> dict[str, Any]:
        """The row of the first parent."""
        return {name: values[0] for name, values in self.rows.parents().items()}

    @property
    def steps(self) -> dict[str, Any]:
        return self.rows.steps()

    def marks(self) -> dict[int, dict[str, Any]]:
        """The marks of the first fill by horizon."""
        columns = self.rows.marks()
        found: dict[int, dict[str, Any]] = {}
        for number, horizon in enumerate(columns["horizon_s"].tolist()):
            found.setdefault(horizon, {n: values[number] for n, values in columns.items()})
        return found


def worked() -> Session:
    """Bought 1 at 1.05 and 1 at 1.07 in two fills, after one reprice."""
    return Session().hear(
        record(
            2, WalkEvent.QUOTE, quote(2, 1.02, 1.10, fair=1.06, spot=600.5), submit(1.05),
            route="WALK", route_reason="SPREAD_WIDE", limit=1.05,
        ),
        record(3, WalkEvent.ACCEPTED, limit=1.05),
        record(4, WalkEvent.FILLED, quantity=1, price=1.05, trade_id="T-1", limit=1.05),
        record(6, WalkEvent.QUOTE, move=reprice(1.07), limit=1.07),
        record(7, WalkEvent.MODIFIED, limit=1.07, price=1.07),
        record(
            9, WalkEvent.FILLED, quote(9, 1.04, 1.08), end("FILLED"), quantity=1, price=1.07,
            trade_id="T-2", limit=1.07, route="MARKETABLE", route_reason="DEADLINE",
        ),
    )  # fmt: skip


# -- parents ----------------------------------------------------------------------------------


def test_parent_keeps_its_order_its_times_and_its_outcome() -> None:
    row = worked().row
    assert (row["parent_id"], row["plan_id"], row["instrument_id"]) == ("P-1", "PLAN-1", CALL)
    assert (row["side"], row["quantity"], row["purpose"], row["cap"]) == ("BUY", 2, "entry", 1.10)
    times = "decided", "submitted", "acknowledged", "first_fill", "last_fill", "ended"
    assert [row[name] / NS for name in times] == [1, 2, 3, 4, 9, 9]
    assert (row["outcome"], row["end_reason"]) == ("FILLED", "DONE")
    assert (row["filled"], row["average_price"]) == (2, pytest.approx(1.06))
    assert (row["reprices"], row["replaces"], row["cancels"], row["rejects"]) == (1, 0, 0, 0)


def test_route_is_the_one_that_the_order_was_sent_on() -> None:
    row = worked().row
    assert (row["route"], row["route_reason"]) == ("WALK", "SPREAD_WIDE")


def test_route_of_an_order_that_was_never_sent_is_the_last_that_was_chosen() -> None:
    row = Session().hear(
        record(2, WalkEvent.QUOTE, veto="SPREAD", route="WALK", route_reason="NORMAL"),
        record(
            3, WalkEvent.QUOTE, move=end("GIVEN_UP", "TOO_LATE"), route="GIVE_UP",
            route_reason="TOO_LATE",
        ),
    ).row  # fmt: skip
    assert (row["route"], row["route_reason"]) == ("GIVE_UP", "TOO_LATE")


def test_quote_at_the_decision_is_the_snapshot_s_and_not_what_came_later() -> None:
    session = Session(seen=snapshot(1, 1.00, 1.10, spot=600.0, age_s=2.0)).hear(
        snapshot(2, 1.20, 1.30)
    )
    row = session.hear(record(2, WalkEvent.QUOTE, quote(2, 1.2, 1.3), submit(1.1))).row
    assert (row["bid"], row["ask"], row["bid_size"]) == (1.00, 1.10, 10.0)
    assert (row["quote_age_s"], row["delta"], row["spot"]) == (2.0, 0.5, 600.0)
    assert row["submit_mid"] == pytest.approx(1.25)


@pytest.mark.parametrize(
    "session",
    [
        Session(seen=snapshot(1, usable=False)),
        Session(seen=snapshot(5)),
        Session(instrument_id=PUT),
    ],
    ids=["stale quote", "snapshot after the decision", "contract outside the chain"],
)
def test_quote_at_the_decision_that_is_not_known_is_nan(session: Session) -> None:
    row = session.row
    assert math.isnan(row["bid"])
    assert math.isnan(row["ask"])


def test_fair_value_is_the_desk_s_first_and_mid_at_the_end_that_of_the_last_record() -> None:
    row = worked().row
    assert row["fair"] == 1.06
    assert row["end_mid"] == pytest.approx(1.06)


def test_parent_that_the_run_s_end_cut_off_is_open_and_has_no_times_that_never_came() -> None:
    row = Session().hear(record(2, WalkEvent.QUOTE, move=submit(1.05))).row
    assert row["outcome"] == "OPEN"
    assert row["submitted"] == 2 * NS
    assert row["acknowledged"] is np.ma.masked
    assert row["ended"] is np.ma.masked
    assert math.isnan(row["average_price"])
    assert math.isnan(row["end_mid"])


def test_each_veto_counts_once_when_it_comes_up() -> None:
    session = Session().hear(
        record(2, WalkEvent.QUOTE, veto="QUOTE_OLD"),
        record(3, WalkEvent.QUOTE, veto="QUOTE_OLD"),
        record(4, WalkEvent.QUOTE, veto="SPREAD"),
        record(5, WalkEvent.QUOTE),
        record(6, WalkEvent.QUOTE, veto="QUOTE_OLD"),
    )
    assert json.loads(session.row["vetoes"]) == {"QUOTE_OLD": 2, "SPREAD": 1}


def test_refusals_of_the_venue_count_and_denials_of_the_desk_do_not() -> None:
    session = Session().hear(
        record(2, WalkEvent.MODIFY_REJECTED),
        record(3, WalkEvent.CANCEL_REJECTED),
        record(4, WalkEvent.REJECTED, move=end("REJECTED", "NO_FUNDS")),
    )
    assert (session.row["rejects"], session.row["end_reason"]) == (3, "NO_FUNDS")
    denied = Session().hear(record(2, WalkEvent.DENIED, move=end("DENIED", "NOT_COVERED")))
    assert (denied.row["rejects"], denied.row["outcome"]) == (0, "DENIED")


def test_order_denied_as_it_was_to_leave_was_never_submitted() -> None:
    row = (
        Session()
        .hear(
            record(2, WalkEvent.QUOTE, move=submit(1.05), limit=1.05),
            record(2, WalkEvent.DENIED, move=end("DENIED", "DENIED")),
        )
        .row
    )
    assert row["submitted"] is np.ma.masked
    assert math.isnan(row["submit_mid"])
    assert row["ended"] == 2 * NS


def test_fees_are_those_of_the_list_and_tell_what_minimums_added() -> None:
    # 2 contracts in one order: commission 1.99 for 1.30, platform 1.00 for 0.60; the rest has no
    # minimum: settlement 0.36, ORF 0.02, OCC 0.04.
    row = worked().row
    assert row["scheduled_fee"] == pytest.approx(1.99 + 1.00 + 0.36 + 0.02 + 0.04)
    assert row["minimums"] == pytest.approx(0.69 + 0.40)


def test_order_that_takes_another_s_place_pays_the_minimums_again() -> None:
    one = record(4, WalkEvent.FILLED, quantity=1, price=1.05, trade_id="T-1")
    two = record(9, WalkEvent.FILLED, quantity=1, price=1.05, trade_id="T-2", client_order_id="O-2")
    alone = Session().hear(one).row["minimums"]
    assert Session().hear(one, two).row["minimums"] == pytest.approx(2 * alone)


def test_leg_risk_of_the_covering_order_runs_from_the_long_leg_s_first_fill() -> None:
    session = worked()
    sale = {"parent_id": "P-2", "side": Side.SELL, "cap": 0.4, "instrument_id": PUT}
    session.rows.parent(parent(**sale, decided_ns=9 * NS))
    fill = {"parent_id": "P-2", "client_order_id": "O-2", "price": 0.45}
    session.hear(record(12, WalkEvent.FILLED, quantity=2, trade_id="T-3", **fill))
    leg_risk = session.rows.parents()["leg_risk_s"]
    assert math.isnan(leg_risk[0])
    assert leg_risk[1] == 12 - 4


def test_long_leg_of_another_track_s_plan_of_the_same_name_counts_for_nothing() -> None:
    session = worked()
    sale = {"parent_id": "P-2", "side": Side.SELL, "cap": 0.4, "instrument_id": PUT}
    session.rows.parent(parent(**sale, strategy="Anomaly-002", decided_ns=9 * NS))
    fill = {"parent_id": "P-2", "client_order_id": "O-2", "price": 0.45}
    session.hear(record(12, WalkEvent.FILLED, quantity=2, trade_id="T-3", **fill))
    assert math.isnan(session.rows.parents()["leg_risk_s"][1])


def test_order_that_is_sent_anew_keeps_the_market_of_the_first_submission() -> None:
    again = quote(9, 1.20, 1.30)
    row = worked().hear(record(9, WalkEvent.QUOTE, again, submit(1.10))).row
    assert row["submitted"] == 2 * NS
    assert row["submit_mid"] == pytest.approx(1.06)


def test_record_of_a_parent_that_nobody_told_of_is_left_out() -> None:
    session = Session().hear(record(2, WalkEvent.FILLED, parent_id="P-9", quantity=1, price=1.0))
    assert len(session.steps["event"]) == 0
    assert session.marks() == {}


# -- what the market offered ------------------------------------------------------------------


def test_offer_is_the_longest_time_the_far_touch_stood_within_the_cap_for_what_was_left() -> None:
    session = Session(seen=snapshot(1, ask=1.12)).hear(
        snapshot(2, ask=1.10), snapshot(4, ask=1.10), snapshot(5, ask=1.11), snapshot(6, ask=1.09),
        snapshot(7, ask=1.09, size=1.0), snapshot(8, ask=1.08),
    )  # fmt: skip
    assert session.row["offered_s"] == 2
    assert not session.row["offered_at_end"]


def test_offer_that_stood_when_the_parent_ended_is_told() -> None:
    row = Session().hear(snapshot(3), record(4, WalkEvent.CANCELED, move=end("CANCELED"))).row
    assert (row["offered_s"], row["offered_at_end"]) == (3, True)
    later = Session().hear(record(4, WalkEvent.CANCELED, move=end("CANCELED")), snapshot(9)).row
    assert later["offered_s"] == 3


def test_market_under_a_veto_or_with_a_stale_quote_offers_nothing() -> None:
    vetoed = record(1.5, WalkEvent.QUOTE, veto="SPREAD")
    assert Session().hear(vetoed, snapshot(2), snapshot(9)).row["offered_s"] == 0
    assert Session().hear(snapshot(2, usable=False), snapshot(9)).row["offered_s"] == 0


def test_sale_is_offered_when_the_bid_stands_at_its_cap_or_above() -> None:
    assert Session(side=Side.SELL, cap=1.00).hear(snapshot(3)).row["offered_s"] == 2
    assert Session(side=Side.SELL, cap=1.01).hear(snapshot(3)).row["offered_s"] == 0


def test_walking_entry_should_fill_when_the_offer_stood_for_all_its_steps() -> None:
    # Four steps of two seconds and the least rest of half a second.
    routed = record(1, WalkEvent.QUOTE, move=submit(1.05), route="WALK")
    given_up = record(20, WalkEvent.CANCELED, move=end("GIVEN_UP", "DEADLINE"))
    passed = Session().hear(routed, snapshot(9), snapshot(9.5), snapshot(10, ask=1.2), given_up).row
    assert (passed["offered_s"], passed["needed_s"]) == (8.5, 8.5)
    assert passed["should_fill"]
    assert (
        not Session().hear(routed, snapshot(9), snapshot(10, ask=1.2), given_up).row["should_fill"]
    )


def test_exit_should_fill_whatever_the_market_offers() -> None:
    sale = {"side": Side.SELL, "cap": 0.01, "purpose": Purpose.STOP}
    assert Session(**sale, seen=snapshot(1, usable=False)).row["should_fill"]


# -- steps ------------------------------------------------------------------------------------


def test_step_tells_the_place_and_the_rest_of_the_limit_that_was_at_work() -> None:
    steps = worked().steps
    assert steps["event"] == ["QUOTE", "ACCEPTED", "FILLED", "QUOTE", "MODIFIED", "FILLED"]
    assert steps["move"] == ["SUBMIT", "", "", "REPRICE", "", "END"]
    assert steps["limit"].tolist() == [1.05, 1.05, 1.05, 1.07, 1.07, 1.07]
    # Of 1.05 in 1.00 to 1.10 three times, at 4, 6 and 7 s since 3; of 1.07 in 1.04 to 1.08.
    assert steps["place"] == pytest.approx([np.nan, np.nan, 0.5, 0.5, 0.5, 0.75], nan_ok=True)
    assert steps["rested_s"] == pytest.approx([np.nan, np.nan, 1, 3, 4, 2], nan_ok=True)


def test_place_of_a_sale_is_zero_at_the_ask_and_one_at_the_bid() -> None:
    session = Session(side=Side.SELL, cap=0.01, purpose=Purpose.EXIT)
    session.hear(record(2, WalkEvent.ACCEPTED, limit=1.10))
    session.hear(record(3, WalkEvent.MODIFIED, limit=1.00))
    session.hear(record(4, WalkEvent.FILLED, quantity=2, price=1.00, limit=1.00))
    assert session.steps["place"] == pytest.approx([np.nan, 0.0, 1.0], nan_ok=True)


def test_limit_that_is_confirmed_again_has_rested_since_the_first_time() -> None:
    session = Session().hear(
        record(2, WalkEvent.ACCEPTED, limit=1.05),
        record(4, WalkEvent.MODIFIED, limit=1.05, price=1.05),
        record(6, WalkEvent.QUOTE, move=reprice(1.07), limit=1.07),
    )
    assert session.steps["rested_s"][-1] == 4


def test_canceled_order_leaves_no_limit_at_work() -> None:
    session = worked().hear(
        record(10, WalkEvent.CANCELED, move=Move(MoveKind.REPLACE, "MODIFY_REFUSED")),
        record(11, WalkEvent.RESENT, limit=1.08),
    )
    assert math.isnan(session.steps["rested_s"][-1])
    assert session.row["replaces"] == 1


# -- marks ------------------------------------------------------------------------------------


def filled(**changes: Any) -> Session:
    """Bought 2 at 1.05 at second 2, when the market was 1.00 to 1.10 at 600."""
    seen = quote(2, 1.00, 1.10, delta=0.4, spot=600.0, age_s=changes.pop("age_s", 0.5))
    fill = record(2, WalkEvent.FILLED, seen, quantity=2, price=1.05, trade_id="T-1")
    return Session(**changes).hear(fill)


def test_mark_at_the_fill_is_the_quote_it_met() -> None:
    mark = filled().marks()[0]
    assert (mark["bid"], mark["ask"], mark["mid"]) == (1.00, 1.10, pytest.approx(1.05))
    assert (mark["spot"], mark["delta"], mark["quote_age_s"]) == (600.0, 0.4, 0.5)
    assert (mark["ts_event"], mark["ts_mark"]) == (2 * NS, 2 * NS)
    assert (mark["quantity"], mark["price"], mark["trade_id"]) == (2, 1.05, "T-1")


def test_marks_after_the_fill_are_the_first_snapshot_at_or_after_their_time() -> None:
    snapshots = [snapshot(second, 1.0 + second / 1000, 1.5) for second in range(3, 310)]
    marks = filled().hear(*snapshots).marks()
    assert [marks[h]["ts_mark"] / NS for h in (5, 30, 300)] == [7, 32, 302]
    assert [marks[h]["bid"] for h in (5, 30, 300)] == pytest.approx([1.007, 1.032, 1.302])


def test_mark_is_unknown_when_the_session_ended_before() -> None:
    marks = filled().hear(snapshot(8)).marks()
    assert marks[5]["bid"] == 1.00
    assert marks[30]["ts_mark"] is np.ma.masked
    assert all(math.isnan(marks[30][name]) for name in ("bid", "ask", "mid", "spot"))


@pytest.mark.parametrize(
    "seen",
    [
        snapshot(7, usable=False),
        snapshot(8.1),
        snapshot(7, age_s=5.0),
        snapshot(7, bid=1.2, ask=1.1),
    ],
    ids=["unusable", "later than a fifth of the horizon", "older than the fill", "crossed"],
)
def test_mark_without_a_fresh_quote_is_unknown(seen: Any) -> None:
    mark = filled().hear(seen).marks()[5]
    assert math.isnan(mark["mid"])
    assert mark["ts_mark"] is np.ma.masked


def test_quote_at_the_fill_that_is_too_old_is_unknown() -> None:
    assert math.isnan(filled(age_s=STALE_S + 1).marks()[0]["mid"])


# -- packages ---------------------------------------------------------------------------------


def test_package_has_its_steps_at_net_prices_and_no_row_among_the_parents() -> None:
    session = Session(package="PK")
    session.rows.parent(parent(parent_id="PK", package="PK", cap=0.60, instrument_id=f"{CALL}-"))
    net = quote(2, 0.40, 0.60)
    session.hear(
        record(2, WalkEvent.QUOTE, net, submit(0.45), parent_id="PK", limit=0.45),
        record(2, WalkEvent.QUOTE, move=submit(0.95), limit=0.95),
        record(3, WalkEvent.ACCEPTED, net, parent_id="PK", limit=0.45),
        record(5, WalkEvent.FILLED, net, end("FILLED"), parent_id="PK", quantity=2, price=0.45),
    )
    session.hear(snapshot(6))
    assert session.rows.parents()["parent_id"] == ["P-1"]
    assert session.rows.parents()["package"] == ["PK"]
    assert session.steps["parent_id"] == ["PK", "P-1", "PK", "PK"]
    assert session.steps["bid"].tolist() == [0.40, 1.00, 0.40, 0.40]
    assert session.steps["place"].tolist()[-1] == pytest.approx(0.25)
    assert session.marks() == {}
    assert session.row["filled"] == 0


def vertical(at_s: float, long: tuple[float, float], short: tuple[float, float]) -> Any:
    """Return a chain of the call and the put, which here are the legs of a vertical."""
    rows = np.array([long, short])
    return SimpleNamespace(
        ts_event=round(at_s * NS), spot=600.0, bid=rows[:, 0], ask=rows[:, 1],
        bid_size=np.full(2, 10.0), ask_size=np.full(2, 10.0), quote_age_s=np.zeros(2),
        delta=np.full(2, 0.5), quality=np.zeros(2, np.int8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("short_bid", "till_s", "is_due"),
    [(0.50, 16.0, True), (0.50, 14.0, False), (0.40, 40.0, False)],
    ids=["long enough", "too short for its steps", "beyond the net cap"],
)
def test_legs_should_fill_where_the_market_stood_open_to_the_package(
    short_bid: float, till_s: float, is_due: bool
) -> None:
    """Both legs are within their own caps all the time. Four steps of three seconds, and a rest."""
    rows = ExecutionRows([CALL, PUT], FEES, DeskParams(), STALE_S)
    market = (1.00, 1.10), (short_bid, 0.60)
    rows.snapshot(vertical(1, *market))
    whole = {"package": "PK", "decided_ns": NS}
    for order in (
        parent(parent_id="PK", cap=0.60, instrument_id=f"{CALL}-{PUT}", **whole),
        parent(parent_id="P-1", cap=1.20, **whole),
        parent(parent_id="P-2", side=Side.SELL, cap=0.30, instrument_id=PUT, **whole),
    ):
        rows.parent(order)
    rows.snapshot(vertical(1, *market))
    route = {"route": "WALK", "route_reason": "NORMAL"}
    for name in ("PK", "P-1", "P-2"):
        rows.record(record(1, WalkEvent.QUOTE, move=submit(0.5), parent_id=name, **route))
    rows.snapshot(vertical(till_s, *market))
    for name in ("PK", "P-1", "P-2"):
        rows.record(record(till_s, WalkEvent.CANCELED, move=end("GIVEN_UP"), parent_id=name))
    found = rows.parents()
    assert found["parent_id"] == ["P-1", "P-2"]
    assert found["should_fill"] == [is_due] * 2
    assert found["needed_s"].tolist() == [15.0, 15.0]


# -- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("session", [worked(), Session(), None], ids=["worked", "open", "none"])
def test_columns_fit_the_tables_of_a_run_folder(session: Session | None, tmp_path: Path) -> None:
    rows = ExecutionRows([], FEES, DeskParams(), STALE_S) if session is None else session.rows
    made = {"parents": rows.parents(), "steps": rows.steps(), "marks": rows.marks()}
    for name, columns in made.items():
        count = len(next(iter(columns.values())))
        write_table(tmp_path, name, {"run_id": ["r"] * count, "session": [DATE] * count} | columns)
        assert len(read_table(tmp_path, name)) == count
