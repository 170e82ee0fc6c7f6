"""The market's state at a moment of a session, with its evidence and the transitions around it."""

import math

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.market_state.state import CHANNELS, Channel, Level

__all__ = ["Evidence", "MarketAt", "MarketStates", "Transition"]


class Evidence(msgspec.Struct, frozen=True):
    """One channel at one snapshot.

    `value` is in the channel's own unit and `typical` its median in the session up to then; `score`
    is how far the value is from usual, in robust standard deviations. NaN is unknown. The time to a
    scheduled event only runs, so that none is typical.
    """

    channel: Channel
    value: float
    typical: float
    score: float


class Transition(msgspec.Struct, frozen=True):
    """A change of level at one snapshot and its evidence, strongest first."""

    ts_event: int
    before: Level
    level: Level
    evidence: tuple[Evidence, ...]


class MarketAt(msgspec.Struct, frozen=True, kw_only=True):
    """The last snapshot at or before a moment; times are UTC ns, evidence strongest first.

    `last` and `next` are the transitions before (or at) and after the moment.
    """

    ts_event: int
    spot: float
    forward: float
    atm_iv: float
    spread_fraction: float
    level: Level
    supported: Level
    since_ns: int | None
    onset_ns: int | None
    evidence: tuple[Evidence, ...]
    last: Transition | None
    next: Transition | None


class MarketStates:
    """The states of one session, in order of time."""

    def __init__(self, states: pa.Table) -> None:
        self.ts_event: NDArray[np.int64] = _int64(states, "ts_event")
        self.level: NDArray[np.int8] = states["level"].to_numpy()
        self._states = states
        before = np.concatenate([[np.int8(Level.CALM)], self.level[:-1]])
        self._changes = np.flatnonzero(self.level != before)[: len(self.level)]
        self._before = before

    def transitions(self) -> list[Transition]:
        """Return every change of level; a session begins CALM."""
        return [self._transition(int(row)) for row in self._changes]

    def at(self, at_ns: int) -> MarketAt | None:
        """Return the state as of an instant; None before the first snapshot."""
        row = int(np.searchsorted(self.ts_event, at_ns, side="right")) - 1
        if row < 0:
            return None
        passed = int(np.searchsorted(self._changes, row, side="right"))
        following = self._changes[passed:]
        return MarketAt(
            ts_event=int(self.ts_event[row]),
            spot=self._value("spot", row),
            forward=self._value("forward", row),
            atm_iv=self._value("atm_iv", row),
            spread_fraction=self._value("spread_fraction", row),
            level=Level(int(self.level[row])),
            supported=Level(self._states["supported"][row].as_py()),
            since_ns=self._states["since"][row].cast(pa.int64()).as_py(),
            onset_ns=self._states["onset"][row].cast(pa.int64()).as_py(),
            evidence=self._evidence(row),
            last=self._transition(int(self._changes[passed - 1])) if passed else None,
            next=self._transition(int(following[0])) if len(following) else None,
        )

    def _transition(self, row: int) -> Transition:
        before, after = Level(int(self._before[row])), Level(int(self.level[row]))
        return Transition(int(self.ts_event[row]), before, after, self._evidence(row))

    def _evidence(self, row: int) -> tuple[Evidence, ...]:
        found = []
        for channel in CHANNELS:
            values = self._states[f"{channel}_value"].slice(0, row + 1).to_numpy()
            known = values[~np.isnan(values)]
            has_typical = len(known) > 0 and channel is not Channel.EVENT
            typical = float(np.median(known)) if has_typical else math.nan
            score = self._value(f"{channel}_score", row)
            found.append(Evidence(channel, float(values[row]), typical, score))
        return tuple(sorted(found, key=lambda e: math.inf if math.isnan(e.score) else -e.score))

    def _value(self, name: str, row: int) -> float:
        return float(self._states[name][row].as_py())


def _int64(table: pa.Table, name: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = table[name].cast(pa.int64()).to_numpy()
    return values
