"""Contract selection written out row by row in plain Python: slow, and nothing shared with it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.black import PricingStatus
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams, ShortLeg
from autotrade_0dte.selection.ranking import Fall, Structure, Term

_TO_SELL = {Fall.WRONG_RIGHT, Fall.NO_QUOTE, Fall.STALE_QUOTE, Fall.NO_IV, Fall.SIZE}


def normal(x: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black(vol: float, forward: float, strike: float, years: float, *, is_call: bool) -> float:
    """Return the undiscounted Black price."""
    sign = 1.0 if is_call else -1.0
    deviation = vol * math.sqrt(years)
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + deviation / 2.0
    return sign * (forward * normal(sign * d1) - strike * normal(sign * (d1 - deviation)))


@dataclass
class Judged:
    """What became of one row."""

    fall: Fall
    short_row: int = -1
    debit: float = math.nan
    worst_loss: float = math.nan
    score: float = math.nan
    terms: tuple[float, ...] = ()


class PlainSelection:
    """The rules of selection, one row at a time."""

    def __init__(
        self, chain: ChainSnapshot, direction: int, params: SelectionParams, limits: SelectionLimits
    ) -> None:
        self.chain, self.direction, self.params, self.limits = chain, direction, params, limits
        left_s = (chain.expiry_ns - chain.ts_event) / 1e9
        self.passed = min(1.0, limits.hold_s / left_s)
        self.move = chain.analytics.implied_move * math.sqrt(self.passed)

    def judge(self) -> list[Judged]:
        return [self._judge(row) for row in range(self.chain.strike.size)]

    def _judge(self, row: int) -> Judged:
        for fall, passes in self._filters(row):
            if not passes():
                return Judged(fall)
        chain, p = self.chain, self.params
        legs = [(1.0, row)]
        if p.structure is Structure.DEBIT_VERTICAL:
            short = self._short(row)
            if short is None:
                return Judged(Fall.NO_SHORT_LEG)
            debit = chain.ask[row] - chain.bid[short]
            if not 1e-5 < debit < abs(chain.strike[row] - chain.strike[short]) - 1e-5:
                return Judged(Fall.NO_SHORT_LEG)
            legs.append((-1.0, short))
        debit = chain.ask[row] - sum(chain.bid[short] for _, short in legs[1:])
        delta = sum(q * chain.delta[leg] for q, leg in legs)
        spread = sum(chain.ask[leg] - chain.bid[leg] for _, leg in legs)
        worth = self.direction * delta * self.move
        if not (worth > 0.0 and spread / worth <= p.max_spread_to_move):
            return Judged(Fall.SPREAD_OVER_MOVE)
        fees = len(legs) * self.limits.fee_usd
        results = [
            (self.limits.multiplier * (self._left(legs, cell) - debit) - fees, cell[3])
            for cell in self._cells()
        ]
        worst = -min(result for result, _ in results)
        if len(legs) == 2:
            worst = self.limits.multiplier * debit + fees
        short_row = legs[1][1] if len(legs) == 2 else -1
        if not worst <= self.limits.budget_usd:
            return Judged(Fall.OVER_BUDGET, short_row, debit, worst)
        payoff = sum(result * weight for result, weight in results)
        terms = self._terms(legs, debit, spread / worth, worst, payoff)
        weights = [getattr(p.weights, term) for term in Term]
        score = sum(w * t for w, t in zip(weights, terms, strict=True)) / sum(weights)
        return Judged(Fall.NONE, short_row, debit, worst, score, terms)

    def _filters(self, row: int) -> Iterator[tuple[Fall, Callable[[], bool]]]:
        chain, p = self.chain, self.params
        flags = QuoteFlag(int(chain.quality[row]))
        tick = self.limits.tick_below_3 if chain.mid[row] < 3.0 else self.limits.tick_from_3
        spread = chain.ask[row] - chain.bid[row]
        interest = chain.open_interest[row]
        shown = (chain.bid_size[row], chain.ask_size[row])
        bad = QuoteFlag.MISSING | QuoteFlag.CROSSED | QuoteFlag.ONE_SIDED
        yield Fall.WRONG_RIGHT, lambda: bool(chain.is_call[row]) is (self.direction == 1)
        yield Fall.NO_QUOTE, lambda: not flags & bad and chain.mid[row] > 0.0
        yield Fall.STALE_QUOTE, lambda: QuoteFlag.STALE not in flags
        yield Fall.STALE_QUOTE, lambda: chain.quote_age_s[row] <= p.max_quote_age_s
        yield Fall.NO_IV, lambda: chain.status[row] == PricingStatus.OK
        yield Fall.TICK_NOISE, lambda: QuoteFlag.NO_INFORMATION not in flags
        yield Fall.TICK_NOISE, lambda: tick / 2 <= p.max_tick_fraction * chain.mid[row]
        yield Fall.DELTA_BAND, lambda: p.min_delta <= abs(chain.delta[row]) <= p.max_delta
        yield Fall.PREMIUM_BAND, lambda: p.min_premium <= chain.ask[row] <= p.max_premium
        yield Fall.SPREAD, lambda: spread <= p.max_spread_fraction * chain.mid[row]
        yield Fall.SIZE, lambda: all(size >= p.min_size for size in shown)
        if not (math.isnan(interest) and p.unknown_open_interest_passes):
            yield Fall.OPEN_INTEREST, lambda: interest >= p.min_open_interest

    def _short(self, row: int) -> int | None:
        """Return the short leg of a row, None without one."""
        chain, p = self.chain, self.params
        sound = [
            other
            for other in range(chain.strike.size)
            if all(passes() for fall, passes in self._filters(other) if fall in _TO_SELL)
        ]
        sound.sort(key=lambda other: self.direction * other)
        beyond = [other for other in sound if self.direction * (other - row) > 0]
        if p.short_leg is ShortLeg.STRIKES:
            return beyond[p.width_strikes - 1] if len(beyond) >= p.width_strikes else None
        if not beyond:
            return None
        nearest = min(sound, key=lambda leg: abs(abs(chain.delta[leg]) - p.short_delta))
        return nearest if nearest in beyond else beyond[0]

    def _cells(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield move, factor on volatility, share of time passed, weight."""
        s, implied = self.params.scenarios, self.chain.analytics.implied_move
        for unit in (0.0, 1.0, -1.0):
            for move in (s.hold_move_multiple * self.move, s.session_move_multiple * implied):
                for factor in (1.0, 1.0 - s.vol_down_fraction, 1.0 + s.vol_up_fraction):
                    for passed in (0.0, self.passed):
                        yield unit * move, factor, passed, 0.0
        # Half-normal law of the move: nearer than 0.75, to 1.5, beyond, in mean absolute moves.
        nearer, farther = (
            2.0 * normal(multiple * math.sqrt(2.0 / math.pi)) - 1.0 for multiple in (0.75, 1.5)
        )
        for multiple, weight in ((0.5, nearer), (1.0, farther - nearer), (2.0, 1.0 - farther)):
            yield self.direction * multiple * self.move, 1.0, self.passed, weight

    def _left(
        self, legs: list[tuple[float, int]], cell: tuple[float, float, float, float]
    ) -> float:
        """Return what the legs bring at the touch in a cell, dollars a share."""
        chain = self.chain
        move, factor, passed, _ = cell
        total = 0.0
        for quantity, row in legs:
            strike, is_call, vol = chain.strike[row], bool(chain.is_call[row]), chain.iv[row]
            years = max(chain.years * (1.0 - passed), 1e-12)
            then = black(vol * factor, chain.forward + move, strike, years, is_call=is_call)
            now = black(vol, chain.forward, strike, chain.years, is_call=is_call)
            value = max(chain.mid[row] + then - now, 0.0)
            half = 0.5 * (chain.ask[row] - chain.bid[row])
            total += quantity * (max(value - half, 0.0) if quantity > 0 else value + half)
        return total

    def _terms(
        self,
        legs: list[tuple[float, int]],
        debit: float,
        spread_to_move: float,
        worst: float,
        payoff: float,
    ) -> tuple[float, ...]:
        chain, p = self.chain, self.params
        off = abs(abs(chain.delta[legs[0][1]]) - p.target_delta)
        reach = max(p.target_delta - p.min_delta, p.max_delta - p.target_delta)
        gamma = sum(q * chain.gamma[row] for q, row in legs)
        theta = sum(q * chain.theta[row] for q, row in legs)
        convexity = max(0.5 * gamma * self.move**2 / debit, 0.0)
        liquidities = []
        for _, row in legs:
            depth = min(chain.bid_size[row], chain.ask_size[row])
            spread = (chain.ask[row] - chain.bid[row]) / chain.mid[row]
            tightness = 1.0 / (1.0 + spread / p.half_spread_fraction)
            liquidities.append(depth / (depth + p.half_depth_contracts) * tightness)
        lost = -theta * chain.years * self.passed
        gain = max(payoff, 0.0)
        terms = {
            Term.DELTA_FIT: 1.0 - off / reach if reach else 1.0,
            Term.GAMMA_PER_PREMIUM: convexity / (convexity + p.half_convexity_fraction),
            Term.LIQUIDITY: min(liquidities),
            Term.SPREAD_COST: 1.0 - spread_to_move / p.max_spread_to_move,
            Term.THETA_BURN: 1.0 - lost / debit,
            Term.PAYOFF: gain / (gain + worst),
        }
        return tuple(min(max(terms[term], 0.0), 1.0) for term in Term)
