"""Which contracts the simulator lists, and how REST requests name them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from tiger_nt.simulator.errors import BIZ_PARAM, Refusal
from tiger_nt.simulator.market import NEW_YORK, Market
from tiger_nt.symbols import OptionTerms, SymbolError, engine_symbol, is_option, option_terms

__all__ = ["Listing", "date_of", "expiry_ms", "push_names", "terms_of"]


def expiry_ms(expiry: dt.date) -> int:
    """Return an expiry as Tiger writes it: milliseconds of 00:00 in New York."""
    return int(dt.datetime.combine(expiry, dt.time(), NEW_YORK).timestamp() * 1000)


def date_of(value: object) -> dt.date | None:
    """Read a date of a request, yyyy-MM-dd or milliseconds; None for none, Refusal for others."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int):
            return dt.datetime.fromtimestamp(value / 1000, NEW_YORK).date()
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise Refusal(BIZ_PARAM, f"biz param error(time parse error: {value!r})") from None


@cache
def push_names(symbol: str) -> tuple[str, str | None]:
    """Return what pushes call a symbol, and the OCC identifier of an option (else None)."""
    if not is_option(symbol):
        return symbol, None
    terms = option_terms(symbol)
    return terms.tiger, terms.osi


def terms_of(fields: Mapping[str, Any]) -> OptionTerms:
    """Read a contract of four fields: symbol, expiry (yyyyMMdd or milliseconds), strike, right.

    Raises
    ------
    Refusal
        For fields that name no option.
    """
    try:
        expiry = fields["expiry"]
        if isinstance(expiry, int):
            date = dt.datetime.fromtimestamp(expiry / 1000, NEW_YORK).date()
        else:
            date = dt.datetime.strptime(str(expiry).replace("-", ""), "%Y%m%d").date()  # noqa: DTZ007
        mills = Decimal(str(fields["strike"])) * 1000
        is_call = str(fields["right"]).upper().startswith("C")
        return OptionTerms(engine_symbol(str(fields["symbol"])), date, is_call, _whole(mills))
    except (KeyError, ValueError, InvalidOperation, SymbolError) as error:
        raise Refusal(BIZ_PARAM, f"biz param error(invalid contract: {error})") from None


def _whole(mills: Decimal) -> int:
    if mills != mills.to_integral_value():
        raise SymbolError(f"Expected a strike of whole mills, was {mills / 1000}")
    return int(mills)


class Listing:
    """What a market lists: its underlying, the indices, and options by compact OSI symbol."""

    def __init__(self, market: Market) -> None:
        self.underlying = market.underlying
        self.indices = market.indices
        self.options = {symbol: option_terms(symbol) for symbol in market.contracts}

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols."""
        return tuple(dict.fromkeys((self.underlying, *self.indices, *self.options)))

    def is_stock(self, symbol: str) -> bool:
        """Whether `symbol` is the underlying and a stock."""
        return symbol == self.underlying and symbol not in self.indices

    def expiries(self, root: str) -> list[dt.date]:
        """Return the expiries of one option root, in order."""
        return sorted({terms.expiry for terms in self.options.values() if terms.root == root})

    @property
    def roots(self) -> list[str]:
        """The option roots on the underlying (``SPX`` and ``SPXW``)."""
        return sorted({terms.root for terms in self.options.values()})

    def chain(self, symbol: str, expiry: dt.date) -> list[OptionTerms]:
        """Return the options on the underlying (or of the root) `symbol`, by strike, puts first."""
        wanted = self.roots if symbol == self.underlying else [symbol]
        found = [
            terms
            for terms in self.options.values()
            if terms.root in wanted and terms.expiry == expiry
        ]
        return sorted(found, key=lambda terms: (terms.root, terms.strike_mills, terms.is_call))
