"""What a track has done so far and may do now, as its signals must know it."""

import msgspec

__all__ = ["Standing"]


class Standing(msgspec.Struct, frozen=True, gc=False):
    """One track's standing at one snapshot; the strategy keeps it.

    Parameters
    ----------
    watching_since_ns : int
        Instant of the first snapshot it saw, UTC ns; 0 where that was the session's first.
    trades : int
        Entries decided this session.
    last_entry_ns : int
        Instant of the last decision to enter, UTC ns; 0 before the first.
    last_loss_ns : int
        Instant at which the last losing trade was closed, UTC ns; 0 before the first.
    entries_allowed : bool
        Whether the action table allows entries at the market's level.
    barred_direction : int
        Direction (+1 or -1) in which an entry would oppose what another track holds; 0 for none.
    """

    watching_since_ns: int = 0
    trades: int = 0
    last_entry_ns: int = 0
    last_loss_ns: int = 0
    entries_allowed: bool = True
    barred_direction: int = 0
