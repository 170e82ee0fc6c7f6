"""What a command that was stopped says in one line, and what it ends with."""

import errno

from cyclopts import CycloptsError, UnusedCliTokensError

__all__ = ["EXIT_BAD_INPUT", "EXIT_FAULT", "EXIT_INTERRUPTED", "EXIT_REFUSED", "exit_code"]
__all__ += ["os_error_text", "told"]

EXIT_FAULT = 1
EXIT_BAD_INPUT = 2
EXIT_REFUSED = 4
EXIT_INTERRUPTED = 130

_FULL = (errno.ENOSPC, errno.EDQUOT)


def exit_code(error: Exception) -> int | None:
    """Return what an error ends the command with; None for one that nobody foresaw."""
    if isinstance(error, _refusals()):
        return EXIT_REFUSED
    if isinstance(error, _faults()):
        return EXIT_FAULT
    return EXIT_BAD_INPUT if isinstance(error, _bad_input()) else None


def told(error: Exception) -> str:
    """Return an error in one line."""
    from tiger_nt.errors import TigerConfigError

    if isinstance(error, CycloptsError):
        return _usage(error)
    if isinstance(error, TigerConfigError):
        return f"{error}. See docs/tiger.md; to rehearse without an account: autotrade simulator"
    return os_error_text(error) if isinstance(error, OSError) else str(error)


def os_error_text(error: OSError) -> str:
    """Return what the system refused, and of which file."""
    if error.strerror is None:  # one of ours
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _FULL:
        return f"Expected room on the disk, was: {error.strerror}{where}"
    return f"Expected a file or folder that can be used, was: {error.strerror}{where}"


def _usage(error: CycloptsError) -> str:
    command = " ".join(("autotrade", *(error.command_chain or ())))
    text = str(error)
    if isinstance(error, UnusedCliTokensError):
        text = f"Expected no more words, was {' '.join(error.unused_tokens or ())}."
    return f"{text} See: {command} --help"


def _bad_input() -> tuple[type[BaseException], ...]:
    """Return what a user can put right; evaluated only once something has been raised."""
    from autotrade_0dte.analysis.calibration import CalibrationError
    from autotrade_0dte.analysis.moment import MomentError
    from autotrade_0dte.analysis.tables import TableError
    from autotrade_0dte.calendar import CalendarError
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.data.catalog import CatalogError
    from autotrade_0dte.market_state.profile import ProfileError
    from autotrade_0dte.products import UnknownProductError
    from tiger_nt.errors import TigerConfigError

    ours = ConfigError, CatalogError, CalendarError, TableError, MomentError, UnknownProductError
    return *ours, CalibrationError, ProfileError, TigerConfigError, CycloptsError, OSError


def _faults() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.analysis.summary import AccountingError
    from autotrade_0dte.nodes.live_end import NotWrittenError
    from autotrade_0dte.nodes.sessions import SessionFaultError

    return SessionFaultError, AccountingError, NotWrittenError


def _refusals() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.nodes.confirmation import ConfirmationError
    from autotrade_0dte.nodes.kill_latch import KillLatchError
    from autotrade_0dte.store.schema import StoreError

    return ConfirmationError, KillLatchError, StoreError
