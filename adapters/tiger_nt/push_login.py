"""Logging in over a connection, and out again."""

import asyncio
import contextlib
from concurrent.futures import Executor
from typing import Any

from tigeropen.push.pb.util import ProtoMessageUtil

from tiger_nt.config import Credentials
from tiger_nt.errors import TigerDeniedError, TigerRequestError
from tiger_nt.push_link import Link, Login
from tiger_nt.views import LinkState

__all__ = ["log_in", "log_out", "plain"]

FAREWELL_S = 1.0


async def log_in(link: Link, who: Credentials, worker: Executor, limit_s: float) -> None:
    """Connect and wait until the server has confirmed the login; otherwise the link is ended.

    Parameters
    ----------
    worker : Executor
        Runs what blocks.
    limit_s : float
        Time limit of it all, seconds.

    Raises
    ------
    TigerDeniedError
        The login is refused, and will be again.
    TigerRequestError
        No connection, no answer in time, or a server in trouble.
    """
    loop = asyncio.get_running_loop()
    login = Login(who.tiger_id, who.private_key)
    answers: list[asyncio.Future[Any]] = [link.confirmed, link.ended]
    try:
        async with asyncio.timeout(limit_s):
            await loop.run_in_executor(worker, link.dial, login)
            await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        link.abandon()
        raise TigerRequestError(
            f"push: Expected the login to be confirmed within {limit_s:.1f} s, was no answer"
        ) from None
    except BaseException:
        link.abandon()
        raise
    if link.confirmed.done():
        return
    link.abandon()
    ending = link.ended.result()
    reason = plain(ending.reason, who)
    if ending.state is LinkState.DOWN:
        raise TigerRequestError(
            f"push: Expected the login to be confirmed, was code={ending.code} {reason}"
        )
    raise TigerDeniedError("push login", ending.code, reason)


async def log_out(link: Link, worker: Executor) -> None:
    """Say farewell and end the connection; a server that does not listen is not waited for."""
    loop = asyncio.get_running_loop()
    farewell = ProtoMessageUtil.build_disconnect_message()
    with contextlib.suppress(TimeoutError, TigerRequestError):  # gone already, or as good as
        async with asyncio.timeout(FAREWELL_S):
            await loop.run_in_executor(worker, link.send, farewell)
    link.abandon()
    await asyncio.wait({link.ended}, timeout=FAREWELL_S)


def plain(text: str, who: Credentials) -> str:
    """Return Tiger's text without our numbers."""
    return text.replace(who.account, who.account_hint).replace(who.tiger_id, "…")
