"""The broker's exercise test on the contracts of one plan."""

from typing import Any

from autotrade_0dte.actors.account import option_legs, total_cash
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.instruments import OptionSymbol, Right, option_symbol
from autotrade_0dte.risk.cover import Leg
from autotrade_0dte.risk.expiry import ExpiryClose, exercise_test

__all__ = ["exercise_close"]


def exercise_close(
    plan: TradePlan, cache: Any, spot: float, *, can_short_shares: bool
) -> ExpiryClose | None:
    """Return why the broker would close a leg of the plan, None if the account can carry both.

    Parameters
    ----------
    plan : TradePlan
        The plan that is open.
    cache : Any
        The engine's.
    spot : float
        Price of the underlying, known.
    can_short_shares : bool
        Whether the account may end up short of shares.
    """
    names = (plan.instrument_id, plan.short_instrument_id or plan.instrument_id)
    own = [option_symbol(name.rpartition(".")[0]) for name in names]
    closes = exercise_test(
        # The operator may hold others by hand, which do not expire today.
        (leg for leg in option_legs(cache) if _expires_with(leg, own[0])),
        spot,
        total_cash(cache),
        can_short_shares=can_short_shares,
    )
    of_plan = [close for close in closes if any(_is_of(close.leg, symbol) for symbol in own)]
    # Short legs come first, and often only because the long one goes: its reason is the plan's.
    return of_plan[-1] if of_plan else None


def _expires_with(leg: Leg, own: OptionSymbol) -> bool:
    return (leg.root, leg.expiry) == (own.root, own.expiry)


def _is_of(leg: Leg, symbol: OptionSymbol) -> bool:
    return (leg.strike, leg.is_call) == (symbol.strike, symbol.right is Right.CALL)
