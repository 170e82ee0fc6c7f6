"""The checks of a node's start, by what Tiger answers."""

import asyncio
import datetime as dt
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from stored import PLAN, STATE

from autotrade_0dte import calendar
from autotrade_0dte.calendar import Session
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.nodes import preflight as module
from autotrade_0dte.nodes.halt import FLATTEN, set_halt
from autotrade_0dte.nodes.kept_state import set_up_folder, state_owner
from autotrade_0dte.nodes.kill_latch import set_latch
from autotrade_0dte.nodes.preflight import Check, NodeMode, Outcome, Preflight, preflight
from autotrade_0dte.nodes.tiger import SystemListings, underlying_of
from autotrade_0dte.store.node_lock import LOCK
from autotrade_0dte.store.state_store import FILE, StateStore
from tiger_nt.config import Credentials, Endpoints, TigerConfig
from tiger_nt.errors import TigerConfigError, TigerDeniedError, TigerRequestError
from tiger_nt.marks import user_mark
from tiger_nt.providers import Chain
from tiger_nt.symbols import option_terms
from tiger_nt.views import (
    AssetsView,
    CommandStatus,
    ContractView,
    OrderState,
    OrderView,
    PositionView,
    QuotaView,
    TradingDayView,
)

DATE = dt.date(2026, 7, 20)
HOUR = 3_600_000_000_000
CALLS = [f"SPY260720C00{strike}000" for strike in (590, 600, 610)]
LISTED = CALLS[1:]
PAPER, LIVE = "2" * 17, "50001234"
CONFIG = SystemConfig(
    name="checked",
    root="SPY",
    regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
)


def bought(symbol: str, filled: int, quantity: int = 2, mark: str = "O-1") -> OrderView:
    """Return an order of ours, of nobody's with an empty mark."""
    done = filled == quantity
    return OrderView(
        id=1, user_mark=user_mark(mark) if mark else "", symbol=symbol, sec_type="OPT",
        is_buy=True, order_type="LMT", quantity=quantity, filled=filled, limit_price=1.0,
        stop_price=None, average_price=1.0, commission=0.0,
        state=OrderState.FILLED if done else OrderState.HELD, reason="",
        replace_status=CommandStatus.NONE, cancel_status=CommandStatus.NONE, updated_ms=0,
    )  # fmt: skip


def held(symbol: str, quantity: int, sec_type: str = "OPT") -> PositionView:
    return PositionView(symbol=symbol, sec_type=sec_type, quantity=quantity, average_cost=1.0)


class Tiger:
    """A Tiger where all is in order, until a test changes what it answers."""

    def __init__(self, account: str = PAPER, endpoints: Endpoints | None = None) -> None:
        self.config = TigerConfig(
            credentials=Credentials(tiger_id="1", account=account, private_key="k"),
            endpoints=endpoints or Endpoints(),
        )
        now_ns = time.time_ns()
        self.day = Session(DATE, now_ns - HOUR, now_ns + HOUR)
        self.opens = self.closes = 0
        self.answers: dict[str, Any] = {
            "license": "TBSG",
            "assets": AssetsView(
                net_liquidation=9e4, cash=9e4, cash_available=9e4, buying_power=9e4,
                init_margin=0.0, maintenance_margin=0.0,
            ),
            "trading_days": [TradingDayView(DATE, "TRADING")],
            "market_status": "TRADING",
            "permissions": ["usQuoteBasic", "usOptionQuote"],
            "entitlement": {"low_freq_limit": 10},
            "positions": [],
            "orders_since": [],
            "quota": QuotaView(100, 0),
            "chain": self._chain(),
        }  # fmt: skip
        self.state = Path("no-state")
        self.offset_s: float | None = 0.0
        self.rest = SimpleNamespace(
            clock_offset_s=lambda: self.offset_s,
            **{name: self._answering(name) for name in self.answers if name != "quota"},
        )
        self.push = SimpleNamespace(quota=self._answering("quota"))

    def _answering(self, name: str) -> Any:
        async def answer(*_: Any) -> Any:
            found = self.answers[name]
            if isinstance(found, Exception):
                raise found
            return found

        return answer

    def _chain(self) -> Chain:
        listings = SystemListings()
        nothing: Any = None
        return Chain(
            source=underlying_of("SPY"),
            expiry=DATE,
            spot=605.0,
            underlying=listings.underlying("SPY"),
            contracts=tuple(listings.contract(option_terms(name)) for name in LISTED),
            open_interest=(11, -1),
            rows=tuple(ContractView(name, nothing, 0, n) for n, name in enumerate(CALLS)),
        )

    async def open(self) -> None:
        self.opens += 1

    async def close(self) -> None:
        self.closes += 1

    def check(self, mode: NodeMode = NodeMode.BROKER) -> Preflight:
        return asyncio.run(preflight(CONFIG, self.config, self.day, mode, self.state))


def row(ready: Preflight, name: str) -> Check:
    [found] = [check for check in ready.checks if check.name == name]
    return found


@pytest.fixture
def tiger(monkeypatch: pytest.MonkeyPatch) -> Tiger:
    made = Tiger()
    _stand_in(monkeypatch, made)
    return made


@pytest.fixture
def live_tiger(monkeypatch: pytest.MonkeyPatch) -> Tiger:
    made = Tiger(LIVE)
    _stand_in(monkeypatch, made)
    return made


def _stand_in(monkeypatch: pytest.MonkeyPatch, tiger: Tiger) -> None:
    async def load(*_: Any) -> Chain:
        chain: Chain = await tiger.rest.chain()
        return chain

    monkeypatch.setattr(module, "TigerConnection", lambda _config: tiger)
    monkeypatch.setattr(module, "load_chain", load)
    monkeypatch.setitem(calendar._known, DATE, tiger.day)


def test_account_in_order_starts_and_is_logged_out_of(tiger: Tiger) -> None:
    ready = tiger.check()
    assert ready.refusal is None
    assert {check.outcome for check in ready.checks} == {Outcome.OK}
    assert ready.assets == tiger.answers["assets"]
    assert (tiger.opens, tiger.closes) == (1, 1)


def test_paper_node_without_orders_at_tiger_is_not_asked_about_positions(tiger: Tiger) -> None:
    tiger.answers["positions"] = [held(CALLS[0], 5)]
    ready = tiger.check(NodeMode.PAPER)
    assert ready.refusal is None
    assert "reconciliation" not in {check.name for check in ready.checks}


@pytest.mark.parametrize("account", [PAPER, LIVE])
def test_each_mode_wants_its_kind_of_account(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Tiger(account)
    _stand_in(monkeypatch, made)
    fits = {mode: made.check(mode).refusal is None for mode in NodeMode}
    is_paper = account == PAPER
    assert fits == {NodeMode.PAPER: True, NodeMode.BROKER: is_paper, NodeMode.LIVE: not is_paper}


@pytest.mark.parametrize("cash", [0.0, float("nan")])
def test_cash_that_is_none_or_unknown_keeps_orders_from_tiger_only(
    tiger: Tiger, cash: float
) -> None:
    assets = msgspec.structs.replace(tiger.answers["assets"], cash_available=cash)
    tiger.answers["assets"] = assets
    assert row(tiger.check(NodeMode.BROKER), "account").expected == "cash to trade with"
    assert tiger.check(NodeMode.PAPER).refusal is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NON_TRADING", "a trading day at Tiger"),
        ("EARLY_CLOSE", "a full day (calendar)"),
        (None, "a trading day at Tiger"),
    ],
)
def test_day_that_is_another_at_tiger_than_in_the_calendar_is_refused(
    tiger: Tiger, kind: str | None, expected: str
) -> None:
    other = TradingDayView(DATE + dt.timedelta(days=1), "TRADING")
    tiger.answers["trading_days"] = [other] + ([TradingDayView(DATE, kind)] if kind else [])
    found = row(tiger.check(), "trading day")
    assert (found.outcome, found.expected) == (Outcome.REFUSED, expected)


def test_loopback_tiger_may_close_early_on_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    loopback = Endpoints(
        server_url="http://127.0.0.1:1/gateway", push_host="127.0.0.1", push_port=1
    )
    made = Tiger(endpoints=loopback)
    made.answers["trading_days"] = [TradingDayView(DATE, "EARLY_CLOSE")]
    _stand_in(monkeypatch, made)
    assert made.check().refusal is None


@pytest.mark.parametrize(
    ("opened_h", "closes_h", "status", "outcome"),
    [
        (-1, 1, "TRADING", Outcome.OK),
        (-1, 1, "MARKET_CLOSED", Outcome.REFUSED),
        (1, 2, "NOT_YET_OPEN", Outcome.OK),
        (-2, -1, "TRADING", Outcome.REFUSED),
    ],
    ids=["open", "halted", "before the open", "after the close"],
)
def test_market_must_trade_once_it_is_open(
    tiger: Tiger,
    opened_h: int,
    closes_h: int,
    status: str,
    outcome: Outcome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    tiger.day = Session(DATE, now_ns + opened_h * HOUR, now_ns + closes_h * HOUR)
    tiger.answers["market_status"] = status
    found = row(tiger.check(), "market")
    assert found.outcome is outcome
    assert ("closed 1:00:00 ago" in found.found) is (closes_h < 0)


@pytest.mark.parametrize(
    ("offset_s", "live", "paper"),
    [
        (None, Outcome.WARN, Outcome.WARN),
        (0.499, Outcome.OK, Outcome.OK),
        (-0.501, Outcome.REFUSED, Outcome.WARN),
    ],
)
def test_wrong_clock_keeps_orders_from_tiger_and_warns_on_paper(
    live_tiger: Tiger, offset_s: float | None, live: Outcome, paper: Outcome
) -> None:
    live_tiger.offset_s = offset_s
    assert row(live_tiger.check(NodeMode.LIVE), "clock").outcome is live
    assert row(live_tiger.check(NodeMode.PAPER), "clock").outcome is paper


@pytest.mark.parametrize(
    ("limit", "used", "outcome"),
    [(8, 0, Outcome.REFUSED), (20, 12, Outcome.REFUSED), (9, 0, Outcome.OK)],
)
def test_quota_must_hold_the_underlying_and_the_money(
    tiger: Tiger, limit: int, used: int, outcome: Outcome
) -> None:
    tiger.answers["quota"] = QuotaView(limit, used)
    assert row(tiger.check(), "quota").outcome is outcome


def test_quota_below_the_chain_is_a_warning(tiger: Tiger) -> None:
    chain = tiger.answers["chain"]
    tiger.answers["chain"] = msgspec.structs.replace(chain, contracts=chain.contracts * 6)
    tiger.answers["quota"] = QuotaView(12, 0)
    found = row(tiger.check(NodeMode.PAPER), "quota")
    assert (found.outcome, found.expected) == (Outcome.WARN, "13; the others are polled")


def test_limits_that_tiger_does_not_tell_are_a_warning(tiger: Tiger) -> None:
    tiger.answers["entitlement"] = TigerDeniedError("entitlement", 4000, "not for you")
    assert row(tiger.check(), "call limits").outcome is Outcome.WARN


@pytest.mark.parametrize(
    ("error", "code"),
    [(TigerConfigError("no price"), 2), (TigerRequestError("no answer"), 4)],
)
def test_question_without_an_answer_is_refused_and_the_others_are_asked(
    tiger: Tiger, error: Exception, code: int
) -> None:
    tiger.answers["chain"] = error
    ready = tiger.check()
    assert ready.refusal == Check("chain", Outcome.REFUSED, str(error), exit_code=code)
    assert [check.name for check in ready.checks[-2:]] == ["reconciliation", "state"]


def test_own_position_and_order_are_explained_and_listed_wherever_spot_is(tiger: Tiger) -> None:
    tiger.answers["positions"] = [held(CALLS[0], 1), held(CALLS[2], 0)]
    tiger.answers["orders_since"] = [bought(CALLS[0], 1), bought(CALLS[1], 0, mark="O-2")]
    ready = tiger.check()
    assert ready.refusal is None
    assert row(ready, "reconciliation").found == "1 positions, 2 working orders"
    assert ready.chain is not None
    assert [str(c.id.symbol) for c in ready.chain.contracts] == CALLS
    assert ready.chain.open_interest == (0, 1, 2)


@pytest.mark.parametrize(
    ("positions", "orders", "told"),
    [
        ([held(CALLS[1], 2)], [bought(CALLS[1], 1)], f"+2 {CALLS[1]} (own orders: +1)"),
        ([held("SPY", 100, "STK")], [], "+100 SPY (own orders: +0)"),
        ([], [bought(CALLS[1], 1, mark="")], f"order by hand BUY 1 {CALLS[1]}"),
        (
            [held("QQQ260720C00500000", 2)],
            [bought("QQQ260720C00500000", 2)],
            "QQQ260720C00500000 of another chain",
        ),
    ],
    ids=["too many", "shares", "order by hand", "another root"],
)
def test_position_or_order_that_nobody_here_would_manage_is_refused(
    tiger: Tiger, positions: list[PositionView], orders: list[OrderView], told: str
) -> None:
    tiger.answers["positions"], tiger.answers["orders_since"] = positions, orders
    ready = tiger.check()
    assert ready.refusal is not None
    assert (ready.refusal.name, ready.refusal.exit_code) == ("reconciliation", 4)
    assert told in ready.refusal.found


def test_state_that_the_broker_does_not_bear_out_is_a_warning(tiger: Tiger, tmp_path: Path) -> None:
    tiger.state = tmp_path
    folder = set_up_folder(tmp_path, NodeMode.BROKER, CONFIG)
    state = replace(STATE, held=2, plan=replace(PLAN, instrument_id=f"{CALLS[1]}.US"))
    with StateStore.open(folder, state_owner(tiger.config, DATE)) as store:
        store.keep_plan(state)
    found = row(tiger.check(), "state")
    assert (found.outcome, found.found) == (
        Outcome.WARN,
        f"1 plans, 1 open, 0 orders; R001 has +0 {CALLS[1]}, told of +2: is over",
    )
    assert tiger.check(NodeMode.PAPER).refusal is None  # another set-up, with nothing kept


@pytest.mark.parametrize("is_known", [True, False])
def test_node_that_runs_already_is_named_and_keeps_its_login(
    tiger: Tiger, tmp_path: Path, is_known: bool
) -> None:
    tiger.state = tmp_path
    folder = set_up_folder(tmp_path, NodeMode.BROKER, CONFIG)
    with StateStore.open(folder, state_owner(tiger.config, DATE)):
        if not is_known:
            (folder / LOCK).write_text("")
        ready = tiger.check()
        assert tiger.check(NodeMode.PAPER).refusal is None  # another set-up
    [check] = ready.checks
    assert ready.refusal == check
    assert (check.name, check.exit_code) == ("node", 4)
    known = rf"one runs: process {os.getpid()} since [-\d]+ [:\d]+ New York"
    assert re.fullmatch(known if is_known else "one runs: an unknown process", check.found)
    assert tiger.opens == 1
    assert tiger.check().refusal is None


def test_state_that_cannot_be_read_is_refused(tiger: Tiger, tmp_path: Path) -> None:
    tiger.state = tmp_path
    folder = set_up_folder(tmp_path, NodeMode.BROKER, CONFIG)
    folder.mkdir()
    (folder / FILE).write_text("nothing" * 100)
    refusal = tiger.check().refusal
    assert refusal is not None
    assert (refusal.name, refusal.exit_code) == ("state", 4)
    assert "file is not a database" in refusal.found


def test_kill_that_stands_is_refused_as_the_node_would_be(tiger: Tiger, tmp_path: Path) -> None:
    tiger.state = tmp_path
    set_latch(tmp_path, "odd fills", direct=False)
    for mode in (NodeMode.PAPER, NodeMode.BROKER):
        refusal = tiger.check(mode).refusal
        assert refusal is not None
        assert (refusal.name, refusal.exit_code) == ("state", 4)
        assert "(odd fills): `autotrade rearm" in refusal.found


def test_halt_that_a_node_would_begin_with_is_a_warning(tiger: Tiger, tmp_path: Path) -> None:
    tiger.state = tmp_path
    halt = set_halt(tmp_path, "news", FLATTEN)
    found = row(tiger.check(), "state")
    words = f"nothing of today; begins with FLATTEN, by {halt.by}: news"
    assert (found.outcome, found.found) == (Outcome.WARN, words)


def test_paper_node_says_which_plans_are_gone(tiger: Tiger, tmp_path: Path) -> None:
    tiger.state = tmp_path
    folder = set_up_folder(tmp_path, NodeMode.PAPER, CONFIG)
    with StateStore.open(folder, state_owner(tiger.config, DATE)) as store:
        store.keep_plan(STATE)
    found = row(tiger.check(NodeMode.PAPER), "state")
    assert (found.outcome, "R001 given up" in found.found) == (Outcome.WARN, True)
