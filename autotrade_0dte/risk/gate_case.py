"""One order before the gate: everything a check may ask for, put together once."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.products import Product, tick_cents
from autotrade_0dte.risk.deny import Denial
from autotrade_0dte.risk.exposure import Exposure, Line, PlanLine
from autotrade_0dte.risk.limits import LimitParams
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.proposed_order import GateQuote, Owner, ProposedOrder

__all__ = ["NOISE", "Case", "Check", "GateFacts", "NetBreach", "PlanSums", "WorstLoss"]

NOISE = 1e-9
"""Binary fractions of a dollar that are no difference."""

type WorstLoss = Callable[[int, int, float, float], float]
"""What is lost in the worst scenario, dollars above zero, by all that is held and `quantity`
contracts (signed) more of a `row` of the chain at `price` dollars a share: (row, quantity, price,
enough). 0 contracts is what it would be without. NaN is unknown. Where it is certain to be no more
than `enough`, an upper bound will do."""


type NetBreach = tuple[int, float, float]
"""The first net Greek that could become too large, and how far from zero it can be without the
order and with it, dollars: 0 to 3 for delta, gamma, vega and theta, 4 for delta over all
underlyings by how they move with the market; -1 where none can."""


class GateFacts(msgspec.Struct, frozen=True):
    """One session of one option root; instants are UTC ns.

    Parameters
    ----------
    product : Product
        The root's contract facts.
    open_ns, close_ns : int
        The session's own hours, of a half day too.
    flatten_ns : int or None
        Positions still open are closed from here on; None lets them expire.
    exercise_test_ns : int or None
        When the broker closes what the account cannot exercise; None where that is no matter.
    can_short_shares : bool
        Whether exercise may leave the account short of shares.
    short_legs : bool
        Whether a long option covers a short one of another strike; without, only what is held is
        sold.
    """

    product: Product
    open_ns: int
    close_ns: int
    flatten_ns: int | None = None
    exercise_test_ns: int | None = None
    can_short_shares: bool = False
    short_legs: bool = False


class PlanSums(NamedTuple):
    """What the other plans come to, the order's own apart.

    `of_strategy` and `of_track` are plans of the order's, `entering` those that hold nothing yet.
    `day_trades` are contracts to be closed, one at least of each, and like the premiums, which are
    in dollars, have what the own plan holds as well. What is reserved for the order itself is out.
    """

    of_strategy: int = 0
    of_track: int = 0
    entering: int = 0
    day_trades: int = 0
    strategy_usd: float = 0.0
    track_usd: float = 0.0
    premium_usd: float = 0.0

    @classmethod
    def of(
        cls, exposure: Exposure, owner: Owner, own: PlanLine | None, own_usd: float
    ) -> "PlanSums":
        """Return the sums, in one pass for the checks of all of them."""
        of_strategy = of_track = entering = day_trades = 0
        strategy_usd = track_usd = total_usd = -own_usd
        strategy, track = owner.strategy, owner.track
        for plan in exposure.plans.values():
            premium_usd, whose, lots = plan.premium_usd, plan.owner, len(plan.lots)
            total_usd += premium_usd
            is_other = plan is not own
            day_trades += lots
            if is_other and not lots:
                entering += 1
                day_trades += 1
            if whose.strategy == strategy:
                of_strategy += is_other
                strategy_usd += premium_usd
            if whose.track == track:
                of_track += is_other
                track_usd += premium_usd
        return cls(of_strategy, of_track, entering, day_trades, strategy_usd, track_usd, total_usd)


class Case(msgspec.Struct, gc=False):
    """What the checks see.

    Parameters
    ----------
    line : Line
        The order's contract in the exposure.
    buying, selling : int
        What orders at work may still buy and sell of it, the order's own apart.
    own_usd : float
        What is reserved for the order already.
    plan : PlanLine or None
        The order's plan, if there is anything of it.
    cost_usd : float
        Most that it takes from the cash.
    is_buy : bool
        Whether contracts are bought.
    opens_plan : bool
        Whether the order's plan holds nothing yet.
    completes_plan : bool
        Whether the order sells against what its plan holds: it opens nothing new.
    others : mapping of str to float
        Delta in dollars for 1 % of each other underlying.
    plans : PlanSums
        The other plans; all zero until it is known that the order does not just reduce risk.
    net_breach : NetBreach or None
        What of the net Greeks is too large, once that has been asked for; see `gate_greeks`.
    """

    limits: LimitParams
    facts: GateFacts
    order: ProposedOrder
    exposure: Exposure
    quote: GateQuote
    chain: ChainSnapshot | None
    picture: RiskPicture
    now_ns: int
    worst_loss: WorstLoss | None
    others: Mapping[str, float]
    line: Line
    buying: int
    selling: int
    own_usd: float
    plan: PlanLine | None
    cost_usd: float
    is_buy: bool
    opens_plan: bool
    completes_plan: bool
    plans: PlanSums = PlanSums()
    net_breach: NetBreach | None = None

    @property
    def is_in_plan(self) -> bool:
        """Whether the order's plan holds some of its contract already."""
        return self.plan is not None and self.order.contract.name in self.plan.lots

    @property
    def free_usd(self) -> float:
        """Cash and buying power that no other order may take; NaN where one is unknown."""
        book = self.exposure
        cash, power = book.cash, book.buying_power
        lower = power if power < cash or math.isnan(power) else cash
        return lower - (book.reserved_usd - self.own_usd)

    @property
    def has_picture(self) -> bool:
        """Whether the controller has said anything yet: before it has, nothing is refused by it."""
        return self.picture.ts_event != 0

    def tick(self, price: float) -> float:
        """Return the price step at `price`, dollars."""
        return tick_cents(self.facts.product, int(price * 100.0 + NOISE)) / 100.0


type Check = Callable[[Case], Denial | None]
