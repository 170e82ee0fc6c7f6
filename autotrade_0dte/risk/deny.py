"""Why an order was refused: the codes, and a refusal with its figures."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

__all__ = ["Denial", "DenyReason"]


class DenyReason(StrEnum):
    """Why an order was refused before it left, in the order of the gate's checks.

    BAD_QUANTITY: not a whole number of contracts above zero. OPPOSED: another strategy, or another
    plan of an entry's own, holds, or is about to, the opposite of the same contract. NAKED_SHORT: a
    short option would be left without a long one beside it. HALTED: the risk controller allows no
    entries.

    By the order alone: NO_PRICE_LIMIT, ORDER_CONTRACTS, ORDER_PREMIUM, ORDER_NOTIONAL, OFF_TICK.
    By the market: QUOTE_AGE, SPREAD, COLLAR_QUOTE and COLLAR_FAIR, the price is too far beyond the
    quote, or fair value. By the orders before it: DUPLICATE, ORDER_RATE.

    By the session: TOO_EARLY, TOO_LATE, FLATTEN_DEADLINE, ENTRIES_A_DAY, LOSS_STREAK. By the last
    day: PIN_ZONE, EXERCISE_NOT_FUNDED.

    By what is held and at work: SERIES_CONTRACTS, CLUSTER_CONTRACTS, STRATEGY_PLANS, TRACK_PLANS,
    STRATEGY_PREMIUM, TRACK_PREMIUM. By the account: PREMIUM_EXCEEDS_CASH, DAY_TRADES,
    INTRADAY_MARGIN. By all together: PREMIUM_AT_RISK, CAPITAL_USE, NET_DELTA, NET_GAMMA, NET_VEGA,
    NET_THETA, BETA_DELTA, SCENARIO_LOSS.
    """

    BAD_QUANTITY = "BAD_QUANTITY"
    OPPOSED = "OPPOSED"
    NAKED_SHORT = "NAKED_SHORT"
    HALTED = "HALTED"
    NO_PRICE_LIMIT = "NO_PRICE_LIMIT"
    ORDER_CONTRACTS = "ORDER_CONTRACTS"
    ORDER_PREMIUM = "ORDER_PREMIUM"
    ORDER_NOTIONAL = "ORDER_NOTIONAL"
    OFF_TICK = "OFF_TICK"
    QUOTE_AGE = "QUOTE_AGE"
    SPREAD = "SPREAD"
    COLLAR_QUOTE = "COLLAR_QUOTE"
    COLLAR_FAIR = "COLLAR_FAIR"
    DUPLICATE = "DUPLICATE"
    ORDER_RATE = "ORDER_RATE"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    FLATTEN_DEADLINE = "FLATTEN_DEADLINE"
    ENTRIES_A_DAY = "ENTRIES_A_DAY"
    LOSS_STREAK = "LOSS_STREAK"
    PIN_ZONE = "PIN_ZONE"
    EXERCISE_NOT_FUNDED = "EXERCISE_NOT_FUNDED"
    SERIES_CONTRACTS = "SERIES_CONTRACTS"
    CLUSTER_CONTRACTS = "CLUSTER_CONTRACTS"
    STRATEGY_PLANS = "STRATEGY_PLANS"
    TRACK_PLANS = "TRACK_PLANS"
    STRATEGY_PREMIUM = "STRATEGY_PREMIUM"
    TRACK_PREMIUM = "TRACK_PREMIUM"
    PREMIUM_EXCEEDS_CASH = "PREMIUM_EXCEEDS_CASH"
    DAY_TRADES = "DAY_TRADES"
    INTRADAY_MARGIN = "INTRADAY_MARGIN"
    PREMIUM_AT_RISK = "PREMIUM_AT_RISK"
    CAPITAL_USE = "CAPITAL_USE"
    NET_DELTA = "NET_DELTA"
    NET_GAMMA = "NET_GAMMA"
    NET_VEGA = "NET_VEGA"
    NET_THETA = "NET_THETA"
    BETA_DELTA = "BETA_DELTA"
    SCENARIO_LOSS = "SCENARIO_LOSS"


class Denial(msgspec.Struct, frozen=True):
    """A refusal with the figures that led to it; the text is ``REASON: name=figure, ...``."""

    reason: DenyReason
    figures: Mapping[str, float | str]

    def __str__(self) -> str:
        """Return the reason code and its figures on one line."""
        figures = ", ".join(f"{name}={figure}" for name, figure in self.figures.items())
        return f"{self.reason}: {figures}"
