"""What a simulated venue is believed to give: three scenarios of fills, from kind to harsh.

Only what the recorded quotes show is known; how an order of one's own would have fared is not. So
every backtest is run under three beliefs, and what is earned under the kindest alone is not called
a profit. The rules that apply the parameters are in `execution.fill_rules`.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import msgspec

__all__ = ["PLACES", "FillParams", "FillScenario", "FillScenarios", "OptimisticFills"]
__all__ += ["PessimisticFills", "kinder_fields"]

PLACES = 4
"""Parts of the spread that have a rate of their own: its quarters, from the order's own side."""

type Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
type Rate = Annotated[float, msgspec.Meta(ge=0, le=6_000)]
type Rates = tuple[Rate, Rate, Rate, Rate]


class FillScenario(StrEnum):
    """How kind the simulated venue is."""

    OPTIMISTIC = "optimistic"
    BASE = "base"
    PESSIMISTIC = "pessimistic"


class FillParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One belief about fills; the defaults are the base: what the recorded quotes prove.

    Parameters
    ----------
    taker_place : float, default 1
        Where in the spread an order that takes is filled, as a share of the spread from its own
        side: 1 is the touch. Between two ticks it is either, by chance, and so on average; on a
        spread of one tick that is one of its ends. Base: the touch is what was shown. Effective
        spreads of equity options are 0.79 of the quoted ones on average (Muravyev and Pearson,
        Review of Financial Studies 2020), which is a place of 0.9.
    ticks_beyond : int, default 0
        Ticks beyond that price at which the fill takes place. Base: none is known of.
    size_share : float, default 1
        Share of the shown size that is to be had, at least one contract. Base: what was shown;
        it is given once, until the quote changes.
    queue_share : float, default 0.5
        Share of the size on the order's own side that is served first when the order joins the
        best price, or waits behind it, and the other side comes to exactly its limit. Base: venues
        that serve customers first have none ahead, those that serve by time have all.
    inside_per_minute : tuple of 4 floats, default all 0
        Rate at which a limit at rest in each quarter of the spread is filled at its price while
        the quotes do not reach it, in fills a minute; the first quarter includes the best price
        of the order's own side. Base: none, because no recorded quote proves such a fill; one's
        own fills do (``autotrade calibrate-fills``).
    touch_per_minute : float, default 6
        Rate at which a limit at the touch is filled at its price where a fill takes place beyond
        the touch, in fills a minute. An assumption: 10 s on average for an order that goes to the
        touch and no farther, as a walk does. Without `ticks_beyond` it is filled at once.
    missed : float, default 0
        Chance that a quote is gone when an order arrives; the next quote is another chance.
    latency_factor : float, default 1
        Multiplies the latency from a command to its effect.
    """

    taker_place: Share = 1.0
    ticks_beyond: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    size_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    queue_share: Share = 0.5
    inside_per_minute: Rates = (0.0, 0.0, 0.0, 0.0)
    touch_per_minute: Rate = 6.0
    missed: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.0
    latency_factor: Annotated[float, msgspec.Meta(ge=0, le=20)] = 1.0


class OptimisticFills(FillParams, frozen=True, forbid_unknown_fields=True):
    """Mid-biased fills: what back-tests at or near the mid believe; fields as in `FillParams`.

    Taken at three quarters of the spread (mid and a quarter of the spread: ORATS' 75 % for a single
    leg), nobody ahead in the queue, and a limit at rest is filled: at the mid within 5 s on
    average, at the best price within a minute. No source gives such a rate; these are short enough
    that a patient order is nearly always filled, which is the belief to be tested.
    """

    taker_place: Share = 0.75
    queue_share: Share = 0.0
    inside_per_minute: Rates = (1.0, 4.0, 12.0, 30.0)


class PessimisticFills(FillParams, frozen=True, forbid_unknown_fields=True):
    """A tick beyond the touch, half the size, twice the latency; fields as in `FillParams`.

    One tick is what a quote moves when it is traded on; half of a quote is shown by venues that an
    order does not reach in time; all of the queue is ahead; one quote in ten is gone, as the quotes
    of market makers are when the underlying moves. These are assumptions, and harsh on purpose.
    """

    ticks_beyond: Annotated[int, msgspec.Meta(ge=0, le=20)] = 1
    size_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    queue_share: Share = 1.0
    missed: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.1
    latency_factor: Annotated[float, msgspec.Meta(ge=0, le=20)] = 2.0


_KINDER_IS_LESS = ("taker_place", "ticks_beyond", "queue_share", "missed", "latency_factor")
_KINDER_IS_MORE = ("size_share", "touch_per_minute")


class FillScenarios(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of each scenario; a table gives only what differs from the defaults.

    Raises ValueError where a scenario is kinder in some parameter than the one before it: the
    comparison of results would mean nothing.
    """

    optimistic: OptimisticFills = OptimisticFills()
    base: FillParams = FillParams()
    pessimistic: PessimisticFills = PessimisticFills()

    def __post_init__(self) -> None:
        for kind, harsh in pairwise(FillScenario):
            found = kinder_fields(self.of(harsh), self.of(kind))
            if found:
                name = found[0]
                raise ValueError(
                    f"Expected {harsh}.{name} no kinder than {kind}.{name} "
                    f"({getattr(self.of(kind), name)}), was {getattr(self.of(harsh), name)}"
                )

    def of(self, scenario: FillScenario) -> FillParams:
        """Return the parameters of one scenario."""
        params: FillParams = getattr(self, scenario)
        return params


def kinder_fields(a: FillParams, b: FillParams) -> list[str]:
    """Return the parameters in which `a` is kinder to an order than `b`."""
    found = [name for name in _KINDER_IS_LESS if getattr(a, name) < getattr(b, name)]
    found += [name for name in _KINDER_IS_MORE if getattr(a, name) > getattr(b, name)]
    pairs = zip(a.inside_per_minute, b.inside_per_minute, strict=True)
    if any(own > other for own, other in pairs):
        found.append("inside_per_minute")
    return found
