"""When to ask Tiger about what is uncertain: soon, then less and less often."""

from collections.abc import Hashable, Iterable

import msgspec

__all__ = ["Watch"]


class _Entry(msgspec.Struct):
    since_s: float
    next_s: float
    wait_s: float
    answers: int = 0


class Watch[Concern: Hashable]:
    """Schedules questions for as long as their reason lasts; time comes in as an argument.

    Parameters
    ----------
    first_s, longest_s : float, default 0.5 and 5
        Wait before the first question (most doubts clear up by the push) and between later ones.
    """

    def __init__(self, first_s: float = 0.5, longest_s: float = 5.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._entries: dict[Concern, _Entry] = {}

    def due(self, concerns: Iterable[Concern], now_s: float) -> list[Concern]:
        """Return what is to be asked now; a concern not named any more is forgotten."""
        entries: dict[Concern, _Entry] = {}
        for concern in concerns:
            entries[concern] = self._entries.get(concern) or _Entry(
                now_s, now_s + self._first_s, self._first_s
            )
        self._entries = entries
        due = [concern for concern, entry in entries.items() if entry.next_s <= now_s]
        for concern in due:
            entry = entries[concern]
            entry.wait_s = min(2 * entry.wait_s, self._longest_s)
            entry.next_s = now_s + entry.wait_s
        return due

    def answered(self, concern: Concern) -> int:
        """Count an answer that did not settle it; return how many there were."""
        entry = self._entries.get(concern)
        if entry is None:
            return 0
        entry.answers += 1
        return entry.answers

    def age_s(self, concern: Concern, now_s: float) -> float:
        """Return how long it has been uncertain."""
        entry = self._entries.get(concern)
        return 0.0 if entry is None else now_s - entry.since_s
