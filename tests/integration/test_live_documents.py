"""The documents on Tiger and live trading: what they list is what there is, what they show runs."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from document_text import ROOT, blocks, command, commands, fenced, part, rows, text
from patience import PATIENCE_S, wait_until
from project_simulator import project_simulator
from simulator_process import ADAPTERS

from autotrade_0dte import cli_errors, cli_options
from autotrade_0dte.config import LiveParams
from autotrade_0dte.data.journal import SUFFIX, read_journal
from autotrade_0dte.nodes.link_watch import LinkFault
from autotrade_0dte.nodes.live_end import LiveUnclean
from tiger_nt.alarms import AlarmKind
from tiger_nt.budget import PER_MINUTE, SHARES
from tiger_nt.simulator.fault_script import TimedFault, load_faults
from tiger_nt.simulator.faults import FaultKind
from tiger_nt.symbols import option_terms

LIVE = ROOT / "docs/live.md"
TIGER = ROOT / "docs/tiger.md"
AUTOTRADE = Path(sys.executable).with_name("autotrade")


def source(*names: str) -> str:
    """Return modules of the adapter, one after the other."""
    return "".join((ADAPTERS / "tiger_nt" / name).read_text() for name in names)


# -- Tables ----------------------------------------------------------------------------------------


def test_live_document_explains_every_reason() -> None:
    assert rows(LIVE, "## Unclean reasons") == {*LiveUnclean, *LinkFault, *AlarmKind}


def test_live_document_names_every_check_of_the_start() -> None:
    preflight = text(ROOT / "autotrade_0dte/nodes/preflight.py")
    checks = set(re.findall(r'self\._check\("([^"]+)"', preflight))
    assert rows(LIVE, "## What is checked before the start") == checks


def test_live_document_explains_every_key() -> None:
    assert rows(LIVE, "### `[live]`") == set(LiveParams.__struct_fields__)


@pytest.mark.parametrize("path", [LIVE, ROOT / "README.md"], ids=lambda path: path.name)
def test_every_exit_code_is_explained(path: Path) -> None:
    named = {name: code for m in (cli_errors, cli_options) for name, code in vars(m).items()}
    codes = {0} | {code for name, code in named.items() if name.startswith("EXIT_")}
    explained = re.findall(r"^\| (\d+) \|", part(path, "## Exit codes"), re.MULTILINE)
    assert {int(code) for code in explained} == codes


def test_tiger_document_explains_every_variable() -> None:
    config = source("config.py") + text(ROOT / "autotrade_0dte/nodes/tiger.py")
    read = {f"TIGEROPEN_{name.upper()}" for name in re.findall(r'\bvalue\("(\w+)"\)', config)}
    read |= set(re.findall(r'"(TIGER\w+_[A-Z_]+)"', config))
    assert rows(TIGER, "## Keys and accounts") == read


def test_tiger_document_explains_every_code_of_a_refused_order() -> None:
    modules = ("execution.py", "order_admission.py", "order_limits.py", "order_requests.py")
    modules += ("gateway.py", "inquiry.py", "package_requests.py")
    codes = set(re.findall(r'f?"([A-Z]+(?:_[A-Z]+)*): ', source(*modules)))
    codes |= set(re.findall(r'= "([A-Z]+(?:_[A-Z]+)+)"', source(*modules)))
    assert {"DUPLICATE", "MAX_NOTIONAL", "UNKNOWN_OUTCOME_NOT_FOUND", "NOT_SENT"} <= codes
    assert codes <= set(re.findall(r"`([A-Z_]+)`", text(TIGER)))


def test_tiger_document_states_the_shares_and_limits_of_the_call_budget() -> None:
    budget = part(TIGER, "## Calls a minute")
    shares = [int(share) for share in re.findall(r"\| (\d+) % \|", budget)]
    assert sorted(shares) == sorted(round(100 * share) for share in SHARES.values())
    stated = re.findall(r"each \| (\d+) a minute", budget)
    assert {int(limit) for limit in stated} == {*PER_MINUTE.values(), 10}


def test_tiger_document_counts_the_threads() -> None:
    counted = dict(re.findall(r"`tiger-(\w+)` \((\d+)\)", part(TIGER, "## Threads")))
    threads = dict(re.findall(r"Lane\.(\w+): (\d+)", source("lanes.py")))
    assert counted
    assert counted == {lane.lower(): count for lane, count in threads.items()}


def test_tiger_document_explains_every_fault_and_field() -> None:
    section = part(TIGER, "### Faults")
    assert rows(TIGER, "### Faults") - {"kind"} == set(FaultKind)
    assert set(TimedFault.__struct_fields__) <= set(re.findall(r"\b\w+\b", section))


def test_example_of_timed_faults_loads(tmp_path: Path) -> None:
    [example] = blocks(TIGER, "toml")
    file = tmp_path / "faults.toml"
    file.write_text(example)
    assert [fault.at_s for fault in load_faults(file)] == [30, 60, 90]


# -- Examples --------------------------------------------------------------------------------------


def curls() -> list[tuple[str, str, str | None]]:
    """Return method, path and body of the requests to the control port that are shown."""
    lines = [line for block in fenced(part(TIGER, "### Control port"), "sh") for line in
             block.splitlines()]  # fmt: skip
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        [url] = [word for word in words if word.startswith("$CONTROL")]
        found.append((method, url.removeprefix("$CONTROL"), body))
    return found


def test_tiger_document_shows_every_request_of_the_control_port() -> None:
    routes = re.findall(r'web\.(get|post|delete)\("([^"{]+)', source("simulator/control.py"))
    shown = {(method, re.sub(r"(?<=/quote/).*", "", path)) for method, path, _ in curls()}
    assert shown == {(method.upper(), path) for method, path in routes}


def test_requests_to_the_control_port_are_answered_as_shown() -> None:
    with project_simulator(quotes_per_second=50.0) as simulator:
        listed = simulator.control("GET", "/session")["contracts"]
        contract = listed[40]
        rights = [terms for terms in map(option_terms, listed) if terms.is_call]
        assert option_terms(contract) in rights
        further = min(t for t in rights if t.strike > option_terms(contract).strike).compact
        order = {}
        for method, path, body in curls():
            named = "" if body is None else body.replace("CONTRACT", contract)
            content = json.loads(named.replace("FURTHER", further)) if named else None
            if path == "/cancel":
                content = {"id": order["id"]}
            answer = simulator.control(method, path, content)
            if path == "/order":
                order = answer
        assert order["symbol"] == contract
        assert simulator.account("paper")["orders"] == []  # as at the start


def test_commands_of_the_readme_are_those_of_the_live_document() -> None:
    shown = part(ROOT / "README.md", "## Rehearse and trade")
    lines = [line for line in "".join(fenced(shown, "sh")).splitlines() if "autotrade " in line]
    assert lines
    assert all(command(line) in commands(LIVE) for line in lines)


class Reader:
    """Follows docs/live.md in a folder of its own, with the configurations of the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "configs").symlink_to(ROOT / "configs")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TIGER")
        }

    def line(self, start: str) -> list[str]:
        """Return the last command line of the document that begins so."""
        return [words for words in commands(LIVE) if " ".join(words).startswith(start)][-1]

    def run(self, start: str, **changes: str) -> tuple[int, str]:
        """Run that line with some words changed; return exit code and what was printed."""
        process = self.start(start, **changes)
        said, _ = process.communicate()
        return process.returncode, said

    def start(self, start: str, **changes: str) -> subprocess.Popen[str]:
        """Start that line with some words changed."""
        words = " ".join(self.line(start))
        for old, new in changes.items():
            words = words.replace(old, new)
        return subprocess.Popen(
            [str(AUTOTRADE), *words.split()[1:]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def recorded_s(self) -> float:
        """Return how long a time the journal of a node spans, seconds."""
        for journal in (self.folder / "catalog").rglob(f"*{SUFFIX}"):
            if len(times := read_journal(journal).rows["ts_init"]):
                return float(times[-1] - times[0]) / 1e9
        return 0.0


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Return a reader whose simulator runs, and whose shell has been pointed at it."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    file = reader.folder / "tiger.env"
    words = reader.line("autotrade simulator --lively")
    with file.open("w") as out:
        process = subprocess.Popen(
            [str(AUTOTRADE), *words[1:]], cwd=reader.folder, env=reader.environment, stdout=out
        )
    try:

        def is_ready() -> bool:
            assert process.poll() is None
            return "TIGER_NT_SESSION" in file.read_text().rpartition("\n")[0]

        wait_until(is_ready, "a simulator")
        for line in file.read_text().splitlines():
            if line.startswith("export "):
                name, _, value = shlex.split(line)[1].partition("=")
                reader.environment[name] = value
        yield reader
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


def test_rehearsal_leads_to_a_comparison_and_a_recording(reader: Reader) -> None:
    code, said = reader.run("autotrade doctor", **{"--broker": "--live"})
    assert code == 0, said
    assert all(check in said for check in rows(LIVE, "## What is checked before the start"))
    rehearsed = "autotrade paper configs/rehearsal.toml --minutes 3 --catalog catalog/rehearsal"
    node = reader.start(rehearsed)
    wait_until(lambda: reader.recorded_s() > 5.0 or node.poll() is not None, "a recording")
    node.send_signal(signal.SIGINT)  # so much will do
    said, _ = node.communicate(timeout=PATIENCE_S)
    assert node.returncode == 0, said
    code, said = reader.run("autotrade backtest")
    assert (code, "DATA_ENDS_EARLY" in said) == (3, True), said
    a, b = sorted((reader.folder / "runs").iterdir(), key=lambda run: run.stat().st_ctime)
    code, said = reader.run("autotrade compare", RUN_A=a.name, RUN_B=b.name)
    assert code == 0, said
    [journals] = (reader.folder / "catalog/rehearsal/recordings").iterdir()
    named = re.escape("catalog/live/recordings/") + r"\S+"
    [shown] = re.findall(named, " ".join(reader.line("autotrade data import")))
    code, said = reader.run("autotrade data import", **{shown: str(journals)})
    assert code == 0, said


def test_node_of_ones_own_prints_quotes_and_ends(reader: Reader) -> None:
    [example] = blocks(TIGER, "python")
    (reader.folder / "own_node.py").write_text(example)
    process = subprocess.Popen(
        [sys.executable, "-u", "own_node.py"],
        cwd=reader.folder,
        env=reader.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("SPY.US,")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
