"""The names of one option in the engine's, the OCC's and Tiger's words, strikes exact.

The SDK's own conversion goes through ``int(strike * 1000)`` on a float and is a mill off for
64.1, 128.7, 2.01 and others; here a strike is a whole number of mills all the way.
"""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

import msgspec

from tiger_nt.errors import TigerConfigError

__all__ = ["INDICES", "SEC_TYPES", "OptionTerms", "SymbolError"]
__all__ += ["engine_symbol", "is_option", "option_terms", "tiger_symbol"]

INDICES = frozenset({"DJI", "DJX", "IXIC", "NDX", "OEX", "RUT", "SPX", "VIX", "XEO", "XSP"})
"""Index codes by the engine's names; Tiger writes them with a leading dot, except VIX."""

SEC_TYPES = frozenset({"OPT", "STK"})
"""Tiger's kinds of securities that have a name here; others keep the one that Tiger gives."""

_WITHOUT_DOT = frozenset({"VIX"})
_ROOT = re.compile(r"[A-Z][A-Z0-9.]{0,5}")
_OSI = re.compile(
    r"(?P<root>[A-Z][A-Z0-9.]{0,5}) *(?P<date>\d{6})(?P<right>[CP])(?P<mills>\d{8})", re.ASCII
)
_FOUR = re.compile(
    r"(?P<root>[A-Z][A-Z0-9.]{0,5}) (?P<date>\d{8}) "
    r"(?P<strike>\d{1,5}(?:\.\d{1,8})?) (?P<right>CALL|PUT)",
    re.ASCII,  # or the digits of other scripts would do
)
_STOCK = re.compile(r"\.?[A-Z][A-Z0-9]{0,9}(?:[./-][A-Z]{1,3})?")
_MILLS = 1_000
_MAX_MILLS = 99_999_999


class SymbolError(TigerConfigError):
    """A text that names no option or stock this package can address."""


class OptionTerms(msgspec.Struct, frozen=True, order=True):
    """Terms of one option contract.

    Parameters
    ----------
    root : str
        Option root, 1 to 6 characters (``SPY``, ``SPXW``).
    expiry : datetime.date
        Last trading day, 2000 to 2099.
    is_call : bool
        Call or put.
    strike_mills : int
        Strike in thousandths of a dollar, 1 to 99999999.

    Raises
    ------
    SymbolError
        For terms outside these ranges.
    """

    root: str
    expiry: dt.date
    is_call: bool
    strike_mills: int

    def __post_init__(self) -> None:
        """Refuse terms that no symbol can carry."""
        if not _ROOT.fullmatch(self.root):
            raise SymbolError(f"Expected an option root such as SPXW, was {self.root!r}")
        if not 2000 <= self.expiry.year <= 2099:
            raise SymbolError(f"Expected an expiry in 2000..2099, was {self.expiry}")
        if not 1 <= self.strike_mills <= _MAX_MILLS:
            raise SymbolError(f"Expected strike mills in 1..{_MAX_MILLS}, was {self.strike_mills}")

    @property
    def compact(self) -> str:
        """The engine's form, OSI without padding: ``SPY261123C00600000``."""
        return f"{self.root}{self._tail}"

    @property
    def osi(self) -> str:
        """The OCC's form of 21 characters, Tiger's ``identifier``: ``SPY   261123C00600000``."""
        return f"{self.root:<6}{self._tail}"

    @property
    def tiger(self) -> str:
        """Tiger's four parts, as subscriptions want them: ``SPY 20261123 600.0 CALL``."""
        return f"{self.root} {self.expiry:%Y%m%d} {self.strike_text} {self.right}"

    @property
    def right(self) -> str:
        """``CALL`` or ``PUT``."""
        return "CALL" if self.is_call else "PUT"

    @property
    def strike_text(self) -> str:
        """Strike in dollars with one to three decimals, exact: ``600.0``, ``64.125``."""
        dollars, mills = divmod(self.strike_mills, _MILLS)
        decimals = f"{mills:03d}".rstrip("0") or "0"
        return f"{dollars}.{decimals}"

    @property
    def strike(self) -> float:
        """Strike in dollars; the double nearest to the exact one."""
        return self.strike_mills / _MILLS

    @property
    def _tail(self) -> str:
        return f"{self.expiry:%y%m%d}{self.right[0]}{self.strike_mills:08d}"


def option_terms(text: str) -> OptionTerms:
    """Read an option's compact, OCC or four-part name; raise SymbolError for anything else."""
    if match := _OSI.fullmatch(text):
        mills = int(match["mills"])
        date = f"20{match['date']}"
    elif match := _FOUR.fullmatch(text):
        mills = _mills(match["strike"], text)
        date = match["date"]
    else:
        raise SymbolError(
            "Expected an option such as SPY261123C00600000 or SPY 20261123 600.0 CALL, "
            f"was {text!r}"
        )
    try:
        expiry = dt.date(int(date[:4]), int(date[4:6]), int(date[6:]))
    except ValueError:
        raise SymbolError(f"Expected a date of the calendar in {text!r}, was {date}") from None
    return OptionTerms(match["root"], expiry, match["right"].startswith("C"), mills)


def is_option(text: str) -> bool:
    """Whether the text is an option's name in one of the three forms."""
    return bool(_OSI.fullmatch(text) or _FOUR.fullmatch(text))


def engine_symbol(text: str) -> str:
    """Return the engine's name for one of Tiger's: compact OSI, or the stock or index code.

    Index codes lose their dot (``.SPX`` -> ``SPX``); raises SymbolError for what is neither.
    """
    if is_option(text):
        return option_terms(text).compact
    if not _STOCK.fullmatch(text):
        raise SymbolError(f"Expected a stock, an index or an option, was {text!r}")
    return text.removeprefix(".")


def tiger_symbol(symbol: str) -> str:
    """Return Tiger's code of a stock or index; indices carry a dot (``SPX`` -> ``.SPX``)."""
    return f".{symbol}" if symbol in INDICES - _WITHOUT_DOT else symbol


def _mills(strike: str, text: str) -> int:
    try:
        mills = Decimal(strike) * _MILLS
    except InvalidOperation:
        mills = Decimal("NaN")
    if mills != mills.to_integral_value():
        raise SymbolError(f"Expected a strike of whole mills in {text!r}, was {strike}")
    return int(mills)
