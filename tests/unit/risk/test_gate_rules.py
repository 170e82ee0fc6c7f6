"""What the gate counts and what it leaves out: unknowns, modes, second legs, the order itself."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from gate_world import (
    CALL,
    FACTS,
    HIGHER,
    MINE,
    NOW_NS,
    NS,
    PICTURE,
    PUT,
    QUOTE,
    SAME_STRATEGY,
    THEIRS,
    World,
    book,
    chain_of,
    contract,
    limits,
    losing,
    order,
)
from quoted_chain import EXPIRY_NS, QuotedChain

from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.products import product
from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.limits import Betas, DayTradePolicy, LimitParams, tightened
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import UNKNOWN, DayCounters

OFF = limits(
    order={
        "max_notional_usd": math.inf, "max_age_s": math.inf, "max_spread_ticks": math.inf,
        "collar_ticks": math.inf,
    },
    portfolio={
        "max_capital_fraction": math.inf, "max_worst_loss_fraction": math.inf,
        "max_delta_usd": math.inf, "max_gamma_usd": math.inf, "max_vega_usd": math.inf,
        "max_theta_usd": math.inf,
    },
    correlation={"max_beta_delta_usd": math.inf},
)  # fmt: skip


def reason_of(world: World) -> DenyReason | None:
    denial = world.verdict()
    return None if denial is None else denial.reason


def quote(**changes: float) -> Any:
    return msgspec.structs.replace(QUOTE, **changes)


def picture(**changes: Any) -> Any:
    return msgspec.structs.replace(PICTURE, **changes)


def facts(**changes: Any) -> Any:
    return msgspec.structs.replace(FACTS, **changes)


BLIND = {"quote": quote(bid=math.nan, ask=math.nan, age_s=math.nan, fair=math.nan, spot=math.nan)}


# -- what is not known --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"order": order(price=math.nan)}, DenyReason.NO_PRICE_LIMIT),
        ({"order": order(price=math.inf)}, DenyReason.NO_PRICE_LIMIT),
        ({"order": order(fee_usd=math.nan)}, DenyReason.ORDER_PREMIUM),
        ({"quote": quote(spot=math.nan)}, DenyReason.ORDER_NOTIONAL),
        ({"quote": quote(age_s=math.nan)}, DenyReason.QUOTE_AGE),
        ({"quote": quote(bid=math.nan)}, DenyReason.SPREAD),
        ({"quote": quote(ask=math.nan)}, DenyReason.SPREAD),
        ({"quote": quote(ask=0.0)}, DenyReason.SPREAD),
        ({"exposure": book(cash=math.nan)}, DenyReason.PREMIUM_EXCEEDS_CASH),
        ({"exposure": book(buying_power=math.nan)}, DenyReason.PREMIUM_EXCEEDS_CASH),
        ({"picture": picture(equity=math.nan)}, DenyReason.CAPITAL_USE),
        ({"chain": None}, DenyReason.NET_DELTA),
        ({"chain": chain_of(delta=math.nan)}, DenyReason.NET_DELTA),
        ({"chain": chain_of(gamma=math.nan)}, DenyReason.NET_GAMMA),
        ({"chain": chain_of(vega=math.nan)}, DenyReason.NET_VEGA),
        ({"chain": chain_of(theta=math.nan)}, DenyReason.NET_THETA),
        ({"order": order(contract=contract(700.0))}, DenyReason.NET_DELTA),
        ({"others": {"QQQ": math.nan}}, DenyReason.BETA_DELTA),
        ({"worst_loss": losing(math.nan)}, DenyReason.SCENARIO_LOSS),
    ],
)  # fmt: skip
def test_unknown_figure_refuses_where_a_limit_needs_it(world: Any, reason: DenyReason) -> None:
    assert reason_of(World(**world)) is reason


def test_limit_that_is_off_needs_no_figure() -> None:
    unknown = picture(equity=math.nan)
    world = World(
        limits=OFF, chain=None, picture=unknown, worst_loss=losing(math.nan),
        others={"QQQ": math.nan}, **BLIND,
    )  # fmt: skip
    assert world.verdict() is None


@pytest.mark.parametrize("greek", ["delta", "gamma", "vega", "theta"])
def test_unknown_greek_is_no_matter_where_its_limits_are_off(greek: str) -> None:
    world = World(chain=chain_of(**{greek: math.nan}), limits=OFF)
    assert world.verdict() is None


def test_delta_over_all_underlyings_moves_as_the_own_one_does() -> None:
    """200 shares' worth at half a delta and 600 dollars, for an index that moves twice as much."""
    correlation = {"max_beta_delta_usd": 1_199.0, "betas": Betas(SPY=2.0)}
    denial = World(chain=chain_of(delta=0.5), limits=limits(correlation=correlation)).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.BETA_DELTA
    assert denial.figures["beta_delta_usd"] == pytest.approx(1_200.0)


def test_fair_value_is_needed_only_where_it_is_said_to_be() -> None:
    world = World(quote=quote(fair=math.nan))
    assert world.verdict() is None
    world.limits = limits(order={"needs_fair_value": True})
    assert reason_of(world) is DenyReason.COLLAR_FAIR


def test_before_the_controller_has_spoken_the_account_forbids_nothing() -> None:
    assert World(picture=UNKNOWN, worst_loss=losing(1e9)).verdict() is None


@pytest.mark.parametrize("policy", [DayTradePolicy.LEGACY_PDT, DayTradePolicy.INTRADAY_MARGIN])
def test_rule_on_day_trades_needs_the_account(policy: DayTradePolicy) -> None:
    rule = {"day_trades": policy, "pdt_day_trades_before": 3}
    reasons = {
        DayTradePolicy.LEGACY_PDT: DenyReason.DAY_TRADES,
        DayTradePolicy.INTRADAY_MARGIN: DenyReason.INTRADAY_MARGIN,
    }
    assert reason_of(World(limits=limits(account=rule), picture=UNKNOWN)) is reasons[policy]


def test_unknown_spot_refuses_near_the_close() -> None:
    for lead_s, reason in ((900, DenyReason.PIN_ZONE), (7_200, DenyReason.EXERCISE_NOT_FUNDED)):
        now_ns = EXPIRY_NS - lead_s * NS
        world = World(limits=OFF, quote=quote(spot=math.nan), now_ns=now_ns)
        world.exposure = book(cash=1_000.0)
        assert reason_of(world) is reason


def test_contracts_outside_the_chain_are_not_in_its_greeks() -> None:
    outside = contract(400.0)
    assert World(exposure=book((outside, 40, 0.1, THEIRS))).verdict() is None


# -- modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [RiskMode.HALT_ENTRIES, RiskMode.FLATTEN, RiskMode.KILLED])
def test_nothing_is_opened_from_halt_on_not_even_a_second_leg(mode: RiskMode) -> None:
    halted = picture(mode=mode)
    assert reason_of(World(picture=halted)) is DenyReason.HALTED
    short_leg = order(contract=HIGHER, quantity=-2)
    world = World(order=short_leg, exposure=book((CALL, 2, 2.0, MINE)), picture=halted)
    assert reason_of(world) is DenyReason.HALTED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order": {"max_contracts": 3}}, DenyReason.ORDER_CONTRACTS),
        ({"order": {"max_premium_usd": 800.0}}, DenyReason.ORDER_PREMIUM),
        ({"order": {"max_notional_usd": 239_000.0}}, DenyReason.ORDER_NOTIONAL),
        ({"position": {"max_series_contracts": 3}}, DenyReason.SERIES_CONTRACTS),
        ({"position": {"max_cluster_contracts": 3}}, DenyReason.CLUSTER_CONTRACTS),
        ({"position": {"max_strategy_premium_usd": 800.0}}, DenyReason.STRATEGY_PREMIUM),
        ({"position": {"max_track_premium_usd": 800.0}}, DenyReason.TRACK_PREMIUM),
        ({"portfolio": {"max_premium_usd": 800.0}}, DenyReason.PREMIUM_AT_RISK),
        ({"portfolio": {"max_capital_fraction": 0.008}}, DenyReason.CAPITAL_USE),
        ({"portfolio": {"max_delta_usd": 1_199.0}}, DenyReason.NET_DELTA),
        ({"portfolio": {"max_gamma_usd": 1_439.0}}, DenyReason.NET_GAMMA),
        ({"portfolio": {"max_vega_usd": 31.0}}, DenyReason.NET_VEGA),
        ({"portfolio": {"max_theta_usd": 399.0}}, DenyReason.NET_THETA),
        ({"correlation": {"max_beta_delta_usd": 1_199.0}}, DenyReason.BETA_DELTA),
        ({"portfolio": {"max_worst_loss_fraction": 0.0199}}, DenyReason.SCENARIO_LOSS),
    ],
)
def test_tightened_limits_of_size_are_half_as_large(change: Any, reason: DenyReason) -> None:
    world = World(
        limits=limits(**change),
        chain=chain_of(delta=0.5, gamma=0.1, vega=8.0, theta=-8_760.0),
        worst_loss=losing(500.0),
    )
    assert world.verdict() is None
    world.picture = picture(mode=RiskMode.TIGHTEN)
    assert reason_of(world) is reason


def test_tightening_leaves_one_contract_and_all_that_is_no_size() -> None:
    tight = tightened(limits(order={"max_contracts": 1}))
    assert tight.order.max_contracts == 1
    usual = LimitParams()
    assert tight.session == usual.session
    assert tight.account == usual.account
    assert tight.expiry == usual.expiry
    assert tight.order.max_age_s == usual.order.max_age_s
    assert tight.portfolio.max_entries == usual.portfolio.max_entries


# -- the order itself, and the second leg of its plan -------------------------------------------


def test_order_judged_anew_does_not_count_against_itself() -> None:
    tight = limits(
        order={"max_orders_a_minute": 1},
        position={
            "max_series_contracts": 2, "max_cluster_contracts": 2, "max_strategy_plans": 1,
            "max_track_plans": 1, "max_strategy_premium_usd": 403.0,
            "max_track_premium_usd": 403.0,
        },
        portfolio={"max_premium_usd": 403.0, "max_entries": 1, "max_delta_usd": 700.0},
    )  # fmt: skip
    exposure = book(working=(order(),), cash=403.0, sent_ns=NOW_NS)
    assert World(limits=tight, exposure=exposure, chain=chain_of(delta=0.5)).verdict() is None


def test_order_that_carries_on_another_takes_its_reserve() -> None:
    exposure = book(working=(order(order_id="O-0"),), cash=403.0)
    assert reason_of(World(exposure=exposure)) is DenyReason.PREMIUM_EXCEEDS_CASH
    assert World(exposure=exposure, order=order(replaces="O-0")).verdict() is None


def test_binary_dust_does_not_refuse_what_the_cash_pays() -> None:
    dear = order(quantity=3, price=0.1, fee_usd=0.0)
    assert dear.cost_usd > 30.0
    near = quote(bid=0.09, ask=0.1, fair=0.1)
    assert World(order=dear, quote=near, exposure=book(cash=30.0)).verdict() is None


def test_buying_power_below_the_cash_is_what_may_be_spent() -> None:
    assert reason_of(World(exposure=book(buying_power=402.0))) is DenyReason.PREMIUM_EXCEEDS_CASH
    assert World(exposure=book(buying_power=403.0)).verdict() is None


def test_second_leg_of_an_open_plan_is_no_entry() -> None:
    short_leg = order(contract=HIGHER, quantity=-2)
    world = World(
        order=short_leg,
        exposure=book((CALL, 2, 2.0, MINE)),
        now_ns=EXPIRY_NS - 299 * NS,
        facts=facts(exercise_test_ns=None, open_ns=EXPIRY_NS - 310 * NS),
        quote=quote(spot=605.0),
        picture=picture(
            counters=DayCounters(entries=99, losses_in_row=99, last_loss_ns=EXPIRY_NS),
            equity=1_000.0,
        ),
        limits=limits(
            position={"max_strategy_plans": 1, "max_track_plans": 1},
        ),
    )
    assert world.verdict() is None
    world.order = msgspec.structs.replace(short_leg, owner=SAME_STRATEGY)
    assert reason_of(world) is DenyReason.TOO_EARLY


@pytest.mark.parametrize(
    ("asked", "held", "passes"),
    [
        (order(), (), True),
        (order(contract=HIGHER, quantity=-2), ((CALL, 2, 2.0, MINE),), True),
        (order(contract=HIGHER, quantity=-2), ((CALL, 2, 2.0, MINE), (PUT, 1, 2.0, THEIRS)), False),
        (order(quantity=1), ((CALL, 2, 2.0, MINE), (PUT, 1, 2.0, THEIRS)), True),
        (order(), ((PUT, 2, 2.0, THEIRS), (HIGHER, 1, 1.0, THEIRS)), False),
    ],
    ids=["first", "second leg", "a third contract", "more of the same", "both legs of another"],
)
def test_each_contract_of_a_plan_is_one_day_trade(asked: Any, held: Any, *, passes: bool) -> None:
    rule = {"day_trades": DayTradePolicy.LEGACY_PDT, "pdt_max_day_trades": 2}
    poor = picture(equity=20_000.0)
    verdict = reason_of(
        World(order=asked, exposure=book(*held), limits=limits(account=rule), picture=poor)
    )
    assert verdict is (None if passes else DenyReason.DAY_TRADES)


def test_intraday_margin_counts_other_buys_at_work_and_not_the_order_itself() -> None:
    rule = {"day_trades": DayTradePolicy.INTRADAY_MARGIN}
    carries = picture(equity=2_403.0, premium_usd=2_000.0)
    world = World(limits=limits(account=rule), picture=carries, exposure=book(working=(order(),)))
    assert world.verdict() is None
    theirs = order(order_id="O-0", contract=PUT, quantity=1, price=0.01, fee_usd=0.0, owner=THEIRS)
    world.exposure = book(working=(order(), theirs))
    assert reason_of(world) is DenyReason.INTRADAY_MARGIN


def test_buy_in_an_open_plan_is_an_entry_still() -> None:
    world = World(exposure=book((CALL, 2, 2.0, MINE)), now_ns=EXPIRY_NS - 299 * NS)
    world.facts = facts(exercise_test_ns=None)
    assert reason_of(world) is DenyReason.TOO_LATE


def test_plans_that_nobody_tells_the_controller_of_are_entries_too() -> None:
    exposure = book((CALL, 1, 2.0, THEIRS), (CALL, -1, 2.0, THEIRS), (PUT, 1, 2.0, SAME_STRATEGY))
    world = World(exposure=exposure, limits=limits(portfolio={"max_entries": 3}))
    assert world.verdict() is None
    world.limits = limits(portfolio={"max_entries": 2})
    assert reason_of(world) is DenyReason.ENTRIES_A_DAY


def test_buying_a_short_leg_back_is_no_entry_of_its_plan() -> None:
    exposure = book((HIGHER, -2, 1.0, THEIRS), (HIGHER, 1, 1.0, THEIRS))
    assert exposure.entered == set()


def test_short_leg_does_not_widen_what_is_beyond_its_limit() -> None:
    world = World(
        order=order(contract=HIGHER, quantity=-2),
        exposure=book((CALL, 2, 2.0, MINE)),
        chain=chain_of(delta=0.5, gamma=0.1, vega=8.0, theta=-8_760.0),
        limits=limits(
            portfolio={
                "max_delta_usd": 1.0, "max_gamma_usd": 1.0, "max_vega_usd": 1.0,
                "max_theta_usd": 1.0,
            },
            correlation={"max_beta_delta_usd": 1.0},
        ),
        worst_loss=lambda _row, quantity, *_: 30_000.0 + quantity,
    )  # fmt: skip
    assert world.verdict() is None
    world.worst_loss = lambda _row, quantity, *_: 30_000.0 - quantity
    assert reason_of(world) is DenyReason.SCENARIO_LOSS


def test_orders_at_work_count_where_they_make_a_greek_larger() -> None:
    chain = chain_of(delta=0.5)
    bounded = limits(portfolio={"max_delta_usd": 1_200.0})
    buying = order(order_id="O-0", contract=PUT, owner=THEIRS)
    selling = order(order_id="O-0", contract=PUT, quantity=-2, owner=THEIRS)
    for exposure, reason in (
        (book((PUT, 2, 2.0, THEIRS), working=(buying,)), DenyReason.NET_DELTA),
        (book((PUT, 2, 2.0, THEIRS), working=(selling,)), None),
        (book((PUT, 3, 2.0, THEIRS), working=(selling,)), DenyReason.NET_DELTA),
    ):
        assert reason_of(World(chain=chain, limits=bounded, exposure=exposure)) is reason


def test_cheaper_vertical_holds_less_premium() -> None:
    bounded = limits(portfolio={"max_premium_usd": 603.0})
    vertical = book((CALL, 2, 2.0, THEIRS), (HIGHER, -2, 1.0, THEIRS))
    assert World(limits=bounded, exposure=vertical).verdict() is None
    single = book((CALL, 2, 2.0, THEIRS))
    assert reason_of(World(limits=bounded, exposure=single)) is DenyReason.PREMIUM_AT_RISK


@pytest.mark.parametrize(
    ("other", "passes"),
    [
        (PUT, False),
        (contract(is_call=False, name="XSP", root="XSP"), True),
        (contract(is_call=False, name="later", expiry=CALL.expiry.replace(day=20)), True),
    ],
    ids=["of the chain", "root", "expiry"],
)
def test_strikes_of_another_root_or_expiry_are_no_neighbours(other: Any, *, passes: bool) -> None:
    bounded = limits(position={"max_cluster_contracts": 4})
    verdict = reason_of(World(limits=bounded, exposure=book((other, 3, 0.1, THEIRS))))
    assert verdict is (None if passes else DenyReason.CLUSTER_CONTRACTS)


# -- the last day -------------------------------------------------------------------------------

LATE = {"now_ns": EXPIRY_NS - 7_000 * NS}


def test_exercise_is_no_matter_in_a_session_that_flattens_unless_said_so() -> None:
    flattened = facts(flatten_ns=EXPIRY_NS - 900 * NS)
    assert World(**LATE).verdict() is not None
    assert World(**LATE, facts=flattened).verdict() is None
    strict = limits(expiry={"flattened_is_exempt": False})
    world = World(**LATE, facts=flattened, limits=strict)
    assert reason_of(world) is DenyReason.EXERCISE_NOT_FUNDED


def test_strike_at_the_edge_of_the_pin_zone_is_in_it() -> None:
    late = {"now_ns": EXPIRY_NS - 600 * NS, "facts": facts(exercise_test_ns=None)}
    narrow = limits(expiry={"pin_fraction": 0.0})
    assert reason_of(World(**late, limits=narrow)) is DenyReason.PIN_ZONE
    assert World(**late, limits=narrow, quote=quote(spot=600.01)).verdict() is None


def test_option_far_out_of_the_money_is_not_exercised() -> None:
    assert World(order=order(contract=contract(602.0)), **LATE).verdict() is None
    near = order(contract=contract(601.0))
    assert reason_of(World(order=near, **LATE)) is DenyReason.EXERCISE_NOT_FUNDED


def test_legs_of_a_spread_net_at_exercise() -> None:
    held = book((contract(595.0), 2, 6.0, MINE), cash=5_000.0)
    short_leg = order(contract=contract(599.0), quantity=-2)
    world = World(order=short_leg, exposure=held, **LATE)
    assert world.verdict() is None


def test_put_needs_shares_or_the_right_to_be_short_of_them() -> None:
    put = order(contract=PUT)
    denial = World(order=put, **LATE).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.EXERCISE_NOT_FUNDED
    assert denial.figures["shares_after"] == -200
    assert World(order=put, facts=facts(can_short_shares=True), **LATE).verdict() is None


def test_buy_at_work_is_taken_to_be_exercised_too() -> None:
    one = order(quantity=1)
    at_work = order(order_id="O-0", contract=contract(599.0), quantity=1, owner=THEIRS)
    exposure = book(working=(at_work,), cash=100_000.0)
    assert World(order=one, **LATE).verdict() is None
    world = World(order=one, exposure=exposure, **LATE)
    assert reason_of(world) is DenyReason.EXERCISE_NOT_FUNDED


def test_theta_near_the_close_is_for_what_is_left_of_the_day() -> None:
    five_minutes = msgspec.structs.replace(
        chain_of(theta=-8_760.0),
        ts_event=EXPIRY_NS - 300 * NS,
        years=300 / (365 * 86_400),
    )
    bounded = limits(portfolio={"max_theta_usd": 16.67})
    assert World(chain=five_minutes, limits=bounded).verdict() is None
    less = limits(portfolio={"max_theta_usd": 16.66})
    assert reason_of(World(chain=five_minutes, limits=less)) is DenyReason.NET_THETA


@pytest.mark.parametrize("left_s", [3_600, 900, 300, 60, 30, 10, 5])
def test_gamma_limit_allows_fewer_contracts_the_nearer_the_close_is(left_s: int) -> None:
    now_ns, years = EXPIRY_NS - left_s * NS, left_s / (365 * 86_400)
    made = QuotedChain(range(590, 611), vol=0.12, half_spread=0.0001)
    made.quote(0.12, 600.0, now_ns)
    chain = made.book.snapshot(now_ns, 600.0)
    priced = price_and_greeks(0.12, 600.0, np.array([600.0]), years, 0.04, np.array([True]))
    a_contract = float(priced.gamma[0]) * 100 * 6.0**2
    most = int(100_000.0 / a_contract)
    world = World(
        order=order(quantity=most, price=2.0),
        chain=chain,
        now_ns=now_ns,
        facts=facts(exercise_test_ns=None),
        limits=limits(
            order={"max_contracts": 1_000, "max_notional_usd": math.inf},
            position={"max_series_contracts": 1_000, "max_cluster_contracts": 1_000},
            portfolio={"max_delta_usd": math.inf},
            correlation={"max_beta_delta_usd": math.inf},
            session={"last_entry_before_close_s": 0.0},
            expiry={"pin_before_close_s": 0.0},
        ),
    )
    assert world.verdict() is None
    world.order = order(quantity=most + 1, price=2.0)
    assert reason_of(world) is DenyReason.NET_GAMMA


@pytest.mark.parametrize(
    ("changes", "is_duplicate"),
    [
        ({}, True),
        ({"quantity": 3}, False),
        ({"price": 1.99}, False),
        ({"contract": PUT}, False),
        ({"owner": THEIRS}, False),
        ({"replaces": "O-0"}, False),
    ],
    ids=["the same", "quantity", "price", "contract", "strategy", "the rest of it"],
)
def test_only_the_same_order_of_one_strategy_is_a_duplicate(
    changes: Any, *, is_duplicate: bool
) -> None:
    exposure = book(working=(order(order_id="O-0", owner=SAME_STRATEGY),), sent_ns=NOW_NS)
    denial = reason_of(World(order=order(**changes), exposure=exposure))
    assert (denial is DenyReason.DUPLICATE) == is_duplicate


def test_sale_below_the_bid_by_more_than_the_collar_is_refused() -> None:
    exposure = book((CALL, 2, 2.0, MINE))
    low = order(contract=HIGHER, quantity=-2, price=0.90)
    fair = quote(fair=math.nan)
    assert reason_of(World(order=low, exposure=exposure, quote=fair)) is DenyReason.COLLAR_QUOTE
    fair = msgspec.structs.replace(fair, bid=1.0, ask=1.04)
    assert World(order=low, exposure=exposure, quote=fair).verdict() is None
    worth = msgspec.structs.replace(fair, fair=2.0)
    assert reason_of(World(order=low, exposure=exposure, quote=worth)) is DenyReason.COLLAR_FAIR


def test_ticks_of_an_index_option_grow_with_its_price() -> None:
    spxw = facts(product=product("SPXW"))
    for price, passes in ((2.95, True), (2.97, False), (3.00, True), (3.05, False), (3.10, True)):
        near = quote(bid=price - 0.05, ask=price, fair=price)
        verdict = reason_of(World(order=order(price=price), quote=near, facts=spxw))
        assert verdict is (None if passes else DenyReason.OFF_TICK)
