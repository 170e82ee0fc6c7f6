"""Stress sets."""

import msgspec

__all__ = ["StressParams"]


class StressParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stress sets."""
