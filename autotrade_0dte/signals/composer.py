"""From the factors' readings to one opinion: score, strength, agreement and direction."""

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.factors import FactorParams
from autotrade_0dte.signals.signal import FACTORS, Reading

__all__ = ["Composer", "FactorWeights", "Multiples", "Opinion", "RegimeWeights", "SignalParams"]

_NS = 1_000_000_000

Weight = Annotated[float, msgspec.Meta(ge=0, le=100)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class FactorWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weight of each factor; only their proportions count. None was fitted to data.

    The more support a factor has in research and the less noise it is made of, the more it weighs.

    Parameters
    ----------
    momentum, opening_range : float, default 1.0
        The move itself, and the one pattern with a long practitioners' record when it is confirmed.
    micro_trend, volume : float, default 0.75
        Support for momentum that is partly the same information.
    trend, vwap, gamma : float, default 0.5
        Crosses of averages have little support of their own; the signs of gamma exposure are a
        guess and its effect is modest.
    acceleration, skew : float, default 0.25
        Differences of noisy figures.
    """

    trend: Weight = 0.5
    momentum: Weight = 1.0
    micro_trend: Weight = 0.75
    acceleration: Weight = 0.25
    volume: Weight = 0.75
    vwap: Weight = 0.5
    opening_range: Weight = 1.0
    gamma: Weight = 0.5
    skew: Weight = 0.25

    def __post_init__(self) -> None:
        if not any(msgspec.structs.astuple(self)):
            raise ValueError("Expected a weight above 0, was 0 for all factors")


class Multiples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the factors' weights are multiplied by at one level of the market state."""

    trend: Weight = 1.0
    momentum: Weight = 1.0
    micro_trend: Weight = 1.0
    acceleration: Weight = 1.0
    volume: Weight = 1.0
    vwap: Weight = 1.0
    opening_range: Weight = 1.0
    gamma: Weight = 1.0
    skew: Weight = 1.0


_FAST = Multiples(
    trend=0.5, momentum=1.5, acceleration=2.0, volume=2.0, vwap=0.5, gamma=0.5, opening_range=0.5
)


class RegimeWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Multiples of the weights by level.

    From L2 on the move of the moment and its volume decide: what looks back over the session is
    late, and dealers' hedging, which fades moves on usual days, is overrun.

    Parameters
    ----------
    calm, l1, l2, l3 : Multiples
        L2 and L3 by default momentum 1.5, acceleration and volume 2, trend, vwap, opening range and
        gamma 0.5.
    """

    calm: Multiples = Multiples()
    l1: Multiples = Multiples()
    l2: Multiples = _FAST
    l3: Multiples = _FAST

    def at(self, level: Level) -> Multiples:
        """Return the multiples of a level."""
        return (self.calm, self.l1, self.l2, self.l3)[level]


class SignalParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How factors become a signal. None was fitted to data.

    Parameters
    ----------
    factors : FactorParams
        Scales of the factors.
    weights : FactorWeights
        Weight of each factor.
    regime : RegimeWeights
        Multiples of the weights at each level of the market state.
    min_known_share : float, default 0.5
        Share of the weight that must be known for a score; data without volume still have most.
    begin_strength : float, default 0.3
        Strength at which a direction begins; one and a half standard deviations of the score of a
        synthetic market without drift, where there is nothing to find.
    end_strength : float, default 0.15
        Strength at or below which it ends; half of the former, so that it does not flicker.
    min_strength : float, default 0.5
        Least strength to act on; two and a half of those standard deviations.
    min_agreement : float, default 0.7
        Least share of the known weight that must point the signal's way, 0.5 being a coin's.
    validity_s : float, default 300
        Time from a direction's begin in which it may be acted on; later is chasing the move. Not
        below the spacing of the data.
    priority : int, default 0
        Which track's signal goes first; larger is first, and the regular one of equals.
    """

    factors: FactorParams = FactorParams()
    weights: FactorWeights = FactorWeights()
    regime: RegimeWeights = RegimeWeights()
    min_known_share: Share = 0.5
    begin_strength: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.3
    end_strength: Share = 0.15
    min_strength: Share = 0.5
    min_agreement: Share = 0.7
    validity_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 300.0
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0

    def __post_init__(self) -> None:
        if self.end_strength >= self.begin_strength:
            raise ValueError(
                "Expected end_strength below begin_strength, "
                f"was {self.end_strength} and {self.begin_strength}"
            )
        for level in Level:
            if not any(_weights(self, level)):
                raise ValueError(
                    f"Expected a weight above 0 at {level.name}, was 0 for all factors; "
                    "the action table says where nothing is to be entered"
                )


class Opinion(msgspec.Struct, frozen=True, gc=False):
    """What the factors add up to; see `Signal`.

    Parameters
    ----------
    known_share : float
        Share of the weight whose factors are known, 0 to 1.
    """

    direction: int
    score: float
    strength: float
    agreement: float
    onset_ns: int
    known_share: float


class Composer:
    """Weighs readings, and remembers the direction so that it does not flicker."""

    __slots__ = ("_direction", "_onset_ns", "_params", "_totals", "_weights")

    def __init__(self, params: SignalParams) -> None:
        self._params = params
        self._weights = tuple(_weights(params, level) for level in Level)
        self._totals = tuple(sum(weights) for weights in self._weights)
        self._direction = 0
        self._onset_ns = 0

    def update(self, ts_event: int, level: Level, readings: Sequence[Reading]) -> Opinion:
        """Take the next snapshot's readings, in the order of FACTORS."""
        known = mass = net = up = down = 0.0
        for weight, reading in zip(self._weights[level], readings, strict=True):
            value = reading.value
            if math.isnan(value):
                continue
            known += weight
            held = weight * reading.confidence
            mass += held
            net += held * value
            if value > 0.0:
                up += held
            elif value < 0.0:
                down += held
        known_share = known / self._totals[level]
        score = math.nan
        if known > 0.0 and known_share >= self._params.min_known_share:
            score = net / mass if mass > 0.0 else 0.0
        direction = self._turn(ts_event, score)
        agreeing = up if direction > 0 else down if direction < 0 else 0.0
        return Opinion(
            direction=direction,
            score=score,
            strength=0.0 if math.isnan(score) else abs(score),
            agreement=agreeing / mass if mass > 0.0 else 0.0,
            onset_ns=self._onset_ns,
            known_share=known_share,
        )

    def _turn(self, ts_event: int, score: float) -> int:
        """Return the direction after `score`; an unknown score ends it."""
        before = self._direction
        if before and score * before > self._params.end_strength:
            return before
        if abs(score) >= self._params.begin_strength:
            self._direction = 1 if score > 0 else -1
        else:
            self._direction = 0
        self._onset_ns = ts_event if self._direction else 0
        return self._direction


def _weights(params: SignalParams, level: Level) -> tuple[float, ...]:
    multiples = params.regime.at(level)
    return tuple(getattr(params.weights, factor) * getattr(multiples, factor) for factor in FACTORS)
