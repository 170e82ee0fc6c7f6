"""Series of snapshots as a feed makes them, good and bad: for the indicators and what follows."""

import math
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from series import NS

from autotrade_0dte.chain.snapshot import ChainAnalytics, ChainSnapshot, Tape

__all__ = ["CLOSE_NS", "OPEN_NS", "Moment", "moments", "snapshots"]

OPEN_NS = 1_784_554_200 * NS
CLOSE_NS = OPEN_NS + 23_400 * NS
STRIKE = np.repeat(np.array([595.0, 600.0, 605.0]), 2)
IS_CALL = np.tile([True, False], 3)
UNUSED = ("bid", "ask", "bid_size", "ask_size", "mid", "iv", "iv_uncertainty", "open_interest")
UNUSED += ("delta", "gamma", "vega", "theta", "rho", "vanna", "charm", "speed")
SIGN = np.where(IS_CALL, 1.0, -1.0)


class Moment(NamedTuple):
    """What changes from one snapshot to the next; times in ns.

    Parameters
    ----------
    step : int
        From the snapshot before.
    lag : int, optional
        Age of the print that has come since then; negative is stamped ahead. None for no print.
    price, size : float
        Dollars and shares of that print; a size of NaN is of a feed without sizes.
    quote_lag : int, optional
        Age of a quote that has come since then.
    skew, gex : float
        Figures of the chain at these quotes.
    exposure : tuple of float
        Size of the gamma exposure of each row.
    """

    step: int
    lag: int | None
    price: float
    size: float = 100.0
    quote_lag: int | None = 0
    skew: float = 0.02
    gex: float = 1e6
    exposure: tuple[float, ...] = (1.0,) * 6


def moments(*, min_size: int = 1, max_size: int = 40) -> st.SearchStrategy[list[Moment]]:
    """Steady prints, or any feed: gaps, repeats, late prints, clock skew, unknown figures."""
    steady = _moment(st.integers(NS // 2, NS), st.integers(0, NS // 2), st.just(0), st.nothing())
    step = st.one_of(
        st.just(NS), st.integers(0, 3 * NS), st.sampled_from([NS // 4, 10 * NS, 60 * NS, 300 * NS])
    )
    lag = st.one_of(
        st.just(0), st.none(), st.integers(0, NS), st.sampled_from([-NS, NS, 20 * NS, 70 * NS])
    )
    quote_lag = st.one_of(st.just(0), st.none(), st.integers(0, 5 * NS))
    unknown = st.sampled_from([0.0, 600.0, 400.0, math.nan])
    any_feed = _moment(step, lag, quote_lag, unknown)
    return st.one_of(
        *(st.lists(moment, min_size=min_size, max_size=max_size) for moment in (steady, any_feed))
    )


def _moment(
    step: st.SearchStrategy[int],
    lag: st.SearchStrategy[int | None],
    quote_lag: st.SearchStrategy[int | None],
    unusual: st.SearchStrategy[float],
) -> st.SearchStrategy[Moment]:
    figure = st.floats(-1.0, 1.0) | unusual
    return st.builds(
        Moment,
        step=step,
        lag=lag,
        price=st.integers(59_900, 60_100).map(lambda cents: cents / 100) | unusual,
        size=st.sampled_from([0.0, 100.0, 250.0, 10_000.0]),
        quote_lag=quote_lag,
        skew=figure,
        gex=st.sampled_from([-1e6, 0.0, 1e6]) | unusual,
        exposure=st.tuples(*[st.floats(0.0, 10.0) | unusual] * 6),
    )


def snapshots(series: list[Moment], *, start_ns: int = OPEN_NS) -> list[ChainSnapshot]:
    """Return a snapshot for each moment."""
    now = start_ns
    print_ns = quote_ns = 0
    price = math.nan
    volume = turnover = 0.0
    skew = gex = math.nan
    exposure = np.full(6, math.nan)
    made = []
    for moment in series:
        now += moment.step
        if moment.lag is not None:
            print_ns, price = now - moment.lag, moment.price
            volume += moment.size
            turnover += moment.size * price if price > 0.0 else 0.0
        if moment.quote_lag is not None:
            quote_ns = max(quote_ns, now - moment.quote_lag)
            skew, gex, exposure = moment.skew, moment.gex, np.array(moment.exposure)
        made.append(
            _snapshot(now, price, Tape(print_ns, volume, turnover), quote_ns, skew, gex, exposure)
        )
    return made


def _snapshot(
    now: int,
    price: float,
    tape: Tape,
    quote_ns: int,
    skew: float,
    gex: float,
    exposure: np.ndarray,
) -> ChainSnapshot:
    age_s = np.full(6, (now - quote_ns) / NS if quote_ns else math.nan)
    columns = {"strike": STRIKE, "is_call": IS_CALL, "quote_age_s": age_s, "gex": SIGN * exposure}
    columns |= {"quality": np.zeros(6, np.int8), "status": np.zeros(6, np.int8)}
    columns |= {name: np.full(6, math.nan) for name in UNUSED}
    for column in columns.values():
        column.flags.writeable = False
    analytics = ChainAnalytics(
        atm_iv=0.15,
        atm_iv_change_per_min=skew / 10,
        skew=skew,
        gex=gex,
        gex_flip=600.0 + gex / 1e6,
        liquidity_score=0.5,
        spread_quality=0.02,
        implied_move=3.0,
        variance_gauge=15.0,
        usable=6,
        crossed_share=0.0,
        stale_share=0.0,
    )
    return ChainSnapshot(
        ts_event=now,
        expiry_ns=CLOSE_NS,
        years=(CLOSE_NS - now) / (365 * 86_400 * NS),
        spot=price,
        forward=price,
        forward_pairs=3,
        analytics=analytics,
        tape=tape,
        **columns,
    )
