"""The market's state at a moment, from the table of states."""

import math
from typing import Any

import pyarrow as pa
import pytest

from autotrade_0dte.analysis.market_at import MarketStates
from autotrade_0dte.analysis.tables import TABLES
from autotrade_0dte.market_state.state import Channel, Level

SECOND = 1_000_000_000


def states(*levels: int, **columns: list[Any]) -> MarketStates:
    """Return states one second apart."""
    count = len(levels)
    schema = TABLES["states"]
    given: dict[str, list[Any]] = {
        "ts_event": [n * SECOND for n in range(1, count + 1)],
        "level": list(levels),
        "supported": [0] * count,
        "spot": [500.0 + n for n in range(count)],
    }
    absent = {"spot_time", "since", "onset", "run_id", "session"}
    rest = {
        name: [None if name in absent else 0 if name == "usable" else math.nan] * count
        for name in schema.names
    }
    return MarketStates(pa.table(rest | given | columns, schema))


def test_state_is_that_of_the_last_snapshot_up_to_the_moment() -> None:
    found = states(0, 1, 2)
    for at, spot in ((1.0, 500.0), (1.9, 500.0), (2.0, 501.0), (99.0, 502.0)):
        market = found.at(round(at * SECOND))
        assert market is not None
        assert market.spot == spot


def test_nothing_is_known_before_the_first_snapshot() -> None:
    assert states(0).at(SECOND - 1) is None
    assert states().at(SECOND) is None


def test_transitions_around_a_moment_are_the_last_and_the_next() -> None:
    market = states(0, 1, 1, 3, 0).at(3 * SECOND)
    assert market is not None
    assert market.last is not None
    assert market.next is not None
    assert (market.last.ts_event, market.last.before, market.last.level) == (2 * SECOND, 0, 1)
    assert (market.next.ts_event, market.next.before, market.next.level) == (4 * SECOND, 1, 3)


def test_transition_at_the_moment_itself_is_the_last() -> None:
    market = states(0, 2, 2).at(2 * SECOND)
    assert market is not None
    assert market.last is not None
    assert market.last.level is Level.L2
    assert market.next is None


def test_session_begins_calm() -> None:
    [first] = states(2, 2).transitions()
    assert (first.ts_event, first.before, first.level) == (SECOND, Level.CALM, Level.L2)
    assert states(0, 0).transitions() == []
    assert states().transitions() == []


def test_evidence_comes_strongest_first_and_what_is_unknown_last() -> None:
    found = states(0, jump_score=[2.0], spread_score=[7.0], drift_score=[-1.0])
    market = found.at(SECOND)
    assert market is not None
    channels = [each.channel for each in market.evidence]
    assert channels[:3] == [Channel.SPREAD, Channel.JUMP, Channel.DRIFT]
    assert sorted(channels) == sorted(Channel)
    assert all(math.isnan(each.score) for each in market.evidence[3:])


@pytest.mark.parametrize(("at_s", "typical"), [(1, 1.0), (3, 1.0), (4, 2.0)])
def test_typical_value_knows_only_what_had_been_seen(at_s: int, typical: float) -> None:
    market = states(0, 0, 0, 0, jump_value=[1.0, math.nan, math.nan, 3.0]).at(at_s * SECOND)
    assert market is not None
    [jump] = [each for each in market.evidence if each.channel is Channel.JUMP]
    assert jump.typical == typical


def test_countdown_to_an_event_has_no_typical_value() -> None:
    market = states(0, 0, event_value=[20.0, 10.0]).at(2 * SECOND)
    assert market is not None
    (event,) = [each for each in market.evidence if each.channel is Channel.EVENT]
    assert event.value == 10.0
    assert math.isnan(event.typical)
