"""Parameters of contract selection, and the bounds one trade must keep."""

from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.risk.scenarios import ScenarioParams
from autotrade_0dte.selection.ranking import Structure

__all__ = ["SelectionLimits", "SelectionParams", "ShortLeg", "TermWeights"]

Weight = Annotated[float, msgspec.Meta(ge=0, le=100)]
Delta = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Dollars = Annotated[float, msgspec.Meta(gt=0, le=1_000)]


class ShortLeg(StrEnum):
    """How the option to sell is chosen among the usable ones further out of the money.

    STRIKES: a number of strikes away from the long leg. DELTA: nearest to a delta, or next to the
    long leg where that is not further out.
    """

    STRIKES = "strikes"
    DELTA = "delta"


class TermWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of the terms, in the order of TERMS; only their proportions count.

    What is certain outweighs what is modelled: `liquidity` and `spread_cost` make up 0.40, because
    spread and fees are what most same-day trades lose to. `delta_fit` (0.25) keeps one trade
    comparable with the next. Convexity, decay and payoff come out of the same model and overlap, so
    they share the rest. None was fitted to data.
    """

    delta_fit: Weight = 0.25
    gamma_per_premium: Weight = 0.15
    liquidity: Weight = 0.20
    spread_cost: Weight = 0.20
    theta_burn: Weight = 0.10
    payoff: Weight = 0.10

    def __post_init__(self) -> None:
        if not any(msgspec.structs.astuple(self)):
            raise ValueError("Expected a weight above zero, was 0 for every term")


class SelectionParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which contracts may be bought, and what makes one better than another.

    Parameters
    ----------
    structure : Structure, default SINGLE
        A single option, or a debit vertical. A single one has the fewest costs and no leg risk.
    target_delta : float, default 0.40
        Wanted absolute delta of the long leg: near the money, where spreads are tightest.
    min_delta, max_delta : float, default 0.20 and 0.60
        Band of it. Below, the option is mostly spread and decay; above, mostly intrinsic value.
    min_premium, max_premium : float, default 0.10 and 50.0
        Band of the long leg's ask, dollars. Below ten cents fees eat the trade; above fifty
        dollars no option of the day near the money is priced, so that the quote is in error.
    max_spread_fraction : float, default 0.10
        Widest spread of the long leg, as a fraction of its mid.
    max_quote_age_s : float, default 30.0
        Oldest quote to trade on, seconds; where data come in books, a fraction of their spacing.
    max_tick_fraction : float, default 0.05
        Largest half tick, as a fraction of the mid: at ten cents a cent tick leaves 5 % open.
    min_size : float, default 1.0
        Least contracts shown on either side. The size of the order follows what is shown, see
        `risk.sizing`; here one is enough, as books of some vendors always show one.
    min_open_interest : float, default 10.0
        Least contracts open this morning; a few holders keep a market maker at work.
    unknown_open_interest_passes : bool, default true
        Whether a contract with unknown open interest passes. Live feeds often lack it, and spread
        and size already say whether the contract can be traded.
    max_spread_to_move : float, default 0.50
        Largest share of the expected move's worth over the holding time that the spread (of both
        legs) may take. The worth is delta times the move: at half of it, being right about the
        direction earns no more than the market maker does.
    short_leg : ShortLeg, default STRIKES
        How a vertical's short leg is chosen; strikes keep its width known beforehand.
    width_strikes : int, default 2
        Usable strikes from the long leg to the short one. At one, two spreads cost more than
        the width can pay.
    short_delta : float, default 0.15
        Absolute delta of the short leg where it is chosen by delta.
    half_spread_fraction : float, default 0.05
        Relative spread that halves the liquidity term, as in `ChainParams`.
    half_depth_contracts : float, default 20.0
        Shown size that halves the liquidity term, as in `ChainParams`.
    half_convexity_fraction : float, default 0.05
        Gain of an expected move by gamma alone, as a fraction of the debit, that makes its term
        one half; about that of an option at the money held for a sixth of its life.
    weights : TermWeights
        See there.
    scenarios : ScenarioParams
        The grid that bounds the loss.
    keep : int, default 5
        Candidates listed; the rows of a ranking keep the scores of all.
    """

    structure: Structure = Structure.SINGLE
    target_delta: Delta = 0.40
    min_delta: Delta = 0.20
    max_delta: Delta = 0.60
    min_premium: Dollars = 0.10
    max_premium: Dollars = 50.0
    max_spread_fraction: Fraction = 0.10
    max_quote_age_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 30.0
    max_tick_fraction: Fraction = 0.05
    min_size: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 1.0
    min_open_interest: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 10.0
    unknown_open_interest_passes: bool = True
    max_spread_to_move: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.50
    short_leg: ShortLeg = ShortLeg.STRIKES
    width_strikes: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    short_delta: Delta = 0.15
    half_spread_fraction: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.05
    half_depth_contracts: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 20.0
    half_convexity_fraction: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.05
    weights: TermWeights = TermWeights()
    scenarios: ScenarioParams = ScenarioParams()
    keep: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5

    def __post_init__(self) -> None:
        if not self.min_delta <= self.target_delta <= self.max_delta:
            raise ValueError(
                "Expected min_delta <= target_delta <= max_delta, "
                f"was {self.min_delta}, {self.target_delta}, {self.max_delta}"
            )
        if self.min_premium > self.max_premium:
            raise ValueError(
                "Expected min_premium of at most max_premium, "
                f"was {self.min_premium} and {self.max_premium}"
            )


class SelectionLimits(msgspec.Struct, frozen=True):
    """What one trade may risk, and the facts of the contract it is judged with.

    Parameters
    ----------
    budget_usd : float
        Most that one contract may lose in its worst scenario, dollars.
    fee_usd : float
        Fees of buying and selling one contract of one option, dollars; a vertical pays them twice.
    hold_s : float
        How long the trade is meant to be held, seconds, above zero.
    multiplier : int, default 100
        Shares a contract.
    tick_below_3, tick_from_3 : float, default 0.01
        Minimum price step in dollars below and from a premium of 3 dollars.
    """

    budget_usd: float
    fee_usd: float
    hold_s: float
    multiplier: int = 100
    tick_below_3: float = 0.01
    tick_from_3: float = 0.01

    def __post_init__(self) -> None:
        if not self.hold_s > 0.0:
            raise ValueError(f"Expected hold_s above zero, was {self.hold_s}")
        if not self.fee_usd >= 0.0:
            raise ValueError(f"Expected fee_usd of at least zero, was {self.fee_usd}")
