"""One backtest session in which each handler of the order desk is timed; a process of its own.

A strategy buys or sells two contracts every minute, with the tags that the library's strategies
give their orders. What the engine does with the desk's commands (submit, modify, cancel, deny)
stands beside the desk's own time; what comes of them while they are made is the desk's next event.
What the subscribers do with its log at once is its own, for the record belongs to it (its rows are
made at the next snapshot). Handlers are timed by the processor time of their thread, which other
processes do not stretch as they do the clock's.
"""

import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from nautilus_trader.model import InstrumentId, OrderSide, Price, Quantity, StrategyId, TimeInForce
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_desk import DESK_ID, OrderDesk
from autotrade_0dte.actors.order_tags import order_tags
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from benchmarks.bench_backtest import CONFIG, DATE

AS_IT_COMES, COLD = "as it comes", "cold"
"""The two ways to time: one event after another, or each with the processor's caches emptied."""

ALL = "all events"
"""Row of every event of the session: its mean is what the desk adds to an event."""

ORDER, NEXT_ORDER = "order", "order right after another"

_AT_WORK = ("none", "an order", "several orders")
_KINDS = {"_take_order": ORDER, "_take_event": "answer", "on_position": "position"}
"""What the desk takes through its gate, by the method that does."""

_COLD_EVENTS = 300
"""Of each kind: to empty the caches takes a thousand times as long as most events."""

_CACHES = np.ones(2_000_000)
"""16 MB, several times what a core has to itself."""

_MANY = 1_000_000
_NS_PER_US = 1_000
_PAUSE_NS = 60_000_000_000


class Trader(Strategy):
    """Buys two contracts near the money, sells what it has a minute later, and begins again.

    It keeps the newest view, as the library's strategies do. Without one that does, the desk would
    be the last to hold a snapshot, and to free its arrays would count as the desk's.
    """

    class Params(msgspec.Struct):
        """None."""

    def __new__(cls, *_args: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        config = StrategyConfig(strategy_id=StrategyId("Trader-001"))
        return super().__new__(cls, config)  # type: ignore[call-arg]

    def __init__(self, session: Any, *_args: Any) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Trader-001")))
        self._session = session
        self._due_ns = 0
        self._view: Any = None

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view)

    def _on_view(self, view: Any) -> None:
        self._view = view
        chain = view.chain
        now_ns = chain.ts_event
        if now_ns < self._due_ns or now_ns > self._session.flatten_ns:
            return
        self._due_ns = now_ns + _PAUSE_NS
        held = [position.instrument_id for position in self.cache.positions_open()]
        if held:
            for option in held:
                self._send(option, Side.SELL, now_ns)
            return
        off = np.where(chain.usable() & chain.is_call, np.abs(chain.delta - 0.5), math.inf)
        for row in np.argsort(off)[:2].tolist():
            option = InstrumentId.from_str(self._session.instrument_ids[row])
            self._send(option, Side.BUY, now_ns)

    def _send(self, option: InstrumentId, side: Side, now_ns: int) -> None:
        quote = self.cache.quote(option)
        if quote is None:
            return
        is_buy = side is Side.BUY
        parent = ParentOrder(
            parent_id="",
            plan_id="P1",
            strategy="Trader-001",
            instrument_id=str(option),
            side=side,
            quantity=1,
            cap=quote.ask_price.as_double() if is_buy else quote.bid_price.as_double() / 2,
            purpose=Purpose.ENTRY if is_buy else Purpose.EXIT,
            urgency=Urgency.NORMAL,
            level=Level.CALM,
            reason="BENCHMARK",
            decided_ns=now_ns,
            deadline_ns=now_ns + _PAUSE_NS // 2,
        )
        order = self.order_factory.limit(
            option,
            OrderSide.BUY if is_buy else OrderSide.SELL,
            Quantity.from_int(parent.quantity),
            Price(parent.cap, 2),
            time_in_force=TimeInForce.DAY,
            exec_algorithm_id=DESK_ID,
            tags=order_tags(parent),
        )
        self.submit_order(order)


class _Stopwatch:
    """Times by kind of event, ns: the desk's own, and that of the engine with its commands.

    What is handled within another event, and a command of the engine, is not of the event's own.
    """

    def __init__(self, *, is_cold: bool) -> None:
        self.times: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._is_cold = is_cold
        self._beside_ns = self._engine_ns = self._depth = 0

    def event(self, kind: str, handler: Callable[..., None], *arguments: Any) -> None:
        # Within an event nothing is cold: the caches of the one around it are not emptied.
        is_noted = not self._is_cold
        if self._is_cold and self._depth == 0 and len(self.times[kind]) < _COLD_EVENTS:
            np.add(_CACHES, 1.0, out=_CACHES)
            is_noted = True
        beside_ns, engine_ns = self._beside_ns, self._engine_ns
        self._beside_ns = self._engine_ns = 0
        self._depth += 1
        started = time.thread_time_ns()
        handler(*arguments)
        spent_ns = time.thread_time_ns() - started
        self._depth -= 1
        if is_noted:
            self.times[kind].append((spent_ns - self._beside_ns, self._engine_ns))
        self._beside_ns, self._engine_ns = beside_ns + spent_ns, engine_ns

    def command(self, send: Callable[..., None], *arguments: Any) -> None:
        started = time.thread_time_ns()
        try:
            send(*arguments)
        finally:
            spent_ns = time.thread_time_ns() - started
            self._beside_ns += spent_ns
            self._engine_ns += spent_ns


class TimedDesk(OrderDesk):
    """Notes how long it has each event, and the engine its commands."""

    def __init__(self, watch: _Stopwatch, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch = watch
        self._gate = _TimedGate(watch)

    def _on_view(self, view: Any) -> None:
        at_work = min(len(self._moves.working), len(_AT_WORK) - 1)
        self._watch.event(f"view, {_AT_WORK[at_work]} at work", super()._on_view, view)

    def _on_picture(self, picture: Any) -> None:
        self._watch.event("risk picture", super()._on_picture, picture)

    def _on_timer(self, event: Any) -> None:
        self._watch.event("timer", super()._on_timer, event)


class _TimedGate(EventGate):
    """Times what the desk takes through its gate, and the engine's commands."""

    __slots__ = ("_ordered_ns", "_watch")

    def __init__(self, watch: _Stopwatch) -> None:
        super().__init__()
        self._watch = watch
        self._ordered_ns = 0

    def command(self, send: Callable[..., None], *arguments: Any) -> None:
        super().command(self._watch.command, send, *arguments)

    def receive(self, take: Callable[[Any], None], item: Any) -> None:
        kind = _KINDS.get(take.__name__, "risk change")
        if kind == ORDER:
            kind = NEXT_ORDER if item.ts_init == self._ordered_ns else ORDER
            self._ordered_ns = item.ts_init
        if self._commanding:  # it is taken after the command
            super().receive(partial(self._watch.event, kind, take), item)
        else:
            self._watch.event(kind, super().receive, take, item)


def measure(folder: Path, way: str) -> dict[str, dict[str, float]]:
    """Run the session of a catalog in this process; return events and microseconds by kind."""
    from autotrade_0dte.calendar import session
    from autotrade_0dte.config import AccountParams, StrategySpec, load_config
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.nodes import backtest, components
    from autotrade_0dte.warm import main as warm

    warm()
    watch = _Stopwatch(is_cold=way == COLD)
    components.OrderDesk = partial(TimedDesk, watch)  # type: ignore[assignment, misc]
    replace, config = msgspec.structs.replace, load_config(CONFIG)
    limits = config.risk.limits
    portfolio = replace(limits.portfolio, max_entries=_MANY, max_losses_in_row=_MANY)
    config = replace(
        config,
        regular=StrategySpec("benchmarks.desk_session:Trader"),
        anomaly=None,
        # So much money that no loss halts it, and no end to entries: every order is to be sent.
        account=AccountParams(starting_cash=1e6),
        risk=replace(config.risk, limits=replace(limits, portfolio=portfolio)),
    )
    entry = Catalog(folder).session("SPY", DATE)
    with tempfile.TemporaryDirectory() as out:
        job = backtest.SessionJob("bench", config, folder, entry, session(DATE), Path(out))
        backtest.run_session(job, lambda _: None)
    by_kind = dict(sorted(watch.times.items()))
    if way == AS_IT_COMES:
        by_kind[ALL] = [event for events in by_kind.values() for event in events]
    return {kind: _figures(events) for kind, events in by_kind.items()}


def _figures(events: list[tuple[int, int]]) -> dict[str, float]:
    """Return the desk's own times; of events with commands, how many and the engine's median."""
    own = sorted(own_ns for own_ns, _ in events)
    engine = [engine_ns for _, engine_ns in events if engine_ns]
    return {
        "events": len(own),
        "mean": round(statistics.fmean(own) / _NS_PER_US, 2),
        "median": round(own[len(own) // 2] / _NS_PER_US, 2),
        "p99": round(own[len(own) * 99 // 100] / _NS_PER_US, 2),
        "commands": len(engine),
        "engine": round(statistics.median(engine) / _NS_PER_US, 2) if engine else 0.0,
    }


def main() -> None:
    """Measure the session of the folder of the first argument in the way of the second."""
    figures = measure(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.flush()
    os.write(1, (json.dumps(figures) + "\n").encode())


if __name__ == "__main__":
    main()
