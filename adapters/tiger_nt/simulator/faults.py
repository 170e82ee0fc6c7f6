"""Faults on demand: what is to go wrong, how often or how long, and what went wrong already."""

import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import msgspec

__all__ = ["Fault", "FaultKind", "Faults"]


class FaultKind(StrEnum):
    """What can go wrong; says what `Fault.value`, `Fault.seconds` and `Fault.message` mean."""

    DROP = "drop"
    """Close all push connections; accept no new ones for `seconds`."""
    STALL = "stall"
    """Send nothing on any push connection for `seconds`, heartbeats neither."""
    KICKOUT = "kickout"
    """End all push connections with 4001, as a login elsewhere does."""
    REFUSE_LOGIN = "refuse_login"
    """Refuse the login of a push connection."""
    RATE_LIMIT = "rate_limit"
    """Answer a REST call with Tiger's rate limit error; `value` 429 as HTTP 429, else as code 4."""
    REJECT = "reject"
    """Refuse a placed order in the answer; `message` is the reason."""
    LATE_REJECT = "late_reject"
    """Accept an order, then reject it `value` seconds later; `message` is the reason."""
    LOST_RESPONSE = "lost_response"
    """Execute a REST call, then close the connection without an answer."""
    DELAY_RESPONSE = "delay_response"
    """Execute a REST call at once and answer `value` seconds later."""
    WRONG_SIGNATURE = "wrong_signature"
    """Execute a REST call and answer with a signature that does not fit."""
    DUPLICATE_PUSH = "duplicate_push"
    """Send a push about an account twice."""
    REORDER_PUSH = "reorder_push"
    """Hold a push about an account back until the next one has gone out."""
    UNKNOWN_STATUS = "unknown_status"
    """Write an order's status as `message`, a word that the SDK does not know."""
    FROZEN_QUOTES = "frozen_quotes"
    """Keep all quotes as they are for `seconds`, while time and orders go on."""
    CLOCK_SKEW = "clock_skew"
    """Set the server's clock `value` seconds ahead (behind if negative) for `seconds`."""
    PARTIAL_FILL = "partial_fill"
    """Fill at most `value` contracts of an order that could be filled, and leave the rest."""
    UNMATCHED_PACKAGES = "unmatched_packages"
    """Fill no package with a limit below `value`, whatever its legs' quotes are."""
    CANCEL_FAILS = "cancel_fails"
    """Take a cancel and let it fail afterwards, which only the push tells."""
    MODIFY_REFUSED = "modify_refused"
    """Take a modify and let it fail afterwards, which only the push tells."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to go wrong.

    Parameters
    ----------
    kind : FaultKind
        What.
    method : str, optional
        REST method (``place_order``) or push topic (``OrderStatus``) it befalls, any if None.
    count : int, default 1
        How many times, where `seconds` is 0.
    seconds : float, default 0
        How long from now, and then every time; 0 for `count` times.
    value : float, default 0
        See `FaultKind`.
    message : str, default ""
        See `FaultKind`.
    """

    kind: FaultKind
    method: str | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    value: float = 0.0
    message: str = ""


class _Pending:
    def __init__(self, fault: Fault, now_ns: int) -> None:
        self.fault = fault
        self.left = fault.count
        self.until_ns = now_ns + int(fault.seconds * 1e9) if fault.seconds > 0 else None

    def is_over(self, now_ns: int) -> bool:
        return self.left == 0 if self.until_ns is None else now_ns >= self.until_ns


class Faults:
    """Faults that wait to happen; the server asks for them where they would.

    Parameters
    ----------
    clock : callable, optional
        Nanoseconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.hits: Counter[FaultKind] = Counter()
        """How often each kind was taken."""
        self._clock = clock
        self._pending: list[_Pending] = []
        self._listeners: list[Callable[[Fault], None]] = []

    def listen(self, listener: Callable[[Fault], None]) -> None:
        """Call `listener` with each fault as it is added, for those that act at once."""
        self._listeners.append(listener)

    def add(self, fault: Fault) -> None:
        """Let `fault` happen from now on."""
        self._pending.append(_Pending(fault, self._clock()))
        for listener in self._listeners:
            listener(fault)

    def take(self, kind: FaultKind, method: str | None = None) -> Fault | None:
        """Return the oldest fault of `kind` that befalls `method`, and use up one of its count.

        A fault that lasts some seconds is returned again until they are over.
        """
        found = self._find(kind, method)
        if found is None:
            return None
        if found.until_ns is None:
            found.left -= 1
        self.hits[kind] += 1
        return found.fault

    def active(self, kind: FaultKind, method: str | None = None) -> Fault | None:
        """Return the oldest fault of `kind` that lasts some seconds and is not over."""
        found = self._find(kind, method, lasting=True)
        return None if found is None else found.fault

    def pending(self) -> list[Fault]:
        """Return all faults that are not over, oldest first."""
        self._forget()
        return [waiting.fault for waiting in self._pending]

    def clear(self) -> None:
        """Forget all faults."""
        self._pending.clear()

    def _find(
        self, kind: FaultKind, method: str | None, *, lasting: bool = False
    ) -> _Pending | None:
        self._forget()
        for waiting in self._pending:
            fault = waiting.fault
            if lasting and waiting.until_ns is None:
                continue
            if fault.kind is kind and fault.method in (None, method):
                return waiting
        return None

    def _forget(self) -> None:
        now_ns = self._clock()
        self._pending = [waiting for waiting in self._pending if not waiting.is_over(now_ns)]
