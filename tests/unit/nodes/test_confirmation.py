"""The operator's confirmation, at a real terminal and without one."""

import os
import subprocess
import sys

import pytest
from terminal_process import TerminalProcess

ASK = """
from autotrade_0dte.nodes.confirmation import ConfirmationError, confirm_account
from tiger_nt.config import Credentials
try:
    confirm_account(Credentials(tiger_id="t", account="50001234", private_key="k"), "demo on SPY")
except ConfirmationError as e:
    print("NOT STARTED:", e)
else:
    print("STARTED")
"""
COMMAND = [sys.executable, "-c", ASK]


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [("1234", "STARTED"), ("y", "NOT STARTED"), ("", "NOT STARTED"), ("50001234", "NOT STARTED")],
)
def test_only_the_last_four_characters_of_the_account_start_it(typed: str, outcome: str) -> None:
    with TerminalProcess(COMMAND, os.environ) as operator:
        operator.read_until("to go on: ")
        assert "REAL MONEY" in operator.seen
        assert "50001234" not in operator.seen
        operator.type(typed)
        operator.end()
        answer = operator.seen.rpartition("go on: ")[2]
        assert answer.partition("STARTED")[0].endswith("NOT ") is (outcome == "NOT STARTED")
        assert "STARTED" in answer


def test_answer_on_standard_input_is_not_taken() -> None:
    told = subprocess.run(
        COMMAND,
        input="1234\n",
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
    )
    assert "NOT STARTED: Expected an operator at a terminal" in told.stdout
