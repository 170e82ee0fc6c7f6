import math
from typing import Any

import pytest
from worked_order import NAN, entry, leaving, quote

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.vetoes import (
    Veto,
    VetoCode,
    VetoParams,
    fair_value_veto,
    market_veto,
)


def vetoed(look: OrderQuote, parent: ParentOrder | None = None, **changes: Any) -> Veto | None:
    usual: dict[str, Any] = {"tick": 0.01, "leaves": 5}
    return market_veto(parent or entry(), look, VetoParams(), **(usual | changes))


def code(veto: Veto | None) -> VetoCode | None:
    return None if veto is None else veto.code


def test_sound_market_forbids_nothing() -> None:
    assert vetoed(quote(0)) is None


@pytest.mark.parametrize(
    ("bid", "ask"), [(0.0, 1.0), (1.0, 0.0), (NAN, 1.0), (1.0, NAN), (1.0, math.inf)]
)
def test_market_without_two_sides_forbids(bid: float, ask: float) -> None:
    assert code(vetoed(quote(0, bid, ask))) is VetoCode.NO_TWO_SIDES


@pytest.mark.parametrize(("bid", "ask"), [(1.01, 1.00), (1.00, 1.00)])
def test_crossed_or_locked_market_forbids(bid: float, ask: float) -> None:
    assert vetoed(quote(0, bid, ask)) == Veto(VetoCode.CROSSED, {"bid": bid, "ask": ask})


def test_old_quote_and_one_of_unknown_age_forbid() -> None:
    assert vetoed(quote(0, age_s=10.0)) is None
    veto = vetoed(quote(0, age_s=10.5))
    assert veto == Veto(VetoCode.QUOTE_AGE, {"age_s": 10.5, "max_age_s": 10.0})
    assert code(vetoed(quote(0, age_s=NAN))) is VetoCode.QUOTE_AGE


@pytest.mark.parametrize(
    ("bid", "ask", "tick", "is_vetoed"),
    [
        (0.50, 0.60, 0.01, False),  # ten ticks
        (0.50, 0.61, 0.01, True),
        (9.50, 10.50, 0.01, False),  # a tenth of the mid
        (9.50, 10.52, 0.01, True),
        (0.50, 1.00, 0.05, False),  # ten ticks of five cents
    ],
)
def test_spread_too_wide_in_ticks_and_in_percent_forbids(
    bid: float, ask: float, tick: float, is_vetoed: bool
) -> None:
    assert (code(vetoed(quote(0, bid, ask), tick=tick)) is VetoCode.SPREAD) is is_vetoed


def test_entry_needs_its_size_shown_on_the_side_it_trades_with() -> None:
    assert vetoed(quote(0, ask_size=5.0, bid_size=0.0)) is None
    veto = vetoed(quote(0, ask_size=4.0))
    assert veto == Veto(VetoCode.SIZE, {"size": 4.0, "min_size": 5.0})
    assert code(vetoed(quote(0, ask_size=NAN))) is VetoCode.SIZE
    assert vetoed(quote(0, ask_size=4.0), leaves=4) is None
    assert code(vetoed(quote(0, bid_size=4.0), entry(side=Side.SELL))) is VetoCode.SIZE


def test_legs_quoted_at_different_times_forbid() -> None:
    assert vetoed(quote(0), leg_skew_s=3.0) is None
    veto = vetoed(quote(0), leg_skew_s=3.5)
    assert veto == Veto(VetoCode.LEG_SKEW, {"skew_s": 3.5, "max_skew_s": 3.0})
    assert code(vetoed(quote(0), leg_skew_s=NAN)) is VetoCode.LEG_SKEW


def test_size_and_leg_skew_do_not_bind_exits() -> None:
    assert vetoed(quote(0, bid_size=0.0), leaving(Purpose.EXIT), leg_skew_s=60.0) is None


def test_tightened_limits_are_twice_as_strict() -> None:
    assert vetoed(quote(0, age_s=5.0), tightened=True) is None
    assert code(vetoed(quote(0, age_s=5.1), tightened=True)) is VetoCode.QUOTE_AGE
    assert code(vetoed(quote(0, ask=1.06), tightened=True)) is VetoCode.SPREAD
    assert code(vetoed(quote(0, ask_size=9.0), tightened=True)) is VetoCode.SIZE
    assert code(vetoed(quote(0), leg_skew_s=2.0, tightened=True)) is VetoCode.LEG_SKEW
    assert code(beyond(1.04, fair=1.02, tightened=True)) is VetoCode.FAIR_VALUE
    assert beyond(1.035, fair=1.02, tightened=True) is None
    veto = beyond(1.04, fair=1.02, tightened=True)
    assert veto is not None
    assert veto.figures["allowed"] == pytest.approx(0.015)


def beyond(
    limit: float,
    *,
    fair: float,
    parent: ParentOrder | None = None,
    tightened: bool = False,
    **changes: float,
) -> Veto | None:
    look = quote(0, fair=fair, **changes)
    return fair_value_veto(
        parent or entry(), look, limit, VetoParams(), tick=0.01, tightened=tightened
    )


def test_limit_too_far_beyond_fair_value_forbids() -> None:
    assert beyond(1.05, fair=1.02) is None
    veto = beyond(1.06, fair=1.02)
    assert veto is not None
    assert veto.code is VetoCode.FAIR_VALUE
    assert veto.figures == pytest.approx(
        {"limit": 1.06, "fair": 1.02, "beyond": 0.04, "allowed": 0.03}
    )
    assert beyond(0.50, fair=1.02) is None


def test_wide_spread_allows_three_quarters_of_itself_beyond_fair_value() -> None:
    assert beyond(1.15, fair=1.075, ask=1.10) is None
    assert code(beyond(1.16, fair=1.075, ask=1.10)) is VetoCode.FAIR_VALUE


def test_sale_is_measured_downward() -> None:
    sale = entry(side=Side.SELL)
    assert beyond(0.99, fair=1.02, parent=sale) is None
    assert code(beyond(0.98, fair=1.02, parent=sale)) is VetoCode.FAIR_VALUE


def test_unknown_fair_value_forbids_an_entry_and_not_an_exit() -> None:
    assert code(beyond(1.0, fair=NAN)) is VetoCode.NO_FAIR_VALUE
    assert beyond(1.0, fair=NAN, parent=leaving(Purpose.EXIT)) is None
