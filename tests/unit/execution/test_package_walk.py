"""A package's walk: never changed, on the net grid, within its cap, over in time, made again."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_order import CLOSE_NS, NICKEL, PENNY, Worked, at, entry, grid

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.package_walk import PackageWalk
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.replay_walk import replay
from autotrade_0dte.execution.vetoes import VetoParams
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason, WalkEvent

PARAMS = DeskParams(vetoes=VetoParams(needs_fair_value=False))
CROSSES_S = {Purpose.EXIT: 15.0, Purpose.STOP: 2.0, Purpose.EMERGENCY: 0.0}
OVERDUE_S = {purpose: crosses_s + 10.0 for purpose, crosses_s in CROSSES_S.items()}


class Packaged(Worked):
    """A package at work; its exits sell it at any price."""

    def __init__(
        self,
        purpose: Purpose = Purpose.ENTRY,
        cap: float = 0.60,
        root: str = PENNY,
        quantity: int = 3,
    ) -> None:
        is_entry = purpose is Purpose.ENTRY
        side, cap = (Side.BUY, cap) if is_entry else (Side.SELL, -0.5)
        parent = entry(purpose=purpose, side=side, cap=cap, quantity=quantity)
        super().__init__(parent, PARAMS, root)
        self.walk = self.anew()

    def anew(self) -> PackageWalk:
        """Return a walk of the same package that was told of nothing yet."""
        fees = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20))
        rule = RemainderRule(fees, self.root, PARAMS.remainder)
        return PackageWalk(self.walk.parent, PARAMS, grid(self.root), CLOSE_NS, rule)

    def carry_on(self) -> Move | None:
        """Send the remainder anew where the walk waits for it."""
        if self.walk.accepts_resend(self.walk.leaves):
            return self.tell(WalkEvent.RESENT, self.walk.leaves, after_s=0.0)
        return None

    def assert_made_again(self) -> None:
        """The log makes every move again."""
        made = [(move.kind, move.reason) for move in replay(self.anew(), self.records)]
        assert made == [(move.kind, move.reason) for move in self.moves]


# -- what crossing does not close ----------------------------------------------------------------


@pytest.mark.parametrize("purpose", OVERDUE_S)
def test_exit_that_crossing_has_not_done_is_given_up_for_its_legs(purpose: Purpose) -> None:
    package = Packaged(purpose)
    package.settle(package.look(0.0, 0.50, 0.54))
    now_s = 0.5
    while now_s < OVERDUE_S[purpose]:
        move = package.look(now_s, 0.50, 0.54)
        assert move is None or move.reason != StepReason.BY_LEGS
        package.settle(move)
        package.settle(package.carry_on())
        now_s += 0.5
    move = package.look(OVERDUE_S[purpose], 0.50, 0.54)
    assert move == Move(MoveKind.CANCEL, StepReason.BY_LEGS)
    end = package.settle(move)
    assert end is not None
    assert (end.kind, end.reason, end.outcome) == (
        MoveKind.END, StepReason.BY_LEGS, Outcome.GIVEN_UP,
    )  # fmt: skip
    package.assert_made_again()


def test_exit_that_was_never_sent_is_given_up_for_its_legs() -> None:
    package = Packaged(Purpose.STOP)
    for now_s in (0.0, 5.0, 11.9):
        assert package.look(now_s, 0.0, 0.0, fair=math.nan) is None
    end = package.look(12.0, 0.0, 0.0, fair=math.nan)
    assert end is not None
    assert (end.kind, end.reason) == (MoveKind.END, StepReason.BY_LEGS)
    package.assert_made_again()


def test_while_a_cancel_is_on_its_way_its_answer_comes_first() -> None:
    package = Packaged(Purpose.STOP)
    package.settle(package.look(0.0, 0.50, 0.54))
    replace = package.look(11.0, 0.45, 0.49)
    assert replace is not None
    assert replace.kind is MoveKind.REPLACE
    assert package.look(12.0, 0.45, 0.49) is None
    package.tell(WalkEvent.CANCEL_REJECTED)
    again = package.look(13.5, 0.45, 0.49)
    assert again is not None
    assert again.kind is MoveKind.REPLACE
    package.settle(again)
    end = package.look(14.0, 0.45, 0.49)
    assert end is not None
    assert (end.kind, end.reason) == (MoveKind.END, StepReason.BY_LEGS)
    package.assert_made_again()


def test_what_ends_while_a_command_is_on_its_way_is_not_given_up_for_the_legs() -> None:
    package = Packaged(Purpose.STOP)
    assert package.look(11.9, 0.50, 0.54) is not None
    assert package.look(12.1, 0.50, 0.54) is None
    end = package.tell(WalkEvent.CANCELED)
    assert end is not None
    assert (end.reason, end.outcome) == (StepReason.CANCELED, Outcome.CANCELED)
    package.assert_made_again()


def test_what_is_filled_before_the_cancel_for_the_legs_counts() -> None:
    package = Packaged(Purpose.STOP)
    package.settle(package.look(0.0, 0.50, 0.54))
    package.tell(WalkEvent.FILLED, 2)
    package.look(12.0, 0.50, 0.54)
    end = package.tell(WalkEvent.CANCELED)
    assert end is not None
    assert end.outcome == Outcome.PARTLY_FILLED
    late = package.tell(WalkEvent.FILLED, 1)
    assert late is not None
    assert (late.reason, late.outcome) == (StepReason.LATE_FILL, Outcome.FILLED)


def test_entry_is_never_given_up_for_its_legs() -> None:
    package = Packaged()
    package.settle(package.look(0.0, 0.50, 0.54))
    assert all(
        move is None or move.reason != StepReason.BY_LEGS
        for move in (package.look(now_s, 0.50, 0.51) for now_s in (12.0, 25.0, 29.0))
    )


# -- net prices ----------------------------------------------------------------------------------


def test_net_prices_of_an_index_vertical_have_nickels_from_three_dollars_on() -> None:
    package = Packaged(cap=3.45, root=NICKEL)
    move = package.settle(package.look(0.0, 3.05, 3.55, fair=3.30))
    assert move is None
    assert package.walk.limit == pytest.approx(3.15)
    limits = []
    for now_s in range(2, 29):
        package.settle(package.look(float(now_s), 3.05, 3.55, fair=3.30))
        package.settle(package.carry_on())
        package.settle(package.look(now_s + 0.5, 3.05, 3.55, fair=3.30))
        limits.append(round(100 * package.walk.limit))
    assert sorted({315, *limits}) == [315, 325, 335, 345]  # a single option can have none of them


def test_net_cap_between_two_nickels_is_rounded_away_from_the_market() -> None:
    package = Packaged(cap=1.88, root=NICKEL)
    package.settle(package.look(0.0, 1.70, 1.80, fair=1.80))
    package.look(2.0, 1.80, 1.95, fair=1.95)
    package.settle(package.look(4.0, 1.80, 1.95, fair=1.95))
    package.settle(package.carry_on())
    package.look(8.0, 1.80, 1.95, fair=1.95)
    assert package.walk.limit == pytest.approx(1.85)


# -- whatever comes ------------------------------------------------------------------------------

NOTHING = (0.0, 0.0)
TOPS = st.tuples(st.integers(2, 80), st.integers(1, 6)).map(
    lambda top: (5 * top[0] / 100, 5 * (top[0] + top[1]) / 100)
)
EVENTS = st.sampled_from(["nothing"] * 4 + ["fill", "late fill", "cancel refused", "withdrawn"])


class Tried(Packaged):
    """A package whose venue does as a script says; each limit that it is sent is looked at."""

    def __init__(self, purpose: Purpose, cap: float, root: str) -> None:
        super().__init__(purpose, cap, root)
        self.limits: list[float] = []

    def step(self, top: tuple[float, float], event: str) -> None:
        """Look at the market half a second later, and let the event happen."""
        fair = sum(top) / 2 if top != NOTHING else math.nan
        self._answer(self.look(self.now_s + 0.5, *top, fair=fair), event)
        order = self.walk._order
        if self.walk.is_over:
            return
        if event == "fill" and order.is_live and not order.in_flight:
            self._answer(self.tell(WalkEvent.FILLED, 1), event)
        elif event == "withdrawn":
            self._answer(self.tell(WalkEvent.WITHDRAWN), event)

    def _answer(self, move: Move | None, event: str) -> None:
        while move is not None and move.kind is not MoveKind.END:
            assert move.kind is not MoveKind.REPRICE
            if move.kind is MoveKind.SUBMIT:
                self._check(move.price)
            elif event == "cancel refused":
                self.tell(WalkEvent.CANCEL_REJECTED)
                return
            elif event == "late fill" and self.walk.leaves > 1:
                self.tell(WalkEvent.FILLED, 1)
            move = self.settle(move)
        self.carry_on()

    def _check(self, limit: float) -> None:
        parent, finest = self.walk.parent, 1 if self.root == PENNY else 5
        assert parent.side.sign * (limit - max(parent.cap, finest / 100)) <= 1e-9
        assert not self.limits or parent.side.sign * (limit - self.limits[-1]) >= -1e-9
        assert round(limit * 100) % finest == 0
        self.limits.append(limit)


@given(
    st.sampled_from(Purpose),
    st.sampled_from([PENNY, NICKEL]),
    st.integers(20, 400),
    st.lists(st.tuples(st.one_of(TOPS, TOPS, TOPS, st.just(NOTHING)), EVENTS), max_size=60),
)
def test_package_is_never_changed_nor_beyond_its_cap_ends_in_time_and_is_made_again(
    purpose: Purpose, root: str, cap: int, script: list[tuple[tuple[float, float], str]]
) -> None:
    package = Tried(purpose, cap / 100, root)
    for top, event in script:
        package.step(top, event)
    for _ in range(120):  # a market that stays, at which nobody trades
        package.step((1.10, 1.20), "nothing")
    walk = package.walk
    assert walk.is_over
    assert walk.filled <= 3
    if walk.end_reason == StepReason.BY_LEGS:
        assert package.records[-1].ts_event >= at(OVERDUE_S[purpose])
    package.assert_made_again()


def test_as_many_packages_are_sent_as_a_walk_has_steps() -> None:
    package = Packaged(cap=0.60)
    now_s, sent = 0.0, 0
    while now_s < 29.0:
        move = package.look(now_s, 0.50, 0.60, fair=0.55)
        sent += move is not None and move.kind is MoveKind.SUBMIT
        package.settle(move)
        package.settle(package.carry_on())
        now_s += 0.5
    assert sent == PARAMS.walk.steps + 1 > PARAMS.walk.max_replaces + 1
