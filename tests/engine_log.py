"""What the engine has logged in this process."""

import itertools
import os

import pytest
from nautilus_trader.common import Logger
from patience import wait_until

__all__ = ["logged"]

_STDOUT = 1
_numbers = itertools.count(1)


def logged(capfd: pytest.CaptureFixture[str]) -> str:
    """Return all that was logged so far in a test; the engine's own thread writes it later."""
    last = f"the last line that test {next(_numbers)} reads"
    Logger("TESTS").warning(last)
    # Looked at where pytest keeps it: what comes while `readouterr` empties that file is lost.
    wait_until(lambda: last.encode() in _written(), "the engine's log", _written)
    out, errors = capfd.readouterr()
    return errors + out.partition(last)[0].rpartition("\n")[0]


def _written() -> bytes:
    return os.pread(_STDOUT, os.fstat(_STDOUT).st_size, 0)
