"""Tables of a session from orders, fills and positions of stand-in engine objects."""

import datetime as dt
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
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
    OrderType,
    Price,
    Quantity,
    StrategyId,
    TimeInForce,
    TradeId,
    TraderId,
    VenueOrderId,
)

from autotrade_0dte.actors.candidate_rows import CandidateRows
from autotrade_0dte.actors.execution_rows import ExecutionRows
from autotrade_0dte.actors.order_tables import (
    fill_columns,
    fills,
    limit_price,
    order_columns,
    position_columns,
)
from autotrade_0dte.actors.recorder import RunRecorder
from autotrade_0dte.analysis.tables import TABLES, read_table, write_table
from autotrade_0dte.chain.snapshot import ChainAnalytics, Tape
from autotrade_0dte.execution.decision import Decision, DecisionKind
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.fill_quote import FillQuote
from autotrade_0dte.execution.ledger import FillKind, round_trips
from autotrade_0dte.instruments import USD, option_contract, option_symbol
from autotrade_0dte.market_state.state import CHANNELS, Level, MarketState
from autotrade_0dte.selection.ranking import TERMS, Candidate, Fall, Ranking
from autotrade_0dte.signals.signal import FACTORS, Reading, Signal, SignalRefusal

NS = 1_000_000_000
_EVENT_ID = UUID4()
CALL = "SPY260720C00600000"
PUT = "SPY260720P00600000"


def filled(
    order_id: str, quantity: int, price: float, ts: int, fee: float | None = 0.65, **changes: Any
) -> OrderFilled:
    """Return the engine's event; a quantity below zero is a sale."""
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    return OrderFilled(
        TraderId("TESTER-001"),
        StrategyId("Test-001"),
        InstrumentId.from_str(changes.get("instrument", f"{CALL}.US")),
        ClientOrderId(order_id),
        VenueOrderId("V-1"),
        AccountId("US-001"),
        TradeId(changes.get("trade", f"T-{order_id}")),
        side,
        OrderType.LIMIT,
        Quantity.from_int(abs(quantity)),
        Price(price, 2),
        USD,
        changes.get("liquidity", LiquiditySide.TAKER),
        changes.get("event_id", _EVENT_ID),
        ts,
        ts,
        False,
        commission=None if fee is None else Money(fee, USD),
    )


def order(order_id: str, *events: Any, ts: int = 0, **changes: Any) -> Any:
    """Return what the recorder reads of an order."""
    bought = sum(int(e.last_qty.as_double()) for e in events if isinstance(e, OrderFilled))
    return SimpleNamespace(
        **{
            "client_order_id": ClientOrderId(order_id),
            "strategy_id": StrategyId("Test-001"),
            "instrument_id": InstrumentId.from_str(f"{CALL}.US"),
            "ts_init": ts,
            "ts_last": ts + 1,
            "side": OrderSide.BUY,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.DAY,
            "quantity": Quantity.from_int(2),
            "filled_qty": Quantity.from_int(bought),
            "avg_px": None,
            "price": Price(1.25, 2),
            "status": OrderStatus.FILLED,
            "tags": [],
            "last_event": events[-1] if events else None,
            "events": lambda: list(events),
        }
        | changes
    )


def expiry(order_id: str, ts: int, kind: str = "OTM", instrument: str = CALL) -> Any:
    event = filled(
        order_id, -1, 0.0, ts, fee=None, instrument=f"{instrument}.US", trade=f"T-{order_id}",
        liquidity=LiquiditySide.NO_LIQUIDITY_SIDE,
    )  # fmt: skip
    return order(
        order_id, event, ts=ts, tags=[f"EXPIRATION_US_{kind}"], side=OrderSide.SELL, avg_px=0.0,
        instrument_id=InstrumentId.from_str(f"{instrument}.US"), price=None,
    )  # fmt: skip


class Cache:
    """The engine's cache as far as the recorder asks it."""

    def __init__(self, cash: float = 1_000.0, positions: tuple[Any, ...] = ()) -> None:
        self.cash = cash
        self.positions = positions

    def instrument(self, instrument_id: InstrumentId) -> Any:
        return option_contract(option_symbol(str(instrument_id.symbol)))

    def account_for_venue(self, _venue: Any) -> Any:
        return SimpleNamespace(balance_total=lambda _currency: Money(self.cash, USD))

    def positions_open(self) -> tuple[Any, ...]:
        return self.positions


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


# -- orders -----------------------------------------------------------------------------------


def test_order_is_recorded_in_its_last_state_with_its_plan() -> None:
    event = filled("O-1", 2, 1.2, 5)
    [row] = rows(order_columns([order("O-1", event, tags=["plan=P-1", "reason=UP"], avg_px=1.2)]))
    assert row == {
        "ts_init": 0, "ts_last": 1, "client_order_id": "O-1", "strategy": "Test-001",
        "plan_id": "P-1", "instrument_id": f"{CALL}.US", "side": "BUY", "type": "LIMIT",
        "time_in_force": "DAY", "quantity": 2, "price": 1.25, "status": "FILLED",
        "filled_quantity": 2, "average_price": 1.2, "reason": "",
    }  # fmt: skip


def test_denied_market_order_keeps_its_reason_and_has_no_prices() -> None:
    denied = SimpleNamespace(reason="NO_PRICE_LIMIT: quantity=1")
    made = order("O-1", denied, price=None, status=OrderStatus.DENIED, tags=None)
    [row] = rows(order_columns([made]))
    assert (row["status"], row["reason"]) == ("DENIED", "NO_PRICE_LIMIT: quantity=1")
    assert math.isnan(row["price"])
    assert math.isnan(row["average_price"])
    assert row["plan_id"] is None


def test_expiry_orders_get_the_same_names_whatever_random_ids_they_have() -> None:
    def names(first: str, second: str) -> list[tuple[str, str]]:
        orders = [expiry(first, 9, instrument=PUT), order("O-1"), expiry(second, 9)]
        return [(r["client_order_id"], r["instrument_id"]) for r in rows(order_columns(orders))]

    assert names("b", "a") == names("a", "b")
    assert names("a", "b") == [
        ("O-1", f"{CALL}.US"),
        ("EXPIRY-001", f"{CALL}.US"),
        ("EXPIRY-002", f"{PUT}.US"),
    ]


def test_orders_come_in_the_order_they_were_made() -> None:
    made = [order("O-3", ts=2), order("O-2", ts=1), order("O-1", ts=2)]
    assert order_columns(made)["client_order_id"] == ["O-2", "O-1", "O-3"]


@pytest.mark.parametrize("price", [Price(1.25, 2), None, "absent"])
def test_limit_of_an_order_without_one_is_unknown(price: Any) -> None:
    made = SimpleNamespace() if price == "absent" else SimpleNamespace(price=price)
    limit = limit_price(made)
    assert limit == 1.25 if isinstance(price, Price) else math.isnan(limit)


# -- fills ------------------------------------------------------------------------------------


def test_fills_are_signed_and_in_time_order_over_all_orders() -> None:
    buy = order("O-1", filled("O-1", 1, 1.2, 10, trade="T-1"), filled("O-1", 1, 1.3, 30), ts=1)
    sell = order("O-2", filled("O-2", -1, 1.5, 20), ts=2, side=OrderSide.SELL)
    made = fills([sell, buy], Cache())
    assert [(f.ts_event, f.quantity, f.price, f.fee) for f in made] == [
        (10, 1, 1.2, 0.65),
        (20, -1, 1.5, 0.65),
        (30, 1, 1.3, 0.65),
    ]
    assert {fill.multiplier for fill in made} == {100}


def test_event_that_is_no_fill_makes_no_row() -> None:
    assert fills([order("O-1", SimpleNamespace(reason="x"))], Cache()) == []


def test_plan_and_reason_of_an_order_reach_its_fills() -> None:
    tags = ["plan=P-1", "reason=A=B", "unrelated"]
    [fill] = fills([order("O-1", filled("O-1", 2, 1.2, 5), tags=tags)], Cache())
    assert (fill.plan_id, fill.reason, fill.kind) == ("P-1", "A=B", FillKind.TRADE)


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("CASH", "EXPIRY_CASH"),
        ("OTM", "EXPIRY_WORTHLESS"),
        ("PHYSICAL_CLOSE", "EXPIRY_PHYSICAL"),
        ("PHYSICAL_OPEN", "EXPIRY_PHYSICAL"),
    ],
)
def test_expiry_fill_has_its_kind_no_fee_and_a_name_in_place_of_random_ids(
    tag: str, kind: str
) -> None:
    [row] = rows(fill_columns([expiry("d0c1", 9, tag)], Cache(), {}))
    assert all(math.isnan(row.pop(name)) for name in ("bid", "ask", "quote_age_s"))
    assert row == {
        "ts_event": 9, "client_order_id": "EXPIRY-001", "trade_id": "EXPIRY-001",
        "strategy": "Test-001", "plan_id": None, "instrument_id": f"{CALL}.US", "side": "SELL",
        "quantity": 1, "price": 0.0, "fee": 0.0, "liquidity": "NO_LIQUIDITY_SIDE", "kind": kind,
    }  # fmt: skip


def test_unknown_kind_of_expiry_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        order_columns([expiry("d0c1", 9, "NOVELTY")])


def test_traded_fill_keeps_its_trade_id_and_the_quote_it_met() -> None:
    recorder = listener()
    recorder._on_fill_quote(FillQuote("O-1", "T-8", 1.15, 1.25, 0.5))
    events = filled("O-1", 1, 1.2, 5, trade="T-7"), filled("O-1", 1, 1.2, 6, trade="T-8")
    first, second = rows(fill_columns([order("O-1", *events)], Cache(), recorder.fill_quotes))
    assert [row["trade_id"] for row in (first, second)] == ["T-7", "T-8"]
    assert (first["client_order_id"], first["liquidity"]) == ("O-1", "TAKER")
    assert all(math.isnan(first[name]) for name in ("bid", "ask", "quote_age_s"))
    assert (second["bid"], second["ask"], second["quote_age_s"]) == (1.15, 1.25, 0.5)


# -- positions --------------------------------------------------------------------------------


def test_positions_are_numbered_and_an_open_one_has_no_close() -> None:
    orders = [
        order("O-1", filled("O-1", 2, 1.0, 1), tags=["plan=P-1"], ts=1),
        order("O-2", filled("O-2", -2, 1.5, 2), tags=["reason=TARGET"], ts=2),
        order("O-3", filled("O-3", -1, 2.0, 3), ts=3),
    ]
    first, second = rows(position_columns(round_trips(fills(orders, Cache()))))
    assert (first["position_id"], first["side"], first["quantity"]) == (f"{CALL}.US-001", "LONG", 2)
    assert (first["gross_pnl"], first["fees"]) == (100.0, 1.3)
    assert first["net_pnl"] == pytest.approx(98.7)
    assert (first["plan_id"], first["exit_reason"], first["ts_closed"]) == ("P-1", "TARGET", 2)
    assert (second["position_id"], second["side"]) == (f"{CALL}.US-002", "SHORT")
    assert (second["quantity"], second["ts_closed"]) == (1, None)


# -- what the recorder hears ------------------------------------------------------------------


def listener(cache: Cache | None = None) -> Any:
    """Return a recorder of the call and the put, with a cache that is no engine's."""
    contracts = [option_contract(option_symbol(text)) for text in (CALL, PUT)]
    fees = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20))
    rows = ExecutionRows([str(c.id) for c in contracts], fees, DeskParams(), 30.0)
    recorder = RunRecorder("SPY", contracts, rows)
    actor: Any = SimpleNamespace(cache=cache or Cache(), subscribe_topic=lambda *_: None)
    recorder.listen(actor)
    return recorder


def view(at_s: float, *mids: float, spot: float = 600.0, spot_ns: int = 0, **state: Any) -> Any:
    """Return a view of a chain with a call and a put, both struck at 600."""
    at = round(at_s * NS)
    figures = [float(n) for n in range(9)]
    chain = SimpleNamespace(
        ts_event=at, spot=spot, forward=600.5, mid=mids, tape=Tape(spot_ns),
        analytics=ChainAnalytics(*figures, 7, 0.1, 0.2),
        strike=np.array([600.0, 600.0]), is_call=np.array([True, False]),
        bid=np.array([1.0, 2.0]), ask=np.array([1.1, 2.1]), delta=np.array([0.5, -0.5]),
    )  # fmt: skip
    return SimpleNamespace(chain=chain, state=MarketState(at, **{"level": Level.CALM} | state))


def signal(at_s: float, direction: int = 1, **changes: Any) -> Signal:
    given = {
        "ts_event": round(at_s * NS), "track": "regular", "direction": direction, "score": 0.4,
        "strength": 0.4, "agreement": 0.8, "onset_ns": 3, "valid_until_ns": 9, "priority": 1,
        "refusal": None, "readings": tuple(Reading(n / 10, 0.5) for n in range(len(FACTORS))),
        "figures": {"minimum": 0.3},
    }  # fmt: skip
    return Signal(**given | changes)


def decision(**changes: Any) -> Decision:
    given = {
        "ts_event": 5, "strategy": "Test-001", "plan_id": "P-1", "kind": DecisionKind.ENTER,
        "reason": "UP", "instrument_id": f"{CALL}.US", "side": "BUY", "quantity": 2, "price": 1.25,
        "spot": 600.0, "figures": {"delta": 0.4},
    }  # fmt: skip
    return Decision(**given | changes)


def position(symbol: str, quantity: float) -> Any:
    return SimpleNamespace(instrument_id=InstrumentId.from_str(f"{symbol}.US"), signed_qty=quantity)


def test_tables_have_the_columns_of_their_schemas_even_when_empty() -> None:
    recorder = listener()
    made = {
        "decisions": recorder.decisions(),
        "states": recorder.states(),
        "signals": recorder.signals(),
        "candidates": recorder.candidates(),
        "equity": recorder.equity(),
        "orders": order_columns([]),
        "fills": fill_columns([], Cache(), {}),
        "positions": position_columns([]),
    }
    for name, columns in made.items():
        assert ["run_id", "session", *columns] == TABLES[name].names, name
        assert set(map(len, columns.values())) == {0}


def test_decision_is_recorded_with_its_figures_as_json() -> None:
    recorder = listener()
    made = decision()
    recorder._on_decision(made)
    [row] = rows(recorder.decisions())
    assert json.loads(row.pop("figures")) == {"delta": 0.4}
    assert all(math.isnan(row.pop(name)) for name in ("strength", "score"))
    assert (row.pop("level"), row.pop("track"), row.pop("direction")) == (0, "", 0)
    assert row == {name: getattr(made, name) for name in row}
    assert recorder.signals()["ts_event"].size == 0


def test_decision_carries_the_level_and_the_signal_it_was_made_on() -> None:
    recorder = listener()
    recorder._on_decision(decision(level=Level.L2, signal=signal(7, -1, score=-0.4)))
    [row] = rows(recorder.decisions())
    assert (row["level"], row["track"], row["direction"]) == (2, "regular", -1)
    assert (row["strength"], row["score"]) == (0.4, -0.4)


def test_every_view_is_a_state_and_each_figure_keeps_its_column() -> None:
    recorder = listener()
    count = len(CHANNELS)
    values, scores = tuple(map(float, range(count))), tuple(map(float, range(50, 50 + count)))
    recorder._on_market(view(1, 1.0, 2.0))
    recorder._on_market(
        view(
            2, 1.0, 2.0, spot=math.nan, spot_ns=3, level=Level.L2, supported=Level.L1, since_ns=7,
            onset_ns=5, values=values, scores=scores,
        )
    )  # fmt: skip
    first, second = rows(recorder.states())
    assert {name: first[name] for name in tuple(first)[:18]} == {
        "ts_event": NS, "spot": 600.0, "forward": 600.5, "atm_iv": 0.0, "atm_iv_change": 1.0,
        "skew": 2.0, "gex": 3.0, "gex_flip": 4.0, "liquidity": 5.0, "spread_fraction": 6.0,
        "implied_move": 7.0, "variance_gauge": 8.0, "usable": 7, "level": 0, "supported": 0,
        "spot_time": np.ma.masked, "since": np.ma.masked, "onset": np.ma.masked,
    }  # fmt: skip
    assert math.isnan(second["spot"])
    times = ("spot_time", "since", "onset")
    assert [second[name] for name in ("level", "supported", *times)] == [2, 1, 3, 7, 5]
    for at, channel in enumerate(CHANNELS):
        assert math.isnan(first[f"{channel}_value"])
        assert (second[f"{channel}_value"], second[f"{channel}_score"]) == (values[at], scores[at])


def test_signal_is_recorded_with_every_factor_and_the_market_it_was_made_in() -> None:
    recorder = listener()
    recorder._on_market(view(4, 1.0, 2.0, spot=601.5, level=Level.L1))
    recorder._on_signal(signal(4, refusal=SignalRefusal.WEAK))
    [row] = rows(recorder.signals())
    readings = {
        f"{factor}_{part}": value
        for n, factor in enumerate(FACTORS)
        for part, value in (("value", n / 10), ("confidence", 0.5))
    }
    assert row == readings | {
        "ts_event": 4 * NS, "track": "regular", "direction": 1, "score": 0.4, "strength": 0.4,
        "agreement": 0.8, "onset": 3, "valid_until": 9, "priority": 1, "refusal": "WEAK",
        "level": 1, "spot": 601.5, "figures": '{"minimum":0.3}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (signal(9), False),
        (signal(9, 0, onset_ns=0), True),
        (signal(9, refusal=SignalRefusal.COOL_DOWN), True),
        (signal(9, track="anomaly"), True),
        (signal(10), True),
    ],
    ids=["the same", "direction", "refusal", "other track", "ten seconds"],
)
def test_signal_is_recorded_when_it_changes_and_every_ten_seconds(
    later: Signal, kept: bool
) -> None:
    recorder = listener()
    recorder._on_signal(signal(0))
    recorder._on_signal(later)
    assert len(recorder.signals()["ts_event"]) == 1 + kept


def test_signal_is_recorded_at_a_change_of_the_level() -> None:
    recorder = listener()
    recorder._on_market(view(0, 1.0, 2.0))
    recorder._on_signal(signal(0))
    for at_s in (1, 2):
        recorder._on_market(view(at_s, 1.0, 2.0, level=Level.L2))
        recorder._on_signal(signal(at_s))
    assert recorder.signals()["level"].tolist() == [0, 2]


def test_signal_without_a_direction_has_no_onset() -> None:
    recorder = listener()
    recorder._on_signal(signal(0, 0, onset_ns=0, valid_until_ns=0))
    [row] = rows(recorder.signals())
    assert row["onset"] is row["valid_until"] is np.ma.masked


@pytest.mark.parametrize("decided_first", [True, False])
def test_signal_of_a_decision_is_recorded_once(decided_first: bool) -> None:
    recorder = listener()
    recorder._on_signal(signal(0))
    same = signal(1, -1)
    hear = [lambda: recorder._on_decision(decision(signal=same)), lambda: recorder._on_signal(same)]
    for take in hear if decided_first else reversed(hear):
        take()
    assert recorder.signals()["ts_event"].tolist() == [0, NS]


# -- candidates -------------------------------------------------------------------------------


def ranking(direction: int, *, short_row: int = -1, offered: bool = True) -> Ranking:
    """Return a ranking of the call and the put in which only the wanted right may be offered."""
    row = 0 if direction > 0 else 1
    falls = np.full(2, Fall.WRONG_RIGHT, np.int8)
    falls[row] = Fall.NONE if offered else Fall.SPREAD
    scores, terms = np.full(2, math.nan), np.full((len(TERMS), 2), math.nan)
    candidates: tuple[Candidate, ...] = ()
    if offered:
        scores[row] = 0.7
        terms[:, row] = np.arange(len(TERMS)) / 10
        found = Candidate(row, short_row, 0.7, tuple(terms[:, row]), 1.1, 111.3, 0.5, 0.2)
        candidates = (found,)
    return Ranking(direction, candidates, len(candidates), falls, scores, terms)


def considered(direction: int, **changes: Any) -> dict[str, Any]:
    recorder = listener()
    recorder._on_market(view(5, 1.05, 2.05))
    recorder._on_decision(decision(ranking=ranking(direction, **changes)))
    [row] = rows(recorder.candidates())
    return row


def test_offered_contract_is_recorded_with_its_quote_terms_and_rank() -> None:
    row = considered(1)
    assert row == {
        "ts_event": 5, "strategy": "Test-001", "plan_id": "P-1", "rank": 1,
        "instrument_id": f"{CALL}.US", "short_instrument_id": None, "right": "C", "strike": 600.0,
        "bid": 1.0, "ask": 1.1, "delta": 0.5, "score": 0.7, "debit": 1.1, "worst_loss": 111.3,
        "fall": "", **{term: n / 10 for n, term in enumerate(TERMS)},
    }  # fmt: skip


def test_contracts_of_the_other_right_are_not_recorded() -> None:
    assert (considered(-1)["right"], considered(-1)["instrument_id"]) == ("P", f"{PUT}.US")


def test_short_leg_of_a_vertical_is_named() -> None:
    assert considered(1, short_row=1)["short_instrument_id"] == f"{PUT}.US"


def test_refused_contract_keeps_why_it_fell_and_has_no_rank() -> None:
    row = considered(1, offered=False)
    assert (row["fall"], row["rank"]) == ("SPREAD", 0)
    assert all(math.isnan(row[name]) for name in ("score", "debit", "worst_loss", *TERMS))


def test_contracts_that_passed_but_were_not_put_forward_are_ranked_by_score() -> None:
    contracts = [
        option_contract(option_symbol(f"SPY260720C00{strike}000")) for strike in (600, 601, 602)
    ]
    terms = np.zeros((len(TERMS), 3))
    best = Candidate(1, -1, 0.6, (0.0,) * len(TERMS), 1.0, 100.0, 0.5, 0.1)
    falls = np.zeros(3, np.int8)
    ranked = Ranking(1, (best,), 3, falls, np.array([0.2, 0.6, 0.5]), terms)
    nothing = np.zeros(3)
    chain: Any = SimpleNamespace(
        is_call=np.array([True] * 3), strike=nothing, bid=nothing, ask=nothing, delta=nothing
    )
    found = CandidateRows(contracts)
    found.add(decision(), ranked, chain)
    found.add(decision(ts_event=6), ranked, chain)
    assert found.columns()["rank"].tolist() == [3, 1, 2] * 2
    assert found.columns()["ts_event"].tolist() == [5] * 3 + [6] * 3


def test_recorded_tables_can_be_written_and_read(tmp_path: Path) -> None:
    recorder = listener()
    recorder._on_market(view(5, 1.05, 2.05))
    recorder._on_decision(decision(signal=signal(5), ranking=ranking(1)))
    for name in ("decisions", "states", "signals", "candidates"):
        columns = getattr(recorder, name)()
        write_table(tmp_path, name, columns | {"run_id": ["r"], "session": [dt.date(2026, 7, 20)]})
        [row] = read_table(tmp_path, name).to_pylist()
        assert row["ts_event"].value == (5 if name in {"decisions", "candidates"} else 5 * NS)
    assert read_table(tmp_path, "states")["onset"].null_count == 1


# -- account value ----------------------------------------------------------------------------


def test_account_value_is_recorded_once_a_minute() -> None:
    recorder = listener()
    for at_s in (0, 1, 59.9, 60, 61, 125):
        recorder._on_market(view(at_s, 1.0, 2.0))
    assert recorder.equity()["ts_event"] == [0, 60 * NS, 125 * NS]


def test_positions_are_valued_at_mid_and_shares_at_spot() -> None:
    held = (position(CALL, 2), position(PUT, -1), position("SPY", -100))
    recorder = listener(Cache(5_000.0, held))
    recorder._on_market(view(0, 1.5, 0.25, spot=601.0))
    value = 2 * 150.0 - 25.0 - 60_100.0
    assert rows(recorder.equity()) == [
        {"ts_event": 0, "cash": 5_000.0, "position_value": value, "equity": 5_000.0 + value}
    ]


@pytest.mark.parametrize("other", [PUT, "SPY260720C00900000", "QQQ"])
def test_position_without_a_mid_or_outside_the_chain_makes_the_value_unknown(other: str) -> None:
    recorder = listener(Cache(5_000.0, (position(CALL, 1), position(other, 1))))
    recorder._on_market(view(0, 0.25, math.nan))
    [row] = rows(recorder.equity())
    assert row["cash"] == 5_000.0
    assert math.isnan(row["equity"])
