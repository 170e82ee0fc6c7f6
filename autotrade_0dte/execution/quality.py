"""Whether orders are being executed as well as they should be: a watch over those that ended.

It counts each ended parent order once, judges rolling figures against limits, and tightens the desk
while one of them is beyond its limit. Entries alone are tightened; an exit is never hindered.
"""

import math
from collections import deque
from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.execution.parent import Outcome, Purpose

__all__ = [
    "QUALITY_TOPIC", "Breach", "EndedParent", "QualityCode", "QualityFigures", "QualityParams",
    "QualityWatch", "Recovery",
]  # fmt: skip

QUALITY_TOPIC = "execution-quality"
"""Bus topic on which every Breach and Recovery is published."""

_NS = 1_000_000_000

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=23_400)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Spreads = Annotated[float, msgspec.Meta(ge=-10, le=10)]


class QualityCode(StrEnum):
    """Which figure is beyond its limit."""

    SUCCESS_RATE = "SUCCESS_RATE"
    SLIPPAGE = "SLIPPAGE"
    REJECTS = "REJECTS"


class QualityParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the execution's quality, and when a breach is over.

    A breach is over when `cool_down_s` has passed and its figure is no worse than its `recovered_`
    limit, which is stricter than the limit itself, or is no longer known: an order that is too old
    proves nothing, and a desk that waited for new orders to prove it well would wait for ever.

    Parameters
    ----------
    window_parents : int, default 40
        Parents looked back on; about two days of both tracks.
    window_s : float, default 7200
        Age beyond which a parent no longer counts, seconds: the market of two hours ago was wider
        or tighter, and a broker's outage is over.
    min_sample : int, default 10
        Parents of the figure's own kind before it is judged. Of ten at the aim of 95 % success,
        three fail by chance once in 87 times; of five it would be two, once in 44.
    min_success_rate : float, default 0.8
        Least share filled of the parents that should have filled. The aim is 0.95, but the limit is
        where ten parents can tell: see `min_sample`.
    recovered_success_rate : float, default 0.9
        Share at which that breach may end: half of the way back to certainty.
    max_slippage : float, default 0.75
        Largest mean of what filled parents paid beyond the arrival mid, as a share of the spread
        at arrival. A marketable order pays 0.5 at once, so a desk beyond that by half of it again
        loses by working its orders.
    recovered_slippage : float, default 0.5
        Mean at which that breach may end: no worse than to take the touch.
    slippage_bound : float, default 3
        One parent counts for no more than so many spreads, better or worse: a stop that a jump
        overtook must not outweigh ten orders that went well, but three such stops of ten breach.
    max_reject_rate : float, default 0.1
        Largest share of parents that the venue rejected. A sound connection rejects none, so two of
        ten are no chance: at 1 % each it happens once in 230 times.
    recovered_reject_rate : float, default 0.05
        Share at which that breach may end.
    cool_down_s : float, default 600
        Shortest time the desk stays tightened, seconds; most outages of a broker and most bursts of
        the market are shorter.
    """

    window_parents: Count = 40
    window_s: Seconds = 7_200.0
    min_sample: Count = 10
    min_success_rate: Share = 0.8
    recovered_success_rate: Share = 0.9
    max_slippage: Spreads = 0.75
    recovered_slippage: Spreads = 0.5
    slippage_bound: Annotated[float, msgspec.Meta(gt=0, le=100)] = 3.0
    max_reject_rate: Share = 0.1
    recovered_reject_rate: Share = 0.05
    cool_down_s: Seconds = 600.0

    def __post_init__(self) -> None:
        ordered = (
            ("min_sample", self.min_sample, "window_parents", self.window_parents),
            ("min_success_rate", self.min_success_rate,
             "recovered_success_rate", self.recovered_success_rate),
            ("recovered_slippage", self.recovered_slippage, "max_slippage", self.max_slippage),
            ("recovered_reject_rate", self.recovered_reject_rate,
             "max_reject_rate", self.max_reject_rate),
        )  # fmt: skip
        for name, value, bound, limit in ordered:
            if value > limit:
                raise ValueError(f"Expected {name} of at most {bound} {limit}, was {value}")


class EndedParent(msgspec.Struct, frozen=True, gc=False):
    """What the watch has to know of one parent order.

    Parameters
    ----------
    ts_event : int
        When it ended, UTC ns.
    outcome : Outcome
        How; not OPEN.
    should_fill : bool
        Whether the rules say that it should have filled; only such parents count for success.
    slippage : float
        What it paid beyond the arrival mid as a share of the spread at arrival, a cost above 0; NaN
        where nothing was filled or the spread is unknown.
    rejected : bool
        Whether the venue rejected it or one of its changes.
    """

    ts_event: int
    outcome: Outcome
    should_fill: bool
    slippage: float
    rejected: bool

    def __post_init__(self) -> None:
        if self.outcome is Outcome.OPEN:
            raise ValueError(f"Expected a parent that has ended, was {self.outcome}")


class QualityFigures(msgspec.Struct, frozen=True, gc=False):
    """The rolling figures and the parents behind each; a figure of too few is NaN."""

    success_rate: float
    mean_slippage: float
    reject_rate: float
    should_fill: int
    filled: int
    ended: int


class Breach(msgspec.Struct, frozen=True, gc=False):
    """A figure went beyond its limit at `since_ns` (UTC ns): the desk is tightened."""

    code: QualityCode
    figures: QualityFigures
    since_ns: int


class Recovery(msgspec.Struct, frozen=True, gc=False):
    """The breach of `since_ns` is over at `ts_event` (both UTC ns)."""

    code: QualityCode
    figures: QualityFigures
    since_ns: int
    ts_event: int


class QualityWatch:
    """Judges the parents that ended lately; times must not go back.

    Parameters
    ----------
    params : QualityParams
        See there.
    """

    def __init__(self, params: QualityParams) -> None:
        self._params = params
        self._window_ns = round(params.window_s * _NS)
        self._cool_down_ns = round(params.cool_down_s * _NS)
        self._ended: deque[EndedParent] = deque()
        self._slippages: deque[float] = deque()  # bounded, of those that have one
        self._should_fill = self._did_fill = self._rejected = 0
        self._since: dict[QualityCode, int] = {}

    @property
    def breaches(self) -> tuple[QualityCode, ...]:
        """The breaches that are not over."""
        return tuple(self._since)

    def tightens(self, purpose: Purpose) -> bool:
        """Return whether an order for `purpose` is to be worked under the tightened rules."""
        return purpose is Purpose.ENTRY and bool(self._since)

    def on_ended(self, parent: EndedParent) -> list[Breach | Recovery]:
        """Take a parent that ended; return what began and what is over, to be published."""
        if len(self._ended) == self._params.window_parents:
            self._drop_oldest()
        self._ended.append(parent)
        self._count(parent, 1)
        if not math.isnan(parent.slippage):
            bound = self._params.slippage_bound
            self._slippages.append(min(max(parent.slippage, -bound), bound))
        self._forget(parent.ts_event)
        return self._changes(parent.ts_event)

    def on_time(self, now_ns: int) -> list[Breach | Recovery]:
        """Let time pass to `now_ns` (UTC ns); return what began and what is over."""
        if self._forget(now_ns) or self._since:
            return self._changes(now_ns)
        return []  # the figures are those judged before, and no breach waits for its time

    def _forget(self, now_ns: int) -> bool:
        """Drop the parents that are too old; return whether there were any."""
        before = len(self._ended)
        while self._ended and now_ns - self._ended[0].ts_event >= self._window_ns:
            self._drop_oldest()
        return len(self._ended) < before

    def _drop_oldest(self) -> None:
        parent = self._ended.popleft()
        self._count(parent, -1)
        if not math.isnan(parent.slippage):
            self._slippages.popleft()

    def _count(self, parent: EndedParent, by: int) -> None:
        if parent.should_fill:
            self._should_fill += by
            self._did_fill += by * (parent.outcome is Outcome.FILLED)
        self._rejected += by * parent.rejected

    def _changes(self, now_ns: int) -> list[Breach | Recovery]:
        figures = self.figures()
        changes = (self._change(code, figures, now_ns) for code in QualityCode)
        return [change for change in changes if change is not None]

    def figures(self) -> QualityFigures:
        """Return the figures as of the newest time."""
        ended, paid = len(self._ended), len(self._slippages)
        return QualityFigures(
            success_rate=self._mean(self._did_fill, self._should_fill),
            mean_slippage=self._mean(math.fsum(self._slippages), paid),
            reject_rate=self._mean(self._rejected, ended),
            should_fill=self._should_fill,
            filled=paid,
            ended=ended,
        )

    def _mean(self, total: float, count: int) -> float:
        return math.nan if count < self._params.min_sample else total / count

    def _change(
        self, code: QualityCode, figures: QualityFigures, now_ns: int
    ) -> Breach | Recovery | None:
        beyond, not_recovered = self._judged(code, figures)
        since_ns = self._since.get(code)
        if since_ns is None:
            if not beyond:
                return None
            self._since[code] = now_ns
            return Breach(code, figures, now_ns)
        if not_recovered or now_ns - since_ns < self._cool_down_ns:
            return None
        del self._since[code]
        return Recovery(code, figures, since_ns, now_ns)

    def _judged(self, code: QualityCode, figures: QualityFigures) -> tuple[bool, bool]:
        """Return whether a figure is beyond its limit and beyond its recovery; NaN is neither."""
        p = self._params
        if code is QualityCode.SUCCESS_RATE:
            rate = figures.success_rate
            return rate < p.min_success_rate, rate < p.recovered_success_rate
        if code is QualityCode.SLIPPAGE:
            mean = figures.mean_slippage
            return mean > p.max_slippage, mean > p.recovered_slippage
        rate = figures.reject_rate
        return rate > p.max_reject_rate, rate > p.recovered_reject_rate
