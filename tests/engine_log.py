"""What the engine has logged in this process."""

import itertools

import pytest
from nautilus_trader.common import Logger
from patience import wait_until

__all__ = ["logged"]

_numbers = itertools.count(1)


def logged(capfd: pytest.CaptureFixture[str]) -> str:
    """Return all that was logged so far in a test; the engine's own thread writes it later."""
    last, out, errors = f"the last line that test {next(_numbers)} reads", "", ""
    Logger("TESTS").warning(last)

    def is_written() -> bool:
        nonlocal out, errors
        more = capfd.readouterr()
        out, errors = out + more.out, errors + more.err
        return last in out

    wait_until(is_written, "the engine's log", lambda: out + errors)
    return errors + out.partition(last)[0].rpartition("\n")[0]
