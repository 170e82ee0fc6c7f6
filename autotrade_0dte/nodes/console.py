"""What the operator of a running node sees: its decisions, fills, and how the market stands."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from rich.markup import escape

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.chain import chain_topic
from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC
from autotrade_0dte.instruments import VENUE

__all__ = ["ConsoleReporter"]

_TIMER = "console"
_NS = 1_000_000_000


class ConsoleReporter(DataActor):
    """Says each decision as it is made, and a line on market and account every `every_s`.

    `say` takes lines with rich markup and must not block: it is called amid the trading.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, underlying: str, say: Callable[[str], None], every_s: float) -> None:
        super().__init__()
        self._underlying = underlying
        self._say = say
        self._every_s = every_s
        self._chain: ChainSnapshot | None = None

    def on_start(self) -> None:
        self.subscribe_topic(DECISION_TOPIC, self._on_decision)
        self.subscribe_topic(chain_topic(self._underlying), self._on_chain)
        self.clock.set_timer(_TIMER, dt.timedelta(seconds=self._every_s), callback=self._on_timer)

    def _on_chain(self, chain: Any) -> None:
        self._chain = chain

    def _on_decision(self, decision: Any) -> None:
        at = _time(decision.ts_event)
        price = "market" if decision.price != decision.price else f"{decision.price:.2f}"
        self._say(
            f"[bold]{at}  {escape(decision.kind)}[/] {escape(decision.side)} {decision.quantity} "
            f"{escape(decision.instrument_id)} at {price}, {escape(decision.reason)}"
        )

    def _on_timer(self, event: TimeEvent) -> None:
        held = ", ".join(
            f"{position.signed_qty:+.0f} {position.instrument_id.symbol}"
            for position in self.cache.positions_open()
        )
        account = self.cache.account_for_venue(VENUE)
        cash = "unknown" if account is None else f"{total_cash(self.cache):,.2f}"
        self._say(
            f"{_time(event.ts_event)}  {escape(self._market())}, cash {cash}, "
            f"{escape(held) or 'flat'}"
        )

    def _market(self) -> str:
        chain = self._chain
        if chain is None:
            return f"{self._underlying} no chain yet"
        return f"{self._underlying} {chain.spot:,.2f}, {chain.analytics.usable} quotes usable"


def _time(ts_event: int) -> str:
    return f"{dt.datetime.fromtimestamp(ts_event / _NS, NEW_YORK):%H:%M:%S}"
