"""The ready configurations: windows that fit their data, a reason beside each value."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autotrade_0dte.config import SystemConfig, load_config, strategy_of
from autotrade_0dte.indicators.params import check_spacing
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_strategies.anomaly import AnomalyParams
from autotrade_strategies.regular import RegularParams

CONFIGS = Path(__file__).parents[2] / "configs"
SPACING_S = {  # of the underlying's prints and of the chain's quotes
    "demo": (1.0, 5.0),
    "rehearsal": (0.25, 0.25),
    "spxw_1min": (60.0, 60.0),
    "goog_1min": (60.0, 60.0),
    "spy_5min": (300.0, 300.0),
}
PROFILES = sorted(path.stem for path in CONFIGS.glob("*.toml") if path.stem != "events")


def loaded(profile: str) -> SystemConfig:
    return load_config(CONFIGS / f"{profile}.toml")


def params_of(config: SystemConfig, track: Track) -> Any:
    return strategy_of(config, track)[1]


def test_spacing_of_every_profile_is_known() -> None:
    assert set(SPACING_S) == set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_both_tracks_have_their_strategy(profile: str) -> None:
    config = loaded(profile)
    assert isinstance(params_of(config, Track.REGULAR), RegularParams)
    assert isinstance(params_of(config, Track.ANOMALY), AnomalyParams)


@pytest.mark.parametrize("profile", PROFILES)
def test_no_window_is_shorter_than_the_data_are_apart(profile: str) -> None:
    config = loaded(profile)
    prints_s, quotes_s = SPACING_S[profile]
    check_spacing(config.indicators, prints_s, quotes_s)
    state = config.market_state
    assert state.jump_window_s >= prints_s
    assert min(state.change_window_s, config.chain.iv_change_window_s) >= quotes_s
    assert config.chain.stale_after_s > quotes_s
    for track in Track:
        params = params_of(config, track)
        assert min(params.filters.max_print_age_s, params.signal.validity_s) > prints_s
    trigger = params_of(config, Track.ANOMALY).trigger
    assert trigger.reference_s >= prints_s
    # Time for the prints that confirm a move, and one more to act on.
    assert trigger.act_window_s >= trigger.confirm_prints * prints_s


@pytest.mark.parametrize("profile", PROFILES)
def test_trades_fit_the_shared_budget(profile: str) -> None:
    config = loaded(profile)
    for track in Track:
        share = config.coordinator.of(track).share
        assert params_of(config, track).risk_usd <= share * config.coordinator.budget_usd


@pytest.mark.parametrize("profile", PROFILES)
def test_every_value_has_its_reason_beside_it(profile: str) -> None:
    table, bare = "", []
    for line in (CONFIGS / f"{profile}.toml").read_text().splitlines():
        if line.startswith("["):
            table = line
        key = re.match(r"(\w+) =", line)
        if key and key[1] not in {"name", "root", "path"} and "#" not in line:
            bare.append(f"{table} {line}")
    assert bare == []


def test_action_table_of_the_demo_is_the_default() -> None:
    raw = tomllib.loads((CONFIGS / "demo.toml").read_text())
    assert msgspec.convert(raw["actions"], ActionTable) == ActionTable()


def test_key_in_a_table_of_the_anomaly_track_leaves_its_other_defaults() -> None:
    params = msgspec.convert({"exits": {"hold_s": 60}, "signal": {"weights": {}}}, AnomalyParams)
    assert params.exits == msgspec.structs.replace(AnomalyParams().exits, hold_s=60)
    assert params.signal == AnomalyParams().signal
