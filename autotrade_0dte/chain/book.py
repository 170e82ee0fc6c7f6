"""The live state of one option chain, and its repricing into snapshots."""

import math
from typing import Annotated, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.change import ChangePerMinute
from autotrade_0dte.chain.repricing import Settings, reprice
from autotrade_0dte.chain.snapshot import NO_TAPE, ChainAnalytics, ChainSnapshot, Tape
from autotrade_0dte.pricing.clock import ClockKind, years_to_expiry
from autotrade_0dte.products import Product, product

__all__ = ["ChainParams", "OptionChainBook", "warm"]

_COLUMNS = 17


class ChainParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a chain is judged, priced and summed up.

    Parameters
    ----------
    annual_rate : float, default 0.04
        Continuously compounded rate. Fixed, because a chain of one day cannot imply it.
    clock : ClockKind, default CALENDAR
        What a year is: CALENDAR has 365 days, SESSION 252 sessions of 6.5 hours.
    stale_after_s : float, default 30
        Age beyond which a quote no longer takes part in forward and analytics. Above the interval
        of the data: five-minute books need more than 300.
    min_forward_pairs : int, default 3
        Call/put pairs below which no forward is implied; one pair cannot outvote a bad quote.
    atm_band_fraction : float, default 0.01
        Distance from the forward, as a fraction of it, that counts as near the money.
    max_iv_uncertainty_fraction : float, default 0.25
        Uncertainty of a volatility by half a tick, as a fraction of it, beyond which it carries no
        information; at the money a quarter is reached when the option is worth two ticks.
    iv_change_window_s : float, default 60
        Window of the ATM volatility change. The reference is the observation whose age is nearest
        to it and within half of it; data that are sparser leave the change unknown.
    gex_move_fraction : float, default 0.01
        Move of the underlying that GEX is quoted for; per 1 % is the usual convention.
    min_gex_coverage_fraction : float, default 0.5
        Share of the known open interest that must be priced for GEX to be stated.
    half_spread_fraction : float, default 0.05
        Relative spread that halves the liquidity of an option.
    half_depth_contracts : float, default 20
        Smaller quoted size that halves the liquidity of an option.
    min_strip_strikes : int, default 3
        Quoted strikes needed on each side of the forward for the variance gauge.
    """

    annual_rate: Annotated[float, msgspec.Meta(ge=-0.05, le=0.25)] = 0.04
    clock: ClockKind = ClockKind.CALENDAR
    stale_after_s: Annotated[float, msgspec.Meta(gt=0.0, le=86_400.0)] = 30.0
    min_forward_pairs: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    atm_band_fraction: Annotated[float, msgspec.Meta(gt=0.0, le=0.2)] = 0.01
    max_iv_uncertainty_fraction: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = 0.25
    iv_change_window_s: Annotated[float, msgspec.Meta(gt=0.0, le=23_400.0)] = 60.0
    gex_move_fraction: Annotated[float, msgspec.Meta(gt=0.0, le=0.1)] = 0.01
    min_gex_coverage_fraction: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5
    half_spread_fraction: Annotated[float, msgspec.Meta(gt=0.0, le=2.0)] = 0.05
    half_depth_contracts: Annotated[float, msgspec.Meta(gt=0.0, le=10_000.0)] = 20.0
    min_strip_strikes: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3


class OptionChainBook:
    """Newest quote of each contract of one expiry, in arrays of one value a row.

    Parameters
    ----------
    strike : float64 (n,)
        Strikes in dollars, ascending; at one strike the call comes before the put.
    is_call : bool (n,)
        Right of each row.
    expiry_ns : int
        Instant of expiry, UTC ns.
    params : ChainParams
        See there.
    open_interest : float64 (n,), optional
        Contracts open at the start of the day, NaN where unknown. Without it GEX is unknown.
    facts : Product
        Tick and multiplier of the root.

    Attributes
    ----------
    quotes : float64 (4, n)
        Bid, ask, bid size and ask size: dollars and contracts; NaN until seen. May be written
        directly.
    bid, ask, bid_size, ask_size : float64 (n,)
        The rows of `quotes`.
    ts_event : int64 (n,)
        Time of the quote, UTC ns; 0 until seen.

    Raises
    ------
    ValueError
        If the rows are empty, of unequal length, unsorted or repeated.
    """

    def __init__(
        self,
        strike: NDArray[np.float64],
        is_call: NDArray[np.bool_],
        expiry_ns: int,
        params: ChainParams,
        open_interest: NDArray[np.float64] | None = None,
        *,
        facts: Product,
    ) -> None:
        self.strike = _frozen(strike, np.float64)
        self.is_call = _frozen(is_call, np.bool_)
        self.expiry_ns = expiry_ns
        self.params = params
        n = self.strike.size
        unknown = np.full(n, np.nan)
        self.open_interest = _frozen(
            unknown if open_interest is None else open_interest, np.float64
        )
        _check_rows(self.strike, self.is_call, self.open_interest)

        self.quotes = np.full((4, n), np.nan)
        self.bid, self.ask, self.bid_size, self.ask_size = self.quotes
        self.ts_event = np.zeros(n, np.int64)
        # A memoryview stores a number in two thirds of the time an array takes.
        self._bid, self._ask, self._bid_size, self._ask_size = (
            cast("memoryview[float]", memoryview(column)) for column in self.quotes
        )
        self._ts_event = memoryview(self.ts_event)

        self._levels, level = np.unique(self.strike, return_inverse=True)
        self._log_levels = np.log(self._levels)
        self._rows = np.full((3, self._levels.size), -1, np.int64)
        self._rows[np.where(self.is_call, 0, 1), level] = np.arange(n)
        paired = (self._rows[:2] >= 0).all(axis=0)
        self._pair_strike = self._levels[paired]
        self._pair_rows = np.ascontiguousarray(self._rows[:2, paired])

        settings = Settings(
            annual_rate=float(params.annual_rate),
            stale_after_s=float(params.stale_after_s),
            min_forward_pairs=params.min_forward_pairs,
            atm_band_fraction=float(params.atm_band_fraction),
            max_iv_uncertainty_fraction=float(params.max_iv_uncertainty_fraction),
            min_gex_coverage_fraction=float(params.min_gex_coverage_fraction),
            half_spread_fraction=float(params.half_spread_fraction),
            half_depth_contracts=float(params.half_depth_contracts),
            min_strip_strikes=params.min_strip_strikes,
            tick_below_3=facts.tick_below_3 / 100,
            tick_from_3=facts.tick_from_3 / 100,
            gex_scale=facts.multiplier * params.gex_move_fraction,
        )
        # An array goes into compiled code five times as fast as a tuple of twelve.
        self._settings = np.array(settings, np.float64)
        self._atm_change = ChangePerMinute(params.iv_change_window_s)

    def update(
        self, row: int, bid: float, ask: float, bid_size: float, ask_size: float, ts_event: int
    ) -> None:
        """Take the newest quote of a row; prices in dollars, sizes in contracts, time in ns."""
        self._bid[row] = bid
        self._ask[row] = ask
        self._bid_size[row] = bid_size
        self._ask_size[row] = ask_size
        self._ts_event[row] = ts_event

    def snapshot(self, now_ns: int, spot: float, tape: Tape = NO_TAPE) -> ChainSnapshot:
        """Judge, price and sum up the chain as of `now_ns`, UTC ns.

        `spot` is the underlying in dollars, NaN if unknown; it stands in for a forward that cannot
        be implied. Calls must not go back in time: the book remembers past ATM volatility.
        """
        years = years_to_expiry(now_ns, self.expiry_ns, self.params.clock)
        n = self.strike.size
        columns, flags = np.empty((_COLUMNS, n)), np.empty((2, n), np.int8)
        (
            forward, pairs, atm_ns, atm_iv, skew, gex, gex_flip, liquidity, spread,
            implied_move, gauge, usable, crossed_share, stale_share,
        ) = reprice(
            now_ns, years, float(spot), self._settings,
            self.quotes, self.ts_event, self.open_interest,
            self._levels, self._log_levels, self._rows, self._pair_strike, self._pair_rows,
            columns, flags,
        )  # fmt: skip
        columns.setflags(write=False)
        flags.setflags(write=False)
        (
            bid, ask, bid_size, ask_size, mid, age, iv, delta, gamma, vega, theta, rho, vanna,
            charm, speed, uncertainty, row_gex,
        ) = columns  # fmt: skip
        # In the order of the fields, by which the struct finds them soonest.
        return ChainSnapshot(
            ts_event=now_ns,
            expiry_ns=self.expiry_ns,
            years=years,
            spot=spot,
            forward=forward,
            forward_pairs=pairs,
            strike=self.strike,
            is_call=self.is_call,
            bid=bid,
            ask=ask,
            bid_size=bid_size,
            ask_size=ask_size,
            mid=mid,
            quote_age_s=age,
            iv=iv,
            delta=delta,
            gamma=gamma,
            vega=vega,
            theta=theta,
            rho=rho,
            vanna=vanna,
            charm=charm,
            speed=speed,
            iv_uncertainty=uncertainty,
            gex=row_gex,
            quality=flags[0],
            status=flags[1],
            open_interest=self.open_interest,
            analytics=ChainAnalytics(
                atm_iv=atm_iv,
                atm_iv_change_per_min=self._atm_change.update(atm_ns, atm_iv),
                skew=skew,
                gex=gex,
                gex_flip=gex_flip,
                liquidity_score=liquidity,
                spread_quality=spread,
                implied_move=implied_move,
                variance_gauge=gauge,
                usable=usable,
                crossed_share=crossed_share,
                stale_share=stale_share,
            ),
            tape=tape,
        )


def warm() -> None:
    """Compile every kernel of a snapshot, or load it from the cache, so that no quote waits."""
    strike = np.repeat(np.array([99.0, 101.0]), 2)
    is_call = np.tile(np.array([True, False]), 2)
    book = OptionChainBook(strike, is_call, 1, ChainParams(), facts=product("SPY"))
    book.snapshot(0, math.nan)


def _frozen[T: np.generic](values: NDArray[T], dtype: type[T]) -> NDArray[T]:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


def _check_rows(
    strike: NDArray[np.float64], is_call: NDArray[np.bool_], open_interest: NDArray[np.float64]
) -> None:
    if strike.ndim != 1 or strike.size == 0:
        raise ValueError(f"Expected strikes of shape (n,), n > 0, was {strike.shape}")
    if not strike.shape == is_call.shape == open_interest.shape:
        shapes = f"{is_call.shape} and {open_interest.shape}"
        raise ValueError(
            f"Expected is_call and open_interest of shape {strike.shape}, was {shapes}"
        )
    if not (strike > 0.0).all() or not np.isfinite(strike).all():
        raise ValueError(f"Expected strikes above zero, was {strike}")
    # One key a row: twice the strike's rank, the put one higher.
    key = 2 * np.unique(strike, return_inverse=True)[1] + ~is_call
    wrong = np.flatnonzero(np.diff(key) <= 0)
    if wrong.size:
        row = int(wrong[0]) + 1
        text = f"{strike[row]} {'call' if is_call[row] else 'put'}"
        raise ValueError(f"Expected rows by strike, call before put, was {text} (row {row})")
