"""A rehearsal recorded on a Sunday night is backtested at its own hours, as it was received."""

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from scripted_strategy import Outcome, ScriptedOrder, run, scripted
from small_market import WINDOWS

from autotrade_0dte import calendar
from autotrade_0dte.calendar import Session, new_york_ns
from autotrade_0dte.config import SettlementRule, SimulationParams
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.importing import import_journal
from autotrade_0dte.data.journal import JournalHeader, JournalWriter
from autotrade_0dte.execution.routing import RouteParams

SUNDAY = dt.date(2026, 11, 22)
OPEN_NS = new_york_ns(SUNDAY, dt.time(20, 0))
HOURS = Session(SUNDAY, OPEN_NS, OPEN_NS + 1_800_000_000_000)
CALL = "SPY261122C00600000"
SECOND = 1_000_000_000
# Longer than the order's latency: what counts is when a quote was known, not when it was made.
DELAY_NS = 3 * SECOND


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Buy at 65 s for up to 2.10 and hold to settlement: the ask is 2.02, from 64 s on 2.05."""
    folder: Path = tmp_path_factory.mktemp("recorded")
    header = JournalHeader(
        root="SPY",
        underlying="SPY",
        hours=HOURS,
        symbols=(CALL, "SPY261122P00600000", "SPY"),
        synthetic=True,
        source="test",
    )
    writer = JournalWriter(folder / "journals", header)
    for second in range(1_800):
        made = OPEN_NS + second * SECOND
        ask = 2.02 if second < 64 else 2.05
        if made + DELAY_NS < HOURS.close_ns:
            writer.trade(2, made, made + DELAY_NS, 601.25, 100)
            writer.quote(0, made, made + DELAY_NS, ask - 0.02, ask, 50, 50)
            writer.quote(1, made, made + DELAY_NS, 0.01, 0.02, 50, 50)
    writer.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(calendar, "_known", {})
        catalog = Catalog(folder / "catalog")
        import_journal(folder / "journals", catalog)
        config = scripted(
            "SPY",
            ScriptedOrder(65, CALL, "BUY", 2, 2.10),
            ScriptedOrder(300, CALL, "SELL", 1, 2.03),
            simulation=SimulationParams(settlement=SettlementRule.LAST_PRINT),
            # The desk crosses at once: what the order meets is the quote of that instant.
            desk=replace(WINDOWS["desk"], route=RouteParams(cheap_cross_ticks=1.0)),
        )
        return run(config, catalog.path, folder / "runs")


def test_order_meets_what_was_known_when_it_came(outcome):
    first, second, *_ = outcome.rows("fills", SUNDAY)
    assert (first["side"], first["price"]) == ("BUY", 2.02)
    assert (second["side"], second["price"]) == ("SELL", 2.03)


def test_rest_settles_at_the_hours_of_the_rehearsal(outcome):
    *_, last = outcome.rows("fills", SUNDAY)
    assert last["kind"] == "EXPIRY_PHYSICAL"
    assert last["ts_event"].value == HOURS.close_ns
    assert outcome.summary["unclean_reasons"] == []
    assert outcome.summary["synthetic"] is True
