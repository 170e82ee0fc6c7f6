"""The state machine of a plan under any order of fills, cancels, refusals and deadlines."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.ledger import Fill, FillKind
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_0dte.execution.plan import TradePlan

NS = 1_000_000_000
LONG, SHORT = "SPY260720C00600000.US", "SPY260720C00605000.US"
QUANTITY = 8


class Machine:
    """Fills only what the plan asked for, as a venue would."""

    def __init__(self, has_short_leg: bool, keep_single: bool) -> None:
        self.plan = TradePlan(
            plan_id="P-1",
            direction=-1,
            instrument_id=LONG,
            quantity=QUANTITY,
            entry_cap=1.0,
            decided_ns=0,
            worst_loss_usd=100.0,
            exits=ExitParams(keep_single=keep_single),
            reason="TEST",
            short_instrument_id=SHORT if has_short_leg else None,
            net_cap=0.6 if has_short_leg else float("nan"),
        )
        self.managed = ManagedPlan(self.plan)
        self.buying = QUANTITY
        self.cash = 0.0
        self.fills: list[Fill] = []
        self.now_ns = NS

    def buy(self, quantity: int) -> None:
        if (quantity := min(quantity, self.buying)) > 0:
            self.buying -= quantity
            self._fill(LONG, quantity, 0.9)
            if not self.buying:
                self.managed.entry_ended()

    def end_entry(self, _quantity: int) -> None:
        self.buying = 0
        self.managed.entry_ended()

    def step(self, quantity: int) -> None:
        step = self.managed.step
        if step is None:
            return
        kind, most = step
        quantity = min(quantity, most)
        if quantity:
            name = LONG if kind is Step.SELL_LONG else SHORT
            self._fill(name, quantity if kind is Step.BUY_BACK else -quantity, 0.4)

    def give_up(self, _quantity: int) -> None:
        if self.managed.is_leg_overdue(self.now_ns):
            self.managed.give_up_short_leg(self.now_ns)

    def exit(self, _quantity: int) -> None:
        self.managed.begin_exit(ExitReason.SIGNAL_REVERSAL, self.now_ns)

    def wait(self, quantity: int) -> None:
        self.now_ns += quantity * 4 * NS

    def _fill(self, name: str, quantity: int, price: float) -> None:
        self.cash -= quantity * price
        self.fills.append(Fill(
            self.now_ns, "Test-001", name, quantity, price, 0.5, 100, "P-1", "", FillKind.TRADE,
        ))  # fmt: skip
        self.managed.filled(name, quantity, price, self.now_ns, 0.5)


ACTIONS: list[Callable[[Machine, int], None]] = [
    Machine.buy, Machine.end_entry, Machine.step, Machine.give_up, Machine.exit, Machine.wait,
]  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 6)), max_size=40)


@given(st.booleans(), st.booleans(), STEPS)
def test_plan_is_never_naked_never_forgets_an_exit_and_always_ends(
    has_short_leg: bool, keep_single: bool, steps: list[tuple[Callable[[Machine, int], None], int]]
) -> None:
    machine = Machine(has_short_leg, keep_single)
    managed = machine.managed
    exiting = False
    for action, quantity in steps:
        before = managed.held, managed.sold
        action(machine, quantity)
        assert 0 <= managed.sold <= managed.held <= QUANTITY
        assert not (managed.held < before[0] and managed.sold), "sold a long one under a short one"
        assert not (managed.phase is PlanPhase.CLOSED and not managed.is_flat)
        if exiting:
            assert managed.phase in (PlanPhase.EXITING, PlanPhase.CLOSED)
            assert managed.sold <= before[1], "opened after the exit began"
        exiting = exiting or managed.phase is PlanPhase.EXITING
        if managed.phase is PlanPhase.EXITING:
            assert managed.exit_reason is not None
            assert managed.step is not None

    machine.exit(0)
    machine.end_entry(0)
    for _ in range(2):
        machine.step(QUANTITY)
    assert managed.phase is PlanPhase.CLOSED
    assert abs(managed.cash - machine.cash) < 1e-9


@given(st.booleans(), st.booleans(), STEPS, st.integers(0, 40))
def test_plan_of_another_process_goes_on_as_the_one_it_was_told_of(
    has_short_leg: bool,
    keep_single: bool,
    steps: list[tuple[Callable[[Machine, int], None], int]],
    missed: int,
) -> None:
    """It is told of at any time, and all the fills are known, those after that included."""
    machine = Machine(has_short_leg, keep_single)
    for action, quantity in steps[:missed]:
        action(machine, quantity)
    told = machine.managed.state("regular", machine.now_ns)
    for action, quantity in steps[missed:]:
        if action in (Machine.buy, Machine.step, Machine.wait):  # what a dead process does not stop
            action(machine, quantity)
    machine.end_entry(0)
    before = machine.managed
    fills = machine.fills[::-1]  # orders come in any order, and several fills at one instant
    after = ManagedPlan.of_state(told, fills, machine.now_ns)
    assert (after.held, after.sold, after.bought) == (before.held, before.sold, before.bought)
    assert abs(after.cash - before.cash) < 1e-9
    assert after.fees_usd == before.fees_usd == 0.5 * len(machine.fills)
    assert (after.phase, after.exit_reason, after.step) == (
        before.phase, before.exit_reason, before.step,
    )  # fmt: skip
    assert after.is_leg_overdue(machine.now_ns + NS) == before.is_leg_overdue(machine.now_ns + NS)
    for bid in (0.1, 0.9, 1.2, 3.0):
        assert after.due_exit(machine.now_ns, bid, 0.1) == before.due_exit(machine.now_ns, bid, 0.1)
    again = ManagedPlan.of_state(after.state("regular", 0), fills, machine.now_ns)
    assert repr(again.state("regular", 0)) == repr(after.state("regular", 0))
