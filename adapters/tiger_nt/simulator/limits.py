"""How often a user may call each REST method: rolling windows, as Tiger documents them."""

from collections import defaultdict, deque
from collections.abc import Mapping

import msgspec

__all__ = ["CALLS_PER_MINUTE", "PAPER_ORDER_CAP", "CallLimits", "SharedCap", "calls_per_minute"]

HIGH, MIDDLE, LOW = 120, 60, 10
CALLS_PER_MINUTE: Mapping[str, int] = {
    "order_no": HIGH,
    "place_order": HIGH,
    "modify_order": HIGH,
    "cancel_order": HIGH,
    "orders": HIGH,
    "active_orders": HIGH,
    "inactive_orders": HIGH,
    "filled_orders": HIGH,
    "quote_real_time": HIGH,
    "option_brief": HIGH,
    "option_trade_tick": HIGH,
    "grab_quote_permission": LOW,
    "get_quote_permission": LOW,
    "market_state": LOW,
    "kline_quota": LOW,
    "user_license": LOW,
    "addon_entitlements": LOW,
}
"""Calls a minute of each method where they are not `MIDDLE`."""


def calls_per_minute(method: str) -> int:
    """Return how often `method` may be called within 60 seconds."""
    return CALLS_PER_MINUTE.get(method, MIDDLE)


class SharedCap(msgspec.Struct, frozen=True):
    """At most `calls` of all `methods` together within `seconds`."""

    methods: frozenset[str]
    calls: int
    seconds: float


PAPER_ORDER_CAP = SharedCap(frozenset({"place_order", "modify_order", "cancel_order"}), 120, 60.0)
"""What a paper account may send of orders in all."""


class CallLimits:
    """The windows of one user.

    Parameters
    ----------
    per_minute : mapping of str to int
        Calls a minute by method, where they differ from `CALLS_PER_MINUTE`.
    shared : sequence of SharedCap
        Caps over several methods.
    """

    def __init__(
        self, per_minute: Mapping[str, int] | None = None, shared: tuple[SharedCap, ...] = ()
    ) -> None:
        self._per_minute = dict(per_minute or {})
        self._shared = shared
        self._granted: defaultdict[str | SharedCap, deque[int]] = defaultdict(deque)

    def limit(self, method: str) -> int:
        """Return the calls a minute of `method`."""
        return self._per_minute.get(method, calls_per_minute(method))

    def refusal(self, method: str, now_ns: int) -> str | None:
        """Count a call, or return Tiger's words for why it is one too many; those do not count."""
        wanted: list[tuple[str | SharedCap, int, float]] = [(method, self.limit(method), 60.0)]
        wanted += [(cap, cap.calls, cap.seconds) for cap in self._shared if method in cap.methods]
        for window, calls, seconds in wanted:
            granted = self._granted[window]
            while granted and granted[0] <= now_ns - int(seconds * 1e9):
                granted.popleft()
            if len(granted) >= calls:
                per = "minute" if seconds == 60.0 else f"{seconds:g} seconds"
                return f"current limiting interface:{method}, up to {calls} times per {per}"
        for window, _, _ in wanted:
            self._granted[window].append(now_ns)
        return None
