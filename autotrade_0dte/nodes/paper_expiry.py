"""What becomes of paper positions at expiry: the engine's sandbox leaves them open."""

import math
from collections.abc import Sequence

from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip
from autotrade_0dte.instruments import Right, option_symbol
from autotrade_0dte.nodes.settlement import SettledAt
from autotrade_0dte.risk.expiry import settlement_value

__all__ = ["settle"]


def settle(trips: Sequence[RoundTrip], settled: SettledAt, expiry_ns: int) -> float:
    """Close open options at their value at expiry, in cash and without a fee; return dollars.

    Shares from an exercise do not come to a paper account: it is paid the difference instead.
    Without a settlement price nothing is closed, and NaN is returned.
    """
    if math.isnan(settled.price):
        return math.nan
    paid = 0.0
    for trip in trips:
        if not trip.held:
            continue
        symbol = option_symbol(trip.instrument_id.rpartition(".")[0])
        value = settlement_value(symbol.right is Right.CALL, symbol.strike, settled.price)
        paid += trip.held * value * trip.multiplier
        kind = FillKind.EXPIRY_CASH if value > 0 else FillKind.EXPIRY_WORTHLESS
        trip.add(
            Fill(
                ts_event=expiry_ns,
                strategy=trip.strategy,
                instrument_id=trip.instrument_id,
                quantity=-trip.held,
                price=value,
                fee=0.0,
                multiplier=trip.multiplier,
                plan_id=trip.plan_id,
                reason="",
                kind=kind,
            )
        )
    return paid
