"""The rungs of one trigger and what each remembers: begin, confirmation, hold, latch."""

import math
from collections import deque
from collections.abc import Iterable, Iterator

from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.rungs import Rung, RungState

__all__ = ["Steps"]

_MINUTE_NS = 60_000_000_000


class Steps:
    """The rungs of one trigger, strictest first, and the figure that all of them are judged by.

    Attributes
    ----------
    figure : float
        The newest; NaN is unknown.
    text : str
        What was said of it last.
    recent : deque of int
        When what is counted has happened in the last minute, UTC ns; empty for other triggers.
    lowest : float
        The least figure at which any rung begins.
    busy : bool
        Whether a rung stands or is about to, so that time alone may change it.
    """

    __slots__ = ("_steps", "busy", "figure", "lowest", "recent", "text", "trigger")

    def __init__(self, trigger: Trigger, rungs: tuple[Rung, ...]) -> None:
        self.trigger = trigger
        self._steps = tuple(_Step(rung) for rung in rungs)
        self.figure = math.nan
        self.text = ""
        self.recent: deque[int] = deque()
        self.lowest = min(rung.at for rung in rungs)
        self.busy = False

    def judge(self, now_ns: int) -> tuple[Rung, bool] | None:
        """Let rungs begin and end by the figure; return what is to be told, if anything.

        That is the strictest rung, and whether it begins, where another one is the strictest now:
        those below it ask for less than is asked for already.
        """
        before = self.leading
        for step in self._steps:
            step.see(self.figure, now_ns)
        self._notice()
        return self._told(before)

    def rearm(self) -> tuple[Rung, bool] | None:
        """End the latched rungs whose cause is over; return what is to be told, if anything.

        That is the latched rung that was the strictest, and whether it stands yet.
        """
        before = self.leading
        for step in self._steps:
            if step.rung.latched and self.figure < step.rung.until:
                step.since_ns = 0
        self._notice()
        if before is None or not before.latched:
            return None
        return self._told(before) or (before, True)

    def count(self, now_ns: int) -> None:
        """Count one more; the figure is how many there were within a minute."""
        self.recent.append(now_ns)
        self.forget(now_ns)

    def forget(self, now_ns: int) -> None:
        """Leave out what is a minute old."""
        while self.recent and now_ns - self.recent[0] >= _MINUTE_NS:
            self.recent.popleft()
        self.figure = float(len(self.recent))

    @property
    def leading(self) -> Rung | None:
        """The strictest rung that stands."""
        return next(self.standing(), None)

    def standing(self) -> Iterator[Rung]:
        """Yield the rungs that stand."""
        return (step.rung for step in self._steps if step.since_ns)

    def kept(self) -> Iterator[RungState]:
        """Yield what the rungs remember, where they do."""
        for step in self._steps:
            if step.since_ns or step.over_ns:
                yield RungState(step.rung.name, step.since_ns, step.over_ns, step.under_ns)

    def restore(self, states: Iterable[RungState], *, latches_only: bool) -> None:
        """Remember what `kept` gave; states of unknown rungs are passed over."""
        known = {state.name: state for state in states}
        for step in self._steps:
            state = known.get(step.rung.name)
            if state is None or (latches_only and not step.rung.latched):
                continue
            step.since_ns = state.since_ns
            if not latches_only:
                step.over_ns, step.under_ns = state.over_ns, state.under_ns
        self._notice()

    def _told(self, before: Rung | None) -> tuple[Rung, bool] | None:
        now = self.leading
        if now is before:
            return None
        rungs = [step.rung for step in self._steps]
        if now is not None and (before is None or rungs.index(now) < rungs.index(before)):
            return now, True
        return None if before is None else (before, False)

    def _notice(self) -> None:
        self.busy = any(step.since_ns or step.over_ns for step in self._steps)


class _Step:
    """One rung and what it remembers, as `RungState`."""

    __slots__ = ("over_ns", "rung", "since_ns", "under_ns")

    def __init__(self, rung: Rung) -> None:
        self.rung = rung
        self.since_ns = self.over_ns = self.under_ns = 0

    def see(self, figure: float, now_ns: int) -> None:
        """Take a figure."""
        rung = self.rung
        if self.since_ns:
            if rung.latched or not figure < rung.until:
                self.under_ns = 0
                return
            self.under_ns = self.under_ns or now_ns
            if now_ns - self.under_ns >= rung.hold_ns:
                self.since_ns = self.under_ns = 0
        elif not figure >= rung.at:
            self.over_ns = 0
        else:
            self.over_ns = self.over_ns or now_ns
            if now_ns - self.over_ns >= rung.confirm_ns:
                self.since_ns, self.over_ns = now_ns, 0
