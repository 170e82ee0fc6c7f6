"""A strategy on the project's base that enters what it is told to, one plan after the other.

It reads a line of JSON for each plan from stdin (see `Told`), and prints a line when it is over.
"""

import contextlib
import math
import os
import sys
from enum import StrEnum

import msgspec
import numpy as np
from nautilus_trader.common import TimeEvent
from planned_strategy import HELD

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.base import TradeStrategy
from autotrade_strategies.quotes import tick_above

__all__ = ["READY", "Told", "ToldParams", "ToldStrategy", "over_line"]

READY = "ready for plans"
"""What is printed when the first price of the underlying is known."""

_IN_THE_MONEY, _WIDTH = 1 / 150, 1 / 300
"""Of the underlying: such a call is quoted five ticks wide, so that there is something to walk
through; and how much further out the leg lies that is sold against it."""
_SLACK = 0.05
_CONTRACTS = 3
_MOST_BYTES = 65_536
_NS = 1_000_000_000
_LOOK_NS = 100_000_000


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plan: its name, and how long after its decision it is closed, seconds.

    `cap_place` is where in the spread its cap lies, 0 at the bid, 1 at the ask and some cents more;
    `walks` has its orders walk instead of cross; `is_vertical` sells a call further out against it.
    """

    name: str
    hold_s: float = 0.6
    timeout_s: int = 4
    cap_place: float = 1.0
    walks: bool = False
    is_vertical: bool = False


class ToldParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`looks_again` at the newest view while none comes, as long as the books of one are apart."""

    looks_again: bool = False


def over_line(name: str) -> str:
    """Return what is printed when the plan of this name is over."""
    return f"plan {name} is over"


class ToldStrategy(TradeStrategy):
    """Buys calls in the money, holds each for a while, and asks for nothing else."""

    Params = ToldParams
    params: ToldParams

    def __init__(self, session: TradingSession, params: ToldParams, allotment: Allotment) -> None:
        super().__init__(session, params, allotment)
        self._told: Told | None = None
        self._is_ready = False
        self._unread = b""

    @property
    def urgency(self) -> Urgency:
        walks = self._told is None or self._told.walks
        return Urgency.NORMAL if walks else Urgency.URGENT

    def on_start(self) -> None:
        super().on_start()
        os.set_blocking(sys.stdin.fileno(), False)
        if self.params.looks_again:
            self.clock.set_timer_ns("look-again", _LOOK_NS, callback=self._on_look)

    def decide(self, view: MarketView) -> TradePlan | None:
        """Say that the plan before is over, and enter the next one that was told."""
        if self._told is not None:
            print(over_line(self._told.name), flush=True)
        if not self._is_ready and not math.isnan(view.chain.spot):
            self._is_ready = True
            print(READY, flush=True)
        self._told = self._next() if self._is_ready else None
        return None if self._told is None else self._plan(self._told, view.chain)

    def wants_out(self, view: MarketView, managed: ManagedPlan) -> StrEnum | None:
        told = self._told
        is_due = told is not None and _age_s(view, managed) >= told.hold_s
        return ExitReason.TIME_STOP if is_due and managed.held else None

    def _on_look(self, event: TimeEvent) -> None:
        view = self.view
        if view is not None and event.ts_event - view.chain.ts_event >= _LOOK_NS:
            chain = msgspec.structs.replace(view.chain, ts_event=event.ts_event)
            self._on_view(msgspec.structs.replace(view, chain=chain))

    def _next(self) -> Told | None:
        with contextlib.suppress(BlockingIOError):  # nothing new
            self._unread += os.read(sys.stdin.fileno(), _MOST_BYTES)
        line, end, rest = self._unread.partition(b"\n")
        if not end:
            return None
        self._unread = rest
        return msgspec.json.decode(line, type=Told)

    def _plan(self, told: Told, chain: ChainSnapshot) -> TradePlan:
        names = self.session.instrument_ids
        row = _call(chain, chain.spot * (1 - _IN_THE_MONEY))
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        cap = round(bid + told.cap_place * (ask - bid) - 1e-9, 2)
        if told.cap_place >= 1.0:
            cap = tick_above(ask + _SLACK, names[row])
        short, net_cap = None, math.nan
        if told.is_vertical:
            short = _call(chain, float(chain.strike[row]) + chain.spot * _WIDTH)
            net_cap = round(cap - float(chain.bid[short]) + _SLACK, 2)
        return TradePlan(
            plan_id=told.name,
            direction=1,
            instrument_id=names[row],
            quantity=_CONTRACTS,
            entry_cap=cap,
            decided_ns=chain.ts_event,
            worst_loss_usd=0.0,
            exits=msgspec.structs.replace(HELD, entry_timeout_s=told.timeout_s, leg_timeout_s=1),
            reason="TOLD",
            short_instrument_id=None if short is None else names[short],
            net_cap=net_cap,
        )


def _age_s(view: MarketView, managed: ManagedPlan) -> float:
    return (view.chain.ts_event - managed.plan.decided_ns) / _NS


def _call(chain: ChainSnapshot, strike: float) -> int:
    """Return the row of the call nearest to a strike."""
    return int(np.argmin(np.where(chain.is_call, np.abs(chain.strike - strike), np.inf)))
