"""Signals that ask a process to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interrupted_by_signals", "stopped_by_signals"]

_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let each signal to end do no more than call `stop`, in the main thread, within the block.

    The engine itself answers SIGINT and SIGTERM, but only while it runs. A terminal that is closed
    (SIGHUP) would else end the process with its orders at work, and an impatient second Ctrl-C the
    writing of what the run leaves. A signal that was ignored before (``nohup``) still is.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let each signal to end raise KeyboardInterrupt, as Ctrl-C does, within the block.

    What the block started is ended then and its folders are taken along; a process that SIGTERM or
    a closed terminal ends at once would leave its children to work on for nobody.
    """
    with stopped_by_signals(_interrupt):
        yield


def _interrupt() -> None:
    raise KeyboardInterrupt
