"""The walk of an order under any market, any answer of the venue, and none."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from worked_order import MOST_CALLS, NAN, NICKEL, PENNY, Worked, at, entry, quote, walk_of

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose, Side
from autotrade_0dte.execution.replay_walk import replay
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

WALK = DeskParams().walk
PRICES = st.one_of(
    st.sampled_from([NAN, 0.0, -1.0, math.inf]),
    st.integers(1, 600).map(lambda cents: cents / 100),
    st.floats(0.001, 6.0),
)
SIZES = st.sampled_from([0.0, 1.0, 50.0, NAN])
FIGURES = st.fixed_dictionaries(
    {
        "bid_size": SIZES,
        "ask_size": SIZES,
        "age_s": st.sampled_from([0.0, 1.0, 11.0, 400.0, NAN]),
        "fair": PRICES,
        "delta": st.sampled_from([-0.5, 0.0, 0.5, NAN]),
        "spot": st.sampled_from([599.0, 599.98, 600.0, 600.02, 601.0, NAN]),
    }
)


@st.composite
def sane_quotes(draw: st.DrawFn) -> dict[str, Any]:
    """Quotes with two sides and a fair value between: most of a market's, and all that steps."""
    bid = draw(st.integers(95, 105))
    ask = bid + draw(st.sampled_from([2, 5, 10, 1]))
    return {"bid": bid / 100, "ask": ask / 100, "spot": draw(st.sampled_from([600.0, 600.03]))}


QUOTES = st.one_of(
    sane_quotes(),
    st.builds(lambda bid, ask, rest: {"bid": bid, "ask": ask, **rest}, PRICES, PRICES, FIGURES),
)


@st.composite
def parents(draw: st.DrawFn, purposes: Iterable[Purpose] = Purpose) -> ParentOrder:
    side = draw(st.sampled_from(Side))
    purpose = draw(st.sampled_from(list(purposes)))
    cap = draw(st.sampled_from([1.2, 3.07, 1.07, 1.02, 1.0, 0.95, 0.03]))
    if purpose is not Purpose.ENTRY:
        cap = draw(st.sampled_from([cap, 0.01 if side is Side.SELL else 100.0]))
    return entry(
        side=side,
        purpose=purpose,
        cap=cap,
        quantity=draw(st.sampled_from([1, 6, 20])),
        urgency=draw(st.sampled_from([Urgency.NORMAL, *Urgency])),
        level=draw(st.sampled_from([Level.CALM, Level.CALM, *Level])),
    )


def is_on_grid(price: float, root: str) -> bool:
    cents = round(price * 100)
    tick = 1 if root == PENNY else 5 if cents < 300 else 10
    return abs(price * 100 - cents) < 1e-6 and cents > 0 and cents % tick == 0


class Exchange:
    """A walk at a venue that may lose commands, lose answers, refuse, and fill at any time.

    The venue tells the truth in the end: a fill is told before the end of its order.
    """

    def __init__(self, parent: ParentOrder, root: str) -> None:
        self.parent = parent
        self.sign = parent.side.sign
        self.worked = Worked(parent, root=root)
        self.root = root
        self.now_s = 0.0
        self.working: int | None = None  # contracts of the order that lives at the venue
        self.limit = NAN  # in force there
        self.sent: Move | None = None  # the command that was not answered
        self.is_done = False  # whether the venue has carried that out
        self.is_placed = False  # whether it ever reached the venue
        self.late: Move | None = None  # a submit taken for lost that may still reach it
        self.sent_s = self.priced_s = -math.inf
        self.due = parent.quantity
        self.is_withdrawn = False

    @property
    def walk(self) -> Any:
        return self.worked.walk

    # -- what happens ---------------------------------------------------------------------------

    def look(
        self, wait_s: float, market: dict[str, Any], calls: int, tightened: bool, leg_skew_s: float
    ) -> None:
        self.now_s += wait_s
        before = self.walk.limit
        move = self.worked.look(
            self.now_s, calls=calls, tightened=tightened, leg_skew_s=leg_skew_s, **market
        )
        self.send(move)
        if move is not None and self.parent.purpose is Purpose.ENTRY:
            assert move.kind is not MoveKind.REPRICE or calls >= 8
            assert move.kind is not MoveKind.SUBMIT or calls >= 2
        if move is not None and move.kind is MoveKind.REPRICE:
            far = market["ask"] if self.sign > 0 else market["bid"]
            is_entry = self.parent.purpose is Purpose.ENTRY
            least = 1e-9 if is_entry else -1e-9  # an exit that crosses goes through the far side
            assert self.sign * (far - before) > least, "the market had come to the limit"

    def look_in_a_quiet_market(
        self, wait_s: float, market: dict[str, Any], is_served: bool
    ) -> None:
        self.resend()
        self.look(wait_s, market, MOST_CALLS, False, 0.0)
        if is_served:
            self.serve()

    def serve(self) -> None:
        self.carry_out()
        self.answer()

    def serve_late(self) -> None:
        """A submit that was taken for lost reaches the venue after all."""
        late, self.late = self.late, None
        if late is not None:
            self.working, self.limit, self.is_placed = self.due, late.price, True
            self.tell(WalkEvent.ACCEPTED)

    def carry_out(self) -> None:
        """The venue does what it was told, and its answer is on its way, or lost."""
        if self.sent is None or self.is_done:
            return
        self.is_done = True
        if self.sent.kind is MoveKind.SUBMIT:
            self.working, self.limit, self.is_placed = self.due, self.sent.price, True
        elif self.working is None:
            return
        elif self.sent.kind is MoveKind.REPRICE:
            assert self.sign * (self.sent.price - self.limit) > 0, "away from the market"
            self.limit = self.sent.price

    def answer(self) -> None:
        if self.sent is None or not self.is_done:
            return
        sent, self.sent = self.sent, None
        if self.working is None and sent.kind is not MoveKind.SUBMIT:
            if self.late is not None:
                self.tell(WalkEvent.CANCEL_REJECTED)  # of an order that is not known yet
            elif not self.is_placed:  # its submit was lost, as comes out when it is looked for
                self.tell(WalkEvent.REJECTED)
            return  # else it was filled in the meantime, and that was told
        if sent.kind is MoveKind.SUBMIT:
            self.tell(WalkEvent.ACCEPTED)
        elif sent.kind is MoveKind.REPRICE:
            self.tell(WalkEvent.MODIFIED, sent.price)
        else:
            self.working = None
            self.tell(WalkEvent.CANCELED)

    def reject(self) -> None:
        if self.sent is not None and self.sent.kind is MoveKind.SUBMIT and not self.is_done:
            self.sent = None
            self.tell(WalkEvent.REJECTED)

    def refuse(self) -> None:
        if self.sent is None or self.sent.kind is MoveKind.SUBMIT or self.is_done:
            return
        sent, self.sent = self.sent, None
        if sent.kind is MoveKind.REPRICE:
            self.tell(WalkEvent.MODIFY_REJECTED)
        else:
            self.tell(WalkEvent.CANCEL_REJECTED)

    def fill(self, quantity: int) -> None:
        if self.working is None:
            return
        quantity = min(quantity, self.working)
        self.working = self.working - quantity or None
        if self.sent is not None and self.sent.kind is MoveKind.SUBMIT:
            self.sent = None  # a fill says that it was accepted
        self.tell(WalkEvent.FILLED, quantity)

    def end_by_another(self, event: WalkEvent) -> None:
        if self.working is not None:
            self.working = self.sent = None  # an end answers whatever was in flight
            self.tell(event)

    def withdraw(self) -> None:
        """The risk controller allows it no longer."""
        self.is_withdrawn = True
        self.tell(WalkEvent.WITHDRAWN)

    def resend(self) -> None:
        if not self.walk.accepts_resend(1):
            return
        self.due = self.walk.leaves
        self.tell(WalkEvent.RESENT, self.due)

    # -- what must hold -------------------------------------------------------------------------

    def send(self, move: Move | None) -> None:
        if move is None:
            return
        if self.is_withdrawn:
            assert move.kind in (MoveKind.CANCEL, MoveKind.END), "it went on"
        if move.kind is MoveKind.END:
            assert self.working is None, "an order was left at the venue"
            assert self.walk.is_over
            self.sent = None
            return
        if self.sent is not None:  # unanswered: only a cancel, and only after the patience
            assert move.kind in (MoveKind.CANCEL, MoveKind.REPLACE)
            assert self.now_s - self.sent_s >= WALK.answer_s - 1e-6
            if self.sent.kind is MoveKind.SUBMIT and not self.is_done:
                self.late = self.sent
        if move.kind in (MoveKind.SUBMIT, MoveKind.REPRICE):
            self.check_price(move)
        if move.kind is MoveKind.SUBMIT:
            assert self.working is None, "two orders"
            assert self.due <= self.walk.leaves
            self.is_placed = False
        self.sent, self.is_done, self.sent_s = move, False, self.now_s

    def check_price(self, move: Move) -> None:
        assert self.sign * (move.price - self.parent.cap) < 1e-9, "beyond the cap"
        assert is_on_grid(move.price, self.root)
        if not math.isnan(self.limit):
            assert self.sign * (move.price - self.limit) > -1e-9, "away from the market"
        if move.kind is MoveKind.REPRICE:
            assert self.now_s - self.priced_s >= WALK.min_rest_s - 1e-6
        self.priced_s = self.now_s

    def tell(self, event: WalkEvent, *arguments: Any) -> None:
        self.worked.now_s = self.now_s
        self.send(self.worked.tell(event, *arguments, after_s=0.0))

    def finish(self) -> None:
        """From now on all is answered at once; fills come when the order is at the far side."""
        self.late = None
        bid, ask = 1.00, 1.05
        far = ask if self.sign > 0 else bid
        for _ in range(600):
            if self.walk.is_over:
                break
            self.resend()
            if self.sent is not None:
                self.serve()
            elif self.working and self.sign * (self.limit - far) >= -1e-9:
                self.fill(self.working)
            if not self.walk.is_over:
                market = {"bid": bid, "ask": ask}
                self.look(0.25, market, MOST_CALLS, False, 0.0)
        if self.sign * (far - self.parent.cap) < 1e-9 or self.parent.purpose is Purpose.ENTRY:
            assert self.walk.is_over
            self.check_outcome()

    def check_outcome(self) -> None:
        filled, quantity = self.walk.filled, self.parent.quantity
        if self.walk.outcome is Outcome.FILLED:
            assert filled == quantity
        elif self.walk.outcome is Outcome.PARTLY_FILLED:
            assert 0 < filled < quantity
        elif self.walk.outcome is not Outcome.CANCELED:
            assert filled == 0


def _event(action: Callable[..., None], *arguments: st.SearchStrategy[Any]) -> Any:
    return st.tuples(st.just(action), *arguments)


QUIET = _event(
    Exchange.look_in_a_quiet_market,
    st.sampled_from([1.0, 0.5, 2.5]),
    sane_quotes(),
    st.sampled_from([True, True, True, False]),
)
WILD = _event(
    Exchange.look,
    st.sampled_from([0.0, 0.1, 0.5, 2.5, 6.0, 31.0]),
    QUOTES,
    st.sampled_from([0, 1, 5, 8, 60]),
    st.booleans(),
    st.sampled_from([0.0, 0.0, 9.0, NAN]),
)
SERVED = _event(Exchange.serve)
REFUSED = _event(Exchange.refuse)
UNUSUAL = [
    REFUSED, REFUSED, REFUSED, SERVED, WILD,
    _event(Exchange.carry_out), _event(Exchange.answer), _event(Exchange.serve_late),
    _event(Exchange.fill, st.integers(1, 6)),
]  # fmt: skip
LAST = [
    _event(Exchange.withdraw),
    _event(Exchange.reject),
    _event(Exchange.end_by_another, st.sampled_from([WalkEvent.CANCELED, WalkEvent.REJECTED])),
]
# Not `one_of`, which would give each the same weight.
EVENTS = st.sampled_from([QUIET] * 30 + UNUSUAL * 2 + LAST).flatmap(lambda event: event)


@settings(max_examples=200)
@given(parents(), st.sampled_from([PENNY, NICKEL]), st.lists(EVENTS, min_size=20, max_size=60))
def test_walk_keeps_its_cap_its_rest_and_its_quantity_and_ends_whatever_happens(
    parent: ParentOrder, root: str, events: list[tuple[Any, ...]]
) -> None:
    exchange = Exchange(parent, root)
    for action, *arguments in events:
        action(exchange, *arguments)
        assert exchange.walk.filled + (exchange.working or 0) <= parent.quantity
    exchange.finish()
    again = replay(walk_of(parent, root=root), exchange.worked.records)
    assert _same(again, exchange.worked.moves)


def _same(some: list[Move], others: list[Move]) -> bool:
    """Equal, where NaN equals NaN."""
    return msgspec.json.encode(some) == msgspec.json.encode(others)


FAR_QUOTES = st.builds(
    lambda far, near, rest: (far / 100, near, rest), st.integers(1, 500), PRICES, FIGURES
)


def _drive(
    worked: Worked, seconds: float, market: Callable[[int], dict[str, Any]], calls: int
) -> None:
    """Look each quarter of a second; the venue answers at once and fills nothing."""
    for index in range(int(seconds * 4) + 1):
        move = worked.look(index / 4, calls=calls, **market(index))
        worked.settle(move)
        if worked.walk.accepts_resend(1):
            worked.tell(WalkEvent.RESENT, worked.walk.leaves)


@given(
    parents([Purpose.EXIT, Purpose.STOP, Purpose.EMERGENCY]),
    st.lists(FAR_QUOTES, min_size=1, max_size=30),
    st.sampled_from([0, 60]),
)
def test_exit_is_at_the_far_side_within_its_seconds_whatever_the_quotes(
    parent: ParentOrder, quotes: list[tuple[float, float, dict[str, Any]]], calls: int
) -> None:
    cap = 0.01 if parent.side is Side.SELL else 100.0
    worked = Worked(msgspec.structs.replace(parent, cap=cap))
    sides = ("bid", "ask") if parent.side is Side.SELL else ("ask", "bid")

    def market(index: int) -> dict[str, Any]:
        # The last quote stays, so that there is time to follow it.
        far, near, rest = quotes[min(index, len(quotes) - 1)]
        return {sides[0]: far, sides[1]: near, **rest}

    slowest_s = {Purpose.EXIT: 30.0, Purpose.STOP: 2.0, Purpose.EMERGENCY: 0.0}[parent.purpose]
    follows_s = 0.15 + WALK.min_rest_s + 0.25 + 0.25
    seconds = max(slowest_s, len(quotes) / 4) + follows_s
    _drive(worked, seconds, market, calls)
    far = quotes[-1][0]
    assert parent.side.sign * (worked.walk.limit - far) >= -1e-9


@given(parents([Purpose.ENTRY]), st.lists(QUOTES, min_size=1, max_size=60))
def test_entry_is_over_by_its_deadline_whatever_the_quotes(
    parent: ParentOrder, quotes: list[dict[str, Any]]
) -> None:
    worked = Worked(parent)
    _drive(worked, 30.0, lambda index: quotes[index % len(quotes)], 60)
    assert worked.walk.is_over
    assert worked.walk.outcome is Outcome.GIVEN_UP
    assert worked.walk.end_reason


@given(parents(), sane_quotes(), st.data())
def test_same_events_make_the_same_moves(
    parent: ParentOrder, market: dict[str, Any], data: st.DataObject
) -> None:
    walks = walk_of(parent), walk_of(parent)
    for index in range(10):
        look = quote(index, **market)
        moves = [walk.on_quote(look, MOST_CALLS) for walk in walks]
        assert _same([moves[0]] if moves[0] else [], [moves[1]] if moves[1] else [])
        if moves[0] is not None and data.draw(st.booleans()):
            for walk in walks:
                walk.on_accepted(at(index + 0.1))
