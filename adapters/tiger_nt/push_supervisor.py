"""Keeps the push connection up: when it is lost, when to try again, and when not to."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

import msgspec

from tiger_nt.errors import TigerDeniedError, TigerRequestError
from tiger_nt.push_link import KICKED_OUT, Ending, Link
from tiger_nt.views import LinkEvent, LinkState

__all__ = ["Backoff", "Patience", "Supervisor"]

_log = logging.getLogger(__name__)
_CHECKS_PER_SILENCE = 10


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long the supervisor waits, seconds.

    Parameters
    ----------
    silence_s : float, default 15
        Without any frame until the connection counts as lost. Tiger's heartbeats come every 10 s.
    first_s, longest_s : float, default 0.5 and 30
        Before the first attempt to connect again, and at most. Each wait is up to twice the one
        before it.
    """

    silence_s: float = 15.0
    first_s: float = 0.5
    longest_s: float = 30.0


class Backoff:
    """Waits between attempts: doubled up to a cap, the upper half of each at random.

    The random half keeps clients that lost their server together from coming back together.
    """

    def __init__(self, patience: Patience, fraction: Callable[[], float] = random.random) -> None:
        self._patience = patience
        self._fraction = fraction
        self._attempts = 0

    def wait_s(self) -> float:
        """Return the seconds to wait before the next attempt."""
        doubled = self._patience.first_s * 2.0 ** min(self._attempts, 30)
        self._attempts += 1
        return min(doubled, self._patience.longest_s) * (0.5 + 0.5 * self._fraction())

    def reset(self) -> None:
        """Start over."""
        self._attempts = 0


class Supervisor:
    """Logs in, watches the connection, and logs in again until it is told to stop.

    Parameters
    ----------
    login : callable
        Makes a connection and waits until the login is confirmed; raises TigerDeniedError when it
        is refused, TigerRequestError when it failed on the way.
    on_event : callable
        Told of every change, on the loop's thread.
    on_fault : callable
        Told when this class itself failed; the connection is then no longer kept.
    """

    def __init__(
        self,
        login: Callable[[], Awaitable[Link]],
        on_event: Callable[[LinkEvent], None],
        on_fault: Callable[[Exception], None],
        patience: Patience,
    ) -> None:
        self._login = login
        self._on_event = on_event
        self._on_fault = on_fault
        self._patience = patience
        self._backoff = Backoff(patience)
        self._task: asyncio.Task[None] | None = None
        self.link: Link | None = None
        self.gaps = 0
        self.reconnects = 0

    async def start(self) -> None:
        """Log in once and keep the connection from then on; raises what `login` raises."""
        link = self.link = await self._login()
        self._tell(LinkState.UP)
        self._task = asyncio.create_task(self._keep(link), name="tiger push supervisor")
        self._task.add_done_callback(self._done)

    async def stop(self) -> None:
        """Stop keeping the connection; it is left to the caller."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _keep(self, link: Link) -> None:
        while True:
            up_since_s = time.monotonic()
            ending = await self._lost(link)
            self.link = None
            self.gaps += 1
            _log.warning("push: %s (%s)", ending.state, ending.reason)
            self._tell(ending.state, ending.reason)
            if ending.state is not LinkState.DOWN:
                return
            # A server that lets us in and throws us out at once is no reason to hurry.
            if time.monotonic() - up_since_s > self._patience.longest_s:
                self._backoff.reset()
            try:
                gap_from_ns = link.last_frame_ns
                link = self.link = await self._again()
            except TigerDeniedError as e:
                _log.error("push: login refused: %s", e)
                kicked = e.code == KICKED_OUT
                self._tell(LinkState.KICKED if kicked else LinkState.REFUSED, str(e))
                return
            self.reconnects += 1
            self._tell(LinkState.UP, gap_from_ns=gap_from_ns)

    async def _lost(self, link: Link) -> Ending:
        silence_s = self._patience.silence_s
        while True:
            await asyncio.wait({link.ended}, timeout=silence_s / _CHECKS_PER_SILENCE)
            if link.ended.done():
                link.abandon()  # who is kicked out may still be connected
                return link.ended.result()
            if link.silence_s() > silence_s:
                link.abandon()
                return Ending(LinkState.DOWN, f"no frame for {silence_s:.1f} s")

    async def _again(self) -> Link:
        while True:
            await asyncio.sleep(self._backoff.wait_s())
            try:
                return await self._login()
            except TigerRequestError as e:
                _log.warning("push: %s", e)

    def _tell(self, state: LinkState, reason: str = "", gap_from_ns: int = 0) -> None:
        self._on_event(LinkEvent(state, time.time_ns(), reason, gap_from_ns))

    def _done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self._on_fault(error)
