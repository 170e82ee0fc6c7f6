"""Fills of the scenarios against one quote: their order, their bounds, and time at rest."""

import math
from typing import NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from autotrade_0dte.execution.fill_rules import (
    FillLook,
    Grant,
    ShownSize,
    Standing,
    WorkingOrder,
    granted,
    place,
    quarter,
)
from autotrade_0dte.execution.fills import (
    FillParams,
    FillScenario,
    FillScenarios,
    OptimisticFills,
    PessimisticFills,
)
from autotrade_0dte.execution.parent import Side

KIND_TO_HARSH = OptimisticFills(), FillParams(), PessimisticFills()
MINUTE = 60_000_000_000


@st.composite
def looks(draw: st.DrawFn) -> FillLook:
    tick = draw(st.sampled_from([1, 5, 10]))
    near = draw(st.integers(0, 60)) * tick
    far = draw(st.integers(0, 60)) * tick
    return FillLook(
        side=draw(st.sampled_from(Side)),
        limit=draw(st.integers(1, 70)) * tick,
        leaves=draw(st.integers(1, 40)),
        at_rest=draw(st.booleans()),
        near=near,
        far=far,
        near_size=draw(st.integers(0, 50)),
        far_size=draw(st.integers(0, 50)),
        tick=tick,
    )


@st.composite
def params_sets(draw: st.DrawFn) -> tuple[FillParams, FillParams]:
    """Two sets, the first nowhere harsher than the second."""

    def two(lowest: float, highest: float) -> tuple[float, float]:
        pair = [draw(st.floats(lowest, highest)) for _ in range(2)]
        return min(pair), max(pair)

    places, shares, queues = two(0, 1), two(0.01, 1), two(0, 1)
    ticks = sorted(draw(st.integers(0, 5)) for _ in range(2))
    return (
        FillParams(places[0], ticks[0], shares[1], queues[0]),
        FillParams(places[1], ticks[1], shares[0], queues[1]),
    )


def ahead_of(look: FillLook, params: FillParams) -> int:
    return math.ceil(params.queue_share * look.near_size)


@given(looks(), params_sets(), st.integers(0, 10), st.booleans(), st.booleans(), st.booleans())
def test_kinder_parameters_never_give_less_nor_at_a_worse_price(
    look: FillLook,
    both: tuple[FillParams, FillParams],
    taken: int,
    is_missed: bool,
    is_met: bool,
    also_kind_is_missed: bool,
) -> None:
    kind, harsh = both
    worse = granted(look, Standing(taken, ahead_of(look, harsh), is_missed, is_met), harsh)
    better = granted(
        look,
        Standing(taken, ahead_of(look, kind), is_missed and also_kind_is_missed, is_met),
        kind,
    )
    if worse is None or worse.quantity == 0:
        return
    assert better is not None
    assert better.quantity >= worse.quantity
    assert look.side.sign * (worse.price - better.price) >= 0


@given(looks(), st.sampled_from(KIND_TO_HARSH), st.integers(0, 60), st.booleans(), st.booleans())
def test_no_fill_is_beyond_the_limit_or_more_than_asked_or_shown(
    look: FillLook, params: FillParams, taken: int, is_missed: bool, is_met: bool
) -> None:
    standing = Standing(taken, ahead_of(look, params), is_missed, is_met)
    grant = granted(look, standing, params)
    if grant is None:
        return
    assert look.side.sign * (look.limit - grant.price) >= 0
    assert 0 <= grant.quantity <= look.leaves
    assert grant.quantity + grant.served + taken <= look.far_size
    assert grant.price % look.tick == 0
    assert grant.price > 0


@given(looks(), st.lists(st.integers(0, 2 * MINUTE), min_size=1, max_size=8))
def test_one_quote_gives_its_size_once_however_often_it_is_looked_at(
    look: FillLook, gaps: list[int]
) -> None:
    for params in KIND_TO_HARSH:
        shown, order, now, got = ShownSize(), WorkingOrder("order", params), 1, 0
        for gap in gaps:
            now += gap
            grant = order.look(now, look, shown)
            got += 0 if grant is None else grant.quantity
        assert got <= look.far_size


def buy(limit: int, near: int = 200, far: int = 220, **fields: object) -> FillLook:
    values: dict[str, object] = {
        "side": Side.BUY,
        "limit": limit,
        "leaves": 5,
        "at_rest": False,
        "near": near,
        "far": far,
        "near_size": 10.0,
        "far_size": 10.0,
        "tick": 1,
    }
    return FillLook(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "price"),
    [(OptimisticFills(), 215), (FillParams(), 220), (PessimisticFills(), 221)],
)
def test_order_that_takes_pays_three_quarters_of_the_spread_the_touch_or_a_tick_more(
    params: FillParams, price: int
) -> None:
    assert granted(buy(230), Standing(), params) == Grant(price, 5)
    sell = buy(190, near=220, far=200, side=Side.SELL)
    assert granted(sell, Standing(), params) == Grant(420 - price, 5)


def test_arriving_order_pays_on_average_the_place_that_is_believed() -> None:
    def price(number: int) -> int:
        order = WorkingOrder(f"order {number}", OptimisticFills())
        look = FillLook(Side.BUY, 205, 1, False, 200, 201, 10, 10, 1)
        grant = order.look(1, look, ShownSize())
        assert grant is not None
        return grant.price

    share = sum(price(number) == 201 for number in range(2_000)) / 2_000
    assert abs(share - 0.75) < 0.04  # four standard errors


def test_order_that_somebody_came_to_is_filled_though_the_quote_is_gone() -> None:
    look = FillLook(Side.BUY, 201, 1, True, 200, 201, 10, 10, 1)
    assert granted(look, Standing(is_missed=True), PessimisticFills()) is None
    met = Standing(is_missed=True, is_met=True)
    assert granted(look, met, PessimisticFills()) == Grant(201, 1)


def test_order_at_rest_has_no_luck_between_two_ticks() -> None:
    look = FillLook(Side.BUY, 200, 1, True, 200, 201, 10, 10, 1)
    assert granted(look, Standing(luck=0.01), OptimisticFills()) is None


def test_price_inside_the_spread_is_rounded_against_the_order() -> None:
    assert granted(buy(230, far=210), Standing(), OptimisticFills()) == Grant(208, 5)
    assert granted(buy(230, far=201), Standing(), OptimisticFills()) == Grant(201, 5)
    assert granted(buy(230, far=211), Standing(), OptimisticFills()) == Grant(209, 5)


def test_place_between_the_touches_is_counted_in_ticks() -> None:
    look = buy(400, near=300, far=345, tick=5)
    assert granted(look, Standing(luck=1.0), OptimisticFills()) == Grant(335, 5)  # 2.25 ticks off
    assert granted(look, Standing(luck=0.2), OptimisticFills()) == Grant(330, 5)
    assert granted(look, Standing(), PessimisticFills()) == Grant(350, 5)


def test_crossed_quote_is_taken_at_the_touch() -> None:
    assert granted(buy(230, near=210, far=200), Standing(), OptimisticFills()) == Grant(200, 5)


def test_size_without_a_price_gives_nothing() -> None:
    assert granted(buy(230, far=0), Standing(), FillParams()) is None


def test_last_tick_of_a_bid_cannot_be_undercut() -> None:
    look = buy(1, near=2, far=1, side=Side.SELL)
    assert granted(look, Standing(), PessimisticFills()) == Grant(1, 5)


def test_order_at_rest_is_filled_at_its_own_price_when_the_other_side_comes_through() -> None:
    look = buy(230, at_rest=True)
    assert granted(look, Standing(), FillParams()) == Grant(230, 5)


def test_queue_is_served_first_when_the_other_side_comes_to_the_limit_only() -> None:
    order, shown = WorkingOrder("order", FillParams()), ShownSize()
    assert order.look(1, buy(200, near_size=20.0, at_rest=True), shown) is None
    arrived = buy(200, near=199, far=200, far_size=8.0, at_rest=True)
    assert order.look(2, arrived, shown) is None  # 8 of the 10 ahead
    again = buy(200, near=199, far=200, far_size=5.0, at_rest=True)
    assert order.look(3, again, shown) == Grant(200, 3, 2)


def test_half_a_contract_of_the_queue_is_one_ahead() -> None:
    order, shown = WorkingOrder("order", FillParams(queue_share=0.5)), ShownSize()
    assert order.look(1, buy(200, near_size=7.0, at_rest=True), shown) is None
    arrived = buy(200, near=199, far=200, far_size=5.0, at_rest=True)
    assert order.look(2, arrived, shown) == Grant(200, 1, 4)


def test_queue_is_left_behind_when_the_other_side_comes_through() -> None:
    order, shown = WorkingOrder("order", FillParams()), ShownSize()
    assert order.look(1, buy(200, near_size=20.0, at_rest=True), shown) is None
    through = buy(200, near=198, far=199, far_size=4.0, at_rest=True)
    assert order.look(2, through, shown) == Grant(200, 4)


def test_what_the_queue_was_served_is_gone_for_every_order() -> None:
    first, second, shown = (
        WorkingOrder("first", FillParams()), WorkingOrder("second", FillParams()), ShownSize()
    )  # fmt: skip
    assert first.look(1, buy(200, near_size=20.0, at_rest=True), shown) is None
    arrived = {"near": 199, "far": 200, "far_size": 8.0}
    assert first.look(2, buy(200, at_rest=True, **arrived), shown) is None
    assert second.look(2, buy(210, **arrived), shown) is None


def test_share_of_a_size_is_whole_contracts_at_least_one_and_of_nothing_none() -> None:
    got = [
        granted(buy(230, far_size=size, leaves=20), Standing(), PessimisticFills())
        for size in (15.0, 1.0, 0.0)
    ]
    assert got == [Grant(221, 7), Grant(221, 1), None]


def test_limit_behind_the_best_price_is_met_by_nobody() -> None:
    assert granted(buy(200, at_rest=True), Standing(is_met=True), FillParams()) == Grant(200, 5)
    assert granted(buy(199, at_rest=True), Standing(is_met=True), FillParams()) is None


def test_every_fill_inside_the_spread_is_waited_for_anew() -> None:
    params = OptimisticFills(taker_place=1, inside_per_minute=(6.0, 6.0, 6.0, 6.0))
    order, shown, second = WorkingOrder("order", params), ShownSize(), MINUTE // 60
    looks = (buy(210, at_rest=True, leaves=1, far_size=10.0 + n % 2) for n in range(3_600))
    fills = sum(order.look(n * second, look, shown) is not None for n, look in enumerate(looks))
    assert abs(fills - 360) < 4 * math.sqrt(360)


def test_fill_by_the_quotes_takes_nothing_from_what_was_waited_inside_the_spread() -> None:
    def second_of_fill(*, meets: bool) -> int:
        params = OptimisticFills(taker_place=1, inside_per_minute=(6.0, 6.0, 6.0, 6.0))
        order, shown = WorkingOrder("5", params), ShownSize()
        quotes = [buy(210, at_rest=True)] * 600
        if meets:
            quotes[1] = buy(210, far=209, far_size=2.0, at_rest=True)
        got = [order.look(n * MINUTE // 60, look, shown) for n, look in enumerate(quotes)]
        if meets:
            assert got[1] == Grant(210, 2)
        return next(n for n, grant in enumerate(got) if grant is not None and n > 1)

    alone, met = second_of_fill(meets=False), second_of_fill(meets=True)
    assert met == alone + 1 > 5  # at the touch nothing is waited for


def test_time_behind_the_best_price_is_not_waited() -> None:
    params = OptimisticFills(taker_place=1, inside_per_minute=(0.001, 0.0, 0.0, 0.0))
    order, shown = WorkingOrder("order", params), ShownSize()
    looks = (buy(199 if n < 100 else 200, near=200, at_rest=True) for n in range(110))
    assert not any(order.look(n * MINUTE, look, shown) for n, look in enumerate(looks))


def test_time_without_a_look_counts_for_a_minute_at_most() -> None:
    name = next(
        n for n in map(str, range(99)) if time_to_fill(n, MINUTE // 60, 210, 1) > 2 * MINUTE
    )
    params = OptimisticFills(taker_place=1, inside_per_minute=(1.0, 1.0, 1.0, 1.0))
    order, shown = WorkingOrder(name, params), ShownSize()
    assert order.look(1, buy(210, at_rest=True), shown) is None
    assert order.look(60 * MINUTE, buy(210, at_rest=True), shown) is None


def filled_in_time(quotes: list[tuple[int, int, int, int]], params: FillParams) -> list[int]:
    """Contracts that a resting buy at 200 has got after each quote, a second apart."""
    order, shown = WorkingOrder("order", params), ShownSize()
    got, leaves = [], 20
    for second, (near, far, near_size, far_size) in enumerate(quotes, start=1):
        look = FillLook(Side.BUY, 200, leaves, True, near, far, near_size, far_size, 1)
        grant = order.look(second * 1_000_000_000, look, shown) if leaves else None
        leaves -= 0 if grant is None else grant.quantity
        got.append(20 - leaves)
    return got


prices_and_sizes = st.tuples(
    st.integers(195, 203), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40)
).map(lambda q: (q[0], q[0] + q[1], q[2], q[3]))


@given(st.lists(prices_and_sizes, max_size=60))
def test_resting_order_never_has_more_at_any_time_under_a_harsher_belief(
    quotes: list[tuple[int, int, int, int]],
) -> None:
    reached = [quote for quote in quotes if quote[0] <= 200]  # the engine shows no others
    kind, base, harsh = (filled_in_time(reached, params) for params in KIND_TO_HARSH)
    assert all(a >= b >= c for a, b, c in zip(kind, base, harsh, strict=True))


class Life(NamedTuple):
    """What an order of 20 contracts meets: whether it came to rest, and its looks.

    A look has seconds since the last, ticks that the limit is moved, the quote, and its sizes.
    """

    name: int
    side: Side
    rests: bool
    looks: list[tuple[int, int, tuple[int, int, int, int]]]


lives = st.builds(
    Life,
    st.integers(0, 10_000),
    st.sampled_from(Side),
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from([1, 7, 60]), st.sampled_from([0, 0, 0, 1]), prices_and_sizes),
        max_size=20,
    ),
)


def filled_over(life: Life, params: FillParams) -> list[int]:
    """Contracts that the order has got after each look; it begins at 198, a sale mirrored.

    No limit is moved on a quote that stands: what it served to a queue only one belief has had.
    """
    order, shown = WorkingOrder(f"order {life.name}", params), ShownSize()
    got, leaves, limit, now_s = [], 20, 198, 0
    for gap_s, ticks, (near, far, near_size, far_size) in life.looks:
        now_s, limit = now_s + gap_s, limit + ticks
        if leaves and near <= limit:  # the engine shows no others
            prices = (limit, near, far)
            own, first, other = prices if life.side is Side.BUY else (400 - p for p in prices)
            sizes = near_size, far_size + 50 * (limit - 198)
            look = FillLook(life.side, own, leaves, life.rests, first, other, *sizes, tick=1)
            grant = order.look(now_s * 1_000_000_000, look, shown)
            leaves -= 0 if grant is None else grant.quantity
        got.append(20 - leaves)
    return got


@given(lives)
@settings(max_examples=200)
def test_order_that_arrives_waits_and_is_moved_never_has_more_under_a_harsher_belief(
    life: Life,
) -> None:
    kind, base, harsh = (filled_over(life, params) for params in KIND_TO_HARSH)
    assert all(a >= b >= c for a, b, c in zip(kind, base, harsh, strict=True))


def test_time_at_the_touch_fills_no_limit_that_the_quotes_have_left_inside_the_spread() -> None:
    order, shown = WorkingOrder("order", PessimisticFills(missed=0)), ShownSize()
    at_touch = buy(200, near=198, far=200, near_size=0.0, at_rest=True)
    assert order.look(1, at_touch, shown) is None
    # Six fills a minute are waited for at the touch, none within the spread.
    left = (order.look(n * MINUTE, buy(200, near=198, far=203), shown) for n in range(1, 60))
    assert not any(left)
    assert order.look(60 * MINUTE, at_touch, shown) == Grant(200, 5)


ASK_COMES_DOWN = [(199, 200, 500, 5 + second % 2) for second in range(200)]


def test_queue_is_ahead_also_where_a_fill_takes_place_beyond_the_touch() -> None:
    met = {"ticks_beyond": 1, "touch_per_minute": 6_000.0, "missed": 0.0}
    none = filled_in_time(ASK_COMES_DOWN, FillParams(queue_share=0, **met))
    whole = filled_in_time([(200, 201, 500, 5), *ASK_COMES_DOWN], FillParams(queue_share=1, **met))
    assert none[30] == 20
    assert (whole[80], whole[-1]) == (0, 20)


def test_order_that_waited_behind_the_best_price_has_a_queue_ahead() -> None:
    got = filled_in_time(ASK_COMES_DOWN, FillParams(queue_share=0.5))
    assert got.index(20) > 250 / 6


def test_new_limit_at_the_touch_takes_and_what_it_leaves_is_at_rest() -> None:
    order, shown = WorkingOrder("order", FillParams()), ShownSize()

    def look(limit: int, far: int, leaves: int) -> Grant | None:
        quote = FillLook(Side.BUY, limit, leaves, True, far - 2, far, 50, 6, 1)
        return order.look(1, quote, shown)

    assert look(199, 200, 10) is None
    assert look(201, 200, 10) == Grant(200, 6)
    assert look(201, 199, 4) == Grant(201, 4)


def test_base_does_not_wait_for_luck_at_the_touch() -> None:
    calm = filled_in_time(ASK_COMES_DOWN, FillParams(touch_per_minute=0))
    assert filled_in_time(ASK_COMES_DOWN, FillParams()) == calm


def test_limit_that_betters_the_best_price_has_nobody_ahead() -> None:
    order, shown = WorkingOrder("order", PessimisticFills()), ShownSize()
    assert order.look(1, buy(205, at_rest=True), shown) is None
    through = buy(205, near=203, far=204, at_rest=True)
    grant = order.look(2, through, shown)
    assert grant in {None, Grant(205, 5)}  # one quote in ten is missed
    base = WorkingOrder("order", FillParams())
    base.look(1, buy(205, at_rest=True), ShownSize())
    assert base.look(2, buy(205, near=204, far=205, at_rest=True), ShownSize()) == Grant(205, 5)


def test_base_never_fills_inside_the_spread() -> None:
    order, shown = WorkingOrder("order", FillParams()), ShownSize()
    assert all(order.look(n * MINUTE, buy(210, at_rest=True), shown) is None for n in range(300))


def time_to_fill(name: str, step_ns: int, limit: int, rate: float = 6.0) -> int:
    rates = (rate / 4, rate / 2, rate, rate)
    order, shown = (
        WorkingOrder(name, OptimisticFills(taker_place=1, inside_per_minute=rates)),
        ShownSize(),
    )
    now = 1
    while order.look(now, buy(limit, at_rest=True), shown) is None:
        now += step_ns
    return now


@pytest.mark.parametrize(("limit", "per_minute"), [(201, 1.5), (205, 3.0), (210, 6.0), (219, 6.0)])
def test_mean_time_to_a_fill_inside_the_spread_is_that_of_its_quarter(
    limit: int, per_minute: float
) -> None:
    step_ns = round(MINUTE / per_minute / 50)
    times = [time_to_fill(f"order {n}", step_ns, limit) / MINUTE for n in range(2_000)]
    mean = sum(times) / len(times)
    # Exponential: four standard errors of the mean, and half a step of the looks.
    assert (
        abs(mean - 1 / per_minute) < 4 / per_minute / math.sqrt(len(times)) + step_ns / 2 / MINUTE
    )


@given(st.integers(0, 50), st.integers(1, 5_000))
def test_time_of_a_fill_does_not_depend_on_how_often_it_was_looked(
    number: int, step_ms: int
) -> None:
    often = time_to_fill(f"order {number}", 1_000_000, 210, rate=300.0)
    seldom = time_to_fill(f"order {number}", step_ms * 1_000_000, 210, rate=300.0)
    assert often - 1_000_000 < seldom < often + step_ms * 1_000_000


def test_draws_depend_on_the_name_alone() -> None:
    assert time_to_fill("a", 1_000_000, 210) == time_to_fill("a", 1_000_000, 210)
    assert time_to_fill("a", 1_000_000, 210) != time_to_fill("b", 1_000_000, 210)


def test_share_of_quotes_that_are_missed_is_that_of_the_parameters() -> None:
    params = PessimisticFills()
    met = [
        WorkingOrder(f"order {n}", params).look(1, buy(230), ShownSize()) is not None
        for n in range(4_000)
    ]
    assert abs(1 - sum(met) / len(met) - params.missed) < 4 * math.sqrt(0.1 * 0.9 / len(met))


def test_missed_quote_is_missed_until_another_comes() -> None:
    name = next(
        name
        for name in (f"order {n}" for n in range(200))
        if WorkingOrder(name, PessimisticFills()).look(1, buy(230), ShownSize()) is None
    )
    order, shown = WorkingOrder(name, PessimisticFills()), ShownSize()
    assert all(order.look(n, buy(230), shown) is None for n in range(1, 20))
    others = [order.look(20 + n, buy(230, far_size=11.0 + n), shown) for n in range(10)]
    assert any(others)


def test_missed_quote_is_no_other_when_its_other_side_moves_or_time_passes() -> None:
    params = FillParams(missed=0.9)
    order, shown = WorkingOrder("order 1", params), ShownSize()
    looks = [buy(220, near=200 - n, near_size=9.0 + n) for n in range(60)]
    assert not any(order.look(n * MINUTE, look, shown) for n, look in enumerate(looks))


def test_quote_of_another_price_is_a_new_one_whatever_the_other_side_does() -> None:
    order, shown = WorkingOrder("order", FillParams()), ShownSize()
    assert order.look(1, buy(230, far=220, leaves=30), shown) == Grant(220, 10)
    assert order.look(2, buy(230, far=220, near=190, leaves=20), shown) is None
    assert order.look(3, buy(230, far=219, near=190, leaves=20), shown) == Grant(230, 10)


@pytest.mark.parametrize(("near", "far"), [(0, 220), (200, 0), (220, 220), (221, 220)])
def test_place_is_unknown_without_two_prices_or_where_they_lock_or_cross(
    near: int, far: int
) -> None:
    assert math.isnan(place(buy(210, near=near, far=far)))
    assert place(buy(2, near=1, far=3)) == 0.5


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.sampled_from(Side))
def test_place_is_0_at_the_own_side_and_1_at_the_other(
    near: int, far: int, limit: int, side: Side
) -> None:
    look = buy(limit, near=near, far=far, side=side)
    where = place(look)
    if side.sign * (far - near) <= 0:
        assert math.isnan(where)
        return
    assert (where == 0) == (limit == near)
    assert (where == 1) == (limit == far)
    assert (quarter(where) is not None) == (0 <= where < 1)


def test_scenarios_in_the_wrong_order_are_refused_with_the_parameter() -> None:
    with pytest.raises(
        ValueError, match=r"pessimistic.size_share .*base.size_share \(0.4\), was 0.5"
    ):
        FillScenarios(base=FillParams(size_share=0.4))
    with pytest.raises(ValueError, match=r"base.inside_per_minute no kinder than optimistic"):
        FillScenarios(base=FillParams(inside_per_minute=(0, 0, 0, 31.0)))


def test_each_scenario_has_its_own_parameters() -> None:
    scenarios = FillScenarios()
    assert [scenarios.of(name) for name in FillScenario] == list(KIND_TO_HARSH)
