"""The configuration of risk: one table with a table for each part of it."""

import msgspec

from autotrade_0dte.risk.ladder import LadderParams
from autotrade_0dte.risk.limits import LimitParams
from autotrade_0dte.risk.protective import ProtectiveParams
from autotrade_0dte.risk.session_grid import GridParams
from autotrade_0dte.risk.sizing import SizingParams
from autotrade_0dte.risk.stress import StressParams

__all__ = ["RiskParams"]


class RiskParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All limits on what may be lost, and what is done about them.

    Parameters
    ----------
    limits : LimitParams
        What each order is checked for.
    grid : GridParams
        Scenarios over the rest of the session.
    stress : StressParams
        Stress sets.
    sizing : SizingParams
        How large a trade is.
    ladder : LadderParams
        When the controller tightens, halts, flattens.
    protective : ProtectiveParams
        Stops that rest at the broker.
    """

    limits: LimitParams = LimitParams()
    grid: GridParams = GridParams()
    stress: StressParams = StressParams()
    sizing: SizingParams = SizingParams()
    ladder: LadderParams = LadderParams()
    protective: ProtectiveParams = ProtectiveParams()
