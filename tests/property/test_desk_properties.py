"""Random orders on random quotes on the real engine: what the desk says and what it has done."""

from collections import Counter

import numpy as np
import pytest
from desk_engine import CALL, NS, OPEN_NS, PARAMS, Asked, Outcome, Quote, run
from msgspec.structs import replace

from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.walk_record import WalkEvent
from autotrade_0dte.market_state.actions import Urgency

SECONDS = 120
ORDERS = 8


def market(rng: np.random.Generator) -> list[Quote]:
    """Return a quote each second that jumps about, is wide, thin, crossed or one-sided at times."""
    mid = 200
    quotes: list[Quote] = []
    for at_s in range(SECONDS):
        mid = max(3, mid + int(rng.integers(-4, 5)))
        half = int(rng.choice([0, 1, 1, 2, 3, 12]))
        bid = 0 if rng.random() < 0.05 else max(mid - half, 0)
        sizes = rng.integers(1, 6, 2)
        quotes.append((at_s, bid / 100, (mid + half) / 100, int(sizes[0]), int(sizes[1])))
    return quotes


def orders(rng: np.random.Generator) -> list[Asked]:
    """Return a large purchase, then purchases and sales of every purpose, too large at times."""
    first = Asked(at_s=0.5, quantity=12, cap=9.99, urgency=Urgency.URGENT, deadline_s=20.0)
    asked = [first]
    for at_s in sorted(rng.uniform(8, SECONDS - 30, ORDERS - 1)):
        buys = rng.random() < 0.4
        asked.append(
            Asked(
                at_s=round(float(at_s), 3),
                quantity=int(rng.integers(1, 5)) * (1 if buys else -1),
                cap=round(2.0 + float(rng.integers(-5, 15)) / 100, 2) if buys else 0.01,
                purpose=Purpose.ENTRY if buys else list(Purpose)[int(rng.integers(1, 4))],
                urgency=list(Urgency)[int(rng.integers(0, 3))],
                deadline_s=float(rng.integers(5, 30)) if buys else 9_000.0,
            )
        )
    return asked


def run_at_random(seed: int) -> Outcome:
    rng = np.random.default_rng(seed)
    vetoes = replace(PARAMS.vetoes, max_spread_ticks=20.0, max_spread_fraction=0.2)
    cancels_s = sorted(rng.uniform(5, SECONDS, 2).tolist())
    return run(
        {CALL: market(rng)},
        *orders(rng),
        params=replace(PARAMS, vetoes=vetoes),
        cancels_s=cancels_s,
        latency_ms=int(rng.choice([0, 50, 400])),
    )


@pytest.mark.parametrize("seed", range(100, 112))
def test_what_the_desk_tells_adds_up_to_what_the_engine_has(seed: int) -> None:
    outcome = run_at_random(seed)
    assert len(outcome.parents) == ORDERS
    by_name = {str(order.client_order_id): order for order in outcome.orders}
    told, net = Counter[str](), 0
    for number, parent in enumerate(outcome.parents):
        records = outcome.of(number)
        filled = 0
        for record in records:
            if record.event is WalkEvent.FILLED:
                told[record.client_order_id] += record.quantity
                filled += record.quantity
                assert parent.side.sign * (record.price - parent.cap) <= 1e-9
        assert filled <= parent.quantity
        net += parent.side.sign * filled
        assert (outcome.outcome(number) == "FILLED") is (filled == parent.quantity)
        for limit in outcome.limits(number):
            assert parent.side.sign * (limit - parent.cap) <= 1e-9
        names = {record.client_order_id for record in records}
        done = all(by_name[name].is_closed for name in names)
        assert done is bool(outcome.outcome(number))
    assert told == {n: int(o.filled_qty) for n, o in by_name.items() if int(o.filled_qty)}
    assert outcome.held == ({CALL: net} if net else {})
    assert net >= 0


@pytest.mark.parametrize("seed", range(100, 106))
def test_entry_is_over_soon_after_its_deadline(seed: int) -> None:
    outcome = run_at_random(seed)
    late_ns = 2 * NS
    for number, parent in enumerate(outcome.parents):
        if parent.side is Side.BUY and parent.deadline_ns < OPEN_NS + (SECONDS - 3) * NS:
            assert outcome.of(number)[-1].ts_event <= parent.deadline_ns + late_ns


def test_same_quotes_and_orders_make_the_same_log() -> None:
    assert repr(run_at_random(100).records) == repr(run_at_random(100).records)
