"""The risk ladder: from figures, reports and an operator's word to what may be done.

::

    NORMAL < TIGHTEN < HALT_ENTRIES < FLATTEN < KILLED

Each trigger has one figure and one or more rungs, see `risk.rungs`. A rung begins when the figure
has been at its value for its time of confirmation, and ends when the figure has been below for its
hold time or, where it is latched, when it is re-armed. The mode is the strictest of all rungs that
stand. An unknown figure (NaN) neither begins nor ends anything.
"""

import math
from typing import NamedTuple

from autotrade_0dte.risk.ladder_params import LadderParams, LossReference
from autotrade_0dte.risk.ladder_state import NO_RISE, DayState, LadderState, Rise
from autotrade_0dte.risk.mode import DIRECT, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.rung_steps import Steps
from autotrade_0dte.risk.rungs import BY_WORD, FIGURES, RATES, WATCHED, Rung, rungs_of

__all__ = ["LadderParams", "Reading", "RiskLadder"]

_NS = 1_000_000_000
_BY_VIEWS = (
    Trigger.DAILY_LOSS,
    Trigger.DRAWDOWN,
    Trigger.SCENARIO_LOSS,
    Trigger.GREEKS,
    Trigger.LEVEL_L3,
)
_BY_TIME = (Trigger.STALE_DATA, Trigger.MARKS_UNKNOWN)


class Reading(NamedTuple):
    """What a view of the market says; NaN is unknown.

    Attributes
    ----------
    equity : float
        The account's value, dollars; unknown where something held has no mark.
    scenario_use : float
        Worst loss of what is held over the gate's limit; 0 with nothing held.
    greeks_use : float
        The largest Greek of what is held over its limit; 0 with nothing held.
    level : float
        `market_state.state.Level` of the market.
    quote_age_s : float
        Age of the newest quote, seconds; NaN before the first one.
    """

    equity: float = math.nan
    scenario_use: float = 0.0
    greeks_use: float = 0.0
    level: float = 0.0
    quote_age_s: float = 0.0


class RiskLadder:
    """State machine of one session; pure, and time is an argument (UTC ns) that does not go back.

    Parameters
    ----------
    params : LadderParams
        See there.
    session_ns : int
        Open of the session.

    Attributes
    ----------
    mode : RiskMode
        What may be done.
    trigger : Trigger or None
        What asks for that mode, the first of those that stand; None in NORMAL.
    start_equity, peak_equity : float
        The account's value when it was first known in the session, and the highest that has stood
        for `LadderParams.loss_confirm_s` since, dollars.
    """

    __slots__ = (
        "_by_views", "_confirm_ns", "_newest_quote_ns", "_peak_is_reference", "_rise",
        "_session_ns", "_stale", "_steps", "_unknown", "_unknown_ns", "_with_time", "mode",
        "peak_equity", "start_equity", "trigger",
    )  # fmt: skip

    def __init__(self, params: LadderParams, session_ns: int) -> None:
        self._session_ns = session_ns
        self._peak_is_reference = params.loss_reference is LossReference.PEAK
        steps = {trigger: Steps(trigger, rungs) for trigger, rungs in rungs_of(params).items()}
        self._steps = steps
        self._by_views = tuple(steps[trigger] for trigger in _BY_VIEWS)
        self._with_time = tuple(steps[trigger] for trigger in (*_BY_TIME, *RATES, *WATCHED))
        self._stale, self._unknown = (steps[trigger] for trigger in _BY_TIME)
        self._newest_quote_ns = 0
        self._unknown_ns = 0
        self._confirm_ns = round(params.loss_confirm_s * _NS)
        self._rise = NO_RISE
        self.mode = RiskMode.NORMAL
        self.trigger: Trigger | None = None
        self.start_equity = self.peak_equity = math.nan

    # -- what is seen ---------------------------------------------------------------------------

    def take(self, now_ns: int, reading: Reading) -> list[RiskChange]:
        """Take a view; return a change for each trigger that asks for something else now."""
        if not math.isnan(reading.quote_age_s):
            self._newest_quote_ns = now_ns - round(reading.quote_age_s * _NS)
        equity = reading.equity
        self._follow(equity, now_ns)
        changes: list[RiskChange] = []
        reference = self.peak_equity if self._peak_is_reference else self.start_equity
        figures = (
            _fraction_lost(reference, equity),
            _fraction_lost(self.peak_equity, equity),
            reading.scenario_use,
            reading.greeks_use,
            reading.level,
        )
        for steps, figure in zip(self._by_views, figures, strict=True):
            steps.figure = figure
            if steps.busy or figure >= steps.lowest:
                self._judge(steps, now_ns, changes)
        self._pass_time(now_ns, changes)
        return changes

    def pass_time(self, now_ns: int) -> list[RiskChange]:
        """Let time pass without a view: quotes and marks grow old, what is waited for comes."""
        changes: list[RiskChange] = []
        self._pass_time(now_ns, changes)
        return changes

    def report(
        self, trigger: Trigger, figure: float, now_ns: int, text: str = ""
    ) -> list[RiskChange]:
        """Take the figure of a trigger that others watch; it stands until the next one.

        Of a rate each report is one more, whatever its figure.

        Raises
        ------
        ValueError
            The ladder judges that trigger by views.
        """
        if trigger not in (*RATES, *WATCHED, *BY_WORD):
            raise ValueError(f"Expected a trigger that is reported, was {trigger}")
        steps = self._steps[trigger]
        steps.text = text
        if trigger in RATES:
            steps.count(now_ns)
        else:
            steps.figure = figure
        changes: list[RiskChange] = []
        self._judge(steps, now_ns, changes)
        return changes

    def rearm(self, now_ns: int, text: str = "") -> list[RiskChange]:
        """End what is latched and whose cause is over; tell anew of what stays, with its figure."""
        changes: list[RiskChange] = []
        for trigger, steps in self._steps.items():
            if trigger in BY_WORD:
                steps.figure = 0.0
            if (told := steps.rearm()) is not None:
                rung, stands = told
                said = f"not re-armed: {text}" if stands else text
                changes.append(self._change(rung, steps, now_ns, begins=stands, word=said))
        return changes

    def watch_anew(self, now_ns: int) -> list[RiskChange]:
        """Forget what a process before this one was told: those who watched are gone with it."""
        changes: list[RiskChange] = []
        for trigger in WATCHED:
            self._steps[trigger].figure = 0.0
            self._judge(self._steps[trigger], now_ns, changes)
        return changes

    # -- what is kept ---------------------------------------------------------------------------

    def state(self, day: DayState = DayState()) -> LadderState:  # noqa: B008 - frozen
        """Return all that a ladder after this one must know, with the session's counters."""
        return LadderState(
            session_ns=self._session_ns,
            start_equity=self.start_equity,
            peak_equity=self.peak_equity,
            rise=self._rise,
            day=day,
            rungs=tuple(kept for steps in self._steps.values() for kept in steps.kept()),
            figures={
                str(trigger): steps.figure
                for trigger, steps in self._steps.items()
                if not math.isnan(steps.figure)
            },
            texts={str(trigger): each.text for trigger, each in self._steps.items() if each.text},
            recent={
                str(trigger): tuple(each.recent)
                for trigger, each in self._steps.items()
                if each.recent
            },
            newest_quote_ns=self._newest_quote_ns,
            unknown_ns=self._unknown_ns,
        )

    @classmethod
    def restored(cls, params: LadderParams, session_ns: int, state: LadderState) -> "RiskLadder":
        """Return a ladder that goes on from a state; from another session, with its latches alone.

        Rungs that `params` no longer have are left out.
        """
        ladder = cls(params, session_ns)
        same = state.session_ns == session_ns
        for trigger, steps in ladder._steps.items():
            steps.restore(state.rungs, latches_only=not same)
            steps.text = state.texts.get(trigger, "")
            if same:
                steps.figure = state.figures.get(trigger, math.nan)
                steps.recent.extend(state.recent.get(trigger, ()))
        if same:
            ladder.start_equity, ladder.peak_equity = state.start_equity, state.peak_equity
            ladder._rise = state.rise
            ladder._newest_quote_ns, ladder._unknown_ns = state.newest_quote_ns, state.unknown_ns
        ladder._settle()
        return ladder

    def told_anew(self, now_ns: int) -> list[RiskChange]:
        """Return a change for each trigger that stands, for those who believe in NORMAL."""
        self.mode = RiskMode.NORMAL
        return [
            self._change(rung, steps, now_ns, begins=True)
            for steps in self._steps.values()
            if (rung := steps.leading) is not None
        ]

    @property
    def standing(self) -> tuple[Rung, ...]:
        """The rungs that stand."""
        return tuple(rung for steps in self._steps.values() for rung in steps.standing())

    # -- inside ---------------------------------------------------------------------------------

    def _follow(self, equity: float, now_ns: int) -> None:
        """Keep the references; a value above the peak counts once it has stood, as a loss does."""
        if math.isnan(equity):
            self._unknown_ns = self._unknown_ns or now_ns
            self._rise = NO_RISE
            return
        self._unknown_ns = 0
        if math.isnan(self.start_equity):
            self.start_equity = self.peak_equity = equity
        if not equity > self.peak_equity:
            self._rise = NO_RISE
            return
        since_ns, least = self._rise.since_ns or now_ns, min(self._rise.least, equity)
        if now_ns - since_ns < self._confirm_ns:
            self._rise = Rise(since_ns, least)
        else:
            self.peak_equity, self._rise = least, NO_RISE

    def _pass_time(self, now_ns: int, changes: list[RiskChange]) -> None:
        if self._newest_quote_ns:
            self._stale.figure = (now_ns - self._newest_quote_ns) / _NS
        self._unknown.figure = (now_ns - self._unknown_ns) / _NS if self._unknown_ns else 0.0
        for steps in self._with_time:
            if steps.busy or steps.figure >= steps.lowest:
                if steps.recent:
                    steps.forget(now_ns)
                self._judge(steps, now_ns, changes)

    def _judge(self, steps: Steps, now_ns: int, changes: list[RiskChange]) -> None:
        if (told := steps.judge(now_ns)) is not None:
            changes.append(self._change(told[0], steps, now_ns, begins=told[1]))

    def _change(
        self, rung: Rung, steps: Steps, now_ns: int, *, begins: bool, word: str | None = None
    ) -> RiskChange:
        before = self.mode
        is_direct = self._settle()
        return RiskChange(
            ts_event=now_ns,
            mode=self.mode,
            before=before,
            trigger=rung.trigger,
            begins=begins,
            asks=rung.asks,
            clears_itself=not rung.latched,
            figures={
                FIGURES[rung.trigger]: steps.figure,
                # A word is about the end, which is where the cause is over.
                "limit": rung.at if begins and word is None else rung.until,
            },
            # Whoever hears of anything meanwhile is told that it is not for him to act.
            text=DIRECT if is_direct else steps.text if word is None else word,
        )

    def _settle(self) -> bool:
        """Take the mode and its trigger from what stands; return whether another process acts."""
        standing = self.standing
        self.mode, self.trigger = RiskMode.NORMAL, None
        for rung in standing:
            if rung.asks > self.mode:
                self.mode, self.trigger = rung.asks, rung.trigger
        return any(rung.text == DIRECT for rung in standing)


def _fraction_lost(reference: float, value: float) -> float:
    return (reference - value) / reference if reference > 0 else math.nan
