"""The move that an episode of unusual market began with, and whether it may be acted on now."""

import math
from collections import deque
from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.factors import sd_per_root_second
from autotrade_0dte.signals.signal import SignalRefusal

__all__ = ["Stance", "Trigger", "TriggerParams"]

_NS = 1_000_000_000
_BPS = 10_000.0

Seconds = Annotated[float, msgspec.Meta(gt=0, le=23_400)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Stance(StrEnum):
    """What is expected of a sudden move: FOLLOW, that it goes on; FADE, that it is given back."""

    FOLLOW = "follow"
    FADE = "fade"


class TriggerParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the move of an episode may be acted on. None was fitted to data.

    Parameters
    ----------
    stance : Stance, default FOLLOW
        Follow the move or fade it. A fade buys options when they are dearest, and against the
        hedging of dealers who are short gamma.
    reference_s : float, default 30
        The move is measured from the price of so long before the episode, or before the rise to L2
        where that came later than this: evidence must build up and be confirmed, and by then a part
        of the move is made. Not below the data's spacing.
    min_move_sd : float, default 2
        Smallest move that has a direction, in standard deviations of a random walk since the
        reference; quotes can be unusual without any.
    keep_fraction : float, default 0.5
        Least share of its largest extent that the move must still have. With less a follower is
        late, and little is left for a fader.
    retrace_fraction : float, default 0.2
        Least share of it that must have been given back before a fade; a fade without waiting for
        that stands in the way of the move.
    confirm_prints : int, default 2
        Prints of the underlying in a row that must say so: one alone may be in error. Where data
        come in books, the quotes of one book confirm each other, and 1 is enough.
    act_window_s : float, default 120
        Time after a rise to L2 in which it may be acted on. Sudden moves are over in minutes; later
        is chasing. Not below the data's spacing.
    """

    stance: Stance = Stance.FOLLOW
    reference_s: Seconds = 30.0
    min_move_sd: Annotated[float, msgspec.Meta(ge=0, le=20)] = 2.0
    keep_fraction: Share = 0.5
    retrace_fraction: Share = 0.2
    confirm_prints: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    act_window_s: Seconds = 120.0

    def __post_init__(self) -> None:
        if self.keep_fraction + self.retrace_fraction > 1:
            raise ValueError(
                "Expected keep_fraction and retrace_fraction of at most 1 together, "
                f"was {self.keep_fraction} and {self.retrace_fraction}"
            )


class Trigger:
    """Follows one episode after the other; an episode lasts from leaving CALM to the return.

    Attributes
    ----------
    onset_ns : int
        Names the present episode; 0 while CALM.
    begun_ns : int
        When its present move began: with the episode, or with a later rise to L2; 0 while CALM.
    reached_ns : int
        When it last rose to L2 or above; 0 before.
    move, peak : float
        Log return since the reference, and its largest extent so far; NaN while unknown.
    peak_sd : float
        That extent in standard deviations.
    direction : int
        +1 or -1 where it may be traded to, 0 where the move gives none.
    prints : int
        Prints in a row that said so.
    """

    __slots__ = (
        "_params", "_print_ns", "_recent", "_reference", "_reference_ns", "_sd",
        "begun_ns", "direction", "move", "onset_ns", "peak", "peak_sd", "prints", "reached_ns",
    )  # fmt: skip

    def __init__(self, params: TriggerParams) -> None:
        self._params = params
        self._print_ns = 0
        self._recent: deque[tuple[int, float]] = deque()
        self.onset_ns = self.begun_ns = self.reached_ns = 0
        self._forget_move()

    def _forget_move(self) -> None:
        self.move = self.peak = self.peak_sd = math.nan
        self.direction = self.prints = 0
        self._reference_ns = 0
        self._reference = self._sd = math.nan

    def update(self, view: MarketView) -> None:
        """Take the next view."""
        spot, print_ns = view.chain.spot, view.chain.tape.ts_event
        is_new = print_ns > self._print_ns and spot > 0
        if is_new:
            self._print_ns = print_ns
            self._forget_prints()
        self._follow_level(view)
        if is_new:
            self._recent.append((print_ns, spot))
            self._measure(print_ns, spot)

    def refusal(self, now_ns: int) -> tuple[SignalRefusal | None, dict[str, float]]:
        """Return why the move may not be acted on at `now_ns`, with figures; None if it may."""
        params = self._params
        since_s = (now_ns - self.reached_ns) / _NS if self.reached_ns else 0.0
        if since_s > params.act_window_s:
            figures = {"since_trigger_s": since_s, "act_window_s": params.act_window_s}
            return SignalRefusal.ACT_WINDOW, figures
        if not (self.reached_ns and self.direction):
            return SignalRefusal.NO_TRIGGER, self.figures
        if self.prints < params.confirm_prints:
            figures = {"prints": float(self.prints), "confirm_prints": float(params.confirm_prints)}
            return SignalRefusal.UNCONFIRMED, figures
        return None, {}

    @property
    def figures(self) -> dict[str, float]:
        """The move, its largest extent in basis points and in standard deviations."""
        return {
            "move_bps": self.move * _BPS,
            "peak_bps": self.peak * _BPS,
            "peak_sd": self.peak_sd,
        }

    def _follow_level(self, view: MarketView) -> None:
        """Begin and end episodes, and note what the move of one is measured from."""
        state, now_ns = view.state, view.chain.ts_event
        if state.onset_ns != self.onset_ns:
            self.onset_ns = state.onset_ns
            self.reached_ns = 0
            self._begin_move(view)
        if self.onset_ns and state.before < Level.L2 <= state.level:
            self.reached_ns = now_ns
            if now_ns > self.onset_ns + self._params.reference_s * _NS:
                self._begin_move(view)

    def _begin_move(self, view: MarketView) -> None:
        self._forget_move()
        self.begun_ns = view.chain.ts_event if self.onset_ns else 0
        if self.onset_ns and self._recent:
            self._reference_ns, self._reference = self._recent[0]
            self._sd = sd_per_root_second(view)

    def _forget_prints(self) -> None:
        """Keep the prints of the reference time, and the last one before it."""
        recent, start_ns = self._recent, self._print_ns - self._params.reference_s * _NS
        while len(recent) > 1 and recent[1][0] <= start_ns:
            recent.popleft()

    def _measure(self, print_ns: int, spot: float) -> None:
        self.move = math.log(spot / self._reference)
        if not abs(self.move) <= abs(self.peak):
            self.peak = self.move
            elapsed_s = (print_ns - self._reference_ns) / _NS
            self.peak_sd = abs(self.peak) / (self._sd * math.sqrt(elapsed_s))
        direction = self._direction()
        self.prints = self.prints + 1 if direction == self.direction else 1
        self.direction = direction

    def _direction(self) -> int:
        params = self._params
        if not self.peak_sd >= params.min_move_sd or self.peak == 0.0:
            return 0
        kept = self.move / self.peak
        if kept < params.keep_fraction:
            return 0
        way = 1 if self.peak > 0 else -1
        if params.stance is Stance.FOLLOW:
            return way
        return -way if kept <= 1.0 - params.retrace_fraction else 0
