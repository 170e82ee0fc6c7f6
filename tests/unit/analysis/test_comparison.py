"""Runs that agree, decisions that do not, and fills whose difference has a cause or has none."""

import datetime as dt
import math
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from autotrade_0dte.analysis.comparison import Comparison, compare_runs
from autotrade_0dte.analysis.comparison_terminal import print_comparison
from autotrade_0dte.analysis.fill_differences import Cause
from autotrade_0dte.analysis.summary import SUMMARY_FILE, read_summary, write_summary
from autotrade_0dte.analysis.tables import TABLES, TableError, write_table

DATE = dt.date(2026, 7, 20)
OPEN_NS = 1_784_554_200_000_000_000
SECOND = 1_000_000_000
CALL = "SPY260720C00600000.US"
PUT = "SPY260720P00600000.US"


def decision(at_s: float, **changes: Any) -> dict[str, Any]:
    row = {
        "ts_event": OPEN_NS + round(at_s * SECOND),
        "strategy": "Test-001",
        "plan_id": "P001",
        "kind": "ENTER",
        "reason": "TREND_UP",
        "instrument_id": CALL,
        "side": "BUY",
        "quantity": 2,
        "price": 1.30,
        "spot": 600.0,
        "figures": "{}",
        "level": 0,
        "track": "regular",
        "direction": 1,
        "strength": 0.6,
        "score": 0.6,
    }
    return row | changes


def order(name: str, at_s: float, **changes: Any) -> dict[str, Any]:
    at = OPEN_NS + round(at_s * SECOND)
    row = {
        "ts_init": at,
        "ts_last": at,
        "client_order_id": name,
        "strategy": "Test-001",
        "plan_id": "P001",
        "instrument_id": CALL,
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "DAY",
        "quantity": 2,
        "price": 1.30,
        "status": "FILLED",
        "filled_quantity": 2,
        "average_price": 1.25,
        "reason": "",
    }
    return row | changes


def fill(name: str, at_s: float, price: float = 1.25, **changes: Any) -> dict[str, Any]:
    row = {
        "ts_event": OPEN_NS + round(at_s * SECOND),
        "client_order_id": name,
        "trade_id": f"{name}-{at_s}",
        "strategy": "Test-001",
        "plan_id": "P001",
        "instrument_id": CALL,
        "side": "BUY",
        "quantity": 2,
        "price": price,
        "fee": 2.28,
        "liquidity": "TAKER",
        "kind": "TRADE",
        "bid": round(price - 0.05, 2),
        "ask": price,
        "quote_age_s": 0.1,
    }
    return row | changes


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder of one session from rows; it has seen `seen` seconds after the open."""
    numbers = iter(range(1, 100))

    def write(
        decisions: list[dict[str, Any]] = [],  # noqa: B006 - not changed
        orders: list[dict[str, Any]] = [],  # noqa: B006
        fills: list[dict[str, Any]] = [],  # noqa: B006
        seen: tuple[float, float] = (0, 600),
        date: dt.date = DATE,
        **facts: Any,
    ) -> Path:
        folder = tmp_path / f"run-{next(numbers)}"
        folder.mkdir()
        states = [
            dict.fromkeys(TABLES["states"].names[3:], math.nan)
            | {"ts_event": OPEN_NS + round(s * SECOND), "usable": 3, "level": 0, "supported": 0}
            | {"spot_time": None, "since": None, "onset": None}
            for s in seen
        ]
        tables = {"decisions": decisions, "orders": orders, "fills": fills, "states": states}
        for name, rows in tables.items():
            head = {"run_id": folder.name, "session": date}
            columns = {n: [(head | row)[n] for row in rows] for n in TABLES[name].names}
            write_table(folder, name, columns)
        summary = {
            "run_id": folder.name,
            "mode": "backtest",
            "config_hash": "0abe",
            "per_session": [{"session": date.isoformat()}],
        }
        write_summary(folder, summary | facts)
        return folder

    return write


def trade(name: str = "O-1", at_s: float = 60.0, **changes: Any) -> dict[str, Any]:
    """Return one decision with its order and fill, as arguments of a run."""
    return {
        "decisions": [decision(at_s)],
        "orders": [order(name, at_s, **changes.get("order", {}))],
        "fills": [fill(name, at_s + 0.1, **changes.get("fill", {}))],
    }


def causes(found: Comparison) -> list[str]:
    [session] = found.sessions
    return [e.cause for difference in session.fill_differences for e in difference.explanations]


def shown(found: Comparison) -> str:
    console = Console(file=StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        print_comparison(found, console)
    return capture.get()


def test_same_trades_agree_whatever_the_orders_are_called(write_run):
    found = compare_runs(write_run(**trade("O-1")), write_run(**trade("O-77", 60.4)))
    [session] = found.sessions
    assert (found.agrees, found.unexplained, found.causes) == (True, 0, {})
    assert (session.decisions_matched, session.orders_matched, session.orders_equal) == (1, 1, 1)
    assert session.apart_max_s == pytest.approx(0.4)
    assert session.seen_by_both_s == 600
    assert "AGREE" in shown(found)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "EXIT"},
        {"instrument_id": PUT},
        {"side": "SELL"},
        {"ts_event": OPEN_NS + 63 * SECOND},
    ],
)
def test_another_decision_is_a_difference_that_shows_both(write_run, other):
    a = write_run(decisions=[decision(60)])
    b = write_run(decisions=[decision(60) | other])
    found = compare_runs(a, b)
    [session] = found.sessions
    assert (found.agrees, found.decisions_agree) == (False, False)
    assert session.decisions_missing == 2
    first = session.first_difference
    assert first.missing_in == "b"
    assert first.a.instrument_id == CALL
    assert first.b.ts_event == OPEN_NS + (63 if "ts_event" in other else 60) * SECOND
    text = shown(found)
    assert "DIFFER" in text
    assert "The first decision that B lacks, and what B did next" in text
    assert text.count("TREND_UP") == 2


def test_decisions_in_another_order_are_a_difference(write_run):
    call, put = decision(60), decision(60.5, instrument_id=PUT)
    later = [put | {"ts_event": OPEN_NS + 60 * SECOND}, call | {"ts_event": OPEN_NS + 61 * SECOND}]
    found = compare_runs(write_run(decisions=[call, put]), write_run(decisions=later))
    assert found.decisions_agree is False


def test_decision_after_the_other_run_has_ended_is_not_held_against_it(write_run):
    a = write_run(decisions=[decision(60)], seen=(0, 100))
    b = write_run(decisions=[decision(60), decision(500, kind="EXIT", side="SELL")])
    found = compare_runs(a, b)
    [session] = found.sessions
    assert found.agrees is True
    assert (session.decisions_outside, session.seen_by_both_s) == ((0, 1), 100)


def test_decision_before_the_other_run_began_is_not_held_against_it(write_run):
    a = write_run(decisions=[decision(10), decision(60)])
    b = write_run(decisions=[decision(60)], seen=(30, 600))
    assert compare_runs(a, b).agrees is True
    assert compare_runs(b, a).sessions[0].decisions_outside == (0, 1)


def test_decision_that_is_missing_while_both_ran_is_a_difference(write_run):
    a = write_run(decisions=[decision(60), decision(90, kind="EXIT", side="SELL")])
    b = write_run(decisions=[decision(60)])
    first = compare_runs(a, b).sessions[0].first_difference
    assert (first.a.kind, first.b, first.missing_in) == ("EXIT", None, "b")
    assert "nothing more" in shown(compare_runs(a, b))


def test_matched_decisions_of_another_size_reason_or_level_are_counted(write_run):
    a = write_run(decisions=[decision(60, price=math.nan), decision(90)])
    b = write_run(
        decisions=[
            decision(60, price=math.nan, quantity=1),
            decision(90, reason="TREND_DOWN", level=2),
        ]
    )
    found = compare_runs(a, b)
    assert found.sessions[0].varied == {"level": 1, "quantity": 1, "reason": 1}
    assert found.agrees is True


@pytest.mark.parametrize(
    ("at_s", "delay_s", "cause"),
    [(60.0, 1.5, Cause.LATENCY), (61.0, 0.1, Cause.QUOTE)],
    ids=["filled later", "ordered later"],
)
def test_price_of_another_quote_is_explained_by_when_it_was_met(write_run, at_s, delay_s, cause):
    a = write_run(**trade())
    b = write_run(
        decisions=[decision(at_s)],
        orders=[order("O-1", at_s)],
        fills=[fill("O-1", at_s + delay_s, 1.28)],
    )
    found = compare_runs(a, b)
    assert causes(found) == [cause]
    [difference] = found.sessions[0].fill_differences
    figures = difference.explanations[0].figures
    assert (figures["price_a"], figures["price_b"]) == (1.25, 1.28)
    assert figures["delay_s_b"] == pytest.approx(delay_s)
    assert (found.agrees, found.causes) == (True, {cause: 1})
    assert f"{cause.upper()}: price_a 1.25, price_b 1.28" in shown(found)


def test_price_that_no_quote_accounts_for_makes_the_comparison_fail(write_run):
    a = write_run(**trade())
    b = write_run(**trade(fill={"price": 1.27, "bid": 1.20, "ask": 1.25}))
    found = compare_runs(a, b)
    assert causes(found) == [Cause.UNEXPLAINED]
    assert (found.agrees, found.decisions_agree, found.unexplained) == (False, True, 1)


def test_price_inside_the_spread_is_explained(write_run):
    a = write_run(**trade())
    b = write_run(**trade(fill={"price": 1.23, "bid": 1.20, "ask": 1.25}))
    assert compare_runs(a, b).agrees is True


def test_recorded_quotes_account_for_a_fill_that_noted_none(write_run):
    unknown = {"price": 1.27, "bid": math.nan, "ask": math.nan}
    a, b = write_run(**trade()), write_run(**trade(fill=unknown))
    asked = []

    def quotes(*arguments):
        asked.append(arguments)
        return [(1.20, 1.25), (1.22, 1.27)]

    assert causes(compare_runs(a, b)) == [Cause.UNEXPLAINED]
    assert compare_runs(a, b, quotes=quotes, tolerance_s=1.0).agrees is True
    from_ns, to_ns = OPEN_NS + 60 * SECOND, OPEN_NS + 61_100_000_000
    assert asked == [(DATE, CALL, from_ns, to_ns)]
    assert causes(compare_runs(a, b, quotes=lambda *_: [(1.20, 1.25)])) == [Cause.UNEXPLAINED]


def test_order_that_rested_and_filled_at_its_limit_is_explained(write_run):
    a = write_run(**trade())
    b = write_run(**trade(fill={"price": 1.30, "bid": math.nan, "ask": math.nan}))
    assert causes(compare_runs(a, b)) == [Cause.LIMIT]


def test_other_pieces_at_the_same_average_are_partial_fills(write_run):
    pieces = [fill("O-1", 60.1, quantity=1, fee=1.14), fill("O-1", 60.2, quantity=1, fee=1.14)]
    a, b = write_run(**trade()), write_run(**(trade() | {"fills": pieces}))
    assert causes(compare_runs(a, b)) == [Cause.PARTIAL]


@pytest.mark.parametrize(
    ("second", "limit", "cause"),
    [
        (1.26, math.nan, Cause.PARTIAL),
        (1.27, math.nan, Cause.UNEXPLAINED),
        (1.24, math.nan, Cause.UNEXPLAINED),
        (1.26, 1.30, Cause.UNEXPLAINED),
    ],
)
def test_rest_of_a_market_order_may_pay_one_tick_more_and_no_other_price(
    write_run, second, limit, cause
):
    unknown = {"bid": math.nan, "ask": math.nan}
    pieces = [
        fill("O-1", 60.1, quantity=1, fee=1.14),
        fill("O-1", 60.1, second, quantity=1, fee=1.14) | unknown,
    ]
    same = {"order": {"price": limit}}
    a = write_run(**trade(**same))
    b = write_run(**(trade(**same) | {"fills": pieces}))
    assert causes(compare_runs(a, b)) == [cause]


@pytest.mark.parametrize(
    ("status", "cause"),
    [("CANCELED", Cause.UNFILLED), ("ACCEPTED", Cause.UNFILLED), ("REJECTED", Cause.REFUSED)],
)
def test_order_filled_in_one_run_only_is_explained_by_its_end(write_run, status, cause):
    a = write_run(**trade())
    ended = {"status": status, "reason": "NO_FUNDS", "filled_quantity": 0}
    b = write_run(**(trade(order=ended) | {"fills": []}))
    found = compare_runs(a, b)
    assert causes(found) == [cause]
    assert found.agrees is True


def test_half_filled_order_with_the_same_price_has_one_cause(write_run):
    a = write_run(**trade())
    b = write_run(**trade(order={"status": "CANCELED"}, fill={"quantity": 1, "fee": 1.14}))
    assert causes(compare_runs(a, b)) == [Cause.UNFILLED]


def test_order_for_another_quantity_is_told_from_one_not_filled(write_run):
    a = write_run(**trade())
    b = write_run(**trade(order={"quantity": 1}, fill={"quantity": 1, "fee": 1.99}))
    assert causes(compare_runs(a, b)) == [Cause.ORDERED]


@pytest.mark.parametrize(("fee", "cause"), [(2.29, Cause.FEE), (2.31, Cause.UNEXPLAINED)])
def test_fee_may_differ_by_rounding_only(write_run, fee, cause):
    a, b = write_run(**trade()), write_run(**trade(fill={"fee": fee}))
    assert causes(compare_runs(a, b)) == [cause]


def test_fill_of_an_order_that_one_run_lacks_is_unexplained(write_run):
    a = write_run(**trade())
    b = write_run(decisions=[decision(60)])
    found = compare_runs(a, b)
    assert causes(found) == [Cause.UNEXPLAINED]
    assert found.decisions_agree is True
    assert "no order" in shown(found)


def test_order_without_a_fill_that_one_run_lacks_is_no_difference(write_run):
    a = write_run(orders=[order("O-1", 60, status="DENIED")])
    assert compare_runs(a, write_run()).agrees is True


def test_settlement_after_a_run_was_stopped_is_outside(write_run):
    a = write_run(**trade(), seen=(0, 120))
    expiry = order("EXPIRY-001", 599, side="SELL")
    both = trade()
    both["orders"].append(expiry)
    both["fills"].append(fill("EXPIRY-001", 599, kind="EXPIRY_CASH", side="SELL"))
    found = compare_runs(a, write_run(**both))
    assert (found.agrees, found.sessions[0].orders_outside) == (True, (0, 1))


def test_runs_that_never_ran_at_the_same_time_do_not_agree(write_run):
    found = compare_runs(write_run(seen=(0, 50)), write_run(seen=(60, 90)))
    assert (found.agrees, found.sessions[0].seen_by_both_s) == (False, 0)


def test_session_that_was_not_compared_keeps_runs_from_agreeing(write_run):
    both = [{"session": date.isoformat()} for date in (DATE, DATE + dt.timedelta(days=1))]
    found = compare_runs(write_run(per_session=both), write_run(per_session=both))
    assert [session.seen_by_both_s for session in found.sessions] == [600, 0]
    assert found.agrees is False


def test_runs_without_a_session_in_common_are_an_error(write_run):
    with pytest.raises(TableError, match=r"session in common, was 2026-07-20 .* and 2026-07-21"):
        compare_runs(write_run(), write_run(date=dt.date(2026, 7, 21)))


def test_sessions_of_one_run_are_named_and_other_configurations_too(write_run):
    two = [{"session": "2026-07-20"}, {"session": "2026-07-21"}]
    found = compare_runs(write_run(), write_run(per_session=two, config_hash="ffff", mode="live"))
    assert (found.only_a, found.only_b) == ((), (dt.date(2026, 7, 21),))
    text = shown(found)
    assert "Only in B, not compared: 2026-07-21" in text
    assert "The configurations differ." in text
    assert "(live)" in text


def test_folder_that_is_no_run_is_an_error(write_run, tmp_path):
    with pytest.raises(TableError, match=r"run folder with summary\.json"):
        compare_runs(write_run(), tmp_path)
    broken = write_run()
    (broken / "orders.parquet").unlink()
    with pytest.raises(TableError, match=r"run folder with orders\.parquet"):
        compare_runs(broken, write_run())


def test_comparison_is_json_with_unknown_numbers_as_null(write_run):
    unknown = {"price": 1.27, "bid": math.nan, "ask": math.nan}
    found = compare_runs(write_run(**trade()), write_run(**trade(fill=unknown)))
    told = msgspec.json.decode(msgspec.json.encode(found))
    assert told["agrees"] is False
    [difference] = told["sessions"][0]["fill_differences"]
    assert difference["b"]["pieces"][0]["bid"] is None
    assert difference["explanations"][0]["cause"] == "unexplained"


def test_screen_names_only_the_first_twenty_of_many_differences(write_run):
    names = [f"O-{number}" for number in range(25)]
    orders = [order(name, 10 * number) for number, name in enumerate(names)]
    fills = [fill(name, 10 * number) for number, name in enumerate(names)]
    canceled = [row | {"status": "CANCELED"} for row in orders]
    found = compare_runs(write_run(orders=orders, fills=fills), write_run(orders=canceled))
    text = shown(found)
    assert text.count("UNFILLED") == 20
    assert "and 5 more, with --json" in text


def test_summary_of_an_older_run_is_a_backtest(write_run):
    older = write_run()
    summary = read_summary(older)
    del summary["mode"]
    (older / SUMMARY_FILE).unlink()
    write_summary(older, summary)
    assert compare_runs(older, write_run()).a.mode == "backtest"


def test_document_explains_every_cause():
    text = (Path(__file__).parents[3] / "docs/backtest.md").read_text(encoding="utf-8")
    part = text.partition("\n## Comparing two runs\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == set(Cause)
