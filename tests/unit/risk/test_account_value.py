"""The account's value, its worst loss and its Greeks in dollars, against figures made by hand."""

import datetime as dt
import math

import pytest
from quoted_chain import EXPIRY_NS, NOW_NS, QuotedChain

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.risk.account_value import (
    AccountRisk,
    account_risk,
    held_lines,
    newest_quote_age,
)
from autotrade_0dte.risk.exposure import Exposure, Line
from autotrade_0dte.risk.limits import PortfolioLimits
from autotrade_0dte.risk.proposed_order import Contract
from autotrade_0dte.risk.session_grid import GridParams, held_legs, worst_cell

CASH = 10_000.0
LATER_NS = NOW_NS + 1_000_000_000


def quoted(**changes: float) -> QuotedChain:
    return QuotedChain([590, 595, 600, 605, 610], **changes)


def line(quoted: QuotedChain, strike: float, held: int, *, row: int | None = None) -> Line:
    at = quoted.row(strike, is_call=True) if row is None else row
    contract = Contract(f"C{strike}", "SPY", dt.date(2026, 7, 17), True, strike, 100, at)
    return Line(contract, held)


def risk_of(quoted: QuotedChain, *lines: Line, now_ns: int = NOW_NS) -> AccountRisk:
    chain: ChainSnapshot = quoted.book.snapshot(now_ns, 600.0)
    return account_risk(chain, lines, CASH, GridParams())


def test_account_with_nothing_held_is_its_cash() -> None:
    assert risk_of(quoted()) == AccountRisk(CASH, 0, 0, 0, 0, 0, 0)


def test_value_is_cash_and_the_mids_and_premium_that_of_long_options() -> None:
    market = quoted()
    market.set_quote(600, 2.00, 2.10, is_call=True)
    market.set_quote(605, 0.50, 0.54, is_call=True)
    risk = risk_of(market, line(market, 600, 3), line(market, 605, -2))
    assert risk.premium_usd == pytest.approx(3 * 205)
    assert risk.equity == pytest.approx(CASH + 3 * 205 - 2 * 52)


def test_greeks_are_dollars_for_a_percent_a_point_and_an_hour() -> None:
    market = quoted(vol=0.30)
    risk = risk_of(market, line(market, 600, 5))
    years, spot = (EXPIRY_NS - NOW_NS) / (365 * 86_400e9), 600.0

    def delta(at: float) -> float:
        row = market.row(600, is_call=True)
        priced = price_and_greeks(
            0.30, at, market.strike, years, market.params.annual_rate, market.is_call
        )
        return float(priced.delta[row])

    def worth(vol: float, left: float) -> float:
        row = market.row(600, is_call=True)
        priced = price_and_greeks(
            vol, spot, market.strike, left, market.params.annual_rate, market.is_call
        )
        return 500 * float(priced.price[row])

    assert risk.delta_usd == pytest.approx(500 * 6 * delta(spot), rel=1e-3)
    change = 500 * 6 * (delta(spot + 0.06) - delta(spot - 0.06)) / 0.12 * 6
    assert risk.gamma_usd == pytest.approx(change, rel=1e-2)
    assert risk.vega_usd == pytest.approx(worth(0.31, years) - worth(0.30, years), rel=1e-2)
    # The rate of this instant, for an hour of the three.
    step = 1e-4
    rate = (worth(0.30, years * (1 - step)) - worth(0.30, years)) / (3 * step)
    assert risk.theta_usd == pytest.approx(rate, rel=1e-2)
    assert risk.theta_usd < 0


def test_worst_loss_is_that_of_the_grid_over_all_legs_together() -> None:
    market = quoted()
    legs = line(market, 600, 4), line(market, 605, -4)
    chain = market.book.snapshot(NOW_NS, 600.0)
    rows = [leg.contract.row for leg in legs]
    grid = worst_cell(
        held_legs(chain, rows, [4, -4]), chain.forward, chain.years, chain.analytics.implied_move
    )
    risk = risk_of(market, *legs)
    assert risk.worst_loss_usd == pytest.approx(grid.loss_usd)
    assert 0 < risk.worst_loss_usd < risk_of(market, legs[0]).worst_loss_usd


def test_one_option_without_a_mark_makes_the_value_unknown() -> None:
    market = quoted()
    market.set_quote(605, 1.10, 1.00, is_call=True)  # crossed
    risk = risk_of(market, line(market, 600, 1), line(market, 605, 1))
    assert math.isnan(risk.equity)
    assert not math.isnan(risk_of(market, line(market, 600, 1)).equity)


def test_stale_quotes_are_no_marks() -> None:
    market = quoted()
    old_ns = NOW_NS + round((market.params.stale_after_s + 1) * 1e9)
    assert math.isnan(risk_of(market, line(market, 600, 1), now_ns=old_ns).equity)


def test_option_that_nobody_bids_for_is_worth_half_its_ask() -> None:
    market = quoted()
    market.set_quote(610, 0.0, 0.02, is_call=True)
    assert risk_of(market, line(market, 610, 10)).equity == pytest.approx(CASH + 10)


def test_contract_outside_the_chain_makes_all_unknown() -> None:
    market = quoted()
    risk = risk_of(market, line(market, 600, 1), line(market, 700, 1, row=-1))
    assert all(math.isnan(figure) for figure in risk)


def test_lines_of_orders_alone_are_not_held() -> None:
    book = Exposure()
    at_work, held = line(quoted(), 600, 0), line(quoted(), 605, 2)
    book.lines = {"A": at_work, "B": held}
    assert held_lines(book) == [held]


LIMITS = PortfolioLimits(
    max_delta_usd=1_000, max_gamma_usd=2_000, max_vega_usd=100, max_theta_usd=50,
    max_worst_loss_fraction=0.2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("risk", "use"),
    [
        (AccountRisk(CASH, delta_usd=-500, gamma_usd=500), 0.5),
        (AccountRisk(CASH, gamma_usd=3_000), 1.5),
        (AccountRisk(CASH, vega_usd=-200), 2.0),
        (AccountRisk(CASH, theta_usd=-150), 3.0),
        (AccountRisk(CASH), 0.0),
    ],
)
def test_use_of_the_greeks_is_that_of_the_largest(risk: AccountRisk, use: float) -> None:
    assert risk.greeks_use(LIMITS) == use


def test_use_is_unknown_where_a_greek_is() -> None:
    assert math.isnan(AccountRisk(CASH, delta_usd=9_000, vega_usd=math.nan).greeks_use(LIMITS))


def test_use_of_the_scenario_is_the_loss_over_its_share_of_the_account() -> None:
    assert AccountRisk(CASH, 1_000).scenario_use(LIMITS) == 0.5
    assert AccountRisk(math.nan, 0).scenario_use(LIMITS) == 0
    assert AccountRisk(-1, 5).scenario_use(LIMITS) == math.inf
    assert math.isnan(AccountRisk(math.nan, 5).scenario_use(LIMITS))


@pytest.mark.parametrize("equity", [0.0, -500.0])
def test_any_loss_is_beyond_what_an_account_without_value_may_lose(equity: float) -> None:
    assert AccountRisk(equity, worst_loss_usd=1.0).scenario_use(PortfolioLimits()) == math.inf


def test_age_of_the_newest_quote_passes_over_those_never_seen() -> None:
    market = QuotedChain([600])
    chain = market.book.snapshot(NOW_NS, 600.0)
    assert newest_quote_age(chain) == 0
    market.set_quote(600, 2.0, 2.1, is_call=True, ts_event=LATER_NS)
    assert newest_quote_age(market.book.snapshot(LATER_NS + 500_000_000, 600.0)) == 0.5


def test_newest_quote_is_found_among_younger_and_older_ones() -> None:
    market = QuotedChain([600, 601, 602])
    now_ns = NOW_NS + 10_000_000_000
    for strike, age_s in ((600, 3), (601, 1), (602, 2)):
        made_ns = now_ns - age_s * 1_000_000_000
        market.set_quote(strike, 2.0, 2.1, is_call=True, ts_event=made_ns)
    assert newest_quote_age(market.book.snapshot(now_ns, 600.0)) == 1.0


def test_age_of_the_newest_quote_is_unknown_before_the_first_one() -> None:
    market = QuotedChain([600])
    market.book.ts_event[:] = 0
    assert math.isnan(newest_quote_age(market.book.snapshot(NOW_NS, 600.0)))
