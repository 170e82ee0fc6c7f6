"""What the market offered an order, and whether the rules say it should have filled."""

from typing import Any

import pytest
from desk_records import NAN, NS, parent, quote
from msgspec.structs import replace

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer, needed_s, should_fill
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.routing import Style
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

RULES = DeskParams()


def offered(*looks: tuple[float, float], size: float = 10.0, **order: Any) -> Offer:
    """Return the offer of a purchase of 2 within 1.10 after looks of (second, ask)."""
    offer = Offer(parent(**order))
    for at_s, ask in looks:
        offer.look(quote(at_s, ask - 0.1, ask, size=size), 2, is_vetoed=False)
    return offer


def test_offer_begins_anew_after_a_break() -> None:
    assert offered((1, 1.10), (4, 1.05), (5, 1.11), (6, 1.10), (8, 1.10)).longest_ns == 3 * NS


@pytest.mark.parametrize(
    ("size", "ask"), [(1.0, 1.10), (NAN, 1.10), (10.0, 1.11), (10.0, 0.0), (10.0, NAN)],
    ids=["size too small", "size unknown", "beyond the cap", "no ask", "ask unknown"],
)  # fmt: skip
def test_market_that_does_not_offer_all_that_is_left_within_the_cap_counts_for_nothing(
    size: float, ask: float
) -> None:
    offer = offered((1, ask), (9, ask), size=size)
    offer.end(10 * NS)
    assert (offer.longest_ns, offer.at_end) == (0, False)


def test_veto_breaks_the_offer() -> None:
    offer = offered((1, 1.10))
    offer.look(quote(5, 1.0, 1.10), 2, is_vetoed=True)
    offer.look(quote(6, 1.0, 1.10), 2, is_vetoed=False)
    offer.end(8 * NS)
    assert (offer.longest_ns, offer.at_end) == (2 * NS, True)


def test_sale_is_offered_at_the_bid() -> None:
    assert offered((1, 1.10), (3, 1.10), side=Side.SELL, cap=1.0).longest_ns == 2 * NS
    assert offered((1, 1.10), (3, 1.10), side=Side.SELL, cap=1.01).longest_ns == 0


@pytest.mark.parametrize(("side", "limit"), [(Side.BUY, 1.10), (Side.SELL, 1.0)])
def test_size_is_that_of_the_other_side_and_as_much_as_is_left_suffices(
    side: Side, limit: float
) -> None:
    def longest_s(**sizes: float) -> float:
        offer = Offer(parent(side=side, cap=limit))
        for at_s in (1, 3):
            offer.look(replace(quote(at_s, 1.0, 1.10), **sizes), 2, is_vetoed=False)
        return offer.longest_ns / NS

    other, own = ("ask_size", "bid_size") if side is Side.BUY else ("bid_size", "ask_size")
    assert longest_s(**{other: 2.0, own: 0.0}) == 2.0
    assert longest_s(**{other: 1.0, own: 9.0}) == 0.0


def test_sale_at_any_price_is_offered_nothing_without_a_bid() -> None:
    offer = Offer(parent(side=Side.SELL, cap=0.0))
    for at_s in (1, 9):
        offer.look(quote(at_s, 0.0, 0.05), 2, is_vetoed=False)
    assert offer.longest_ns == 0


def test_cheapest_ask_is_an_offer() -> None:
    assert offered((1, 0.01), (3, 0.01)).longest_ns == 2 * NS


@pytest.mark.parametrize(
    ("style", "urgency", "seconds"),
    [
        (Style.WALK, Urgency.NORMAL, 4 * 2 + 0.5),
        (Style.WALK, Urgency.PATIENT, 4 * 4 + 0.5),
        (Style.MARKETABLE, Urgency.NORMAL, 0.5),
        (Style.PASSIVE, Urgency.NORMAL, NAN),
        (Style.GIVE_UP, Urgency.NORMAL, NAN),
        (None, Urgency.NORMAL, NAN),
    ],
)
def test_entry_takes_an_offer_after_the_steps_of_its_route(
    style: Style | None, urgency: Urgency, seconds: float
) -> None:
    assert needed_s(parent(urgency=urgency), style, RULES) == pytest.approx(seconds, nan_ok=True)


def test_exit_takes_an_offer_when_its_time_is_over_whatever_its_route() -> None:
    def needed(purpose: Purpose, **changes: Any) -> float:
        return needed_s(parent(purpose=purpose, **changes), Style.PASSIVE, RULES)

    assert needed(Purpose.EXIT) == 15.5
    assert needed(Purpose.EXIT, level=Level.L2) == 5.5
    assert needed(Purpose.EXIT, deadline_ns=4 * NS) == 3.5
    assert needed(Purpose.STOP) == 2.5
    assert needed(Purpose.EMERGENCY) == 0.5
    assert needed(Purpose.EXIT, decided_ns=9 * NS, deadline_ns=4 * NS) == 0.5  # long over


ENTRY, EXIT, STOP = Purpose.ENTRY, Purpose.EXIT, Purpose.STOP


@pytest.mark.parametrize(
    ("purpose", "outcome", "offered_s", "at_end", "needed", "expected"),
    [
        (ENTRY, Outcome.FILLED, 1.0, True, 8.0, True),
        (ENTRY, Outcome.FILLED, 1.0, False, 8.0, False),
        (ENTRY, Outcome.FILLED, 1.0, True, NAN, False),
        (ENTRY, Outcome.GIVEN_UP, 8.0, False, 8.0, True),
        (ENTRY, Outcome.GIVEN_UP, 7.9, True, 8.0, False),
        (ENTRY, Outcome.PARTLY_FILLED, 9.0, False, 8.0, True),
        (ENTRY, Outcome.REJECTED, 0.0, True, 8.0, True),
        (ENTRY, Outcome.REJECTED, 0.0, False, 8.0, False),
        (ENTRY, Outcome.CANCELED, 9.0, False, 8.0, True),
        (ENTRY, Outcome.DENIED, 9.0, True, 8.0, False),
        (EXIT, Outcome.FILLED, 0.0, False, 15.0, True),
        (EXIT, Outcome.OPEN, 0.0, False, 15.0, True),
        (EXIT, Outcome.REJECTED, 0.0, False, 15.0, True),
        (STOP, Outcome.GIVEN_UP, 0.0, False, 2.0, True),
        (EXIT, Outcome.CANCELED, 14.0, False, 15.0, False),
        (EXIT, Outcome.CANCELED, 15.0, False, 15.0, True),
        (EXIT, Outcome.DENIED, 99.0, True, 15.0, False),
    ],
)
def test_order_should_fill_by_what_it_was_offered_and_how_it_ended(
    purpose: Purpose,
    outcome: Outcome,
    offered_s: float,
    at_end: bool,
    needed: float,
    expected: bool,
) -> None:
    told = should_fill(purpose, outcome, offered_s=offered_s, at_end=at_end, needed=needed)
    assert told is expected
