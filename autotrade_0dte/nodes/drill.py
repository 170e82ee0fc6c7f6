"""Scripted emergencies against the loopback simulator: `autotrade drill`.

Each scenario has a simulator, a node and where it is about one a kill command of its own, in
processes that are killed for real. It measures what happens from outside, at the broker and in the
node's log, and passes when all of it was in time.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

import msgspec

from autotrade_0dte.nodes.drill_broker import DrillError
from autotrade_0dte.nodes.drill_world import DrillWorld

__all__ = ["Drilled", "Findings", "Scenario", "Stage", "Timed", "run_drill"]

type Say = Callable[[str], None]


class Stage(StrEnum):
    """What is timed: nothing more is opened, orders begin to go, all is sold, it goes on."""

    HALT = "halt"
    CANCEL = "first_cancel"
    FLAT = "flat"
    BACK = "back"


class Timed(msgspec.Struct, frozen=True):
    """A stage was reached after `seconds`; `limit_s` is how long it may take."""

    seconds: float
    limit_s: float

    @property
    def passes(self) -> bool:
        """Whether it was in time."""
        return self.seconds <= self.limit_s


class Findings:
    """What a scenario has found; it goes on after what is wrong, and says all of it.

    Attributes
    ----------
    times : dict of Stage to Timed
        What was timed.
    held : list of str
        What had to be so, and was.
    wrong : list of str
        What was not.
    """

    def __init__(self) -> None:
        self.times: dict[Stage, Timed] = {}
        self.held: list[str] = []
        self.wrong: list[str] = []

    def time(self, stage: Stage, seconds: float, limit_s: float) -> None:
        """Note when a stage was reached."""
        self.times[stage] = Timed(seconds, limit_s)

    def check(self, what: str, *, so: bool, was: object = "otherwise") -> None:
        """Note whether something was as it had to be."""
        if so:
            self.held.append(what)
        else:
            self.wrong.append(f"Expected {what}, was {was}")


class Scenario(msgspec.Struct, frozen=True):
    """An emergency: its name, what happens in a line, and the script of it."""

    name: str
    title: str
    run: Callable[[DrillWorld, Findings], None]


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """How a scenario went.

    Parameters
    ----------
    name, title : str
        Of the scenario.
    times : dict of str to Timed
        By stage, from its cause.
    held, wrong : tuple of str
        What had to be so, and was, or was not.
    elapsed_s : float
        Of the whole of it, start and end of its processes included.
    """

    name: str
    title: str
    times: dict[str, Timed]
    held: tuple[str, ...]
    wrong: tuple[str, ...]
    elapsed_s: float

    @property
    def passes(self) -> bool:
        """Whether everything was as it had to be, and in time."""
        return not self.wrong and all(timed.passes for timed in self.times.values())


def run_drill(scenarios: Sequence[Scenario], say: Say) -> list[Drilled]:
    """Run scenarios one after the other and return how each went; `say` is told how far it is."""
    results = []
    for number, scenario in enumerate(scenarios, start=1):
        at = f"{number}/{len(scenarios)} {scenario.name}"
        results.append(_drilled(scenario, partial(_say_at, say, at)))
    return results


def _say_at(say: Say, at: str, text: str) -> None:
    say(f"{at}: {text}")


def _drilled(scenario: Scenario, say: Say) -> Drilled:
    began_s, findings = time.monotonic(), Findings()
    with tempfile.TemporaryDirectory(prefix="autotrade-drill-") as folder:
        try:
            with DrillWorld(Path(folder), say) as world:
                scenario.run(world, findings)
        except DrillError as e:
            findings.wrong.append(str(e))
    return Drilled(
        name=scenario.name,
        title=scenario.title,
        times={str(stage): timed for stage, timed in findings.times.items()},
        held=tuple(findings.held),
        wrong=tuple(findings.wrong),
        elapsed_s=time.monotonic() - began_s,
    )
