"""Fills made with known parameters are measured, and the parameters come back."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from scripted_strategy import ScriptedOrder, run, scripted
from small_market import write_session

from autotrade_0dte.analysis.calibration import calibrate_fills, fitted
from autotrade_0dte.analysis.fill_evidence import fill_evidence
from autotrade_0dte.analysis.intervals import poisson95, wilson95
from autotrade_0dte.config import SimulationParams
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fills import (
    FillParams,
    FillScenarios,
    OptimisticFills,
    PessimisticFills,
)

DATE = dt.date(2026, 7, 20)
CALL = "SPY260720C00600000"


def still(_second: int, strike: float, is_call: bool) -> tuple[int, int]:
    """Quotes 20 cents wide that do not move."""
    intrinsic = max(605.0 - strike if is_call else strike - 605.0, 0.0)
    mid = round(100 * (intrinsic + 1.0))
    return mid - 10, mid + 10


def bought(orders: int, quantity: int, apart_s: int) -> list[ScriptedOrder]:
    return [ScriptedOrder(60 + apart_s * n, CALL, "BUY", quantity, 6.20) for n in range(orders)]


def traded(folder: Path, fills: FillScenarios, script: list[ScriptedOrder], every_s: int) -> Path:
    """Send the orders with quotes each `every_s` seconds; return the run folder."""
    write_session(
        Catalog(folder / "catalog"), "SPY", DATE, strikes=(600, 610), spot=605.0,
        settlement=605.0, quote=still, every_s=every_s, synthetic=True,
        size=lambda second: 20 + second // every_s % 20,  # each a new quote
    )  # fmt: skip
    simulation = SimulationParams(latency_ms=100, fills=fills)
    config = scripted("SPY", *script, cash=1e8, simulation=simulation)
    return run(config, folder / "catalog", folder / "runs").folder


def test_rates_inside_the_spread_come_back_within_their_intervals(tmp_path: Path) -> None:
    # The engine looks at an order with each quote, once a second: rates far below that.
    rates = (2.0, 4.0, 6.0, 8.0)
    fills = FillScenarios(
        OptimisticFills(inside_per_minute=(9.0, 9.0, 9.0, 9.0)),
        FillParams(inside_per_minute=rates),
    )
    evidence = fill_evidence([traded(tmp_path, fills, bought(150, 2, 60), 1)])
    for at in (1, 2, 3):  # the walk begins in the second quarter
        low, high = (limit / evidence.rested_min[at] for limit in poisson95(evidence.met[at]))
        assert evidence.met[at] >= 10
        assert low <= rates[at] <= high
    assert evidence.met[0] == 0


def test_share_of_the_size_and_missed_quotes_come_back_within_their_intervals(
    tmp_path: Path,
) -> None:
    fills = FillScenarios(
        base=FillParams(size_share=0.4, missed=0.3),
        pessimistic=PessimisticFills(size_share=0.4, missed=0.3),
    )
    # One order at a time: two would share what is shown.
    folder = traded(tmp_path, fills, bought(110, 40, 200), 10)
    taking = fill_evidence([folder]).taking
    assert len(taking) >= 100
    low, high = wilson95(sum(order.got == 0 for order in taking), len(taking))
    assert low <= 0.3 <= high
    assert all(order.got in (0, int(0.4 * order.shown)) for order in taking)
    text = calibrate_fills([folder])
    assert "SYNTHETIC DATA" in text
    read = msgspec.toml.decode(text)["simulation"]
    assert read["fills"]["base"]["size_share"] == pytest.approx(
        0.385, abs=0.015
    )  # 0.4, in whole contracts
    assert read["fills"]["base"]["taker_place"] == 1.0
    assert msgspec.convert(read["fills"], FillScenarios).base.ticks_beyond == 0


def test_fills_a_tick_beyond_the_touch_come_back_with_their_misses_and_waits(
    tmp_path: Path,
) -> None:
    harsh = {"ticks_beyond": 1, "missed": 0.25, "touch_per_minute": 4.0}
    fills = FillScenarios(base=FillParams(**harsh), pessimistic=PessimisticFills(**harsh))
    # An entry's walk ends at the touch and waits there; an exit goes on beyond it.
    entries = bought(100, 2, 200)
    exits = [ScriptedOrder(order.at_s + 100, CALL, "SELL", 2, 5.80) for order in entries]
    folder = traded(tmp_path, fills, [*entries, *exits], 5)
    found = {figure.name: figure for figure in fitted(fill_evidence([folder]))}
    assert found["ticks_beyond"].value == 1
    for name, true in (("missed", 0.25), ("touch_per_minute", 4.0)):
        low, high = map(float, found[name].basis[0].rpartition(": ")[2].split(" to "))
        assert low <= true <= high < 2 * true
