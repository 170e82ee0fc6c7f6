"""The limits of the gate."""

import msgspec

__all__ = ["LimitParams"]


class LimitParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of the gate."""
