"""Single quotes of a chain snapshot, and prices on the tick."""

import math

from nautilus_trader.model import OrderSide

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents

__all__ = ["fresh", "has_none", "least_price", "quote_of", "tick_above", "touch"]

_STALE = int(QuoteFlag.STALE)


def touch(chain: ChainSnapshot, row: int, side: OrderSide) -> float:
    """Return the price that an order of `side` meets, dollars; 0 where there is none."""
    return float((chain.bid if side == OrderSide.SELL else chain.ask)[row])


def fresh(chain: ChainSnapshot, row: int, side: OrderSide) -> float:
    """Return the touch; NaN where there is none or its quote is stale."""
    price = touch(chain, row, side)
    return price if price > 0 and not chain.quality[row] & _STALE else math.nan


def has_none(chain: ChainSnapshot, row: int, side: OrderSide) -> bool:
    """Return whether it is known that an order of `side` meets nobody; False on a stale quote."""
    return touch(chain, row, side) == 0 and not chain.quality[row] & _STALE


def quote_of(chain: ChainSnapshot, row: int) -> tuple[float | None, ...]:
    """Return what tells one quote from the next: price, size and time; None where unknown."""
    quoted_s = round(chain.ts_event * 1e-9 - float(chain.quote_age_s[row]), 3)
    told = float(chain.bid[row]), float(chain.bid_size[row]), quoted_s
    return tuple(None if math.isnan(each) else each for each in told)  # NaN is never the same


def tick_above(price: float, instrument_id: str) -> float:
    """Return the lowest tradable price not below `price`, dollars."""
    facts = product(option_symbol(instrument_id.rpartition(".")[0]).root)
    cents = max(math.ceil(round(100 * price, 6)), 1)
    tick = tick_cents(facts, cents)
    return -(-cents // tick) * tick / 100


def least_price(instrument_id: str) -> float:
    """Return the lowest tradable price, dollars: the cap of a sale at any price."""
    return tick_above(0.0, instrument_id)
