"""How many calls may go out and whose go first: Tiger's limits, kept on our side of the wire.

Tiger counts calls by method over a rolling minute, and orders also across methods; whoever keeps
running into a limit is put on a blacklist. Time comes in as an argument: nothing here waits.
"""

from collections import deque
from collections.abc import Callable, Mapping
from enum import IntEnum

import msgspec

__all__ = ["CallBudget", "Halt", "Priority"]

WINDOW_S = 60.0
_MARGIN = 1.02
"""Our windows are longer than Tiger's: calls that left apart may arrive closer together."""
_HIGH, _MIDDLE, _LOW = 120, 60, 10
PER_MINUTE = {
    **dict.fromkeys(
        ("place_order", "modify_order", "cancel_order", "preview_order", "order_no"), _HIGH
    ),
    **dict.fromkeys(("orders", "active_orders", "inactive_orders", "filled_orders"), _HIGH),
    **dict.fromkeys(("quote_real_time", "option_brief", "option_trade_tick"), _HIGH),
    **dict.fromkeys(("option_chain", "option_expiration", "option_kline", "kline"), _MIDDLE),
    **dict.fromkeys(("prime_assets", "positions", "order_transactions"), _MIDDLE),
}
"""Tiger's published limits by method; methods not listed are taken for the lowest class, 10."""

_ORDERS = frozenset({"place_order", "modify_order"})
_ORDERS_PER_SECOND = 5
_PAPER_ORDERS = frozenset({"place_order", "modify_order", "cancel_order"})
_PAPER_PER_MINUTE = 120

_BACKOFF_S = 2.0
_LONGEST_BACKOFF_S = 60.0
_RISK_BACKOFF_S = 1.0
_MEMORY_S = 120.0
_STRIKES_TO_HALT = 5
_HALT_S = 120.0


class Priority(IntEnum):
    """What a call is for; the lower goes first and may use what the others must leave.

    RISK: cancels and orders that reduce risk. EXIT: a better price for such an order. ENTRY: orders
    that open. WALK: a better price for those, the first to slow down. QUERY: everything that
    changes nothing.
    """

    RISK = 0
    EXIT = 1
    ENTRY = 2
    WALK = 3
    QUERY = 4


SHARES = {
    Priority.RISK: 1.0,
    Priority.EXIT: 0.8,
    Priority.ENTRY: 0.8,
    Priority.WALK: 0.6,
    Priority.QUERY: 0.9,
}
"""Part of each limit that a priority may fill; what is above it is the reserve of the others."""


class Halt(msgspec.Struct, frozen=True):
    """New orders stop (or, `is_over`, may go on) because Tiger has refused calls too often."""

    is_over: bool
    strikes: int
    until_s: float


class _Window:
    """Calls within a rolling span, at most `limit`."""

    __slots__ = ("limit", "span_s", "times")

    def __init__(self, limit: int, span_s: float) -> None:
        self.limit = limit
        self.span_s = span_s * _MARGIN
        self.times: deque[float] = deque()

    def wait_s(self, share: float, now_s: float) -> float:
        while self.times and self.times[0] <= now_s - self.span_s:
            self.times.popleft()
        allowed = max(1, int(self.limit * share))
        excess = len(self.times) - allowed
        return 0.0 if excess < 0 else self.times[excess] + self.span_s - now_s


class CallBudget:
    """Rolling limiter of one login; used from one thread.

    Parameters
    ----------
    calls_per_minute : mapping of str to int, optional
        Limits by REST method where they differ from `PER_MINUTE`.
    is_paper : bool, default False
        Paper accounts may place, modify and cancel 120 times a minute in all.
    on_halt : callable, optional
        Told when new orders stop because Tiger keeps refusing, and when they may go on.
    """

    def __init__(
        self,
        calls_per_minute: Mapping[str, int] | None = None,
        *,
        is_paper: bool = False,
        on_halt: Callable[[Halt], None] | None = None,
    ) -> None:
        self.on_halt = on_halt
        self._per_minute = PER_MINUTE | dict(calls_per_minute or {})
        self._methods: dict[str, _Window] = {}
        self._shared = [(_ORDERS, _Window(_ORDERS_PER_SECOND, 1.0))]
        if is_paper:
            self._shared.append((_PAPER_ORDERS, _Window(_PAPER_PER_MINUTE, WINDOW_S)))
        self._blocked: dict[str, float] = {}
        self._strikes: deque[tuple[float, str]] = deque()
        self._halted_until_s: float | None = None

    def take(self, method: str, priority: Priority, now_s: float) -> float:
        """Count a call and return 0, or return the seconds until it may be tried again.

        `now_s` must never go back; any monotonic clock will do.
        """
        self._end_halt(now_s)
        windows = [self._window(method)]
        windows += [window for methods, window in self._shared if method in methods]
        share = SHARES[priority]
        wait_s = max(window.wait_s(share, now_s) for window in windows)
        wait_s = max(wait_s, self._backoff_left_s(method, priority, now_s))
        if wait_s > 0:
            return wait_s
        for window in windows:
            window.times.append(now_s)
        return 0.0

    def limited(self, method: str, now_s: float, per_minute: int | None = None) -> float:
        """Tiger refused a call for its limit; return the seconds to stay away.

        The pause doubles with every refusal of the last two minutes, for cancels and all that
        reduces risk it stays at a second. `per_minute` is the limit Tiger's answer names.
        """
        if per_minute is not None and per_minute < self._limit(method):
            self.adopt({method: per_minute})
        while self._strikes and self._strikes[0][0] <= now_s - _MEMORY_S:
            self._strikes.popleft()
        self._strikes.append((now_s, method))
        strikes = sum(1 for _, struck in self._strikes if struck == method)
        pause_s = min(_BACKOFF_S * 2.0 ** (strikes - 1), _LONGEST_BACKOFF_S)
        for name in self._sharing(method):
            self._blocked[name] = now_s + pause_s
        if len(self._strikes) >= _STRIKES_TO_HALT:
            self._halt(now_s)
        return pause_s

    def adopt(self, calls_per_minute: Mapping[str, int]) -> None:
        """Take over the account's real limits by method; calls already made stay counted."""
        self._per_minute |= calls_per_minute
        for method in calls_per_minute.keys() & self._methods.keys():
            self._methods[method].limit = self._limit(method)

    def is_halted(self, now_s: float) -> bool:
        """Whether orders that open or walk are refused for fear of Tiger's blacklist."""
        self._end_halt(now_s)
        return self._halted_until_s is not None

    def _limit(self, method: str) -> int:
        return max(1, self._per_minute.get(method, _LOW))

    def _window(self, method: str) -> _Window:
        if method not in self._methods:
            self._methods[method] = _Window(self._limit(method), WINDOW_S)
        return self._methods[method]

    def _sharing(self, method: str) -> set[str]:
        return {method}.union(*(methods for methods, _ in self._shared if method in methods))

    def _backoff_left_s(self, method: str, priority: Priority, now_s: float) -> float:
        left_s = self._blocked.get(method, now_s) - now_s
        if priority in {Priority.RISK, Priority.EXIT} and self._strikes:
            left_s = min(left_s, self._strikes[-1][0] + _RISK_BACKOFF_S - now_s)
        if self._halted_until_s is not None and priority in {Priority.ENTRY, Priority.WALK}:
            left_s = max(left_s, self._halted_until_s - now_s)
        return left_s

    def _halt(self, now_s: float) -> None:
        is_new = self._halted_until_s is None
        self._halted_until_s = now_s + _HALT_S
        if is_new:
            self._tell(is_over=False)

    def _end_halt(self, now_s: float) -> None:
        if self._halted_until_s is not None and now_s >= self._halted_until_s:
            self._tell(is_over=True)
            self._halted_until_s = None

    def _tell(self, *, is_over: bool) -> None:
        if self.on_halt is not None and self._halted_until_s is not None:
            self.on_halt(Halt(is_over, len(self._strikes), self._halted_until_s))
