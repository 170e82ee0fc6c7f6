"""Sums and means of transaction costs over groups of parent orders."""

import datetime as dt
import math
from typing import Any

import msgspec
import pytest
from worked_tables import DATE, NAN, NS, OPEN_NS, example, fill, mark, parent, worked_tables

from autotrade_0dte.analysis.tca_groups import By, Tca, execution_figures, tca_of
from autotrade_0dte.execution.tca import CostParts


def bought(number: int, price: float = 1.08, **changes: Any) -> tuple[dict, dict, dict]:
    """Return parent, mark and fill of one contract bought at `price`."""
    ids = {"client_order_id": f"O-{number}", "trade_id": f"T-{number}", "price": price}
    same = {"session": changes.get("session", DATE)}
    order = {"parent_id": f"P-{number}", "quantity": 1, "filled": 1, "average_price": price}
    order |= {"outcome": "FILLED", "end_mid": 1.06, "should_fill": True}
    return (
        parent(**(order | changes)),
        mark(parent_id=f"P-{number}", **ids, **same),
        fill(**ids, **same),
    )


def measured(*orders: tuple[dict, ...], missed: tuple[dict, ...] = ()) -> Tca:
    parents, marks, fills = zip(*orders, strict=True) if orders else ((), (), ())
    return tca_of(worked_tables([*parents, *missed], marks, fills))


def test_total_of_one_order_is_that_order() -> None:
    total = tca_of(example()).total
    assert (total.parents, total.contracts, total.filled, total.complete) == (1, 3, 2, 1)
    assert total.parts.shortfall == pytest.approx(14)
    assert (total.fees, total.minimums, total.fees_known) == (pytest.approx(3.41), 1.09, 1)
    assert (total.slippage.value, total.slippage.known) == (pytest.approx(0.35), 1)
    assert total.effective.value == pytest.approx(3.0)
    assert [mean.known for mean in total.realised] == [0, 1, 0]
    assert total.impact[1].value == pytest.approx(8.0)


def test_parts_are_summed_over_orders_whose_every_part_is_known_so_that_they_add_up() -> None:
    total = measured(bought(1), bought(2), bought(3, submit_mid=NAN)).total
    assert (total.parents, total.complete) == (3, 2)
    whole = CostParts(delay=2.0, spread=4.0, impact=0.0, opportunity=0.0, shortfall=6.0)
    for name in CostParts.__struct_fields__:
        assert getattr(total.parts, name) == pytest.approx(getattr(whole, name), abs=1e-9)
    parts = total.parts
    added = parts.delay + parts.spread + parts.impact + parts.opportunity
    assert added == pytest.approx(parts.shortfall)


def test_mean_slippage_counts_orders_that_are_known_and_each_as_one() -> None:
    found = measured(bought(1, 1.10), bought(2, 1.05), bought(3, bid=NAN)).total.slippage
    assert (found.value, found.known) == (pytest.approx(0.25), 2)
    assert math.isnan(found.low)  # one session


def test_mean_slippage_has_an_interval_from_ten_sessions_on() -> None:
    def day(number: int) -> dict[str, Any]:
        return {"session": DATE + dt.timedelta(days=number)}

    orders = [bought(1, 1.05 + 0.01 * (n % 3), **day(n)) for n in range(10)]
    found = measured(*orders).total.slippage
    assert found.low < found.value < found.high
    assert math.isnan(measured(*orders[:9]).total.slippage.low)


def test_success_is_the_share_filled_of_those_that_should_have_been() -> None:
    unlucky = parent(parent_id="P-8", outcome="GIVEN_UP", should_fill=True, end_mid=1.1)
    not_due = parent(parent_id="P-9", outcome="GIVEN_UP", end_mid=1.1)
    lucky = bought(2, should_fill=False)
    success = measured(bought(1), lucky, missed=(unlucky, not_due)).total.success
    assert (success.hits, success.trials, success.value) == (1, 2, 0.5)
    assert success.low < 0.5 < success.high


def test_partly_filled_order_has_not_succeeded() -> None:
    orders = bought(1, outcome="PARTLY_FILLED", quantity=2)
    assert measured(orders).total.success.hits == 0


@pytest.mark.parametrize(
    ("by", "changes", "names"),
    [
        (By.TRACK, {"strategy": "Other-001"}, ["Other-001", "regular"]),
        (By.LEVEL, {"level": 2}, ["CALM", "L2"]),
        (By.PURPOSE, {"purpose": "stop"}, ["entry", "stop"]),
        (By.ROUTE, {"route": ""}, ["WALK", "(none)"]),
        (By.HALF_HOUR, {"decided": OPEN_NS + 3_600 * NS}, ["09:30", "10:30"]),
    ],
)
def test_orders_are_grouped(by: By, changes: dict[str, Any], names: list[str]) -> None:
    groups = measured(bought(1), bought(2, **changes)).groups[by]
    assert [group.name for group in groups] == names
    assert [group.parents for group in groups] == [1, 1]


def test_groups_of_each_kind_add_up_to_the_whole() -> None:
    found = measured(bought(1), bought(2, level=1), bought(3, purpose="exit"))
    for groups in found.groups.values():
        assert sum(group.parents for group in groups) == found.total.parents
        assert sum(g.parts.shortfall for g in groups) == pytest.approx(found.total.parts.shortfall)
        assert sum(group.fees for group in groups) == pytest.approx(found.total.fees)


def test_stage_tells_the_median_and_nine_of_ten_of_what_is_known() -> None:
    decided = OPEN_NS
    orders = [bought(n, acknowledged=decided + n * NS) for n in range(1, 12)]
    stage = {s.name: s for s in measured(*orders, bought(12)).latency}["to_acknowledge"]
    assert (stage.known, stage.median_s, stage.p90_s) == (11, 6.0, 10.0)


def test_fees_are_summed_over_the_orders_whose_booking_is_known() -> None:
    order, told, _ = bought(2, minimums=2.04)
    found = tca_of(worked_tables([bought(1)[0], order], [bought(1)[1], told], [bought(1)[2]]))
    total, figures = found.total, execution_figures(found)
    assert (total.fees, total.minimums, total.fees_known) == (1.0, 0.0, 1)
    assert (figures["fees"], figures["fees_known"], figures["parents"]) == (1.0, 1, 2)


def test_stage_that_no_order_reached_is_of_none() -> None:
    stage = measured(bought(1)).latency[1]
    assert (stage.name, stage.known) == ("to_acknowledge", 0)
    assert math.isnan(stage.median_s)


def test_summary_has_the_intervals_that_there_are_and_none_where_there_is_none() -> None:
    orders = [
        bought(1, 1.05 + 0.01 * (n % 3), session=DATE + dt.timedelta(days=n)) for n in range(10)
    ]
    found = measured(*orders)
    figures, slippage = execution_figures(found), found.total.slippage
    assert figures["slippage_of_spread_ci95"] == [round(slippage.low, 6), round(slippage.high, 6)]
    assert figures["success_rate_ci95"] == [pytest.approx(0.722467), 1.0]  # Wilson's of 10 in 10
    assert execution_figures(measured(*orders[:9]))["slippage_of_spread_ci95"] is None


def test_run_without_orders_has_nothing_known_and_no_zero_in_its_place() -> None:
    found = measured()
    assert found.total.parents == 0
    assert math.isnan(found.total.success.value)
    figures = execution_figures(found)
    assert figures["success_rate"] is figures["slippage_of_spread"] is figures["fill_ratio"] is None
    msgspec.json.encode(figures)


def test_summary_has_the_figures_and_how_many_were_known() -> None:
    figures = execution_figures(tca_of(example()))
    assert figures["parents"] == 1
    assert figures["fill_ratio"] == pytest.approx(2 / 3, abs=1e-6)
    assert (figures["slippage_of_spread"], figures["slippage_known"]) == (0.35, 1)
    assert figures["shortfall"]["shortfall"] == pytest.approx(14)
    assert figures["outcomes"] == {"PARTLY_FILLED": 1}
    assert (figures["should_fill"], figures["success_rate"]) == (0, None)
