"""The one gate that every order passes before it leaves, whichever strategy sends it.

An order that reduces risk passes every limit: with no cash, in every mode, at any rate, whatever is
known. The gate itself decides which those are (`gate_cover.reduces_risk`); one that closes what
another strategy holds is none of them (`gate_opposed`). Any other order goes through the checks in
a fixed order, and the first limit it breaks refuses it. A figure that is not known refuses where a
limit needs it. The verdict hangs on the arguments alone.
"""

from collections.abc import Mapping

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk import (
    gate_account,
    gate_expiry,
    gate_greeks,
    gate_order,
    gate_portfolio,
    gate_position,
    gate_scenario,
    gate_session,
)
from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate_case import Case, Check, GateFacts, PlanSums, WorstLoss
from autotrade_0dte.risk.gate_cover import naked_short, reduces_risk
from autotrade_0dte.risk.gate_opposed import opposed
from autotrade_0dte.risk.limits import LimitParams, tightened
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import UNKNOWN, RiskPicture
from autotrade_0dte.risk.proposed_order import GateQuote, ProposedOrder

__all__ = ["CHECKS", "GateFacts", "RiskGate", "WorstLoss"]

_NO_OTHERS: Mapping[str, float] = {}
_NO_QUOTE = GateQuote()


def _halted(case: Case) -> Denial | None:
    """Return HALTED where the risk controller allows no entries."""
    picture = case.picture
    if picture.mode < RiskMode.HALT_ENTRIES:
        return None
    trigger = "" if picture.trigger is None else str(picture.trigger)
    return Denial(DenyReason.HALTED, {"mode": picture.mode.name, "trigger": trigger})


CHECKS: tuple[Check, ...] = (
    naked_short,
    _halted,
    # the order by itself
    gate_order.price_limit,
    gate_order.contracts,
    gate_order.premium,
    gate_order.notional,
    gate_order.off_tick,
    # the market
    gate_order.age,
    gate_order.spread,
    gate_order.collar_quote,
    gate_order.collar_fair,
    # the orders before it
    gate_order.duplicate,
    gate_order.rate,
    # the session and its end
    gate_session.after_open,
    gate_session.before_close,
    gate_session.before_flatten,
    gate_session.entries,
    gate_session.loss_streak,
    gate_expiry.pin_zone,
    gate_expiry.exercise_funding,
    # what is held and at work
    gate_position.series,
    gate_position.cluster,
    gate_position.strategy_plans,
    gate_position.track_plans,
    gate_position.strategy_premium,
    gate_position.track_premium,
    # the account
    gate_account.cash,
    gate_account.day_trades,
    gate_account.intraday_margin,
    # everything together; the scenarios cost most and come last
    gate_portfolio.premium_at_risk,
    gate_portfolio.capital_use,
    gate_greeks.greeks,
    gate_greeks.beta_delta,
    gate_scenario.scenario_loss,
)
"""The checks in their order, after those of the quantity and of what reduces risk."""


class RiskGate:
    """Judges orders of one session.

    Parameters
    ----------
    params : LimitParams
        The limits.
    facts : GateFacts
        The session.
    """

    __slots__ = ("_facts", "_limits", "_tightened")

    def __init__(self, params: LimitParams, facts: GateFacts) -> None:
        self._facts = facts
        self._limits = params
        self._tightened = tightened(params)

    def check(
        self,
        order: ProposedOrder,
        exposure: Exposure,
        quote: GateQuote,
        chain: ChainSnapshot | None,
        picture: RiskPicture,
        now_ns: int,
        *,
        worst_loss: WorstLoss | None = None,
        others: Mapping[str, float] = _NO_OTHERS,
    ) -> Denial | None:
        """Return why the order must not go, None if it may.

        Parameters
        ----------
        order : ProposedOrder
            The order. It may be in the exposure already, to be judged anew before it is sent.
        exposure : Exposure
            What is held and at work; left as it is.
        quote : GateQuote
            The market of its contract.
        chain : ChainSnapshot or None
            The newest snapshot; None before the first.
        picture : RiskPicture
            The account, by the controller; `picture.UNKNOWN` before it has said anything, which
            forbids nothing by itself.
        now_ns : int
            Event time, UTC ns.
        worst_loss : callable, optional
            Loss in the worst scenario, see `gate_scenario.worst_loss_of`; without it that is not
            judged.
        others : mapping of str to float, optional
            Delta of positions on other underlyings by symbol, dollars for a move of each by 1 %.
        """
        if not _is_sane(order.quantity):
            return Denial(DenyReason.BAD_QUANTITY, {"quantity": order.quantity})
        case = self._case(order, exposure, quote, chain, picture, now_ns, worst_loss, others)
        if (denial := opposed(case)) is not None:
            return denial
        if reduces_risk(case):
            return None
        case.plans = PlanSums.of(exposure, order.owner, case.plan, case.own_usd)
        for check in CHECKS:
            denial = check(case)
            if denial is not None:
                return denial
        return None

    def reduces(self, order: ProposedOrder, exposure: Exposure) -> bool:
        """Return whether an order only closes what is held, so that it passes every limit.

        Of one that is at work already what is left of it counts.
        """
        working = exposure.orders.get(order.order_id)
        if working is not None:
            left = working.left if order.quantity > 0 else -working.left
            order = msgspec.structs.replace(order, quantity=left)
        case = self._case(order, exposure, _NO_QUOTE, None, UNKNOWN, 0, None, _NO_OTHERS)
        return _is_sane(order.quantity) and opposed(case) is None and reduces_risk(case)

    def _case(
        self,
        order: ProposedOrder,
        exposure: Exposure,
        quote: GateQuote,
        chain: ChainSnapshot | None,
        picture: RiskPicture,
        now_ns: int,
        worst_loss: WorstLoss | None,
        others: Mapping[str, float],
    ) -> Case:
        line = exposure.line(order.contract)
        buying, selling, own_usd = line.buying, line.selling, 0.0
        for own in exposure.own(order):
            own_usd += own.reserved_usd
            if own.order.quantity > 0:
                buying -= own.left
            else:
                selling -= own.left
        plan = exposure.plans.get((order.owner.strategy, order.owner.plan_id))
        is_buy, opens_plan = order.quantity > 0, plan is None or not plan.lots
        limits, completes_plan = self._limits, not (is_buy or opens_plan)
        if picture.mode >= RiskMode.TIGHTEN:
            limits = self._tightened
        return Case(  # by place: by name it takes six times as long
            limits, self._facts, order, exposure, quote, chain, picture, now_ns, worst_loss, others,
            line, buying, selling, own_usd, plan, order.cost_usd, is_buy, opens_plan,
            completes_plan,
        )  # fmt: skip


def _is_sane(quantity: int) -> bool:
    """Return whether it is a whole number of contracts other than zero."""
    return isinstance(quantity, int) and quantity != 0
