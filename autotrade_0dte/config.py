"""The whole system's configuration: every stage's parameters composed, read from one TOML file."""

import datetime as dt
import hashlib
import importlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from autotrade_0dte.chain.book import ChainParams
from autotrade_0dte.config_check import ConfigError, checked
from autotrade_0dte.execution.coordinator import CoordinatorParams
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import FeeParams
from autotrade_0dte.execution.fills import FillScenario, FillScenarios
from autotrade_0dte.indicators.params import IndicatorParams, check_spacing
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.detector import DetectorParams
from autotrade_0dte.market_state.events import ScheduledEvent
from autotrade_0dte.market_state.profile import Profile, ProfileError, check_profile
from autotrade_0dte.risk.expiry import ExpiryParams
from autotrade_0dte.risk.params import RiskParams
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.selection.ranking import Structure

__all__ = ["AccountKind", "AccountParams", "ConfigError", "ExecutionParams", "LiveParams"]
__all__ += ["SettlementRule"]
__all__ += ["SimulationParams"]
__all__ += ["StrategySpec", "SystemConfig", "config_hash", "config_toml", "load_config"]
__all__ += ["check_profile_fits", "checked", "strategy_of"]

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class AccountKind(StrEnum):
    """CASH holds long options only; MARGIN may also be short an option that a long one covers."""

    CASH = "cash"
    MARGIN = "margin"


class AccountParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account.

    Parameters
    ----------
    kind : AccountKind, default CASH
        What may be held.
    starting_cash : float, default 25_000
        Dollars at the start of every session.
    """

    kind: AccountKind = AccountKind.CASH
    starting_cash: Annotated[float, msgspec.Meta(ge=100, le=1e9)] = 25_000.0


class SettlementRule(StrEnum):
    """OFFICIAL settles at official closing prices only; LAST_PRINT may take the last print."""

    OFFICIAL = "official"
    LAST_PRINT = "last_print"


class SimulationParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the simulated venue behaves.

    Parameters
    ----------
    latency_ms : int, default 150
        From a command to its effect; a retail gateway's round trip, not a colocated one.
    settlement : SettlementRule, default OFFICIAL
        What options may settle at.
    last_print_max_age_s : int, default 300
        Oldest last print, counted from expiry, that LAST_PRINT accepts.
    settlement_tolerance_fraction : float, default 0.01
        Distance of an official price from the last print beyond which it is not believed; compared
        when that print is at most half an hour old.
    max_fill_quote_age_s : int, default 600
        Oldest quote that a fill is believed on.
    data_end_before_close_s : int, default 1800
        Lead of the last quote before the close beyond which a session is taken for incomplete.
    scenarios : tuple of FillScenario, default all three
        Beliefs about fills that a backtest is run under, side by side; always the base.
    fills : FillScenarios
        What each scenario believes.
    """

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 150
    settlement: SettlementRule = SettlementRule.OFFICIAL
    last_print_max_age_s: Annotated[int, msgspec.Meta(ge=0, le=3_600)] = 300
    settlement_tolerance_fraction: Annotated[float, msgspec.Meta(gt=0, le=0.5)] = 0.01
    max_fill_quote_age_s: Annotated[int, msgspec.Meta(ge=1, le=23_400)] = 600
    data_end_before_close_s: Annotated[int, msgspec.Meta(ge=1, le=23_400)] = 1_800
    scenarios: tuple[FillScenario, ...] = tuple(FillScenario)
    fills: FillScenarios = FillScenarios()

    def __post_init__(self) -> None:
        known = set(self.scenarios)
        if FillScenario.BASE not in known or len(known) != len(self.scenarios):
            names = ", ".join(self.scenarios) or "none"
            raise ValueError(f"Expected each scenario once and base among them, was {names}")

    def latency_ns(self, scenario: FillScenario) -> int:
        """Return how long a command takes to its effect in a scenario."""
        return round(self.latency_ms * self.fills.of(scenario).latency_factor * 1_000_000)


class ExecutionParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders the venue is sent.

    Parameters
    ----------
    packages : bool, default false
        Whether a vertical goes to the broker as one order of both legs at a net price. Off, because
        it has not been seen on a real account; without effect in a backtest and on paper in the
        engine, whose venue has no such orders.
    """

    packages: bool = False


class LiveParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node on live data, on paper or with real money.

    Parameters
    ----------
    strike_window_fraction : float, default 0.03
        Contracts within this fraction of the spot at the start make up the chain.
    poll_interval_s : float, default 5
        Time between requests for the quotes of contracts beyond the subscription quota; longer
        where the call budget needs it.
    max_clock_offset_ms : int, default 500
        Difference of this clock from Tiger's beyond which a live node does not start.
    reconcile_interval_s : float, default 30
        Time between comparisons of orders, fills and positions with the broker's.
    max_order_contracts : int, default 50
        Largest order the execution client sends, a last line behind every other check.
    max_order_premium_usd : float, default 10_000
        Largest premium of an order in dollars, likewise.
    max_orders_per_minute : int, default 30
        New orders a minute, likewise.
    volatility_index : bool, default False
        Whether the level of `SystemConfig.volatility_index` is asked for. Off, because it is not
        known which accounts Tiger lets have it; without it the chain's own gauge is evidence.
    record : bool, default True
        Whether what is received is kept as a session of the catalog.
    """

    strike_window_fraction: Annotated[float, msgspec.Meta(ge=0.002, le=0.25)] = 0.03
    poll_interval_s: Annotated[float, msgspec.Meta(ge=0.5, le=300)] = 5.0
    max_clock_offset_ms: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 500
    reconcile_interval_s: Annotated[float, msgspec.Meta(ge=2, le=600)] = 30.0
    max_order_contracts: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    max_order_premium_usd: Annotated[float, msgspec.Meta(ge=10, le=1e7)] = 10_000.0
    max_orders_per_minute: Annotated[int, msgspec.Meta(ge=1, le=120)] = 30
    volatility_index: bool = False
    record: bool = True


class StrategySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy by import path, ``module:Class``, and its parameters (see its ``Params``)."""

    path: Annotated[str, msgspec.Meta(pattern=r"^[\w.]+:\w+$")]
    params: dict[str, Any] = {}


class SystemConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what a run does.

    Parameters
    ----------
    name : str
        Short name of the set-up, part of the run id.
    root : str
        Option root to trade, such as SPY or SPXW.
    regular, anomaly : StrategySpec, optional
        The strategy of each track; at least one.
    snapshot_interval_ms : int, default 1000
        Time between chain snapshots, and so between decisions.
    volatility_index : str, default VIX
        Index whose level is evidence of the market's state, where the data have it.
    profile_file : str, optional
        What is usual at each minute of the day, as `autotrade data profile` writes it; relative to
        the configuration file. Without one the last minutes are what is usual.
    events_file : str, optional
        Scheduled events, TOML with ``[[events]]``; relative to the configuration file.
    profile, events
        Content of these files in a resolved configuration.
    """

    name: Identifier
    root: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9.]{0,5}$")]
    regular: StrategySpec | None = None
    anomaly: StrategySpec | None = None
    snapshot_interval_ms: Annotated[int, msgspec.Meta(ge=50, le=60_000)] = 1_000
    volatility_index: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9]{0,9}$")] = "VIX"
    profile_file: str | None = None
    events_file: str | None = None
    account: AccountParams = AccountParams()
    fees: FeeParams = FeeParams()
    simulation: SimulationParams = SimulationParams()
    chain: ChainParams = ChainParams()
    expiry: ExpiryParams = ExpiryParams()
    indicators: IndicatorParams = IndicatorParams()
    market_state: DetectorParams = DetectorParams()
    actions: ActionTable = ActionTable()
    coordinator: CoordinatorParams = CoordinatorParams()
    desk: DeskParams = DeskParams()
    execution: ExecutionParams = ExecutionParams()
    risk: RiskParams = RiskParams()
    live: LiveParams = LiveParams()
    profile: Profile | None = None
    events: tuple[ScheduledEvent, ...] = ()

    def __post_init__(self) -> None:
        if not self.tracks:
            raise ValueError("Expected a table [regular] or [anomaly], was neither")
        interval_s = self.snapshot_interval_ms / 1_000
        check_spacing(self.indicators, interval_s, interval_s)

    @property
    def tracks(self) -> dict[Track, StrategySpec]:
        """The strategy of each track that is traded."""
        given = {Track.REGULAR: self.regular, Track.ANOMALY: self.anomaly}
        return {track: spec for track, spec in given.items() if spec is not None}

    @property
    def strategies(self) -> str:
        """The strategies by import path, for people."""
        return ", ".join(spec.path for spec in self.tracks.values())


def load_config(path: Path) -> SystemConfig:
    """Read and check a TOML file, strategy parameters included; raise ConfigError if unfit."""
    raw = _read(path, msgspec.toml.decode, "TOML")
    config: SystemConfig = checked(raw, SystemConfig, path.name)
    config = _with_files(config, path)
    resolved = {}
    for track, spec in config.tracks.items():
        _, params = strategy_of(config, track, path.name)
        resolved[str(track)] = StrategySpec(spec.path, msgspec.to_builtins(params))
    return msgspec.structs.replace(config, **resolved)


class _Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: tuple[ScheduledEvent, ...]


def _with_files(config: SystemConfig, path: Path) -> SystemConfig:
    """Put the content of the named files into the configuration, which then needs them no more."""
    found: dict[str, Any] = {}
    if config.profile_file is not None:
        raw = _read(path.parent / config.profile_file, msgspec.json.decode, "JSON")
        found["profile"] = checked(raw, Profile, config.profile_file)
    if config.events_file is not None:
        raw = _read(path.parent / config.events_file, msgspec.toml.decode, "TOML")
        found["events"] = checked(raw, _Events, config.events_file).events
    return msgspec.structs.replace(config, profile_file=None, events_file=None, **found)


def strategy_of(
    config: SystemConfig, track: Track, where: str = "configuration"
) -> tuple[type[Any], Any]:
    """Import a track's strategy class and check its parameters; raise ConfigError if either fails.

    A strategy whose account could not hold what it selects fails as well.
    """
    spec = config.tracks[track]
    module_name, class_name = spec.path.split(":")
    try:
        strategy = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as e:
        raise ConfigError(
            f"{track}.path: Expected an importable module:Class, was {spec.path}: {e} ({where})"
        ) from None
    if not hasattr(strategy, "Params"):
        raise ConfigError(f"{track}.path: Expected a class with Params, was {spec.path} ({where})")
    params = checked(spec.params, strategy.Params, where, f"{track}.params")
    selection = getattr(params, "selection", None)
    if (
        config.account.kind is AccountKind.CASH
        and isinstance(selection, SelectionParams)
        and selection.structure is not Structure.SINGLE
    ):
        raise ConfigError(
            f"{track}.params.selection.structure: Expected single in an account of kind cash, "
            f"which holds long options only, was {selection.structure} ({where})"
        )
    return strategy, params


def check_profile_fits(config: SystemConfig, session: dt.date) -> None:
    """Raise ConfigError when the profile must not judge a session, above all one it knows of."""
    if config.profile is None:
        return
    try:
        check_profile(config.profile, config.root, session)
    except ProfileError as e:
        raise ConfigError(f"profile_file: {e}") from None


def _read(path: Path, decode: Callable[[bytes], Any], kind: str) -> Any:
    try:
        return decode(path.read_bytes())
    except OSError as e:
        raise ConfigError(f"Expected a readable {kind} file, was {path}: {e.strerror}") from None
    except (msgspec.DecodeError, ValueError) as e:
        raise ConfigError(f"Expected {kind}, was not: {e} ({path.name})") from None


def config_toml(config: SystemConfig) -> str:
    """Return the resolved configuration, every default written out, as TOML."""
    return msgspec.toml.encode(_without_nulls(msgspec.to_builtins(config))).decode()


def config_hash(config: SystemConfig) -> str:
    """Return a hash of the resolved configuration that does not depend on the order of keys."""
    return hashlib.sha256(msgspec.json.encode(config, order="sorted")).hexdigest()[:16]


def _without_nulls(value: Any) -> Any:
    """Drop absent options: TOML has no null."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value
