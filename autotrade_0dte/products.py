"""Contract facts of the option roots: what settles how, when, and on which tick.

Sources: Cboe SPX/XSP contract specifications; OCC/NYSE rules for ETF and equity options.
"""

import datetime as dt
from enum import StrEnum

import msgspec

__all__ = ["PRODUCTS", "Product", "Settlement", "UnknownProductError", "product", "tick_cents"]


class UnknownProductError(ValueError):
    """An index option whose contract facts are not listed."""


class Settlement(StrEnum):
    """How an in-the-money option becomes money: CASH pays intrinsic, PHYSICAL delivers shares."""

    CASH = "cash"
    PHYSICAL = "physical"


class Product(msgspec.Struct, frozen=True):
    """One option root.

    Times are New York wall clock on a full session; on a half day both move three hours earlier.

    Parameters
    ----------
    root : str
        Option root as in the OSI symbol (``SPXW``).
    underlying : str
        Symbol of the underlying (``SPX``).
    settlement : Settlement
        Cash or physical.
    expiry_time : datetime.time
        When time value ends and the settlement price is struck.
    last_trade_time : datetime.time
        When trading of the expiring contract stops; SPY trades on for 15 minutes.
    tick_below_3, tick_from_3 : int
        Minimum price step in cents below and from a premium of 3 dollars.
    """

    root: str
    underlying: str
    settlement: Settlement
    expiry_time: dt.time = dt.time(16, 0)
    last_trade_time: dt.time = dt.time(16, 0)
    tick_below_3: int = 1
    tick_from_3: int = 1
    multiplier: int = 100


_TO_16_15 = dt.time(16, 15)

PRODUCTS = {
    p.root: p
    for p in (
        Product("SPXW", "SPX", Settlement.CASH, tick_below_3=5, tick_from_3=10),
        Product("XSP", "XSP", Settlement.CASH),
        Product("SPY", "SPY", Settlement.PHYSICAL, last_trade_time=_TO_16_15),
        Product("QQQ", "QQQ", Settlement.PHYSICAL, last_trade_time=_TO_16_15),
        Product("IWM", "IWM", Settlement.PHYSICAL, last_trade_time=_TO_16_15),
    )
}


# Options on indexes of Cboe, Nasdaq and MIAX. They settle in cash, often at the opening, so they
# must not pass for stock options.
_OTHER_INDEX_ROOTS = frozenset(
    [
        "SPX",
        "XSPAM",
        "SPEQX",
        "SPESG",
        "OEX",
        "XEO",
        "DJX",
        "VIX",
        "VIXW",
        "RUT",
        "RUTW",
        "MRUT",
        "RUI",
        "RLG",
        "RLV",
        "MXEA",
        "MXEF",
        "MXACW",
        "MXUSA",
        "MXWLD",
        "CBTX",
        "MBTX",
        "NANOS",
        "UKXM",
        "NDX",
        "NDXP",
        "XND",
        "NQX",
        "VOLQ",
        "VOLS",
        "BKX",
        "HGX",
        "OSX",
        "SOX",
        "UTY",
        "XAU",
        "XDA",
        "XDB",
        "XDE",
        "SPIKE",
    ]
)


def product(root: str) -> Product:
    """Return the facts of an option root; an unlisted one is an equity option (5/10 cent ticks).

    Raises UnknownProductError for an index option that is not listed.
    """
    known = PRODUCTS.get(root)
    if known is not None:
        return known
    if root in _OTHER_INDEX_ROOTS:
        raise UnknownProductError(
            f"Expected an option root with known settlement, was {root}: an index option "
            f"without contract facts (known: {', '.join(PRODUCTS)} and stocks)"
        )
    return Product(root, root, Settlement.PHYSICAL, tick_below_3=5, tick_from_3=10)


def tick_cents(facts: Product, price_cents: int) -> int:
    """Return the minimum price step in cents at a premium of `price_cents`."""
    return facts.tick_below_3 if price_cents < 300 else facts.tick_from_3
