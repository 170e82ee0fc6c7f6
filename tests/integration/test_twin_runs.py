"""The same strategy and configuration live, on paper, and in a backtest of what was recorded."""

import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE_S
from project_simulator import project_simulator
from terminal_process import TerminalProcess
from unmeasured import unmeasured

from autotrade_0dte.analysis.comparison import Comparison, compare_runs
from autotrade_0dte.analysis.comparison_terminal import print_comparison
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.recorded_quotes import RecordedQuotes

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))
TESTS = Path(__file__).resolve().parents[1]
MINUTES = 0.9
MIN_DECISIONS = 7
CONFIG = """
name = "twin"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "eager_strategy:EagerStrategy"

[regular.params]
min_momentum_bps = 0.3
settle_s = 10
hold_s = 4
cool_down_s = 5
max_trades = 100
entry_timeout_s = 3
slack_usd = 1.0

[indicators]
bar_s = 1
momentum_window_s = 4
burst_window_s = 5
trend_window_s = 8
realized_short_s = 5

# Every order crosses: where a walk stands when the market comes to it hangs on milliseconds, and
# what is decided next on whether it was filled.
[actions.regular]
calm = { entries = true, urgency = "urgent" }
l1 = { entries = true, urgency = "urgent" }
l2 = { entries = true, urgency = "urgent" }
l3 = { entries = true, urgency = "urgent" }

[desk.route]
urgent_cross_ticks = 100

[coordinator.regular]
share = 1.0
level_pause_s = 0

# What is decided does not hang on what was paid.
[risk.limits.order]
collar_ticks = 1000
[risk.limits.portfolio]
max_losses_in_row = 1000
[risk.ladder]
max_daily_loss = 1.0
max_drawdown = 1.0

[simulation]
latency_ms = 10  # about what the simulator takes

# Nobody knows the queue that an order met: without one both fill when the market comes to them.
[simulation.fills.optimistic]
queue_share = 0.0

[simulation.fills.base]
queue_share = 0.0
"""


class Runs:
    """The folders of one mode: its run, the backtest of its recording, and the catalog."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.config = folder / "twin.toml"
        self.mode = mode
        self.catalog = folder / mode / "catalog"
        self.runs = folder / mode / "runs"
        self.backtests = folder / mode / "backtests"
        self.command = [
            AUTOTRADE, mode, str(self.config), "--minutes", str(MINUTES),
            "--catalog", str(self.catalog), "--runs", str(self.runs),
            "--state", str(folder / mode / "state"),
        ]  # fmt: skip

    def compare(self) -> Comparison:
        """Backtest the recording and compare."""
        subprocess.run(
            [AUTOTRADE, "backtest", str(self.config), "--workers", "1", "--scenarios", "base",
             "--catalog", str(self.catalog), "--runs", str(self.backtests)],
            env=unmeasured() | {"PYTHONPATH": str(TESTS)},
            capture_output=True,
            check=False,  # a recording of minutes ends early, and its backtest unclean
        )  # fmt: skip
        [run], [backtest] = self.runs.iterdir(), self.backtests.iterdir()
        return compare_runs(run, backtest, quotes=RecordedQuotes(Catalog(self.catalog)))


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Runs]:
    """Trade one stretch of a lively market on a live node and on a paper node at a time."""
    folder = tmp_path_factory.mktemp("twin")
    (folder / "twin.toml").write_text(CONFIG)
    live, paper = Runs(folder, "live"), Runs(folder, "paper")
    kept = {name: text for name, text in unmeasured().items() if not name.startswith("TIGER")}
    kept |= {"PYTHONPATH": str(TESTS), "TERM": "dumb"}
    with project_simulator(quotes_per_second=800.0) as simulator:
        paper_node = subprocess.Popen(
            paper.command,
            env=kept | simulator.environment("paper"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        account = simulator.environment("live")
        with TerminalProcess(live.command, kept | account) as operator:
            operator.read_until("to go on: ")
            operator.type(account["TIGEROPEN_ACCOUNT"][-4:])
            assert operator.end(after_s=MINUTES * 60) in {0, 3}, operator.seen
        assert paper_node.wait(PATIENCE_S) in {0, 3}
    return {"live": live, "paper": paper}


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_backtest_of_the_recording_decides_as_the_node_did_and_explains_every_fill(
    traded: dict[str, Runs], mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison = traded[mode].compare()
    print_comparison(comparison)
    shown = capsys.readouterr().out
    [session] = comparison.sessions
    assert session.decisions_matched >= MIN_DECISIONS, shown
    assert comparison.decisions_agree, shown
    assert comparison.unexplained == 0, shown
    assert comparison.agrees, shown
    assert (comparison.a.mode, comparison.b.mode) == (mode, "backtest")
    for found in session.fill_differences:
        for explanation in found.explanations:
            assert explanation.cause.upper() in shown
