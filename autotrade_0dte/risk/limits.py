"""The limits of the gate: each with its unit, its range, its default and the reason of that.

The defaults are bounds against faults: a loop that buys, a price of another contract, a size with a
digit too many. What a trade should be is for the strategies, the sizing and the order desk to say,
within them. `inf` switches a limit off that is a number of dollars or seconds; the figure it is
compared with need then not be known. A limit that stands refuses where its figure is not known.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

__all__ = ["AccountLimits", "Betas", "CorrelationLimits", "DayTradePolicy", "ExpiryLimits"]
__all__ += ["LimitParams", "OrderLimits", "PortfolioLimits", "PositionLimits", "SessionLimits"]
__all__ += ["tightened"]

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Usd = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=23_400)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Multiple = Annotated[float, msgspec.Meta(gt=0)]
Near = Annotated[float, msgspec.Meta(ge=0, le=0.2)]


class OrderLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one order may be.

    Parameters
    ----------
    max_contracts : int, default 50
        Most contracts. Five times the largest order of the built-in strategies, and what the
        execution client lets through at most (`live.max_order_contracts`).
    max_premium_usd : float, default 20_000
        Most that a buy may pay, dollars: two index options of a morning, the dearest that a
        built-in configuration buys, are 13,000.
    max_notional_usd : float, default 5_000_000
        Most of contracts times multiplier times spot, dollars: what is moved, however little is
        paid for it. Fifty contracts on an underlying at 1,000.
    max_age_s : float, default 600
        Oldest quote that an entry is judged on, seconds. The desk waits for a fresh one
        (`desk.vetoes.max_age_s`); here is the age at which no backtest believes a fill either
        (`simulation.max_fill_quote_age_s`).
    max_spread_ticks : float, default 40
        Widest spread in ticks, as long as it is also above `max_spread_fraction`.
    max_spread_fraction : float, default 1.0
        Widest spread as a fraction of the mid, as long as it is also above `max_spread_ticks`. At
        one, the way in and out costs what the option is worth; the desk waits long before.
    collar_ticks : float, default 20
        Farthest that a price may lie beyond the quote, and beyond fair value, in ticks, as long as
        it is also beyond `collar_fraction`. A cap has room for a few ticks of moving market.
    collar_fraction : float, default 0.50
        The same as a fraction of the quote's far side, or of fair value. A price that is half as
        much again is one of another contract, or of another minute.
    needs_fair_value : bool, default false
        Whether an entry needs a fair value. The desk waits for one where it needs it
        (`desk.vetoes.needs_fair_value`).
    duplicate_window_s : float, default 1.0
        An order of one strategy for the same contracts at the same price as one of so long ago is
        its repetition, seconds; 0 lets it pass. Decisions are a snapshot apart, a second as a rule.
    max_orders_a_minute : int, default 20
        Most orders in any 60 seconds, refused ones apart. The execution client stops all orders at
        30 (`live.max_orders_per_minute`): the last third is for closing.
    """

    max_contracts: Count = 50
    max_premium_usd: Usd = 20_000.0
    max_notional_usd: Usd = 5_000_000.0
    max_age_s: Usd = 600.0
    max_spread_ticks: Multiple = 40.0
    max_spread_fraction: Multiple = 1.0
    collar_ticks: Multiple = 20.0
    collar_fraction: Multiple = 0.50
    needs_fair_value: bool = False
    duplicate_window_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    max_orders_a_minute: Count = 20


class PositionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one contract, its neighbours, a strategy and a track may come to.

    Orders at work count as if they fill where that makes it more.

    Parameters
    ----------
    max_series_contracts : int, default 50
        Most contracts of one option, long or short: one largest order.
    cluster_fraction : float, default 0.0025
        Strikes within so much of the order's own on either side of it are one cluster: three
        strikes of SPY at 600, which the market passes through together.
    max_cluster_contracts : int, default 100
        Most contracts of a cluster, calls and puts, long and short together: both legs of a
        vertical of the largest order.
    max_strategy_plans, max_track_plans : int, default 5
        Most plans of a strategy, and of a track, that are open or being opened. The coordinator
        allows one each; a strategy of your own may have more, but each needs its exit worked.
    max_strategy_premium_usd, max_track_premium_usd : float, default 20_000
        Most premium of their plans, dollars at cost: one largest order.
    """

    max_series_contracts: Count = 50
    cluster_fraction: Near = 0.0025
    max_cluster_contracts: Count = 100
    max_strategy_plans: Count = 5
    max_track_plans: Count = 5
    max_strategy_premium_usd: Usd = 20_000.0
    max_track_premium_usd: Usd = 20_000.0


class PortfolioLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everything together may come to, the order included.

    Greeks are those of `picture.RiskPicture`, at the newest snapshot: each order at work may fill
    or not, and the worse counts. They are limits of size: what both tracks of a built-in
    configuration reach at their last entry is about half of them at most. Gamma grows until the
    close, and the same limit then allows fewer contracts: at a volatility of 12 % fifty of SPY at
    the money an hour before it, fifteen in the last five minutes.

    Parameters
    ----------
    max_premium_usd : float, default 30_000
        Most premium of all plans, dollars at cost: what is lost if every option ends worthless.
        The largest built-in configuration may have 20,000 at risk.
    max_capital_fraction : float, default 0.50
        Most of that premium as a fraction of equity. A day on which everything ends worthless
        leaves an account that can go on.
    max_delta_usd : float, default 20_000
        Most change of value for a move of the underlying by 1 %, dollars.
    max_gamma_usd : float, default 100_000
        Most change of that delta over such a move, dollars.
    max_vega_usd : float, default 2_500
        Most change of value for one point of implied volatility, dollars.
    max_theta_usd : float, default 5_000
        Most change of value over the next hour, dollars.
    max_worst_loss_fraction : float, default 0.25
        Most loss in the worst scenario over the rest of the session, as a fraction of equity. Five
        times the loss of a day at which the controller stops entries by default.
    max_entries : int, default 60
        Most plans entered in a session, those being entered included. Ten times what a built-in
        strategy may do in a day.
    max_losses_in_row : int, default 8
        After so many losing plans in a row entries pause. Who wins four trades in ten has eight
        losses in a row once in sixty runs of eight.
    loss_pause_s : float, default 1800
        How long, seconds from the last loss: half an hour, in which a market that does not suit the
        strategy may pass.
    """

    max_premium_usd: Usd = 30_000.0
    max_capital_fraction: Multiple = 0.50
    max_delta_usd: Usd = 20_000.0
    max_gamma_usd: Usd = 100_000.0
    max_vega_usd: Usd = 2_500.0
    max_theta_usd: Usd = 5_000.0
    max_worst_loss_fraction: Multiple = 0.25
    max_entries: Count = 60
    max_losses_in_row: Count = 8
    loss_pause_s: Seconds = 1_800.0


class SessionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When plans may be entered; both count from the session's own hours, also on half days.

    Nothing is entered from the flatten deadline on (`expiry.flatten_before_close_s`).

    Parameters
    ----------
    no_entry_after_open_s : float, default 60
        No entry so long after the open, seconds: quotes are wide and the first prints uncertain.
    last_entry_before_close_s : float, default 300
        No entry so long before the close, seconds, where positions are held to settlement too: a
        position that must go cannot be worked in less.
    """

    no_entry_after_open_s: Seconds = 60.0
    last_entry_before_close_s: Seconds = 300.0


class DayTradePolicy(StrEnum):
    """The rule that the broker keeps day trades to.

    NONE: none is kept here, as in a cash account. LEGACY_PDT: FINRA Rule 4210(f)(8)(B) as it was,
    three day trades in five days below 25,000 dollars of equity. INTRADAY_MARGIN: what took its
    place (SR-FINRA-2025-017, from 2026-06-04, phased in by brokers to 2027-10-20): nothing may be
    opened that the equity left at that moment does not carry.
    """

    NONE = "none"
    LEGACY_PDT = "legacy_pdt"
    INTRADAY_MARGIN = "intraday_margin"


class AccountLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the account may do. A buy never costs more than the free cash, whatever stands here.

    Parameters
    ----------
    day_trades : DayTradePolicy, default NONE
        Rule on day trades. None, as the old one is going and brokers differ in when.
    pdt_min_equity_usd : float, default 25_000
        Equity from which LEGACY_PDT sets no limit: the rule's own figure.
    pdt_max_day_trades : int, default 3
        Day trades that it allows in five days below that: the rule's own figure.
    pdt_day_trades_before : int, default 0
        Those of the four sessions before this one, which a session cannot know.
    margin_min_equity_usd : float, default 2_000
        Equity below which INTRADAY_MARGIN lets nothing be opened (FINRA Rule 4210(b)).
    """

    day_trades: DayTradePolicy = DayTradePolicy.NONE
    pdt_min_equity_usd: Usd = 25_000.0
    pdt_max_day_trades: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 3
    pdt_day_trades_before: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    margin_min_equity_usd: Annotated[float, msgspec.Meta(ge=0)] = 2_000.0


class Betas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much an underlying moves for 1 % of the S&P 500, as a multiple.

    Round figures of what broad indexes have had over the years, not fitted to anything; `other` is
    on the high side, because a single stock may have any.

    Parameters
    ----------
    SPY, SPX, XSP : float, default 1.0
        The index itself.
    QQQ : float, default 1.2
        The Nasdaq-100 moves more.
    IWM : float, default 1.2
        So do small companies.
    other : float, default 1.5
        Any other underlying.
    """

    SPY: float = 1.0
    SPX: float = 1.0
    XSP: float = 1.0
    QQQ: float = 1.2
    IWM: float = 1.2
    other: float = 1.5

    def of(self, underlying: str) -> float:
        """Return the beta of an underlying by its symbol."""
        known = underlying in self.__struct_fields__
        return float(getattr(self, underlying)) if known else self.other


class CorrelationLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What positions on several underlyings, which move together, may come to.

    Parameters
    ----------
    max_beta_delta_usd : float, default 25_000
        Most change of value for a move of the S&P 500 by 1 %, dollars, over all underlyings. Little
        more than one underlying may have: a second is no second bet.
    betas : Betas
        How the underlyings move with it.
    """

    max_beta_delta_usd: Usd = 25_000.0
    betas: Betas = Betas()


class ExpiryLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be entered late on the last day.

    Parameters
    ----------
    pin_fraction : float, default 0.001
        No entry at a strike within so much of the spot late in the day: where it ends is a matter
        of chance there, and whether it is exercised too. A tenth of a percent is what SPY moves in
        a few minutes.
    pin_before_close_s : float, default 900
        From so long before the close, seconds: the usual flatten deadline.
    exercise_band_fraction : float, default 0.002
        An option out of the money by no more than this fraction of the spot is taken to end in it.
    exercise_lead_s : float, default 300
        From so long before the broker's exercise test, seconds, nothing is entered that would end
        in the money and that the account could not exercise: the broker would close it again.
    flattened_is_exempt : bool, default true
        Whether that is no matter in a session that flattens before the close. Tiger names one look,
        two hours before the close; that it looks again at what is bought later is not known. False
        trusts it less.
    """

    pin_fraction: Near = 0.001
    pin_before_close_s: Seconds = 900.0
    exercise_band_fraction: Near = 0.002
    exercise_lead_s: Seconds = 300.0
    flattened_is_exempt: bool = True


class LimitParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of the gate.

    Parameters
    ----------
    order : OrderLimits
        One order.
    position : PositionLimits
        A contract, a cluster of strikes, a strategy, a track.
    portfolio : PortfolioLimits
        Everything together.
    session : SessionLimits
        The hours of entries.
    account : AccountLimits
        Cash and the rule on day trades.
    correlation : CorrelationLimits
        Several underlyings.
    expiry : ExpiryLimits
        The last day.
    tighten_factor : float, default 0.5
        Multiple of every limit of size while the risk controller has it tightened: half, as the
        action table halves the regular track at the first level.
    """

    order: OrderLimits = OrderLimits()
    position: PositionLimits = PositionLimits()
    portfolio: PortfolioLimits = PortfolioLimits()
    session: SessionLimits = SessionLimits()
    account: AccountLimits = AccountLimits()
    correlation: CorrelationLimits = CorrelationLimits()
    expiry: ExpiryLimits = ExpiryLimits()
    tighten_factor: Fraction = 0.5


_SIZES = {
    "order": ("max_contracts", "max_premium_usd", "max_notional_usd"),
    "position": (
        "max_series_contracts", "max_cluster_contracts",
        "max_strategy_premium_usd", "max_track_premium_usd",
    ),
    "portfolio": (
        "max_premium_usd", "max_capital_fraction", "max_delta_usd", "max_gamma_usd",
        "max_vega_usd", "max_theta_usd", "max_worst_loss_fraction",
    ),
    "correlation": ("max_beta_delta_usd",),
}  # fmt: skip
"""Limits of size: those that the mode TIGHTEN multiplies."""


def tightened(params: LimitParams) -> LimitParams:
    """Return the limits of the mode TIGHTEN: those of size times the factor, and at least 1."""
    changes = {}
    for part, names in _SIZES.items():
        limits = getattr(params, part)
        smaller = {name: _smaller(getattr(limits, name), params.tighten_factor) for name in names}
        changes[part] = msgspec.structs.replace(limits, **smaller)
    return msgspec.structs.replace(params, **changes)


def _smaller(limit: float, factor: float) -> float:
    return max(1, int(limit * factor)) if isinstance(limit, int) else limit * factor
