"""What one push connection has subscribed, within the user's permissions and limits."""

from typing import Any

from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.accounts import OPTION_QUOTES, STOCK_QUOTES, User
from tiger_nt.simulator.listing import Listing, push_names
from tiger_nt.symbols import SymbolError, engine_symbol

__all__ = ["SubscriptionError", "Subscriptions"]

ACCOUNT_TOPICS = frozenset(
    {
        SocketCommon.OrderStatus,
        SocketCommon.OrderTransaction,
        SocketCommon.Position,
        SocketCommon.Asset,
    }
)
QUOTE_TOPICS = frozenset({SocketCommon.Quote, SocketCommon.Option})


class SubscriptionError(Exception):
    """A subscription that is refused, in Tiger's words."""


class Subscriptions:
    """Symbols in the engine's form, quotes and prints apart, and topics of the account."""

    def __init__(self, listing: Listing) -> None:
        self.quotes: set[str] = set()
        self.ticks: set[str] = set()
        self.topics: set[int] = set()
        self._listing = listing

    def add(self, user: User, data_type: int, names: str, account: str) -> list[str]:
        """Subscribe names divided by commas; return their symbols, none for a topic.

        Raises
        ------
        SubscriptionError
            For any name that is not allowed, or too many; then none is subscribed.
        """
        if data_type in ACCOUNT_TOPICS:
            if account not in {"", user.account}:
                raise SubscriptionError("access forbidden(no permission for this account)")
            self.topics.add(data_type)
            return []
        if data_type not in QUOTE_TOPICS and data_type != SocketCommon.TradeTick:
            raise SubscriptionError("the simulator has no such subscription")
        taken = self._taken(data_type)
        limit = user.tick_limit if taken is self.ticks else user.quote_limit
        symbols = _symbols(names)
        for symbol in symbols:
            self._check(user, symbol)
        if len(taken.union(symbols)) > limit:
            raise SubscriptionError(
                f"According to your user level, you can only subscribe to {limit} symbols"
            )
        taken.update(symbols)
        return symbols

    def remove(self, data_type: int, names: str) -> list[str]:
        """End subscriptions, all of the type without names; return their symbols."""
        if data_type in ACCOUNT_TOPICS:
            self.topics.discard(data_type)
            return []
        taken = self._taken(data_type)
        try:
            symbols = _symbols(names) or sorted(taken)
        except SubscriptionError:
            return []
        taken.difference_update(symbols)
        return symbols

    def listed(self, user: User) -> dict[str, Any]:
        """Return what Tiger answers when asked for the subscriptions."""
        return {
            "limit": user.quote_limit,
            "used": len(self.quotes),
            "subscribedSymbols": [push_names(symbol)[0] for symbol in sorted(self.quotes)],
            "askBidLimit": 0,
            "askBidUsed": 0,
            "subscribedAskBidSymbols": [],
            "tradeTickLimit": user.tick_limit,
            "tradeTickUsed": len(self.ticks),
            "subscribedTradeTickSymbols": [push_names(symbol)[0] for symbol in sorted(self.ticks)],
        }

    def _taken(self, data_type: int) -> set[str]:
        return self.ticks if data_type == SocketCommon.TradeTick else self.quotes

    def _check(self, user: User, symbol: str) -> None:
        if symbol in self._listing.options:
            needed = OPTION_QUOTES
        elif self._listing.is_stock(symbol):
            needed = STOCK_QUOTES
        else:
            raise SubscriptionError(f"invalid symbols({symbol})")
        if needed not in user.permissions:
            raise SubscriptionError(
                "You don't have permission to subscribe quotes, "
                "please purchase api quotes permission first"
            )


def _symbols(names: str) -> list[str]:
    try:
        return [engine_symbol(name.strip()) for name in names.split(",") if name.strip()]
    except SymbolError as error:
        raise SubscriptionError(f"invalid symbols({error})") from None
