"""What the data client is told by its node."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from typing import Any, Self

from nautilus_trader.config import DataClientConfig

from tiger_nt.connection import TigerConnection
from tiger_nt.greeks import GreeksFunction, black_scholes
from tiger_nt.instruments import Listings, Underlying
from tiger_nt.providers import Chain, StrikeWindow

__all__ = ["TigerDataClientConfig"]


def _none_held() -> Collection[str]:
    return ()


class TigerDataClientConfig(DataClientConfig):
    """Settings of a `TigerDataClient`.

    Parameters
    ----------
    connection : TigerConnection
        The login, shared with the execution client.
    underlyings : sequence of Underlying
        Option roots to be loaded, with what they are written on.
    trading_day : datetime.date
        The expiry wanted: today in New York, or the session's date of a simulator.
    listings : Listings
        Makes the instruments, and so decides ids and instants of expiry.
    window : StrikeWindow, optional
        Strikes listed around spot.
    chains : sequence of Chain, optional
        Chains loaded before the node was built (`load_chain`); they are not asked for again.
    quota_reserve : int, default 0
        Symbols of the push quota left to others.
    hysteresis : float, default 0.001
        Fraction of spot by which a strike must be nearer to take another's place in the quota.
    poll_interval_s : float or None, default 1
        Seconds between two calls for options without a place in the quota, 30 options each; more
        when Tiger's limits ask for it. None: such options are refused.
    level_interval_s : float, default 1
        Seconds between two calls for levels of indices, and for stocks without a place.
    greeks : GreeksFunction, optional
        Values an option from its quote; the engine's Black-Scholes if not given.
    greeks_interval_s : float, default 0.5
        An option's Greeks are computed at most once in this time.
    held : callable, optional
        Engine symbols to be quoted always, besides the open positions in the engine's cache.
    **kwargs
        Of the engine's own configuration.
    """

    connection: TigerConnection
    underlyings: tuple[Underlying, ...]
    trading_day: dt.date
    listings: Listings
    window: StrikeWindow
    chains: tuple[Chain, ...]
    quota_reserve: int
    hysteresis: float
    poll_interval_s: float | None
    level_interval_s: float
    greeks: GreeksFunction
    greeks_interval_s: float
    held: Callable[[], Collection[str]]

    def __new__(  # the engine's base class takes its own settings in __new__
        cls,
        connection: TigerConnection,
        underlyings: Sequence[Underlying],
        trading_day: dt.date,
        listings: Listings,
        window: StrikeWindow | None = None,
        chains: Sequence[Chain] = (),
        quota_reserve: int = 0,
        hysteresis: float = 0.001,
        poll_interval_s: float | None = 1.0,
        level_interval_s: float = 1.0,
        greeks: GreeksFunction = black_scholes,
        greeks_interval_s: float = 0.5,
        held: Callable[[], Collection[str]] = _none_held,
        **kwargs: Any,
    ) -> Self:
        """Keep what is ours and pass the rest on."""
        self = super().__new__(cls, **kwargs)
        self.connection = connection
        self.underlyings = tuple(underlyings)
        self.trading_day = trading_day
        self.listings = listings
        self.window = window or StrikeWindow()
        self.chains = tuple(chains)
        self.quota_reserve = quota_reserve
        self.hysteresis = hysteresis
        self.poll_interval_s = poll_interval_s
        self.level_interval_s = level_interval_s
        self.greeks = greeks
        self.greeks_interval_s = greeks_interval_s
        self.held = held
        return self
