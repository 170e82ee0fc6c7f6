"""Stress sets: what all that is held loses when a named calamity strikes, the way out included.

A set moves spot and volatility at once, sticky strike as in `risk.scenarios`, and then everything
is left: a long leg brings ``(1 - haircut) * max(value - multiple * half spread, 0)``, a short one
costs ``(1 + haircut) * (value + multiple * half spread)``. Losses are dollars against the present
mark, the mid.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.scenarios import Cells, Legs, exit_values
from autotrade_0dte.risk.stress_params import Stress, StressParams

__all__ = ["Stress", "StressLeg", "StressLoss", "StressMarket", "StressParams", "StressResult"]
__all__ += ["market_of", "stress", "stress_legs"]

type Floats = NDArray[np.float64]

_NS = 1_000_000_000


class StressLeg(msgspec.Struct, frozen=True):
    """Contracts of one option: `quantity` is signed, prices are dollars a share.

    `name` is what it is reported as, `iv` its volatility in the chain's clock; NaN is unknown.
    """

    name: str
    quantity: float
    strike: float
    is_call: bool
    iv: float
    bid: float
    ask: float


class StressMarket(NamedTuple):
    """The market that is hit: forward in dollars, time to expiry in years and in seconds."""

    forward: float
    years: float
    left_s: float


class StressLoss(msgspec.Struct, frozen=True, kw_only=True):
    """What one calamity costs; dollars, NaN where a leg's figure is unknown.

    Parameters
    ----------
    stress : Stress
        Which.
    loss_usd : float
        Against the present marks; below zero a gain.
    equity_fraction : float
        The loss as a share of the equity; NaN where that is unknown.
    worst_leg : str
        Name of the leg that loses most; empty without a leg, or an unknown one.
    worst_leg_loss_usd : float
        What it loses.
    move_usd, vol_factor, spread_multiple, haircut : float
        What was supposed.
    """

    stress: Stress
    loss_usd: float
    equity_fraction: float
    worst_leg: str
    worst_leg_loss_usd: float
    move_usd: float
    vol_factor: float
    spread_multiple: float
    haircut: float


class StressResult(msgspec.Struct, frozen=True, kw_only=True):
    """All sets at one instant (UTC ns); `value_usd` is what the legs are marked at together."""

    ts_event: int
    value_usd: float
    equity: float
    losses: tuple[StressLoss, ...]

    @property
    def worst(self) -> StressLoss:
        """The set that loses most; an unknown one before all."""
        return max(self.losses, key=_severity)


def stress(
    legs: Sequence[StressLeg],
    market: StressMarket,
    params: StressParams = StressParams(),  # noqa: B008 - frozen
    *,
    now_ns: int,
    equity: float = math.nan,
    multiplier: int = 100,
) -> StressResult:
    """Return what each stress set costs the holder of the legs.

    Parameters
    ----------
    legs : sequence of StressLeg
        All that is held of one underlying and expiry; legs of no contracts count for nothing.
    market : StressMarket
        The market now.
    params : StressParams
        The sets.
    now_ns : int
        Instant of the market, UTC ns.
    equity : float, default NaN
        Value of the account, dollars.
    multiplier : int, default 100
        Shares a contract.
    """
    held = [leg for leg in legs if leg.quantity]
    columns = _columns(held)
    dollars = multiplier * columns.quantity
    losses = [
        _loss(hit, held, dollars * (_left_at(columns, market, hit) - columns.mid), equity)
        for hit in _hits(params, market)
    ]
    pinned = [
        _loss(_pin(price - market.forward), held, dollars * (value - columns.mid), equity)
        for price, value in ((leg.strike, _settled(columns, leg.strike)) for leg in held)
    ]
    pinned = pinned or [_loss(_pin(0.0), held, np.zeros(0), equity)]
    return StressResult(
        ts_event=now_ns,
        value_usd=float((dollars * columns.mid).sum()),
        equity=equity,
        losses=(*losses, max(pinned, key=_severity)),
    )


def stress_legs(
    chain: ChainSnapshot, rows: Sequence[int], quantity: Sequence[float], names: Sequence[str]
) -> list[StressLeg]:
    """Return legs of `quantity` contracts in rows of a chain, with its quotes of now."""
    return [
        StressLeg(
            name=name,
            quantity=count,
            strike=float(chain.strike[row]),
            is_call=bool(chain.is_call[row]),
            iv=float(chain.iv[row]),
            bid=float(chain.bid[row]),
            ask=float(chain.ask[row]),
        )
        for row, count, name in zip(rows, quantity, names, strict=True)
    ]


def market_of(chain: ChainSnapshot) -> StressMarket:
    """Return the market of a snapshot."""
    left_s = max(chain.expiry_ns - chain.ts_event, 0) / _NS
    return StressMarket(chain.forward, chain.years, left_s)


class _Hit(NamedTuple):
    """One set: move in dollars, factor of volatility, share of the time passed, way out."""

    stress: Stress
    move: float
    vol_factor: float
    spread_multiple: float
    haircut: float
    passed: float


def _columns(legs: Sequence[StressLeg]) -> Legs:
    """Return the legs as positions of their own, arrays (legs, 1), so that the worst is known."""

    def column(name: str) -> Floats:
        return np.array([[getattr(leg, name)] for leg in legs], float).reshape(-1, 1)

    bid, ask = column("bid"), column("ask")
    return Legs(
        quantity=column("quantity"),
        strike=column("strike"),
        is_call=column("is_call") > 0.0,
        iv=column("iv"),
        mid=0.5 * (bid + ask),
        half_spread=0.5 * (ask - bid),
    )


def _hits(params: StressParams, market: StressMarket) -> Iterator[_Hit]:
    gap, crash = params.gap_fraction * market.forward, params.crash_fraction * market.forward
    gap_way = params.gap_vol_factor, params.gap_spread_multiple, 0.0, 0.0
    halt = min(params.crash_halt_s / market.left_s, 1.0) if market.left_s > 0.0 else 1.0
    yield _Hit(Stress.GAP_UP, gap, *gap_way)
    yield _Hit(Stress.GAP_DOWN, -gap, *gap_way)
    crash_way = params.crash_vol_factor, params.crash_spread_multiple, 0.0, halt
    yield _Hit(Stress.CRASH, -crash, *crash_way)
    yield _Hit(Stress.VOL_CRUSH, 0.0, params.crush_vol_factor, 1.0, 0.0, 0.0)
    dry_way = 1.0, params.dry_spread_multiple, params.dry_haircut, 0.0
    yield _Hit(Stress.LIQUIDITY_GONE, 0.0, *dry_way)


def _pin(move: float) -> _Hit:
    return _Hit(Stress.PIN, move, 1.0, 0.0, 0.0, 1.0)


def _left_at(legs: Legs, market: StressMarket, hit: _Hit) -> Floats:
    """Return what a share of each leg is left at, dollars (legs, 1)."""
    one = np.ones(1)
    cell = Cells(hit.move * one, hit.vol_factor * one, hit.passed * one, 0.0 * one)
    share = legs._replace(quantity=one, half_spread=0.0 * legs.half_spread)
    value = exit_values(share, cell, market.forward, market.years)
    side = np.sign(legs.quantity)
    crossed = side * hit.spread_multiple * legs.half_spread
    left: Floats = np.maximum(value - crossed, 0.0) * (1.0 - side * hit.haircut)
    return left


def _settled(legs: Legs, price: float) -> Floats:
    intrinsic = np.where(legs.is_call, price - legs.strike, legs.strike - price)
    value: Floats = np.maximum(intrinsic, 0.0)
    return value


def _severity(loss: StressLoss) -> tuple[bool, float]:
    """Return what losses are compared by: an unknown one is the worst."""
    return math.isnan(loss.loss_usd), loss.loss_usd


def _loss(hit: _Hit, legs: Sequence[StressLeg], results: Floats, equity: float) -> StressLoss:
    loss = 0.0 - float(results.sum())
    known = bool(legs) and not math.isnan(loss)
    worst = int(np.argmin(results)) if known else -1
    return StressLoss(
        stress=hit.stress,
        loss_usd=loss,
        equity_fraction=loss / equity if equity > 0.0 else math.nan,
        worst_leg=legs[worst].name if known else "",
        worst_leg_loss_usd=-float(results.flat[worst]) if known else (math.nan if legs else 0.0),
        move_usd=hit.move,
        vol_factor=hit.vol_factor,
        spread_multiple=hit.spread_multiple,
        haircut=hit.haircut,
    )
