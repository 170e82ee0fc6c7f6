"""What the order desk costs: its fair values alone, and each of its handlers in a backtest.

The backtest is one session of 200 contracts in which a strategy buys or sells a contract every
minute. What the engine does with a command of the desk is not the desk's time; what the subscribers
do with its log at once is, for the record belongs to it (its rows are made at the next snapshot).
Handlers are timed by the processor time of their thread, which other processes do not stretch as
they do the clock's. An order comes once in a minute of market time, between thousands of quotes, so
that nothing it needs is in the processor's caches: that, not the work, is most of its time.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from nautilus_trader.model import InstrumentId, OrderSide, Price, Quantity, StrategyId, TimeInForce
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_desk import DESK_ID, OrderDesk
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.execution.fair_value import FairValues
from autotrade_0dte.execution.fair_value import warm as warm_fair_value
from benchmarks.bench_backtest import CONFIG, DATE
from benchmarks.bench_chain import NOW_NS, median_us, quoted_book

CONTRACTS = 200
ALL = "all events"
"""Row of every event of the session: its mean is what the desk adds to an event."""

_NS_PER_US = 1_000
_PAUSE_NS = 60_000_000_000


class Trader(Strategy):
    """Buys a contract at the money, sells it a minute later, and begins again."""

    class Params(msgspec.Struct):
        """None."""

    def __new__(cls, *_args: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        config = StrategyConfig(strategy_id=StrategyId("Trader-001"))
        return super().__new__(cls, config)  # type: ignore[call-arg]

    def __init__(self, session: Any, *_args: Any) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Trader-001")))
        self._session = session
        self._option: InstrumentId | None = None
        self._due_ns = 0

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view)

    def _on_view(self, view: Any) -> None:
        chain = view.chain
        held = self.cache.positions_open()
        if chain.ts_event < self._due_ns or chain.ts_event > self._session.flatten_ns:
            return
        if not held:
            off = np.where(chain.usable() & chain.is_call, np.abs(chain.delta - 0.5), math.inf)
            self._option = InstrumentId.from_str(self._session.instrument_ids[int(np.argmin(off))])
        quote = None if self._option is None else self.cache.quote(self._option)
        if quote is None:
            return
        self._due_ns = chain.ts_event + _PAUSE_NS
        cap = quote.bid_price.as_double() / 2 if held else quote.ask_price.as_double()
        order = self.order_factory.limit(
            self._option,
            OrderSide.SELL if held else OrderSide.BUY,
            Quantity.from_int(1),
            Price(cap, 2),
            time_in_force=TimeInForce.DAY,
            exec_algorithm_id=DESK_ID,
            tags=[f"deadline={chain.ts_event + _PAUSE_NS // 2}"],
        )
        self.submit_order(order)


class TimedDesk(OrderDesk):
    """Notes how long each handler takes, without what the engine does with its commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.times: defaultdict[str, list[int]] = defaultdict(list)
        self._in_engine_ns = 0
        self._gate = _TimedGate(self._was_in_engine)

    def on_order(self, order: Any) -> None:
        self._timed("order", super().on_order, order)

    def on_order_event(self, event: Any) -> None:
        self._timed("answer", super().on_order_event, event)

    def _on_view(self, view: Any) -> None:
        kind = "view, an order at work" if self._working else "view, none at work"
        self._timed(kind, super()._on_view, view)

    def on_position_event(self, event: Any) -> None:
        self._timed("position", super().on_position_event, event)

    def _on_picture(self, picture: Any) -> None:
        self._timed("risk picture", super()._on_picture, picture)

    def _on_timer(self, event: Any) -> None:
        self._timed("timer", super()._on_timer, event)

    def _was_in_engine(self, spent_ns: int) -> None:
        self._in_engine_ns += spent_ns

    def _timed(self, kind: str, handler: Callable[[Any], None], argument: Any) -> None:
        before_ns, started = self._in_engine_ns, time.thread_time_ns()
        handler(argument)
        spent_ns = time.thread_time_ns() - started
        self.times[kind].append(spent_ns - (self._in_engine_ns - before_ns))


class _TimedGate(EventGate):
    """Tells how long the engine had each command."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._tell = tell

    def command(self, send: Callable[..., None], *arguments: Any) -> None:
        def timed() -> None:
            started = time.thread_time_ns()
            try:
                send(*arguments)
            finally:
                self._tell(time.thread_time_ns() - started)

        super().command(timed)


def run() -> dict[str, Any]:
    """Return microseconds of the fair values, and of the desk by what it handles."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        command = [sys.executable, "-m", "benchmarks.bench_desk", folder]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    handlers = json.loads(told.stdout.splitlines()[-1])
    return {"fair_values": fair_value_us(), "handlers_us": handlers}


def fair_value_us(rounds: int = 2_000) -> dict[str, float]:
    """Return what a fair value costs: `row_us` on a new chain, `at_us` at a new spot."""
    warm_fair_value()
    chain = quoted_book(CONTRACTS, 2.0).snapshot(NOW_NS, 600.0)
    row = CONTRACTS // 2
    found = {"row_us": median_us(lambda: FairValues(chain).at(row, 600.1), rounds)}
    fair = FairValues(chain)
    found["at_us"] = median_us(lambda: [fair.at(row, 600.1) for row in range(CONTRACTS)], rounds)
    found["at_us"] /= CONTRACTS
    return {name: round(us, 3) for name, us in found.items()}


def generate(folder: Path) -> None:
    """Write one synthetic session of 200 contracts, quoted every five seconds."""
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.synthetic.generate import SyntheticParams
    from autotrade_0dte.data.synthetic.generate import generate as write

    params = msgspec.convert({"quotes": {"strikes": CONTRACTS // 2}}, SyntheticParams)
    write(Catalog(folder), params, sessions=1, seed=1, last=DATE)


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Run the session in this process; return events and microseconds by handler."""
    from autotrade_0dte.calendar import session
    from autotrade_0dte.config import AccountParams, StrategySpec, load_config
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.nodes import backtest, components
    from autotrade_0dte.warm import main as warm

    warm()
    desks: list[TimedDesk] = []

    def timed(*args: Any, **kwargs: Any) -> TimedDesk:
        desks.append(TimedDesk(*args, **kwargs))
        return desks[-1]

    components.OrderDesk = timed  # type: ignore[assignment, misc]
    config = msgspec.structs.replace(
        load_config(CONFIG),
        regular=StrategySpec("benchmarks.bench_desk:Trader"),
        anomaly=None,
        account=AccountParams(starting_cash=1e6),  # so much that no loss halts it
    )
    entry = Catalog(folder).session("SPY", DATE)
    with tempfile.TemporaryDirectory() as out:
        job = backtest.SessionJob("bench", config, folder, entry, session(DATE), Path(out))
        backtest.run_session(job, lambda _: None)
    by_kind = dict(sorted(desks[0].times.items()))
    by_kind[ALL] = [time_ns for times in by_kind.values() for time_ns in times]
    return {kind: _figures(times) for kind, times in by_kind.items()}


def _figures(times_ns: list[int]) -> dict[str, float]:
    ordered = sorted(times_ns)
    return {
        "events": len(ordered),
        "mean": round(statistics.fmean(ordered) / _NS_PER_US, 2),
        "median": round(ordered[len(ordered) // 2] / _NS_PER_US, 2),
        "p99": round(ordered[len(ordered) * 99 // 100] / _NS_PER_US, 2),
    }


def main() -> None:
    """Measure the handlers in this process, or everything."""
    if len(sys.argv) == 2:
        figures = measure(Path(sys.argv[1]))
        sys.stdout.flush()
        os.write(1, (json.dumps(figures) + "\n").encode())
        return
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
