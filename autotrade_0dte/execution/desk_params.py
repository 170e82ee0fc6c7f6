"""All that the order desk's policy is set by."""

import msgspec

from autotrade_0dte.execution.call_budget import CallBudgetParams
from autotrade_0dte.execution.quality import QualityParams
from autotrade_0dte.execution.remainder import RemainderParams
from autotrade_0dte.execution.routing import RouteParams
from autotrade_0dte.execution.vetoes import VetoParams
from autotrade_0dte.execution.walk_params import WalkParams

__all__ = ["DeskParams"]


class DeskParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How orders are worked.

    Parameters
    ----------
    walk : WalkParams
        Schedule and patience.
    route : RouteParams
        Which way an order is worked.
    vetoes : VetoParams
        What forbids sending or stepping one.
    budget : CallBudgetParams
        Calls to the venue.
    remainder : RemainderParams
        What is done with the rest of a partly filled order.
    quality : QualityParams
        When execution is so poor that the desk is tightened.
    """

    walk: WalkParams = WalkParams()
    route: RouteParams = RouteParams()
    vetoes: VetoParams = VetoParams()
    budget: CallBudgetParams = CallBudgetParams()
    remainder: RemainderParams = RemainderParams()
    quality: QualityParams = QualityParams()
