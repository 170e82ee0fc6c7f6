"""When positions that differ are an alarm: not before the whole day has been read."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tiger_nt.account_client import AccountClient
from tiger_nt.alarms import Alarm, AlarmKind, Residual

OTHERS = Residual("SPY261123C00600000", 7, 0)


class Client:
    """The client's comparison by itself; what differs is told by a test, one list a look.

    Each reading is a look, and so is each later question about positions.
    """

    _reconcile: Any = AccountClient._reconcile
    _lasting_differences: Any = AccountClient._lasting_differences

    def __init__(self, *looks: list[Residual]) -> None:
        self.looks = list(looks)
        self.readings: list[bool] = []
        self.alarms: list[Alarm] = []
        self._alarmed: set[Residual] = set()
        self._settings = SimpleNamespace(patience=SimpleNamespace(recheck_s=0.0))
        self._reconciler = SimpleNamespace(refresh=self._read)
        rest = SimpleNamespace(positions=self._look)
        self._connection = SimpleNamespace(rest=rest)

    def compare(self, *, whole: bool = False) -> None:
        asyncio.run(self._reconcile(whole=whole))
        assert self.looks == []

    async def _read(self, now_ms: int, *, whole: bool) -> Any:
        self.readings.append(whole)
        return SimpleNamespace(positions=await self._look())

    async def _look(self) -> list[Residual]:
        return self.looks.pop(0)

    def _differences(self, positions: list[Residual]) -> tuple[Residual, ...]:
        return tuple(positions)

    def _on_snapshot(self, snapshot: Any) -> None:
        pass

    def _now_ms(self) -> int:
        return 0

    def _alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)


def test_positions_that_are_the_same_cause_nothing_more() -> None:
    client = Client([])
    client.compare()
    assert client.readings == [False]
    assert client.alarms == []


def test_positions_that_were_about_to_change_cause_nothing_more() -> None:
    client = Client([OTHERS], [])
    client.compare()
    assert client.readings == [False]
    assert client.alarms == []


def test_the_whole_day_may_explain_what_differs() -> None:
    client = Client([OTHERS], [OTHERS], [])
    client.compare()
    assert client.readings == [False, True]
    assert client.alarms == []


@pytest.mark.parametrize("whole", [False, True])
def test_what_differs_after_the_whole_day_is_an_alarm(whole: bool) -> None:
    looks = [[OTHERS]] * (2 if whole else 4)
    client = Client(*looks)
    client.compare(whole=whole)
    assert client.readings[-1] is True
    [alarm] = client.alarms
    assert alarm.kind is AlarmKind.MISMATCH
    assert alarm.residuals == (OTHERS,)


def test_the_same_difference_is_an_alarm_once_and_again_after_it_was_gone() -> None:
    client = Client(*[[OTHERS]] * 4)
    client.compare()
    for looks in ([[OTHERS]], [[]], [[OTHERS]] * 4):
        client.looks = looks
        client.compare()
    assert len(client.alarms) == 2
    assert client.readings == [False, True, False, False, False, True]
