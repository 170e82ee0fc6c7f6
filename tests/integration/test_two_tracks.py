"""Both tracks in one engine: one budget, no opposing positions, the hand-over."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from planned_strategy import HELD, PlannedParams
from scripted_strategy import Outcome, run
from small_market import WINDOWS, write_session

from autotrade_0dte.calendar import session
from autotrade_0dte.config import AccountKind, AccountParams, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.coordinator_params import CoordinatorParams, RegularLimits
from autotrade_0dte.market_state.actions import ActionTable, TrackActions

NS = 1_000_000_000
AGAINST = dt.date(2026, 7, 20)
BESIDE = dt.date(2026, 7, 21)
REGULAR, ANOMALY = "PlannedStrategy-001", "PlannedAnomaly-002"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run a call of the regular track and, ten minutes later, a plan of the anomaly track."""
    calls = {f"{date:%y%m%d}": f"SPY{date:%y%m%d}C00610000" for date in (AGAINST, BESIDE)}
    opposite = calls | {f"{AGAINST:%y%m%d}": f"SPY{AGAINST:%y%m%d}P00600000"}
    regular = PlannedParams(calls, at_s=120, worst_loss_usd=600.0)
    anomaly = PlannedParams(opposite, at_s=720, worst_loss_usd=300.0)
    return traded(tmp_path_factory.mktemp("tracks"), regular, anomaly, AGAINST, BESIDE)


def traded(
    folder: Path,
    regular: PlannedParams,
    anomaly: PlannedParams,
    *dates: dt.date,
    kind: AccountKind = AccountKind.CASH,
) -> Outcome:
    catalog = Catalog(folder / "catalog")
    for date in dates:
        write_session(catalog, "SPY", date, strikes=(590, 600, 610), spot=605.0, settlement=605.0)
    config = SystemConfig(
        name="tracks",
        root="SPY",
        regular=StrategySpec("planned_strategy:PlannedStrategy", msgspec.to_builtins(regular)),
        anomaly=StrategySpec("planned_anomaly:PlannedAnomaly", msgspec.to_builtins(anomaly)),
        account=AccountParams(kind, starting_cash=20_000.0),
        actions=ActionTable(regular=TrackActions(), anomaly=TrackActions()),
        coordinator=CoordinatorParams(regular=RegularLimits(level_pause_s=0.0)),
        **WINDOWS,
    )
    return run(config, catalog.path, folder / "runs")


def decided(outcome: Outcome, date: dt.date) -> list[tuple[str, int, str, str]]:
    """Return strategy, seconds after the open, kind and reason of the first hour's decisions."""
    opened = session(date).open_ns
    rows = [
        (row["strategy"], (row["ts_event"].value - opened) // NS, row["kind"], row["reason"])
        for row in outcome.rows("decisions", date)
    ]
    return [row for row in rows if row[1] < 3_600]


def test_run_of_two_tracks_is_clean(outcome: Outcome) -> None:
    assert outcome.summary["clean"]


def test_anomaly_track_enters_after_the_regular_position_was_handed_over(
    outcome: Outcome,
) -> None:
    rows = decided(outcome, AGAINST)
    assert [(strategy, kind, reason) for strategy, _, kind, reason in rows] == [
        (REGULAR, "ENTER", "PLANNED"),
        (ANOMALY, "REFUSE", "HAND_OVER"),
        (REGULAR, "EXIT", "HAND_OVER"),
        (ANOMALY, "ENTER", "PLANNED"),
    ]
    assert rows[1][1] == 720
    assert rows[3][1] <= 740  # as soon as the exit has filled


def test_tracks_never_hold_opposing_positions(outcome: Outcome) -> None:
    positions = outcome.rows("positions", AGAINST)
    call, put = (
        next(row for row in positions if right in row["instrument_id"]) for right in ("C00", "P00")
    )
    assert call["ts_closed"] <= put["ts_opened"]


def test_same_direction_is_refused_beyond_the_smaller_share(outcome: Outcome) -> None:
    rows = decided(outcome, BESIDE)
    assert [(strategy, kind, reason) for strategy, _, kind, reason in rows] == [
        (REGULAR, "ENTER", "PLANNED"),
        (ANOMALY, "REFUSE", "SAME_DIRECTION"),
    ]


def test_decisions_name_their_track_and_its_figures(outcome: Outcome) -> None:
    rows = outcome.rows("decisions", BESIDE)
    [refused] = [row for row in rows if row["reason"] == "SAME_DIRECTION"]
    figures = msgspec.json.decode(refused["figures"])
    assert figures == {"worst_loss_usd": 300.0, "at_risk_usd": 0.0, "limit_usd": 250.0}


def test_entry_against_the_other_tracks_leg_is_refused_and_both_can_close_their_own(
    tmp_path: Path,
) -> None:
    """The account would hold nothing of the contract, and neither track could close its half."""
    date = f"{BESIDE:%y%m%d}"
    legs = {date: f"SPY{date}C00600000"}, {date: f"SPY{date}C00610000"}
    terms = {"entry_cap": 9.0, "worst_loss_usd": 200.0}
    regular = PlannedParams(*legs, at_s=120, net_cap=8.0, exits=replace(HELD, hold_s=900), **terms)
    anomaly = PlannedParams(legs[1], at_s=720, exits=replace(HELD, hold_s=300), **terms)
    outcome = traded(tmp_path, regular, anomaly, BESIDE, kind=AccountKind.MARGIN)
    assert outcome.summary["clean"]
    refused = [row[3] for row in decided(outcome, BESIDE) if row[:3:2] == (ANOMALY, "REFUSE")]
    assert refused
    assert set(refused) == {f"OPPOSED: quantity=2, strategy={REGULAR}, may_hold=-2"}
    fills = outcome.rows("fills", BESIDE)
    assert {row["strategy"] for row in fills} == {REGULAR}
    assert sum(row["quantity"] * (1 if row["side"] == "BUY" else -1) for row in fills) == 0


def test_tracks_that_hold_the_same_contract_close_each_their_own(tmp_path: Path) -> None:
    call = {f"{BESIDE:%y%m%d}": f"SPY{BESIDE:%y%m%d}C00610000"}
    terms = {"entry_cap": 1.01, "worst_loss_usd": 200.0}
    regular = PlannedParams(call, at_s=120, exits=replace(HELD, hold_s=3_600), **terms)
    anomaly = PlannedParams(call, at_s=720, exits=replace(HELD, hold_s=600), quantity=3, **terms)
    outcome = traded(tmp_path, regular, anomaly, BESIDE)
    assert outcome.summary["clean"]
    opened = session(BESIDE).open_ns
    fills = [
        (
            row["strategy"],
            row["side"],
            row["quantity"],
            (row["ts_event"].value - opened) // NS // 60,
        )
        for row in outcome.rows("fills", BESIDE)
    ]
    assert fills == [
        (REGULAR, "BUY", 2, 2),
        (ANOMALY, "BUY", 3, 12),
        (ANOMALY, "SELL", 3, 22),
        (REGULAR, "SELL", 2, 62),
    ]
