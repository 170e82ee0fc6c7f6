"""Fill parameters from evidence: what is recovered, what is left out, and the text of it."""

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from autotrade_0dte.analysis import calibration
from autotrade_0dte.analysis.calibration import CalibrationError, calibrate_fills, fitted
from autotrade_0dte.analysis.fill_evidence import FillEvidence, TakingOrder
from autotrade_0dte.analysis.intervals import poisson95
from autotrade_0dte.execution.fills import FillParams, FillScenarios

RUN = {"run_id": "demo-1", "mode": "live", "synthetic": False}


def evidence(**changes: Any) -> FillEvidence:
    taking = [TakingOrder(20, 10, 1, 6, 1.0, 0.0)] * 36 + [
        TakingOrder(5, 10, 0, 0, math.nan, math.nan)
    ] * 4
    values: dict[str, Any] = {
        "fills": 90,
        "rested_min": [10.0, 20.0, 10.0, 0.5, 4.0],
        "met": [1, 10, 30, 2, 20],
        "taking": taking,
        "acknowledged_s": [0.1, 0.2, 0.3] * 5,
    }
    return FillEvidence(**(values | changes))


def text_of(monkeypatch: pytest.MonkeyPatch, found: FillEvidence, **run: Any) -> str:
    monkeypatch.setattr(calibration, "read_summary", lambda _: RUN | run)
    monkeypatch.setattr(calibration, "fill_evidence", lambda _: found)
    return calibrate_fills([Path("run")])


def test_every_parameter_is_the_share_or_rate_that_was_seen() -> None:
    values = {figure.name: figure.value for figure in fitted(evidence())}
    assert values == {
        "latency_ms": 200,
        "taker_place": 1.0,
        "ticks_beyond": 0,
        "size_share": 0.6,
        "missed": 0.1,
        "inside_per_minute": (0.1, 0.5, 3.0, 0.0),  # the last rested too short a time
        "touch_per_minute": 5.0,
    }


def test_fills_beyond_the_touch_are_ticks_and_fills_inside_are_a_place() -> None:
    beyond = evidence(taking=[TakingOrder(5, 10, 2, 5, 1.1, 2.0)] * 20)
    values = {figure.name: figure.value for figure in fitted(beyond)}
    assert (values["taker_place"], values["ticks_beyond"]) == (1.0, 2)
    inside = evidence(taking=[TakingOrder(5, 10, 2, 5, 0.8, -2.0)] * 20)
    values = {figure.name: figure.value for figure in fitted(inside)}
    assert (values["taker_place"], values["ticks_beyond"]) == (0.8, 0)


def test_order_that_stops_at_the_touch_has_not_missed_fills_beyond_it() -> None:
    short = [TakingOrder(5, 10, 0, 0, math.nan, math.nan)] * 50
    beyond = [TakingOrder(5, 10, 2, 5, 1.1, 1.0)] * 16 + [
        TakingOrder(5, 10, 1, 0, math.nan, math.nan)
    ] * 4
    figures = {figure.name: figure for figure in fitted(evidence(taking=short + beyond))}
    assert figures["ticks_beyond"].value == 1
    assert figures["missed"].value == 0.2
    assert figures["missed"].basis[0].startswith("4 of 20 orders that went 1 ticks or more beyond")
    # Where nothing tells that fills lie beyond it, it has.
    few = {figure.name: figure.value for figure in fitted(evidence(taking=short))}
    assert few["missed"] == 0.9


def test_what_is_too_seldom_is_left_to_its_default() -> None:
    few = evidence(taking=[], rested_min=[0.0] * 5, met=[0] * 5, acknowledged_s=[])
    assert fitted(few) == []


def test_ten_orders_a_minute_at_rest_and_thirty_fills_suffice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    least = evidence(
        fills=30, taking=[TakingOrder(10, 10, 1, 10, 1.0, 0.0)] * 10, acknowledged_s=[0.2] * 10,
        rested_min=[0.0, 0.0, 0.0, 1.0, 1.0], met=[0, 0, 0, 7, 3],
    )  # fmt: skip
    values = {figure.name: figure.value for figure in fitted(least)}
    assert values == {
        "latency_ms": 200,
        "taker_place": 1.0,
        "ticks_beyond": 0,
        "size_share": 1.0,
        "missed": 0.0,
        "inside_per_minute": (0.0, 0.0, 0.0, 7.0),
        "touch_per_minute": 3.0,
    }
    assert "Fitted to 30 fills" in text_of(monkeypatch, least)
    fewer = evidence(
        taking=least.taking[1:], acknowledged_s=[0.2] * 9, rested_min=[0.9] * 5, met=[9] * 5
    )
    assert fitted(fewer) == []


def test_share_of_the_size_is_of_orders_that_wanted_all_and_got_some() -> None:
    rest = [
        TakingOrder(9, 10, 1, 9, 1.0, 0.0),  # asked for less than was shown
        TakingOrder(20, 10, 1, 0, math.nan, math.nan),  # was missed
        TakingOrder(20, 0.0, 1, 3, 1.0, 0.0),  # was shown nothing
    ]
    taking = [TakingOrder(20, 10, 1, 5, 1.0, 0.0)] * 20 + rest * 9
    values = {figure.name: figure.value for figure in fitted(evidence(taking=taking))}
    assert values["size_share"] == 0.5
    refilled = [TakingOrder(20, 10, 1, 15, 1.0, 0.0)] * 10
    values = {figure.name: figure.value for figure in fitted(evidence(taking=refilled))}
    assert values["size_share"] == 1.0  # more than was shown is no share of it


def test_latency_is_the_median_with_the_tenths_beside_it() -> None:
    [latency] = fitted(
        FillEvidence(
            acknowledged_s=[0.4 + n / 100 for n in range(101)], taking=[], rested_min=[0.0] * 5
        )
    )
    assert latency.value == 900
    assert "median of 101 confirmations; 10th to 90th percentile 500 to 1300" in latency.basis


def test_run_given_twice_is_refused_as_its_fills_would_count_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "read_summary", lambda _: RUN)
    monkeypatch.setattr(calibration, "fill_evidence", lambda _: evidence())
    with pytest.raises(CalibrationError, match="Expected each run once, was 2 times demo-1"):
        calibrate_fills([Path("run"), Path("run/")])


def test_interval_of_a_mean_is_two_standard_errors_wide() -> None:
    # Places 0.9 and 1.1 in turn: standard deviation 0.1 x sqrt(16 / 15), by sqrt(16), by 1.96.
    taking = [TakingOrder(5, 10, 2, 5, place, 0.0) for place in (0.9, 1.1)] * 8
    place = next(f for f in fitted(evidence(taking=taking)) if f.name == "taker_place")
    assert place.basis == ("16 orders that took: 0.949 to 1.051",)
    assert place.value == 1.0


def test_fragment_is_a_configuration_with_the_counts_behind_each_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = text_of(monkeypatch, evidence())
    read = msgspec.toml.decode(text)["simulation"]
    assert read["latency_ms"] == 200
    fills = msgspec.convert(read["fills"], FillScenarios)
    assert fills.base == FillParams(
        size_share=0.6, missed=0.1, inside_per_minute=(0.1, 0.5, 3.0, 0.0), touch_per_minute=5.0
    )
    for counts in (
        "4 of 40 orders that reached the touch had nothing within 0.5 s: 0.040 to 0.231",
        "216 of 360 contracts shown to 36 orders that asked for all",
        "second quarter: 10 fills in 20.0 min at rest: 0.239 to 0.920",
        "last quarter: 0.5 min at rest are too few",
        "demo-1 (live): real fills",
    ):
        assert f"# {counts}" in text


def test_other_scenarios_are_moved_where_the_base_is_beyond_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harsh = [TakingOrder(20, 10, 1, 2, 1.0, 0.0)] * 30 + [
        TakingOrder(5, 10, 0, 0, math.nan, math.nan)
    ] * 20
    kind = evidence(taking=harsh, met=[30, 1, 1, 0, 500])
    read = msgspec.toml.decode(text_of(monkeypatch, kind))["simulation"]["fills"]
    assert read["pessimistic"] == {"missed": 0.4, "size_share": 0.2}
    assert read["optimistic"] == {
        "touch_per_minute": 125.0,
        "inside_per_minute": [3.0, 4.0, 12.0, 30.0],
    }
    msgspec.convert(read, FillScenarios)


@pytest.mark.parametrize("mode", ["paper", "backtest", "broker"])
def test_simulated_fills_are_called_so(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    text = text_of(monkeypatch, evidence(), mode=mode, synthetic=True)
    assert "real fills" not in text
    assert "SYNTHETIC DATA" in text


def test_too_few_fills_are_refused_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CalibrationError, match=r"at least 30 fills .* was 29 \(demo-1\)"):
        text_of(monkeypatch, evidence(fills=29))


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.689), (5, 1.623, 11.668), (10, 4.795, 18.39), (100, 81.4, 121.6)],
)
def test_interval_of_a_count_is_the_exact_one(count: int, low: float, high: float) -> None:
    # Exact limits: Garwood 1936, Biometrika 28, as tabled by Breslow and Day.
    assert poisson95(count) == pytest.approx((low, high), rel=0.015, abs=0.01)


def test_rates_of_simulated_orders_lie_in_their_intervals_as_often_as_they_should() -> None:
    rng = np.random.default_rng(120)
    rate, minutes, hits = 4.0, 5.0, 0
    for count in rng.poisson(rate * minutes, 400):
        low, high = poisson95(int(count))
        hits += low <= rate * minutes <= high
    assert hits / 400 > 0.92
