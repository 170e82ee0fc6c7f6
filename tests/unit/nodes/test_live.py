"""What the configuration becomes in a live node, and when it ends."""

import datetime as dt
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import msgspec
import pytest

from autotrade_0dte.calendar import Session
from autotrade_0dte.config import (
    AccountKind,
    AccountParams,
    LiveParams,
    StrategySpec,
    SystemConfig,
)
from autotrade_0dte.nodes import live
from autotrade_0dte.nodes.live import NodeJob
from autotrade_0dte.nodes.preflight import NodeMode, Preflight
from tiger_nt.config import Credentials, Endpoints, TigerConfig

NS = 1_000_000_000
PARAMS = LiveParams(
    strike_window_fraction=0.07,
    poll_interval_s=11.0,
    reconcile_interval_s=13.0,
    max_order_contracts=17,
    max_order_premium_usd=1_900.0,
    max_orders_per_minute=23,
)
LOOPBACK = Endpoints(server_url="http://127.0.0.1:1/gateway", push_host="127.0.0.1", push_port=1)


def job(mode: NodeMode = NodeMode.LIVE, closes_in_s: float = 3_600.0, **changes: Any) -> NodeJob:
    now_ns = time.time_ns()
    made = NodeJob(
        config=SystemConfig(
            name="built",
            root="SPY",
            regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
            account=AccountParams(starting_cash=5_000.0),
            live=PARAMS,
        ),
        tiger=TigerConfig(
            credentials=Credentials(tiger_id="1", account="50001234", private_key="k")
        ),
        day=Session(dt.date(2026, 7, 20), now_ns - NS, now_ns + round(closes_in_s * NS)),
        mode=mode,
        ready=Preflight((), assets=SimpleNamespace(cash=9_000.0)),  # type: ignore[arg-type]
        runs=Path("runs"),
        state=Path("state"),
        catalog=Path("catalog"),
        stop_after_s=None,
        command="autotrade live",
    )
    return msgspec.structs.replace(made, **changes)


def built(monkeypatch: pytest.MonkeyPatch, made: NodeJob) -> dict[str, Any]:
    """Return what the clients' configurations are told."""
    given: dict[str, Any] = {}
    for name in ("TigerDataClientConfig", "TigerExecutionClientConfig"):
        monkeypatch.setattr(live, name, lambda **fields: given.update(fields))
    monkeypatch.setattr(live, "LiveNodeBuilder", MagicMock())
    unused: Any = None
    live._node(made, unused, unused, unused, Path("run"), [])
    return given


def test_parameters_reach_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    given = built(monkeypatch, job())
    assert given["window"].fraction == 0.07
    assert given["poll_interval_s"] == 11.0
    assert given["reconcile_interval_s"] == 13.0
    assert given["max_order_contracts"] == 17
    assert given["max_order_notional"] == 1_900.0
    assert given["max_orders_per_minute"] == 23


@pytest.mark.parametrize("kind", AccountKind)
def test_account_is_of_the_configured_kind(
    monkeypatch: pytest.MonkeyPatch, kind: AccountKind
) -> None:
    made = job()
    account = AccountParams(kind=kind)
    config = msgspec.structs.replace(made.config, account=account)
    given = built(monkeypatch, msgspec.structs.replace(made, config=config))
    assert given["account_type"].name == kind.name


@pytest.mark.parametrize(
    ("stop_after_s", "lifetime_s"), [(None, 660.0), (30.0, 30.0), (9_000.0, 660.0)]
)
def test_node_ends_a_minute_after_the_close_or_earlier(
    stop_after_s: float | None, lifetime_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    made = job(closes_in_s=600.0, stop_after_s=stop_after_s)
    assert live._lifetime_s(made) == pytest.approx(lifetime_s)


@pytest.mark.parametrize(
    ("mode", "cash"),
    [(NodeMode.PAPER, 5_000.0), (NodeMode.BROKER, 9_000.0), (NodeMode.LIVE, 9_000.0)],
)
def test_books_begin_with_the_cash_of_who_fills_the_orders(mode: NodeMode, cash: float) -> None:
    assert live._starting_cash(job(mode)) == cash


def test_journals_of_a_session_lie_together_and_apart_from_rehearsals() -> None:
    real = live._journals(job())
    assert real == Path("catalog/recordings/SPY_2026-07-20")
    rehearsal = job(tiger=msgspec.structs.replace(job().tiger, endpoints=LOOPBACK))
    assert live._journals(rehearsal).name == f"SPY_2026-07-20_{rehearsal.day.open_ns}"


def test_node_is_not_built_on_checks_that_found_no_chain() -> None:
    with pytest.raises(ValueError, match="Expected checks that loaded the chain"):
        live._chain(job())
