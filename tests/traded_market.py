"""A market to show to a strategy snapshot by snapshot, without an engine."""

import datetime as dt
from typing import Any

import msgspec
from quoted_chain import EXPIRY_NS, QuotedChain

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.snapshot import Tape
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.market_state.view import MarketView

NS = 1_000_000_000
OPEN_NS = EXPIRY_NS - 23_400 * NS
ONE_PM_S = 12_600

_UP = {
    "ema_gap": 6e-4,
    "momentum": 6e-4,
    "slope": 6e-4,
    "acceleration": 6e-4,
    "vwap_distance": 3e-3,
}
_KNOWN = {"bars_since_cross": 4.0, "volume_burst": 3.0}
_KNOWN |= {"realized_long": 0.15, "realized_ratio": 1.0}
_SPREAD = {"spread_quality": 0.03}  # the chain's own jumps with the strikes near the money


class TradedMarket:
    """SPY options at Black prices around 600 on their last day; times are seconds after the open.

    The indicators point up (`way` 1), down (-1) or nowhere (0), all of them.
    """

    def __init__(self, *, half_spread: float = 0.01, size: float = 20.0) -> None:
        strikes = range(590, 611)
        self.chain = QuotedChain(
            strikes, 0.20, half_spread=half_spread, size=size, open_interest=[500.0] * 42
        )
        self.session = TradingSession(
            root="SPY",
            underlying="SPY",
            instrument_ids=tuple(
                f"{strike:g}{'C' if is_call else 'P'}.US"
                for strike, is_call in zip(self.chain.strike, self.chain.is_call, strict=True)
            ),
            multiplier=100,
            open_ns=OPEN_NS,
            close_ns=EXPIRY_NS,
            expiry_ns=EXPIRY_NS,
            flatten_ns=None,
            exercise_test_ns=None,
            can_short_shares=False,
            fees=fee_schedule(Entity.STANDARD, dt.date(2026, 7, 17)),
        )

    def view(
        self,
        at_s: float = ONE_PM_S,
        *,
        way: int = 0,
        spot: float = 600.0,
        level: Level = Level.CALM,
        before: Level | None = None,
        onset_s: float | None = None,
        print_s: float | None = None,
        **figures: Any,
    ) -> MarketView:
        """Return the view of one snapshot with fresh quotes.

        `before` is the level of the snapshot before (the same where not given), `onset_s` when the
        market left CALM, `print_s` the time of the last print, `figures` replace figures of the
        chain's analytics.
        """
        now_ns = OPEN_NS + round(at_s * NS)
        self.chain.quote(0.20, spot, now_ns)
        print_ns = now_ns if print_s is None else OPEN_NS + round(print_s * NS)
        chain = self.chain.book.snapshot(now_ns, spot, Tape(print_ns, 1e6, 6e8))
        analytics = msgspec.structs.replace(chain.analytics, **(_SPREAD | figures))
        pointing = {name: way * value for name, value in _UP.items()}
        values = msgspec.structs.replace(IndicatorValues(now_ns), **_KNOWN, **pointing)
        state = MarketState(
            now_ns,
            level,
            before=level if before is None else before,
            onset_ns=0 if onset_s is None else OPEN_NS + round(onset_s * NS),
        )
        return MarketView(msgspec.structs.replace(chain, analytics=analytics), values, state)

    def ask(self, name: str) -> float:
        """Return the ask of a contract, dollars."""
        row = self.session.instrument_ids.index(name)
        return float(self.chain.price[row]) + self.chain.half_spread


class Decisions:
    """Stands in for a strategy's record and keeps the reasons of its decisions."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def decision(self, _kind: Any, reason: str, *_rest: Any) -> None:
        self.reasons.append(reason)
