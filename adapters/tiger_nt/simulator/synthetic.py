"""A made-up market: a random walk, its option chain, and nothing that ever happened.

Equal settings and hours give equal rows; what shows them to people says that they are synthetic.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tiger_nt.simulator.market import MarketChunk, SessionHours
from tiger_nt.simulator.premium import YEAR_NS, premiums, quotes_around
from tiger_nt.simulator.walk import Walk
from tiger_nt.symbols import INDICES, OptionTerms

__all__ = ["SyntheticMarket", "SyntheticSettings", "synthetic_settings"]

_NS = 1_000_000_000
_CHUNK_NS = _NS // 2

_INDEX_OF_ROOT = {"SPXW": "SPX"}
_SIZES: dict[str, dict[str, float]] = {"SPXW": {"spot": 6_000.0, "strike_step": 5.0}}
_VIX = "VIX"
_PRINT = -1
"""Stands for the underlying in rows that are prints."""

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


class SyntheticSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a synthetic market looks like; `synthetic_settings` fits it to a root.

    Parameters
    ----------
    root : str, default "SPY"
        Option root; those of indices (``SPXW``) have an index as their underlying.
    spot : float, default 600
        Price of the underlying at the start, dollars.
    strike_step : float, default 1
        Distance of strikes, dollars.
    strikes : int, default 20
        Strikes on either side of the one nearest to `spot`.
    volatility : float, default 0.2
        Of the walk and at the money, per square root of a calendar year.
    quotes_per_second : float, default 1000
        Quotes of all instruments together.
    prints_per_second : float, default 5
        Prints of the underlying, or levels where it is an index.
    swing_bps : float, default 0
        Amplitude of a regular swing on top of the walk, basis points: makes a lively market, in
        which a strategy that follows momentum has something to do within a minute.
    swing_period_s : float, default 60
        Period of the swing.
    seed : int, default 1
        Of everything random.
    """

    root: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9.]{0,5}$")] = "SPY"
    spot: Annotated[float, msgspec.Meta(ge=5, le=50_000)] = 600.0
    strike_step: Annotated[float, msgspec.Meta(ge=0.5, le=500)] = 1.0
    strikes: Annotated[int, msgspec.Meta(ge=1, le=500)] = 20
    volatility: Annotated[float, msgspec.Meta(ge=0.01, le=3)] = 0.2
    quotes_per_second: Annotated[float, msgspec.Meta(ge=1, le=50_000)] = 1_000.0
    prints_per_second: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 5.0
    swing_bps: Annotated[float, msgspec.Meta(ge=0, le=200)] = 0.0
    swing_period_s: Annotated[float, msgspec.Meta(ge=1, le=3_600)] = 60.0
    seed: Annotated[int, msgspec.Meta(ge=0)] = 1


def synthetic_settings(root: str = "SPY", **changes: Any) -> SyntheticSettings:
    """Return settings fit for `root`, with `changes`; raise ValueError for one out of range."""
    wanted = {"root": root} | _SIZES.get(root, {}) | changes
    try:
        return msgspec.convert(wanted, SyntheticSettings)
    except msgspec.ValidationError as e:
        raise ValueError(f"Synthetic market: {e}") from None


class SyntheticMarket:
    """A market of synthetic quotes from `start_ns` to the close; see `market.Market`.

    The chain's contracts expire at the close of `hours`, and time value runs out by then.
    """

    synthetic = True
    settlement: float | None = None

    def __init__(self, settings: SyntheticSettings, hours: SessionHours, start_ns: int) -> None:
        self.hours = hours
        self.underlying = _underlying(settings.root)
        is_index = self.underlying in INDICES
        self.indices = tuple(dict.fromkeys((self.underlying, _VIX) if is_index else (_VIX,)))
        self._settings = settings
        self._start_ns = start_ns
        self._is_index = is_index
        self._strike, self._is_call, self.contracts = _chain(settings, hours.date)
        self.symbols = tuple(dict.fromkeys((self.underlying, *self.indices, *self.contracts)))
        self._first_contract = len(self.symbols) - len(self.contracts)

    @property
    def description(self) -> str:
        """What is played, one line for people."""
        settings = self._settings
        lively = f", swinging {settings.swing_bps:g} bp" if settings.swing_bps else ""
        return (
            f"SYNTHETIC {settings.root} around {settings.spot:g}{lively}: {len(self.contracts)} "
            f"contracts, {settings.quotes_per_second:g} quotes/s, seed {settings.seed}"
        )

    def earlier(self) -> Iterator[MarketChunk]:
        """Yield nothing: before `start_ns` there was no market."""
        return iter(())

    def rows(self) -> Iterator[MarketChunk]:
        """Yield half a second at a time; the first rows quote every instrument once."""
        rng = np.random.default_rng(self._settings.seed)
        walk = Walk(self._settings, rng)
        share = self._shares()
        first = np.arange(len(self.symbols))
        ts = np.full(len(first), self._start_ns, np.int64)
        yield self._chunk(ts, first, walk.advance(ts), rng)
        start = self._start_ns
        while start < self.hours.close_ns:
            elapsed = start - self._start_ns
            quotes, prints, levels = (
                _due(elapsed, rate)
                for rate in (
                    self._settings.quotes_per_second,
                    self._settings.prints_per_second,
                    1.0,
                )
            )
            instrument = np.concatenate(
                (
                    rng.choice(len(self.symbols), len(quotes), p=share),
                    np.full(len(prints), _PRINT),
                    np.full(len(levels), self.symbols.index(_VIX)),
                )
            )
            ts = start + np.concatenate((quotes, prints, levels))
            order = np.argsort(ts, kind="stable")
            order = order[ts[order] < self.hours.close_ns]
            ts = ts[order]
            yield self._chunk(ts, instrument[order], walk.advance(ts), rng)
            start += _CHUNK_NS

    def _shares(self) -> Floats:
        """Return each instrument's share of the quotes: most at the money, the stock ten of it."""
        settings = self._settings
        left = self.hours.close_ns - self._start_ns
        deviation = settings.spot * settings.volatility * np.sqrt(max(left, _NS) / YEAR_NS)
        away = (self._strike - settings.spot) / deviation
        share = np.zeros(len(self.symbols))
        share[self._first_contract :] = 0.25 + np.exp(-away * away / 2)
        share[0] = 0.0 if self._is_index else 10.0
        return np.asarray(share / share.sum())

    def _chunk(
        self, ts: Ints, instrument: Ints, state: tuple[Floats, Floats], rng: np.random.Generator
    ) -> MarketChunk:
        spot, vix = state
        n = len(ts)
        bid, ask, last = (np.full(n, np.nan) for _ in range(3))
        last_size = np.zeros(n, np.int64)
        size = 1 + rng.lognormal(3.0, 0.7, (2, n)).astype(np.int64)

        option = np.flatnonzero(instrument >= self._first_contract)
        row = instrument[option] - self._first_contract
        left = (self.hours.close_ns - ts[option]).astype(np.float64)
        premium = premiums(
            spot[option], self._strike[row], self._is_call[row], left, self._settings.volatility
        )
        bid[option], ask[option] = quotes_around(premium, self._settings.root)

        printed = instrument == _PRINT
        levels = instrument == self.symbols.index(_VIX)
        last[levels] = np.round(vix[levels], 2)
        if self._is_index:
            printed |= instrument == 0
            last[printed] = np.round(spot[printed], 2)
        else:
            quoted = instrument == 0
            cents = np.floor(spot * 100)
            bid[quoted], ask[quoted] = cents[quoted] / 100, (cents[quoted] + 1) / 100
            size[:, quoted] *= 20
            last[printed] = (cents[printed] + rng.integers(0, 2, np.count_nonzero(printed))) / 100
            last_size[printed] = size[0, printed]
        return MarketChunk(
            symbols=self.symbols,
            ts_ns=ts,
            instrument=np.where(printed, 0, instrument).astype(np.int32),
            bid=bid,
            ask=ask,
            bid_size=np.where(bid > 0, size[0], 0),
            ask_size=np.where(ask > 0, size[1], 0),
            last=last,
            last_size=last_size,
        )


def _underlying(root: str) -> str:
    return _INDEX_OF_ROOT.get(root, root)


def _chain(
    settings: SyntheticSettings, expiry: dt.date
) -> tuple[Floats, NDArray[np.bool_], tuple[str, ...]]:
    step = round(1_000 * settings.strike_step)
    middle = round(1_000 * settings.spot / step) * step
    mills = [middle + step * n for n in range(-settings.strikes, settings.strikes + 1)]
    terms = [
        OptionTerms(settings.root, expiry, is_call, strike)
        for strike in mills
        if strike > 0
        for is_call in (True, False)
    ]
    return (
        np.array([contract.strike for contract in terms]),
        np.array([contract.is_call for contract in terms]),
        tuple(contract.compact for contract in terms),
    )


def _due(elapsed_ns: int, rate: float) -> Ints:
    """Return the evenly spaced times of the next chunk, counted from its start."""
    spacing = _NS / rate if rate else np.inf
    first, last = np.ceil(elapsed_ns / spacing), np.ceil((elapsed_ns + _CHUNK_NS) / spacing)
    return (np.arange(first, last) * spacing).astype(np.int64) - elapsed_ns
