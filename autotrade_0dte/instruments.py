"""Instrument identities: OSI symbols both ways, engine ids, and the engine's instrument objects."""

import datetime as dt
import re
from enum import StrEnum
from functools import lru_cache

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

from autotrade_0dte.calendar import expiry_ns, session
from autotrade_0dte.products import product

__all__ = ["USD", "VENUE", "OptionSymbol", "Right", "SymbolError", "equity", "index"]
__all__ += ["instrument_id", "option_contract", "option_symbol"]

VENUE = Venue("US")
"""One venue for all: the engine looks an option's underlying up on the option's own venue."""

USD = Currency.from_str("USD")

_OSI = re.compile(r"([A-Z][A-Z0-9.]{0,5}) *(\d{6})([CP])(\d{8})", re.ASCII)
_MAX_STRIKE_MILLS = 99_999_999
_MOST_KNOWN = 4_096  # symbols kept parsed: the chains of some sessions


class SymbolError(ValueError):
    """A text is not an OSI option symbol, or a contract cannot be written as one."""


class Right(StrEnum):
    """Call or put, by the letter of the OSI symbol."""

    CALL = "C"
    PUT = "P"


class OptionSymbol(msgspec.Struct, frozen=True, order=True):
    """One option contract by its terms; `strike_mills` is the strike in thousandths of a dollar."""

    root: str
    expiry: dt.date
    right: Right
    strike_mills: int

    @property
    def compact(self) -> str:
        """OSI without blanks, as used in engine ids: ``SPY260731C00600000``."""
        return f"{self.root}{self._tail}"

    @property
    def osi(self) -> str:
        """The 21-character OSI symbol: ``SPY   260731C00600000``."""
        return f"{self.root:<6}{self._tail}"

    @property
    def strike(self) -> float:
        """Strike in dollars."""
        return self.strike_mills / 1_000

    @property
    def _tail(self) -> str:
        if not 0 < self.strike_mills <= _MAX_STRIKE_MILLS:
            raise SymbolError(f"Expected a strike in (0, 99999.999] dollars, was {self.strike}")
        return f"{self.expiry:%y%m%d}{self.right}{self.strike_mills:08d}"


@lru_cache(_MOST_KNOWN)
def option_symbol(text: str) -> OptionSymbol:
    """Parse an OSI symbol, padded or compact; raise SymbolError for anything else."""
    match = _OSI.fullmatch(text.strip())
    if match is None:
        raise SymbolError(f"Expected an OSI symbol such as SPY260731C00600000, was {text!r}")
    root, date, right, strike = match.groups()
    try:
        expiry = dt.date(2000 + int(date[:2]), int(date[2:4]), int(date[4:]))
    except ValueError:
        raise SymbolError(f"Expected an expiry as YYMMDD, was {date} in {text!r}") from None
    if int(strike) == 0:
        raise SymbolError(f"Expected a strike above zero, was 0 in {text!r}")
    return OptionSymbol(root, expiry, Right(right), int(strike))


def instrument_id(symbol: str | OptionSymbol) -> InstrumentId:
    """Return the engine id of a symbol, the same in backtest, paper and live: ``SPY.US``."""
    name = symbol.compact if isinstance(symbol, OptionSymbol) else symbol
    return InstrumentId(Symbol(name), VENUE)


def option_contract(symbol: OptionSymbol) -> OptionContract:
    """Build the engine's contract; it expires at the instant the calendar gives."""
    facts = product(symbol.root)
    decimals = 2 if symbol.strike_mills % 10 == 0 else 3
    return OptionContract(
        instrument_id=instrument_id(symbol),
        raw_symbol=Symbol(symbol.compact),
        asset_class=AssetClass.EQUITY if facts.settlement == "physical" else AssetClass.INDEX,
        underlying=facts.underlying,
        option_kind=OptionKind.CALL if symbol.right is Right.CALL else OptionKind.PUT,
        strike_price=Price(symbol.strike, decimals),
        currency=USD,
        activation_ns=session(symbol.expiry).open_ns,
        expiration_ns=expiry_ns(symbol.root, symbol.expiry),
        price_precision=2,
        price_increment=Price(facts.tick_below_3 / 100, 2),
        multiplier=Quantity.from_int(facts.multiplier),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )


def equity(symbol: str) -> Equity:
    """Build a stock or ETF on cents."""
    return Equity(
        instrument_id=instrument_id(symbol),
        raw_symbol=Symbol(symbol),
        currency=USD,
        price_precision=2,
        price_increment=Price(0.01, 2),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )


def index(symbol: str) -> IndexInstrument:
    """Build an index (SPX, VIX) on hundredths."""
    return IndexInstrument(
        instrument_id=instrument_id(symbol),
        raw_symbol=Symbol(symbol),
        currency=USD,
        price_precision=2,
        size_precision=0,
        price_increment=Price(0.01, 2),
        size_increment=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )
