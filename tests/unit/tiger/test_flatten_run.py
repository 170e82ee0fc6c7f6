"""A flattening whose calls fail as nobody thought of: it goes on, and asks what became of them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tiger_nt import flatten_book, flatten_record, flatten_run
from tiger_nt.flatten_answers import OPTION, OrderSeen, QuoteSeen
from tiger_nt.flatten_result import Verdict
from tiger_nt.flatten_run import FlattenRun
from tiger_nt.views import OrderRequest, OrderState

CALL = "SPY260720C00600000"
THREADS = 8
CONFIG: Any = SimpleNamespace(
    timeout_s=1.0,
    calls_per_minute={},
    credentials=SimpleNamespace(is_paper=True),
)


class Broker:
    """Has an order at work and a call, both of which can be seen to; no answer can be read."""

    clock_s = 1.0

    def __init__(self, *, orders: int, held: int) -> None:
        self.orders = {number: _order(number) for number in range(1, orders + 1)}
        self.held = {CALL: held} if held else {}
        self.placed = 0

    def orders_at_work(self) -> list[OrderSeen]:
        return list(self.orders.values())

    def orders_since(self, _start_s: float) -> list[OrderSeen]:
        return self.orders_at_work()

    def options_held(self) -> tuple[dict[str, int], list[str]]:
        return dict(self.held), []

    def stocks_held(self) -> list[str]:
        return []

    def quotes(self, symbols: Sequence[str]) -> dict[str, QuoteSeen]:
        return dict.fromkeys(symbols, QuoteSeen(1.0, 1.1))

    def cancel(self, order_id: int) -> None:
        self.orders.pop(order_id, None)
        raise ValueError("no answer of Tiger's")

    def place(self, _request: OrderRequest) -> int:
        self.placed += 1
        self.held.clear()
        raise ValueError("no answer of Tiger's")


def _order(number: int) -> OrderSeen:
    return OrderSeen(number, "", CALL, OPTION, True, 1, 0, 1.0, OrderState.HELD, "", 0.0)


@pytest.mark.parametrize(("orders", "held"), [(THREADS + 1, 0), (0, 1)], ids=["cancel", "place"])
def test_answers_that_nobody_thought_of_end_neither_threads_nor_the_closing(
    orders: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(orders=orders, held=held)
    monkeypatch.setattr(flatten_run, "FlattenBroker", lambda *_: broker)
    for module, name in (
        (flatten_run, "_LOOK_S"),
        (flatten_run, "_CONFIRM_S"),
        (flatten_book, "_CANCEL_AGAIN_S"),
        (flatten_record, "_LOST_S"),
    ):
        monkeypatch.setattr(module, name, 0.02)
    told: list[str] = []
    ended = FlattenRun(CONFIG, told.append).run(10.0)
    assert ended.verdict is Verdict.FLAT, told
    assert (broker.placed, broker.orders) == (held, {})
    assert any("no answer of Tiger's" in line for line in told)
