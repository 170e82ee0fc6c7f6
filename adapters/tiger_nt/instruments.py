"""How Tiger's contracts become the engine's instruments, under ids the user may choose."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from nautilus_trader.model import (
    AssetClass,
    Currency,
    Equity,
    IndexInstrument,
    InstrumentId,
    OptionContract,
    OptionKind,
    Price,
    Quantity,
    Symbol,
    Venue,
)

from tiger_nt.symbols import OptionTerms

__all__ = ["DefaultListings", "Instrument", "Listings", "Underlying", "four_o_clock"]

type Instrument = OptionContract | Equity | IndexInstrument

_NEW_YORK = ZoneInfo("America/New_York")
_NS_PER_S = 1_000_000_000
_USD = Currency.from_str("USD")
_CENT = Price(0.01, 2)
_ONE = Quantity.from_int(1)
_HUNDRED = Quantity.from_int(100)


class Underlying(msgspec.Struct, frozen=True):
    """What options of a root are written on.

    Parameters
    ----------
    root : str
        Option root as in the OSI symbol: ``SPY``, ``SPXW``.
    symbol : str
        Engine symbol of the underlying: ``SPY``, ``SPX``.
    is_index : bool, default False
        Whether it is a level that cannot be traded: prices are polled, there are no quotes.
    """

    root: str
    symbol: str
    is_index: bool = False


class Listings(Protocol):
    """Makes the engine's instruments; a node hands in its own to have the ids of its backtests.

    All instruments are of one venue: the engine looks an option's underlying up on the option's
    venue. Symbols are the engine's: ``SPY``, and compact OSI for options.
    """

    @property
    def venue(self) -> Venue:
        """Venue of every instrument."""

    def contract(self, terms: OptionTerms) -> OptionContract:
        """Build the contract of the terms, whose ``expiration_ns`` is when it is struck."""

    def underlying(self, symbol: str) -> Equity | IndexInstrument:
        """Build a stock, ETF or index."""


def four_o_clock(_root: str, date: dt.date) -> int:
    """Return 16:00 New York of the date in nanoseconds UTC: the close of a full session."""
    close = dt.datetime.combine(date, dt.time(16), tzinfo=_NEW_YORK)
    return int(close.timestamp()) * _NS_PER_S


class DefaultListings:
    """Listings for users without their own: ``SPY261123C00600000.US`` on ``SPY.US``.

    Parameters
    ----------
    underlyings : iterable of Underlying
        Roots known; a contract of another root is taken as one on the stock of that name.
    venue : str, default "US"
        Venue of every instrument.
    expiry : callable, default `four_o_clock`
        Instant, ns UTC, at which options of a root expiring on a date are struck. The default
        knows no early closes and no morning settlement.
    """

    def __init__(
        self,
        underlyings: Iterable[Underlying] = (),
        venue: str = "US",
        expiry: Callable[[str, dt.date], int] = four_o_clock,
    ) -> None:
        known = tuple(underlyings)
        self._venue = Venue(venue)
        self._expiry = expiry
        self._by_root = {underlying.root: underlying for underlying in known}
        self._indices = {underlying.symbol for underlying in known if underlying.is_index}

    @property
    def venue(self) -> Venue:
        """Venue of every instrument."""
        return self._venue

    def contract(self, terms: OptionTerms) -> OptionContract:
        """Build the contract; strikes have two decimals, three where mills need them."""
        underlying = self._by_root.get(terms.root) or Underlying(terms.root, terms.root)
        expiration_ns = self._expiry(terms.root, terms.expiry)
        return OptionContract(
            instrument_id=self._id(terms.compact),
            raw_symbol=Symbol(terms.compact),
            asset_class=AssetClass.INDEX if underlying.is_index else AssetClass.EQUITY,
            underlying=underlying.symbol,
            option_kind=OptionKind.CALL if terms.is_call else OptionKind.PUT,
            strike_price=Price(terms.strike, 2 if terms.strike_mills % 10 == 0 else 3),
            currency=_USD,
            activation_ns=0,
            expiration_ns=expiration_ns,
            price_precision=2,
            price_increment=_CENT,
            multiplier=_HUNDRED,
            lot_size=_ONE,
            ts_event=0,
            ts_init=0,
        )

    def underlying(self, symbol: str) -> Equity | IndexInstrument:
        """Build an index where `underlyings` said so, else a stock; both on cents."""
        if symbol in self._indices:
            return IndexInstrument(
                instrument_id=self._id(symbol),
                raw_symbol=Symbol(symbol),
                currency=_USD,
                price_precision=2,
                size_precision=0,
                price_increment=_CENT,
                size_increment=_ONE,
                ts_event=0,
                ts_init=0,
            )
        return Equity(
            instrument_id=self._id(symbol),
            raw_symbol=Symbol(symbol),
            currency=_USD,
            price_precision=2,
            price_increment=_CENT,
            lot_size=_ONE,
            ts_event=0,
            ts_init=0,
        )

    def _id(self, symbol: str) -> InstrumentId:
        return InstrumentId(Symbol(symbol), self._venue)
