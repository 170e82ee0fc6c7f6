"""What a strategy wants done: the plan of one trade."""

import math

import msgspec

from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.selection.ranking import Structure

__all__ = ["TradePlan"]

_NS = 1_000_000_000


class TradePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One trade, fixed when the decision is made; drift cannot change it.

    A long option alone, or a debit vertical: the long option first, then, against what of it was
    bought, the sale of one of the same right further out.

    Parameters
    ----------
    plan_id : str
        Unique within a track and a run.
    direction : int
        +1 gains when the underlying rises, -1 when it falls.
    instrument_id : str
        Engine id of the option to buy.
    quantity : int
        Contracts.
    entry_cap : float
        Highest price to pay for it, dollars a share.
    decided_ns : int
        Event time of the decision, UTC ns; timeouts count from here.
    worst_loss_usd : float
        What the whole plan loses in its worst scenario, dollars.
    exits : ExitParams
        When its orders and its position end.
    reason : str
        What made the decision, in the strategy's vocabulary.
    figures : dict[str, float]
        The figures behind it.
    short_instrument_id : str, optional
        Engine id of the option to sell against it; None for a long option alone.
    net_cap : float, optional
        Highest net debit of both legs, dollars a share, below `entry_cap`; NaN without a short leg.
    """

    plan_id: str
    direction: int
    instrument_id: str
    quantity: int
    entry_cap: float
    decided_ns: int
    worst_loss_usd: float
    exits: ExitParams
    reason: str
    figures: dict[str, float] = {}
    short_instrument_id: str | None = None
    net_cap: float = math.nan

    def __post_init__(self) -> None:
        if self.direction not in (1, -1):
            raise ValueError(self._expected("a direction of 1 or -1", self.direction))
        if self.quantity < 1:
            raise ValueError(self._expected("a quantity of at least 1", self.quantity))
        if not 0 < self.entry_cap < math.inf:
            raise ValueError(self._expected("an entry cap above 0", self.entry_cap))
        if not 0 <= self.worst_loss_usd < math.inf:
            raise ValueError(self._expected("a worst loss of 0 or more", self.worst_loss_usd))
        if self.short_instrument_id is None:
            if not math.isnan(self.net_cap):
                raise ValueError(self._expected("no net cap without a short leg", self.net_cap))
        elif not 0 < self.net_cap < self.entry_cap:
            accepted = f"a net cap above 0 and below the entry cap of {self.entry_cap}"
            raise ValueError(self._expected(accepted, self.net_cap))

    @property
    def structure(self) -> Structure:
        """What is bought."""
        return Structure.DEBIT_VERTICAL if self.short_instrument_id else Structure.SINGLE

    @property
    def entry_deadline_ns(self) -> int:
        """When what has not been bought is given up."""
        return self.decided_ns + self.exits.entry_timeout_s * _NS

    def _expected(self, accepted: str, was: float) -> str:
        return f"Expected {accepted}, was {was} (plan {self.plan_id})"
