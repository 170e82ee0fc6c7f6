"""The figures of risk in the summary, and the report's section on them."""

import datetime as dt
import math
from typing import Any

import pyarrow as pa
import pytest

from autotrade_0dte.actors.risk_rows import RiskRows
from autotrade_0dte.analysis.report_risk import risk_section
from autotrade_0dte.analysis.risk_figures import risk_figures
from autotrade_0dte.analysis.tables import RISK, RISK_PICTURES, RISK_STRESSES
from autotrade_0dte.risk.mode import RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.stress import StressLoss, StressResult
from autotrade_0dte.risk.stress_params import Stress

NS = 1_000_000_000
DATES = dt.date(2026, 7, 20), dt.date(2026, 7, 21)


def picture(at_s: int, mode: RiskMode, **figures: float) -> RiskPicture:
    return RiskPicture(ts_event=at_s * NS, mode=mode, **figures)


def change(at_s: int, mode: RiskMode, trigger: Trigger, **more: Any) -> RiskChange:
    usual = {"before": RiskMode.NORMAL, "begins": True, "asks": mode, "clears_itself": True}
    return RiskChange(ts_event=at_s * NS, mode=mode, trigger=trigger, **(usual | more))


def stressed(at_s: int, **losses: float) -> StressResult:
    return StressResult(
        ts_event=at_s * NS,
        value_usd=500.0,
        equity=10_000.0,
        losses=tuple(
            StressLoss(
                stress=Stress(name),
                loss_usd=loss,
                equity_fraction=loss / 10_000,
                worst_leg="C600",
                worst_leg_loss_usd=loss,
                move_usd=0,
                vol_factor=1,
                spread_multiple=1,
                haircut=0,
            )
            for name, loss in losses.items()
        ),
    )


type Said = RiskPicture | RiskChange | StressResult


def tables(days: dict[dt.date, list[Said]]) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {"risk": [], "risk_pictures": [], "risk_stresses": []}
    for date, told in days.items():
        rows = RiskRows()
        for each in told:
            match each:
                case RiskPicture():
                    rows.picture(each)
                case RiskChange():
                    rows.change(each)
                case _:
                    rows.stress(each)
        made = (
            ("risk", RISK, rows.changes()),
            ("risk_pictures", RISK_PICTURES, rows.pictures()),
            ("risk_stresses", RISK_STRESSES, rows.stresses()),
        )
        for name, schema, columns in made:
            count = len(columns["ts_event"])
            head = {"run_id": ["R"] * count, "session": [date] * count}
            parts[name].append(pa.table(head | columns, schema))
    return {name: pa.concat_tables(found) for name, found in parts.items()} | {
        "orders": orders(
            ("DENIED", "NET_DELTA: delta_usd=21000, limit=20000"),
            ("FILLED", ""),
            ("DENIED", "TOO_LATE"),
            ("REJECTED", "NET_DELTA: by the venue"),
            ("DENIED", "NET_DELTA: delta_usd=25000, limit=20000"),
        )
    }


def orders(*ends: tuple[str, str]) -> pa.Table:
    """Return of the table of orders what is looked at: their last state and why."""
    return pa.table({"status": [end[0] for end in ends], "reason": [end[1] for end in ends]})


TWO_DAYS = tables(
    {
        DATES[0]: [
            picture(0, RiskMode.NORMAL, worst_loss_usd=0.0),
            change(60, RiskMode.HALT_ENTRIES, Trigger.STALE_DATA, figures={"quote_age_s": 20.5}),
            picture(60, RiskMode.HALT_ENTRIES, worst_loss_usd=350.0),
            change(90, RiskMode.NORMAL, Trigger.STALE_DATA, begins=False),
            picture(90, RiskMode.NORMAL),
            picture(150, RiskMode.NORMAL),
            stressed(160, CRASH=300.0, PIN=math.nan),
            stressed(170, CRASH=450.0, PIN=math.nan),
        ],
        DATES[1]: [
            picture(1_000, RiskMode.NORMAL),
            change(1_030, RiskMode.KILLED, Trigger.MANUAL, text="<lunch>"),
            change(1_030, RiskMode.NORMAL, Trigger.MANUAL, begins=False),
            picture(1_060, RiskMode.NORMAL),
        ],
    }
)


def test_time_is_counted_by_mode_within_sessions() -> None:
    found = risk_figures(TWO_DAYS)
    seconds = {name: each for name, each in found["mode_seconds"].items() if each}
    assert seconds == {"NORMAL": 180.0, "HALT_ENTRIES": 30.0}


def test_strictest_mode_counts_though_no_picture_has_it() -> None:
    found = risk_figures(TWO_DAYS)
    assert found["strictest"] == "KILLED"
    assert found["begun"] == {"MANUAL": 1, "STALE_DATA": 1}
    assert found["worst_loss"] == 350.0
    assert found["stress_losses"] == {"CRASH": 450.0, "PIN": None}


def test_denied_orders_are_counted_by_code() -> None:
    found = risk_figures(TWO_DAYS)
    assert found["denied"] == {"NET_DELTA": 2, "TOO_LATE": 1}
    page = risk_section({"risk": found}, TWO_DAYS["risk"])
    assert 'Orders denied</td><td class="">NET_DELTA 2, TOO_LATE 1<' in page


def test_nothing_known_is_no_loss() -> None:
    found = risk_figures(tables({DATES[0]: []}))
    assert (found["strictest"], found["begun"], found["worst_loss"]) == ("NORMAL", {}, None)


def test_section_lists_each_change_with_its_figures_and_words() -> None:
    page = risk_section({"risk": risk_figures(TWO_DAYS)}, TWO_DAYS["risk"])
    assert page.count("<tr>") == 5 + 1 + 4 + 2 + 1 + 4
    assert 'Stress CRASH, most it would cost</td><td class="">$450.00' in page
    assert "quote_age_s 20.500" in page
    assert "&lt;lunch&gt;" in page
    assert "MANUAL 1, STALE_DATA 1" in page


def test_section_without_changes_says_only_what_was_allowed() -> None:
    empty = tables({DATES[0]: [picture(0, RiskMode.NORMAL), picture(60, RiskMode.NORMAL)]})
    page = risk_section({"risk": risk_figures(empty)}, empty["risk"])
    assert "<h2>Risk</h2>" in page
    assert "100.0 %" in page
    assert "Trigger</th>" not in page


@pytest.mark.parametrize(("count", "more"), [(60, False), (61, True)])
def test_long_list_is_cut(count: int, more: bool) -> None:
    many = [change(at_s, RiskMode.TIGHTEN, Trigger.ERRORS) for at_s in range(count)]
    found = tables({DATES[0]: list(many)})
    page = risk_section({"risk": risk_figures(found)}, found["risk"])
    assert ("and 1 more, in risk.parquet" in page) is more
