"""The loopback Tiger: all its ports, and how a client is pointed at it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from tiger_nt.simulator.accounts import DEFAULT_USERS, User
from tiger_nt.simulator.board import QuoteBoard
from tiger_nt.simulator.control import control_app
from tiger_nt.simulator.exchange import Delays, Exchange
from tiger_nt.simulator.faults import FaultKind, Faults
from tiger_nt.simulator.feed import Feed
from tiger_nt.simulator.fees import FeeFunction, fixed_plan
from tiger_nt.simulator.gateway import HTTP_OK, Gateway
from tiger_nt.simulator.keys import SigningKey, server_tls
from tiger_nt.simulator.limits import SharedCap
from tiger_nt.simulator.listing import Listing
from tiger_nt.simulator.logins import Logins
from tiger_nt.simulator.market import Market
from tiger_nt.simulator.push_server import PushServer
from tiger_nt.simulator.quote_methods import QuoteMethods
from tiger_nt.simulator.trade_methods import TradeMethods
from tiger_nt.simulator.user_methods import UserMethods

__all__ = ["Simulator", "SimulatorSettings"]

HOST = "127.0.0.1"


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the simulator behaves where the real one is not known or can vary.

    Parameters
    ----------
    delays : Delays
        Seconds that orders take.
    heartbeat_s : float, default 10
        Interval of the push connection's heartbeats.
    limit_status : int, default 200
        HTTP status for one call too many: 200 with code 4 or 429 with code 5.
    shared_caps : tuple of SharedCap
        Caps over several REST methods together, such as orders a second.
    """

    delays: Delays = Delays()
    heartbeat_s: float = 10.0
    limit_status: int = HTTP_OK
    shared_caps: tuple[SharedCap, ...] = ()


DEFAULT_SETTINGS = SimulatorSettings()


class Simulator:
    """A server of Tiger's protocol on free ports of 127.0.0.1, as an async context manager.

    It plays the market from the moment it is entered; orders and positions end at its close.

    Parameters
    ----------
    market : Market
        What is listed and when.
    users : sequence of User
        Who may log in; their keys are made here.
    fees : callable
        Total of an order's fees, see fees.py.
    """

    def __init__(
        self,
        market: Market,
        *,
        users: Sequence[User] = DEFAULT_USERS,
        settings: SimulatorSettings = DEFAULT_SETTINGS,
        fees: FeeFunction = fixed_plan,
    ) -> None:
        self.market = market
        self.users = tuple(users)
        self.faults = Faults()
        self.logins = Logins(self.users)
        self.key = SigningKey()
        listing = Listing(market)
        board = QuoteBoard(listing.symbols)
        self.push = PushServer(
            self.logins,
            listing,
            board,
            self.faults,
            clock=self.clock,
            heartbeat_s=settings.heartbeat_s,
        )
        self.exchange = Exchange(
            market,
            listing,
            board,
            self.users,
            self.push,
            faults=self.faults,
            schedule=lambda delay, call: asyncio.get_running_loop().call_later(delay, call),
            clock=self.clock,
            wall_clock=time.time_ns,
            fees=fees,
            delays=settings.delays,
        )
        methods = {
            **UserMethods(market.hours, time.time_ns).methods,
            **QuoteMethods(listing, board).methods,
            **TradeMethods(self.exchange, self.clock).methods,
        }
        self.gateway = Gateway(
            methods,
            self.logins,
            self.key,
            self.faults,
            clock=self.clock,
            limit_status=settings.limit_status,
            shared_caps=settings.shared_caps,
        )
        self.feed = Feed(market, self.exchange.on_rows, self.faults)
        gateway = web.Application()
        gateway.router.add_post("/gateway", self.gateway.handle)
        self._rest = _Port(gateway)
        self._control = _Port(control_app(self))
        self._close: asyncio.TimerHandle | None = None
        self._playing: asyncio.Task[None] | None = None

    def clock(self) -> int:
        """Return the server's time, nanoseconds UTC; it may have been set wrong."""
        skew = self.faults.active(FaultKind.CLOCK_SKEW)
        return time.time_ns() + (int(skew.value * 1e9) if skew is not None else 0)

    @property
    def rest_url(self) -> str:
        """Address of the REST gateway."""
        return f"http://{HOST}:{self._rest.number}/gateway"

    @property
    def control_url(self) -> str:
        """Address of the control port, see control.py."""
        return f"http://{HOST}:{self._control.number}"

    @property
    def push_port(self) -> int:
        """Port of the push without TLS."""
        return self.push.ports[0]

    @property
    def push_tls_port(self) -> int:
        """Port of the push with TLS; the certificate is self-signed."""
        return self.push.ports[1]

    @property
    def hits(self) -> Mapping[str, int]:
        """Calls by REST method, refused ones included."""
        return self.gateway.calls

    def reset(self) -> None:
        """Bring all accounts back to their start, without orders, and forget all faults."""
        self.exchange.reset()
        self.clear_faults()

    def clear_faults(self) -> None:
        """Forget all faults; what a stall has held back goes out."""
        self.faults.clear()
        self.push.release()

    def environment(self, user: User | None = None, *, tls: bool = False) -> dict[str, str]:
        """Return the variables that point a client at this server, as `user` (the first if None).

        They hold the user's private key.
        """
        user = user or self.users[0]
        hours = self.market.hours
        push = f"ssl,{HOST},{self.push_tls_port}" if tls else f"tcp,{HOST},{self.push_port}"
        return {
            "TIGEROPEN_TIGER_ID": user.tiger_id,
            "TIGEROPEN_ACCOUNT": user.account,
            "TIGEROPEN_LICENSE": user.license,
            "TIGEROPEN_PRIVATE_KEY": self.logins.key(user).private_text,
            "TIGEROPEN_SERVER_URL": self.rest_url,
            "TIGEROPEN_SOCKET_HOST_PORT": push,
            "TIGER_NT_PUBLIC_KEY": self.key.public_text,
            "TIGER_NT_SESSION": f"{hours.date},{hours.open_ns},{hours.close_ns}",
        }

    async def __aenter__(self) -> Self:
        """Open the ports, with the market's first quotes there for whoever comes."""
        for chunk in self.market.earlier():
            self.exchange.board.remember(chunk)
        await self._rest.open()
        await self._control.open()
        await self.push.listen(server_tls())
        self._playing = asyncio.create_task(self.feed.run())
        await self.feed.begun()
        until_close = self.market.hours.close_ns / 1e9 - time.time()
        self._close = asyncio.get_running_loop().call_later(
            max(0.0, until_close), self.exchange.close_session
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the ports."""
        for running in (self._close, self._playing):
            if running is not None:
                running.cancel()
        await self.push.close()
        await self._control.close()
        await self._rest.close()


class _Port:
    """An HTTP application on a free port."""

    def __init__(self, application: web.Application) -> None:
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        self.number = 0

    async def open(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.number = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()
