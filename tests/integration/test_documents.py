"""The documents: links resolve, commands and examples run, tables say what the code says."""

import contextlib
import datetime as dt
import importlib.metadata
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from document_text import DOCUMENTS, ROOT, anchors, blocks, commands, rows, text
from scripted_strategy import ScriptedOrder, run, scripted
from small_market import write_session

from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import TABLES
from autotrade_0dte.calendar import session
from autotrade_0dte.cli import app, data, main
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.registry import FORMATS
from autotrade_0dte.data.importers.report import Note, Refusal
from autotrade_0dte.data.quality import Problem
from autotrade_0dte.execution.coordinator import HandOver, RefusalReason
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.fees import Entity, fee_schedule, order_fee
from autotrade_0dte.nodes.settlement import SettlementFault
from autotrade_0dte.nodes.verdict import Unclean
from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.expiry import ExpiryReason
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_strategies.signal_strategy import NoPlan

sys.path.insert(0, str(ROOT / "scripts"))

import configuration_reference

AUTOTRADE = Path(sys.executable).with_name("autotrade")

GROUPS = {"data": data}
COMMANDS: dict[tuple[str, ...], object] = {
    (name,): app[name].default_command for name in app if name[0] != "-" and name not in GROUPS
} | {
    (group, name): each[name].default_command
    for group, each in GROUPS.items()
    for name in each
    if name[0] != "-"
}

# Synthetic sessions small enough to run all examples in seconds.
SMALL = "--sessions 1 --seed 7 --strikes 12"
ITS_DATE = "--session 2026-07-31"

MACHINE_PATHS = re.compile(r"(?<![\w.>*])/(?:work|home|root|tmp|Users|mnt|opt)/\w")


def links() -> Iterator[tuple[Path, str]]:
    for path in DOCUMENTS:
        prose = re.sub(r"^```.*?^```", "", text(path), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if not target.startswith(("http:", "https:")):
                yield path, target


@pytest.mark.parametrize(
    ("path", "target"), list(links()), ids=lambda v: v if isinstance(v, str) else v.name
)
def test_link_leads_to_a_file_and_a_heading(path: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    file = (path.parent / name).resolve() if name else path
    assert file.exists()
    assert not anchor or anchor in anchors(file)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_is_understood(path: Path) -> None:
    for words in commands(path):
        command, _, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
        assert command in COMMANDS.values()
        for word in words:
            if word.startswith("configs/"):
                assert (ROOT / word).is_file()


def test_every_command_explains_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for path in DOCUMENTS for line in commands(path)]
    shown = {tuple(w for w in line[1:3] if w.replace("-", "").isalpha()) for line in lines}
    assert {line[:1] if line[0] != "data" else line[:2] for line in shown} == set(COMMANDS)
    for words in sorted(COMMANDS):
        monkeypatch.setattr(sys, "argv", ["autotrade", *words, "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        assert capsys.readouterr().out.startswith("Usage:")


def autotrade(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": "."}
    line = [str(AUTOTRADE), *words]
    return subprocess.run(
        line, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the README's reader has it, after the quick tour."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "configs").symlink_to(ROOT / "configs")
    tour = blocks(ROOT / "README.md", "sh")[1]
    for line in tour.splitlines():
        small = re.sub(r"--sessions \d+ --seed \d+", SMALL, line)
        words = shlex.split(re.sub(r"--session \S+", ITS_DATE, small), comments=True)[1:]
        if "runs/RUN_ID" in words:
            [run_folder] = (folder / "runs").iterdir()
            words = [word.replace("RUN_ID", run_folder.name) for word in words]
            if words[0] == "report":
                (run_folder / "report.html").unlink()
        one_belief = ["--scenarios", "base"] if words[0] == "backtest" else []
        code, said = _called([*words, *one_belief], folder)
        assert code == 0, f"{line}\n{said}"
    return folder


def _called(words: list[str], folder: Path) -> tuple[int, str]:
    """Return exit code and output of the command, called in this process as if from `folder`."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["autotrade", *words])
        patch.setattr(sys, "stderr", said)
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), said.getvalue()


def test_quick_tour_ends_with_a_report(workplace: Path) -> None:
    [run_folder] = (workplace / "runs").iterdir()
    assert (run_folder / "report.html").is_file()
    assert read_summary(run_folder)["clean"] is True


def test_backtest_document_names_every_key_of_the_summary(workplace: Path) -> None:
    [run_folder] = (workplace / "runs").iterdir()
    assert rows(ROOT / "docs/backtest.md", "### summary.json") == set(read_summary(run_folder))


@pytest.mark.parametrize("name", TABLES)
def test_backtest_document_names_every_column(name: str) -> None:
    described = rows(ROOT / "docs/backtest.md", f"### {name}") | {"run_id", "session"}
    assert described == set(TABLES[name].names)


def test_backtest_document_explains_every_reason() -> None:
    node = "".join(text(ROOT / f"autotrade_0dte/nodes/{name}.py") for name in ("backtest", "books"))
    unclean = {*re.findall(r'f"([A-Z_]+): ', node), *SettlementFault, *Unclean, "LOG_NOT_WRITTEN"}
    explained = rows(ROOT / "docs/backtest.md", "## Unclean reasons")
    assert {name for name in explained if name.isupper()} == unclean
    desk = set(re.findall(r'"([A-Z_]+): ', text(ROOT / "autotrade_0dte/actors/order_desk.py")))
    exits = {*ExitReason, *ExpiryReason}
    mentioned = set(re.findall(r"`([A-Z_]+)`", text(ROOT / "docs/backtest.md")))
    assert desk | exits <= mentioned
    gate = set(re.findall(r"`([A-Z_]+)`", text(ROOT / "docs/risk.md")))
    assert set(DenyReason) <= gate


def test_data_document_explains_every_format_reason_and_finding() -> None:
    path = ROOT / "docs/data.md"
    assert {heading.lower() for heading in FORMATS} <= anchors(path)
    assert rows(path, "### Refused and noted rows") == {*Refusal, *Note}
    found = rows(path, "## What info and check print")
    assert found == {problem.replace("_", " ") for problem in Problem}


def test_python_examples_of_the_data_document_run(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    examples = blocks(ROOT / "docs/data.md", "python")
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, "data.md", "exec"), {})
    assert "market data events" in capsys.readouterr().out
    [own] = Catalog("catalog/own").sessions()
    assert (own.root, own.contracts, own.quotes) == ("SPY", 2, 2)


def test_strategy_of_the_document_trades(workplace: Path, tmp_path: Path) -> None:
    path = ROOT / "docs/strategies.md"
    [module], [config] = blocks(path, "python"), blocks(path, "toml")
    (tmp_path / "first_call.py").write_text(module)
    (tmp_path / "first_call.toml").write_text(config)
    (tmp_path / "catalog").symlink_to(workplace / "catalog")
    [words] = commands(path)
    result = autotrade(*words[1:], "--json", "--scenarios", "base", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    summary = msgspec.json.decode(result.stdout)
    assert (summary["trades"], summary["clean"]) == (summary["sessions"], True)


def test_strategy_document_explains_every_rule_and_exit() -> None:
    path = ROOT / "docs/strategies.md"
    assert rows(path, "## The coordinator") == set(RefusalReason)
    own = {*ExitReason, *HandOver} - {ExitReason.RESTART}
    assert rows(path, "## What the base does with a plan") == own
    after = list(SignalRefusal).index(SignalRefusal.NO_TRIGGER)
    assert rows(path, "## The anomaly strategy") == set(list(SignalRefusal)[after:])
    assert set(NoPlan) <= set(re.findall(r"`([A-Z_]+)`", text(path)))


def test_configuration_reference_is_what_the_code_says() -> None:
    assert text(ROOT / "docs/configuration.md") == configuration_reference.document()


def test_readme_disclaims_what_it_must() -> None:
    words = " ".join(text(ROOT / "README.md").split())
    assert "independent community project" in words
    assert (
        "not affiliated with, endorsed by, or supported by Nautech Systems Pty Ltd or the official "
        "NautilusTrader project" in words
    )
    assert "not affiliated with, endorsed by, or supported by Tiger Brokers or Cboe" in words
    assert "Synthetic data is synthetic" in words
    assert "Nothing here is investment advice" in words
    assert "Market data belongs to its vendors" in words


def test_changelog_begins_with_this_version() -> None:
    version = importlib.metadata.version("autotrade-0dte")
    assert re.search(r"^## (\S+)", text(ROOT / "CHANGELOG.md"), re.MULTILINE)[1] == version  # type: ignore[index]


def test_no_tracked_file_names_a_path_of_a_machine() -> None:
    told = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, told.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".npz", ".png"} or not path.is_file() or path == Path(__file__):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [f"{name}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATHS.search(line)]
    assert found == []


def test_fee_of_a_round_trip_in_the_strategy_document() -> None:
    schedule = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 31))
    paid = sum(order_fee(schedule, "SPY", sell, [(1, 1.00)]).total for sell in (False, True))
    assert f"pays {paid:.2f} dollars of fees, {paid:.1f} %" in text(ROOT / "docs/strategies.md")


def test_fills_follow_the_stated_assumptions(tmp_path: Path) -> None:
    date = dt.date(2026, 7, 20)

    def quote(second: int, _strike: float, _is_call: bool) -> tuple[int, int]:
        bid = 200 if second < 600 else 190 if second < 900 else 230
        return bid, bid + 2

    catalog = Catalog(tmp_path / "catalog")
    write_session(
        catalog, "SPY", date, strikes=(600, 605), spot=605.0, settlement=605.0, quote=quote, size=50
    )
    call, put, other = (f"SPY260720{name}" for name in ("C00605000", "P00605000", "C00600000"))
    orders = [
        ScriptedOrder(65, call, "BUY", 60, 2.05),
        ScriptedOrder(305, call, "SELL", 10, 2.20),
        ScriptedOrder(65, put, "BUY", 30, 2.02),
        ScriptedOrder(125, put, "BUY", 30, 2.02),
        ScriptedOrder(65, other, "BUY", 50, 2.02),
        ScriptedOrder(605, other, "BUY", 10, 1.92),
        ScriptedOrder(725, other, "SELL", 60),
    ]
    outcome = run(scripted("SPY", *orders), catalog.path, tmp_path / "runs")
    opened = session(date).open_ns
    filled: dict[str, list[tuple[str, int, int, float, str]]] = {call: [], put: [], other: []}
    for row in outcome.rows("fills", date):
        if row["kind"] == "TRADE":
            at = (row["ts_event"].value - opened) // 1_000_000_000
            fill = (row["side"], at, row["quantity"], row["price"], row["liquidity"])
            filled[row["instrument_id"].removesuffix(".US")].append(fill)
    # The quote's price and not the cap, at most the size shown; the rest at the limit, later. The
    # desk walked to that price, which leaves the other orders nothing to walk.
    assert filled[call] == [
        ("BUY", 69, 50, 2.02, "TAKER"),
        ("BUY", 600, 10, 2.02, "TAKER"),
        ("SELL", 900, 10, 2.20, "MAKER"),
    ]
    # Size that was taken stays gone while the same quote is repeated each minute.
    assert filled[put] == [
        ("BUY", 69, 30, 2.02, "TAKER"),
        ("BUY", 129, 20, 2.02, "TAKER"),
        ("BUY", 600, 10, 2.02, "TAKER"),
    ]
    # What is left of a market order goes one tick worse.
    assert filled[other][-2:] == [
        ("SELL", 725, 50, 1.90, "TAKER"),
        ("SELL", 725, 10, 1.89, "TAKER"),
    ]
