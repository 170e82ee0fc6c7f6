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
_COMPARABLE_NS = 1_800 * _NS


class SettlementFault(StrEnum):
    """What is wrong with the price that positions were, or should have been, settled at."""

    NO_PRICE = "SETTLEMENT_NO_PRICE"
    NOT_OFFICIAL = "SETTLEMENT_NOT_OFFICIAL"
    PRINT_TOO_OLD = "SETTLEMENT_PRINT_TOO_OLD"
    IMPLAUSIBLE = "SETTLEMENT_IMPLAUSIBLE"


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
    one it has seen. A bar's close may carry the same time; the official price is fed after it.
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
    """Return the price the engine settled at and whether the rule allows it.

    `last_print` is the time and price of the market's own last print, (0, NaN) without one.
    """
    printed_ns, price = last_print
    if official is not None:
        return _judged(official, printed_ns, price, expiry_ns, rule)
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


def _judged(
    official: SettlementPrice,
    printed_ns: int,
    price: float,
    expiry_ns: int,
    rule: SimulationParams,
) -> SettledAt:
    settled = official.price_cents / 100
    fresh = expiry_ns - printed_ns <= _COMPARABLE_NS
    if fresh and abs(settled / price - 1) > rule.settlement_tolerance_fraction:
        fault = _text(SettlementFault.IMPLAUSIBLE, {"official": settled, "last_print": price})
        return SettledAt(settled, official.source, fault)
    return SettledAt(settled, official.source)


def _text(fault: SettlementFault, figures: dict[str, Any]) -> str:
    return f"{fault}: " + ", ".join(f"{name}={value}" for name, value in figures.items())
