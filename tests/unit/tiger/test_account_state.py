"""When the account's figures are asked for."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from nautilus_trader.common import Logger

from tiger_nt import account_state
from tiger_nt.account_state import AccountState
from tiger_nt.errors import TigerRequestError
from tiger_nt.views import AssetsView

FIGURES = AssetsView(
    net_liquidation=1.0,
    cash=1.0,
    cash_available=1.0,
    buying_power=1.0,
    init_margin=0.0,
    maintenance_margin=0.0,
)


class Account:
    """A Tiger that answers, or fails `failures` times first; time stands until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> None:
        self.now_s = 0.0
        self.asked_s: list[float] = []
        self.told = 0
        self._failures = failures
        monkeypatch.setattr(account_state.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(account_state, "_TICK_S", 0.0)
        self.state = AccountState(self, self._tell, Logger("test"))  # type: ignore[arg-type]

    async def assets(self) -> AssetsView:
        self.asked_s.append(self.now_s)
        if self._failures:
            self._failures -= 1
            raise TigerRequestError("assets: no answer")
        return FIGURES

    def _tell(self, _figures: AssetsView) -> None:
        self.told += 1

    def play(self, *changes: tuple[float, str], until_s: float) -> list[float]:
        """Let time pass in tenths of a second; return when the figures were asked for."""

        async def run() -> None:
            task = asyncio.create_task(self.state.run())
            for tenth in range(round(until_s * 10) + 1):
                self.now_s = tenth / 10
                for at_s, change in changes:
                    if at_s == self.now_s:
                        getattr(self.state, change)()
                await _turns()
            task.cancel()

        asyncio.run(run())
        return self.asked_s


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_fill_is_followed_by_a_question_and_a_second_one_a_second_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch)
    fills = [(0.2, "on_fill"), (0.4, "on_fill"), (0.6, "on_fill")]
    assert account.play(*fills, until_s=6) == [0.2, 1.2]
    assert account.told == 2


def test_news_without_end_are_worth_a_question_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    news = [(tenth / 10, "on_change") for tenth in range(121)]
    assert Account(monkeypatch).play(*news, until_s=12) == [0.0, 5.0, 10.0]


def test_question_without_an_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, failures=1)
    assert account.play((0.0, "on_fill"), until_s=3) == [0.0, 1.0]
    assert account.told == 1


def test_end_asks_only_after_a_fill_whose_figures_are_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch)
    account.state.on_change()
    _run(account.state.finish())
    assert account.told == 0
    account.state.on_fill()
    _run(account.state.finish())
    _run(account.state.finish())
    assert account.told == 1
