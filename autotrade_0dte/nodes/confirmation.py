"""The operator's word before real money is at stake, which no script gives by accident."""

import contextlib
import os

from tiger_nt.config import Credentials

__all__ = ["ConfirmationError", "confirm_account"]

_TERMINAL = "/dev/tty"


class ConfirmationError(RuntimeError):
    """The operator did not confirm the account; nothing was sent."""


def confirm_account(credentials: Credentials, description: str) -> None:
    """Ask at the terminal for the account's last four characters; raise without the right answer.

    The answer is read from the controlling terminal and never from standard input, a flag or the
    environment, so that a pipe or a scheduler cannot give it.
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
        os.write(terminal, question.encode())
        answer = _line(terminal)
    if answer != credentials.account[-4:]:
        raise ConfirmationError(
            "Expected the last four characters of the account, was something else: not started"
        )


def _line(terminal: int) -> str:
    typed = bytearray()
    while chunk := os.read(terminal, 256):
        typed += chunk
        if b"\n" in chunk or b"\r" in chunk:
            break
    return typed.decode(errors="replace").strip()
