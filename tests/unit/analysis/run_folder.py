"""Builds run folders of invented data whose tables agree with each other to the cent.

Prices come from a seeded random walk and mean nothing.
"""

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from invented_market import candidate_rows, levels, signal_rows, state_columns

from autotrade_0dte.analysis.summary import RunFacts, SessionFacts, summarize, write_summary
from autotrade_0dte.analysis.tables import TABLES, read_tables, write_table
from autotrade_0dte.calendar import Session, sessions_between

RUN_ID = "invented-20240102-001"
STARTING_CASH = 25_000.0
MINUTE = 60_000_000_000
MULTIPLIER = 100
EXIT_REASONS = ("TARGET", "STOP", "TIME_LIMIT", "EXPIRY")


class DayBooks:
    """The rows of one invented session."""

    def __init__(self, day: Session, underlying: str, seed: int) -> None:
        self.day = day
        self.underlying = underlying
        self.rng = np.random.default_rng([seed, day.date.toordinal()])
        self.columns: dict[str, dict[str, list[Any]]] = {n: defaultdict(list) for n in TABLES}
        self.times = np.arange(day.open_ns + MINUTE, day.close_ns + 1, MINUTE)
        steps = self.rng.normal(0, 0.0006, len(self.times))
        self.spot = 500.0 * np.exp(np.cumsum(steps))
        self.cash_changes: list[tuple[int, float]] = []
        self.holdings: list[tuple[int, int, float, float]] = []

    def row(self, table: str, **values: Any) -> None:
        for name, value in ({"run_id": RUN_ID, "session": self.day.date} | values).items():
            self.columns[table][name].append(value)

    def rows(self, table: str, **columns: np.ndarray) -> None:
        count = len(columns["ts_event"])
        head = {"run_id": [RUN_ID] * count, "session": [self.day.date] * count}
        for name, values in (head | {k: v.tolist() for k, v in columns.items()}).items():
            self.columns[table][name].extend(values)

    def spot_at(self, ns: int) -> float:
        return float(self.spot[np.searchsorted(self.times, ns).clip(0, len(self.spot) - 1)])

    def add_states(self, unknown_iv: bool) -> None:
        minutes = np.arange(len(self.times))
        iv = 0.14 + 0.04 * np.exp(-minutes / 40) + self.rng.normal(0, 0.002, len(minutes))
        iv += 0.25 * np.exp((minutes - len(minutes)) / 12)
        spread = 0.03 + 0.05 * np.exp(-minutes / 8) + 0.25 * np.exp((minutes - len(minutes)) / 9)
        if unknown_iv:
            iv[:15] = np.nan
        flat = np.ones(len(minutes))
        self.rows(
            "states",
            ts_event=self.times,
            spot=self.spot,
            forward=self.spot + 0.02,
            atm_iv=iv,
            atm_iv_change=np.nan * flat,
            skew=-0.02 * flat,
            gex=1e9 * flat,
            gex_flip=499 * flat,
            liquidity=0.7 * flat,
            spread_fraction=spread,
            implied_move=iv * self.spot / 16,
            variance_gauge=100 * iv,
            usable=np.full(len(minutes), 140),
            spot_time=self.times,
            **state_columns(self.times, self.rng),
        )
        for row in signal_rows(self.times, self.spot, levels(len(self.times)), self.rng):
            self.row("signals", **row)

    def add_trade(self, number: int, plan: str | None, *, stays_open: bool = False) -> None:
        span = self.day.close_ns - self.day.open_ns
        opened = self.day.open_ns + int(self.rng.uniform(0.02, 0.85) * span)
        reason = EXIT_REASONS[int(self.rng.choice(4, p=[0.3, 0.4, 0.2, 0.1]))]
        held = int(self.rng.uniform(2, 60)) * MINUTE
        expires = reason == "EXPIRY"
        closed = self.day.close_ns if expires else min(opened + held, self.day.close_ns - MINUTE)
        quantity = int(self.rng.integers(1, 6))
        entry = round(float(self.rng.uniform(0.4, 2.5)), 2)
        growth = {"TARGET": 1.5, "STOP": 0.6, "TIME_LIMIT": 1.05, "EXPIRY": 0.0}[reason]
        exit_price = round(entry * growth * float(self.rng.uniform(0.9, 1.1)), 2)
        right = "C" if self.rng.random() < 0.5 else "P"
        strike = round(self.spot_at(opened))
        instrument = self.instrument(right, strike)
        entry_fee = round(max(1.99, 0.65 * quantity) + max(1.0, 0.30 * quantity), 2)
        exit_fee = 0.0 if expires else entry_fee + 0.02
        common = {"strategy": "regular", "plan_id": plan, "instrument_id": instrument}

        self._decide("ENTER", "MOMENTUM_UP" if right == "C" else "MOMENTUM_DOWN", opened, common)
        buy = common | {"client_order_id": f"O-{number}-1", "side": "BUY", "quantity": quantity}
        self._order(buy, opened, entry)
        self._fill(buy, opened, entry, entry_fee)
        self.cash_changes.append((opened, -entry * quantity * MULTIPLIER - entry_fee))
        position = common | {
            "position_id": f"P-{number}",
            "side": "LONG",
            "quantity": quantity,
            "ts_opened": opened,
            "average_open": entry,
        }
        if stays_open:
            self.holdings.append((opened, self.day.close_ns + 1, entry * quantity * 100, 0.0))
            self.row(
                "positions",
                **position,
                ts_closed=None,
                average_close=float("nan"),
                gross_pnl=0.0,
                fees=entry_fee,
                net_pnl=-entry_fee,
                exit_reason="",
            )
            return
        sell = common | {"client_order_id": f"O-{number}-2", "side": "SELL", "quantity": quantity}
        if expires:
            kind = "EXPIRY_CASH" if exit_price else "EXPIRY_WORTHLESS"
            self._fill(sell, closed, exit_price, 0.0, kind)
        else:
            self._decide("EXIT", reason, closed, common)
            self._order(sell, closed, exit_price)
            self._fill(sell, closed, exit_price, exit_fee)
        value = exit_price * quantity * MULTIPLIER
        self.cash_changes.append((closed, value - exit_fee))
        self.holdings.append((opened, closed, entry * quantity * MULTIPLIER, value))
        gross = round((exit_price - entry) * quantity * MULTIPLIER, 2)
        fees = round(entry_fee + exit_fee, 2)
        self.row(
            "positions",
            **position,
            ts_closed=closed,
            average_close=exit_price,
            gross_pnl=gross,
            fees=fees,
            net_pnl=round(gross - fees, 2),
            exit_reason=reason,
        )

    def add_refusals(self, count: int) -> None:
        common = {"strategy": "regular", "plan_id": None, "instrument_id": ""}
        for i in range(count):
            ns = int(self.rng.choice(self.times))
            reason = ("SPREAD_TOO_WIDE", "IV_UNKNOWN", "WEAK_SIGNAL")[i % 3]
            self._decide("REFUSE", reason, ns, common)

    def add_denied_order(self) -> None:
        buy = {"strategy": "regular", "plan_id": None, "instrument_id": "SPY.US", "side": "BUY"}
        buy |= {"client_order_id": "O-denied", "quantity": 900}
        self._order(buy, int(self.times[5]), 1.0, status="DENIED")

    def add_equity(self) -> None:
        times = np.concatenate([[self.day.open_ns], self.times])
        cash = np.full(len(times), STARTING_CASH)
        held = np.zeros(len(times))
        for at, change in self.cash_changes:
            cash[times >= at] += change
        for opened, closed, paid, got in self.holdings:
            mine = (times >= opened) & (times < closed)
            share = (times[mine] - opened) / max(1, closed - opened)
            held[mine] += paid + (got - paid) * share
        self.rows("equity", ts_event=times, cash=cash, position_value=held, equity=cash + held)

    def _decide(self, kind: str, reason: str, ns: int, common: dict[str, Any]) -> None:
        at = int(np.searchsorted(self.times, ns).clip(0, len(self.times) - 1))
        decision = common | {
            "ts_event": ns,
            "kind": kind,
            "reason": reason,
            "side": "BUY" if kind == "ENTER" else "SELL",
            "quantity": 1,
            "price": float("nan"),
            "spot": self.spot_at(ns),
            "figures": json.dumps({"strength": 0.7, "spread_fraction": 0.04}),
            "level": int(levels(len(self.times))[at]),
            "track": "regular",
            "direction": 1 if "UP" in reason else -1,
            "strength": 0.7,
            "score": 0.7,
        }
        self.row("decisions", **decision)
        if kind == "ENTER":
            for row in candidate_rows(decision, self.instrument, self.spot_at(ns), self.rng):
                self.row("candidates", **row)

    def instrument(self, right: str, strike: float) -> str:
        return f"{self.underlying}{self.day.date:%y%m%d}{right}{round(strike) * 1000:08d}.US"

    def _order(self, common: dict[str, Any], ns: int, price: float, status: str = "FILLED") -> None:
        filled = status == "FILLED"
        self.row(
            "orders",
            ts_init=ns,
            ts_last=ns,
            type="LIMIT",
            time_in_force="DAY",
            price=price,
            status=status,
            filled_quantity=common["quantity"] if filled else 0,
            average_price=price if filled else float("nan"),
            reason="" if filled else "MAX_PREMIUM: limit=500.00, order=90000.00",
            **common,
        )

    def _fill(
        self, common: dict[str, Any], ns: int, price: float, fee: float, kind: str = "TRADE"
    ) -> None:
        self.row(
            "fills",
            ts_event=ns,
            trade_id=f"T-{common['client_order_id']}",
            price=price,
            fee=fee,
            liquidity="TAKER" if kind == "TRADE" else "NONE",
            bid=price - 0.01 if kind == "TRADE" else float("nan"),
            ask=price + 0.01 if kind == "TRADE" else float("nan"),
            quote_age_s=1.5 if kind == "TRADE" else float("nan"),
            kind=kind,
            **common,
        )


def build_tables(
    folder: Path,
    *,
    first: dt.date = dt.date(2024, 1, 2),
    sessions: int = 3,
    trades_a_session: int = 4,
    underlying: str = "SPY",
    open_position: bool = False,
    denied: bool = True,
    seed: int = 7,
) -> list[dt.date]:
    """Write the tables of an invented run and return its sessions."""
    days = sessions_between(first, first + dt.timedelta(days=2 * sessions + 10))[:sessions]
    columns: dict[str, dict[str, list[Any]]] = {n: defaultdict(list) for n in TABLES}
    for number, day in enumerate(days):
        books = DayBooks(day, underlying, seed)
        books.add_states(unknown_iv=number == 0)
        for i in range(trades_a_session):
            books.add_trade(i, f"plan-{i}" if i % 4 else None)
        if open_position and number == len(days) - 1:
            books.add_trade(trades_a_session, "plan-open", stays_open=True)
        books.add_refusals(7)
        if denied and number == 0:
            books.add_denied_order()
        books.add_equity()
        for name, rows in books.columns.items():
            for column, values in rows.items():
                columns[name][column].extend(values)
    for name, schema in TABLES.items():
        write_table(folder, name, {column: columns[name][column] for column in schema.names})
    return [day.date for day in days]


def run_facts(**changes: Any) -> RunFacts:
    facts = {
        "run_id": RUN_ID,
        "name": "Invented run",
        "strategy": "regular",
        "underlying": "SPY",
        "synthetic": True,
        "starting_cash": STARTING_CASH,
        "config_hash": "5d41402abc4b2a76b9719d911017c592",
        "code_version": "0.1.0+g1234abc",
        "data_fingerprint": "7d793037a0760186574b0282f2f435e7",
        "versions": {"python": "3.13.1", "nautilus_trader": "2.0.0rc7", "numpy": "2.5.5"},
        "command": "autotrade backtest configs/regular.toml --from 2024-01-02 --to 2024-01-04",
        "elapsed_s": 12.5,
        "catalog": "catalog/local",
    }
    return RunFacts(**(facts | changes))


def session_facts(date: dt.date, **changes: Any) -> SessionFacts:
    facts = {
        "session": date,
        "quotes": 1_200_000,
        "events": 1_250_000,
        "elapsed_s": 4.1,
        "settlement_source": "underlying close",
    }
    return SessionFacts(**(facts | changes))


def build_run(
    folder: Path,
    *,
    run: dict[str, Any] | None = None,
    unclean: tuple[str, ...] = (),
    **choices: Any,
) -> Path:
    """Make a whole run folder with its summary; `unclean` are reasons for its first session."""
    dates = build_tables(folder, **choices)
    sessions = [session_facts(d, unclean_reasons=unclean if d == dates[0] else ()) for d in dates]
    write_summary(folder, summarize(run_facts(**(run or {})), sessions, read_tables(folder)))
    return folder
