"""The operator's word before real money is at stake, which no script gives by accident."""

import contextlib
import os
import select
import termios
import time

from tiger_nt.config import Credentials

__all__ = ["ConfirmationError", "confirm_account"]

_TERMINAL = "/dev/tty"
_ANSWER_WITHIN_S = 60.0
"""What was checked before the question holds for a while only: prices move, orders fill."""


class ConfirmationError(RuntimeError):
    """The operator did not confirm the account; nothing was sent."""


def confirm_account(credentials: Credentials, description: str) -> None:
    """Ask at the terminal for the account's last four characters; raise without the right answer.

    The answer is read from the controlling terminal and never from standard input, a flag or the
    environment, so that a pipe or a scheduler cannot give it; nor is what was typed before the
    question, or an answer a minute late.
    """
    try:
        terminal = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise ConfirmationError(
            "Expected an operator at a terminal to confirm the live account, was none: "
            "start `autotrade live` by hand"
        ) from None
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, terminal)
        question = (
            f"\n{description}\nThis trades REAL MONEY on account {credentials.account_hint}.\n"
            "Type the last four characters of the account to go on: "
        )
        termios.tcflush(terminal, termios.TCIFLUSH)
        os.write(terminal, question.encode())
        answer = _line(terminal)
    if answer != credentials.account[-4:]:
        raise ConfirmationError(
            "Expected the last four characters of the account, was something else: not started"
        )


def _line(terminal: int) -> str:
    deadline_s = time.monotonic() + _ANSWER_WITHIN_S
    typed = bytearray()
    while not typed.endswith((b"\n", b"\r")):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not select.select([terminal], [], [], left_s)[0]:
            raise ConfirmationError(
                f"Expected an answer within {_ANSWER_WITHIN_S:.0f} s, was none: not started"
            )
        chunk = os.read(terminal, 256)
        if not chunk:
            break
        typed += chunk
    return typed.decode(errors="replace").strip()
