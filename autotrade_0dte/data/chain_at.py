"""The chain of a recorded session as it was at one moment."""

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog, CatalogError, SessionEntry
from autotrade_0dte.data.replay import snapshots

__all__ = ["chain_at"]


def chain_at(
    catalog: Catalog, entry: SessionEntry, config: SystemConfig, at_ns: int
) -> ChainSnapshot:
    """Return the last snapshot at or before an instant (UTC ns), as a run of `config` saw it.

    Raises
    ------
    CatalogError
        When the instant is not within the recorded session, or its files are missing or damaged.
    """
    found = None
    if at_ns <= entry.hours.close_ns:
        for snapshot, _, _ in snapshots(catalog, entry, config):
            if snapshot.ts_event > at_ns:
                break
            found = snapshot
    if found is None:
        raise CatalogError(
            f"Expected a moment of the recorded session of {entry.root} on {entry.date}, "
            "was one before its first quote or after its close"
        )
    return found
