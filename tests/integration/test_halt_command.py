"""``autotrade halt``, and ``rearm`` after it, as an operator runs them."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from patience import wait_until

from autotrade_0dte.nodes.halt import read_halt
from autotrade_0dte.nodes.kill_answers import claim
from autotrade_0dte.nodes.kill_latch import read_latch, set_latch
from autotrade_0dte.nodes.rearm import answer_word, take_word

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))


def command(folder: Path, *arguments: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [AUTOTRADE, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("options", "mode", "said"),
    [
        ([], "HALT_ENTRIES", "nothing is opened"),
        (["--flatten"], "FLATTEN", "all is closed, nothing is opened"),
    ],
)
def test_halt_leaves_its_word_and_a_line_in_the_log(
    tmp_path: Path, options: list[str], mode: str, said: str
) -> None:
    code, out, err = command(tmp_path, "halt", "--reason", "news at two", *options)
    assert (code, err) == (0, "")
    assert out == f"Halted under {tmp_path / 'state'}: {said}\n"
    halt = read_halt(tmp_path / "state")
    assert halt is not None
    assert (halt.reason, halt.mode) == ("news at two", mode)
    (line,) = (tmp_path / "state" / "log.jsonl").read_text().splitlines()
    logged = json.loads(line)
    assert (logged["action"], logged["reason"], logged["mode"]) == ("halt", "news at two", mode)


def test_halt_undoes_nothing_that_is_stricter(tmp_path: Path) -> None:
    command(tmp_path, "halt", "--reason", "one", "--flatten")
    set_latch(tmp_path / "state", "two", direct=False)
    code, out, _ = command(tmp_path, "halt", "--reason", "three")
    assert code == 0
    assert "all is closed" in out
    assert "A kill stands, which is stricter and stays" in out
    halt, latch = read_halt(tmp_path / "state"), read_latch(tmp_path / "state")
    assert halt is not None
    assert latch is not None
    assert (halt.mode, latch.reason) == ("FLATTEN", "two")


def test_halt_needs_a_reason(tmp_path: Path) -> None:
    code, _, err = command(tmp_path, "halt", "--reason", " ")
    assert (code, len(err.splitlines())) == (2, 1)
    assert not (tmp_path / "state").exists()


def test_rearm_waits_for_a_running_node_and_says_what_stays(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "paper-a-SPY"
    running = claim(folder)

    def answer() -> None:
        word = wait_until(lambda: take_word(tmp_path / "state", folder), "a word")
        assert word is not None
        answer_word(folder, word, ["DAILY_LOSS asks for FLATTEN"])

    node = threading.Thread(target=answer)
    node.start()
    code, out, _ = command(tmp_path, "rearm", "--reason", "looked at it")
    node.join()
    running.close()
    assert code == 0
    assert "paper-a-SPY: not all: DAILY_LOSS asks for FLATTEN" in out


def test_help_of_halt_is_short(tmp_path: Path) -> None:
    _, out, _ = command(tmp_path, "halt", "--help")
    assert len(out.splitlines()) < 20
