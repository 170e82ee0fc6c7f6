"""How many contracts a trade takes, and what kept it from taking more.

The budget of a trade is what it may lose in its worst scenario:

    min(risk_usd, equity_fraction * equity) * state * volatility * streak * drawdown

with four factors from 0 on, and never more than the room that the tracks share. The size is the
largest that the budget and every other bound allow; each bound rounds down.
"""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from autotrade_0dte.risk.sizing_params import KellyParams, SizingParams

__all__ = ["Budget", "Contract", "Size", "SizeBound", "SizingInputs", "SizingParams", "budget"]
__all__ += ["kelly_stake", "size"]


class SizeBound(StrEnum):
    """What decides a size, the tightest of all.

    RISK: the strategy's own budget, less its factors. EQUITY: the same, as a share of the equity.
    ROOM: what the tracks may still lose together. STOP: the loss at the stop. PREMIUM: the premium
    as a share of the equity. KELLY: the Kelly criterion. DISPLAYED: what is shown at the touch; no
    more is for sale at the price of the decision. MAX_CONTRACTS: the largest order. FEE_SHARE: fees
    would take too much of the premium, so that nothing is bought. UNKNOWN: a figure is unknown, so
    that nothing is bought.
    """

    RISK = "RISK"
    EQUITY = "EQUITY"
    ROOM = "ROOM"
    STOP = "STOP"
    PREMIUM = "PREMIUM"
    KELLY = "KELLY"
    DISPLAYED = "DISPLAYED"
    MAX_CONTRACTS = "MAX_CONTRACTS"
    FEE_SHARE = "FEE_SHARE"
    UNKNOWN = "UNKNOWN"


class SizingInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a trade's budget hangs on, whatever is bought; dollars.

    Parameters
    ----------
    risk_usd : float
        Most that the strategy lets a trade lose.
    room_usd : float
        Most that a further trade may lose by the rules that the tracks share.
    max_contracts : int
        Largest order.
    state_factor : float
        Factor of the market's level, from the action table.
    vol_ratio : float
        Volatility over its usual value, implied or realized, whichever is further above; 1 is
        usual.
    equity, peak_equity : float, default NaN
        The account's value, and its highest in the session. Where the equity is unknown what hangs
        on it does not bound; without a known peak there is no drawdown.
    losses_in_row : int, default 0
        Trades lost since the last one that was not.
    """

    risk_usd: float
    room_usd: float
    max_contracts: int
    state_factor: float
    vol_ratio: float
    equity: float = math.nan
    peak_equity: float = math.nan
    losses_in_row: int = 0


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought: an option or a package, dollars a contract.

    Parameters
    ----------
    worst_loss_usd : float
        What one contract loses in its worst scenario, fees included; above zero.
    stop_loss_usd : float
        What it loses at its stop, fees included; above zero.
    premium_usd : float
        What it costs at the highest price that would be paid; above zero.
    displayed : float
        Contracts shown at the touch.
    fees_usd : callable of int to float
        Fees of buying and of selling so many contracts.
    """

    worst_loss_usd: float
    stop_loss_usd: float
    premium_usd: float
    displayed: float
    fees_usd: Callable[[int], float]


class Budget(NamedTuple):
    """What a trade may lose in its worst scenario, dollars; NaN if unknown. What bounds it."""

    usd: float
    bound_by: SizeBound
    figures: Mapping[str, float]


class Size(NamedTuple):
    """How many contracts to buy, the bound that decided it, and the figures behind it."""

    contracts: int
    bound_by: SizeBound
    figures: Mapping[str, float]


def budget(inputs: SizingInputs, params: SizingParams) -> Budget:
    """Return what the next trade may lose in its worst scenario."""
    drawdown = 1.0 - inputs.equity / inputs.peak_equity if inputs.peak_equity > 0.0 else math.nan
    factors = {
        "state_factor": inputs.state_factor,
        "vol_factor": _vol_factor(inputs.vol_ratio, params),
        "streak_factor": (
            params.streak_factor if inputs.losses_in_row >= params.streak_losses else 1.0
        ),
        "drawdown_factor": _drawdown_factor(drawdown, params),
    }
    factor = math.prod(factors.values())
    allowed = {SizeBound.RISK: inputs.risk_usd * factor, SizeBound.ROOM: inputs.room_usd}
    if not math.isnan(inputs.equity):
        allowed[SizeBound.EQUITY] = params.equity_fraction * inputs.equity * factor
    if any(map(math.isnan, allowed.values())):
        return Budget(math.nan, SizeBound.UNKNOWN, _named(allowed) | factors)
    bound_by = min(allowed, key=lambda bound: allowed[bound])
    usd = max(allowed[bound_by], 0.0)
    return Budget(usd, bound_by, {"budget_usd": usd, "equity_usd": inputs.equity} | factors)


def size(inputs: SizingInputs, contract: Contract, params: SizingParams) -> Size:
    """Return the largest number of contracts that keeps every bound; 0 where none does.

    Raises
    ------
    ValueError
        One contract loses nothing in its worst scenario or at its stop, or costs nothing.
    """
    dollars = contract.worst_loss_usd, contract.stop_loss_usd, contract.premium_usd
    if any(each <= 0.0 for each in dollars):
        raise ValueError(f"Expected losses and a premium above 0, was {dollars}")
    given = budget(inputs, params)
    figures = dict(given.figures) | {
        "worst_loss_usd": contract.worst_loss_usd,
        "stop_loss_usd": contract.stop_loss_usd,
        "premium_usd": contract.premium_usd,
        "displayed": contract.displayed,
    }
    if given.bound_by is SizeBound.UNKNOWN:
        return Size(0, SizeBound.UNKNOWN, figures)
    allowed = _by_equity(inputs.equity, contract, params)
    allowed[given.bound_by] = given.usd // contract.worst_loss_usd
    allowed[SizeBound.DISPLAYED] = contract.displayed
    allowed[SizeBound.MAX_CONTRACTS] = float(inputs.max_contracts)
    if any(map(math.isnan, allowed.values())):
        return Size(0, SizeBound.UNKNOWN, figures)
    bound_by = min(allowed, key=lambda bound: allowed[bound])
    contracts = max(math.floor(allowed[bound_by]), 0)
    if contracts == 0:
        return Size(0, bound_by, figures)
    share = contract.fees_usd(contracts) / (contracts * contract.premium_usd)
    figures |= {"contracts": float(contracts), "fee_share": share}
    if math.isnan(share):
        return Size(0, SizeBound.UNKNOWN, figures)
    if share > params.max_fee_share:
        return Size(0, SizeBound.FEE_SHARE, figures | {"max_fee_share": params.max_fee_share})
    return Size(contracts, bound_by, figures)


def kelly_stake(params: KellyParams) -> float | None:
    """Return the share of the equity to put at risk, 0 without an edge; None if nothing is known.

    ``fraction * (p - (1 - p) / b)`` for the win rate p and the payoff b.
    """
    if params.win_rate is None or params.payoff is None:
        return None
    return params.fraction * max(params.win_rate - (1.0 - params.win_rate) / params.payoff, 0.0)


def _by_equity(equity: float, contract: Contract, params: SizingParams) -> dict[SizeBound, float]:
    """Return the contracts that shares of the equity allow; none of them where it is unknown."""
    if math.isnan(equity):
        return {}
    allowed = {
        SizeBound.PREMIUM: params.premium_fraction * equity // contract.premium_usd,
        SizeBound.STOP: params.stop_fraction * equity // contract.stop_loss_usd,
    }
    stake = kelly_stake(params.kelly)
    if stake is not None:
        allowed[SizeBound.KELLY] = stake * equity // contract.worst_loss_usd
    return allowed


def _vol_factor(ratio: float, params: SizingParams) -> float:
    if not ratio > 0.0:
        return math.nan
    return min(max(params.vol_tolerance / ratio, params.least_vol_factor), 1.0)


def _drawdown_factor(drawdown: float, params: SizingParams) -> float:
    if math.isnan(drawdown):
        return 1.0
    left = (params.drawdown_to - drawdown) / (params.drawdown_to - params.drawdown_from)
    return min(max(left, 0.0), 1.0)


def _named(allowed: Mapping[SizeBound, float]) -> dict[str, float]:
    return {f"{bound.lower()}_usd": usd for bound, usd in allowed.items()}
