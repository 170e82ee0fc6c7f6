import datetime as dt
from pathlib import Path

import msgspec
import pytest

from autotrade_0dte.config import (
    ConfigError,
    check_profile_fits,
    config_hash,
    config_toml,
    load_config,
)
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.state import Level

MINIMAL = """
name = "test"
root = "SPY"
[regular]
path = "autotrade_strategies.regular:RegularStrategy"
"""

FOLDER = Path(__file__).parents[2] / "configs"
CONFIGS = sorted(path for path in FOLDER.glob("*.toml") if path.name != "events.toml")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "system.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("[account]\nstarting_cash = 50", r"^account.starting_cash: .* >= 100.*, was 50 \(system"),
        (
            "[account]\ncash = 50",
            r"^account: .*unknown field `cash` \(known: kind, starting_cash\)",
        ),
        ("[simulation]\nlatency_ms = '5 s'", r"^simulation.latency_ms: Expected `int`.*was '5 s'"),
        ("[simulation]\nlatency_ms = 90000", r"accepted: >= 0 and <= 60000\), was 90000"),
        ("[chain]\nannual_rate = 4.5", r"^chain.annual_rate: .*<= 0.25\), was 4.5"),
        (
            "[expiry]\npolicy = 'hope'",
            r"^expiry.policy: Expected a known name \(accepted: .*\), was 'hope'",
        ),
        ("[regular.params.exits]\nhold_s = 0", r"^regular.params.exits.hold_s: .*>= 1"),
        (
            "[regular.params]\nmagic = 1",
            r"^regular.params: .*unknown field `magic` \(known: signal",
        ),
        ("[indicators]\nfast_bars = 9", r"^indicators: Expected fast_bars below slow"),
        (
            "[indicators]\nmomentum_window_s = 0.5",
            r"^top level: momentum_window_s: Expected at least the data's spacing of 1 s, was 0.5",
        ),
        ("[nonsense]\n", r"^top level: .*unknown field `nonsense`"),
        ("= 3", r"Expected TOML, was not: .*system.toml"),
    ],
)
def test_unfit_value_is_refused_with_its_key_and_what_is_accepted(
    tmp_path: Path, added: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, MINIMAL + added))


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load_config(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "path", ["no_such_module:X", "autotrade_strategies.regular:Nothing", "math:floor"]
)
def test_strategy_that_cannot_be_used_is_refused(tmp_path: Path, path: str) -> None:
    text = MINIMAL.replace("autotrade_strategies.regular:RegularStrategy", path)
    with pytest.raises(ConfigError, match=r"^regular\.path: Expected"):
        load_config(write(tmp_path, text))


def test_resolved_configuration_read_again_is_the_same(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL))
    again = load_config(write(tmp_path, config_toml(config)))
    assert again == config
    assert config_hash(again) == config_hash(config)


def test_hash_changes_with_any_parameter(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL))
    other = load_config(write(tmp_path, MINIMAL + "[regular.params.exits]\nhold_s = 1799\n"))
    assert config_hash(other) != config_hash(config)


def test_configuration_without_a_strategy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^top level: Expected a table \[regular\] or \[anomaly\]"
    ):
        load_config(write(tmp_path, 'name = "test"\nroot = "SPY"\n'))


def test_each_track_has_the_strategy_it_names(tmp_path: Path) -> None:
    text = MINIMAL + '[anomaly]\npath = "broken_strategy:BrokenStrategy"\n'
    config = load_config(write(tmp_path, text))
    assert [(str(track), spec.path.partition(":")[2]) for track, spec in config.tracks.items()] == [
        ("regular", "RegularStrategy"),
        ("anomaly", "BrokenStrategy"),
    ]
    alone = load_config(
        write(
            tmp_path,
            text.replace("[regular]\npath", "[anomaly]\npath", 1).rpartition("[anomaly]")[0],
        )
    )
    assert list(alone.tracks) == ["anomaly"]


@pytest.mark.parametrize(
    ("kind", "track"), [("cash", "regular"), ("cash", "anomaly"), ("margin", "regular")]
)
def test_spreads_need_an_account_that_may_be_short(tmp_path: Path, kind: str, track: str) -> None:
    path = write(
        tmp_path,
        f"""
        name = "test"
        root = "SPY"
        [account]
        kind = "{kind}"
        [{track}]
        path = "autotrade_strategies.{track}:{track.title()}Strategy"
        [{track}.params.selection]
        structure = "debit_vertical"
        """,
    )
    if kind == "margin":
        load_config(path)
        return
    expected = (
        rf"^{track}.params.selection.structure: Expected single in an account of kind cash, "
        r"which holds long options only, was debit_vertical \(system.toml\)$"
    )
    with pytest.raises(ConfigError, match=expected):
        load_config(path)


def test_level_of_the_action_table_must_say_whether_it_has_entries(tmp_path: Path) -> None:
    added = "[actions.regular]\nl2 = { urgency = 'normal' }\n"
    with pytest.raises(
        ConfigError, match=r"^actions\.regular\.l2: .*missing required field `entries`"
    ):
        load_config(write(tmp_path, MINIMAL + added))


def test_levels_that_a_file_leaves_out_of_the_action_table_keep_their_tracks_defaults(
    tmp_path: Path,
) -> None:
    added = """
    [actions.regular]
    l1 = { entries = true, size_factor = 0.25 }
    [actions.anomaly]
    l3 = { entries = false }
    """
    actions = load_config(write(tmp_path, MINIMAL + added)).actions
    usual = ActionTable()
    assert actions.of(Track.REGULAR, Level.L1).size_factor == 0.25
    assert not actions.of(Track.ANOMALY, Level.L3).entries
    for track, changed in ((Track.REGULAR, Level.L1), (Track.ANOMALY, Level.L3)):
        for level in set(Level) - {changed}:
            assert actions.of(track, level) == usual.of(track, level)


def test_events_file_beside_the_configuration_becomes_part_of_it(tmp_path: Path) -> None:
    event = '[[events]]\nat = "2026-07-29 14:00"\nname = "FOMC"\n'
    (tmp_path / "events.toml").write_text(event)
    config = load_config(write(tmp_path, 'events_file = "events.toml"\n' + MINIMAL))
    assert [(event.at, event.name) for event in config.events] == [("2026-07-29 14:00", "FOMC")]
    assert config.events_file is None  # a resolved configuration stands alone
    assert load_config(write(tmp_path, config_toml(config))) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"Expected a readable TOML file, was .*events\.toml: No such file"),
        ("[[events]]\nname = 'FOMC'\n", r"missing required field `at`.*\(events\.toml\)"),
        ("= 3", r"Expected TOML, was not: .*\(events\.toml\)"),
    ],
)
def test_events_file_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "events.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, 'events_file = "events.toml"\n' + MINIMAL))


def test_profile_fits_only_sessions_after_those_it_was_made_from(tmp_path: Path) -> None:
    days = tuple(dt.date(2026, 7, day) for day in (20, 21, 22, 23, 24))
    config = msgspec.structs.replace(
        load_config(write(tmp_path, MINIMAL)), profile=Profile("SPY", days)
    )
    check_profile_fits(config, dt.date(2026, 7, 27))
    with pytest.raises(ConfigError, match=r"^profile_file: .*before 2026-07-24, was up to 2026-07"):
        check_profile_fits(config, days[-1])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configuration_loads(path: Path) -> None:
    assert load_config(path).name == path.stem.replace("_", "-")
