"""The regular strategy with a cap above the ask and no price exits.

Its decisions hang on the market alone, not on how fast an order was filled: what a live run decides
can be compared with its backtest however the fills differ.
"""

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.plan import TradePlan
from autotrade_strategies.regular import RegularStrategy

_SLACK = 0.15


class EagerStrategy(RegularStrategy):
    """Pays up to 15 cents above the ask and holds to its time stop."""

    def _plan(self, chain: ChainSnapshot, row: int) -> TradePlan | None:
        plan = super()._plan(chain, row)
        if plan is None:
            return None
        cap = round(plan.entry_cap + _SLACK, 2)
        exits = msgspec.structs.replace(
            plan.exits, profit_fraction=1_000, loss_fraction=1, theta_burn_fraction=1_000
        )
        return msgspec.structs.replace(plan, entry_cap=cap, exits=exits)
