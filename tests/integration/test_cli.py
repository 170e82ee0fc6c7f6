"""The command as a user meets it: output, exit codes, and what real processes add."""

import datetime as dt
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from patience import PATIENCE_S, wait_until
from scripted_strategy import scripted
from small_market import write_session

from autotrade_0dte.analysis.signal_accuracy import ACCURACY_FILE
from autotrade_0dte.analysis.tables import TABLES
from autotrade_0dte.config import (
    StrategySpec,
    SystemConfig,
    config_hash,
    config_toml,
    load_config,
)
from autotrade_0dte.data.catalog import Catalog

AUTOTRADE = Path(sys.executable).with_name("autotrade")
TESTS = Path(__file__).parents[1]
DEMO = TESTS.parent / "configs" / "demo.toml"
HEAVY = ("numpy", "numba", "nautilus_trader", "pyarrow", "pandas", "exchange_calendars", "plotly")
RUN_FILES = {f"{name}.parquet" for name in TABLES} | {
    "config.toml", "summary.json", "log.jsonl", "report.html", ACCURACY_FILE,
}  # fmt: skip
MONDAY, TUESDAY, WEDNESDAY = (dt.date(2026, 7, day) for day in (20, 21, 22))


def autotrade(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command with the tests' strategies importable."""
    path = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    # What Python does by default: whether output is buffered decides who meets a broken pipe.
    inherited = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [AUTOTRADE, *map(str, arguments)],
        env=inherited | {"PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        **({"capture_output": True, "timeout": 300} | options),
    )


class Called(msgspec.Struct, frozen=True):
    """What a command did in this process, named as those of a process."""

    returncode: int
    stdout: str
    stderr: str


type Call = Callable[..., Called]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that calls the command in this process, which has imported everything."""
    from autotrade_0dte.cli import main

    def call(*arguments: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["autotrade", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Called(int(ended.value.code or 0), *capsys.readouterr())

    return call


def save(config: SystemConfig, folder: Path) -> Path:
    path = folder / "system.toml"
    path.write_text(config_toml(config))
    return path


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalog = tmp_path_factory.mktemp("generated") / "catalog"
    done = autotrade("data", "generate", "--catalog", catalog, "--strikes", 10, "--sessions", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Generated 2 synthetic sessions in {catalog}\n"
    assert done.stderr.startswith("1/2 2026-07-30")
    return catalog


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three sessions that run in no time."""
    path = tmp_path_factory.mktemp("small") / "catalog"
    for date in (MONDAY, TUESDAY, WEDNESDAY):
        write_session(Catalog(path), "SPY", date, strikes=(600, 610), spot=605.0, settlement=605.0)
    return path


class Backtested(msgspec.Struct):
    """A finished backtest; its summary is what was printed."""

    process: Any
    summary: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def backtested(generated: Path) -> Backtested:
    runs = generated.parent / "runs"
    done = autotrade("backtest", DEMO, "--catalog", generated, "--runs", runs, "--json")
    assert done.returncode == 0, done.stderr
    [folder] = runs.iterdir()
    return Backtested(done, json.loads(done.stdout), folder)


# -- start ------------------------------------------------------------------------------------


def test_help_lists_the_commands_without_importing_anything_heavy() -> None:
    code = f"""
import sys
from autotrade_0dte.cli import main
sys.argv = ["autotrade", "--help"]
try:
    main()
finally:
    print("imported:", [name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in ("backtest", "report", "data"))
    assert done.stdout.endswith("imported: []\n")


def test_help_of_data_lists_its_commands() -> None:
    done = autotrade("data", "--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("import", "generate", "info", "check"))


def test_version_is_that_of_the_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", autotrade("--version").stdout)


# -- backtest and report ----------------------------------------------------------------------


def test_backtest_prints_one_json_object_with_the_figures(backtested: Backtested) -> None:
    assert backtested.process.stdout.count("\n") == 1
    summary = backtested.summary
    assert {
        "run_id", "sessions", "quotes", "events_per_second", "decisions", "orders", "fills",
        "denied", "rejected", "open_at_end", "gross_pnl", "fees", "net_pnl", "max_drawdown",
        "win_rate", "profit_factor", "sharpe_daily", "per_session",
    } <= summary.keys()  # fmt: skip
    assert [row["session"] for row in summary["per_session"]] == ["2026-07-30", "2026-07-31"]
    assert (summary["clean"], summary["synthetic"], summary["sessions"]) == (True, True, 2)
    assert summary["quotes"] == sum(row["quotes"] for row in summary["per_session"]) > 0


def test_printed_summary_is_the_stored_one(backtested: Backtested) -> None:
    assert json.loads((backtested.folder / "summary.json").read_text()) == backtested.summary
    assert backtested.summary["run_id"] == backtested.folder.name
    assert backtested.summary["command"].startswith(f"autotrade backtest {DEMO}")


def test_run_folder_has_exactly_the_documented_files(backtested: Backtested) -> None:
    names = {path.name for path in backtested.folder.iterdir()}
    assert names == RUN_FILES | {"scenarios"}


def test_report_is_made_again_the_same_and_loads_nothing_from_a_network(
    backtested: Backtested,
) -> None:
    page = backtested.folder / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = autotrade("report", backtested.folder)
    assert (done.returncode, done.stdout) == (0, f"Report: {page}\n")
    assert page.read_bytes() == before
    own = re.sub(rb"<script.*?</script>", b"", before, flags=re.DOTALL)
    assert b"</table>" in own
    assert not re.search(rb"""(?:src|href)\s*=|url\(\s*["']?[^#d"']""", own)
    assert not re.search(rb"<script[^>]*\ssrc\b", before)


def test_config_of_a_run_is_the_configuration_it_ran_with(backtested: Backtested) -> None:
    again = load_config(backtested.folder / "config.toml")
    assert again == load_config(DEMO)
    assert config_hash(again) == backtested.summary["config_hash"]


def test_exception_in_a_strategy_ends_with_code_3_its_reason_and_a_report(
    small: Path, tmp_path: Path
) -> None:
    config = save(scripted("SPY", failures={str(TUESDAY): "view"}), tmp_path)
    done = autotrade(
        "backtest", config, "--catalog", small, "--runs", tmp_path / "runs",
        "--sessions", f"{TUESDAY}:", "--workers", 1,
    )  # fmt: skip
    assert done.returncode == 3
    assert "UNCLEAN" in done.stdout
    [folder] = (tmp_path / "runs").iterdir()
    assert f"Report: {folder / 'report.html'}" in done.stdout
    assert {path.name for path in folder.iterdir()} == RUN_FILES
    assert "scripted failure in view" in (folder / "report.html").read_text()
    rows = json.loads((folder / "summary.json").read_text())["per_session"]
    assert [(row["session"], row["clean"]) for row in rows] == [
        (str(TUESDAY), False),
        (str(WEDNESDAY), True),
    ]


def test_strategy_that_cannot_start_is_a_fault_with_code_1_and_one_line(
    small: Path, tmp_path: Path
) -> None:
    broken = StrategySpec("broken_strategy:BrokenStrategy", {})
    config = save(msgspec.structs.replace(scripted("SPY"), regular=broken), tmp_path)
    done = autotrade(
        "backtest", config, "--catalog", small, "--runs", tmp_path / "runs",
        "--sessions", f":{MONDAY}",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert f"autotrade: Expected session {MONDAY} to run to its end" in done.stderr
    assert "ValueError: never starts" in done.stderr
    assert "Traceback" not in done.stderr


# -- choice of sessions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [MONDAY, TUESDAY, WEDNESDAY]),
        ("2026-07-20:2026-07-21", [MONDAY, TUESDAY]),
        ("2026-07-21:", [TUESDAY, WEDNESDAY]),
        (":2026-07-21", [MONDAY, TUESDAY]),
        ("2026-07-21", [TUESDAY]),
        (":", [MONDAY, TUESDAY, WEDNESDAY]),
        ("2026-07-18:2026-07-20", [MONDAY]),
    ],
)
def test_sessions_option_chooses_by_first_and_last_date(
    given: str | None, expected: list[dt.date], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process: what is chosen is seen where the run would begin.
    from autotrade_0dte import cli
    from autotrade_0dte.nodes import sessions

    class Begun(Exception):
        pass

    def begin(_config: Any, _catalog: Any, entries: Any, _runs: Any, **_options: Any) -> None:
        raise Begun([entry.date for entry in entries])

    monkeypatch.setattr(sessions, "run_backtest", begin)
    option = [] if given is None else ["--sessions", given]
    with pytest.raises(Begun) as begun:
        cli.app(["backtest", str(DEMO), "--catalog", str(small), *option])
    assert begun.value.args == (expected,)


# -- what a user can put right ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backtest", "nowhere.toml"], "readable TOML file, was nowhere.toml: No such file"),
        (["backtest", "{demo}", "--workers", "0"], 'Invalid value "0" for --workers'),
    ],
)
def test_bad_input_is_told_in_one_line_and_ends_with_code_2(
    arguments: list[str], told: str, bad_input: Path
) -> None:
    before = tree(bad_input)
    done = autotrade(*(text.format(demo=DEMO) for text in arguments), cwd=bad_input)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in _message(done.stderr)
    assert tree(bad_input) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["backtest", "unknown_key.toml"],
            "chain: Object contains unknown field `stale_s` (known:",
        ),
        (["backtest", "{demo}", "--catalog", "empty"], "Expected sessions of SPY in empty"),
        (["report", "empty"], "Expected a run folder with summary.json, was empty: No such file"),
        (
            ["backtest", "{demo}", "--catalog", "{small}", "--sessions", "2027-01-01:"],
            "of the 3 of SPY from 2026-07-20 to 2026-07-22 in",
        ),
        (["backtest", "{demo}", "--sessions", "last week"], "--sessions: Expected A:B or one date"),
        (["backtest", "{demo}", "--wrokers", "2"], "Unknown option: --wrokers"),
        (["backtest"], "CONFIG requires an argument. See: autotrade backtest --help"),
        (["report", "empty", "more"], "Expected no more words, was more. See: autotrade report"),
        (["backtest", "fits.toml", "--catalog", "nowhere"], "was nowhere: import or generate"),
        (["explain", "empty", "--session", "31.7."], "Expected a date such as 2026-07-31, was 31."),
        (["calibrate-fills"], "Expected at least one run folder, was none"),
        (["data", "check", "--catalog", "empty"], "Expected sessions to check, was none in empty"),
        (["halt", "--reason", " "], "--reason: Expected why, was nothing"),
        (["simulator", "--root", "spy"], "for --root. Expected an option root such as SPY"),
        (["backtest", "fits.toml", "--catalog", "{small}", "--runs", "a_file"], "Not a directory"),
        (["data", "import", "csv", "a_file"], "Expected a format of cboe-delayed, closes"),
        (["data", "import", "closes", "nowhere.csv"], "Expected a file or folder, was nothing"),
        (["data", "generate", "--seed", "-1"], 'Invalid value "-1" for --seed'),
        (["data", "generate", "--last", "2001-01-01"], "on or after 2005-01-01, was 2001-01-01"),
        (
            ["data", "generate", "--kind", "dull"],
            "--kind: Expected a known name (accepted: ordinary,",
        ),
        (
            ["data", "generate", "--catalog", "a_file", "--sessions", "1"],
            "was: File exists (a_file)",
        ),
        (["report", "no_json"], "Expected JSON, was not:"),
        (["report", "no_tables"], "Expected a run folder with decisions.parquet, was no_tables"),
        (["nonsense"], "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_refused_with_what_is_accepted(
    arguments: list[str],
    told: str,
    small: Path,
    bad_input: Path,
    monkeypatch: pytest.MonkeyPatch,
    called: Call,
) -> None:
    before = tree(bad_input)
    monkeypatch.chdir(bad_input)
    done = called(*(text.format(demo=DEMO, small=small) for text in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in _message(done.stderr)
    assert tree(bad_input) == before


@pytest.fixture
def bad_input(tmp_path: Path) -> Path:
    (tmp_path / "unknown_key.toml").write_text(DEMO.read_text().replace("stale_after_s", "stale_s"))
    (tmp_path / "fits.toml").write_text(config_toml(scripted("SPY")))
    (tmp_path / "a_file").touch()
    for name, summary in (("empty", None), ("no_json", "{"), ("no_tables", "{}")):
        (tmp_path / name).mkdir()
        if summary is not None:
            (tmp_path / name / "summary.json").write_text(summary)
    return tmp_path


def _message(text: str) -> str:
    """Return what stderr says, which is one line."""
    [line] = text.splitlines()
    assert line.startswith("autotrade: ")
    return line


# -- data -------------------------------------------------------------------------------------


def test_import_again_changes_nothing(called: Call, tmp_path: Path) -> None:
    closes = tmp_path / "closes.csv"
    closes.write_text("date,spy_close\n2026-07-23,747.41\n2026-07-24,746.10\n")
    catalog = tmp_path / "catalog"
    first = called("data", "import", "closes", closes, "--catalog", catalog)
    assert first.returncode == 0, first.stderr
    assert "2 datasets of 2 sessions stored" in first.stdout
    before = tree(catalog)
    again = called("data", "import", "closes", closes, "--catalog", catalog)
    assert (again.returncode, "Nothing changed" in again.stdout) == (0, True)
    assert tree(catalog) == before
    told = json.loads(
        called("data", "import", "closes", closes, "--catalog", catalog, "--json").stdout
    )
    assert (told["rows_read"], told["written"], len(told["unchanged"])) == (2, [], 2)


def test_import_of_other_prices_is_refused_unless_they_shall_replace(
    called: Call, tmp_path: Path
) -> None:
    closes, catalog = tmp_path / "closes.csv", tmp_path / "catalog"
    command = ("data", "import", "closes", closes, "--catalog", catalog)
    closes.write_text("date,spy_close\n2026-07-23,747.41\n")
    assert called(*command).returncode == 0
    closes.write_text("date,spy_close\n2026-07-23,747.42\n")
    before = tree(catalog)
    refused = called(*command)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert tree(catalog) == before
    assert "1 dataset of 1 session stored" in called(*command, "--replace").stdout


def test_generate_again_makes_the_same_catalog(called: Call, generated: Path) -> None:
    before = tree(generated)
    done = called("data", "generate", "--catalog", generated, "--strikes", 10, "--sessions", 1)
    assert done.returncode == 0
    assert tree(generated) == before


def test_info_shows_each_session_as_a_table_and_as_json(called: Call, generated: Path) -> None:
    table = called("data", "info", "--catalog", generated)
    assert table.returncode == 0
    lines = table.stdout.splitlines()
    assert lines[1].split()[:3] == ["2026-07-30", "SPY*", "20"]
    assert lines[-1].startswith("2 sessions, ")
    rows = json.loads(called("data", "info", "--catalog", generated, "--json").stdout)
    assert [(row["date"], row["root"], row["contracts"]) for row in rows] == [
        ("2026-07-30", "SPY", 20),
        ("2026-07-31", "SPY", 20),
    ]
    assert all(row["synthetic"] for row in rows)


def test_check_passes_a_whole_catalog_and_fails_one_with_a_damaged_file(
    called: Call, generated: Path, tmp_path: Path
) -> None:
    whole = called("data", "check", "--catalog", generated)
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (
        0,
        "2 checked: 2 ok, 0 warn, 0 bad",
    )
    catalog = Catalog(tmp_path / "catalog")
    write_session(catalog, "SPY", MONDAY, strikes=(600,), spot=605.0, settlement=605.0)
    path = next(catalog.path.rglob("data/quotes/**/*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    damaged = called("data", "check", "--catalog", catalog.path, "--json")
    assert damaged.returncode == 3
    [row] = json.loads(damaged.stdout)
    assert row["verdict"] == "bad"
    assert "file_changed" in row["problems"]


# -- other processes --------------------------------------------------------------------------


@pytest.mark.parametrize("json_option", [[], ["--json"]], ids=["table", "json"])
def test_reader_that_goes_away_causes_no_traceback(small: Path, json_option: list[str]) -> None:
    readable, writable = os.pipe()
    os.close(readable)
    done = autotrade(
        "data", "info", "--catalog", small, *json_option,
        capture_output=False, stdout=writable, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writable)
    assert (done.returncode, done.stderr) == (1, "")


def test_first_line_is_enough_for_head(generated: Path) -> None:
    command = f"{AUTOTRADE} data info --catalog {generated} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "date"
    assert done.stderr == ""


def _living(session: int) -> list[str]:
    """Return the command lines of a session's processes, zombies left out."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, _, _, sid = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            line = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(sid) == session and state != "Z":
            found.append(line)
    return found


def _server_imports(session: int) -> bool:
    """Tell whether the server of the session's processes is past its start and importing."""
    for folder in Path("/proc").iterdir():
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            started = "forkserver" in (folder / "cmdline").read_text()
            if started and "numpy" in (folder / "maps").read_text():
                return True
        except (OSError, ValueError):
            continue
    return False


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("imports", lambda pid: os.killpg(pid, signal.SIGINT)),
        ("sessions", lambda pid: os.killpg(pid, signal.SIGINT)),
        ("sessions", lambda pid: os.kill(pid, signal.SIGTERM)),
        ("sessions", lambda pid: os.kill(pid, signal.SIGHUP)),
    ],
    ids=["imports", "sessions", "asked to end", "terminal closed"],
)
def test_interrupted_backtest_ends_with_code_130_one_line_and_no_process_left(
    moment: str, end: Callable[[int], None], generated: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    command = ["backtest", DEMO, "--catalog", generated, "--runs", runs, "--workers", "2"]
    process = subprocess.Popen(
        # A shell's background job, as these tests may be, ignores the signal and hands that down.
        ["env", "--default-signal=INT,TERM,HUP", AUTOTRADE, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    reached = {
        "imports": lambda: _server_imports(process.pid),
        "sessions": lambda: len(list(runs.glob("*/sessions/*/log.jsonl"))) == 2,
    }

    def is_reached() -> bool:
        assert process.poll() is None
        return reached[moment]()

    wait_until(is_reached, moment)
    end(process.pid)
    out, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert (out, told.strip()) == ("", "autotrade: interrupted")
    wait_until(lambda: not _living(process.pid), "no process")
    [folder] = runs.iterdir()
    assert not (folder / "summary.json").exists()
