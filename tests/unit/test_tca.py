"""Transaction costs of orders worked out by hand."""

import math

import pytest

from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.tca import (
    Fill,
    adjusted_mid,
    cost_parts,
    slippage,
    spreads,
)

# Bought 2 of 3. At the decision the market is 1.00 to 1.10: mid 1.05, spread 0.10. When the order
# is sent the mid is 1.06. One contract fills at 1.08 while the mid is 1.06, one at 1.09 while it
# is 1.08. The third is given up when the mid is 1.12. A contract is 100 shares.
#
#   delay        (1.06 - 1.05) x 2 x 100                        =  2.00
#   spread       (1.08 - 1.06) x 100 + (1.09 - 1.08) x 100      =  3.00
#   impact       (1.06 - 1.06) x 100 + (1.08 - 1.06) x 100      =  2.00
#   opportunity  (1.12 - 1.05) x 1 x 100                        =  7.00
#   shortfall    (1.08 + 1.09 - 2 x 1.05) x 100 + 7.00          = 14.00
FILLS = [Fill(1, 1.08, 1.06), Fill(1, 1.09, 1.08)]
MIDS = {"decision_mid": 1.05, "submit_mid": 1.06, "end_mid": 1.12, "multiplier": 100}


def test_example_has_the_parts_worked_out_by_hand() -> None:
    parts = cost_parts(Side.BUY, Purpose.ENTRY, 3, FILLS, **MIDS)
    assert parts.delay == pytest.approx(2.00)
    assert parts.spread == pytest.approx(3.00)
    assert parts.impact == pytest.approx(2.00)
    assert parts.opportunity == pytest.approx(7.00)
    assert parts.shortfall == pytest.approx(14.00)


def test_sale_in_pieces_has_the_parts_worked_out_by_hand() -> None:
    # Sold 5 of 6 for an entry: the mid is 2.00 at the decision, 1.98 when it is sent; 3 at 1.95
    # while it is 1.97, 2 at 1.93 while it is 1.96; given up at 1.90. A falling market costs a sale.
    #
    #   delay        (2.00 - 1.98) x 5 x 100                          = 10
    #   spread       (1.97 - 1.95) x 300 + (1.96 - 1.93) x 200        = 12
    #   impact       (1.98 - 1.97) x 300 + (1.98 - 1.96) x 200        =  7
    #   opportunity  (2.00 - 1.90) x 100                              = 10
    #   shortfall    6 x 2.00 x 100 on paper, less 5.85 + 3.86 got and 1.90 held, x 100 = 39
    fills = [Fill(3, 1.95, 1.97), Fill(2, 1.93, 1.96)]
    mids = {"decision_mid": 2.00, "submit_mid": 1.98, "end_mid": 1.90, "multiplier": 100}
    parts = cost_parts(Side.SELL, Purpose.ENTRY, 6, fills, **mids)
    assert parts.delay == pytest.approx(10)
    assert parts.spread == pytest.approx(12)
    assert parts.impact == pytest.approx(7)
    assert parts.opportunity == pytest.approx(10)
    assert parts.shortfall == pytest.approx(39)


def test_exit_has_no_opportunity_cost() -> None:
    parts = cost_parts(Side.BUY, Purpose.EXIT, 3, FILLS, **MIDS)
    assert (parts.opportunity, parts.shortfall) == (0.0, pytest.approx(7.00))


def test_order_that_got_nothing_cost_what_ran_away_and_nothing_else() -> None:
    nothing = {"decision_mid": 1.05, "submit_mid": math.nan, "end_mid": 1.12, "multiplier": 100}
    parts = cost_parts(Side.BUY, Purpose.ENTRY, 3, [], **nothing)
    assert (parts.delay, parts.spread, parts.impact) == (0.0, 0.0, 0.0)
    assert parts.opportunity == parts.shortfall == pytest.approx(21.00)


def test_more_than_wanted_was_not_missed() -> None:
    over = cost_parts(Side.BUY, Purpose.ENTRY, 1, FILLS, **MIDS)
    assert over.opportunity == 0.0


def test_example_slipped_three_and_a_half_cents() -> None:
    # (1.08 + 1.09) / 2 - 1.05 = 0.035: 3.5 ticks of a cent, 35 % of 0.10, 3.33 % of 1.05.
    found = slippage(Side.BUY, 1.085, decision_mid=1.05, decision_spread=0.10, tick=0.01)
    assert found.cents == pytest.approx(3.5)
    assert found.ticks == pytest.approx(3.5)
    assert found.of_spread == pytest.approx(0.35)
    assert found.of_premium == pytest.approx(0.035 / 1.05)


def test_sale_above_the_mid_is_a_gain() -> None:
    found = slippage(Side.SELL, 1.06, decision_mid=1.05, decision_spread=0.10, tick=0.05)
    assert (found.cents, found.ticks) == (pytest.approx(-1.0), pytest.approx(-0.2))


@pytest.mark.parametrize("spread", [0.0, -0.1, math.nan])
def test_share_of_no_spread_is_unknown(spread: float) -> None:
    found = slippage(Side.BUY, 1.1, decision_mid=1.05, decision_spread=spread, tick=0.01)
    assert math.isnan(found.of_spread)
    assert found.cents == pytest.approx(5.0)


@pytest.mark.parametrize("mid", [0.0, math.nan])
def test_share_of_no_premium_is_unknown(mid: float) -> None:
    found = slippage(Side.BUY, 0.01, decision_mid=mid, decision_spread=0.02, tick=0.01)
    assert math.isnan(found.of_premium)
    cheap = slippage(Side.BUY, 0.02, decision_mid=0.015, decision_spread=0.01, tick=0.01)
    assert cheap.of_premium == pytest.approx(1 / 3)


def test_markout_of_a_purchase_before_a_rise_of_the_underlying() -> None:
    # Bought at 1.08, mid 1.06, delta 0.5, underlying 600.00. 30 s later the mid is 1.30 and the
    # underlying 600.40, which by itself makes 0.5 x 0.40 = 0.20: the adjusted mid is 1.10.
    #   effective 2 x (1.08 - 1.06) = 0.04, realised 2 x (1.08 - 1.10) = -0.04,
    #   impact 2 x (1.10 - 1.06) = 0.08
    later = adjusted_mid(1.30, 600.40, delta=0.5, spot_at_fill=600.00)
    assert later == pytest.approx(1.10)
    found = spreads(Side.BUY, FILLS[0], later)
    assert found.effective == pytest.approx(0.04)
    assert found.realised == pytest.approx(-0.04)
    assert found.impact == pytest.approx(0.08)


def test_markout_without_a_delta_is_unknown_and_the_effective_spread_is_not() -> None:
    later = adjusted_mid(1.30, 600.40, delta=math.nan, spot_at_fill=600.00)
    found = spreads(Side.BUY, FILLS[0], later)
    assert math.isnan(found.realised)
    assert found.effective == pytest.approx(0.04)
