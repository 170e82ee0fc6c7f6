"""The instruments of the trading day: which contracts there are, and which of them are listed."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from nautilus_trader.live import InstrumentProviderConfig
from nautilus_trader.live.providers import InstrumentProvider
from nautilus_trader.model import Venue

from tiger_nt.chains import Chain, StrikeWindow, load_chain
from tiger_nt.instruments import Instrument, Listings, Underlying
from tiger_nt.rest import TigerRest
from tiger_nt.symbols import OptionTerms, engine_symbol, is_option, option_terms

__all__ = ["Chain", "StrikeWindow", "TigerInstrumentProvider", "load_chain"]


class TigerInstrumentProvider(InstrumentProvider):
    """Holds the instruments of the day: the underlyings, and the contracts around spot.

    Contracts are added as spot moves and never dropped: whoever has subscribed to or holds one
    keeps it.

    Parameters
    ----------
    rest : TigerRest
        Where chains are asked for.
    underlyings : sequence of Underlying
        Roots to be loaded.
    trading_day : datetime.date
        The expiry wanted.
    listings : Listings
        Makes the instruments.
    window : StrikeWindow
        Strikes listed around spot.
    loaded : iterable of Chain
        Chains loaded already; they are not asked for again.
    """

    def __init__(
        self,
        rest: TigerRest,
        underlyings: Sequence[Underlying],
        trading_day: dt.date,
        listings: Listings,
        window: StrikeWindow,
        loaded: Iterable[Chain] = (),
    ) -> None:
        super().__init__(InstrumentProviderConfig(load_all=True))
        self._rest = rest
        self._underlyings = tuple(underlyings)
        self._trading_day = trading_day
        self._listings = listings
        self._window = window
        self._chains = {chain.source.root: chain for chain in loaded}
        self._symbols: dict[str, Instrument] = {}
        self._terms: dict[str, dict[str, OptionTerms]] = {}
        self._open_interest: dict[str, float] = {}

    async def load_all_async(self, filters: dict[Any, Any] | None = None) -> None:  # noqa: ARG002
        """Load the chains not loaded yet and list what is near spot."""
        for underlying in self._underlyings:
            if underlying.root not in self._chains:
                self._chains[underlying.root] = await load_chain(
                    self._rest, underlying, self._trading_day, self._listings, self._window
                )
            chain = self._chains[underlying.root]
            self._take(chain)

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains loaded, in the order of the underlyings."""
        return tuple(self._chains[underlying.root] for underlying in self._underlyings)

    @property
    def venue(self) -> Venue:
        """Venue of every instrument."""
        return self._listings.venue

    def by_symbol(self, symbol: str) -> Instrument | None:
        """Return the listed instrument of an engine symbol."""
        return self._symbols.get(symbol)

    def open_interest(self, symbol: str) -> float | None:
        """Return an option's open interest as of loading, None where unknown."""
        return self._open_interest.get(symbol)

    def follow(self, root: str, spot: float) -> list[Instrument]:
        """List the contracts that have come within the window around `spot`; return the new."""
        missing = {
            symbol: terms
            for symbol, terms in self._terms[root].items()
            if symbol not in self._symbols
        }
        if not missing:
            return []
        strikes = (terms.strike for terms in self._terms[root].values())
        near = self._window.pick(strikes, spot)
        new = [terms for terms in missing.values() if terms.strike in near]
        return self._list([self._listings.contract(terms) for terms in new])

    def list_symbol(self, symbol: str) -> list[Instrument]:
        """List an option wherever its strike is, or a stock; return it unless it was listed.

        Raises
        ------
        SymbolError
            The text is neither.
        """
        if symbol in self._symbols:
            return []
        return self._list([_instrument(symbol, self._listings)])

    def list_known(self, symbol: str) -> list[Instrument]:
        """List a contract of the day's chains, or a stock; return it unless it was listed.

        A contract that is in none of the chains is left alone: it may not exist.
        """
        known = any(symbol in terms for terms in self._terms.values())
        return self.list_symbol(symbol) if known or not is_option(symbol) else []

    def _take(self, chain: Chain) -> None:
        self._terms[chain.source.root] = {
            row.symbol: option_terms(row.symbol) for row in chain.rows
        }
        self._open_interest.update(
            (row.symbol, float(row.open_interest)) for row in chain.rows if row.open_interest >= 0
        )
        self._list([chain.underlying, *chain.contracts])

    def _list(self, instruments: Sequence[Instrument]) -> list[Instrument]:
        for instrument in instruments:
            self._symbols[str(instrument.id.symbol)] = instrument
            self.add(instrument)
        return list(instruments)


def _instrument(symbol: str, listings: Listings) -> Instrument:
    """Build the instrument of an engine symbol; raise SymbolError for what is none."""
    if is_option(symbol):
        return listings.contract(option_terms(symbol))
    return listings.underlying(engine_symbol(symbol))
