"""A moment of a run, from the tables of its folder."""

import datetime as dt
import io
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from told_run import CALL, DATE, ns, write_run

from autotrade_0dte.analysis.explain import Explanation, explain
from autotrade_0dte.analysis.explain_terminal import print_explanation
from autotrade_0dte.analysis.moment import MomentError
from autotrade_0dte.analysis.tables import TableError, table_path
from autotrade_0dte.analysis.timeline import Closed, Decided, GivenUp, timeline
from autotrade_0dte.analysis.timeline_terminal import print_timeline
from autotrade_0dte.calendar import new_york_ns

OTHER = "SPY260731C00601000.US"
ENTRY, EXIT, REFUSAL = "10:00:05", "10:20:00", "10:40:00"


def plan(**changes: Any) -> dict[str, Any]:
    return {"strategy": "Regular-001", "plan_id": "P1", "instrument_id": CALL} | changes


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return a session: an entry at 10:00:05, its exit in a shock, a refusal of the anomaly track.

    The two strategies count their plans by themselves, so that both have a plan P1.
    """
    anomaly = {"strategy": "Anomaly-001", "track": "anomaly", "instrument_id": OTHER}
    anomaly |= {"side": "BUY", "quantity": 1}
    return {
        "states": [
            {"ts_event": ns("09:30"), "spot": 600.0, "since": ns("09:30")},
            {"ts_event": ns(ENTRY), "spot": 600.5, "since": ns("09:30"), "spread_score": 0.4},
            {
                "ts_event": ns(EXIT), "spot": 596.0, "level": 3, "supported": 2,
                "since": ns(EXIT), "onset": ns(EXIT), "jump_score": 9.5, "jump_value": 0.004,
            },
            {"ts_event": ns("10:50"), "spot": 597.0, "since": ns("10:50")},
        ],
        "signals": [
            {"ts_event": ns(ENTRY), "track": "regular", "direction": 1, "strength": 0.6,
             "onset": ns("10:00"), "trend_value": 0.8, "trend_confidence": 0.9},
            {"ts_event": ns(ENTRY), "track": "anomaly", "refusal": "STATE",
             "figures": '{"level":0.0}'},
            {"ts_event": ns(EXIT), "track": "regular", "direction": -1, "refusal": "WEAK",
             "figures": '{"strength":0.1,"min_strength":0.3}'},
        ],
        "decisions": [
            plan(ts_event=ns(ENTRY), kind="ENTER", reason="TREND_UP", side="BUY", quantity=2,
                 price=1.3, spot=600.5, track="regular", figures='{"delta":0.45}'),
            plan(ts_event=ns(EXIT), kind="EXIT", reason="STATE_FORCED", side="SELL", quantity=2,
                 spot=596.0, level=3),
            anomaly | {"ts_event": ns(REFUSAL), "kind": "REFUSE", "reason": "SHARED_BUDGET"},
            anomaly | {"ts_event": ns(REFUSAL) + 1, "kind": "REFUSE", "reason": "SHARED_BUDGET"},
        ],
        "candidates": [
            plan(ts_event=ns(ENTRY), rank=1, right="C", strike=600.0, score=0.7, bid=1.2, ask=1.3,
                 delta=0.5, debit=1.3, worst_loss=133.0),
            plan(ts_event=ns(ENTRY), rank=0, right="C", strike=601.0, instrument_id=OTHER,
                 fall="SPREAD", bid=0.5, ask=0.9, delta=0.4),
        ],
        "orders": [
            plan(ts_init=ns(ENTRY), client_order_id="O-1", side="BUY", quantity=2, price=1.3,
                 status="FILLED"),
            plan(ts_init=ns(EXIT), client_order_id="O-2", side="SELL", quantity=2,
                 status="FILLED"),
            plan(ts_init=ns(EXIT), client_order_id="O-3", strategy="Anomaly-001"),
            plan(ts_init=ns(EXIT), client_order_id="O-4", plan_id="P2"),
        ],
        "fills": [
            plan(ts_event=ns(ENTRY), client_order_id="O-1", quantity=2, price=1.25, fee=2.28,
                 bid=1.2, ask=1.3),
        ],
        "positions": [
            plan(position_id="1", side="LONG", quantity=2, ts_opened=ns(ENTRY), ts_closed=ns(EXIT),
                 average_open=1.25, average_close=0.5, net_pnl=-154.56,
                 exit_reason="STATE_FORCED"),
        ],
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path, rows())


def shown(found: Explanation) -> str:
    output = io.StringIO()
    print_explanation(found, Console(file=output, width=110, highlight=False))
    return output.getvalue()


# -- what is told ---------------------------------------------------------------------------------


def test_decision_is_the_one_at_the_moment_or_the_last_before_it(run: Path) -> None:
    for at, expected in (
        ("10:00:05", ["ENTER"]), ("10:19:59", ["ENTER"]), ("10:20", ["EXIT"]), ("09:59", []),
    ):  # fmt: skip
        assert [decision.kind for decision in explain(run, at).decisions] == expected


def test_decision_is_found_at_the_time_that_the_timeline_shows_for_it(tmp_path: Path) -> None:
    told = rows()
    for name in ("states", "signals", "decisions", "candidates"):
        for row in told[name]:
            row["ts_event"] += 400_000_000
    told["positions"][0]["ts_opened"] += 550_000_000
    found = explain(write_run(tmp_path, told), ENTRY)
    assert [decision.reason for decision in found.decisions] == ["TREND_UP"]
    assert found.market.spot == 600.5
    assert len(found.signals) == 2
    assert len(found.holdings) == 1
    assert "Decision  10:00:05, at this moment" in shown(found)


def test_next_decision_is_announced(run: Path) -> None:
    found = explain(run, "10:05").next_decision
    assert found is not None
    assert (found.kind, found.track, found.ts_event) == ("EXIT", "regular", ns(EXIT))
    assert explain(run, "10:41").next_decision is None


def test_decisions_at_the_same_instant_are_all_told(tmp_path: Path) -> None:
    told = rows()
    told["decisions"].append(told["decisions"][0] | {"strategy": "Anomaly-001", "track": "anomaly"})
    found = explain(write_run(tmp_path, told), "10:01")
    assert [decision.track for decision in found.decisions] == ["regular", "anomaly"]


def test_chosen_and_refused_contracts_are_of_that_decision_alone(tmp_path: Path) -> None:
    told = rows()
    told["candidates"].append(told["candidates"][0] | {"strategy": "Anomaly-001"})
    [decision] = explain(write_run(tmp_path, told), "10:00:05").decisions
    assert decision.considered is not None
    assert [each.instrument_id for each in decision.considered.best] == [CALL]
    assert [(group.fall, group.count) for group in decision.considered.falls] == [("SPREAD", 1)]


def test_orders_that_followed_are_those_of_the_plan_from_then_on(run: Path) -> None:
    [entry] = explain(run, "10:00:05").decisions
    assert [(order.side, len(order.fills)) for order in entry.orders] == [("BUY", 1), ("SELL", 0)]
    [leaving] = explain(run, "10:20").decisions
    assert [order.side for order in leaving.orders] == ["SELL"]
    assert leaving.considered is None


def test_position_is_held_from_its_opening_until_before_its_close(run: Path) -> None:
    held = {at: explain(run, at).holdings for at in ("10:00:04", "10:00:05", "10:19:59", "10:20")}
    assert [len(each) for each in held.values()] == [0, 1, 1, 0]
    [position] = held["10:00:05"]
    assert (position.track, position.exit_reason, position.net_pnl) == (
        "regular", "STATE_FORCED", -154.56,
    )  # fmt: skip


def test_signal_of_each_track_is_the_last_up_to_the_moment(run: Path) -> None:
    regular, anomaly = explain(run, "10:19:59").signals
    assert (regular.track, regular.direction, regular.refusal) == ("regular", 1, "")
    assert (regular.factors[0].value, regular.factors[0].confidence) == (0.8, 0.9)
    assert (anomaly.refusal, anomaly.figures) == ("STATE", {"level": 0.0})
    [regular] = explain(run, "10:20").signals  # the anomaly track's is long over
    assert regular.refusal == "WEAK"
    assert explain(run, "09:59").signals == ()


def test_track_keeps_to_its_own(run: Path) -> None:
    found = explain(run, "10:45", track="regular")
    assert {decision.track for decision in found.decisions} == {"regular"}
    assert [signal.track for signal in found.signals] == ["regular"]
    assert explain(run, "10:45", track="anomaly").decisions[0].kind == "REFUSE"
    assert explain(run, "10:05", track="anomaly").holdings == ()


def test_unknown_track_is_refused_with_those_there_are(run: Path) -> None:
    with pytest.raises(MomentError, match="--track: Expected anomaly or regular, was fast"):
        explain(run, "10:45", track="fast")


def test_orders_of_both_legs_followed_from_the_entry_of_a_vertical(tmp_path: Path) -> None:
    told = rows()
    told["decisions"].append(plan(ts_event=ns("10:00:06"), kind="ENTER", reason="SELL_SHORT"))
    told["orders"].append(plan(ts_init=ns("10:00:06"), client_order_id="O-5", side="SELL"))
    run = write_run(tmp_path, told)
    assert len(explain(run, ENTRY).decisions[0].orders) == 3


def test_what_is_unknown_is_printed_without_its_unit(tmp_path: Path) -> None:
    told = rows()
    told["fills"][0] |= {"bid": math.nan, "ask": math.nan}
    text = shown(explain(write_run(tmp_path, told), ENTRY))
    assert "\N{EN DASH} %" not in text
    assert "2 filled at 1.25, fee $2.28" in text


@pytest.mark.parametrize("at", ["09:29", "09:59:59", "16:00:01"])
def test_moment_outside_the_session_is_refused_with_its_extent(tmp_path: Path, at: str) -> None:
    told = rows()
    told["states"] = told["states"][1:]
    expected = "from 10:00:05, the first snapshot, to 16:00:00 New York"
    with pytest.raises(MomentError, match=expected):
        explain(write_run(tmp_path, told), at)


def test_moment_after_the_last_snapshot_is_told_until_the_close(run: Path) -> None:
    assert explain(run, "16:00").market.ts_event == ns("10:50")


def test_rehearsal_on_a_day_without_a_session_is_told_as_long_as_it_ran(tmp_path: Path) -> None:
    sunday = dt.date(2026, 8, 2)
    at = [new_york_ns(sunday, dt.time(20, minute)) for minute in (0, 10)]
    told = {"states": [{"ts_event": ns, "since": ns} for ns in at]}
    run = write_run(tmp_path, told, sunday)
    assert explain(run, "20:05").market.ts_event == at[0]
    with pytest.raises(MomentError, match="to 20:10:00 New York"):
        explain(run, "20:11")


def test_half_day_ends_at_its_own_close(tmp_path: Path) -> None:
    friday = dt.date(2026, 11, 27)
    told = {"states": [{"ts_event": new_york_ns(friday, dt.time(9, 30))}]}
    run = write_run(tmp_path, told, friday)
    assert explain(run, "13:00").session == friday
    with pytest.raises(MomentError, match="to 13:00:00 New York"):
        explain(run, "13:01")


def test_orders_of_a_later_entry_are_not_those_of_the_refusal_before_it(tmp_path: Path) -> None:
    told = rows()
    told["decisions"].insert(
        0, plan(ts_event=ns("10:00"), kind="REFUSE", reason="LEVEL_CHANGED", track="regular")
    )
    run = write_run(tmp_path, told)
    (refused,) = explain(run, "10:00").decisions
    assert (refused.kind, refused.orders) == ("REFUSE", ())
    assert len(explain(run, ENTRY).decisions[0].orders) == 2


def test_session_without_snapshots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MomentError, match="2026-07-31 has none"):
        explain(write_run(tmp_path, {}), "10:00")


def test_run_without_the_table_of_signals_is_refused(run: Path) -> None:
    table_path(run, "signals").unlink()
    with pytest.raises(TableError, match=r"with signals\.parquet"):
        explain(run, "10:00:05")


# -- in print -------------------------------------------------------------------------------------


def test_entry_is_printed_with_its_choice_and_what_followed(run: Path) -> None:
    text = shown(explain(run, "10:00:05"))
    for words in (
        "2026-07-31 10:00:05 New York",
        "Market  CALM since 09:30:00",
        "regular: UP, strength 0.60",
        "may be acted on",
        "refused: no entries at this level of the market (level 0)",
        "ENTER regular P1 TREND_UP: buy 2 x SPY 600 C, limit 1.30",
        "1 of 2 calls offered",
        "1 spread too wide  nearest 601 0.50/0.90 delta 0.40",
        "10:00:05 buy 2 x SPY 600 C at 1.30: filled",
        "2 filled at 1.25, quote 1.20/1.30, fee $2.28",
        "next: 10:20:00 EXIT regular STATE_FORCED, 19 min 55 s later",
    ):
        assert words in text, words


def test_shock_is_printed_with_its_evidence_and_its_transitions(run: Path) -> None:
    text = shown(explain(run, "10:21:30"))
    for words in (
        "Market  L3 (shock) since 10:20:00; this snapshot alone supports L2",
        "as of 10:20:00",
        "price jump",
        "+9.5",
        "before: 10:20:00 CALM",
        "after:  10:50:00 L3",
        "too weak (strength 0.10, min strength 0.30)",
        "Held  nothing",
        "Decision  10:20:00, 1 min 30 s before",
        "sell 2 x SPY 600 C, at market",
    ):
        assert words in text, words


def test_decision_of_hours_ago_is_told_in_hours(run: Path) -> None:
    assert "Decision  10:40:00, 2 h 5 min before" in shown(explain(run, "12:45:30"))


def test_print_without_decisions_signals_and_positions_says_so(run: Path) -> None:
    text = shown(explain(run, "09:31"))
    assert "none yet in this session" in text
    assert "none recorded so far" in text


def test_piped_print_has_no_color_and_fits_a_screen(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_explanation(explain(run, "10:00:05"))
    lines = capsys.readouterr().out.splitlines()
    assert "\x1b" not in "".join(lines)
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


def test_explanation_is_valid_json_with_null_for_unknown(run: Path) -> None:
    found = msgspec.json.decode(msgspec.json.encode(explain(run, "10:00:05")))
    assert found["decisions"][0]["considered"]["best"][0]["instrument_id"] == CALL
    assert found["market"]["atm_iv"] is None
    assert found["session"] == DATE.isoformat()


# -- the timeline ---------------------------------------------------------------------------------


def test_timeline_tells_changes_decisions_and_closes_in_order(run: Path) -> None:
    happenings = timeline(run).happenings
    names = [type(each).__name__ for each in happenings]
    assert names == ["Decided", "Transition", "Decided", "Closed", "Decided", "Transition"]
    times = [each.ts_event for each in happenings]
    assert times == sorted(times)
    closed = happenings[3]
    assert isinstance(closed, Closed)
    assert (closed.track, closed.net_pnl) == ("regular", -154.56)


def test_repeated_refusals_are_one_line_with_their_number(run: Path) -> None:
    refused = timeline(run).happenings[4]
    assert isinstance(refused, Decided)
    assert (refused.kind, refused.times) == ("REFUSE", 2)


def test_timeline_of_a_track_keeps_the_market(run: Path) -> None:
    names = [type(each).__name__ for each in timeline(run, track="anomaly").happenings]
    assert names == ["Transition", "Decided", "Transition"]
    with pytest.raises(MomentError, match="Expected anomaly or regular"):
        timeline(run, track="fast")


@pytest.mark.parametrize(
    ("status", "filled", "told"),
    [
        ("CANCELED", False, True),
        ("EXPIRED", False, True),
        ("CANCELED", True, False),  # filled in part: there is a position
        ("ACCEPTED", False, False),  # still at work
        ("DENIED", False, False),  # a refusal says so
    ],
)
def test_entry_of_which_nothing_was_filled_is_told_as_given_up(
    tmp_path: Path, status: str, filled: bool, told: bool
) -> None:
    given = rows()
    given["orders"][0] |= {"status": status, "ts_last": ns("10:01:05")}
    if not filled:
        given["fills"] = given["positions"] = []
    found = timeline(write_run(tmp_path, given)).happenings
    unfilled = [each for each in found if isinstance(each, GivenUp)]
    assert [(each.ts_event, each.plan_id, each.track) for each in unfilled] == (
        [(ns("10:01:05"), "P1", "regular")] if told else []
    )


def test_unfilled_entry_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = rows() | {"fills": [], "positions": []}
    given["orders"] = [
        plan(ts_init=ns(ENTRY), ts_last=ns("10:01:05"), side="BUY", status="CANCELED")
    ]
    print_timeline(timeline(write_run(tmp_path, given)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{DATE}  SPY  New York time")
    assert lines[2] == "10:01:05  regular P1 SPY 600 C not filled, given up"


def test_last_leg_of_a_vertical_tells_what_the_plan_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = rows()
    leg = told["positions"][0] | {"position_id": "2", "instrument_id": OTHER, "net_pnl": 200.0}
    told["positions"].append(leg | {"ts_closed": ns("10:20:01")})
    run = write_run(tmp_path, told)
    closed = [each for each in timeline(run).happenings if isinstance(each, Closed)]
    assert [each.plan_net_pnl for each in closed] == [None, pytest.approx(45.44)]
    print_timeline(timeline(run))
    assert "closed, STATE_FORCED +$200.00, the plan +$45.44" in capsys.readouterr().out


def test_timeline_is_printed_a_line_each(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_timeline(timeline(run))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[1] == ("10:00:05  ENTER regular P1 TREND_UP: buy 2 x SPY 600 C, limit 1.30  CALM")
    assert lines[2] == "10:20:00  CALM to L3  price jump +9.5"
    assert "closed, STATE_FORCED \N{MINUS SIGN}$154.56" in lines[4]
    assert lines[5].endswith("SHARED_BUDGET: buy 1 x SPY 601 C, at market  CALM, 2 times")


def test_calm_session_without_decisions_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_timeline(timeline(write_run(tmp_path, {"states": rows()["states"][:2]})))
    assert "Nothing happened" in capsys.readouterr().out
