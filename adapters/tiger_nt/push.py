"""Tiger's push for one login: subscriptions out, views in, on the event loop's thread."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
from tigeropen.common.consts.push_types import ResponseType
from tigeropen.push.pb.util import ProtoMessageUtil

from tiger_nt.config import TigerConfig
from tiger_nt.errors import TigerDeniedError, TigerRequestError
from tiger_nt.parsing.push import FrameError, quota_view
from tiger_nt.push_delivery import Delivery
from tiger_nt.push_frames import FrameReader, Tally
from tiger_nt.push_link import Address, Link
from tiger_nt.push_listener import PushCounters, PushListener
from tiger_nt.push_login import log_in, log_out, plain
from tiger_nt.push_supervisor import Patience, Supervisor
from tiger_nt.push_topics import ANSWERS, Refusal, Topic, Topics
from tiger_nt.sdk import sdk_config
from tiger_nt.views import LinkEvent, LinkState, QuotaView

__all__ = ["TigerPush"]

_log = logging.getLogger(__name__)


class TigerPush:
    """The push of one login, over the SDK's own client; all methods on the event loop's thread.

    The SDK's receiving thread turns frames into views and leaves them in an inbox; the event loop
    is woken once and takes them in batches. A lost connection is made again with everything that
    was subscribed; news of the account (orders, transactions, positions, assets) always is.

    Parameters
    ----------
    config : TigerConfig
        Who and where; its `timeout_s` is the time limit of a login and of an answer.
    patience : Patience, optional
        Waits of the supervisor.
    """

    def __init__(self, config: TigerConfig, patience: Patience | None = None) -> None:
        self._config = config
        self._patience = patience or Patience()
        self._delivery = Delivery()
        self._topics = Topics(config.credentials.account)
        self._tally = Tally()
        self._supervisor = Supervisor(
            self._log_in, self._on_link, self._delivery.fault, self._patience
        )
        self._worker: ThreadPoolExecutor | None = None
        self._address: Address | None = None
        self._reader: FrameReader | None = None
        self._quota_waiters: set[asyncio.Future[QuotaView]] = set()
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect and wait until the server has confirmed the login.

        Raises
        ------
        TigerDeniedError
            The login is refused, and will be again.
        TigerRequestError
            No connection, or no answer within the time limit.
        """
        self._delivery.start()
        # One thread for whatever blocks in the SDK: connecting and sending, in that order.
        self._worker = ThreadPoolExecutor(1, "tiger-push")
        try:
            sdk = await self._in_worker(sdk_config, self._config)
            kind, host, port = sdk.socket_host_port
            self._address = Address(host, int(port), tls=kind == "ssl")
            await self._supervisor.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Log out; listeners hear nothing more, no thread stays. A second call does nothing."""
        self._delivery.stop()
        await self._supervisor.stop()
        worker, self._worker = self._worker, None
        if worker is None:
            return
        link, self._supervisor.link = self._supervisor.link, None
        if link is not None:
            await log_out(link, worker)
        worker.shutdown(wait=False)

    def add_listener(self, listener: PushListener) -> None:
        """Tell `listener` too from now on."""
        self._delivery.add(listener)

    def remove_listener(self, listener: PushListener) -> None:
        """Tell `listener` nothing more."""
        self._delivery.remove(listener)

    async def subscribe_quotes(self, symbols: Iterable[str]) -> None:
        """Ask for quotes of engine symbols; a refusal is told to `PushListener.on_refused`.

        While the connection is down the wish is kept. Raises SymbolError for an unfit symbol.
        """
        await self._subscribe(Topic.QUOTES, symbols)

    async def unsubscribe_quotes(self, symbols: Iterable[str]) -> None:
        """Ask for no more quotes of engine symbols; some may still be on their way."""
        await self._unsubscribe(Topic.QUOTES, symbols)

    async def subscribe_ticks(self, symbols: Iterable[str]) -> None:
        """Ask for trade prints, as `subscribe_quotes`."""
        await self._subscribe(Topic.TICKS, symbols)

    async def unsubscribe_ticks(self, symbols: Iterable[str]) -> None:
        """Ask for no more trade prints, as `unsubscribe_quotes`."""
        await self._unsubscribe(Topic.TICKS, symbols)

    async def quota(self) -> QuotaView:
        """Ask how many symbols may be subscribed; raise TigerRequestError without an answer."""
        waiter: asyncio.Future[QuotaView] = asyncio.get_running_loop().create_future()
        self._quota_waiters.add(waiter)
        try:
            async with asyncio.timeout(self._config.timeout_s):
                await self._send(ProtoMessageUtil.build_subscribe_query_message())
                return await waiter
        except TimeoutError:
            raise TigerRequestError(
                f"push: Expected the quota within {self._config.timeout_s:.1f} s, was no answer"
            ) from None
        finally:
            self._quota_waiters.discard(waiter)

    @property
    def is_up(self) -> bool:
        """Whether the login is confirmed and the connection not known to be lost."""
        return self._supervisor.link is not None

    @property
    def counters(self) -> PushCounters:
        """What passed so far."""
        inbox = self._delivery.inbox
        return PushCounters(
            frames=self._tally.frames,
            delivered=self._delivery.delivered,
            conflated=inbox.conflated,
            incomplete=self._tally.incomplete,
            malformed=self._tally.malformed,
            backlog=len(inbox),
            gaps=self._supervisor.gaps,
            reconnects=self._supervisor.reconnects,
        )

    async def _subscribe(self, topic: Topic, symbols: Iterable[str]) -> None:
        new = self._topics.want(topic, symbols)
        if topic is Topic.QUOTES and self._reader is not None:
            self._reader.forget(new)  # a side as it was when they were last subscribed is old
        if self.is_up:
            await self._send_all(list(self._topics.subscribe(topic, new)))

    async def _unsubscribe(self, topic: Topic, symbols: Iterable[str]) -> None:
        known = self._topics.drop(topic, symbols)
        if self.is_up:
            await self._send_all(list(self._topics.unsubscribe(topic, known)))

    async def _send_all(self, requests: list[Any]) -> None:
        try:
            for request in requests:
                await self._send(request)
        except TigerRequestError as e:
            # The next connection starts with everything that is wanted then.
            _log.info("push: subscriptions wait for the next connection: %s", e)

    def _send_soon(self, requests: list[Any]) -> None:
        task = asyncio.create_task(self._send_all(requests))
        self._sending.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._delivery.fault(error)

    async def _send(self, request: Any) -> None:
        link = self._supervisor.link
        if link is None:
            raise TigerRequestError("push: Expected a connection, was none at the moment")
        await self._in_worker(link.send, request)

    def _in_worker[*Ts, R](self, function: Callable[[*Ts], R], *args: *Ts) -> asyncio.Future[R]:
        if self._worker is None:
            raise TigerRequestError("push: Expected to be started, was not")
        return asyncio.get_running_loop().run_in_executor(self._worker, function, *args)

    async def _log_in(self) -> Link:
        assert self._address is not None
        assert self._worker is not None
        who, hand = self._config.credentials, self._delivery.from_thread
        reader = self._reader = FrameReader(
            who.account,
            self._delivery.inbox,
            self._tally,
            partial(hand, self._on_reply),
            partial(hand, self._delivery.fault),
        )
        link = Link(self._address, reader.read, silence_s=self._patience.silence_s)
        await log_in(link, who, self._worker, self._config.timeout_s)
        return link

    def _on_link(self, event: LinkEvent) -> None:
        self._delivery.flush()
        if event.state is LinkState.UP:
            self._send_soon(list(self._topics.everything()))
        else:
            event = msgspec.structs.replace(
                event, reason=plain(event.reason, self._config.credentials)
            )
            for waiter in self._quota_waiters:
                if not waiter.done():
                    waiter.set_exception(TigerRequestError("push: connection lost"))
        self._delivery.tell(lambda listener: listener.on_link(event))

    def _on_reply(self, frame: Any) -> None:
        if frame.code == ResponseType.GET_SUB_SYMBOLS_END.value:
            self._on_quota(frame.msg)
            return
        answer = self._topics.answered(frame)
        if answer.requests:
            self._send_soon(answer.requests)
        if answer.refusal is not None:
            self._on_refusal(answer.refusal)
        elif frame.code not in ANSWERS and not answer.requests:
            said = plain(frame.msg, self._config.credentials)
            _log.warning("push: Tiger says code=%s %s", frame.code, said)

    def _on_refusal(self, refusal: Refusal) -> None:
        topic, symbols = refusal.topic, refusal.symbols
        reason = f"code={refusal.code} {plain(refusal.reason, self._config.credentials)}"
        _log.warning("push: subscription refused, %s: %s", refusal.what, reason)
        if topic is None:
            text = f"{refusal.what}: {reason}"
            self._delivery.fault(TigerDeniedError("push subscription", refusal.code, text))
        else:
            self._delivery.tell(lambda listener: listener.on_refused(topic, symbols, reason))

    def _on_quota(self, message: str) -> None:
        for waiter in self._quota_waiters:
            if waiter.done():
                continue
            try:
                waiter.set_result(quota_view(message))
            except FrameError as e:
                waiter.set_exception(TigerRequestError(f"push: {e}"))
