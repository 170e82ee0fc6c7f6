"""A strategy on the project's base that enters one given plan, for tests of the base."""

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.plan import TradePlan
from autotrade_strategies.base import TradeStrategy

NS = 1_000_000_000


class PlannedParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to buy on which date (dates as in the symbol) and the plan's limits, in seconds."""

    symbols: dict[str, str]
    quantity: int = 2
    at_s: int = 120
    entry_cap: float = 99.0
    target: float = 999.0
    stop: float = 0.0
    entry_for_s: int = 300
    hold_for_s: int = 100_000


class PlannedStrategy(TradeStrategy):
    Params = PlannedParams
    params: PlannedParams

    def decide(self, chain: ChainSnapshot) -> TradePlan | None:
        params = self.params
        date = self.session.instrument_ids[0].removeprefix(self.session.root)[:6]
        entry_ns = self.session.open_ns + params.at_s * NS
        if self.trades or date not in params.symbols or chain.ts_event < entry_ns:
            return None
        return TradePlan(
            plan_id="plan-1",
            instrument_id=f"{params.symbols[date]}.US",
            quantity=params.quantity,
            entry_cap=params.entry_cap,
            target=params.target,
            stop=params.stop,
            entry_deadline_ns=chain.ts_event + params.entry_for_s * NS,
            exit_deadline_ns=chain.ts_event + params.hold_for_s * NS,
            reason="PLANNED",
        )
