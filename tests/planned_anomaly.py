"""The planned strategy on the anomaly track, for tests of both tracks in one engine."""

import msgspec
from planned_strategy import PlannedStrategy

from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView


class PlannedAnomaly(PlannedStrategy):
    """Buys the put or call it was told to, in the direction of its right."""

    def decide(self, view: MarketView) -> TradePlan | None:
        plan = super().decide(view)
        if plan is None:
            return None
        direction = 1 if plan.instrument_id.endswith("C00610000.US") else -1
        return msgspec.structs.replace(plan, direction=direction)
