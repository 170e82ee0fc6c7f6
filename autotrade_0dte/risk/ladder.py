"""When the risk controller changes its mode."""

import msgspec

__all__ = ["LadderParams"]


class LadderParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the risk controller changes its mode."""
