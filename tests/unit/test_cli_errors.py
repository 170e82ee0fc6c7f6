"""What a command that was stopped says in one line, and what it ends with."""

import errno
import os

import pytest

from autotrade_0dte.cli_errors import EXIT_BAD_INPUT, EXIT_FAULT, EXIT_REFUSED, exit_code, told
from autotrade_0dte.config import ConfigError
from autotrade_0dte.nodes.sessions import SessionFaultError
from autotrade_0dte.store.schema import StoreError
from tiger_nt.errors import TigerConfigError

DENIED = OSError(errno.EACCES, os.strerror(errno.EACCES), "runs/a")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigError("Expected a, was b"), "Expected a, was b"),
        (DENIED, "Expected a file or folder that can be used, was: Permission denied (runs/a)"),
        (FULL, "Expected room on the disk, was: No space left on device"),
        (FileExistsError("Expected a free name, was none"), "Expected a free name, was none"),
        (
            TigerConfigError("Expected keys, was none"),
            "Expected keys, was none. See docs/tiger.md; to rehearse without an account: "
            "autotrade simulator",
        ),
    ],
    ids=["ours", "denied", "full", "ours of the system's kind", "Tiger"],
)
def test_error_is_one_line_without_numbers_of_the_system(error: Exception, line: str) -> None:
    assert told(error) == line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DENIED, EXIT_BAD_INPUT),
        (SessionFaultError("fault"), EXIT_FAULT),
        (StoreError("newer"), EXIT_REFUSED),
        (ZeroDivisionError(), None),
    ],
)
def test_exit_code_is_of_the_kind_of_error(error: Exception, code: int | None) -> None:
    assert exit_code(error) == code
