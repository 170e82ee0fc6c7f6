"""What the measured node has that others have not: its strategy and its connection."""

import os
import signal
import time
from typing import Any, ClassVar, Self

import msgspec
from nautilus_trader.model import (
    InstrumentId,
    OrderDenied,
    OrderFilled,
    OrderSide,
    Price,
    Quantity,
    QuoteTick,
    StrategyId,
    TimeInForce,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession
from benchmarks.tiger_process import ORDER_EVERY_MS, answer_in_thread, cpu_s
from benchmarks.tiger_server import number_of
from tiger_nt.budget import CallBudget, Priority
from tiger_nt.config import TigerConfig
from tiger_nt.connection import TigerConnection
from tiger_nt.marks import user_mark
from tiger_nt.rest import TigerRest

_LAST_FILL_S = 0.3
_SLACK = 0.1
"""Above the ask, within the collar of the risk gate."""
_AT_ONCE = ["purpose=emergency"]
"""The desk holds no such order back: the times are those of the way, not of its rules."""


class Stopwatch(Strategy):
    """Notes when quotes and fills come in; on command it buys and sells a contract in turn."""

    class Params(msgspec.Struct):
        """None."""

    def __new__(cls, *_args: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        config = StrategyConfig(strategy_id=StrategyId("Stopwatch-001"))
        return super().__new__(cls, config)  # type: ignore[call-arg]

    def __init__(self, session: TradingSession, *_args: Any) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Stopwatch-001")))
        options = [InstrumentId.from_str(name) for name in session.instrument_ids]
        self._option = options[len(options) // 2]
        self._watched = [*options, InstrumentId.from_str(f"{session.underlying}.US")]
        self._is_trading = False
        self._is_waiting = False
        self._spent_s = 0.0
        self._before: dict[str, int] = {}
        self._readings = 0
        self._received: list[tuple[int, QuoteTick]] = []
        self._decided: list[tuple[str, int]] = []
        self._filled: list[tuple[str, int]] = []

    def on_start(self) -> None:
        for instrument_id in self._watched:
            self.subscribe_quotes(instrument_id)
        self.clock.set_timer_ns("orders", ORDER_EVERY_MS * 1_000_000, callback=self._on_timer)
        answer_in_thread(self._answer, lambda: os.kill(os.getpid(), signal.SIGTERM))
        print("{}", flush=True)

    def on_quote(self, quote: QuoteTick) -> None:
        self._received.append((time.time_ns(), quote))

    def on_order_filled(self, event: OrderFilled) -> None:
        self._filled.append((event.trade_id.value, time.time_ns()))
        self._is_waiting = False

    def on_order_denied(self, event: OrderDenied) -> None:
        """Try again: until the chain is known the risk gate lets nothing be opened."""
        mark = user_mark(event.client_order_id.value)
        self._decided = [decided for decided in self._decided if decided[0] != mark]
        self._is_waiting = False

    def _on_timer(self, _event: object) -> None:
        quote = self.cache.quote(self._option)
        is_sale = bool(self.cache.positions_open(instrument_id=self._option))
        # What was bought is sold even at the end.
        if not (self._is_trading or is_sale) or self._is_waiting or quote is None:
            return
        self._is_waiting = True
        decided_ns = time.time_ns()
        price = quote.bid_price.as_double() / 2 if is_sale else quote.ask_price.as_double() + _SLACK
        order = self.order_factory.limit(
            self._option,
            OrderSide.SELL if is_sale else OrderSide.BUY,
            Quantity.from_int(1),
            Price(price, 2),
            time_in_force=TimeInForce.DAY,
            exec_algorithm_id=DESK_ID,
            tags=_AT_ONCE,
        )
        self._decided.append((user_mark(order.client_order_id.value), decided_ns))
        self.submit_order(order)

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what the parent says, in a thread of its own."""
        if command["do"] == "begin":
            self._received.clear()
            self._decided.clear()
            self._filled.clear()
            self._is_trading = command["trade"]
            self._before = _push_counts()
            self._readings = _readings()
            self._spent_s = cpu_s()
            return {}
        used_s = cpu_s() - self._spent_s
        self._is_trading = False
        time.sleep(_LAST_FILL_S)
        counts = _push_counts()
        frames = [
            (number_of(quote.bid_size.as_double(), quote.ask_size.as_double()), at_ns)
            for at_ns, quote in self._received
        ]
        return {
            "cpu_s": used_s,
            "received": frames,
            "counts": {name: counts[name] - was for name, was in self._before.items()},
            "decided": self._decided,
            "filled": self._filled,
            "readings": _readings() - self._readings,
        }


class UnpacedBudget(CallBudget):
    """Counts calls as ever, and lets every one go at once."""

    def take(self, method: str, priority: Priority, now_s: float) -> float:
        """Count a call."""
        super().take(method, priority, now_s)
        return 0.0


class Connection(TigerConnection):
    """The node's own connection, which it keeps to itself."""

    made: ClassVar[list[TigerConnection]] = []

    def __init__(self, config: TigerConfig) -> None:
        super().__init__(config)
        self.rest = TigerRest(config, UnpacedBudget(is_paper=config.credentials.is_paper))
        Connection.made.append(self)


def _push_counts() -> dict[str, int]:
    found = msgspec.to_builtins(Connection.made[0].push.counters)
    return {name: found[name] for name in ("frames", "delivered", "conflated", "malformed")}


def _readings() -> int:
    """Return how often Tiger was asked for the orders at work, as each comparison begins."""
    asked = Connection.made[0].rest.timings().get("active_orders")
    return 0 if asked is None else asked.count
