"""A strategy whose constructor fails, for the test of a faulty session."""

from typing import Any

import msgspec


class BrokenStrategy:
    class Params(msgspec.Struct):
        """No parameters."""

    def __init__(self, *_args: Any) -> None:
        raise ValueError("never starts")
