"""From evidence to the level that it supports."""

import msgspec

__all__ = ["DetectorParams"]


class DetectorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the evidence and of the ladder."""
