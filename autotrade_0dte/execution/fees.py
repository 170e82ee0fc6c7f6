"""What Tiger charges for an option order, exact to the cent.

Assumptions where Tiger's pages are silent:

- Every component is summed over the order, then its minimum or cap applies, then it is rounded
  half up to the cent; minimums and caps said to hold "per trade" or "per transaction" hold per
  order, partial fills together.
- A multi-leg order is charged leg by leg, each leg as an order of its own.
- A price change keeps the order, hence its minimums; a cancel and a new order pay them again.
- Expiry, exercise and assignment cost nothing.
- Cboe passes its index option fee through at the rates published by tastytrade.

Sources: fees, itigerup.com help 67485414; New Zealand, tigerbrokers.nz help 03522643; index option
fees, tastyworks.freshdesk.com 43000521134.
"""

import datetime as dt
import math
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from autotrade_0dte.products import product

__all__ = ["SCHEDULES", "CommissionTier", "Entity", "ExchangeFee", "FeeBreakdown", "FeeParams"]
__all__ += ["FeeSchedule", "OrderFees", "fee_schedule", "order_fee", "without_minimums"]

Usd = Annotated[float, msgspec.Meta(ge=0, le=1_000)]


class Entity(StrEnum):
    """The price list of the Tiger company that keeps the account.

    STANDARD is the list shown on itigerup.com, commission and platform fee apart; NZ is Tiger
    Brokers New Zealand, which names one commission for both.
    """

    STANDARD = "standard"
    NZ = "nz"


class CommissionTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Commission per contract once `from_contracts` contracts were traded in the month."""

    from_contracts: Annotated[int, msgspec.Meta(ge=0)]
    commission_usd: Usd


class ExchangeFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the exchange of an index option root takes per contract, from an order size on."""

    root: str
    per_contract_usd: Usd
    from_contracts: Annotated[int, msgspec.Meta(ge=1)] = 1


class FeeSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dated price list; dollars per contract unless said otherwise.

    Parameters
    ----------
    valid_from : datetime.date
        First session the prices are known to hold for.
    commission_usd, commission_min_usd : float
        Tiger's commission and its minimum an order.
    platform_usd, platform_min_usd : float
        Platform fee and its minimum an order.
    settlement_usd : float
        Option settlement fee.
    orf_usd : float
        Options Regulatory Fee of the exchanges.
    occ_usd, occ_max_usd : float
        Clearing fee of the OCC and its cap an order.
    sec_fraction, sec_min_usd : float
        SEC fee as a fraction of the money received, and its minimum an order; sells only.
    taf_usd, taf_min_usd : float
        FINRA Trading Activity Fee and its minimum an order; sells only.
    exchange : tuple of ExchangeFee
        Index option fees passed through; a root that is not listed pays none.
    commission_tiers : tuple of CommissionTier
        Commission on the tiered plan, by contracts traded in the month; empty: no such plan.
    """

    valid_from: dt.date
    commission_usd: Usd
    commission_min_usd: Usd
    platform_usd: Usd
    platform_min_usd: Usd
    settlement_usd: Usd
    orf_usd: Usd
    occ_usd: Usd
    occ_max_usd: Usd
    sec_fraction: Annotated[float, msgspec.Meta(ge=0, le=0.01)]
    sec_min_usd: Usd
    taf_usd: Usd
    taf_min_usd: Usd
    exchange: tuple[ExchangeFee, ...] = ()
    commission_tiers: tuple[CommissionTier, ...] = ()


_STANDARD = FeeSchedule(
    # The page carries no date; its SEC rate took effect on this day.
    valid_from=dt.date(2024, 5, 22),
    commission_usd=0.65,
    commission_min_usd=1.99,
    platform_usd=0.30,
    platform_min_usd=1.00,
    settlement_usd=0.18,
    orf_usd=0.012,
    occ_usd=0.02,
    occ_max_usd=55.0,
    sec_fraction=0.0000278,
    sec_min_usd=0.01,
    taf_usd=0.00279,
    taf_min_usd=0.01,
    exchange=(
        ExchangeFee("SPXW", 0.65),
        ExchangeFee("XSP", 0.07, from_contracts=10),
    ),
    commission_tiers=(
        CommissionTier(0, 0.80),
        CommissionTier(501, 0.70),
        CommissionTier(1_001, 0.60),
        CommissionTier(3_001, 0.50),
        CommissionTier(15_001, 0.40),
        CommissionTier(50_001, 0.30),
        CommissionTier(100_001, 0.0),
    ),
)

SCHEDULES: dict[tuple[Entity, dt.date], FeeSchedule] = {
    (Entity.STANDARD, _STANDARD.valid_from): _STANDARD,
    # The page names commission and minimum alone; third parties charge every entity the same.
    (Entity.NZ, _STANDARD.valid_from): msgspec.structs.replace(
        _STANDARD,
        commission_usd=0.95,
        commission_min_usd=2.99,
        platform_usd=0.0,
        platform_min_usd=0.0,
        commission_tiers=(),
    ),
}
"""Built-in price lists by entity and first day."""


def fee_schedule(
    entity: Entity, date: dt.date, tiered_month_contracts: int | None = None
) -> FeeSchedule:
    """Return the price list of `entity` on `date`: the latest that was valid by then.

    Sessions before the first list are charged its prices, which is today's cost applied to old
    sessions; `valid_from` after `date` tells so.

    Parameters
    ----------
    entity : Entity
        Whose prices.
    date : datetime.date
        Session of the order.
    tiered_month_contracts : int, optional
        Contracts traded this month before the order, for an account on the tiered plan: the
        whole order pays the commission of that tier. None is the fixed plan.

    Raises
    ------
    ValueError
        The entity has no tiered plan, or the count is negative.
    """
    days = sorted(day for of, day in SCHEDULES if of == entity)
    schedule = SCHEDULES[entity, max((day for day in days if day <= date), default=days[0])]
    if tiered_month_contracts is None:
        return schedule
    reached = [t for t in schedule.commission_tiers if t.from_contracts <= tiered_month_contracts]
    if not reached:
        raise ValueError(
            f"Expected a tiered plan and a count of contracts >= 0, was {entity} with "
            f"{len(schedule.commission_tiers)} tiers and {tiered_month_contracts} contracts"
        )
    tier = max(reached, key=lambda t: t.from_contracts)
    return msgspec.structs.replace(schedule, commission_usd=tier.commission_usd)


class FeeParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which prices the account pays.

    Parameters
    ----------
    entity : Entity, default STANDARD
        Company that keeps the account; its built-in list is used.
    tiered_month_contracts : int, optional
        Contracts already traded this month, for an account on the tiered plan. The default None is
        the fixed plan, on which Tiger opens accounts.
    own : FeeSchedule, optional
        A price list in place of the built-in ones, for when Tiger has changed its prices.
    """

    entity: Entity = Entity.STANDARD
    tiered_month_contracts: Annotated[int, msgspec.Meta(ge=0)] | None = None
    own: FeeSchedule | None = None

    def schedule(self, date: dt.date) -> FeeSchedule:
        """Return the price list for the session of `date`."""
        if self.own is not None:
            return self.own
        return fee_schedule(self.entity, date, self.tiered_month_contracts)


class FeeBreakdown(msgspec.Struct, frozen=True):
    """Fees of one order in whole cents, component by component."""

    commission_cents: int = 0
    platform_cents: int = 0
    settlement_cents: int = 0
    orf_cents: int = 0
    occ_cents: int = 0
    sec_cents: int = 0
    taf_cents: int = 0
    exchange_cents: int = 0

    @property
    def total_cents(self) -> int:
        """Sum of all components, in cents."""
        return sum(msgspec.structs.astuple(self))

    @property
    def total(self) -> float:
        """Sum of all components, in dollars."""
        return self.total_cents / 100


class OrderFees:
    """Fees of one order as its fills come in: minimums are paid once, by the first fill.

    The fees returned by `add_fill` add up to the fee of the whole order, whatever the split.
    """

    __slots__ = ("_is_sell", "_root", "_schedule", "_value", "breakdown", "contracts")

    def __init__(self, schedule: FeeSchedule, root: str, is_sell: bool) -> None:
        self._schedule = schedule
        self._root = root
        self._is_sell = is_sell
        self._value = Decimal(0)
        self.contracts = 0
        self.breakdown = FeeBreakdown()

    def add_fill(self, quantity: int, price: float) -> float:
        """Return what this fill adds to the fee of the order, in dollars, never negative.

        Parameters
        ----------
        quantity : int
            Contracts filled, 1 or more.
        price : float
            Premium per share in dollars, 0 or more.

        Raises
        ------
        ValueError
            The quantity or the price is out of range.
        """
        if quantity < 1:
            raise ValueError(f"Expected a quantity of 1 or more, was {quantity} ({self._root})")
        if not 0 <= price < math.inf:
            raise ValueError(f"Expected a price of 0 or more, was {price} ({self._root})")
        self.contracts += quantity
        self._value += _exact(price) * product(self._root).multiplier * quantity
        before = self.breakdown.total_cents
        self.breakdown = self._charge()
        return (self.breakdown.total_cents - before) / 100

    def _charge(self) -> FeeBreakdown:
        s, n = self._schedule, Decimal(self.contracts)
        sell = self._is_sell
        return FeeBreakdown(
            commission_cents=_cents(
                max(_exact(s.commission_usd) * n, _exact(s.commission_min_usd))
            ),
            platform_cents=_cents(max(_exact(s.platform_usd) * n, _exact(s.platform_min_usd))),
            settlement_cents=_cents(_exact(s.settlement_usd) * n),
            orf_cents=_cents(_exact(s.orf_usd) * n),
            occ_cents=_cents(min(_exact(s.occ_usd) * n, _exact(s.occ_max_usd))),
            sec_cents=_cents(max(_exact(s.sec_fraction) * self._value, _exact(s.sec_min_usd)))
            if sell
            else 0,
            taf_cents=_cents(max(_exact(s.taf_usd) * n, _exact(s.taf_min_usd))) if sell else 0,
            exchange_cents=sum(
                _cents(_exact(fee.per_contract_usd) * n)
                for fee in s.exchange
                if fee.root == self._root and n >= fee.from_contracts
            ),
        )


def order_fee(
    schedule: FeeSchedule, root: str, is_sell: bool, fills: list[tuple[int, float]]
) -> FeeBreakdown:
    """Return the fee of an order from all its fills, each (contracts, premium per share)."""
    fees = OrderFees(schedule, root, is_sell)
    for quantity, price in fills:
        fees.add_fill(quantity, price)
    return fees.breakdown


def without_minimums(schedule: FeeSchedule) -> FeeSchedule:
    """Return the price list without its minimums: what the contracts alone cost."""
    return msgspec.structs.replace(
        schedule, commission_min_usd=0.0, platform_min_usd=0.0, sec_min_usd=0.0, taf_min_usd=0.0
    )


@lru_cache(1_024)  # rates come with every order
def _exact(number: Any) -> Decimal:
    # Through the shortest text: the float 0.65 is meant as 65 cents, not as 0.65000000000000002.
    return Decimal(str(number))


def _cents(dollars: Decimal) -> int:
    return int((dollars * 100).to_integral_value(ROUND_HALF_UP))
