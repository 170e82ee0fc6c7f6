"""What is measured of fills, on steps whose truth is known."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

import pytest

from autotrade_0dte.analysis.fill_evidence import FillEvidence, fill_evidence
from autotrade_0dte.analysis.tables import TABLES, write_table

NS = 1_000_000_000
CALL = "SPY260720C00600000.US"
START = 1_784_000_000 * NS
BID, ASK = 2.00, 2.20


class Steps:
    """Writes the steps of parents as a run folder has them."""

    def __init__(self) -> None:
        self.parents: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []

    def parent(self, side: str = "BUY", quantity: int = 5, **changes: str) -> None:
        name = f"P-{len(self.parents)}"
        facts = {"side": side, "quantity": quantity, "instrument_id": CALL, "package": ""}
        self.parents.append({"parent_id": name} | facts | changes)

    def step(self, at_s: float, event: str, move: str = "", **values: Any) -> None:
        quote = {"bid": BID, "ask": ASK, "bid_size": 10.0, "ask_size": 10.0}
        parent = self.parents[-1]
        row = {"parent_id": parent["parent_id"], "side": parent["side"], "event": event}
        at = START + round(at_s * NS)
        self.steps.append(quote | row | {"ts_event": at, "move": move} | values)

    def evidence(self, folder: Path) -> FillEvidence:
        write(folder, "parents", self.parents)
        write(folder, "steps", self.steps)
        return fill_evidence([folder])


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    schema = TABLES[name]
    empty = {"double": math.nan, "string": "", "bool": False, "date32[day]": dt.date(2026, 7, 20)}
    columns = {
        field.name: [
            row.get(field.name, empty.get(str(field.type), None if field.nullable else 0))
            for row in rows
        ]
        for field in schema
    }
    write_table(folder, name, columns)


def sent(steps: Steps, limit: float, at_s: float = 0.0, after_s: float = 0.5) -> None:
    steps.step(at_s, "QUOTE", "SUBMIT", limit=limit)
    steps.step(at_s + after_s, "ACCEPTED", limit=limit)


def test_time_at_rest_is_counted_in_the_quarter_of_the_spread(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.06)  # a place of 0.3
    steps.step(30.5, "QUOTE", "REPRICE", limit=2.12)
    steps.step(36.5, "MODIFIED", price=2.12, limit=2.12)  # 0.6
    steps.step(96.5, "CANCELED")
    found = steps.evidence(tmp_path)
    assert found.rested_min == pytest.approx([0.0, 0.6, 1.0, 0.0, 0.0])
    assert found.met == [0, 0, 0, 0, 0]
    assert found.acknowledged_s == pytest.approx([0.5, 6.0])
    assert found.taking == []


def test_place_of_a_sale_is_counted_from_the_ask(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent("SELL")
    sent(steps, 2.18)  # a tenth of the way to the bid
    steps.step(60.5, "FILLED", "END", quantity=5, price=2.18)
    found = steps.evidence(tmp_path)
    assert found.rested_min == pytest.approx([1.0, 0.0, 0.0, 0.0, 0.0])
    assert found.met == [1, 0, 0, 0, 0]
    assert found.fills == 1


def test_time_is_shared_between_the_places_where_it_began_and_ended(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.06)
    steps.step(60.5, "QUOTE", veto="SPREAD", bid=2.04, ask=2.08)  # now a place of 0.5
    steps.step(61.5, "CANCELED", bid=math.nan, ask=math.nan)
    found = steps.evidence(tmp_path)
    assert found.rested_min == pytest.approx([0.0, 0.5, 0.5 + 0.5 / 60, 0.0, 0.0])


def test_fill_that_the_quotes_came_to_is_not_one_inside_the_spread(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.10)
    steps.step(10.5, "FILLED", "END", quantity=5, price=2.10, bid=2.05, ask=2.09)
    found = steps.evidence(tmp_path)
    assert (found.fills, found.met) == (1, [0, 0, 0, 0, 0])


def test_order_at_the_touch_is_filled_at_once_or_waits_there(tmp_path: Path) -> None:
    steps = Steps()
    for later_s in (0.2, 31.0):
        steps.parent()
        sent(steps, 2.22)
        steps.step(0.5 + later_s, "FILLED", "END", quantity=5, price=2.21)
    found = steps.evidence(tmp_path)
    first, second = found.taking
    assert (first.asked, first.shown, first.room, first.got) == (5, 10, 2, 5)
    assert first.place == pytest.approx(1.05)
    assert first.ticks_beyond == pytest.approx(1.0)
    assert second.got == 0
    assert math.isnan(second.place)
    assert found.met == [0, 0, 0, 0, 1]
    assert found.rested_min == pytest.approx(
        [0.0, 0.0, 0.0, 0.0, 30.5 / 60]
    )  # the first half second is none


def test_pieces_of_a_fill_are_one_order_that_took(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent(quantity=20)
    sent(steps, 2.20)
    steps.step(0.6, "FILLED", quantity=4, price=2.20)
    steps.step(0.9, "FILLED", quantity=3, price=2.18)
    steps.step(5.0, "FILLED", quantity=2, price=2.20)
    steps.step(6.0, "CANCELED", "END")
    [order] = steps.evidence(tmp_path).taking
    assert (order.asked, order.got) == (20, 7)
    assert order.place == pytest.approx((4 * 1.0 + 3 * 0.9) / 7)
    assert math.isnan(order.ticks_beyond)  # the limit left no room


def test_limit_is_that_which_the_venue_has_confirmed(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.06)
    steps.step(6.5, "QUOTE", "REPRICE", limit=2.18)
    steps.step(12.5, "MODIFY_REJECTED", limit=2.06)
    steps.step(18.5, "REJECTED", "END")
    assert steps.evidence(tmp_path).rested_min == pytest.approx([0.0, 0.3, 0.0, 0.0, 0.0])


def test_limit_is_the_price_that_a_change_was_confirmed_at(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.06)
    steps.step(0.5, "QUOTE", "REPRICE", limit=2.18)
    steps.step(0.5, "MODIFIED", price=2.12, limit=2.18)
    steps.step(60.5, "CANCELED", "END")
    assert steps.evidence(tmp_path).rested_min == pytest.approx([0.0, 0.0, 1.0, 0.0, 0.0])


def test_each_limit_at_the_touch_is_an_order_that_took_for_what_was_left(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent(quantity=20)
    sent(steps, 2.20)
    steps.step(0.6, "FILLED", quantity=4, price=2.20)
    steps.step(3.0, "QUOTE", "REPRICE", limit=2.22)
    steps.step(3.5, "MODIFIED", price=2.22, limit=2.22)
    steps.step(3.6, "FILLED", quantity=6, price=2.21)
    steps.step(6.0, "CANCELED")
    steps.step(9.0, "RESENT", quantity=10)
    steps.step(9.0, "QUOTE", "SUBMIT", limit=2.20)
    steps.step(9.5, "ACCEPTED", limit=2.20)  # the log ends here
    found = steps.evidence(tmp_path).taking
    assert [(order.asked, order.room, order.got) for order in found] == [
        (20, 0, 4),
        (16, 2, 6),
        (10, 0, 0),
    ]


def test_nothing_rests_after_a_cancel_or_an_end(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.06)
    steps.step(30.5, "CANCELED")
    steps.step(33.5, "RESENT", quantity=5)
    sent(steps, 2.06, at_s=90.5)
    steps.step(121.0, "FILLED", "END", quantity=5, price=2.06)
    steps.step(181.0, "FILLED", "END", quantity=5, price=2.06)  # late
    found = steps.evidence(tmp_path)
    assert found.rested_min == pytest.approx([0.0, 1.0, 0.0, 0.0, 0.0])
    assert (found.fills, found.met) == (2, [0, 1, 0, 0, 0])


def test_confirmation_is_counted_from_the_command_and_once(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    steps.step(0.0, "QUOTE", "SUBMIT", limit=2.06)
    steps.step(0.2, "QUOTE", veto="SPREAD", limit=2.06)
    steps.step(0.3, "ACCEPTED", limit=2.06)
    steps.step(5.0, "MODIFIED", price=2.12, limit=2.12)  # by somebody else
    assert steps.evidence(tmp_path).acknowledged_s == pytest.approx([0.3])


def test_fill_at_once_is_inside_the_spread_where_the_limit_was(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.12)
    steps.step(0.7, "FILLED", quantity=2, price=2.12)
    steps.step(0.9, "FILLED", "END", quantity=3, price=2.12, bid=math.nan, ask=math.nan)
    found = steps.evidence(tmp_path)
    assert (found.fills, found.met, found.taking) == (2, [0, 0, 1, 0, 0], [])


def test_fill_half_a_second_after_the_confirmation_is_still_at_once(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent()
    sent(steps, 2.20)
    steps.step(1.0, "FILLED", "END", quantity=5, price=2.20)
    assert [order.got for order in steps.evidence(tmp_path).taking] == [5]


def test_sale_of_an_index_option_takes_the_size_of_the_bid_in_its_own_ticks(
    tmp_path: Path,
) -> None:
    steps = Steps()
    steps.parent("SELL", instrument_id="SPXW260720C06000000.US")
    market = {"bid": 3.30, "ask": 3.60, "bid_size": 7.0, "ask_size": 99.0}
    steps.step(0.0, "QUOTE", "SUBMIT", limit=3.10, **market)
    steps.step(0.5, "ACCEPTED", limit=3.10, **market)
    steps.step(0.6, "FILLED", "END", quantity=5, price=3.20, **market)
    [order] = steps.evidence(tmp_path).taking
    assert (order.shown, order.room, order.got) == (7, 2, 5)
    assert order.ticks_beyond == pytest.approx(1.0)
    assert order.place == pytest.approx(4 / 3)


def test_several_runs_add_up(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        steps = Steps()
        steps.parent()
        sent(steps, 2.06)
        steps.step(60.5, "FILLED", "END", quantity=5, price=2.06)
        steps.evidence(folder)
    found = fill_evidence(folders)
    assert (found.fills, found.met) == (2, [0, 2, 0, 0, 0])
    assert found.rested_min == pytest.approx([0.0, 2.0, 0.0, 0.0, 0.0])


def test_packages_and_their_legs_tell_nothing_of_fills(tmp_path: Path) -> None:
    steps = Steps()
    steps.parent(package="PK")
    sent(steps, 2.06)
    steps.step(30.5, "FILLED", "END", quantity=5, price=2.06)
    for row in list(steps.steps):
        steps.steps.append(row | {"parent_id": "PK"})
    found = steps.evidence(tmp_path)
    assert (found.fills, sum(found.rested_min), found.acknowledged_s) == (0, 0.0, [])
