"""Puts one session's components together, the same for every kind of node."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from nautilus_trader.model import Equity, IndexInstrument, InstrumentId, OptionContract

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.actors.exposure_keeper import ExposureKeeper
from autotrade_0dte.actors.market import MarketActor
from autotrade_0dte.actors.order_desk import OrderDesk
from autotrade_0dte.actors.recorder import RunRecorder
from autotrade_0dte.actors.risk_controller import RiskController
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.calendar import expiry_ns, session
from autotrade_0dte.chain.quote_columns import ColumnQuotes
from autotrade_0dte.config import AccountKind, SystemConfig, strategy_of
from autotrade_0dte.execution.coordinator import Coordinator
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.market_state.actions import Track
from autotrade_0dte.pipeline import chain_book, market_watch
from autotrade_0dte.products import Settlement, product
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate import GateFacts, RiskGate
from autotrade_0dte.risk.ladder_state import LadderState

__all__ = ["Components", "Market", "assemble", "gate_facts", "trading_session"]


class Market(msgspec.Struct, frozen=True):
    """The instruments of one session: the chain by strike (call before put) and its underlying."""

    contracts: tuple[OptionContract, ...]
    underlying: Equity | IndexInstrument
    others: tuple[Any, ...] = ()

    @classmethod
    def of(cls, instruments: Sequence[Any], underlying: str) -> "Market":
        """Sort a catalog's or a broker's instruments; raise ValueError without an underlying."""
        contracts = [i for i in instruments if isinstance(i, OptionContract)]
        rest = [i for i in instruments if not isinstance(i, OptionContract)]
        found = [i for i in rest if str(i.id.symbol) == underlying]
        if not found:
            names = ", ".join(sorted(str(i.id) for i in rest)) or "none"
            raise ValueError(f"Expected prices of the underlying {underlying}, was {names}")
        contracts.sort(key=_row_order)
        return cls(tuple(contracts), found[0], tuple(i for i in rest if i is not found[0]))


class Components(msgspec.Struct, frozen=True):
    """What a node adds to its engine; `recorder` is no component of it and listens by `market`."""

    market: MarketActor
    recorder: RunRecorder
    risk: RiskController
    desk: OrderDesk
    strategies: tuple[Any, ...]


def trading_session(config: SystemConfig, date: dt.date, market: Market) -> TradingSession:
    """Return the instants and instruments of one session under `config`."""
    facts = product(config.root)
    hours = session(date)
    physical = facts.settlement is Settlement.PHYSICAL
    return TradingSession(
        root=config.root,
        underlying=facts.underlying,
        instrument_ids=tuple(str(c.id) for c in market.contracts),
        multiplier=facts.multiplier,
        open_ns=hours.open_ns,
        close_ns=hours.close_ns,
        expiry_ns=expiry_ns(config.root, date),
        flatten_ns=config.expiry.flatten_ns(hours.close_ns),
        exercise_test_ns=config.expiry.exercise_test_ns(hours.close_ns) if physical else None,
        can_short_shares=config.expiry.can_short_shares,
        fees=config.fees.schedule(date),
        indicators=config.indicators,
        sizing=config.risk.sizing,
        protective=config.risk.protective,
        taken_over_by=next(iter(config.tracks)),
    )


def assemble(
    config: SystemConfig,
    trading: TradingSession,
    market: Market,
    open_interest: dict[str, float],
    *,
    has_volume: bool,
    quotes: ColumnQuotes | None = None,
    kept: LadderState | None = None,
    is_live: bool = False,
) -> Components:
    """Build the components of one session.

    `has_volume` tells whether the sizes of the underlying's trades are real; `quotes` are those of
    the chain where the node has them as columns, which saves asking the engine for each; `kept` is
    what the risk controller of a node before this one left; `is_live` tells whether time passes
    between the market's events.
    """
    symbols = [option_symbol(str(c.id.symbol)) for c in market.contracts]
    book = chain_book(config, symbols, open_interest, trading.expiry_ns)
    watch = market_watch(config, trading.open_ns, trading.close_ns)
    coordinator = Coordinator(config.coordinator, config.actions)
    strategies: dict[Track, Any] = {}
    for track in config.tracks:
        strategy, params = strategy_of(config, track)
        strategies[track] = strategy(trading, params, coordinator.allotment(track))
    tracks = {str(each.strategy_id): str(track) for track, each in strategies.items()}
    exposure, traders = Exposure(), tuple(strategies.values())
    keeper = ExposureKeeper(exposure, trading, tracks)
    gate = RiskGate(config.risk.limits, gate_facts(config, trading))
    desk = OrderDesk(trading, config.desk, DeskGate(gate, keeper, config.risk.grid))
    execution = ExecutionRows(
        trading.instrument_ids, trading.fees, config.desk, config.chain.stale_after_s
    )
    recorder = RunRecorder(trading.underlying, market.contracts, execution)
    return Components(
        market=MarketActor(
            market.contracts,
            market.underlying,
            book,
            watch,
            config.snapshot_interval_ms,
            trading.open_ns,
            trading.expiry_ns,
            has_volume=has_volume,
            volatility_index=_volatility_index(config.volatility_index, market),
            quotes=quotes,
            recorder=recorder,
        ),
        recorder=recorder,
        risk=RiskController(
            trading, config.risk, exposure, traders, desk.cancel_all, kept=kept, is_live=is_live
        ),
        desk=desk,
        strategies=traders,
    )


def gate_facts(config: SystemConfig, trading: TradingSession) -> GateFacts:
    """Return what the gate has to know of the session."""
    return GateFacts(
        product=product(trading.root),
        open_ns=trading.open_ns,
        close_ns=trading.close_ns,
        flatten_ns=trading.flatten_ns,
        exercise_test_ns=trading.exercise_test_ns,
        can_short_shares=trading.can_short_shares,
        short_legs=config.account.kind is AccountKind.MARGIN,
    )


def _volatility_index(symbol: str, market: Market) -> InstrumentId | None:
    """Return the id of the index where the session has it."""
    indices = [i.id for i in market.others if isinstance(i, IndexInstrument)]
    return next((name for name in indices if str(name.symbol) == symbol), None)


def _row_order(contract: OptionContract) -> tuple[int, str]:
    symbol = option_symbol(str(contract.id.symbol))
    return symbol.strike_mills, symbol.right
