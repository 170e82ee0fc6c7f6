"""What signals do while a node runs, in a process of its own."""

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, sys
from autotrade_0dte.nodes.signals import stopped_by_signals
number = signal.Signals(int(sys.argv[1]))
# Not what was inherited: in the background a shell has its children ignore an interrupt.
signal.signal(number, signal.SIG_IGN if sys.argv[2:] else signal.SIG_DFL)
stops = []
with stopped_by_signals(lambda: stops.append(1)):
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
print(len(stops), flush=True)
os.kill(os.getpid(), number)
print("alive")
"""


def run(number: signal.Signals, *ignored: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", CODE, str(int(number)), *ignored]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout.split()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_signals_only_ask_to_stop_until_the_block_has_ended(number: signal.Signals) -> None:
    assert run(number) == (-number, ["2"])


def test_hang_up_that_was_ignored_still_is() -> None:
    assert run(signal.SIGHUP, "ignored") == (0, ["0", "alive"])
