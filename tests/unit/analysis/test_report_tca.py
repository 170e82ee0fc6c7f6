"""The report's section on execution, and its charts."""

import datetime as dt
from typing import Any

import pytest
from worked_tables import DATE, NAN, NS, OPEN_NS, example, fill, mark, parent, worked_tables

from autotrade_0dte.analysis.report_tca import tca_figures, tca_section
from autotrade_0dte.analysis.tca_groups import Tca, tca_of


def measured(tables: Any) -> Tca:
    return tca_of(tables)


def test_waterfall_goes_part_by_part_to_the_shortfall_and_with_fees_to_the_total() -> None:
    [bars] = tca_figures(measured(example()))["tca_waterfall"]["data"]
    assert bars["y"] == [2.0, 3.0, 2.0, 7.0, 14.0, 3.41, 17.41]
    assert bars["measure"] == [*["relative"] * 4, "total", "relative", "total"]
    steps = [y for y, kind in zip(bars["y"], bars["measure"], strict=True) if kind == "relative"]
    assert sum(steps) == pytest.approx(bars["y"][-1])


def test_slippage_is_drawn_by_half_hour_without_those_that_are_unknown() -> None:
    def sold(number: int, minutes: int, price: float, **changes: Any) -> dict[str, Any]:
        decided = {"decided": OPEN_NS + minutes * 60 * NS, "parent_id": f"P-{number}"}
        return parent(**decided, side="SELL", filled=1, average_price=price, **changes)

    orders = [sold(1, 0, 1.00), sold(2, 10, 1.05), sold(3, 45, 1.10), sold(4, 90, 1.0, bid=NAN)]
    [bars] = tca_figures(measured(worked_tables(orders)))["tca_hours"]["data"]
    assert bars["x"] == ["09:30", "10:00"]
    assert bars["y"] == [25.0, -50.0]
    assert bars["text"] == ["2", "1"]
    assert not bars["error_y"]["visible"]


def test_interval_is_drawn_where_there_are_ten_sessions() -> None:
    def bought(day: int) -> dict[str, Any]:
        price = 1.05 + 0.01 * (day % 3)
        return parent(session=DATE + dt.timedelta(days=day), filled=1, average_price=price)

    [bars] = tca_figures(measured(worked_tables([bought(n) for n in range(12)])))["tca_hours"][
        "data"
    ]
    errors = bars["error_y"]
    assert errors["visible"]
    assert 0 < errors["array"][0] < 10
    assert 0 < errors["arrayminus"][0] < 10


def test_markout_begins_half_the_effective_spread_below_and_leaves_out_what_is_unknown() -> None:
    [line] = tca_figures(measured(example()))["tca_markouts"]["data"]
    # Effective 3 cents of both fills; 30 s later the first was worth 1.10 for its 1.08.
    assert line["x"] == ["fill", "5 s", "30 s", "5 min"]
    assert line["y"] == [-1.5, None, 2.0, None]
    assert line["text"] == ["1", "0", "1", "0"]


def test_chart_without_anything_known_says_so() -> None:
    tables = worked_tables([parent(filled=1, bid=NAN)], [mark(mid=NAN)], [fill()])
    for figure in tca_figures(measured(tables)).values():
        assert figure["data"] == []
        assert figure["layout"]["annotations"][0]["text"]


def test_page_has_a_place_for_each_chart() -> None:
    found = measured(example())
    section = tca_section(found)
    assert all(section.count(f'id="{name}"') == 1 for name in tca_figures(found))


def test_section_tells_success_slippage_and_every_group() -> None:
    bought = {"filled": 3, "average_price": 1.10, "outcome": "FILLED", "should_fill": True}
    missed = {"parent_id": "P-2", "outcome": "GIVEN_UP", "should_fill": True, "purpose": "stop"}
    section = tca_section(measured(worked_tables([parent(**bought), parent(**missed)])))
    for text in ("50.0 % (1 of 2)", "1 filled, 1 given up", "entry", "stop", "regular", "09:30"):
        assert text in section


def test_names_are_no_markup() -> None:
    section = tca_section(measured(worked_tables([parent(strategy="<b>")])))
    assert "<td>&lt;b&gt;</td>" in section


def test_run_without_orders_says_so_and_draws_nothing() -> None:
    found = measured(worked_tables([]))
    assert tca_figures(found) == {}
    assert "No orders were worked." in tca_section(found)
