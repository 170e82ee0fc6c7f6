"""When the risk controller changes its mode: each figure with its unit, default and reason."""

from enum import StrEnum
from typing import Annotated

import msgspec

__all__ = ["LadderParams", "LossReference", "ShockMode"]

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Multiple = Annotated[float, msgspec.Meta(gt=0, le=100)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=23_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class LossReference(StrEnum):
    """What a day's loss is counted from: the account at the session's start, or at its highest."""

    SESSION_START = "session_start"
    PEAK = "peak"


class ShockMode(StrEnum):
    """What the market's highest anomaly level may ask for."""

    TIGHTEN = "TIGHTEN"
    HALT_ENTRIES = "HALT_ENTRIES"


class LadderParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the risk controller tightens, halts entries, and flattens.

    A step that ends by itself does so at `recovered_share` of the figure at which it began, so that
    a figure on the edge does not flap, and after the hold time named here. FLATTEN for a loss, a
    mismatch of the books, an operator's word and the kill switch stay until they are re-armed.

    Parameters
    ----------
    loss_reference : str, default "session_start"
        What the daily loss is counted from, and a share of. A day that won first and gave half of
        it back is no lost day; `max_drawdown` is for that.
    max_daily_loss : float, default 0.05
        Loss of the day at which everything is closed, as a share of the reference. Twenty such days
        in a row leave 36 % of an account: time to notice.
    tighten_loss_share, halt_loss_share : float, default 0.5, 0.8
        Shares of `max_daily_loss` at which limits are tightened, and entries end. At 0.8 the next
        trade of the usual size could pass the limit.
    max_drawdown : float, default 0.15
        Loss from the session's highest value at which everything is closed, as a share of it. Three
        days' loss after a good hour: whatever made that hour is over.
    tighten_drawdown_share : float, default 0.5
        Share of `max_drawdown` at which limits are tightened.
    loss_confirm_s : float, default 3
        How long a loss, or a new peak, must stand before it counts, seconds: one snapshot of wide
        quotes moves the mid by more than a day's loss, three in a row seldom do.
    loss_hold_s : float, default 60
        How long it must have recovered before a step ends by itself, seconds.
    recovered_share : float, default 0.8
        Share of a step's figure below which its cause is over.
    scenario_use : float, default 1.0
        What is held loses, in its worst scenario, so many times what the gate allows
        (`limits.portfolio.max_worst_loss_fraction`): entries end. The gate has let nothing in
        beyond one; the market has moved since.
    greeks_tighten_use, greeks_halt_use : float, default 1.0, 1.5
        The largest Greek over its limit at the gate (`limits.portfolio`) at which limits are
        tightened, and entries end. Gamma grows by itself until the close, and the gate refuses
        more of it; half as much again means that what is held no longer is what was bought.
    exposure_hold_s : float, default 30
        How long scenario loss or Greeks must be back before such a step ends, seconds.
    level_asks : str, default "TIGHTEN"
        What level L3 asks for, TIGHTEN or HALT_ENTRIES. The action table stops the regular track
        there anyway, and the anomaly track trades it at a size of its own.
    stale_s : float, default 20
        Age of the newest quote of the whole chain from which entries end, seconds. Of hundreds of
        contracts one is quoted anew every second; twice the longest pause between two views is a
        feed that has stopped. Set it above the spacing of sparse data.
    gap_hold_s : float, default 10
        How long the connection must be back, or quotes must have come again, before entries are
        allowed again, seconds: what is subscribed to is asked for anew, and the first quotes are
        those from before the gap.
    marks_unknown_s : float, default 10
        How long something held has no mark before entries end, seconds. The account's value is
        unknown from the first moment; quotes of one contract drop out for a second or two.
    marks_hold_s : float, default 60
        How long all that is held must have marks before entries are allowed again, seconds. A
        contract that is quoted less often than a quote counts has a mark now and then; a loss would
        be seen only by chance, so that it does not let entries in each time.
    max_rejects_a_minute : int, default 6
        Orders, changes and cancels that the venue refuses in 60 seconds before entries end. A sound
        connection has none; a walk that is refused goes on at most once every half second.
    max_errors_a_minute : int, default 5
        Errors in 60 seconds before entries end: calls to Tiger that failed on their way, and writes
        of the recording that failed. One lost answer is asked again after a quarter of a second;
        five are an outage of some seconds.
    rejects_hold_s : float, default 300
        How long rejects must be back before entries are allowed again, seconds. While entries are
        halted there is little to refuse, so that quiet alone proves nothing.
    errors_hold_s : float, default 10
        The same of errors, seconds. Calls are made all the time, so that quiet proves that they are
        answered; as the errors of a minute are counted, an outage of seconds ends entries for at
        most a minute and this.
    execution_halt_breaches : int, default 2
        Standing breaches of the execution's quality at which entries end; one tightens. The desk
        works more carefully at one already; two at once are no chance.
    max_clock_offset_s : float, default 1.0
        Offset of this clock from which entries end, seconds: the age of quotes is judged by it, and
        a snapshot is a second.
    flatten_grace_s : float, default 5
        How long strategies have to close what they hold, from FLATTEN on, before the engine closes
        it at market, seconds: an emergency order crosses at once, and half of the ten seconds in
        which a killed account is to be flat are left.
    """

    loss_reference: LossReference = LossReference.SESSION_START
    max_daily_loss: Share = 0.05
    tighten_loss_share: Share = 0.5
    halt_loss_share: Share = 0.8
    max_drawdown: Share = 0.15
    tighten_drawdown_share: Share = 0.5
    loss_confirm_s: Seconds = 3.0
    loss_hold_s: Seconds = 60.0
    recovered_share: Share = 0.8
    scenario_use: Multiple = 1.0
    greeks_tighten_use: Multiple = 1.0
    greeks_halt_use: Multiple = 1.5
    exposure_hold_s: Seconds = 30.0
    level_asks: ShockMode = ShockMode.TIGHTEN
    stale_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 20.0
    gap_hold_s: Seconds = 10.0
    marks_unknown_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 10.0
    marks_hold_s: Seconds = 60.0
    max_rejects_a_minute: Count = 6
    max_errors_a_minute: Count = 5
    rejects_hold_s: Seconds = 300.0
    errors_hold_s: Seconds = 10.0
    execution_halt_breaches: Annotated[int, msgspec.Meta(ge=2, le=3)] = 2
    max_clock_offset_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 1.0
    flatten_grace_s: Seconds = 5.0

    def __post_init__(self) -> None:
        ordered = (
            ("tighten_loss_share", self.tighten_loss_share,
             "halt_loss_share", self.halt_loss_share),
            ("greeks_tighten_use", self.greeks_tighten_use,
             "greeks_halt_use", self.greeks_halt_use),
        )  # fmt: skip
        for name, value, bound, limit in ordered:
            if value > limit:
                raise ValueError(f"Expected {name} of at most {bound} {limit}, was {value}")
