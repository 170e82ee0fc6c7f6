"""Where the Tiger adapter meets the system: its instruments, its fees, its trading day."""

import datetime as dt
import os
import time
from collections.abc import Mapping, Sequence

from nautilus_trader.model import Equity, IndexInstrument, OptionContract, Venue

from autotrade_0dte.calendar import NEW_YORK, Session, session
from autotrade_0dte.execution.fees import FeeSchedule, order_fee
from autotrade_0dte.instruments import (
    VENUE,
    OptionSymbol,
    Right,
    equity,
    index,
    option_contract,
)
from autotrade_0dte.products import PRODUCTS, Settlement, product
from tiger_nt.config import TigerConfig
from tiger_nt.errors import TigerConfigError
from tiger_nt.instruments import Underlying
from tiger_nt.symbols import OptionTerms

__all__ = ["SESSION_VARIABLE", "SystemListings", "TigerFees", "trading_day", "underlying_of"]

SESSION_VARIABLE = "TIGER_NT_SESSION"
"""A loopback Tiger's trading day, ``date,open_ns,close_ns``: it is open at any hour."""


class SystemListings:
    """The system's own instruments, so that ids and expiries are those of a backtest."""

    @property
    def venue(self) -> Venue:
        """The one venue of the system."""
        return VENUE

    def contract(self, terms: OptionTerms) -> OptionContract:
        """Build the contract of `terms`; its session must be known to the calendar."""
        right = Right.CALL if terms.is_call else Right.PUT
        return option_contract(OptionSymbol(terms.root, terms.expiry, right, terms.strike_mills))

    def underlying(self, symbol: str) -> Equity | IndexInstrument:
        """Build the index or the stock that `symbol` names."""
        return index(symbol) if symbol in _INDEXES else equity(symbol)


_INDEXES = {"VIX"} | {p.underlying for p in PRODUCTS.values() if p.settlement is Settlement.CASH}


class TigerFees:
    """Fee of an order so far, for the execution client: root, side, and its fills."""

    def __init__(self, schedule: FeeSchedule) -> None:
        self._schedule = schedule

    def __call__(self, root: str, is_sell: bool, fills: Sequence[tuple[int, float]]) -> float:
        """Return dollars for all `fills` (contracts and dollars) of one order."""
        return order_fee(self._schedule, root, is_sell, list(fills)).total


def underlying_of(root: str) -> Underlying:
    """Return what the options of `root` are written on, in the adapter's words."""
    facts = product(root)
    return Underlying(root, facts.underlying, facts.settlement is Settlement.CASH)


def trading_day(config: TigerConfig, environment: Mapping[str, str] | None = None) -> Session:
    """Return today's session; a loopback Tiger's is what it says.

    Raises
    ------
    CalendarError
        The market is closed today.
    TigerConfigError
        A session is given for an address that is not on this machine, or is unreadable.
    """
    env = os.environ if environment is None else environment
    given = env.get(SESSION_VARIABLE)
    if given is None:
        return session(dt.datetime.fromtimestamp(time.time(), NEW_YORK).date())
    if not config.endpoints.is_loopback:
        raise TigerConfigError(
            f"{SESSION_VARIABLE}: Expected with a loopback address only, was given for Tiger's own"
        )
    try:
        date, open_ns, close_ns = given.split(",")
        told = Session(dt.date.fromisoformat(date), int(open_ns), int(close_ns))
    except ValueError:
        told = None
    if told is None or not 0 < told.open_ns < told.close_ns:
        raise TigerConfigError(f"{SESSION_VARIABLE}: Expected date,open_ns,close_ns, was {given!r}")
    return told
