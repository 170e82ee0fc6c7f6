"""Where the resting stop of a plan lies, and for how much of it."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.protective_stop import StopTerms, protectable, stop_terms
from autotrade_0dte.products import product, tick_cents
from autotrade_0dte.risk.protective import ProtectiveParams

CALL, SHORT = "SPY260720C00600000.US", "SPY260720C00605000.US"
PLAN = TradePlan(
    plan_id="P001",
    direction=1,
    instrument_id=CALL,
    quantity=2,
    entry_cap=2.00,
    decided_ns=0,
    worst_loss_usd=0.0,
    exits=ExitParams(loss_fraction=0.4, keep_single=True),
    reason="TEST",
)
VERTICAL = replace(PLAN, short_instrument_id=SHORT, net_cap=1.0)
PARAMS = ProtectiveParams(enabled=True, beyond_stop_fraction=0.2, slack_fraction=0.5)
SPY, SPXW = (partial(tick_cents, product(root)) for root in ("SPY", "SPXW"))


def held(plan: TradePlan, contracts: int) -> ManagedPlan:
    managed = ManagedPlan(plan)
    managed.filled(CALL, contracts, 2.0, 1)
    return managed


def test_trigger_lies_below_the_plans_stop_and_the_limit_below_the_trigger() -> None:
    assert stop_terms(PLAN, PARAMS, SPY) == StopTerms(trigger=0.80, limit=0.40)
    dear = replace(PLAN, entry_cap=30.00)
    assert stop_terms(dear, PARAMS, SPY) == StopTerms(trigger=12.00, limit=6.00)


@pytest.mark.parametrize(
    ("cap", "expected"),
    # Steps of ten cents from three dollars on, and of five below.
    [(20.00, StopTerms(8.00, 4.00)), (12.10, StopTerms(4.80, 2.40)), (1.00, StopTerms(0.40, 0.20))],
)
def test_prices_are_on_the_tick_rounded_down(cap: float, expected: StopTerms) -> None:
    assert stop_terms(replace(PLAN, entry_cap=cap), PARAMS, SPXW) == expected


@pytest.mark.parametrize(
    ("cap", "loss", "expected"),
    [
        (2.00, 0.8, None),  # nothing is left
        (2.00, 1.0, None),
        (0.04, 0.4, None),  # 1.6 cents: no price between that and zero
        (0.05, 0.4, StopTerms(0.02, 0.01)),
    ],
)
def test_without_room_below_the_plans_stop_there_is_none(
    cap: float, loss: float, expected: StopTerms | None
) -> None:
    plan = replace(PLAN, entry_cap=cap, exits=ExitParams(loss_fraction=loss))
    assert stop_terms(plan, PARAMS, SPY) == expected


@given(
    cap=st.integers(1, 20_000).map(lambda cents: cents / 100),
    loss=st.floats(0.01, 1.0),
    beyond=st.floats(0.01, 0.99),
    slack=st.floats(0.01, 0.99),
    tick=st.sampled_from([SPY, SPXW]),
)
def test_both_prices_can_be_traded_and_are_in_their_order(
    cap: float, loss: float, beyond: float, slack: float, tick: Callable[[int], int]
) -> None:
    plan = replace(PLAN, entry_cap=cap, exits=ExitParams(loss_fraction=loss))
    params = ProtectiveParams(beyond_stop_fraction=beyond, slack_fraction=slack)
    terms = stop_terms(plan, params, tick)
    if terms is None:
        return
    assert 0 < terms.limit < terms.trigger
    assert terms.trigger <= cap * (1 - loss - beyond) + 1e-6
    for price in (terms.trigger, terms.limit):
        cents = round(100 * price)
        assert price == cents / 100
        assert cents % tick(cents) == 0


def test_what_is_held_is_protected_once_the_entry_has_ended() -> None:
    managed = held(PLAN, 1)
    assert protectable(managed) == 0
    managed.entry_ended()
    assert protectable(managed) == 1
    managed.filled(CALL, 1, 2.0, 2)
    assert protectable(managed) == 2


def test_nothing_is_protected_from_the_exit_on() -> None:
    managed = held(PLAN, 2)
    managed.entry_ended()
    managed.begin_exit(ExitReason.TARGET, 2)
    assert protectable(managed) == 0


def test_cover_of_a_short_leg_is_not_protected_nor_what_is_to_be_one() -> None:
    managed = held(VERTICAL, 2)
    managed.entry_ended()
    assert protectable(managed) == 0
    managed.filled(SHORT, -1, 1.0, 2)
    managed.give_up_short_leg(3)
    assert protectable(managed) == 0
    managed.filled(SHORT, 1, 1.0, 4)
    assert protectable(managed) == 2
