"""What a trade's size hangs on."""

from typing import Annotated

import msgspec

__all__ = ["KellyParams", "SizingParams"]

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class KellyParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the Kelly criterion is told of a strategy; it caps nothing until both figures are given.

    The growth of an account is largest at the stake ``p - (1 - p) / b`` of it (J. L. Kelly, "A New
    Interpretation of Information Rate", 1956). Above that stake growth falls while losses grow, and
    both figures are estimates, so that only a fraction of it is staked (E. O. Thorp, "The Kelly
    Criterion in Blackjack, Sports Betting, and the Stock Market", 2006).

    Parameters
    ----------
    win_rate : float, optional
        Share p of trades that win, fees included. None (the default): not known, no cap. There is
        no default figure, as one would claim an edge that nobody has measured.
    payoff : float, optional
        Mean win over mean loss b, fees included. None (the default): not known, no cap.
    fraction : float, default 0.25
        Share of that stake to take: at a quarter it is still below the best one where the edge is
        half of what was thought.
    """

    win_rate: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    payoff: Annotated[float, msgspec.Meta(gt=0, le=1_000)] | None = None
    fraction: Share = 0.25


class SizingParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a trade's budget shrinks, and what else bounds its size.

    Shares are of the account's equity; while that is unknown they bound nothing, and a strategy's
    own `risk_usd` is the budget.

    Parameters
    ----------
    equity_fraction : float, default 0.02
        Most that one trade may lose in its worst scenario, as a share of the equity: two such
        trades and some slippage are within a daily loss of 5 %.
    stop_fraction : float, default 0.015
        Most that it may lose at its stop; below `equity_fraction`, as a price that runs through a
        stop does not come back for it.
    premium_fraction : float, default 0.05
        Most that it may pay: in a gap no stop holds, and the whole premium is then no more than
        a session may lose.
    vol_tolerance : float, default 2.0
        Volatility, as a multiple of the usual one, up to which a trade keeps its size: the
        scenarios reckon with two expected moves, and then still hold one. Above it the budget falls
        in proportion (A. Moreira and T. Muir, "Volatility-Managed Portfolios", 2017).
    least_vol_factor : float, default 0.5
        Least factor of that; the action table decides whether to trade at all.
    streak_losses : int, default 4
        Losses in a row from which on `streak_factor` counts. At the default exits 44 % of trades
        must win to break even (0.4 / 0.9), and by chance one trade in ten then comes after such a
        row.
    streak_factor : float, default 0.5
        Factor on the budget then: what was right may have ended, and half a trade finds out too.
    drawdown_from : float, default 0.02
        Fall from the session's highest equity, as a share of it, from which on the budget falls:
        one trade's worst loss is no reason yet.
    drawdown_to : float, default 0.05
        Fall at which nothing is left of it, as a straight line between; the budget is then in
        proportion to what may still be lost (S. Grossman and Z. Zhou, "Optimal Investment
        Strategies for Controlling Drawdowns", 1993).
    max_fee_share : float, default 0.12
        Largest share of the premium that the fees of buying and selling may take. Tiger's minimums
        an order make small orders dear: one contract at 0.50 pays 13 % of it in and out, which is
        a quarter of the usual target; two pay 7 %, and four 5 %.
    kelly : KellyParams
        See there.
    """

    equity_fraction: Share = 0.02
    stop_fraction: Share = 0.015
    premium_fraction: Share = 0.05
    vol_tolerance: Annotated[float, msgspec.Meta(ge=1, le=100)] = 2.0
    least_vol_factor: Share = 0.5
    streak_losses: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    streak_factor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    drawdown_from: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.02
    drawdown_to: Share = 0.05
    max_fee_share: Share = 0.12
    kelly: KellyParams = KellyParams()

    def __post_init__(self) -> None:
        if not self.drawdown_from < self.drawdown_to:
            raise ValueError(
                "Expected drawdown_from below drawdown_to, "
                f"was {self.drawdown_from} and {self.drawdown_to}"
            )
