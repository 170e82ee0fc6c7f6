"""The quote that an execution met: what a fill cost, and whether it could have happened."""

import msgspec

__all__ = ["FILL_QUOTE_TOPIC", "FillQuote"]

FILL_QUOTE_TOPIC = "fill-quote"
"""Bus topic on which the quote of every fill is published."""


class FillQuote(msgspec.Struct, frozen=True):
    """Best bid and ask (dollars) when an order was filled, and their age in seconds."""

    client_order_id: str
    trade_id: str
    bid: float
    ask: float
    age_s: float
