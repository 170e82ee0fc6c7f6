"""Short sessions of random quotes and prints, with their own hours, for tests of replays."""

import datetime as dt

import numpy as np

from autotrade_0dte.calendar import Session, session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SettlementPrice,
    UnderlyingTrades,
)

NS = 1_000_000_000
LENGTH_S = 600
_STRIKES = (598, 599, 600, 601, 602)


def write_short(
    catalog: Catalog, root: str, date: dt.date, *, from_s: float = 0, delay_s: float = 0
) -> None:
    """Write ten minutes with a silence of 45 s in the middle.

    Ticks are made from `from_s` seconds after the open on and known up to `delay_s` later; with a
    delay, one print says that it is from after the close.
    """
    rng = np.random.default_rng(date.toordinal())
    open_ns = session(date).open_ns
    hours = Session(date, open_ns, open_ns + LENGTH_S * NS)

    def times(n: int) -> tuple[np.ndarray, np.ndarray]:
        seconds = rng.uniform(from_s, LENGTH_S - delay_s, n)
        # On the grid of snapshots as well as off it, several at one instant.
        seconds = np.where(rng.random(n) < 0.5, np.round(seconds), seconds)
        seconds = np.sort(seconds[(seconds < 300) | (seconds > 345)])
        known = np.sort(seconds + rng.uniform(0, delay_s, len(seconds)))
        return (open_ns + (NS * column).astype(np.int64) for column in (seconds, known))

    made, known = times(3_000)
    n = len(made)
    contract = rng.integers(0, 2 * len(_STRIKES), n)
    strike, is_call = np.repeat(_STRIKES, 2), np.tile([True, False], len(_STRIKES))
    fair = np.maximum(np.where(is_call, 600.2 - strike, strike - 600.2), 0) + 1.1
    bid = np.round(100 * fair[contract]).astype(np.int64) + rng.integers(-3, 4, n)
    bid[rng.random(n) < 0.02] = 0
    chain = ChainData(
        root=root,
        session=date,
        strike_mills=1_000 * strike.astype(np.int64),
        is_call=is_call,
        contract=contract.astype(np.int32),
        ts_event=made,
        ts_init=known,
        bid=bid,
        ask=np.maximum(bid, 100) + rng.integers(1, 9, n),
        bid_size=np.where(bid > 0, rng.integers(1, 60, n), 0),
        ask_size=rng.integers(1, 60, n),
        open_interest=rng.integers(-1, 2_000, len(strike)),
        hours=hours,
    )
    made, known = times(300)
    if delay_s > 0:
        made[-20] = hours.close_ns + 5 * NS  # by a clock that is ahead
    cents = 60_020 + np.cumsum(rng.integers(-5, 6, len(made)))
    vix_made, vix_known = times(40)
    with catalog.transaction("hand-made") as tx:
        tx.write(chain)
        if root == "SPY":
            sizes = rng.integers(1, 900, len(made))
            tx.write(UnderlyingTrades("SPY", date, made, cents, sizes, ts_init=known))
        else:
            tx.write(IndexPrices("SPX", date, made, cents, ts_init=known))
        tx.write(IndexPrices("VIX", date, vix_made, 1_700 + np.arange(len(vix_made)), vix_known))
        underlying = "SPY" if root == "SPY" else "SPX"
        tx.write(SettlementPrice(underlying, date, int(cents[-1]), "made up"))
