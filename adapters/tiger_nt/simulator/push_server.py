"""The push side: who is connected, and who is told what."""

import asyncio
import ssl
from collections import Counter, defaultdict
from collections.abc import Callable

from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.account_frames import (
    asset_frame,
    order_frame,
    position_frame,
    transaction_frame,
)
from tiger_nt.simulator.accounts import Account, AssetFigures, Position, User
from tiger_nt.simulator.board import Print, Quote, QuoteBoard
from tiger_nt.simulator.faults import Fault, FaultKind, Faults
from tiger_nt.simulator.listing import Listing, push_names
from tiger_nt.simulator.logins import Logins
from tiger_nt.simulator.market import MarketRow
from tiger_nt.simulator.orders import Order, Transaction
from tiger_nt.simulator.push_session import PushSession
from tiger_nt.simulator.quote_frames import QuoteFrames

__all__ = ["PushServer"]

HELD_BACK_S = 0.5
"""A push held back goes out after this at the latest."""


class PushServer:
    """All push connections; one of each user at a time, a new one ends the old.

    Quotes go out as they come, in one write a batch and connection. Whoever subscribes to a quote
    gets its present state at once.

    Parameters
    ----------
    heartbeat_s : float
        Interval of heartbeats that both sides keep, seconds.
    """

    def __init__(
        self,
        logins: Logins,
        listing: Listing,
        board: QuoteBoard,
        faults: Faults,
        *,
        clock: Callable[[], int],
        heartbeat_s: float,
    ) -> None:
        self.listing = listing
        self.heartbeat_s = heartbeat_s
        self.sessions: list[PushSession] = []
        self.logins_refused = 0
        self.kicked = 0
        self._logins = logins
        self._board = board
        self._faults = faults
        self._clock = clock
        self._frames = QuoteFrames()
        self._quote_listeners: defaultdict[str, set[PushSession]] = defaultdict(set)
        self._tick_listeners: defaultdict[str, set[PushSession]] = defaultdict(set)
        self._prints: defaultdict[str, list[Print]] = defaultdict(list)
        self._print_numbers: Counter[str] = Counter()
        self._batched: set[PushSession] = set()
        self._held_back: dict[int, tuple[str, bytes]] = {}
        faults.listen(self._on_fault)

    async def listen(self, tls: ssl.SSLContext) -> None:
        """Open both ports, plain and TLS, on free ports of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        self._servers = [
            await loop.create_server(lambda: PushSession(self), "127.0.0.1", 0, ssl=context)
            for context in (None, tls)
        ]

    @property
    def ports(self) -> tuple[int, int]:
        """The plain port and the TLS port."""
        plain, tls = (server.sockets[0].getsockname()[1] for server in self._servers)
        return plain, tls

    async def close(self) -> None:
        """End all connections and close the ports."""
        for session in list(self.sessions):
            session.abort()
        for server in self._servers:
            server.close()
            await server.wait_closed()

    # -- connections -----------------------------------------------------------------------------

    @property
    def is_stalled(self) -> bool:
        """Whether nothing may be sent."""
        return self._faults.active(FaultKind.STALL) is not None

    def opened(self, session: PushSession) -> bool:
        """Take a connection, unless connections are dropped."""
        self.sessions.append(session)
        return self._faults.active(FaultKind.DROP) is None

    def closed(self, session: PushSession) -> None:
        """Forget a connection and its subscriptions."""
        self.sessions.remove(session)
        for listeners in (self._quote_listeners, self._tick_listeners):
            for symbol in [symbol for symbol, those in listeners.items() if session in those]:
                self._remove(listeners, symbol, session)

    def login(self, session: PushSession, tiger_id: str, signature: str) -> User | None:
        """Return the user if the signature is right, and end an older connection of the user."""
        user = self._logins.users.get(tiger_id)
        is_refused = user is None or not self._logins.verifies(user, tiger_id, signature)
        if is_refused or self._faults.take(FaultKind.REFUSE_LOGIN):
            self.logins_refused += 1
            return None
        for other in list(self.sessions):
            if other is not session and other.user == user:
                self.kicked += 1
                other.kick()
        return user

    def subscribed(self, session: PushSession, data_type: int, symbols: list[str]) -> None:
        """Send the present state of quotes, and what changes from now on."""
        listeners = self._listeners(data_type)
        for symbol in symbols:
            listeners[symbol].add(session)
            quote = self._board[symbol]
            if listeners is self._quote_listeners and quote.quoted_ms:
                name, identifier = push_names(symbol)
                session.send(self._frames.all(name, quote, identifier, self._now_ms()))

    def unsubscribed(self, session: PushSession, data_type: int, symbols: list[str]) -> None:
        """Send no more of these."""
        for symbol in symbols:
            self._remove(self._listeners(data_type), symbol, session)

    def _listeners(self, data_type: int) -> dict[str, set[PushSession]]:
        return (
            self._tick_listeners if data_type == SocketCommon.TradeTick else self._quote_listeners
        )

    @staticmethod
    def _remove(listeners: dict[str, set[PushSession]], symbol: str, session: PushSession) -> None:
        those = listeners.get(symbol, set())
        those.discard(session)
        if not those:
            listeners.pop(symbol, None)

    def _on_fault(self, fault: Fault) -> None:
        if fault.kind is FaultKind.DROP:
            self._faults.take(fault.kind)
            for session in list(self.sessions):
                session.abort()
        elif fault.kind is FaultKind.KICKOUT:
            self._faults.take(fault.kind)
            for session in list(self.sessions):
                session.kick()
        elif fault.kind is FaultKind.STALL:
            self._faults.take(fault.kind)
            asyncio.get_running_loop().call_later(fault.seconds + 0.01, self.release)

    def release(self) -> None:
        """Send what a stall has held back, unless it goes on."""
        for session in list(self.sessions):
            session.release()

    # -- quotes ----------------------------------------------------------------------------------

    def quote(self, quote: Quote, row: MarketRow) -> None:
        """Add a row to the batch: BBO for a quote, BASIC for a print, ALL for both."""
        symbol = quote.symbol
        if row.has_last and row.last_size > 0 and symbol in self._tick_listeners:
            self._prints[symbol].append(quote.prints[-1])
        those = self._quote_listeners.get(symbol)
        if not those:
            return
        name, identifier = push_names(symbol)
        if not row.has_last:
            data = self._frames.bbo(name, quote, self._now_ms())
        elif row.has_quote:
            data = self._frames.all(name, quote, identifier, self._now_ms())
        else:
            data = self._frames.basic(name, quote, identifier, self._now_ms())
        self._add(those, data)

    def flush(self) -> None:
        """Send the batch."""
        for symbol, prints in self._prints.items():
            number = self._print_numbers[symbol]
            self._print_numbers[symbol] += len(prints)
            data = self._frames.ticks(push_names(symbol)[0], prints, number, self._now_ms())
            self._add(self._tick_listeners.get(symbol, set()), data)
        self._prints.clear()
        for session in self._batched:
            session.flush_quotes()
        self._batched.clear()

    def _add(self, sessions: set[PushSession], data: bytes) -> None:
        for session in sessions:
            session.add_quote(data)
        self._batched |= sessions

    # -- accounts --------------------------------------------------------------------------------

    def order(self, order: Order) -> None:
        """Tell the account's user of an order's change."""
        self._tell(order.account, SocketCommon.OrderStatus, order_frame(order, self._now_ms()))

    def transaction(self, transaction: Transaction) -> None:
        """Tell the account's user of an execution."""
        data = transaction_frame(transaction, self._now_ms())
        self._tell(transaction.account, SocketCommon.OrderTransaction, data)

    def position(self, account: Account, position: Position, price: float) -> None:
        """Tell the account's user of a position, at the market's `price` a share."""
        data = position_frame(account, position, price, self._now_ms())
        self._tell(account.user.account, SocketCommon.Position, data)

    def assets(self, account: Account, figures: AssetFigures) -> None:
        """Tell the account's user of its money."""
        data = asset_frame(account, figures, self._now_ms())
        self._tell(account.user.account, SocketCommon.Asset, data)

    def _tell(self, account: str, topic: int, data: bytes) -> None:
        name = SocketCommon.DataType.Name(topic)
        if topic not in self._held_back and self._faults.take(FaultKind.REORDER_PUSH, name):
            self._held_back[topic] = (account, data)
            asyncio.get_running_loop().call_later(HELD_BACK_S, self._let_go, topic)
            return
        self._send(account, topic, data)
        if self._faults.take(FaultKind.DUPLICATE_PUSH, name):
            self._send(account, topic, data)
        self._let_go(topic)

    def _let_go(self, topic: int) -> None:
        held = self._held_back.pop(topic, None)
        if held is not None:
            self._send(held[0], topic, held[1])

    def _send(self, account: str, topic: int, data: bytes) -> None:
        for session in self.sessions:
            user = session.user
            if user is not None and user.account == account and topic in session.topics:
                session.send(data)

    def _now_ms(self) -> int:
        return self._clock() // 1_000_000
