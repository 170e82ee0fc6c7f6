"""Puts the events of two runs of one session side by side, by what they are and when."""

from collections.abc import Hashable, Sequence
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
        elif right is None or (left is not None and left.at_ns <= right.at_ns):
            assert left is not None
            row_a += 1
            if left.at_ns in seen_b:
                lonely.append((left, right, True))
            else:
                outside[0] += 1
        else:
            row_b += 1
            if right.at_ns in seen_a:
                lonely.append((left, right, False))
            else:
                outside[1] += 1
    return Aligned(pairs, lonely, (outside[0], outside[1]))


def _same(left: Event, right: Event, tolerance_ns: int) -> bool:
    return left.key == right.key and abs(left.at_ns - right.at_ns) <= tolerance_ns
