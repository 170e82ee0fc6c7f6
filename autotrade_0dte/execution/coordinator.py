"""Shares the risk budget between the tracks and keeps them from trading against each other."""

import msgspec

__all__ = ["CoordinatorParams"]


class CoordinatorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules between the tracks."""
