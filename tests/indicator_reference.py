"""Every indicator again, slowly: from the whole series of snapshots, with nothing remembered."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from series import NS

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.params import IndicatorParams

__all__ = ["reference"]

NAN = math.nan

type Print = tuple[int, float, int]
"""Time, price, and which snapshot first showed it."""


def reference(
    params: IndicatorParams,
    open_ns: int,
    close_ns: int,
    usual: Sequence[float],
    chains: Sequence[ChainSnapshot],
) -> dict[str, float]:
    """Return each field of IndicatorValues as of the last of `chains`."""
    chain = chains[-1]
    now = chain.ts_event
    prints = _prints(chains, open_ns, close_ns)
    price = prints[-1][1] if prints else NAN
    high, low = _opening(params, prints, open_ns, chains)
    is_whole = bool(prints) and prints[0][0] - open_ns <= _ns(params.opening_gap_s)
    vwap = chain.tape.turnover / chain.tape.volume if is_whole and chain.tape.volume > 0 else NAN
    short = _realized(params, params.realized_short_s, prints, now)
    long = _realized(params, params.realized_long_s, prints, now)
    slope, acceleration = _trend(params, prints, now)
    rate, burst = _volume(params, open_ns, usual, chains)
    flip = chain.analytics.gex_flip
    call_wall, put_wall = _wall(chain, is_call=True), _wall(chain, is_call=False)
    return {
        "ts_event": now,
        "price_ns": prints[-1][0] if prints else 0,
        **_averages(params, prints, chains),
        "momentum": _momentum(params, prints, now),
        "volume_rate": rate,
        "volume_burst": burst,
        "slope": slope,
        "acceleration": acceleration,
        "realized_short": short,
        "realized_long": long,
        "realized_ratio": short / long if long > 0 else NAN,
        "range_high": high,
        "range_low": low,
        "range_position": (price - low) / (high - low) if high > low else NAN,
        "vwap": vwap,
        "vwap_distance": math.log(price / vwap) if vwap > 0 else NAN,
        "iv_change_per_min": chain.analytics.atm_iv_change_per_min,
        "skew_change_per_min": _skew_change(params, chains),
        "gex_sign": float(np.sign(chain.analytics.gex)),
        "flip_distance": math.log(chain.forward / flip) if chain.forward > 0 else NAN,
        "call_wall": call_wall,
        "put_wall": put_wall,
    }


def _ns(seconds: float) -> int:
    return round(seconds * NS)


def _prints(chains: Sequence[ChainSnapshot], open_ns: int, close_ns: int) -> list[Print]:
    prints: list[Print] = []
    for n, chain in enumerate(chains):
        ts = min(chain.tape.ts_event, chain.ts_event)
        is_new = not prints or ts > prints[-1][0]
        if is_new and open_ns <= ts <= close_ns and chain.spot > 0:
            prints.append((ts, chain.spot, n))
    return prints


def _averages(
    params: IndicatorParams, prints: Sequence[Print], chains: Sequence[ChainSnapshot]
) -> dict[str, float]:
    width = _ns(params.bar_s)
    now = chains[-1].ts_event
    closes: dict[int, float] = {}
    for ts, price, shown in prints:
        before = chains[shown - 1].ts_event if shown else 0
        over = [bar for bar in closes if bar * width <= before]
        closes[max([-(-ts // width), *(bar + 1 for bar in over)])] = price
    bars = [close for bar, close in closes.items() if bar * width <= now]
    fast, slow = _ema(bars, params.fast_bars), _ema(bars, params.slow_bars)
    gaps = [math.log(a / b) for a, b in zip(fast, slow, strict=True)]
    sides = [(n, gap > 0) for n, gap in enumerate(gaps) if gap > 0 or gap < 0]
    crosses = [b[0] for a, b in pairwise(sides) if a[1] != b[1]]
    return {
        "ema_fast": fast[-1] if bars else NAN,
        "ema_slow": slow[-1] if bars else NAN,
        "ema_gap": gaps[-1] if bars else NAN,
        "bars_since_cross": len(bars) - 1 - crosses[-1] if crosses else NAN,
        "bar_close": bars[-1] if bars else NAN,
    }


def _ema(closes: Sequence[float], period: int) -> list[float]:
    values = []
    for n in range(1, len(closes) + 1):
        value = float(np.mean(closes[:period])) if n >= period else NAN
        for close in closes[period:n]:
            value = (2 * close + (period - 1) * value) / (period + 1)
        values.append(value)
    return values


def _momentum(params: IndicatorParams, prints: Sequence[Print], now: int) -> float:
    cutoff = now - _ns(params.momentum_window_s)
    old = [price for ts, price, _ in prints if 2 * cutoff - now < ts <= cutoff]
    if not old or prints[-1][0] <= cutoff:
        return NAN
    return math.log(prints[-1][1] / old[-1])


def _volume(
    params: IndicatorParams, open_ns: int, usual: Sequence[float], chains: Sequence[ChainSnapshot]
) -> tuple[float, float]:
    now = chains[-1].ts_event

    def volume_before(seconds: float) -> float:
        old = [c.tape.volume for c in chains if c.ts_event <= now - _ns(seconds)]
        return old[-1] if old else NAN

    burst_s, trailing_s = params.burst_window_s, params.volume_trailing_s
    before = volume_before(burst_s)
    rate = (chains[-1].tape.volume - before) / burst_s
    minute = (now - _ns(burst_s) // 2 - open_ns) // (60 * NS)
    known = usual[minute] if 0 <= minute < len(usual) else NAN
    if math.isnan(known):
        known = (before - volume_before(trailing_s)) / (trailing_s - burst_s)
    return rate, rate / known if known > 0 else NAN


def _trend(params: IndicatorParams, prints: Sequence[Print], now: int) -> tuple[float, float]:
    window = _ns(params.trend_window_s)
    if not prints or prints[0][0] > now - window:
        return NAN, NAN
    whole = [p for p in prints if p[0] > now - window]
    late = [p for p in whole if p[0] > now - window // 2]
    early = [p for p in whole if p[0] <= now - window // 2]
    slope = _slope(whole) if len(whole) >= 3 else NAN
    halves = len(early) >= 2 and len(late) >= 2
    return slope, _slope(late) - _slope(early) if halves else NAN


def _slope(prints: Sequence[Print]) -> float:
    minutes = np.array([ts - prints[0][0] for ts, *_ in prints]) / (60 * NS)
    logs = np.array([math.log(price / prints[0][1]) for _, price, _ in prints])
    minutes -= minutes.mean()
    return float(minutes @ (logs - logs.mean()) / (minutes @ minutes))


def _realized(params: IndicatorParams, window_s: float, prints: Sequence[Print], now: int) -> float:
    taken: list[Print] = []
    for item in prints:
        if not taken or item[0] - taken[-1][0] >= _ns(params.return_s):
            taken.append(item)
    cutoff = now - _ns(window_s)
    returns = [
        (math.log(b[1] / a[1]) ** 2, (b[0] - a[0]) / NS)
        for a, b in pairwise(taken)
        if b[0] > cutoff
    ]
    if not taken or taken[0][0] > cutoff or len(returns) < params.min_returns:
        return NAN
    squares, spans = zip(*returns, strict=True)
    return math.sqrt(math.fsum(squares) / math.fsum(spans) * 252 * 6.5 * 3600)


def _opening(
    params: IndicatorParams, prints: Sequence[Print], open_ns: int, chains: Sequence[ChainSnapshot]
) -> tuple[float, float]:
    end = open_ns + _ns(params.opening_range_s)
    # The first snapshot from the end on fixes the range.
    fixed = next((n for n, chain in enumerate(chains) if chain.ts_event >= end), None)
    if fixed is None:
        return NAN, NAN
    inside = [(ts, price) for ts, price, shown in prints if ts < end and shown <= fixed]
    times = [open_ns, *(ts for ts, _ in inside), end]
    if not inside or max(b - a for a, b in pairwise(times)) > _ns(params.opening_gap_s):
        return NAN, NAN
    prices = [price for _, price in inside]
    return max(prices), min(prices)


def _skew_change(params: IndicatorParams, chains: Sequence[ChainSnapshot]) -> float:
    window = _ns(params.skew_window_s)
    seen: dict[int, float] = {}
    for chain in chains:
        ages = chain.quote_age_s[~np.isnan(chain.quote_age_s)]
        skew = chain.analytics.skew
        if ages.size and not math.isnan(skew):
            seen.setdefault(chain.ts_event - round(ages.min() * NS), skew)
    if not seen or math.isnan(chains[-1].analytics.skew):
        return NAN
    newest = max(seen)
    # Of two observations equally far from the window's start the later one.
    at = min(seen, key=lambda ts: (abs(newest - window - ts), -ts))
    if abs(newest - window - at) > window // 2:
        return NAN
    return (seen[newest] - seen[at]) / ((newest - at) / (60 * NS))


def _wall(chain: ChainSnapshot, *, is_call: bool) -> float:
    size = {
        float(strike): abs(gex)
        for strike, right, gex in zip(chain.strike, chain.is_call, chain.gex, strict=True)
        if right == is_call and abs(gex) > 0
    }
    return max(size, key=lambda strike: size[strike]) if size else NAN
