"""The chain of one root and trading day, as Tiger lists it."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence

import msgspec
from nautilus_trader.model import Equity, IndexInstrument, OptionContract

from tiger_nt.errors import TigerConfigError, TigerDeniedError
from tiger_nt.instruments import Listings, Underlying
from tiger_nt.rest import TigerRest
from tiger_nt.symbols import OptionTerms, option_terms
from tiger_nt.views import ContractView

__all__ = ["Chain", "StrikeWindow", "load_chain"]

_OPTION_ENTITLEMENT = "usOptionQuote"
_NEXT_SHOWN = 5


class StrikeWindow(msgspec.Struct, frozen=True):
    """Strikes around spot that are listed.

    Parameters
    ----------
    fraction : float, default 0.03
        Distance from spot on either side, as a fraction of spot.
    min_strikes : int, default 20
        Strikes listed at least on either side, where the chain has so many.
    """

    fraction: float = 0.03
    min_strikes: int = 20

    def pick(self, strikes: Iterable[float], spot: float) -> set[float]:
        """Return the strikes (dollars) within the window around `spot` (dollars)."""
        ordered = sorted(set(strikes))
        below = [strike for strike in ordered if strike <= spot]
        above = [strike for strike in ordered if strike > spot]
        near = {strike for strike in ordered if abs(strike - spot) <= self.fraction * spot}
        if self.min_strikes:
            near.update(below[-self.min_strikes :], above[: self.min_strikes])
        return near


class Chain(msgspec.Struct, frozen=True):
    """The chain of one root and expiry as loaded, and the part of it that is listed.

    Parameters
    ----------
    source : Underlying
        Root and underlying.
    expiry : datetime.date
        Date of expiry.
    spot : float
        Last price or level of the underlying when the chain was loaded, dollars.
    underlying : Equity or IndexInstrument
        The underlying's instrument.
    contracts : tuple of OptionContract
        Contracts within the window around `spot`, by strike, call before put.
    open_interest : tuple of int
        Of each of `contracts`; -1 where unknown.
    rows : tuple of ContractView
        The whole chain in the same order, also outside the window.
    """

    source: Underlying
    expiry: dt.date
    spot: float
    underlying: Equity | IndexInstrument
    contracts: tuple[OptionContract, ...]
    open_interest: tuple[int, ...]
    rows: tuple[ContractView, ...]


async def load_chain(
    rest: TigerRest,
    underlying: Underlying,
    trading_day: dt.date,
    listings: Listings,
    window: StrikeWindow | None = None,
) -> Chain:
    """Ask Tiger for the chain of a root that expires on the trading day.

    Needs neither a node nor the push, so that contracts can be known before a node is built.

    Raises
    ------
    TigerConfigError
        No options of the root expire on that day, or the underlying has no price; the text lists
        the next expiries.
    TigerDeniedError
        The account may not see option quotes.
    """
    expiries = await rest.expirations(underlying.symbol)
    if trading_day not in expiries:
        raise _no_expiry(underlying, trading_day, expiries)
    rows = await _rows(rest, underlying, trading_day)
    if not rows:
        raise _no_expiry(underlying, trading_day, expiries)
    spot = await _spot(rest, underlying)
    chosen = (window or StrikeWindow()).pick((terms.strike for terms, _ in rows), spot)
    near = [(terms, row) for terms, row in rows if terms.strike in chosen]
    return Chain(
        source=underlying,
        expiry=trading_day,
        spot=spot,
        underlying=listings.underlying(underlying.symbol),
        contracts=tuple(listings.contract(terms) for terms, _ in near),
        open_interest=tuple(row.open_interest for _, row in near),
        rows=tuple(row for _, row in rows),
    )


async def _rows(
    rest: TigerRest, underlying: Underlying, expiry: dt.date
) -> list[tuple[OptionTerms, ContractView]]:
    """Return the root's rows by strike, call before put: SPX and SPXW come in one chain."""
    try:
        views = await rest.chain(underlying.symbol, expiry)
    except TigerDeniedError as denied:
        granted = await rest.permissions()
        if _OPTION_ENTITLEMENT in granted:
            raise
        raise TigerDeniedError(
            denied.method,
            denied.code,
            f"Expected the entitlement {_OPTION_ENTITLEMENT} (US option quotes) for the chain of "
            f"{underlying.symbol}, was {sorted(granted)}; it is bought in Tiger's app",
        ) from None
    rows = [(option_terms(view.symbol), view) for view in views]
    own = [row for row in rows if row[0].root == underlying.root and row[0].expiry == expiry]
    return sorted(own, key=lambda row: (row[0].strike_mills, not row[0].is_call))


async def _spot(rest: TigerRest, underlying: Underlying) -> float:
    briefs = await rest.stock_quotes([underlying.symbol])
    spot = next((view.last for view in briefs if view.symbol == underlying.symbol), math.nan)
    if not spot > 0:
        raise TigerConfigError(
            f"Expected a last price of {underlying.symbol}, was {spot} (stock_quotes); without it "
            "no strikes can be chosen"
        )
    return spot


def _no_expiry(
    underlying: Underlying, trading_day: dt.date, expiries: Sequence[dt.date]
) -> TigerConfigError:
    later = sorted(date for date in expiries if date > trading_day)[:_NEXT_SHOWN]
    following = ", ".join(str(date) for date in later) or "none listed"
    return TigerConfigError(
        f"Expected options of {underlying.root} that expire on {trading_day}, was none; "
        f"next expiries: {following}"
    )
