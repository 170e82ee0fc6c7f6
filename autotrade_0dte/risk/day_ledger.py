"""Counts what a session has used up: entries, losses in a row, day trades."""

from msgspec.structs import replace

from autotrade_0dte.risk.ladder_state import DayState
from autotrade_0dte.risk.picture import DayCounters

__all__ = ["DayLedger"]


class DayLedger:
    """Counts each plan once, however often it is told of, also over a restart.

    Parameters
    ----------
    state : DayState
        What was counted before.

    Attributes
    ----------
    state : DayState
        What is counted now.
    """

    __slots__ = ("state",)

    def __init__(self, state: DayState) -> None:
        self.state = state

    @property
    def counters(self) -> DayCounters:
        """The counters as they are published."""
        return self.state.counters

    def entered(self, plan: str) -> bool:
        """Take a plan of which something has been bought; return whether it is new."""
        state = self.state
        if plan in state.entered:
            return False
        counters = replace(state.counters, entries=state.counters.entries + 1)
        self.state = replace(state, counters=counters, entered=(*state.entered, plan))
        return True

    def closed(self, plan: str, legs: int, net_usd: float, now_ns: int) -> bool:
        """Take a plan that is over; return whether it is new.

        Parameters
        ----------
        plan : str
            Its id.
        legs : int
            Contracts that it traded: each is one day trade, however many were bought.
        net_usd : float
            What it made, fees included, dollars; a loss is below 0. NaN, unknown, neither adds to a
            row of losses nor ends it.
        now_ns : int
            When, UTC ns.
        """
        state, before = self.state, self.state.counters
        if plan in state.closed:
            return False
        is_loss = net_usd < 0.0
        row = 0 if net_usd >= 0.0 else before.losses_in_row + is_loss
        counters = replace(
            before,
            losses_in_row=row,
            last_loss_ns=now_ns if is_loss else before.last_loss_ns,
            day_trades=before.day_trades + legs,
        )
        self.state = replace(state, counters=counters, closed=(*state.closed, plan))
        return True
