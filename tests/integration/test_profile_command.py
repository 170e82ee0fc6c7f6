"""`autotrade data profile`: the file it writes, and what becomes of it in a configuration."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from patience import PATIENCE_S
from scripted_strategy import scripted
from short_sessions import LENGTH_S, write_short

from autotrade_0dte import calendar
from autotrade_0dte.config import SystemConfig, config_toml, load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.profiling import measure_profile, state_samples, trading_samples
from autotrade_0dte.data.replay import replay
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.profile import Profile, ProfileError, SessionSamples, build_profile
from autotrade_0dte.market_state.state import CHANNELS, Channel

AUTOTRADE = Path(sys.executable).with_name("autotrade")
TESTS = Path(__file__).parents[1]
DATES = [dt.date(2026, 7, day) for day in (20, 21, 22, 23, 24)]
SCORED_BY_RULE = {"jump", "drift", "event"}


@pytest.fixture(autouse=True)
def calendar_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "_known", {})


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    catalog = Catalog(tmp_path_factory.mktemp("profile") / "catalog")
    # The hours that are stored with a session stay known to the process that stored them.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(calendar, "_known", {})
        for date in DATES:
            write_short(catalog, "SPY", date)
    return catalog


@pytest.fixture
def system() -> SystemConfig:
    return scripted("SPY", indicators=IndicatorParams(burst_window_s=20))


def profile_command(
    folder: Path, catalog: Catalog, *options: str
) -> subprocess.CompletedProcess[str]:
    command = [AUTOTRADE, "data", "profile", folder / "system.toml"]
    return subprocess.run(
        [*map(str, command), "--catalog", str(catalog.path), *options],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_file_holds_what_is_usual_whatever_the_workers_and_a_configuration_takes_it(
    catalog, system, tmp_path
):
    (tmp_path / "system.toml").write_text(config_toml(system))
    path = tmp_path / "made" / "usual.json"
    done = profile_command(tmp_path, catalog, "--to", str(path), "--workers", "2", "--json")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    held = json.loads(done.stdout)
    assert held["sessions"] == [str(date) for date in DATES]
    assert held["minutes"] == LENGTH_S // 60
    profiled = {str(channel) for channel in Channel} - SCORED_BY_RULE
    assert {row["metric"] for row in held["metrics"]} == profiled | {"volume_rate", "volatility"}

    written = msgspec.json.decode(path.read_bytes(), type=Profile)
    entries = catalog.sessions()
    shares: list[float] = []
    alone = measure_profile(
        system, catalog.path, entries, workers=1, progress=lambda done: shares.append(sum(done))
    )
    assert written == alone
    assert shares == [1, 2, 3, 4, 5]
    (tmp_path / "after.toml").write_text('profile_file = "made/usual.json"\n' + config_toml(system))
    assert load_config(tmp_path / "after.toml").profile == written


def test_profile_is_that_of_the_sessions_samples_measured_with_the_usual_volume(catalog, system):
    entries = catalog.sessions()
    profile = measure_profile(system, catalog.path, entries, workers=2, progress=lambda _: None)
    trading = [trading_samples(catalog, entry) for entry in entries]
    profiled = msgspec.structs.replace(system, profile=build_profile(trading))
    samples = [
        SessionSamples(entry.date, "SPY", state_samples(profiled, catalog.path, entry))
        for entry in entries
    ]
    expected = build_profile(trading).metrics | build_profile(samples).metrics
    assert profile.metrics == expected
    assert profile.metrics["activity"].median == pytest.approx([0] * 10, abs=1)


def test_samples_are_values_of_single_snapshots_at_varying_points_of_the_minute(catalog, system):
    entry = catalog.sessions()[0]
    found = state_samples(system, catalog.path, entry)
    # Without the volatility index, so that the volatility channels are the chain's throughout.
    views = list(replay(catalog, entry, msgspec.structs.replace(system, volatility_index="NONE")))
    minutes = [(view.chain.ts_event - entry.hours.open_ns) // 60_000_000_000 for view in views]
    points = set()
    for column, channel in enumerate(map(str, CHANNELS)):
        if channel in SCORED_BY_RULE:
            assert channel not in found
            continue
        for minute, sample in enumerate(found[channel]):
            values = [
                view.state.values[column]
                for view, at in zip(views, minutes, strict=True)
                if at == minute and np.isfinite(view.state.values[column])
            ]
            if values:
                assert sample in values
                points.add(values.index(sample) * 6 // len(values))
            else:
                assert np.isnan(sample)
    assert len(points) > 3


def test_fewer_than_five_sessions_are_refused(catalog, system, tmp_path):
    (tmp_path / "system.toml").write_text(config_toml(system))
    done = profile_command(
        tmp_path, catalog, "--to", str(tmp_path / "p.json"), "--sessions", "2026-07-20:2026-07-23"
    )
    expected = "autotrade: Expected at least 5 sessions for a profile, was 4"
    assert (done.returncode, done.stderr.strip()) == (2, expected)
    assert not (tmp_path / "p.json").exists()


def test_without_any_session_nothing_is_measured(catalog, system):
    with pytest.raises(ProfileError, match="was 0"):
        measure_profile(system, catalog.path, [], workers=1, progress=lambda _: None)
