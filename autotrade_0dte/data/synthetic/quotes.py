"""Bids and asks of a synthetic chain: fair price, spread, ticks, sizes, and when a quote is sent.

All contracts are repriced together each `interval_s`, as real quotes are within milliseconds, and
sent when their bid or ask has changed or by chance with another size. The spread of a contract is

    (base + risk share * risk + in-the-money part) * liquidity

where risk is the standard deviation of a hedged position: its delta over the second until the hedge
and its gamma over the time it is carried, which is what widens spreads towards the close. Bid and
ask are rounded to ticks, at least one tick apart.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.synthetic.smile import SmileParams, volatility_ratio
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.products import Product

__all__ = ["ContractQuotes", "FairValue", "MarketGrid", "QuoteParams", "contract_quotes"]
__all__ += ["fair_values"]

_YEAR_S = 365 * 86_400


class QuoteParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chain and its market makers.

    Parameters
    ----------
    strikes : int, default 30
        Strikes around the opening price; twice as many contracts.
    strike_step_dollars : float, default 1.0
        Distance of strikes.
    interval_s : int, default 5
        Seconds between repricings of the chain.
    refresh_fraction : float, default 0.3
        Share of unchanged quotes sent again with other sizes; 1 sends every contract each time.
    delay_ms : float, default 200.0
        Quotes arrive within this time after the price they follow, uniformly.
    rate : float, default 0.04
        Interest rate, continuously compounded.
    base_ticks : float, default 0.4
        Spread without risk; below one tick it is one tick.
    risk_share : float, default 0.5
        Spread per standard deviation of a hedged position.
    holding_s : float, default 30.0
        Time over which a market maker carries the gamma of a trade, at most to the close.
    in_the_money_bps : float, default 3.4
        Further spread of an option in the money by three standard deviations or more, in 1/10000
        of the underlying; SPY shows 25 cents.
    in_the_money_sd_bps : float, default 15.0
        Least standard deviation to count that depth in, so that in the last minutes options a few
        cents in the money do not become wide.
    in_the_money_open_factor : float, default 6.0
        How much larger that part is at the open; fades over a tenth of the session.
    liquidity_sd : float, default 0.2
        Standard deviation of the logarithm of liquidity, which moves all spreads and sizes.
    size : float, default 130.0
        Typical size at the money, contracts; ten to twenty times that far out of it.
    size_sd : float, default 0.6
        Standard deviation of the logarithm of a quote's size.
    """

    strikes: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 30
    strike_step_dollars: Annotated[float, msgspec.Meta(ge=0.5, le=1_000)] = 1.0
    interval_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 5
    refresh_fraction: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    delay_ms: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 200.0
    rate: Annotated[float, msgspec.Meta(ge=-0.05, le=0.5)] = 0.04
    base_ticks: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.4
    risk_share: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.5
    holding_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 30.0
    in_the_money_bps: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 3.4
    in_the_money_sd_bps: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 15.0
    in_the_money_open_factor: Annotated[float, msgspec.Meta(ge=1, le=100)] = 6.0
    liquidity_sd: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.2
    size: Annotated[float, msgspec.Meta(ge=1, le=100_000)] = 130.0
    size_sd: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class MarketGrid:
    """The market at each repricing; arrays (m,).

    `ts` ns, `spot` dollars, `implied_variance` total to expiry, `volatility` of the logarithmic
    return of one second, `spread` the multiple of usual spreads, `elapsed` share of the session
    and `years` to expiry on the calendar clock.
    """

    ts: NDArray[np.int64]
    spot: NDArray[np.float64]
    implied_variance: NDArray[np.float64]
    volatility: NDArray[np.float64]
    spread: NDArray[np.float64]
    elapsed: NDArray[np.float64]
    years: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ContractQuotes:
    """The quotes that one contract sends, int64 (k,): ns, cents and contracts."""

    ts: NDArray[np.int64]
    bid: NDArray[np.int64]
    ask: NDArray[np.int64]
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FairValue:
    """A contract's value in dollars and what its spread depends on; arrays (m,).

    `out_of_the_money` is the distance of the strike from the forward in standard deviations of the
    rest of the session, negative in the money.
    """

    price: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    out_of_the_money: NDArray[np.float64]


def fair_values(
    strike: float, grid: MarketGrid, smile: SmileParams, rate: float
) -> tuple[FairValue, FairValue]:
    """Price the call and the put of one strike (dollars) on the whole grid.

    The out-of-the-money side comes from Black's formula on the smile and the other from put-call
    parity; a put is worth at least its intrinsic value, as it can be exercised early.
    """
    forward = grid.spot * np.exp(rate * grid.years)
    x = np.log(strike / forward) / np.sqrt(grid.implied_variance)
    volatility = np.sqrt(grid.implied_variance / grid.years) * volatility_ratio(x, smile)
    is_call = x >= 0
    out = price_and_greeks(volatility, forward, strike, grid.years, rate, is_call)
    discount = np.exp(-rate * grid.years)
    parity = discount * (forward - strike)
    call = np.where(is_call, out.price, out.price + parity)
    put = np.where(is_call, out.price - parity, out.price)
    put = np.maximum(put, strike - grid.spot)
    delta = np.where(is_call, out.delta, out.delta + discount)
    return (
        FairValue(call, delta, out.gamma, x),
        FairValue(put, delta - discount, out.gamma, -x),
    )


def contract_quotes(
    fair: FairValue,
    grid: MarketGrid,
    facts: Product,
    params: QuoteParams,
    rng: np.random.Generator,
) -> ContractQuotes:
    """Return what one contract of product `facts` sends."""
    bid, ask = _rounded(100 * fair.price, _spread_cents(fair, grid, facts, params), facts)
    m = len(bid)
    usual = _usual_size(fair, params) / grid.spread
    noise = np.exp(params.size_sd * rng.standard_normal((2, m)))
    sizes = np.maximum(np.rint(usual * noise), 1).astype(np.int64)
    sizes[0, bid == 0] = 0

    sent = rng.random(m) < params.refresh_fraction
    sent[0] = True
    sent[1:] |= (np.diff(bid) != 0) | (np.diff(ask) != 0)
    ts = grid.ts + rng.integers(1, int(params.delay_ms * 1e6) + 1, m)
    return ContractQuotes(ts[sent], bid[sent], ask[sent], sizes[0, sent], sizes[1, sent])


def _spread_cents(
    fair: FairValue, grid: MarketGrid, facts: Product, params: QuoteParams
) -> NDArray[np.float64]:
    move = grid.spot * grid.volatility
    held = np.minimum(params.holding_s, grid.years * _YEAR_S)
    # A move x of variance v costs gamma x^2 / 2, of standard deviation gamma v / sqrt(2).
    carried = fair.gamma * move * move * held
    risk = 100 * np.sqrt((fair.delta * move) ** 2 + carried**2 / 2)
    sd = np.sqrt(grid.implied_variance)
    stretch = sd / np.maximum(sd, params.in_the_money_sd_bps / 1e4)
    depth = np.clip(-fair.out_of_the_money * stretch / 3, 0, 1) ** 2
    opening = 1 + (params.in_the_money_open_factor - 1) * np.exp(-10 * grid.elapsed)
    inside = params.in_the_money_bps / 100 * grid.spot * depth * opening
    base = params.base_ticks * facts.tick_below_3
    return np.asarray((base + params.risk_share * risk + inside) * grid.spread)


def _rounded(
    cents: NDArray[np.float64], spread: NDArray[np.float64], facts: Product
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Round to ticks: to the nearest, and the fair price in between if the spread is one tick."""
    low = np.maximum(cents - spread / 2, 0)
    high = cents + spread / 2
    low_tick = _ticks(low, facts)
    bid = low_tick * np.floor(low / low_tick + 0.5)
    high_tick = _ticks(high, facts)
    ask = high_tick * np.floor(high / high_tick + 0.5)
    fair_tick = _ticks(cents, facts)
    below = fair_tick * np.floor(cents / fair_tick)
    touching = ask <= bid
    bid = np.where(touching, below, bid)
    ask = np.where(touching, below + fair_tick, ask)
    return bid.astype(np.int64), ask.astype(np.int64)


def _ticks(cents: NDArray[np.float64], facts: Product) -> NDArray[np.int64]:
    return np.where(cents < 300, facts.tick_below_3, facts.tick_from_3)


def _usual_size(fair: FairValue, params: QuoteParams) -> NDArray[np.float64]:
    # SPY: 40 contracts in the money, 130 at it, 600 one standard deviation out, 2,500 from two.
    return np.asarray(params.size * np.exp(1.5 * np.clip(fair.out_of_the_money, -0.8, 2)))
