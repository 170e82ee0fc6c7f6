"""The SDK's clients, pinned: where they send, and what they print.

Apart from the configuration, because they import pandas.
"""

import logging
import math
import time
from collections import deque
from typing import Any

from tigeropen.common.exceptions import ApiException
from tigeropen.common.response import TigerResponse
from tigeropen.quote.quote_client import QuoteClient
from tigeropen.tiger_open_client import TigerOpenClient
from tigeropen.trade.trade_client import TradeClient

from tiger_nt.errors import TigerConfigError
from tiger_nt.sdk import use_own_connections

__all__ = ["ServerClock", "data_of", "quote_client", "trade_client"]

_SAMPLES = 16
_SILENT = logging.Logger("tigeropen", logging.CRITICAL + 1)  # outside of logging's tree


class ServerClock:
    """Tiger's clock against ours, from the times in its answers; may be used from any thread.

    The answer that came back fastest of the last 16 tells best, as in NTP.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, float]] = deque(maxlen=_SAMPLES)

    def note(self, sent_s: float, received_s: float, server_ms: object) -> None:
        """Take the times of one call: ours in seconds, Tiger's in milliseconds, all UTC epoch."""
        if isinstance(server_ms, int) and server_ms > 0:
            middle_s = (sent_s + received_s) / 2
            sample = received_s - sent_s, server_ms / 1_000 - middle_s, time.monotonic()
            self._samples.append(sample)

    def offset_s(self, within_s: float = math.inf) -> float | None:
        """Return Tiger's time less ours by answers of the last `within_s`, None without any."""
        since_s = time.monotonic() - within_s
        samples = [sample for sample in list(self._samples) if sample[2] >= since_s]
        return min(samples)[1] if samples else None


class _Watched(TigerOpenClient):  # type: ignore[misc]
    """Sends to one address only, if told so, and notes the time of each answer.

    Stands between the SDK's two clients and their base, whose `execute` every call goes through.
    """

    clock: ServerClock

    def __init__(self, sdk: Any, logger: Any) -> None:
        self.pinned_url: str | None = None if sdk.enable_dynamic_domain else sdk.server_url
        self._sdk = sdk
        super().__init__(sdk, logger)

    def execute(self, request: Any, url: str | None = None) -> Any:
        target = url or self._sdk.server_url
        if self.pinned_url is not None and target != self.pinned_url:
            raise TigerConfigError(f"Expected requests to {self.pinned_url} only, was {target}")
        sent_s = time.time()
        answer = super().execute(request, target)
        self.clock.note(sent_s, time.time(), answer.get("timestamp"))
        return answer


class _Trade(TradeClient, _Watched):  # type: ignore[misc]
    def __init__(self, sdk: Any, clock: ServerClock) -> None:
        self.clock = clock
        super().__init__(sdk, _SILENT)


class _Quote(QuoteClient, _Watched):  # type: ignore[misc]
    def __init__(self, sdk: Any, clock: ServerClock) -> None:
        self.clock = clock
        super().__init__(sdk, _SILENT, is_grab_permission=False)  # type: ignore[call-arg]


def trade_client(sdk: Any, clock: ServerClock) -> Any:
    """Return a trade client; may ask Tiger for the licence, so call it off the event loop."""
    use_own_connections()
    return _Trade(sdk, clock)


def quote_client(sdk: Any, clock: ServerClock) -> Any:
    """Return a quote client that leaves the right to quotes with the user's other devices."""
    use_own_connections()
    return _Quote(sdk, clock)


def data_of(client: Any, request: Any) -> Any:
    """Make a request and return the data of its answer as Tiger wrote them.

    Raises ApiException for a refusal, as the SDK's own calls do.
    """
    response = TigerResponse()
    response.parse_response_content(client.execute(request))
    if not response.is_success():
        raise ApiException(response.code, response.message)
    return response.data
