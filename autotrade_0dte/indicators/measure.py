"""The indicators of one snapshot in one compiled pass."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.indicators.ema import close_at, take_close, take_price
from autotrade_0dte.indicators.log_price import fixed_log
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.indicators.momentum import momentum_at
from autotrade_0dte.indicators.opening_range import close_range, widen_range
from autotrade_0dte.indicators.trend import add_print, trend_at
from autotrade_0dte.indicators.volatility import add_return, realized_at
from autotrade_0dte.indicators.volume import take_volume
from autotrade_0dte.indicators.walls import walls
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["MEASURED", "measure"]

MEASURED = 22
"""How many figures `measure` fills."""

# Compiled, so coverage cannot see the bodies; the tests compare each figure with a slow reference.


@strict_kernel
def measure(  # pragma: no cover
    now_ns: int,
    print_ns: int,
    spot: float,
    volume: float,
    turnover: float,
    chain_gex: float,
    forward: float,
    gex_flip: float,
    strike: NDArray[np.float64],
    is_call: NDArray[np.bool_],
    gex: NDArray[np.float64],
    quote_age_s: NDArray[np.float64],
    state: NDArray[Any],
    prints: NDArray[Any],
    returns: NDArray[Any],
    volumes: NDArray[Any],
    usual_rate: NDArray[np.float64],
    figures: NDArray[np.float64],
) -> tuple[int, float]:
    """Take a snapshot; fill `figures`; return the time of the newest print and age of the chain.

    The figures are the fields of IndicatorValues from `ema_fast` to `vwap_distance` and from
    `gex_sign` on. The age is that of the newest quote of the chain, seconds; NaN where none is
    known. `print_ns`, `volume` and `turnover` are those of the tape, `chain_gex` and `gex_flip`
    those of the analytics; the last arrays but one are the fields of Memory.
    """
    known = state[0]
    memory = Memory(known, prints, returns, volumes, usual_rate)
    price_ns = min(print_ns, now_ns)
    is_new = known.price_ns < price_ns and known.open_ns <= price_ns <= known.close_ns
    if is_new and spot > 0.0:
        _take_print(memory, price_ns, spot)

    cross, opening = known.cross, known.opening
    take_close(cross, close_at(known.bars, now_ns))
    close_range(opening, now_ns)
    figures[0], figures[1] = cross.fast.value, cross.slow.value
    figures[2], figures[3], figures[4] = cross.gap, cross.bars_since, cross.close
    figures[5] = momentum_at(memory, now_ns)
    figures[6], figures[7] = take_volume(memory, now_ns, volume)
    figures[8], figures[9] = trend_at(memory, now_ns)
    short, long = realized_at(memory, known.short, now_ns), realized_at(memory, known.long, now_ns)
    figures[10], figures[11] = short, long
    figures[12] = short / long if long > 0.0 else math.nan
    width = opening.high - opening.low
    figures[13], figures[14] = opening.high, opening.low
    figures[15] = (known.price - opening.low) / width if width > 0.0 else math.nan
    vwap = turnover / volume if known.is_whole and volume > 0.0 else math.nan
    figures[16], figures[17] = vwap, _log_ratio(known.price, vwap)

    figures[18] = chain_gex if chain_gex == 0.0 else chain_gex / abs(chain_gex)
    figures[19] = _log_ratio(forward, gex_flip)
    figures[20], figures[21], age_s = walls(strike, is_call, gex, quote_age_s)
    return known.price_ns, age_s


@strict_kernel
def _log_ratio(value: float, base: float) -> float:  # pragma: no cover
    return math.log(value / base) if value > 0.0 and base > 0.0 else math.nan


@strict_kernel
def _take_print(memory: Memory, price_ns: int, price: float) -> None:  # pragma: no cover
    state = memory.state
    log_price = fixed_log(price)
    if state.price_ns == 0:  # what was traded before a later start is not in the tape
        state.is_whole = price_ns - state.open_ns <= state.opening_gap_ns
    state.price_ns = price_ns
    state.price = price
    take_close(state.cross, take_price(state.bars, price_ns, price))
    add_print(memory, price_ns, price, log_price)
    widen_range(state.opening, price_ns, price)
    add_return(memory, price_ns, log_price)
