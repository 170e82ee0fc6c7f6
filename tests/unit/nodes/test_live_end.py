"""What a live node leaves, from stand-ins of what it had at its end."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    LiquiditySide,
    Money,
    OrderFilled,
    OrderSide,
    OrderStatus,
    OrderSubmitted,
    OrderType,
    Price,
    Quantity,
    StrategyId,
    TimeInForce,
    TradeId,
    TraderId,
    VenueOrderId,
)
from small_market import write_session

from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.recorder import RunRecorder
from autotrade_0dte.actors.risk_rows import RiskRows
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.calendar import session
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog, CatalogError
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.instruments import USD, option_contract, option_symbol
from autotrade_0dte.nodes import live_end
from autotrade_0dte.nodes.components import Components
from autotrade_0dte.nodes.live_end import LiveEnd, NotWrittenError, conclude
from autotrade_0dte.nodes.preflight import NodeMode

DATE = dt.date(2026, 7, 20)
DAY = session(DATE)
CALL = "SPY260720C00600000"
FEES = fee_schedule(Entity.STANDARD, DATE)
STARTED_NS = DAY.open_ns + 1_000
CONFIG = SystemConfig(
    name="ended",
    root="SPY",
    regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
)
HEAD = (TraderId("TESTER-001"), StrategyId("Test-001"), InstrumentId.from_str(f"{CALL}.US"))
US = AccountId("US-001")


def order(name: str, quantity: int, price: float, at_ns: int, venue: str = "V-1") -> Any:
    """Return a filled order of one fill with a fee of a dollar; below zero it is a sale."""
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    names = ClientOrderId(name), VenueOrderId(venue)
    size, limit = Quantity.from_int(abs(quantity)), Price(price, 2)
    fill = OrderFilled(
        *HEAD, *names, US, TradeId(f"T-{name}"), side, OrderType.LIMIT, size, limit, USD,
        LiquiditySide.NO_LIQUIDITY_SIDE, UUID4(), at_ns, at_ns, True, commission=Money(1.0, USD),
    )  # fmt: skip
    submitted = OrderSubmitted(*HEAD, names[0], US, UUID4(), at_ns, at_ns)
    by_hand = name == venue
    return SimpleNamespace(
        client_order_id=names[0],
        venue_order_id=names[1],
        strategy_id=HEAD[1],
        instrument_id=HEAD[2],
        exec_algorithm_id=None if by_hand else DESK_ID,
        init_event=SimpleNamespace(quantity=size, price=limit),
        ts_init=at_ns,
        ts_last=at_ns,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity=size,
        filled_qty=size,
        avg_px=price,
        price=limit,
        status=OrderStatus.FILLED,
        is_open=False,
        is_inflight=False,
        tags=[],
        last_event=fill,
        events=lambda: [fill] if by_hand else [submitted, fill],
    )


class Node:
    """A node at its end: at Tiger's paper account, with `cash` after `orders`."""

    def __init__(self, folder: Path, *orders: Any, cash: float | None = 10_000.0) -> None:
        self.folder = folder / "run"
        self.folder.mkdir()
        self.recording: Any = SimpleNamespace(failure=None)
        self.end = LiveEnd(
            config=CONFIG,
            tiger=SimpleNamespace(endpoints=SimpleNamespace(is_loopback=True)),  # type: ignore[arg-type]
            day=DAY,
            mode=NodeMode.BROKER,
            command="autotrade paper",
            folder=self.folder,
            log=self.folder / "log.jsonl",
            journals=folder / "journals",
            catalog=folder / "catalog",
            starting_cash=10_000.0,
            started_ns=STARTED_NS,
            expiry_ns=DAY.close_ns,
            quotes=7,
            reasons=(),
        )
        account = SimpleNamespace(balance_total=lambda _currency: Money(cash or 0.0, USD))
        self.cache: Any = SimpleNamespace(
            orders=lambda: list(orders),
            instrument=lambda name: option_contract(option_symbol(str(name.symbol))),
            account_for_venue=lambda _venue: None if cash is None else account,
        )
        node = self

        class Recorder(RunRecorder):
            cache = node.cache

        last: Any = SimpleNamespace(last_prints=((0, 600.0), (DAY.close_ns, 601.0)))
        none: Any = None
        risk: Any = SimpleNamespace(rows=RiskRows())
        self.components = Components(
            market=last,
            recorder=Recorder("SPY", [], ExecutionRows([], FEES, DeskParams(), 30.0)),
            risk=risk,
            desk=none,
            strategies=(),
        )

    def conclude(self, **changes: Any) -> list[str]:
        """Conclude without a recording and return the reasons against the run."""
        return self._conclude(None, **changes)

    def conclude_recorded(self) -> list[str]:
        """Conclude with a recording and return the reasons against the run."""
        return self._conclude(self.recording)

    def _conclude(self, recording: Any, **changes: Any) -> list[str]:
        end = msgspec.structs.replace(self.end, **changes)
        folder, summary = conclude(end, self.components, recording, self.cache)
        assert summary == read_summary(folder)
        assert summary["clean"] is not bool(summary["unclean_reasons"])
        return [reason.removeprefix(f"{DATE}: ") for reason in summary["unclean_reasons"]]

    def equity(self) -> list[float]:
        return list(read_table(self.folder, "equity")["equity"].to_pylist())


type MakeNode = Callable[..., Node]


@pytest.fixture
def node(tmp_path: Path) -> MakeNode:
    return lambda *orders, **options: Node(tmp_path, *orders, **options)


BOUGHT = order("O-1", 2, 1.00, STARTED_NS + 10)
SOLD = order("O-2", -2, 1.50, STARTED_NS + 20)


def test_round_trip_whose_money_adds_up_is_clean(node: MakeNode) -> None:
    ended = node(BOUGHT, SOLD, cash=10_098.0)
    assert ended.conclude() == []
    assert ended.equity() == [10_000.0, 10_098.0]


def test_money_that_moved_otherwise_is_told_with_the_figures(node: MakeNode) -> None:
    told = node(BOUGHT, SOLD, cash=10_000.0).conclude()
    assert told == [
        "ACCOUNTING: the money moved otherwise",
        "Expected equity to change by 98.00, was 0.00",
    ]


def test_position_that_stays_open_is_named_and_of_unknown_worth(node: MakeNode) -> None:
    ended = node(BOUGHT, cash=9_799.0)
    assert ended.conclude() == [f"POSITION_OPEN: {CALL}.US +2"]
    assert ended.equity()[-1] != ended.equity()[-1]


def test_node_that_never_had_an_account_leaves_a_run_folder_all_the_same(node: MakeNode) -> None:
    ended = node(cash=None)
    assert ended.conclude(reasons=("NODE_FAILED: no login",)) == ["NODE_FAILED: no login"]
    assert ended.equity() == [10_000.0]


def test_books_of_a_restarted_node_begin_before_the_first_fill_of_the_day(node: MakeNode) -> None:
    early = order("O-0", 2, 1.00, STARTED_NS - 10)
    ended = node(early, SOLD, cash=10_299.0)  # 10,000 was left at the start, after 201 were spent
    assert ended.conclude() == []
    assert ended.equity() == [10_201.0, 10_299.0]


def test_order_made_by_hand_that_filled_is_told_of(node: MakeNode) -> None:
    by_hand = order("44", 2, 1.00, STARTED_NS + 10, venue="44")
    told = node(by_hand, SOLD, cash=10_098.0).conclude()
    assert told == [f"MADE_BY_HAND: orders=1, BUY 2 {CALL}.US"]


def test_paper_position_is_paid_its_value_at_expiry(node: MakeNode) -> None:
    ended = node(BOUGHT, cash=9_799.0)
    told = ended.conclude(mode=NodeMode.PAPER)
    assert [reason.partition(":")[0] for reason in told] == ["SETTLEMENT_NOT_OFFICIAL"]
    assert ended.equity() == [10_000.0, 9_999.0]


def test_paper_position_without_a_price_at_expiry_stays_open(node: MakeNode) -> None:
    ended = node(BOUGHT, cash=9_799.0)
    nothing = (0, float("nan"))
    ended.components.market.last_prints = (nothing, nothing)  # type: ignore[misc]
    assert ended.conclude(mode=NodeMode.PAPER) == [
        "SETTLEMENT_NO_PRICE: prints=0",
        f"POSITION_OPEN: {CALL}.US +2",
    ]


def test_error_in_the_log_and_a_torn_line_are_reasons(node: MakeNode) -> None:
    ended = node()
    line = {"level": "ERROR", "component": "Strategy", "message": "broken\n  here"}
    text = msgspec.json.encode(line)
    ended.end.log.write_bytes(text.replace(b"ERROR", b"WARN") + b"\n" + text + b"\n" + text[:20])
    assert ended.conclude() == ["ERROR: Strategy: broken here", "LOG_NOT_WRITTEN: line=3"]


def test_disk_that_takes_no_books_is_told_with_the_folder(node: MakeNode) -> None:
    ended = node(BOUGHT)
    (ended.folder / "orders.parquet").mkdir()  # in the way
    with pytest.raises(NotWrittenError, match=r"Expected to write all of the run, was: .*run\)$"):
        ended.conclude()


def test_journal_that_could_not_be_written_is_not_imported(node: MakeNode) -> None:
    ended = node()
    ended.recording.failure = "JOURNAL_NOT_WRITTEN: No space left on device"
    assert ended.conclude_recorded() == [f"RECORDING_FAILED: {ended.recording.failure}"]


def test_recording_that_cannot_be_imported_is_told_with_where_it_is_kept(
    node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise CatalogError("Expected quotes, was none")

    monkeypatch.setattr(live_end, "import_journal", fails)
    told = node().conclude_recorded()
    assert told == ["RECORDING_FAILED: Expected quotes, was none (kept: journals)"]


def test_summary_is_there_before_the_recording_is_imported(
    node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        """Stands for the end of the process."""

    def killed(*_: Any, **__: Any) -> None:
        raise KilledError

    monkeypatch.setattr(live_end, "import_journal", killed)
    ended = node()
    with pytest.raises(KilledError):
        ended.conclude_recorded()
    [reason] = read_summary(ended.folder)["unclean_reasons"]
    assert reason.endswith("RECORDING_FAILED: not imported (kept: journals)")


@pytest.mark.parametrize("synthetic", [True, False])
def test_rehearsal_replaces_a_rehearsal_and_never_the_real_market(
    node: MakeNode, monkeypatch: pytest.MonkeyPatch, synthetic: bool
) -> None:
    imported: list[Any] = []
    monkeypatch.setattr(
        live_end, "import_journal", lambda folder, *_, **__: imported.append(folder)
    )
    ended = node()
    write_session(
        Catalog(ended.end.catalog),
        "SPY",
        DATE,
        strikes=(600,),
        spot=600.0,
        settlement=None,
        synthetic=synthetic,
    )
    told = ended.conclude_recorded()
    assert bool(imported) is synthetic
    assert [reason.partition(" without")[0] for reason in told] == (
        [] if synthetic else ["RECORDING_FAILED: Expected a catalog"]
    )
