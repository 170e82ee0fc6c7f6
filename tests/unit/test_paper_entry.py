"""Entries on paper: what reaches the venue when, and what it is filled at."""

import datetime as dt
import sys
from functools import partial
from pathlib import Path

import pytest

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.fills import FillScenario, FillScenarios
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.products import product, tick_cents

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from paper_entry import EntryStyle, PaperEntry, policy

MS = 1_000_000
START_NS = 1_784_307_600_000_000_000
CLOSE_NS = START_NS + 3 * 3_600_000 * MS
TICKS = partial(tick_cents, product("SPY"))
DESK = DeskParams()
RULE = RemainderRule(fee_schedule(Entity.STANDARD, dt.date(2026, 7, 17)), "SPY", DESK.remainder)


def entry(
    style: EntryStyle, scenario: FillScenario = FillScenario.BASE, cap: float = 2.08
) -> PaperEntry:
    parent = ParentOrder(
        parent_id="P-1", plan_id="", strategy="", instrument_id="C600", side=Side.BUY, quantity=4,
        cap=cap, purpose=Purpose.ENTRY, urgency=Urgency.NORMAL, level=Level.CALM, reason="",
        decided_ns=START_NS, deadline_ns=START_NS + 30_000 * MS,
    )  # fmt: skip
    worker = policy(style, parent, DESK, TICKS, CLOSE_NS, RULE)
    return PaperEntry(
        worker,
        knows_fair=style is EntryStyle.FAIR_VALUE_WALK,
        fills=FillScenarios().of(scenario),
        latency_ns=150 * MS,
        tick_cents=TICKS,
    )


def at(ms: int, bid: float = 2.00, ask: float = 2.08, fair: float = 2.04) -> OrderQuote:
    return OrderQuote(START_NS + ms * MS, bid, ask, 10.0, 10.0, 0.1, fair, 0.5, 600.0)


def shown(paper: PaperEntry, *quotes: OrderQuote) -> PaperEntry:
    for quote in quotes:
        paper.look(quote)
    return paper


def test_touch_buys_at_the_ask_once_the_order_has_arrived() -> None:
    paper = shown(entry(EntryStyle.TOUCH), at(0), at(100))
    assert paper.filled == 0
    paper.look(at(200))
    assert (paper.filled, paper.paid) == (4, pytest.approx(4 * 2.08))
    assert paper.last_fill_ns == START_NS + 150 * MS
    assert paper.is_over


def test_order_that_arrives_after_the_ask_has_left_is_not_filled() -> None:
    paper = shown(entry(EntryStyle.TOUCH), at(0), at(100, ask=2.10), at(200, ask=2.10))
    assert paper.filled == 0
    assert not paper.is_over


def test_mid_waits_for_the_ask_and_buys_at_its_own_price() -> None:
    paper = shown(entry(EntryStyle.MID), at(0), at(200), at(5_000), at(6_000, bid=1.98, ask=2.03))
    assert (paper.filled, paper.paid) == (4, pytest.approx(4 * 2.04))
    assert paper.last_fill_ns == START_NS + 6_000 * MS


def test_mid_that_is_between_two_ticks_rests_at_the_lower() -> None:
    paper = shown(entry(EntryStyle.MID), at(0, ask=2.07), at(200, ask=2.07), at(400, 1.9, 2.02))
    assert paper.paid / paper.filled == pytest.approx(2.03)


def test_mid_is_given_up_at_the_deadline() -> None:
    late = [at(ms) for ms in (0, 200, 29_999, 30_000, 30_100)]
    paper = shown(entry(EntryStyle.MID), *late)
    assert not paper.is_over
    paper.look(at(30_150))
    assert paper.is_over
    assert paper.filled == 0


def test_walk_steps_to_the_ask_and_does_not_know_the_fair_value() -> None:
    far_off = [at(500 * n, fair=1.50) for n in range(40)]
    paper = shown(entry(EntryStyle.WALK), *far_off)
    assert (paper.filled, paper.paid) == (4, pytest.approx(4 * 2.08))
    assert paper.last_fill_ns > START_NS + 4_000 * MS


def test_fair_value_walk_does_not_pay_far_beyond_fair_value() -> None:
    assert shown(entry(EntryStyle.FAIR_VALUE_WALK), *(at(500 * n, fair=1.50) for n in range(80))
                 ).filled == 0  # fmt: skip


def test_optimistic_venue_fills_inside_the_spread() -> None:
    paper = shown(entry(EntryStyle.TOUCH, FillScenario.OPTIMISTIC), at(0), at(200))
    assert paper.paid / paper.filled == pytest.approx(2.06)


def test_pessimistic_latency_is_twice_as_long() -> None:
    paper = shown(entry(EntryStyle.TOUCH, FillScenario.PESSIMISTIC, cap=2.20), at(0), at(299))
    assert paper.filled == 0
    paper.look(at(301))
    assert paper.last_fill_ns == START_NS + 300 * MS
