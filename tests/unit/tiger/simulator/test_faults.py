"""Faults on demand, by count and by time, and scripts of them."""

from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.simulator.fault_script import (
    FaultScriptError,
    TimedFault,
    load_faults,
    play_faults,
    random_faults,
)
from tiger_nt.simulator.faults import Fault, FaultKind, Faults

NS = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ns = 5 * NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults(clock: Clock) -> Faults:
    return Faults(clock)


def test_a_fault_happens_as_often_as_its_count(faults: Faults):
    faults.add(Fault(kind=FaultKind.REJECT, count=2, message="no"))
    taken = [faults.take(FaultKind.REJECT, "place_order") for _ in range(3)]
    assert [fault and fault.message for fault in taken] == ["no", "no", None]
    assert faults.hits == {FaultKind.REJECT: 2}


def test_a_fault_of_a_method_befalls_no_other(faults: Faults):
    faults.add(Fault(kind=FaultKind.LOST_RESPONSE, method="place_order"))
    assert faults.take(FaultKind.LOST_RESPONSE, "cancel_order") is None
    assert faults.take(FaultKind.LOST_RESPONSE) is None
    assert faults.take(FaultKind.LOST_RESPONSE, "place_order") is not None


def test_the_oldest_fault_is_taken_first(faults: Faults):
    faults.add(Fault(kind=FaultKind.REJECT, message="first"))
    faults.add(Fault(kind=FaultKind.REJECT, message="second"))
    messages = [fault.message for _ in range(2) if (fault := faults.take(FaultKind.REJECT))]
    assert messages == ["first", "second"]


def test_a_fault_with_seconds_lasts_that_long_however_often_it_is_taken(
    faults: Faults, clock: Clock
):
    faults.add(Fault(kind=FaultKind.STALL, seconds=2))
    assert faults.active(FaultKind.STALL) is not None
    assert all(faults.take(FaultKind.STALL) is not None for _ in range(5))
    clock.now_ns += 2 * NS - 1
    assert faults.active(FaultKind.STALL) is not None
    clock.now_ns += 1
    assert faults.active(FaultKind.STALL) is None
    assert faults.take(FaultKind.STALL) is None


def test_a_fault_by_count_is_not_active(faults: Faults):
    faults.add(Fault(kind=FaultKind.FROZEN_QUOTES))
    assert faults.active(FaultKind.FROZEN_QUOTES) is None


def test_pending_faults_are_those_not_over(faults: Faults, clock: Clock):
    used = Fault(kind=FaultKind.REJECT)
    waiting = Fault(kind=FaultKind.DROP)
    for fault in (used, waiting, Fault(kind=FaultKind.STALL, seconds=1)):
        faults.add(fault)
    faults.take(FaultKind.REJECT)
    clock.now_ns += NS
    assert faults.pending() == [waiting]
    faults.clear()
    assert faults.pending() == []


def test_listeners_hear_of_a_fault_when_it_can_be_taken(faults: Faults):
    heard: list[Fault | None] = []
    faults.listen(lambda fault: heard.append(faults.take(fault.kind)))
    fault = Fault(kind=FaultKind.KICKOUT)
    faults.add(fault)
    assert heard == [fault]


@given(counts=st.lists(st.integers(1, 5), max_size=8))
def test_counts_of_equal_faults_add_up(counts: list[int]):
    faults = Faults()
    for count in counts:
        faults.add(Fault(kind=FaultKind.REJECT, count=count))
    taken = 0
    while faults.take(FaultKind.REJECT) is not None:
        taken += 1
    assert taken == sum(counts) == faults.hits[FaultKind.REJECT]


def test_script_is_read_by_time(tmp_path: Path):
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[fault]]\nat_s = 8\nkind = "drop"\nseconds = 1.5\n'
        '[[fault]]\nat_s = 2.5\nkind = "rate_limit"\nmethod = "orders"\ncount = 3\nvalue = 429\n'
    )
    assert load_faults(file) == [
        TimedFault(at_s=2.5, kind=FaultKind.RATE_LIMIT, method="orders", count=3, value=429),
        TimedFault(at_s=8, kind=FaultKind.DROP, seconds=1.5),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('[[fault]]\nkind = "drop"', r"at_s.*fault 1"),
        ('[[fault]]\nat_s = 1\nkind = "earthquake"', r"earthquake.*fault 1"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\ntimes = 2', r"times.*fault 1"),
        ('[[fault]]\nat_s = -1\nkind = "drop"', r">= 0.*fault 1"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\ncount = 0', r">= 1.*fault 1"),
        ("fault = 3", "Expected"),
        ("[server]\nport = 1", r"\['server'\]"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\n[server]\nport = 1', r"\['server'\]"),
        ("", "none"),
        ("[[fault", "Expected TOML"),
    ],
)
def test_script_that_makes_no_sense_is_refused(tmp_path: Path, content: str, problem: str):
    file = tmp_path / "faults.toml"
    file.write_text(content)
    with pytest.raises(FaultScriptError, match=problem):
        load_faults(file)


def test_missing_script_is_refused(tmp_path: Path):
    with pytest.raises(FaultScriptError, match=r"Expected a readable file, was .*none\.toml"):
        load_faults(tmp_path / "none.toml")


def test_random_faults_of_a_seed_are_the_same_and_come_at_the_given_pace():
    first, again, other = (list(islice(random_faults(seed, 20), 200)) for seed in (3, 3, 4))
    assert first == again != other
    gaps = [b.at_s - a.at_s for a, b in pairwise(first)]
    assert all(9.9 <= gap <= 30.1 for gap in gaps)
    assert 18 < sum(gaps) / len(gaps) < 22


def test_random_faults_are_of_all_kinds_but_those_that_end_the_client():
    kinds = {fault.kind for fault in islice(random_faults(1, 1), 500)}
    assert set(FaultKind) - kinds == {FaultKind.KICKOUT, FaultKind.REFUSE_LOGIN}


def test_script_is_played_in_time():
    import asyncio

    faults = Faults()
    at: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        faults.listen(lambda _: at.append(loop.time() - start))
        script = [TimedFault(at_s=s, kind=FaultKind.DROP) for s in (0, 0.03, 0.06)]
        await play_faults(faults, script)

    asyncio.run(run())
    assert len(at) == 3
    assert at[1] >= 0.029
    assert at[2] >= 0.059
