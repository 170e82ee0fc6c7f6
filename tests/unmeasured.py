"""Processes whose lines are not counted: that would slow them, and others run the same lines."""

import os

__all__ = ["unmeasured"]


def unmeasured() -> dict[str, str]:
    """Return this process's environment without what tells coverage to measure another one."""
    return {name: text for name, text in os.environ.items() if not name.startswith("COV")}
