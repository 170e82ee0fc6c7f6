"""Small hand-made sessions for tests: a few contracts, quotes every few seconds."""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
from loose_limits import LOOSE_RISK

from autotrade_0dte.calendar import session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SettlementPrice,
    UnderlyingTrades,
)
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.vetoes import VetoParams
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.products import Settlement, product

NS = 1_000_000_000

WINDOWS = {
    "indicators": IndicatorParams(
        momentum_window_s=60.0,
        burst_window_s=60.0,
        trend_window_s=240.0,
        return_s=60.0,
        realized_short_s=300.0,
    ),
    "market_state": DetectorParams(
        change_window_s=60.0,
        jump_window_s=60.0,
        jump_lag_s=60.0,
    ),
    # Quotes once a minute, too few strikes for a fair value, and orders of more than is shown.
    "desk": DeskParams(
        vetoes=VetoParams(max_age_s=90.0, needs_fair_value=False, min_size_fraction=0.0)
    ),
    "risk": LOOSE_RISK,
}
"""The tables of a configuration that fit data of one minute and of a few strikes."""

type Quote = Callable[[int, float, bool], tuple[int, int]]
"""Bid and ask in cents from seconds after the open, strike and right."""


def intrinsic_quote(spot: float) -> Quote:
    """Return quotes a dollar of time value above intrinsic, two cents wide."""

    def quote(_second: int, strike: float, is_call: bool) -> tuple[int, int]:
        intrinsic = max(spot - strike if is_call else strike - spot, 0.0)
        mid = round(100 * (intrinsic + 1.0))
        return mid - 1, mid + 1

    return quote


def write_session(
    catalog: Catalog,
    root: str,
    date: dt.date,
    *,
    strikes: Sequence[int],
    spot: float,
    settlement: float | None,
    quote: Quote | None = None,
    every_s: int = 60,
    size: int | Callable[[int], int] = 50,
    last_spot_before_close_s: int = 0,
    synthetic: bool = False,
) -> None:
    """Write one session with a constant spot; a price of 0 has size 0.

    A `size` that is a function tells the contracts shown from the seconds after the open.
    """
    hours = session(date)
    facts = product(root)
    quote = quote or intrinsic_quote(spot)
    seconds = np.arange(0, (hours.close_ns - hours.open_ns) // NS, every_s)
    contracts = [(strike, right) for strike in strikes for right in (True, False)]
    rows = [(s, c, *quote(int(s), *contracts[c])) for s in seconds for c in range(len(contracts))]
    second, contract, bid, ask = (np.array(column) for column in zip(*rows, strict=True))
    shown = size if isinstance(size, int) else np.array([size(int(s)) for s in second])
    chain = ChainData(
        root=root,
        session=date,
        strike_mills=np.array([1_000 * strike for strike, _ in contracts], np.int64),
        is_call=np.array([right for _, right in contracts]),
        contract=contract.astype(np.int32),
        ts_event=hours.open_ns + second.astype(np.int64) * NS,
        bid=bid.astype(np.int64),
        ask=ask.astype(np.int64),
        bid_size=np.where(bid > 0, shown, 0).astype(np.int64),
        ask_size=np.where(ask > 0, shown, 0).astype(np.int64),
    )
    until = (hours.close_ns - hours.open_ns) // NS - last_spot_before_close_s
    ts = hours.open_ns + np.arange(0, until, every_s, dtype=np.int64) * NS
    cents = np.full(len(ts), round(100 * spot), np.int64)
    underlying = facts.underlying
    prices: IndexPrices | UnderlyingTrades = (
        IndexPrices(underlying, date, ts, cents)
        if facts.settlement is Settlement.CASH
        else UnderlyingTrades(underlying, date, ts, cents, np.ones(len(ts), np.int64))
    )
    with catalog.transaction("hand-made", synthetic=synthetic) as tx:
        tx.write(chain)
        tx.write(prices)
        if settlement is not None:
            tx.write(SettlementPrice(underlying, date, round(100 * settlement), "official"))
