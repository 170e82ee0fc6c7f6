"""The store against a plain dictionary, through any order of writes and restarts."""

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from stored import INTENT, OWNER, PLAN, STATE

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.store.encoding import decode, encode
from autotrade_0dte.store.rows import LogEntry, LogKind, Owner
from autotrade_0dte.store.state_store import StateStore

OWNERS = (
    OWNER,
    Owner(OWNER.session + dt.timedelta(days=1), OWNER.account),
    Owner(OWNER.session, "other"),
)


class Twice:
    """A store, and what must be in it by session and account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.owner = OWNER
        self.store = StateStore.open(folder, OWNER)
        self.plans: dict[Any, dict[int, Any]] = {owner: {} for owner in OWNERS}
        self.intents: dict[Any, dict[str, Any]] = {owner: {} for owner in OWNERS}
        self.entries: dict[Any, list[LogEntry]] = {owner: [] for owner in OWNERS}
        self.ladders: dict[Any, DayCounters] = {}

    def restart(self, number: int, _figure: float) -> None:
        self.store.close()
        self.owner = OWNERS[number % len(OWNERS)]
        self.store = StateStore.open(self.folder, self.owner)

    def plan(self, number: int, figure: float) -> None:
        plan = replace(PLAN, decided_ns=number, figures={"figure": figure})
        state = replace(STATE, plan=plan, best_gain=figure, held=number)
        self.plans[self.owner][number] = state
        self.store.keep_plan(state)

    def intent(self, number: int, figure: float) -> None:
        name = f"O-{number}"
        intent = replace(INTENT, client_order_id=name, sent_ns=number, limit=figure)
        self.intents[self.owner][name] = intent
        self.store.keep_intent(intent)

    def progress(self, number: int, _figure: float) -> None:
        name, outcome = f"O-{number}", list(Outcome)[number % len(Outcome)]
        self.store.keep_progress(name, number, outcome, 7)
        known = self.intents[self.owner]
        if name in known:
            known[name] = replace(known[name], filled=number, outcome=outcome, ended_ns=7)

    def ladder(self, number: int, _figure: float) -> None:
        self.ladders[self.owner] = DayCounters(entries=number)
        self.store.keep_ladder(number, self.ladders[self.owner])

    def entry(self, number: int, figure: float) -> None:
        entry = LogEntry(ts_event=number, kind=LogKind.FOUND, text="'?", figures={"f": figure})
        self.entries[self.owner].append(entry)
        self.store.keep_entry(entry)

    def check(self) -> None:
        """Compare; as text, in which unknown figures are equal."""
        store, owner = self.store, self.owner
        plans = [state for _, state in sorted(self.plans[owner].items())]
        intents = sorted(self.intents[owner].values(), key=lambda i: (i.sent_ns, i.client_order_id))
        assert repr(store.plans()) == repr(plans)
        assert repr(store.intents()) == repr(intents)
        assert repr(store.entries()) == repr(self.entries[owner])
        before = [
            each
            for each in self.ladders
            if each.account == owner.account and each.session <= owner.session
        ]
        newest = max(before, key=lambda each: each.session, default=None)
        assert store.ladder(DayCounters) == (None if newest is None else self.ladders[newest])


WRITES: list[Callable[[Twice, int, float], None]] = [
    Twice.restart, Twice.plan, Twice.intent, Twice.progress, Twice.ladder, Twice.entry,
]  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(WRITES), st.integers(0, 5), st.floats()), max_size=30)


@given(STEPS)
def test_store_has_what_was_written_last_of_each_session_and_account(
    steps: list[tuple[Callable[[Twice, int, float], None], int, float]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twice = Twice(Path(folder))
        for write, number, figure in steps:
            write(twice, number, figure)
            twice.check()
        for number in range(len(OWNERS)):
            twice.restart(number, 0.0)
            twice.check()
        twice.store.close()


@given(st.dictionaries(st.text(), st.floats()), st.floats(), st.text())
def test_value_comes_back_as_it_was_written(
    figures: dict[str, float], gain: float, reason: str
) -> None:
    state = replace(
        STATE, plan=replace(PLAN, figures=figures, reason=reason), best_gain=gain, cash=gain
    )
    assert repr(decode(encode(state, ""), type(state))) == repr(state)
