"""The account's figures for the engine: told by push, asked for after trades, not too often."""

import asyncio
import time
from collections.abc import Callable

from nautilus_trader.common import Logger

from tiger_nt.errors import TigerError
from tiger_nt.rest import TigerRest
from tiger_nt.views import AssetsView

__all__ = ["AccountState"]

_PUSH_EVERY_S = 1.0
_ASK_EVERY_S = 5.0
_TICK_S = 0.1


class AccountState:
    """Passes on pushed figures at most once a second, and asks for them after a change.

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
        self._pushed: AssetsView | None = None
        self._stale = False
        self._told_s = self._asked_s = -_ASK_EVERY_S

    def on_assets(self, assets: AssetsView) -> None:
        """Take pushed figures."""
        self._pushed = assets

    def on_change(self) -> None:
        """Note that the figures have changed: a fill, a position."""
        self._stale = True

    async def refresh(self) -> None:
        """Ask for the figures and pass them on; raises what `TigerRest.assets` raises."""
        self._stale = False
        self._asked_s = time.monotonic()
        self._tell(await self._rest.assets())

    async def run(self) -> None:
        """Pass figures on until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic()
            if self._pushed is not None and now_s >= self._told_s + _PUSH_EVERY_S:
                assets, self._pushed = self._pushed, None
                self._told_s = now_s
                self._tell(assets)
            if self._stale and now_s >= self._asked_s + _ASK_EVERY_S:
                try:
                    await self.refresh()
                except TigerError as e:
                    self._stale = True
                    self._log.warning(f"the account's figures cannot be had, asking again: {e}")
