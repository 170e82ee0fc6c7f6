"""What the SDK's push client would do to the process around it, prevented."""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["InlineCallbacks", "keep_sdk_from_logging", "ssl_left_alone"]


class InlineCallbacks:
    """Runs the SDK's callbacks on its receiving thread, in the order of the frames.

    The SDK's own pools cost two thread changes a frame, lose the order between kinds of frames, and
    take in without bound what they cannot work off; here a slow side makes the server wait.
    """

    def submit(self, fn: Callable[..., None], *args: object, key: object) -> None:  # noqa: ARG002
        """Call `fn` now; `key` would choose a thread."""
        fn(*args)

    def shutdown(self) -> None:
        """Nothing to end."""


@contextmanager
def ssl_left_alone() -> Iterator[None]:
    """Undo what each of the SDK's push clients does when it is made.

    It replaces `ssl.SSLContext.wrap_socket`, for everything in the process, by a version that
    sleeps first.
    """
    unpatched = ssl.SSLContext.wrap_socket
    try:
        yield
    finally:
        ssl.SSLContext.wrap_socket = unpatched  # type: ignore[method-assign]


class _NoSdkPush(logging.Filter):
    """Drops what the SDK's push code writes to the root logger.

    Its DEBUG records hold every frame sent, the login's signature included; the others repeat, with
    tracebacks, what Link reports itself.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return "tigeropen/push/" not in record.pathname.replace("\\", "/")


_no_sdk_push = _NoSdkPush()


def keep_sdk_from_logging() -> None:
    """Silence the SDK's push code and keep it from setting up logging; any number of times."""
    root = logging.getLogger()
    root.addFilter(_no_sdk_push)
    if not root.handlers and logging.lastResort is not None:
        # Without any the SDK's first record would call basicConfig for the whole process. This one
        # is where Python sends records in that case anyway.
        root.addHandler(logging.lastResort)
