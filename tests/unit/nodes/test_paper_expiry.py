"""What expired paper positions are paid."""

import math

import pytest

from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip, round_trips
from autotrade_0dte.nodes.paper_expiry import settle
from autotrade_0dte.nodes.settlement import SettledAt

EXPIRY_NS = 1_000


def held(symbol: str, quantity: int, price: float) -> RoundTrip:
    name = f"{symbol}.US"
    bought = Fill(1, "S", name, quantity, price, 3.0, 100, "P1", "TREND", FillKind.TRADE)
    [trip] = round_trips([bought])
    return trip


@pytest.mark.parametrize(
    ("symbol", "price", "paid", "reason"),
    [
        ("SPY261120C00600000", 601.25, 2 * 125.0, "EXPIRY_CASH"),
        ("SPY261120P00600000", 601.25, 0.0, "EXPIRY_WORTHLESS"),
        ("SPY261120P00600000", 598.0, 2 * 200.0, "EXPIRY_CASH"),
        ("SPY261120C00600000", 600.0, 0.0, "EXPIRY_WORTHLESS"),
    ],
)
def test_option_open_at_expiry_is_paid_its_intrinsic_value(
    symbol: str, price: float, paid: float, reason: str
) -> None:
    trip = held(symbol, 2, 1.0)
    assert settle([trip], SettledAt(price, "last print"), EXPIRY_NS) == pytest.approx(paid)
    assert (trip.held, trip.ts_closed, trip.exit_reason) == (0, EXPIRY_NS, reason)
    assert trip.gross_pnl == pytest.approx(paid - 200.0)
    assert trip.fees == 3.0


def test_closed_position_is_left_alone_and_an_unknown_price_closes_none() -> None:
    closed = held("SPY261120C00600000", 1, 1.0)
    settle([closed], SettledAt(602.0, "last print"), EXPIRY_NS)
    assert settle([closed], SettledAt(700.0, "last print"), EXPIRY_NS) == 0.0
    unknown = held("SPY261120C00600000", 1, 1.0)
    assert math.isnan(settle([unknown], SettledAt(math.nan, "none"), EXPIRY_NS))
    assert (unknown.held, unknown.ts_closed) == (1, None)
