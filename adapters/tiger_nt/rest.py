"""Tiger's REST side: every call off the event loop, budgeted, timed, its failures classified."""

import asyncio
import math
from typing import Any

from tigeropen.common.request import OpenApiRequest

from tiger_nt.budget import CallBudget
from tiger_nt.calls import Calls, CallTimes
from tiger_nt.config import TigerConfig
from tiger_nt.failures import hiding
from tiger_nt.order_lists import OrderLists
from tiger_nt.rest_quote import QuoteCalls
from tiger_nt.rest_trade import TradeCalls
from tiger_nt.sdk import drop_idle_connections, sdk_config
from tiger_nt.sdk_clients import ServerClock, data_of, quote_client, trade_client

__all__ = ["CallTimes", "TigerRest"]


class TigerRest(OrderLists, TradeCalls, QuoteCalls):
    """One login's REST calls; all of one event loop.

    What changes something (`place`, `modify`, `cancel`) is sent once, whatever happens; what only
    asks is asked again for up to 20 seconds. Orders and cancels have threads of their own.

    Parameters
    ----------
    config : TigerConfig
        Who and where.
    budget : CallBudget, optional
        Made from `config` if not given.

    Raises
    ------
    TigerDeniedError
        Tiger refuses, and will again; with code 0 the request was refused here, unsent.
    TigerLimitError
        No budget left, or Tiger says so; nothing was done.
    TigerUnknownOutcomeError
        Of place, modify and cancel: Tiger may have done it. Ask, never send again.
    TigerRequestError
        Of a question: no answer within the time limit. Of place, modify and cancel, unless it is
        its subclass TigerUnknownOutcomeError: nothing was sent.
    """

    def __init__(self, config: TigerConfig, budget: CallBudget | None = None) -> None:
        credentials = config.credentials
        self.budget = budget or CallBudget(config.calls_per_minute, is_paper=credentials.is_paper)
        self._config = config
        self._credentials = credentials
        self._clock = ServerClock()
        self._calls = Calls(self.budget, hiding(credentials), timeout_s=config.timeout_s)
        self._trade: Any = None
        self._quote: Any = None

    async def start(self) -> None:
        """Make the SDK's clients; no login takes place before the first call."""

        def make() -> tuple[Any, Any]:
            sdk = sdk_config(self._config)
            return trade_client(sdk, self._clock), quote_client(sdk, self._clock)

        self._trade, self._quote = await asyncio.to_thread(make)
        self._calls.open()

    def close_entries(self) -> None:
        """Send no more orders and changes that reduce no risk; those that wait fail unsent."""
        self._calls.close_entries()

    async def close(self) -> None:
        """Let the calls under way end, fail those not begun, end the threads; may start again."""
        await self._calls.close()
        drop_idle_connections()

    async def license(self) -> str:
        """Return the licence of this developer id (``TBSG``...), the cheapest proof of a login."""
        return await self._calls.ask("user_license", lambda: _license(self._trade))

    def clock_offset_s(self, within_s: float = math.inf) -> float | None:
        """Return Tiger's clock less ours, seconds, by answers of the last `within_s`; None without.

        Of the last 16 answers at most; the one that came back fastest tells.
        """
        return self._clock.offset_s(within_s)

    @property
    def failures(self) -> int:
        """Calls that failed on their way so far, see `Calls.failures`."""
        return self._calls.failures

    def timings(self) -> dict[str, CallTimes]:
        """Return count, errors and times of the calls by REST method."""
        return self._calls.times()


def _license(client: Any) -> str:
    # The SDK's own query_license() takes every failure for "no licence".
    return str(data_of(client, OpenApiRequest("user_license"))["license"])
