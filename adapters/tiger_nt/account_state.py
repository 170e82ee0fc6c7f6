"""The account's figures for the engine: asked for when they have changed, not too often."""

import asyncio
import time
from collections.abc import Callable

from nautilus_trader.common import Logger

from tiger_nt.errors import TigerError
from tiger_nt.rest import TigerRest
from tiger_nt.views import AssetsView

__all__ = ["AccountState"]

_ASK_EVERY_S = 5.0
_ASK_AFTER_FILL_S = 1.0
_TICK_S = 0.1


class AccountState:
    """Asks for the figures after a change, and passes them on.

    Pushed figures only say that something has changed: they may be in the account's own currency,
    leave out what is zero and what did not change alike, and count what may be spent otherwise than
    REST does. The engine must not see the two by turns. After a fill they are asked for at once, at
    most every second; news of prices, which never end, are worth a question every five.

    Parameters
    ----------
    rest : TigerRest
        Asked for the figures.
    tell : callable
        Passes figures to the engine.
    log : Logger
        Where a question without an answer is told.
    """

    def __init__(self, rest: TigerRest, tell: Callable[[AssetsView], None], log: Logger) -> None:
        self._rest = rest
        self._tell = tell
        self._log = log
        self._stale = False
        self._filled = False
        self._asked_s = -_ASK_EVERY_S

    def on_change(self) -> None:
        """Note that the figures have changed: by a price, a position, news of them."""
        self._stale = True

    def on_fill(self) -> None:
        """Note that a fill has changed the cash."""
        self._filled = True

    async def refresh(self) -> None:
        """Ask for the figures and pass them on; raises what `TigerRest.assets` raises."""
        self._stale = self._filled = False
        self._asked_s = time.monotonic()
        self._tell(await self._rest.assets())

    async def run(self) -> None:
        """Pass figures on until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            if self._is_due(time.monotonic() - self._asked_s):
                await self._try()

    async def finish(self) -> None:
        """Pass on what the last fills have left, if it has not been told yet."""
        if self._filled:
            await self._try()

    def _is_due(self, since_s: float) -> bool:
        return (self._filled and since_s >= _ASK_AFTER_FILL_S) or (
            self._stale and since_s >= _ASK_EVERY_S
        )

    async def _try(self) -> None:
        filled = self._filled
        try:
            await self.refresh()
        except TigerError as e:
            self._stale, self._filled = True, filled
            self._log.warning(f"the account's figures cannot be had, asking again: {e}")
