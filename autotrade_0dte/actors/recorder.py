"""Records a session: decisions, chain states, account value, orders and fills, as table columns."""

import math
from collections.abc import Sequence
from typing import Any, Self

import msgspec
from nautilus_trader.common import DataActor
from nautilus_trader.model import OptionContract

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.chain import chain_topic
from autotrade_0dte.actors.order_tables import Columns, columns_of
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote

__all__ = ["RunRecorder"]


_EQUITY_EVERY_NS = 60_000_000_000

# After the first three, the names of the first fields of ChainAnalytics, in their order.
_STATES = (
    "ts_event", "spot", "forward", "atm_iv", "atm_iv_change", "skew", "gex", "gex_flip",
    "liquidity", "spread_fraction", "implied_move", "variance_gauge", "usable",
)  # fmt: skip
_EQUITY = ("ts_event", "cash", "position_value", "equity")
_DECISIONS = Decision.__struct_fields__[:11]


class RunRecorder(DataActor):
    """Listens to decisions and chain snapshots and keeps what a run folder needs of them."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, underlying: str, contracts: Sequence[OptionContract]) -> None:
        super().__init__()
        self._underlying = underlying
        self._row = {c.id: row for row, c in enumerate(contracts)}
        self._multiplier = {c.id: int(c.multiplier.as_double()) for c in contracts}
        self._next_equity_ns = 0
        self._decisions: list[tuple[Any, ...]] = []
        self._states: list[tuple[Any, ...]] = []
        self._equity: list[tuple[Any, ...]] = []
        self.fill_quotes: dict[tuple[str, str], FillQuote] = {}

    def on_start(self) -> None:
        self.subscribe_topic(DECISION_TOPIC, self._on_decision)
        self.subscribe_topic(FILL_QUOTE_TOPIC, self._on_fill_quote)
        self.subscribe_topic(chain_topic(self._underlying), self._on_chain)

    def decisions(self) -> Columns:
        """Return the table of decisions."""
        return columns_of(_DECISIONS, self._decisions)

    def states(self) -> Columns:
        """Return the table of chain states."""
        return columns_of(_STATES, self._states)

    def equity(self) -> Columns:
        """Return the table of account values."""
        return columns_of(_EQUITY, self._equity)

    def mark(self, ts_event: int, position_value: float) -> None:
        """Add a row of account value."""
        cash = total_cash(self.cache)
        self._equity.append((ts_event, cash, position_value, cash + position_value))

    def began_with(self, ts_event: int, cash: float) -> None:
        """Put the account as it was before the first row, when it held only cash."""
        self._equity.insert(0, (ts_event, cash, 0.0, cash))

    def _on_decision(self, decision: Any) -> None:
        *head, figures = msgspec.structs.astuple(decision)[: len(_DECISIONS)]
        self._decisions.append((*head, msgspec.json.encode(figures).decode()))

    def _on_fill_quote(self, quote: Any) -> None:
        self.fill_quotes[quote.client_order_id, quote.trade_id] = quote

    def _on_chain(self, message: Any) -> None:
        chain: ChainSnapshot = message
        analytics = msgspec.structs.astuple(chain.analytics)[: len(_STATES) - 3]
        self._states.append((chain.ts_event, chain.spot, chain.forward, *analytics))
        if chain.ts_event >= self._next_equity_ns:
            self._next_equity_ns = chain.ts_event + _EQUITY_EVERY_NS
            self.mark(chain.ts_event, self._position_value(chain))

    def _position_value(self, chain: ChainSnapshot) -> float:
        """Mark options at mid and shares at spot; one without either makes it all unknown."""
        value = 0.0
        for position in self.cache.positions_open():
            name = position.instrument_id
            row = self._row.get(name)
            if row is not None:
                value += position.signed_qty * self._multiplier[name] * float(chain.mid[row])
            elif str(name.symbol) == self._underlying:
                value += position.signed_qty * chain.spot
            else:  # bought by hand, outside the chain
                return math.nan
        return value
