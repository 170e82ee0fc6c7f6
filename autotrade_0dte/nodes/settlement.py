"""The price that options settle at: put before the engine as a print, or found missing."""

from enum import StrEnum
from typing import Any

import msgspec
from nautilus_trader.model import (
    AggressorSide,
    Equity,
    IndexInstrument,
    IndexPriceUpdate,
    Price,
    Quantity,
    TradeId,
    TradeTick,
)

from autotrade_0dte.config import SettlementRule, SimulationParams
from autotrade_0dte.data.session_data import SettlementPrice

__all__ = ["SettledAt", "SettlementFault", "settled_at", "settlement_print"]

_NS = 1_000_000_000


class SettlementFault(StrEnum):
    """What is wrong with the price that positions were, or should have been, settled at."""

    NO_PRICE = "SETTLEMENT_NO_PRICE"
    NOT_OFFICIAL = "SETTLEMENT_NOT_OFFICIAL"
    PRINT_TOO_OLD = "SETTLEMENT_PRINT_TOO_OLD"


class SettledAt(msgspec.Struct, frozen=True):
    """The settlement price in dollars and its source; `fault` says why it cannot be trusted."""

    price: float
    source: str
    fault: str | None = None


def settlement_print(
    official: SettlementPrice, underlying: Equity | IndexInstrument, expiry_ns: int
) -> TradeTick | IndexPriceUpdate:
    """Return the official price as the last print before expiry, in the form the engine reads.

    It settles an index option at index prices and an equity option at trades, and takes the last
    one it has seen; a nanosecond before expiry no other print can come between.
    """
    at = expiry_ns - 1
    price = Price(official.price_cents / 100, 2)
    if isinstance(underlying, IndexInstrument):
        return IndexPriceUpdate(underlying.id, price, at, at)
    trade_id = TradeId("SETTLEMENT")
    no_side = AggressorSide.NO_AGGRESSOR
    return TradeTick(underlying.id, price, Quantity.from_int(1), no_side, trade_id, at, at)


def settled_at(
    official: SettlementPrice | None,
    last_print: tuple[int, float],
    expiry_ns: int,
    rule: SimulationParams,
) -> SettledAt:
    """Return the price the engine settled at and whether the rule allows it."""
    if official is not None:
        return SettledAt(official.price_cents / 100, official.source)
    printed_ns, price = last_print
    if printed_ns == 0:
        return SettledAt(price, "none", f"{SettlementFault.NO_PRICE}: prints=0")
    age_s = (expiry_ns - printed_ns) / _NS
    source = f"last print {age_s:.0f} s before expiry"
    figures: dict[str, Any] = {"age_s": round(age_s, 3), "price": price}
    if rule.settlement is SettlementRule.OFFICIAL:
        return SettledAt(price, source, _text(SettlementFault.NOT_OFFICIAL, figures))
    if age_s > rule.last_print_max_age_s:
        figures["max_age_s"] = rule.last_print_max_age_s
        return SettledAt(price, source, _text(SettlementFault.PRINT_TOO_OLD, figures))
    return SettledAt(price, source)


def _text(fault: SettlementFault, figures: dict[str, Any]) -> str:
    return f"{fault}: " + ", ".join(f"{name}={value}" for name, value in figures.items())
