"""Which track each strategy of a run traded."""

import pyarrow as pa

__all__ = ["tracks_of"]


def tracks_of(decisions: pa.Table) -> dict[str, str]:
    """Return the track of each strategy, as its signals name it; its own id where it has none."""
    pairs = zip(decisions["strategy"].to_pylist(), decisions["track"].to_pylist(), strict=True)
    found: dict[str, str] = {}
    for strategy, track in pairs:
        if track or strategy not in found:
            found[strategy] = track or strategy
    return found
