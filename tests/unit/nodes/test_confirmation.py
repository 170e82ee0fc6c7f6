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
TYPED_AHEAD = f"""
import os, select
terminal = os.open("/dev/tty", os.O_RDWR)
print("ready", flush=True)
select.select([terminal], [], [])
{ASK}"""
IMPATIENT = f"""
from autotrade_0dte.nodes import confirmation
confirmation._ANSWER_WITHIN_S = 0.1
{ASK}"""


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


def test_what_was_typed_before_the_question_is_no_answer() -> None:
    with TerminalProcess([sys.executable, "-c", TYPED_AHEAD], os.environ) as operator:
        operator.read_until("ready")
        operator.type("1234")
        operator.read_until("to go on: ")
        operator.type("no")
        operator.end()
        assert "NOT STARTED: Expected the last four" in operator.seen


def test_question_is_not_open_for_ever() -> None:
    with TerminalProcess([sys.executable, "-c", IMPATIENT], os.environ) as operator:
        operator.read_until("NOT STARTED: Expected an answer within")


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
