"""Every reason against a session, each brought about alone in an otherwise clean one."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderSide,
    OrderUpdated,
    Price,
    Quantity,
    StrategyId,
    TraderId,
)

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.calendar import session
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.execution.fill_quote import FillQuote
from autotrade_0dte.execution.ledger import Fill, FillKind, round_trips
from autotrade_0dte.instruments import equity, option_contract, option_symbol
from autotrade_0dte.nodes.components import Market, trading_session
from autotrade_0dte.nodes.settlement import SettledAt
from autotrade_0dte.nodes.verdict import SessionEnd, verdict
from autotrade_0dte.risk.expiry import ExpiryParams, ExpiryPolicy

DATE = dt.date(2026, 7, 20)
HOURS = session(DATE)
NS = 1_000_000_000
CALL, PUT, SHARES = "SPY260720C00600000.US", "SPY260720P00600000.US", "SPY.US"


def config(**expiry: Any) -> SystemConfig:
    spec = StrategySpec("test:Test")
    return SystemConfig(name="test", root="SPY", regular=spec, expiry=ExpiryParams(**expiry))


def fill(
    quantity: int, price: float, name: str = CALL, kind: FillKind = FillKind.TRADE, fee: float = 0.0
) -> Fill:
    multiplier = 1 if name == SHARES else 100
    return Fill(1, "Test-001", name, quantity, price, fee, multiplier, None, "", kind)


def order(*events: Any, **changes: Any) -> Any:
    first = SimpleNamespace(quantity=Quantity.from_int(2), price=Price(1.0, 2))
    usual = {
        "client_order_id": "O-1",
        "is_open": False,
        "is_inflight": False,
        "tags": ["plan=P001"],
        "exec_algorithm_id": DESK_ID,
        "side": OrderSide.BUY,
        "init_event": first,
        "events": lambda: list(events),
    }
    return SimpleNamespace(**(usual | changes))


def updated(quantity: int, price: float | None) -> OrderUpdated:
    return OrderUpdated(
        TraderId("TESTER-001"), StrategyId("Test-001"), InstrumentId.from_str(CALL),
        ClientOrderId("O-1"), Quantity.from_int(quantity), UUID4(), 1, 1, False,
        price=None if price is None else Price(price, 2),
    )  # fmt: skip


def reasons(*made: Fill, system: SystemConfig | None = None, **changes: Any) -> list[str]:
    """Return the reasons against a session with these fills, clean but for the changes."""
    system = system or config()
    market = Market.of([equity("SPY"), option_contract(option_symbol(CALL[:-3]))], "SPY")
    end = SessionEnd(
        config=system,
        trading=trading_session(system, DATE, market),
        orders=[],
        fills=made,
        trips=round_trips(made),
        quotes={},
        settled=SettledAt(605.0, "official close"),
        last_print_ns=HOURS.close_ns - 1,
        last_quote_ns=HOURS.close_ns - NS,
    )
    return verdict(msgspec.structs.replace(end, **changes))


ROUND_TRIP = (fill(2, 1.0, fee=1.3), fill(-2, 1.5, fee=1.3))


def test_round_trip_with_closed_orders_is_clean() -> None:
    quotes = {("O-1", "T-1"): FillQuote("O-1", "T-1", 0.9, 1.0, 0.5)}
    assert reasons(*ROUND_TRIP, orders=[order()], quotes=quotes) == []
    assert reasons() == []


def test_option_left_open_is_named_with_its_quantity() -> None:
    assert reasons(fill(2, 1.0), fill(-3, 1.0, PUT)) == [
        f"POSITION_OPEN: {CALL} +2",
        f"POSITION_OPEN: {PUT} -3",
    ]


@pytest.mark.parametrize("state", ["is_open", "is_inflight"])
def test_order_left_open_is_named(state: str) -> None:
    assert reasons(orders=[order(**{state: True})]) == ["ORDER_OPEN: O-1"]


def test_cash_below_zero_by_a_trade_counts_even_when_it_came_back() -> None:
    made = fill(100, 2.51), fill(-100, 3.0)
    assert reasons(*made) == ["CASH_NEGATIVE: lowest=-100.00"]
    assert reasons(fill(100, 2.50), fill(-100, 3.0)) == []
    assert reasons(fill(100, 2.50, fee=0.5), fill(-100, 3.0)) == ["CASH_NEGATIVE: lowest=-0.50"]


def exercise(shares_price: float) -> tuple[Fill, ...]:
    """Return a call that is exercised into 100 shares."""
    return (
        fill(1, 1.0),
        fill(-1, 0.0, kind=FillKind.EXPIRY_PHYSICAL),
        fill(100, shares_price, SHARES, FillKind.EXPIRY_PHYSICAL),
    )


SETTLED = config(policy=ExpiryPolicy.SETTLE)


def test_exercise_may_take_all_cash_and_no_more() -> None:
    assert reasons(*exercise(249.0), system=SETTLED) == []
    assert reasons(*exercise(250.0), system=SETTLED) == ["EXERCISE_UNFUNDED: cash=-100.00"]


@pytest.mark.parametrize("allowed", [True, False])
def test_short_shares_count_unless_they_are_allowed(allowed: bool) -> None:
    made = (
        fill(1, 1.0, PUT),
        fill(-1, 0.0, PUT, FillKind.EXPIRY_PHYSICAL),
        fill(-100, 600.0, SHARES, FillKind.EXPIRY_PHYSICAL),
    )
    system = config(policy=ExpiryPolicy.SETTLE, can_short_shares=allowed)
    expected = [] if allowed else ["EXERCISE_LACKS_SHARES: shares=-100"]
    assert reasons(*made, system=system) == expected


def test_settlement_fault_counts_only_where_something_was_settled_or_left() -> None:
    faulty = SettledAt(605.0, "last print 9 s before expiry", "SETTLEMENT_NOT_OFFICIAL: age_s=9")
    worthless = fill(2, 1.0), fill(-2, 0.0, kind=FillKind.EXPIRY_WORTHLESS)
    assert reasons(*ROUND_TRIP, settled=faulty) == []
    assert reasons(*worthless, settled=faulty) == [faulty.fault]
    assert faulty.fault in reasons(fill(2, 1.0), settled=faulty)


def test_flatten_that_left_something_in_the_money_has_failed() -> None:
    assert reasons(*exercise(1.0)) == [f"FLATTEN_FAILED: {SHARES}, {CALL}"]
    worthless = fill(2, 1.0), fill(-2, 0.0, kind=FillKind.EXPIRY_WORTHLESS)
    assert reasons(*worthless) == []


@pytest.mark.parametrize(
    ("price", "expected"),
    [(5.0, []), (5.01, []), (5.02, ["SETTLED_ELSEWHERE: price=5.02, due=5.0"])],
)
def test_cash_settlement_is_compared_with_the_settlement_price(
    price: float, expected: list[str]
) -> None:
    made = fill(2, 1.0), fill(-2, price, kind=FillKind.EXPIRY_CASH)
    assert reasons(*made, system=SETTLED) == expected


def test_cash_settlement_of_a_put_pays_the_other_way() -> None:
    made = fill(2, 1.0, PUT), fill(-2, 7.0, PUT, FillKind.EXPIRY_CASH)
    assert reasons(*made, system=SETTLED, settled=SettledAt(593.0, "official close")) == []
    assert reasons(*made, system=SETTLED) == ["SETTLED_ELSEWHERE: price=7.0, due=0.0"]


def test_fill_on_an_old_quote_counts_from_the_bound_on() -> None:
    bound = config().simulation.max_fill_quote_age_s
    ages = (0.5, bound, bound + 1, bound + 7)
    quotes = {("O-1", f"{n}"): FillQuote("O-1", f"{n}", 1, 1, age) for n, age in enumerate(ages)}
    assert reasons(quotes=quotes) == [f"STALE_FILL: fills=2, oldest_s={bound + 7:.0f}"]


def test_session_without_prices_of_the_underlying_is_unclean() -> None:
    assert reasons(last_print_ns=0) == ["NO_UNDERLYING_PRICES: symbol=SPY"]


def test_quotes_that_end_early_count_from_the_bound_on() -> None:
    bound = config().simulation.data_end_before_close_s
    assert reasons(last_quote_ns=HOURS.close_ns - bound * NS) == []
    assert reasons(last_quote_ns=HOURS.close_ns - (bound + 1) * NS) == [
        f"DATA_ENDS_EARLY: before_close_s={bound + 1}"
    ]


def test_order_that_went_round_the_desk_is_named_and_one_of_expiry_is_not() -> None:
    assert reasons(orders=[order(exec_algorithm_id=None)]) == ["BYPASSED_DESK: O-1"]
    tags = ["EXPIRATION_US_OTM"]
    assert reasons(orders=[order(exec_algorithm_id=None, tags=tags)]) == []


@pytest.mark.parametrize(
    ("side", "quantity", "price", "enlarged"),
    [
        (OrderSide.BUY, 3, 1.0, True),
        (OrderSide.SELL, 3, 1.0, True),
        (OrderSide.BUY, 2, 1.01, True),
        (OrderSide.BUY, 2, 0.99, False),
        (OrderSide.SELL, 2, 1.01, False),
        (OrderSide.SELL, 2, 0.99, False),
        (OrderSide.BUY, 1, None, False),
    ],
)
def test_order_changed_to_more_than_the_desk_saw_is_named(
    side: OrderSide, quantity: int, price: float | None, enlarged: bool
) -> None:
    changed = order(SimpleNamespace(), updated(2, 1.0), updated(quantity, price), side=side)
    assert reasons(orders=[changed]) == (["MODIFIED_PAST_DESK: O-1"] if enlarged else [])
