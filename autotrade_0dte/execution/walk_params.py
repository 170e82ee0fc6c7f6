"""Schedule and patience of a walk."""

from typing import Annotated

import msgspec

from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.execution.routing import RouteParams, urgency_of
from autotrade_0dte.market_state.actions import Urgency

__all__ = ["WalkParams"]

_NS = 1_000_000_000

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3_600)]
Ticks = Annotated[float, msgspec.Meta(gt=0, le=100)]


class WalkParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a walk starts, steps, and how long it may take.

    Parameters
    ----------
    start_fraction : float, default 0.5
        Where it starts, as a part of the way from the near side to fair value. On a spread of one
        or two ticks that is the near side; on a wider one it heads the queue and shows half of
        what it would give.
    steps : int, default 4
        Steps from there to the far side; a spread near the money has fewer ticks than that.
    patient_step_s, normal_step_s, urgent_step_s : float, default 4, 2 and 1
        Rest between steps by urgency, seconds. Shorter than a second is shorter than the quotes of
        the feed: a step would not know what the last one did. Four steps then take a quarter of an
        entry's half minute.
    min_rest_s : float, default 0.5
        Least rest between two prices of one order, seconds, whatever moves: three times the way to
        the venue and back, and 120 calls a minute at most.
    micro_ticks : float, default 1
        Move of the underlying since the last price, in ticks of the option by its delta: against
        the order it brings the next step forward, for it the step is held as long again at most,
        because the market comes to the limit. Quotes follow the underlying later than we do.
    patient_exit_s, normal_exit_s, urgent_exit_s : float, default 30, 15 and 5
        When an exit crosses at the latest, by urgency, seconds after its decision: its walk, then
        as long again.
    stop_s : float, default 2
        When a stop does, seconds: one quote and one step, no more; what it waits for is falling.
    cross_ticks : int, default 2
        How far beyond the far side a marketable exit's limit lies, ticks: what a quote moves while
        the order is on its way. It trades at the far side if that is still there.
    entry_cross_ticks : int, default 1
        The same of an entry, which may as well not be done.
    answer_s : float, default 5
        After so long a command that was not answered is taken for lost, seconds, and the order is
        canceled, again and again until its end is known: another is never sent while it may live.
        Thirty times the usual answer.
    cancel_retry_s : float, default 1
        Rest before a refused cancel is sent again, seconds; doubled each time it is refused again,
        up to `answer_s`, so that an order that cannot be canceled does not use up the calls.
    max_replaces : int, default 2
        How often an order whose change is refused is canceled and sent anew. After that it rests;
        an exit that has escalated goes on, at `replace_rest_s`.
    replace_rest_s : float, default 3
        Least time between two of those, seconds: each is two calls and loses the queue.
    package_cross_s : float, default 10
        How long a package that closes a position may cross unfilled, seconds; then it is given up,
        and its legs are closed one by one, which their own quotes promise to fill. Three packages
        at `replace_rest_s`: if nobody has taken those, nobody trades the two together now.
    resend_s : float, default 5
        How long the remainder may take to come back as a new order, seconds; then the parent is
        over, and who holds the position must decide again.
    """

    start_fraction: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    steps: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    patient_step_s: Seconds = 4.0
    normal_step_s: Seconds = 2.0
    urgent_step_s: Seconds = 1.0
    min_rest_s: Seconds = 0.5
    micro_ticks: Ticks = 1.0
    patient_exit_s: Seconds = 30.0
    normal_exit_s: Seconds = 15.0
    urgent_exit_s: Seconds = 5.0
    stop_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 2.0
    cross_ticks: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    entry_cross_ticks: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    answer_s: Seconds = 5.0
    cancel_retry_s: Seconds = 1.0
    max_replaces: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    replace_rest_s: Seconds = 3.0
    package_cross_s: Seconds = 10.0
    resend_s: Seconds = 5.0

    def step_ns(self, parent: ParentOrder, routes: RouteParams) -> int:
        """Return the rest between the steps of an order, ns."""
        urgency = urgency_of(parent, routes)
        seconds = self.normal_step_s
        if urgency is Urgency.PATIENT:
            seconds = self.patient_step_s
        elif urgency is Urgency.URGENT:
            seconds = self.urgent_step_s
        return round(seconds * _NS)

    def crosses_ns(self, parent: ParentOrder, routes: RouteParams) -> int | None:
        """Return when an order must be marketable, UTC ns; an entry never must."""
        purpose = parent.purpose
        if purpose is Purpose.ENTRY:
            return None
        if purpose is Purpose.EMERGENCY:
            return parent.decided_ns
        urgency = urgency_of(parent, routes)
        seconds = self.normal_exit_s
        if purpose is Purpose.STOP:
            seconds = self.stop_s
        elif urgency is Urgency.PATIENT:
            seconds = self.patient_exit_s
        elif urgency is Urgency.URGENT:
            seconds = self.urgent_exit_s
        return min(parent.decided_ns + round(seconds * _NS), parent.deadline_ns)
