"""Puts the events of two runs of one session side by side, by what they are and when."""

from collections.abc import Hashable, Sequence
from itertools import takewhile
from typing import Protocol

import msgspec

__all__ = ["Aligned", "Event", "Span", "align"]


class Event(Protocol):
    """Something that a run did at `at_ns`; `key` says what, the same in both runs."""

    @property
    def at_ns(self) -> int: ...
    @property
    def key(self) -> Hashable: ...


class Span(msgspec.Struct, frozen=True):
    """The part of a session that a run has seen, from its first to its last snapshot, ns."""

    first_ns: int
    last_ns: int

    def __contains__(self, at_ns: int) -> bool:
        return self.first_ns <= at_ns <= self.last_ns


class Aligned[E: Event](msgspec.Struct, frozen=True):
    """Events of both runs, those of one alone, and those the other run could not have had.

    `lonely` holds an event of one run, and of the other what it did next instead, if anything;
    the third says whether the event is of the first run.
    """

    pairs: list[tuple[E, E]]
    lonely: list[tuple[E | None, E | None, bool]]
    outside: tuple[int, int]


def align[E: Event](
    a: Sequence[E], b: Sequence[E], seen_a: Span, seen_b: Span, tolerance_ns: int
) -> Aligned[E]:
    """Pair events of the same key that are at most `tolerance_ns` apart, in order of time.

    An event at a time that the other run has not seen is counted as outside and not held against
    either.
    """
    pairs: list[tuple[E, E]] = []
    lonely: list[tuple[E | None, E | None, bool]] = []
    outside = [0, 0]
    row_a = row_b = 0
    while row_a < len(a) or row_b < len(b):
        left = a[row_a] if row_a < len(a) else None
        right = b[row_b] if row_b < len(b) else None
        if left is not None and right is not None and _same(left, right, tolerance_ns):
            pairs.append((left, right))
            row_a, row_b = row_a + 1, row_b + 1
            continue
        is_of_a = right is None
        if left is not None and right is not None:
            # The one whose like is still to come waits for it.
            expected = _comes(left, b[row_b:], tolerance_ns), _comes(right, a[row_a:], tolerance_ns)
            earlier = left.at_ns <= right.at_ns
            is_of_a = earlier if expected[0] == expected[1] else expected[1]
        event = left if is_of_a else right
        assert event is not None
        if event.at_ns in (seen_b if is_of_a else seen_a):
            lonely.append((left, right, is_of_a))
        else:
            outside[0 if is_of_a else 1] += 1
        row_a, row_b = row_a + is_of_a, row_b + (not is_of_a)
    return Aligned(pairs, lonely, (outside[0], outside[1]))


def _comes(event: Event, others: Sequence[Event], tolerance_ns: int) -> bool:
    """Tell whether `others`, in order of time, have the like of an event."""
    soon = takewhile(lambda other: other.at_ns <= event.at_ns + tolerance_ns, others)
    return any(_same(event, other, tolerance_ns) for other in soon)


def _same(left: Event, right: Event, tolerance_ns: int) -> bool:
    return left.key == right.key and abs(left.at_ns - right.at_ns) <= tolerance_ns
