"""What happens to positions on their last day: Tiger's exercise test, deadlines, settlement value.

Tiger exercises every long option that ends a cent or more in the money. It looks two hours before
the close whether the account can carry that, and closes at the market what it cannot
(tigerbrokers.com.hk help 81322347, itiger.com/nz help 03522643). How it picks among several
positions is not published; the order used here is stated at `exercise_test`.
"""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.products import Settlement, product
from autotrade_0dte.risk.cover import Leg, uncovered

__all__ = ["IN_THE_MONEY_USD", "ExpiryClose", "ExpiryParams", "ExpiryPolicy", "ExpiryReason"]
__all__ += ["exercise_test", "settlement_value"]

IN_THE_MONEY_USD = 0.01
"""Least intrinsic value per share at which OCC and Tiger exercise on their own."""

_NS = 1_000_000_000
_SessionSeconds = Annotated[int, msgspec.Meta(ge=0, le=12_600)]


class ExpiryPolicy(StrEnum):
    """How positions end: FLATTEN closes all before the close, SETTLE holds them to settlement."""

    FLATTEN = "flatten"
    SETTLE = "settle"


class ExpiryReason(StrEnum):
    """Why a position is closed before it expires."""

    FLATTEN_DEADLINE = "FLATTEN_DEADLINE"
    EXERCISE_NOT_FUNDED = "EXERCISE_NOT_FUNDED"
    EXERCISE_LACKS_SHARES = "EXERCISE_LACKS_SHARES"
    ASSIGNMENT_NOT_FUNDED = "ASSIGNMENT_NOT_FUNDED"
    ASSIGNMENT_LACKS_SHARES = "ASSIGNMENT_LACKS_SHARES"
    COVER_CLOSED = "COVER_CLOSED"


class ExpiryParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day's deadlines, counted back from the close of the session (also on half days).

    The longest lead is 12,600 s, the length of a half day.

    Parameters
    ----------
    policy : ExpiryPolicy, default FLATTEN
        Whether positions are closed before the close or held to settlement.
    flatten_before_close_s : int, default 900
        Lead of the flatten deadline; spreads widen in the last minutes.
    exercise_test : bool, default True
        Whether Tiger's exercise test is made; false for an account that can carry any exercise.
    exercise_test_before_close_s : int, default 7200
        Lead of the exercise test; Tiger says two hours.
    can_short_shares : bool, default False
        Whether the account may sell shares it lacks, as exercising a put alone does.
    """

    policy: ExpiryPolicy = ExpiryPolicy.FLATTEN
    flatten_before_close_s: _SessionSeconds = 900
    exercise_test: bool = True
    exercise_test_before_close_s: _SessionSeconds = 7_200
    can_short_shares: bool = False

    def flatten_ns(self, close_ns: int) -> int | None:
        """Return the flatten deadline of a session that ends at `close_ns`; None if it settles."""
        if self.policy is ExpiryPolicy.SETTLE:
            return None
        return close_ns - self.flatten_before_close_s * _NS

    def exercise_test_ns(self, close_ns: int) -> int | None:
        """Return the instant of the exercise test; None if it is not made."""
        if not self.exercise_test:
            return None
        return close_ns - self.exercise_test_before_close_s * _NS


class ExpiryClose(msgspec.Struct, frozen=True):
    """One position to close whole at the market, with its reason and the figures behind it."""

    leg: Leg
    reason: ExpiryReason
    figures: Mapping[str, float]


def settlement_value(is_call: bool, strike: float, price: float) -> float:
    """Return the value per share at expiry: ``max(price - strike, 0)``, for a put the reverse.

    Rounded to a hundredth of a cent; NaN where the settlement price is unknown.
    """
    intrinsic = round(price - strike if is_call else strike - price, 4)
    return intrinsic if math.isnan(intrinsic) else max(intrinsic, 0.0)


def exercise_test(
    legs: Iterable[Leg],
    spot: float,
    funds: float,
    shares: int = 0,
    can_short_shares: bool = False,
) -> list[ExpiryClose]:
    """Return the positions Tiger would close because the account cannot carry their exercise.

    All in-the-money options are taken to be exercised or assigned together at `spot`, as at the
    close: long calls and short puts take shares and pay the strike, short calls and long puts
    deliver shares and receive it, so the legs of a spread in the money net. While the cash or the
    shares left would be negative, one position is closed whole: long before short, and the one
    with the least intrinsic value first. A short option that loses its cover by that is closed too
    (COVER_CLOSED), the most in the money first. Cash-settled positions need no funds.

    Parameters
    ----------
    legs : iterable of Leg
        Net positions that expire today, of one underlying.
    spot : float
        Price of the underlying at the test, above zero.
    funds : float
        Cash, or the broker's buying power, in dollars.
    shares : int, default 0
        Shares of the underlying in the account.
    can_short_shares : bool, default False
        Whether the account may end up short of shares.

    Returns
    -------
    list of ExpiryClose
        Short positions first, so that no step leaves one uncovered.

    Raises
    ------
    ValueError
        The spot or the funds are unknown, or the positions have several underlyings.
    """
    physical = [leg for leg in legs if product(leg.root).settlement is Settlement.PHYSICAL]
    if not 0 < spot < math.inf or math.isnan(funds):
        raise ValueError(f"Expected a known spot and known funds, was {spot} and {funds}")
    if len(underlyings := {product(leg.root).underlying for leg in physical}) > 1:
        raise ValueError(f"Expected one underlying, was {', '.join(sorted(underlyings))}")

    closes = []
    while (worst := _unfunded(physical, spot, funds, shares, can_short_shares)) is not None:
        leg, figures = worst
        physical.remove(leg)
        closes.append(ExpiryClose(leg, _reason(leg), figures))
        for short in _naked_after(physical, leg):
            physical.remove(short)
            closes.append(ExpiryClose(short, ExpiryReason.COVER_CLOSED, figures))
    return sorted(closes, key=lambda close: close.leg.quantity > 0)


def _unfunded(
    legs: list[Leg], spot: float, funds: float, shares: int, can_short_shares: bool
) -> tuple[Leg, dict[str, float]] | None:
    exercised = [leg for leg in legs if _intrinsic(leg, spot) >= IN_THE_MONEY_USD]
    funds_after = round(funds - sum(_shares_taken(leg) * leg.strike for leg in exercised), 2)
    shares_after = shares + sum(_shares_taken(leg) for leg in exercised)
    figures = {"spot": spot, "funds": funds, "funds_after": funds_after}
    figures |= {"shares": shares, "shares_after": shares_after}
    takers = [leg for leg in exercised if _shares_taken(leg) > 0]
    givers = [leg for leg in exercised if _shares_taken(leg) < 0]
    if shares_after < min(shares, 0) and not can_short_shares:
        return _first_to_close(givers, spot), figures
    if funds_after < 0 and takers:
        return _first_to_close(takers, spot), figures
    return None


def _naked_after(legs: list[Leg], closed: Leg) -> list[Leg]:
    """Short legs to close, the most in the money first, now that the long `closed` is gone."""
    series = (closed.root, closed.expiry, closed.is_call)
    shorts = [
        leg for leg in legs if leg.quantity < 0 and (leg.root, leg.expiry, leg.is_call) == series
    ]
    shorts.sort(key=lambda leg: leg.strike, reverse=not closed.is_call)
    naked = uncovered(legs, *series) - uncovered([*legs, closed], *series)
    count = 0
    while naked > 0:
        naked += shorts[count].quantity
        count += 1
    return shorts[:count]


def _intrinsic(leg: Leg, spot: float) -> float:
    return settlement_value(leg.is_call, leg.strike, spot)


def _shares_taken(leg: Leg) -> int:
    """Shares that come in at expiry: long calls and short puts take, the others deliver."""
    contracts = leg.quantity if leg.is_call else -leg.quantity
    return contracts * product(leg.root).multiplier


def _first_to_close(legs: list[Leg], spot: float) -> Leg:
    return min(legs, key=lambda leg: (leg.quantity < 0, _intrinsic(leg, spot), leg.strike))


def _reason(leg: Leg) -> ExpiryReason:
    if _shares_taken(leg) > 0:
        funded = ExpiryReason.EXERCISE_NOT_FUNDED, ExpiryReason.ASSIGNMENT_NOT_FUNDED
    else:
        funded = ExpiryReason.EXERCISE_LACKS_SHARES, ExpiryReason.ASSIGNMENT_LACKS_SHARES
    return funded[leg.quantity < 0]
