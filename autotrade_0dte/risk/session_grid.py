"""The grid over the rest of the session."""

import msgspec

__all__ = ["GridParams"]


class GridParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The grid over the rest of the session."""
