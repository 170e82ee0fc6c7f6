"""How many calls the order desk may still make this minute, and whose they are."""

from collections import deque
from typing import Annotated

import msgspec

from autotrade_0dte.execution.parent import Purpose

__all__ = ["CallBudget", "CallBudgetParams"]

_WINDOW_NS = 60_000_000_000


class CallBudgetParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls of the desk in a rolling minute; a submit, a reprice and a cancel are one each.

    Parameters
    ----------
    calls_per_minute : int, default 100
        In all. Tiger accepts 120 orders, changes and cancels together from a paper account, and of
        each from a live one; below that, so that the adapter never has to hold back a call that
        the desk believes sent.
    reserve_calls : int, default 40
        Of them kept for orders that reduce risk. Two positions of two legs, each stopped with a
        submit and a dozen steps after the touch, take that; entries have 60, which is within what
        the adapter leaves for better prices of entries (72).
    """

    calls_per_minute: Annotated[int, msgspec.Meta(ge=4, le=120)] = 100
    reserve_calls: Annotated[int, msgspec.Meta(ge=0, le=119)] = 40

    def __post_init__(self) -> None:
        if self.reserve_calls >= self.calls_per_minute:
            raise ValueError(
                f"Expected reserve_calls below calls_per_minute of {self.calls_per_minute}, "
                f"was {self.reserve_calls}"
            )


class CallBudget:
    """Counts the desk's calls in a rolling minute of event time."""

    __slots__ = ("_calls", "_params")

    def __init__(self, params: CallBudgetParams) -> None:
        self._params = params
        self._calls: deque[int] = deque()

    def left(self, now_ns: int, purpose: Purpose) -> int:
        """Return how many calls an order of `purpose` may still make now, 0 or more.

        Parameters
        ----------
        now_ns : int
            Event time, UTC ns; not before that of an earlier call.
        purpose : Purpose
            What the order is for; an entry is not given the reserve.
        """
        calls = self._calls
        while calls and calls[0] <= now_ns - _WINDOW_NS:
            calls.popleft()
        reserve = self._params.reserve_calls if purpose is Purpose.ENTRY else 0
        return max(self._params.calls_per_minute - reserve - len(calls), 0)

    def spend(self, now_ns: int) -> None:
        """Count a call sent at `now_ns`; a cancel is sent, and counted, whatever is left."""
        self._calls.append(now_ns)
