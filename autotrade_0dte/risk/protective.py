"""The stop that rests at the broker for when the node that watches a position is dead."""

from typing import Annotated

import msgspec

__all__ = ["ProtectiveParams"]


class ProtectiveParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether each plan has a resting stop at the broker, and at what prices.

    It is no better stop than the plan's own, which is worked by the desk on fresh quotes: it only
    needs nobody to be there.

    Parameters
    ----------
    enabled : bool, default false
        Whether there is one. Every exit then waits until the broker has canceled it, and how Tiger
        triggers stop-limit orders of options is documented nowhere: to be tried out on its paper
        account first.
    beyond_stop_fraction : float, default 0.2
        How far below the plan's own stop it is triggered, as a fraction of the plan's cost: farther
        than an option's value goes between two snapshots, so that a living node is first, except in
        a jump.
        A plan whose stop leaves no room below has none.
    slack_fraction : float, default 0.5
        How far below the trigger its limit lies, as a fraction of the trigger: a price that falls
        through the limit at once leaves it unfilled, and half is more than the spread of an option
        that has lost most of its value. It is sold at the bid there is all the same.
    verify_s : int, default 30
        How often it is looked up whether it rests, seconds: the engine compares its books with the
        broker's about as often.
    """

    enabled: bool = False
    beyond_stop_fraction: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    slack_fraction: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    verify_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 30
