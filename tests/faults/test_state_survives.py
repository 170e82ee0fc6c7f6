"""A store whose writer is killed at any point: nothing that was told of as written is lost."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from faults.store_history import Message, found, history, kept_after
from faults.store_process import Said, Writing
from stored import OWNER

from autotrade_0dte.store.state_store import StateStore

TESTS = Path(__file__).resolve().parents[1]
SEEDS = range(30)
LENGTH = 700
"""Messages of a writer."""


class Killer:
    """The process whose forks write and are killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill(self, writing: Writing) -> Said:
        """Have a history written and its writer killed; return what it had said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(writing).decode() + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Said)


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with subprocess.Popen(
        [sys.executable, "-m", "faults.store_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
    ) as process:
        yield Killer(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_writer_leaves_all_it_told_of_and_no_part_of_more(
    seed: int, killer: Killer, tmp_path: Path
) -> None:
    """It is killed twice: the second writer begins on what the first one left."""
    chance = random.Random(seed)
    told: list[Message] = []
    for start in (0, 10_000):
        kill_after = chance.randrange(LENGTH)
        said = killer.kill(Writing(str(tmp_path), seed, start, LENGTH, kill_after))
        assert said.written >= kill_after
        messages = list(history(seed, LENGTH, start))
        with StateStore.open(tmp_path, OWNER) as store:
            kept = found(store)
            names = {intent.client_order_id for intent in store.intents()}
        told += messages[: said.written]
        # The write that it was killed in may be done or not, but not by half.
        or_one_more = [*told, *messages[said.written : said.written + 1]]
        assert kept in (kept_after(told), kept_after(or_one_more))
        assert set(said.sent) <= names
        if kept != kept_after(told):
            told = or_one_more
