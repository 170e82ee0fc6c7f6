"""From a signal to a plan: what the strategies of both tracks do alike."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from nautilus_trader.model import OrderSide

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.fees import order_fee
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.state import CHANNELS, Channel
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.products import product, tick_cents
from autotrade_0dte.risk import sizing
from autotrade_0dte.risk.sizing import Contract, Size, SizeBound, SizingInputs
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams
from autotrade_0dte.selection.ranking import Candidate, Structure
from autotrade_0dte.selection.select import select
from autotrade_0dte.signals.composer import SignalParams
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import Signal
from autotrade_0dte.signals.source import SignalSource
from autotrade_0dte.signals.standing import Standing
from autotrade_strategies.base import TradeStrategy

__all__ = ["NoPlan", "SignalStrategy", "TrackParams"]

_USUAL_PREMIUM = 1.0
_VOLATILITY_LEVEL = CHANNELS.index(Channel.VOLATILITY_LEVEL)


class TrackParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of every strategy that trades on signals; the stages' own tables are in it.

    Parameters
    ----------
    signal : SignalParams
        How factors become a signal.
    filters : FilterParams
        What keeps it from being acted on.
    selection : SelectionParams
        Which contracts may be bought.
    exits : ExitParams
        When the position is closed.
    risk_usd : float, default 500
        Most that one trade may lose in its worst scenario, fees included, dollars; multiplied by
        the size factor of the action table and those of `[risk.sizing]`, which has further bounds.
    max_contracts : int, default 10
        Largest order.
    cap_slack_ticks : int, default 1
        Ticks above the ask of the decision that an entry may cost: what a quote moves while the
        order is on its way. The size is for the cap, so that the slack is within the budget.
    """

    signal: SignalParams = SignalParams()
    filters: FilterParams = FilterParams()
    selection: SelectionParams = SelectionParams()
    exits: ExitParams = ExitParams()
    risk_usd: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 500.0
    max_contracts: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    cap_slack_ticks: Annotated[int, msgspec.Meta(ge=0, le=20)] = 1


class NoPlan(StrEnum):
    """Why a signal that may be acted on makes no plan.

    NO_CONTRACT: selection offers none. NO_SIZE: a bound of the size leaves none of the best.
    FEE_SHARE: fees would take too much of its premium. SIZE_UNKNOWN: what its size hangs on is not
    known.
    """

    NO_CONTRACT = "NO_CONTRACT"
    NO_SIZE = "NO_SIZE"
    FEE_SHARE = "FEE_SHARE"
    SIZE_UNKNOWN = "SIZE_UNKNOWN"


_NO_SIZE = {SizeBound.FEE_SHARE: NoPlan.FEE_SHARE, SizeBound.UNKNOWN: NoPlan.SIZE_UNKNOWN}


class SignalStrategy(TradeStrategy):
    """Makes its track's signals, and a plan of the best contract for one."""

    params: TrackParams

    def __init__(self, session: TradingSession, params: Any, allotment: Allotment) -> None:
        super().__init__(session, params, allotment)
        self._source = self._new_source()
        self._fee_usd = _round_trip_usd(session)
        self._passed_over: set[tuple[int, NoPlan]] = set()

    @property
    def priority(self) -> int:
        return self.params.signal.priority

    def read_signal(self, view: MarketView) -> Signal:
        """Return the signal of the next snapshot."""
        return self._source.update(view, self._standing(view))

    def begin_signals(self) -> None:
        """Begin anew: the next signal's direction begins with it, whatever was before."""
        self._source = self._new_source()

    def plan_for(
        self,
        view: MarketView,
        signal: Signal,
        reason: str,
        figures: Mapping[str, float] | None = None,
    ) -> TradePlan | None:
        """Rank the contracts in the signal's direction and plan to buy the best; None without one.

        The size is what `risk.sizing` allows, by the newest picture of the account's risk: before
        the first one the account's own figures bound nothing. `figures` go on the record with the
        plan's own.
        """
        inputs = self._sizing_inputs(view, signal.direction)
        budget = sizing.budget(inputs, self.session.sizing)
        if budget.bound_by is SizeBound.UNKNOWN:
            self._pass_over(signal, NoPlan.SIZE_UNKNOWN, budget.figures)
            return None
        ranking = select(
            view.chain, signal.direction, self.params.selection, self._limits(budget.usd)
        )
        self.ranking = ranking
        if not ranking.candidates:
            self._pass_over(signal, NoPlan.NO_CONTRACT, budget.figures)
            return None
        best = ranking.candidates[0]
        slack = self._slack(float(view.chain.ask[best.row]))
        size = sizing.size(inputs, self._contract(best, slack), self.session.sizing)
        if size.contracts < 1:
            reason_not = _NO_SIZE.get(size.bound_by, NoPlan.NO_SIZE)
            self._pass_over(signal, reason_not, size.figures)
            return None
        plan = self._plan(view, signal, best, size, slack, reason)
        return msgspec.structs.replace(plan, figures=plan.figures | dict(figures or {}))

    def _new_source(self) -> SignalSource:
        session = self.session
        return SignalSource(
            self.params.signal,
            self.params.filters,
            indicators=session.indicators,
            track=self.allotment.track,
            open_ns=session.open_ns,
            close_ns=session.close_ns,
        )

    def _pass_over(self, signal: Signal, reason: NoPlan, figures: Mapping[str, float]) -> None:
        """Record why a signal that may be acted on makes no plan, once for each direction begun."""
        if (signal.onset_ns, reason) not in self._passed_over:
            self._passed_over.add((signal.onset_ns, reason))
            self._record.decision(
                DecisionKind.REFUSE, reason, None, "", OrderSide.BUY, 0, math.nan, figures
            )

    def _standing(self, view: MarketView) -> Standing:
        barred = [direction for direction in (1, -1) if self.allotment.conflicts(direction)]
        return Standing(
            watching_since_ns=self.watching_since_ns,
            trades=self.trades,
            last_entry_ns=self.last_entry_ns,
            last_loss_ns=self.last_loss_ns,
            entries_allowed=self.entries_allowed(view),
            barred_direction=barred[0] if barred else 0,
        )

    def _sizing_inputs(self, view: MarketView, direction: int) -> SizingInputs:
        picture = self.picture
        return SizingInputs(
            risk_usd=self.params.risk_usd,
            room_usd=self.allotment.room_usd(direction),
            max_contracts=self.params.max_contracts,
            state_factor=self.allotment.action(view.state.level).size_factor,
            vol_ratio=_vol_ratio(view),
            equity=picture.equity,
            peak_equity=picture.peak_equity,
            losses_in_row=picture.counters.losses_in_row,
        )

    def _contract(self, best: Candidate, slack: float) -> Contract:
        """Return what one contract of the best costs and may lose, bought at the cap."""
        multiplier = self.session.multiplier
        legs = 2 if self.params.selection.structure is Structure.DEBIT_VERTICAL else 1
        premium_usd = (best.debit + slack) * multiplier
        return Contract(
            worst_loss_usd=best.worst_loss + slack * multiplier,
            stop_loss_usd=self.params.exits.loss_fraction * premium_usd + legs * self._fee_usd,
            premium_usd=premium_usd,
            displayed=best.displayed,
            fees_usd=lambda count: legs * _round_trip_usd(self.session, count),
        )

    def _limits(self, budget_usd: float) -> SelectionLimits:
        facts = product(self.session.root)
        return SelectionLimits(
            budget_usd=budget_usd,
            fee_usd=self._fee_usd,
            hold_s=self.params.exits.hold_s,
            multiplier=self.session.multiplier,
            tick_below_3=facts.tick_below_3 / 100,
            tick_from_3=facts.tick_from_3 / 100,
        )

    def _slack(self, ask: float) -> float:
        """Return what the cap allows above the ask, dollars a share."""
        facts, begin = product(self.session.root), round(100 * ask)
        cents = begin
        for _ in range(self.params.cap_slack_ticks):
            cents += tick_cents(facts, cents)
        return (cents - begin) / 100

    def _plan(
        self,
        view: MarketView,
        signal: Signal,
        best: Candidate,
        size: Size,
        slack: float,
        reason: str,
    ) -> TradePlan:
        chain = view.chain
        worst_loss_usd = size.contracts * (best.worst_loss + slack * self.session.multiplier)
        legs: dict[str, Any] = {}
        if self.params.selection.structure is Structure.DEBIT_VERTICAL:
            short = self.session.instrument_ids[best.short_row]
            legs = {"short_instrument_id": short, "net_cap": round(best.debit + slack, 4)}
        return TradePlan(
            plan_id=f"{self.allotment.track[0].upper()}{self.trades + 1:03d}",
            direction=signal.direction,
            instrument_id=self.session.instrument_ids[best.row],
            quantity=size.contracts,
            entry_cap=round(float(chain.ask[best.row]) + slack, 4),
            decided_ns=chain.ts_event,
            worst_loss_usd=worst_loss_usd,
            exits=self.params.exits,
            reason=reason,
            figures={
                "strength": signal.strength,
                "agreement": signal.agreement,
                "candidate_score": best.score,
                "delta": best.delta,
                "theta_per_hour": best.theta_per_hour,
                "worst_loss_usd": worst_loss_usd,
                "fee_share": size.figures["fee_share"],
            },
            **legs,
        )


def _round_trip_usd(session: TradingSession, contracts: int = 1) -> float:
    """Return the fees of buying and selling contracts of one option, an order each.

    Only the fee on the money received depends on the price, a hundredth of a cent a dollar.
    """
    fills = [(contracts, _USUAL_PREMIUM)]
    return sum(order_fee(session.fees, session.root, sell, fills).total for sell in (False, True))


def _vol_ratio(view: MarketView) -> float:
    """Return implied or realized volatility over its usual value, the higher one that is known."""
    implied = math.exp(view.state.values[_VOLATILITY_LEVEL])
    realized = view.indicators.realized_ratio
    return max((each for each in (implied, realized) if not math.isnan(each)), default=math.nan)
