"""What one order gets from one quote, and what a working order gets from the quotes that pass.

Prices are whole cents. `near` is the best price on the order's own side, `far` the one it trades
at, as in `execution.order_quote`.
"""

import hashlib
import math

import msgspec

from autotrade_0dte.execution.fills import PLACES, FillParams
from autotrade_0dte.execution.parent import Side

__all__ = [
    "FillLook",
    "Grant",
    "ShownSize",
    "Standing",
    "WorkingOrder",
    "granted",
    "place",
    "quarter",
]

_NS_PER_MINUTE = 60_000_000_000
_LONGEST_REST_NS = _NS_PER_MINUTE
"""What a look farther back counts at most: the engine shows no quote that leaves a limit behind."""
_UNIT = 2.0**-53


class FillLook(msgspec.Struct, frozen=True, gc=False):
    """One order and the quote it meets.

    Parameters
    ----------
    side : Side
        Of the order.
    limit : int
        Its worst price, cents.
    leaves : int
        Contracts it still asks for, 1 or more.
    at_rest : bool
        Whether it was at work before this quote came; it is then filled at its own price.
    near, far : int
        Best prices, cents; 0 where there is none.
    near_size, far_size : float
        Contracts shown there.
    tick : int
        Least step of the price, cents.
    """

    side: Side
    limit: int
    leaves: int
    at_rest: bool
    near: int
    far: int
    near_size: float
    far_size: float
    tick: int


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where an order stands when it meets a quote.

    Parameters
    ----------
    taken : int
        Contracts that this very quote has given before.
    ahead : int
        Contracts in the queue before the order.
    is_missed : bool
        Whether the quote is gone when the order arrives.
    is_met : bool
        Whether somebody has come to the limit.
    luck : float
        Draw from (0, 1] that decides what an arriving order pays between two ticks; 1 rounds
        against it.
    """

    taken: int = 0
    ahead: int = 0
    is_missed: bool = False
    is_met: bool = False
    luck: float = 1.0


class Grant(msgspec.Struct, frozen=True, gc=False):
    """A fill: price in cents and contracts; `quantity` may be 0 where only the queue moved on.

    `served` counts the contracts that the quote gave to others in the queue.
    """

    price: int
    quantity: int
    served: int = 0


def granted(look: FillLook, standing: Standing, params: FillParams) -> Grant | None:
    """Return what the order gets from the quote, None where it gets nothing.

    Never beyond the limit, never more than is asked for or shown. For one order, quote and
    standing a kinder scenario never gives less, and never at a worse price.
    """
    had = _had(look.far_size, params.size_share) - standing.taken
    if had <= 0 or look.far <= 0:
        return None
    price = _taker_price(look, params, 1.0 if look.at_rest else standing.luck)
    sign = look.side.sign
    takes = sign * (look.limit - price) >= 0
    if standing.is_missed and not standing.is_met:
        return None
    if takes and not look.at_rest:
        return Grant(price, min(had, look.leaves))
    if not takes and not (standing.is_met and place(look) >= 0):
        return None
    served = min(standing.ahead, had) if look.limit == look.far else 0
    return Grant(look.limit, min(had - served, look.leaves), served)


def place(look: FillLook) -> float:
    """Return where the limit is in the spread: 0 at the near price, 1 at the far one.

    NaN without both prices, or where they lock or cross.
    """
    spread = look.side.sign * (look.far - look.near)
    if look.near <= 0 or look.far <= 0 or spread <= 0:
        return math.nan
    return look.side.sign * (look.limit - look.near) / spread


def quarter(where: float) -> int | None:
    """Return the quarter of the spread that a place is in; None outside it or where unknown.

    The touch, a place of 1, is outside: an order there is not waiting inside the spread.
    """
    return int(where * PLACES) if 0 <= where < 1 else None


class ShownSize:
    """How much of the size at one best price has been taken: it is given once.

    A quote of another price or size is a new one, an identical one is not.
    """

    def __init__(self) -> None:
        self._shown: tuple[int, float] = (0, 0.0)
        self.taken = 0

    def see(self, price: int, size: float) -> None:
        """Take note of the price and size shown now."""
        if (price, size) != self._shown:
            self._shown = price, size
            self.taken = 0

    def take(self, quantity: int) -> None:
        """Take contracts from it."""
        self.taken += quantity


class WorkingOrder:
    """One order at the venue: its place in the queue, and when it is met inside the spread.

    Chance is drawn from `name`, so that it depends on nothing else that happens in a run, and is
    the same in every scenario: a waiting time in units of the mean, which the time at rest, each
    part of the spread at its own rate, uses up.

    Parameters
    ----------
    name : str
        What identifies the order in every run of the same decision.
    params : FillParams
        What is believed.
    """

    def __init__(self, name: str, params: FillParams) -> None:
        self._name = name
        self._params = params
        self._limit = 0
        self._ahead = 0
        self._last_ns = 0
        self._rate = 0.0
        self._waited = 0.0
        self._met = 0
        self._waits_for = -math.log(_uniform(name, "met", 0))

    def look(self, now_ns: int, look: FillLook, shown: ShownSize) -> Grant | None:
        """Return what the order gets at `now_ns`, UTC ns; it is taken from `shown`."""
        rested_ns = min(now_ns - self._last_ns, _LONGEST_REST_NS)
        self._waited += self._rate * rested_ns / _NS_PER_MINUTE
        if self._limit:
            # The engine does not tell: what has rested is a maker to it for good, what has taken a
            # taker. A new limit arrives anew, and what it leaves is at rest.
            look = msgspec.structs.replace(look, at_rest=look.limit == self._limit)
        if look.limit != self._limit:
            self._limit = look.limit
            joins = look.limit == look.near or (look.at_rest and look.limit == look.far)
            self._ahead = math.ceil(self._params.queue_share * look.near_size) if joins else 0
        shown.see(look.far, look.far_size)
        rate = self._rate_of(look)
        is_met = rate > 0 and self._waited >= self._waits_for  # within the spread it may be 0
        luck = self._drawn("price", look) if self._params.taker_place < 1 else 1.0
        standing = Standing(shown.taken, self._ahead, self._is_missed(look), is_met, luck)
        grant = granted(look, standing, self._params)
        self._last_ns, self._rate = now_ns, rate
        if grant is None:
            return None
        self._ahead -= grant.served
        shown.take(grant.quantity + grant.served)
        if is_met and grant.quantity:
            self._met += 1
            self._waited = 0.0
            self._waits_for = -math.log(_uniform(self._name, "met", self._met))
        return grant if grant.quantity else None

    def _rate_of(self, look: FillLook) -> float:
        where = place(look)
        if where >= 1:
            return self._params.touch_per_minute if self._params.ticks_beyond else 0.0
        at = quarter(where)
        return 0.0 if at is None else self._params.inside_per_minute[at]

    def _is_missed(self, look: FillLook) -> bool:
        missed = self._params.missed
        return missed > 0 and self._drawn("missed", look) < missed

    def _drawn(self, what: str, look: FillLook) -> float:
        return _uniform(self._name, what, look.far, look.far_size)


def _had(size: float, share: float) -> int:
    """Return the contracts to be had of a shown size; of any size at least one."""
    return max(1, int(size * share)) if size >= 1 else 0


def _taker_price(look: FillLook, params: FillParams, luck: float) -> int:
    """Return what an order pays that takes, on the tick and never less than one tick.

    Between two ticks it pays either, so that on average it is filled at the place it should be.
    """
    sign, tick = look.side.sign, look.tick
    price = look.far
    spread = sign * (look.far - look.near)
    if look.near > 0 and spread > 0:
        steps = math.floor((1 - params.taker_place) * spread / tick + (1 - luck))
        price -= sign * steps * tick
    return max(price + sign * params.ticks_beyond * tick, tick)


def _uniform(*parts: object) -> float:
    """Draw from (0, 1] by a hash of what identifies the draw."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return ((int.from_bytes(digest) >> 11) + 1) * _UNIT
