"""What the push tells its listeners, and in which numbers."""

import asyncio

import msgspec

from tiger_nt.push_topics import Topic
from tiger_nt.views import (
    AssetsView,
    LinkEvent,
    OrderView,
    PositionView,
    QuoteView,
    TickView,
    TransactionView,
)

__all__ = ["PushCounters", "PushListener"]


class PushListener:
    """Hears the push; every method runs on the event loop's thread, each kind in arrival order.

    Account news (orders, transactions, positions, assets) goes before quotes and ticks that came
    earlier. The lists are the listener's to keep. Override what is wanted.
    """

    def on_quotes(self, quotes: list[QuoteView]) -> None:
        """Hear quotes, oldest first; of a symbol the newest only when this side lags."""

    def on_ticks(self, ticks: list[TickView]) -> None:
        """Hear trade prints, oldest first, none left out."""

    def on_order(self, order: OrderView) -> None:
        """Hear of an order, none left out."""

    def on_transaction(self, transaction: TransactionView) -> None:
        """Hear of an execution; may come before or after the order's own news of it."""

    def on_position(self, position: PositionView) -> None:
        """Hear of a position after a change."""

    def on_assets(self, assets: AssetsView) -> None:
        """Hear the account's figures after a change."""

    def on_link(self, event: LinkEvent) -> None:
        """Hear of a change of the connection, after all data that came before it."""

    def on_refused(self, topic: Topic, symbols: list[str], reason: str) -> None:
        """Hear of symbols Tiger refuses (quota, permission); they are not asked for again."""

    def on_fault(self, error: Exception) -> None:
        """Hear of what must not pass unseen: a method above raised, or the push itself did.

        By default the event loop's exception handler is told. A client ends its node here.
        """
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"push: {type(self).__name__} failed", "exception": error}
        )


class PushCounters(msgspec.Struct, frozen=True, kw_only=True):
    """What passed so far.

    Parameters
    ----------
    frames : int
        Frames received, heartbeats and answers included.
    delivered : int
        Quotes, ticks and account news handed to the listeners.
    conflated : int
        Quotes replaced by a newer one of the same symbol because the listeners lagged.
    incomplete : int
        Quotes held back because a side of theirs was not known yet.
    malformed : int
        Frames that could not be read; each kind's first is logged.
    backlog : int
        Views waiting for the listeners now.
    gaps, reconnects : int
        Connections lost, and logins after a loss.
    """

    frames: int = 0
    delivered: int = 0
    conflated: int = 0
    incomplete: int = 0
    malformed: int = 0
    backlog: int = 0
    gaps: int = 0
    reconnects: int = 0
