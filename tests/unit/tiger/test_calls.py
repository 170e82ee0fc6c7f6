"""How a change leaves: the event loop stands aside until it is written, and no longer."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from patience import PATIENCE_S

from tiger_nt import http_connections, lanes
from tiger_nt.budget import CallBudget, Priority
from tiger_nt.calls import Calls
from tiger_nt.errors import TigerError
from tiger_nt.lanes import Lane


def change(call: Callable[[], str], meanwhile: Callable[[], None]) -> str:
    """Make a change; `meanwhile` is what the event loop has to do next."""

    async def script() -> str:
        made = Calls(CallBudget({}, is_paper=True), str, timeout_s=PATIENCE_S)
        made.open()
        asyncio.get_running_loop().call_soon(meanwhile)
        try:
            return await made.change("place_order", call, Lane.ORDERS, Priority.RISK)
        finally:
            await made.close()

    return asyncio.run(script())


def test_event_loop_goes_on_when_a_change_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_WRITING_S", 60.0)
    done: list[str] = []
    looped = threading.Event()

    def call() -> str:
        time.sleep(0.05)  # as long as signing may take on a slow machine
        done.append("written")
        http_connections._thread.tell()
        return "answered" if looped.wait(PATIENCE_S) else "nobody went on"

    def go_on() -> None:
        done.append("went on")
        looped.set()

    assert change(call, go_on) == "answered"
    assert done == ["written", "went on"]


def test_event_loop_goes_on_when_a_change_fails_before_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[bool] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            told.append(super().wait(timeout))
            return told[-1]

    monkeypatch.setattr(threading, "Event", Event)
    monkeypatch.setattr(lanes, "_WRITING_S", 60.0)
    with pytest.raises(TigerError):
        change(lambda: str(1 // 0), lambda: None)
    assert told
    assert all(told)


def test_event_loop_waits_for_no_change_that_is_slow_to_be_written() -> None:
    looped = threading.Event()
    assert change(lambda: str(looped.wait(PATIENCE_S)), looped.set) == "True"


def test_event_loop_waits_for_no_change_that_finds_all_threads_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float | None] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.extend([timeout] if timeout == 60.0 else [])
            return super().wait(timeout)

    release = threading.Event()
    monkeypatch.setattr(threading, "Event", Event)
    monkeypatch.setattr(lanes, "_WRITING_S", 60.0)

    def written() -> str:
        http_connections._thread.tell()
        return str(release.wait(PATIENCE_S))

    async def script() -> list[str]:
        made = Calls(CallBudget({}, is_paper=True), str, timeout_s=PATIENCE_S)
        made.open()
        under_way = []
        for _ in range(4):
            work = made.change("cancel_order", written, Lane.CANCELS, Priority.RISK)
            under_way.append(asyncio.create_task(work))
            await asyncio.sleep(0)
        assert len(waited) == 2, "as many as there are threads"
        release.set()
        answers = await asyncio.gather(*under_way)
        await made.change("cancel_order", written, Lane.CANCELS, Priority.RISK)
        assert len(waited) == 3, "again when a thread is free"
        await made.close()
        return answers

    assert asyncio.run(script()) == ["True"] * 4
