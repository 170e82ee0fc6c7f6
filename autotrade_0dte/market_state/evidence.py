"""From the figures of one snapshot to scores and the levels they support, in one compiled pass."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.market_state.memory import FIGURES, WINDOWS, Memory
from autotrade_0dte.market_state.price import take_print
from autotrade_0dte.market_state.quotes import near_quotes
from autotrade_0dte.market_state.spread import spread_score, take_spread
from autotrade_0dte.market_state.standard import judge, update_figure
from autotrade_0dte.market_state.state import CHANNELS, Channel
from autotrade_0dte.market_state.support import supported
from autotrade_0dte.market_state.trailing import take_sample
from autotrade_0dte.market_state.volatility import bounded_step, take_change, take_level
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["weigh"]

type Floats = NDArray[np.float64]

_MINUTE_NS = 60_000_000_000

_INDEX_LEVEL = FIGURES.index("index_level")
_INDEX_CHANGE = FIGURES.index("index_change")
_CHAIN_LEVEL = FIGURES.index("chain_level")
_CHAIN_CHANGE = FIGURES.index("chain_change")
_CHAIN_STEP = FIGURES.index("chain_step")
_REALIZED = FIGURES.index("realized")
_ACTIVITY = FIGURES.index("activity")
_SPREAD = FIGURES.index("spread")
_SPREAD_CHANGE = FIGURES.index("spread_change")
_QUOTE_AGE = FIGURES.index("quote_age")
_CROSSED = FIGURES.index("crossed")

_INDEX_WINDOW = WINDOWS.index("index")
_CHAIN_WINDOW = WINDOWS.index("chain")
_STEP_WINDOW = WINDOWS.index("chain_step")
_SPREAD_WINDOW = WINDOWS.index("spread")
_PRICE_WINDOW = WINDOWS.index("price")

_OF_LEVEL = CHANNELS.index(Channel.VOLATILITY_LEVEL)
_OF_CHANGE = CHANNELS.index(Channel.VOLATILITY_CHANGE)
_OF_REALIZED = CHANNELS.index(Channel.REALIZED)
_OF_ACTIVITY = CHANNELS.index(Channel.ACTIVITY)
_OF_JUMP = CHANNELS.index(Channel.JUMP)
_OF_DRIFT = CHANNELS.index(Channel.DRIFT)
_OF_SPREAD = CHANNELS.index(Channel.SPREAD)
_OF_AGE = CHANNELS.index(Channel.QUOTE_AGE)
_OF_CROSSED = CHANNELS.index(Channel.CROSSED)
_OF_EVENT = CHANNELS.index(Channel.EVENT)

# Compiled, so coverage cannot see the bodies; the tests of MarketWatch run them by scenario.


@strict_kernel
def weigh(  # pragma: no cover
    now_ns: int,
    forward: float,
    near_fraction: float,
    strike: Floats,
    bid: Floats,
    ask: Floats,
    quote_age_s: Floats,
    quality: NDArray[np.int8],
    iv: Floats,
    iv_uncertainty: Floats,
    atm_iv: float,
    gauge: float,
    index: float,
    index_ns: int,
    print_ns: int,
    spot: float,
    years: float,
    realized_ratio: float,
    volume_burst: float,
    event_s: float,
    event_score: float,
    state: NDArray[Any],
    points: NDArray[Any],
    ordered: Floats,
    usual: Floats,
    pattern: Floats,
    evidence: Floats,
) -> tuple[int, int, bool]:
    """Fill `evidence` (2, channels: values, scores); return what it supports and if it is new.

    The levels are those by the limits of entering and of leaving. It is new when data behind a
    channel that supports a level are, or, when none does, data behind any.

    Parameters
    ----------
    near_fraction, strike, bid, ask, quote_age_s, quality, iv, iv_uncertainty
        As in `near_quotes`.
    index, index_ns : float, int
        Newest volatility index and its time; NaN where there is none.
    event_s, event_score : float
        Seconds to a scheduled event and what they are worth.
    state : STATE (1,)
        What was known before.
    points, ordered, usual, pattern
        As in Memory.
    """
    known = state[0]
    memory = Memory(known, points, ordered, usual, pattern)
    values, scores = evidence[0], evidence[1]
    minute = (now_ns - known.open_ns) // _MINUTE_NS
    fresh = np.ones(values.size, np.bool_)

    index_is_new = False
    if index > 0.0 and index_ns > known.index_ns:
        index_is_new = True
        known.index_ns = index_ns
        _take_index(memory, minute, index_ns, math.log(index))

    spread, age_s, crossed, youngest_s, tick_noise = near_quotes(
        forward, near_fraction, strike, bid, ask, quote_age_s, quality, iv, iv_uncertainty
    )
    quoted_ns = now_ns - round(youngest_s * 1e9) if youngest_s < np.inf else 0
    chain_is_new = quoted_ns > known.quoted_ns
    if chain_is_new:
        known.quoted_ns = quoted_ns
        _take_quotes(memory, minute, quoted_ns, atm_iv, gauge, tick_noise, spread, crossed)
    judge(memory, _QUOTE_AGE, minute, age_s, 0.0)
    values[_OF_AGE], scores[_OF_AGE] = _figure(memory, _QUOTE_AGE)
    values[_OF_SPREAD] = known.figures[_SPREAD].value
    scores[_OF_SPREAD] = spread_score(memory, _SPREAD, _SPREAD_CHANGE)
    values[_OF_CROSSED], scores[_OF_CROSSED] = _figure(memory, _CROSSED)
    fresh[_OF_SPREAD] = fresh[_OF_CROSSED] = chain_is_new

    # What an index said long ago neither raises a level nor holds one.
    has_index = index > 0.0 and now_ns - index_ns <= known.index_life_ns
    _read_volatility(memory, evidence, fresh, has_index, index_is_new, chain_is_new)

    print_is_new = print_ns > known.print_ns and spot > 0.0
    if print_is_new:
        known.print_ns = print_ns
        implied_sd = atm_iv * math.sqrt(max(years, 0.0))
        take_print(memory, _PRICE_WINDOW, print_ns, spot, implied_sd)
        log_ratio = math.log(realized_ratio) if realized_ratio > 0.0 else math.nan
        update_figure(memory, _REALIZED, minute, print_ns, log_ratio, 0.0)
        log_burst = math.log(volume_burst) if volume_burst > 0.0 else math.nan
        update_figure(memory, _ACTIVITY, minute, print_ns, log_burst, 0.0)
    values[_OF_REALIZED], scores[_OF_REALIZED] = _figure(memory, _REALIZED)
    values[_OF_ACTIVITY], scores[_OF_ACTIVITY] = _figure(memory, _ACTIVITY)
    values[_OF_JUMP], scores[_OF_JUMP] = known.price.jump, known.price.jump_score
    values[_OF_DRIFT], scores[_OF_DRIFT] = known.drift.value, known.price.drift_score
    for channel in (_OF_REALIZED, _OF_ACTIVITY, _OF_JUMP, _OF_DRIFT):
        fresh[channel] = print_is_new
    values[_OF_EVENT], scores[_OF_EVENT] = event_s, event_score

    return _judge_levels(known, scores, fresh, index_is_new or chain_is_new or print_is_new)


@strict_kernel
def _take_index(  # pragma: no cover
    memory: Memory, minute: int, index_ns: int, log_index: float
) -> None:
    take_change(
        memory, _INDEX_CHANGE, _INDEX_WINDOW, minute, index_ns, log_index, math.nan, 0.0
    )  # fmt: skip
    take_level(memory, _INDEX_LEVEL, minute, index_ns, log_index)


@strict_kernel
def _take_quotes(  # pragma: no cover
    memory: Memory,
    minute: int,
    quoted_ns: int,
    atm_iv: float,
    gauge: float,
    tick_noise: float,
    spread: float,
    crossed: float,
) -> None:
    # Usual is how old quotes become before the next ones: a book of five minutes ages.
    take_sample(memory, _QUOTE_AGE, quoted_ns, memory.state.figures[_QUOTE_AGE].value)
    log_iv = math.log(atm_iv) if atm_iv > 0.0 else math.nan
    log_gauge = math.log(gauge) if gauge > 0.0 else math.nan
    for row, window in ((_CHAIN_CHANGE, _CHAIN_WINDOW), (_CHAIN_STEP, _STEP_WINDOW)):
        take_change(memory, row, window, minute, quoted_ns, log_iv, log_gauge, tick_noise)
    take_level(memory, _CHAIN_LEVEL, minute, quoted_ns, log_iv)
    take_spread(memory, _SPREAD, _SPREAD_CHANGE, _SPREAD_WINDOW, minute, quoted_ns, spread)
    update_figure(memory, _CROSSED, minute, quoted_ns, crossed, 0.0)


@strict_kernel
def _read_volatility(  # pragma: no cover
    memory: Memory,
    evidence: Floats,
    fresh: NDArray[np.bool_],
    has_index: bool,
    index_is_new: bool,
    chain_is_new: bool,
) -> None:
    figures, values, scores = memory.state.figures, evidence[0], evidence[1]
    level = _INDEX_LEVEL if has_index else _CHAIN_LEVEL
    values[_OF_LEVEL], scores[_OF_LEVEL] = _figure(memory, level)
    fresh[_OF_LEVEL] = index_is_new if has_index else chain_is_new
    values[_OF_CHANGE] = figures[_CHAIN_CHANGE].value
    strong = memory.state.enter[1]
    change = bounded_step(figures[_CHAIN_CHANGE].score, figures[_CHAIN_STEP].score, strong)
    scores[_OF_CHANGE] = change
    fresh[_OF_CHANGE] = chain_is_new
    # Whichever says more: an index of thirty days is slow, the chain blind near the close.
    if has_index and (figures[_INDEX_CHANGE].score > change or math.isnan(change)):
        values[_OF_CHANGE], scores[_OF_CHANGE] = _figure(memory, _INDEX_CHANGE)
        fresh[_OF_CHANGE] = index_is_new


@strict_kernel
def _figure(memory: Memory, row: int) -> tuple[float, float]:  # pragma: no cover
    return memory.state.figures[row].value, memory.state.figures[row].score


@strict_kernel
def _judge_levels(  # pragma: no cover
    known: Any, scores: Floats, fresh: NDArray[np.bool_], any_new: bool
) -> tuple[int, int, bool]:
    enter, leave = known.enter, known.leave
    holding = supported(scores, leave[0], leave[1], leave[2])
    if holding == 0:  # what does not hold a level does not enter one
        return 0, 0, any_new
    entering = supported(scores, enter[0], enter[1], enter[2])
    supporting_is_new = False
    for channel in range(scores.size):
        supporting_is_new |= fresh[channel] and scores[channel] >= leave[0]
    return entering, holding, any_new and supporting_is_new
