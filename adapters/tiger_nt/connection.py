"""One login at Tiger, shared by the clients of a node."""

import asyncio

from tiger_nt.config import TigerConfig
from tiger_nt.push import TigerPush
from tiger_nt.push_supervisor import Patience
from tiger_nt.rest import TigerRest

__all__ = ["TigerConnection"]


class TigerConnection:
    """REST and push of one login; Tiger allows one push connection a login, so clients share it.

    Parameters
    ----------
    config : TigerConfig
        Who and where.
    patience : Patience, optional
        Waits of the push's supervisor.

    Attributes
    ----------
    rest : TigerRest
        Requests.
    push : TigerPush
        News.
    """

    def __init__(self, config: TigerConfig, patience: Patience | None = None) -> None:
        self.config = config
        self.rest = TigerRest(config)
        self.push = TigerPush(config, patience)
        self._users = 0
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Log in, for the first caller; later ones share it, and each calls `close` once.

        Raises what `TigerRest.start` and `TigerPush.start` raise; then nothing is open, and the
        caller has nothing to close.
        """
        async with self._turn:
            if self._users == 0:
                await self.rest.start()
                try:
                    await self.push.start()
                except BaseException:
                    await self.rest.close()
                    raise
            self._users += 1

    async def close(self) -> None:
        """Log out, for the last caller."""
        async with self._turn:
            if self._users == 0:
                raise RuntimeError("Expected one close for each open, was one more")
            self._users -= 1
            if self._users == 0:
                await self.push.stop()
                await self.rest.close()
