"""Records a session as table columns: states, signals, decisions, orders and account value."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from nautilus_trader.common import DataActor
from nautilus_trader.model import OptionContract

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.candidate_rows import CandidateRows
from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.actors.row_buffer import Columns, RowBuffer, columns_of
from autotrade_0dte.actors.views import RECORDER_TURN, market_topic
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.walk_record import PACKAGE_TOPIC, PARENT_TOPIC, WALK_TOPIC
from autotrade_0dte.market_state.state import CHANNELS, Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.signal import FACTORS, RECORD_EVERY_NS, SIGNAL_TOPIC, Signal

__all__ = ["RunRecorder"]


_EQUITY_EVERY_NS = 60_000_000_000

# After the first three, the names of the first fields of ChainAnalytics, in their order.
_SCALARS = (
    "ts_event", "spot", "forward", "atm_iv", "atm_iv_change", "skew", "gex", "gex_flip",
    "liquidity", "spread_fraction", "implied_move", "variance_gauge", "usable",
)  # fmt: skip
_EVIDENCE = tuple(f"{channel}_{part}" for part in ("value", "score") for channel in CHANNELS)
_STATES = (*_SCALARS, "spot_time", "level", "supported", "since", "onset", *_EVIDENCE)
_READINGS = tuple(f"{factor}_{part}" for factor in FACTORS for part in ("value", "confidence"))
_SIGNALS = (
    "ts_event", "track", "direction", "score", "strength", "agreement", "onset", "valid_until",
    "priority", "refusal", "level", "spot", *_READINGS, "figures",
)  # fmt: skip
_EQUITY = ("ts_event", "cash", "position_value", "equity")
_DECISION_FIELDS = Decision.__struct_fields__[:10]
_DECISIONS = (
    *_DECISION_FIELDS, "figures", "level", "track", "direction", "strength", "score"
)  # fmt: skip


class RunRecorder:
    """Listens to all that is told in a session and keeps what a run folder needs of it.

    The engine moves the clock of each component at each event, so that what only keeps rows is
    none of its own: it listens through one that there is.

    Parameters
    ----------
    underlying : str
        Symbol of the underlying.
    contracts : sequence of OptionContract
        The chain in the order of the book's rows.
    execution : ExecutionRows
        Keeps how orders were worked.

    Attributes
    ----------
    execution : ExecutionRows
        As given.
    fill_quotes : dict
        What was quoted at each fill, by client order id and trade id.
    """

    def __init__(
        self, underlying: str, contracts: Sequence[OptionContract], execution: ExecutionRows
    ) -> None:
        self.execution = execution
        self._underlying = underlying
        self._row = {c.id: row for row, c in enumerate(contracts)}
        self._multiplier = {c.id: int(c.multiplier.as_double()) for c in contracts}
        self._next_equity_ns = 0
        self._decisions: list[tuple[Any, ...]] = []
        self._candidates = CandidateRows(contracts)
        self._chain: ChainSnapshot | None = None
        self._level = Level.CALM
        self._states = RowBuffer(
            _STATES,
            integers={"ts_event", "usable", "spot_time", "level", "supported", "since", "onset"},
            absent_at_zero={"spot_time", "since", "onset"},
        )
        self._signals = RowBuffer(
            _SIGNALS,
            integers={"ts_event", "direction", "onset", "valid_until", "priority", "level"},
            texts={"track", "refusal", "figures"},
            absent_at_zero={"onset", "valid_until"},
        )
        self._last_signal: dict[str, tuple[Signal, Level]] = {}
        self._equity: list[tuple[Any, ...]] = []
        self.fill_quotes: dict[tuple[str, str], FillQuote] = {}

    def listen(self, actor: DataActor) -> None:
        """Subscribe through a component of the engine, whose cache has the account."""
        self._cache: Any = actor.cache
        actor.subscribe_topic(DECISION_TOPIC, self._on_decision)
        actor.subscribe_topic(FILL_QUOTE_TOPIC, self._on_fill_quote)
        actor.subscribe_topic(PARENT_TOPIC, self._on_parent)
        actor.subscribe_topic(WALK_TOPIC, self._on_record)
        actor.subscribe_topic(PACKAGE_TOPIC, self._on_package)
        actor.subscribe_topic(market_topic(self._underlying), self._on_market, RECORDER_TURN)
        actor.subscribe_topic(SIGNAL_TOPIC, self._on_signal)

    def decisions(self) -> Columns:
        """Return the table of decisions."""
        return columns_of(_DECISIONS, self._decisions)

    def states(self) -> Columns:
        """Return the table of market states."""
        return self._states.columns()

    def signals(self) -> Columns:
        """Return the table of signals."""
        return self._signals.columns()

    def candidates(self) -> Columns:
        """Return the table of the contracts that were considered."""
        return self._candidates.columns()

    def equity(self) -> Columns:
        """Return the table of account values."""
        return columns_of(_EQUITY, self._equity)

    def mark(self, ts_event: int, cash: float, position_value: float) -> None:
        """Add a row of account value."""
        self._equity.append((ts_event, cash, position_value, cash + position_value))

    def began_with(self, ts_event: int, cash: float) -> None:
        """Put the account as it was before the first row, when it held only cash."""
        self._equity.insert(0, (ts_event, cash, 0.0, cash))

    def _on_decision(self, message: Any) -> None:
        decision: Decision = message
        signal = decision.signal
        of_signal: tuple[Any, ...] = "", 0, math.nan, math.nan
        if signal is not None:
            of_signal = signal.track, signal.direction, signal.strength, signal.score
            self._keep_signal(signal)
        figures = msgspec.json.encode(decision.figures).decode()
        head = msgspec.structs.astuple(decision)[: len(_DECISION_FIELDS)]
        self._decisions.append((*head, figures, int(decision.level), *of_signal))
        if decision.ranking is not None and self._chain is not None:
            self._candidates.add(decision, decision.ranking, self._chain)

    def _on_fill_quote(self, quote: Any) -> None:
        self.fill_quotes[quote.client_order_id, quote.trade_id] = quote

    def _on_parent(self, message: Any) -> None:
        self.execution.parent(message)

    def _on_record(self, message: Any) -> None:
        self.execution.record(message)

    def _on_package(self, message: Any) -> None:
        take = self.execution.parent if isinstance(message, ParentOrder) else self.execution.record
        take(message)

    def _on_signal(self, message: Any) -> None:
        signal: Signal = message
        if signal.track in self._last_signal:
            last, level = self._last_signal[signal.track]
            if (
                signal.direction == last.direction
                and signal.refusal is last.refusal
                and self._level is level
                and signal.ts_event - last.ts_event < RECORD_EVERY_NS
            ):
                return
        self._keep_signal(signal)

    def _keep_signal(self, signal: Signal) -> None:
        if signal.track in self._last_signal:
            last, _ = self._last_signal[signal.track]
            if last.ts_event == signal.ts_event:
                return
        self._last_signal[signal.track] = signal, self._level
        floats = [signal.score, signal.strength, signal.agreement]
        floats.append(math.nan if self._chain is None else self._chain.spot)
        for reading in signal.readings:
            floats += reading.value, reading.confidence
        self._signals.append(
            (
                signal.ts_event, signal.direction, signal.onset_ns, signal.valid_until_ns,
                signal.priority, self._level,
            ),
            floats,
            (signal.track, signal.refusal or "", msgspec.json.encode(signal.figures).decode()),
        )  # fmt: skip

    def _on_market(self, message: Any) -> None:
        view: MarketView = message
        chain, state = view.chain, view.state
        self._chain, self._level = chain, state.level
        self.execution.snapshot(chain)
        *scalars, usable = msgspec.structs.astuple(chain.analytics)[: len(_SCALARS) - 3]
        self._states.append(
            (
                chain.ts_event, usable, chain.tape.ts_event, state.level, state.supported,
                state.since_ns, state.onset_ns,
            ),
            (chain.spot, chain.forward, *scalars, *state.values, *state.scores),
        )  # fmt: skip
        if chain.ts_event >= self._next_equity_ns:
            self._next_equity_ns = chain.ts_event + _EQUITY_EVERY_NS
            self.mark(chain.ts_event, total_cash(self._cache), self._position_value(chain))

    def _position_value(self, chain: ChainSnapshot) -> float:
        """Mark options at mid and shares at spot; one without either makes it all unknown."""
        value = 0.0
        for position in self._cache.positions_open():
            name = position.instrument_id
            row = self._row.get(name)
            if row is not None:
                value += position.signed_qty * self._multiplier[name] * float(chain.mid[row])
            elif str(name.symbol) == self._underlying:
                value += position.signed_qty * chain.spot
            else:  # bought by hand, outside the chain
                return math.nan
        return value
