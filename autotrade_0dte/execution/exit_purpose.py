"""How sure and how soon a position must be closed, by the reason to close it."""

from autotrade_0dte.execution.coordinator import HandOver
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.risk.expiry import ExpiryReason

__all__ = ["is_above", "purpose_of"]

_PURPOSES: dict[str, Purpose] = {
    ExitReason.STOP: Purpose.STOP,
    ExitReason.TRAILING: Purpose.STOP,
    ExitReason.THETA_BURN: Purpose.STOP,
    ExitReason.STATE_FORCED: Purpose.STOP,
    ExitReason.PROTECTIVE_STOP: Purpose.STOP,
    # What is left of a vertical alone may lose more than the plan was granted.
    ExitReason.LEG_NOT_FILLED: Purpose.STOP,
    # The other track waits for it, with a signal of minutes.
    HandOver.HAND_OVER: Purpose.STOP,
    ExitReason.RISK_FLATTEN: Purpose.EMERGENCY,
    # Nobody watches a position whose plan is gone.
    ExitReason.RESTART: Purpose.EMERGENCY,
    **dict.fromkeys(ExpiryReason, Purpose.EMERGENCY),
}
_ASCENDING = tuple(Purpose)


def purpose_of(reason: str) -> Purpose:
    """Return what an order that closes for `reason` is for; a strategy's own reasons are EXIT."""
    return _PURPOSES.get(reason, Purpose.EXIT)


def is_above(purpose: Purpose, other: Purpose) -> bool:
    """Return whether `purpose` must be done sooner than `other`."""
    return _ASCENDING.index(purpose) > _ASCENDING.index(other)
