"""Which symbols get a place in the push quota: a pure decision, stable while the spot moves."""

import math
from collections.abc import Collection, Iterable

import msgspec

__all__ = ["QuoteNeed", "QuoteWishes", "SubscriptionPlan", "plan_subscriptions"]

_ALWAYS, _HELD, _ASKED = range(3)


class QuoteNeed(msgspec.Struct, frozen=True):
    """A symbol whose quotes are wanted.

    Parameters
    ----------
    symbol : str
        Engine symbol.
    order : int
        When it was asked for: lower was earlier, and comes first at equal distance.
    distance : float
        Of the strike from spot as a fraction of spot, at least 0; NaN while spot is unknown.
    is_underlying : bool, default False
        Whether others are priced from it: comes before all.
    is_held : bool, default False
        Whether there is a position in it: comes before all that is not held.
    """

    symbol: str
    order: int
    distance: float = math.nan
    is_underlying: bool = False
    is_held: bool = False


class SubscriptionPlan(msgspec.Struct, frozen=True):
    """What to do about each wanted symbol; the three parts are disjoint and hold all of them.

    Parameters
    ----------
    push : tuple of str
        To be subscribed, most wanted first; never more than the quota.
    poll : tuple of str
        To be asked for in batches, most wanted first.
    refused : tuple of str
        Not served at all, most wanted first.
    """

    push: tuple[str, ...] = ()
    poll: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def plan_subscriptions(
    needs: Iterable[QuoteNeed],
    quota: int,
    *,
    pushed: Collection[str] = frozenset(),
    barred: Collection[str] = frozenset(),
    margin: float = 0.0,
    polling: bool = True,
) -> SubscriptionPlan:
    """Divide the wanted symbols into subscribed, polled and refused.

    Underlyings come first, then held positions, then the rest by distance from spot and by the
    order in which they were asked for.

    Parameters
    ----------
    needs : iterable of QuoteNeed
        What is wanted, one need a symbol; the outcome does not depend on the iteration's order.
    quota : int
        Symbols that may be subscribed, at least 0.
    pushed : collection of str
        Symbols subscribed now. One of them gives up its place only to a symbol that is nearer to
        spot by more than `margin`, so that a spot swinging between two strikes changes nothing.
    barred : collection of str
        Symbols whose subscription Tiger has refused; they may still be polled.
    margin : float, default 0
        Fraction of spot, at least 0.
    polling : bool, default True
        Whether symbols may be polled at all.
    """

    def rank(need: QuoteNeed) -> tuple[int, float, int, str]:
        tier = _ALWAYS if need.is_underlying else _HELD if need.is_held else _ASKED
        distance = math.inf if math.isnan(need.distance) else need.distance
        if need.symbol in pushed:
            distance -= margin
        return tier, distance, need.order, need.symbol

    ranked = [need.symbol for need in sorted(needs, key=rank)]
    push = tuple([symbol for symbol in ranked if symbol not in barred][:quota])
    chosen = set(push)
    others = tuple(symbol for symbol in ranked if symbol not in chosen)
    return SubscriptionPlan(push, others) if polling else SubscriptionPlan(push, refused=others)


class QuoteWishes:
    """Which symbols' quotes are wanted, since when, and for what."""

    def __init__(self) -> None:
        self._asked = 0
        self._wishes: dict[str, tuple[int, set[str]]] = {}

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._wishes

    def add(self, symbol: str, purpose: str) -> None:
        """Want quotes of the symbol for a purpose."""
        if symbol not in self._wishes:
            self._asked += 1
            self._wishes[symbol] = self._asked, set()
        self._wishes[symbol][1].add(purpose)

    def remove(self, symbol: str, purpose: str) -> None:
        """Want them for this purpose no more."""
        if symbol in self._wishes:
            purposes = self._wishes[symbol][1]
            purposes.discard(purpose)
            if not purposes:
                del self._wishes[symbol]

    def orders(self) -> dict[str, int]:
        """Return when each wanted symbol was first asked for, as a running number."""
        return {symbol: order for symbol, (order, _) in self._wishes.items()}
