"""`autotrade drill`: emergencies with real processes, timed, judged, and nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE_S, wait_until
from rich.console import Console
from unmeasured import unmeasured

from autotrade_0dte.nodes.drill import Drilled, Findings, Scenario, Stage, Timed, run_drill
from autotrade_0dte.nodes.drill_scenarios import SCENARIOS
from autotrade_0dte.nodes.drill_table import drill_values, print_drill, report_words
from autotrade_0dte.nodes.drill_world import DrillWorld

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))


def environment(folder: Path) -> dict[str, str]:
    """Return one whose temporary files lie in `folder`."""
    temporary = folder / "temporary"
    temporary.mkdir()
    return os.environ | {"TMPDIR": str(temporary), "COLUMNS": "160"}


def processes_of(folder: Path) -> list[str]:
    """Return the processes whose command or environment names a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in told and process.name != str(os.getpid()):
            found.append(told.decode(errors="replace"))
    return found


def test_kill_drill_ends_flat_and_leaves_nothing_but_a_line_in_the_log(tmp_path: Path) -> None:
    """Whether it was in time is for a machine that does nothing else."""
    state = tmp_path / "state"
    drill = subprocess.run(
        [AUTOTRADE, "drill", "--only", "kill", "--state", str(state), "--json"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(drill.stdout)
    [scenario] = found["scenarios"]
    in_time = all(each["seconds"] <= each["limit_s"] for each in scenario["times"].values())
    assert scenario["wrong"] == [], drill.stderr
    assert found["passes"] is scenario["passes"] is in_time
    assert drill.returncode == (0 if in_time else 1)
    assert {name: each["limit_s"] for name, each in scenario["times"].items()} == {
        "first_cancel": 0.25,
        "flat": 10.0,
    }
    assert "a node not to start, exit code 4" in scenario["held"]

    [line] = (state / "log.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["action"], told["reason"].partition(" ")[0]) == ("drill", "kill")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert processes_of(tmp_path) == []


def test_drill_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    drill = subprocess.Popen(
        [AUTOTRADE, "drill", "--only", "crash", "--state", str(tmp_path / "state")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until(lambda: len(processes_of(tmp_path)) > 1, "a simulator")
        drill.terminate()
        assert drill.wait(PATIENCE_S) == 130
    finally:
        drill.kill()
        drill.communicate()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert list((tmp_path / "state").iterdir()) == []
    # One that was being started sees its input closed.
    wait_until(lambda: processes_of(tmp_path) == [], "no process")


def _late(_world: DrillWorld, findings: Findings) -> None:
    findings.check("what is so", so=True)
    findings.time(Stage.HALT, 2.0, 1.0)


def _wrong(_world: DrillWorld, findings: Findings) -> None:
    findings.time(Stage.FLAT, 0.5, 1.0)
    findings.check("no entry", so=False, was=3)


def _stuck(world: DrillWorld, _findings: Findings) -> None:
    world.wait(lambda: False, "what never comes", 0.01)


def _refused(world: DrillWorld, _findings: Findings) -> None:
    world.broker.quote("NONE")


def test_scenario_that_is_late_or_wrong_or_stuck_fails_and_the_others_go_on() -> None:
    said: list[str] = []
    results = run_drill(
        [
            Scenario("late", "too late", _late),
            Scenario("wrong", "not as it had to be", _wrong),
            Scenario("stuck", "never", _stuck),
            Scenario("refused", "no such symbol", _refused),
        ],
        said.append,
    )
    late, wrong, stuck, refused = results
    assert [each.passes for each in results] == [False] * 4
    assert late.times == {"halt": Timed(2.0, 1.0)}
    assert late.wrong == ()
    assert wrong.wrong == ("Expected no entry, was 3",)
    assert "Expected what never comes within 0.01 s" in stuck.wrong[0]
    assert "GET /quote/NONE" in refused.wrong[0]
    assert "3/4 stuck: waiting for what never comes" in said


def result(*, seconds: float = 0.1, wrong: tuple[str, ...] = ()) -> Drilled:
    return Drilled(
        name="kill",
        title="the switch",
        times={"first_cancel": Timed(seconds, 0.25)},
        held=("flat",),
        wrong=wrong,
        elapsed_s=9.0,
    )


@pytest.mark.parametrize(
    ("results", "passes", "shown"),
    [
        ([result()], True, ("PASS", "0.10 / 0.25", "1 of 1")),
        ([result(seconds=0.26)], False, ("FAIL", "0.26 / 0.25", "1 of 1")),
        ([result(), result(wrong=("Expected x, was y",))], False, ("FAIL", "1 of 2", "x, was y")),
    ],
    ids=["all well", "late", "one wrong"],
)
def test_table_and_values_tell_what_passed(
    results: list[Drilled],
    passes: bool,
    shown: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_drill(results, Console(width=120))
    printed = capsys.readouterr().out
    assert all(text in printed for text in shown), printed
    assert drill_values(results)["passes"] is passes
    assert ("FAILED" in report_words(results)) is not passes


def test_unknown_scenario_is_named_with_those_there_are(tmp_path: Path) -> None:
    refused = subprocess.run(
        [AUTOTRADE, "drill", "--only", "flood", "--state", str(tmp_path / "state")],
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert all(name in refused.stderr for name in SCENARIOS), refused.stderr
    assert not (tmp_path / "state").exists()
