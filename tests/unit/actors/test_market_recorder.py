"""What the recorder writes is what a backtest replays: the same ticks, times and order."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import FixedFeeModel
from nautilus_trader.model import AccountType, Money, OmsType

from autotrade_0dte.actors.market_recorder import MarketRecorder
from autotrade_0dte.calendar import session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.importing import import_journal
from autotrade_0dte.data.journal import JournalHeader, JournalWriter, read_journal
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    UnderlyingQuotes,
    UnderlyingTrades,
)
from autotrade_0dte.instruments import USD, VENUE, equity, option_contract, option_symbol
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC

DATE = dt.date(2026, 7, 20)
HOURS = session(DATE)
NS = 1_000_000_000
CALL = "SPY260720C00600000"


def received(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    """Return times of an hour, each received 1 to 400 ms after its event and in that order."""
    ts_init = HOURS.open_ns + np.sort(rng.integers(0, 3_600 * NS, rows))
    return {"ts_event": ts_init - rng.integers(10**6, 4 * 10**8, rows), "ts_init": ts_init}


def quotes(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    bid = rng.integers(0, 300, rows)
    return received(rng, rows) | {
        "bid": bid,
        "ask": bid + rng.integers(1, 9, rows),
        "bid_size": np.where(bid > 0, rng.integers(1, 90, rows), 0),
        "ask_size": rng.integers(1, 90, rows),
    }


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A catalog with a session of every kind of data, all with two times."""
    rng = np.random.default_rng(5)
    catalog = Catalog(tmp_path_factory.mktemp("original"))
    with catalog.transaction("test", synthetic=True) as tx:
        tx.write(
            ChainData(
                root="SPY",
                session=DATE,
                strike_mills=np.array([600_000, 600_000]),
                is_call=np.array([True, False]),
                contract=rng.integers(0, 2, 900, np.int32),
                hours=HOURS,
                **quotes(rng, 900),
            )
        )
        price, size = rng.integers(59_000, 61_000, 300), rng.integers(1, 500, 300)
        tx.write(UnderlyingTrades("SPY", DATE, price=price, size=size, **received(rng, 300)))
        tx.write(UnderlyingQuotes("SPY", DATE, **quotes(rng, 200)))
        tx.write(IndexPrices("VIX", DATE, value=rng.integers(900, 4_000, 50), **received(rng, 50)))
    return catalog


def replay(catalog: Catalog, folder: Path) -> MarketRecorder:
    """Run the session through an engine with a recorder that writes to `folder`."""
    entry = catalog.session("SPY", DATE)
    instruments = catalog.instruments(entry)
    header = JournalHeader(
        root="SPY",
        underlying="SPY",
        hours=entry.hours,
        symbols=tuple(str(i.id.symbol) for i in instruments),
        synthetic=True,
        source="a replay",
    )
    recorder = MarketRecorder(JournalWriter(folder, header), instruments)
    run(recorder, catalog)
    return recorder


def run(recorder: MarketRecorder, catalog: Catalog) -> None:
    # Set up once in a process: other tests read the warnings.
    logging = LoggerConfig(stdout_level=LogLevel.WARNING)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, shutdown_on_error=True))
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(1, USD)],
        fee_model=FixedFeeModel(Money(0, USD)),
    )
    entry = catalog.session("SPY", DATE)
    for instrument in catalog.instruments(entry):
        engine.add_instrument(instrument)
    engine.add_actor(recorder)
    for chunk in catalog.chunks(entry):
        engine.add_data(chunk)
    engine.run()
    engine.dispose()


def test_recording_of_a_replay_is_the_session_that_was_replayed(original, tmp_path):
    replay(original, tmp_path / "journal")
    copy = Catalog(tmp_path / "copy")
    report = import_journal(tmp_path / "journal", copy)
    before, after = (c.session("SPY", DATE) for c in (original, copy))
    assert report.noted.get("reordered") is None
    assert [held.fingerprint for held in after.datasets] == [
        held.fingerprint for held in before.datasets
    ]
    assert [held.rows for held in after.datasets] == [300, 200, 50, 900]


class FakeJournal:
    """Counts flushes, and fails them when told to."""

    def __init__(self, failure: OSError | None = None) -> None:
        self.symbols = ("SPY", CALL)
        self.rows: list[tuple[Any, ...]] = []
        self.flushed_at: list[int] = []
        self.closed = 0
        self._failure = failure

    def quote(self, *row: Any) -> None:
        self.rows.append(row)

    trade = index = quote

    def flush(self) -> None:
        self.flushed_at.append(len(self.rows))
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        self.closed += 1


def run_fake(journal: FakeJournal, original: Catalog) -> MarketRecorder:
    recorder = MarketRecorder(journal, [option_contract(option_symbol(CALL)), equity("SPY")])
    run(recorder, original)
    return recorder


def test_rows_are_flushed_every_half_second_and_closed_at_the_end(original):
    journal = FakeJournal()
    run_fake(journal, original)
    assert journal.closed == 1
    assert 7_150 <= len(journal.flushed_at) <= 7_200  # an hour of data, twice a second
    assert max(np.diff(journal.flushed_at)) < 10


def test_only_the_instruments_given_are_recorded(original):
    journal = FakeJournal()
    run_fake(journal, original)
    assert {row[0] for row in journal.rows} == {0, 1}
    assert {len(row) for row in journal.rows} == {7, 5}  # quotes, and trades of the stock


def test_disk_that_fails_leaves_the_node_running_and_the_reason(original):
    journal = FakeJournal(OSError(28, "No space left on device"))
    recorder = run_fake(journal, original)
    assert recorder.failure == "JOURNAL_NOT_WRITTEN: No space left on device"
    assert len(journal.flushed_at) > 7_000


def test_each_write_that_fails_is_reported_as_an_error():
    told = []

    class Recorder(MarketRecorder):
        clock = SimpleNamespace(timestamp_ns=lambda: 7)

        def publish_message(self, topic, message):
            told.append((topic, message.trigger, message.text))

    journal = FakeJournal(OSError(28, "No space left on device"))
    recorder = Recorder(journal, [])
    for _ in range(2):
        recorder._on_timer(None)
    failed = (REPORT_TOPIC, Trigger.ERRORS, "JOURNAL_NOT_WRITTEN: No space left on device")
    assert told == [failed, failed]


def test_instrument_that_the_journal_has_no_number_for_is_an_error():
    with pytest.raises(KeyError, match="QQQ"):
        MarketRecorder(FakeJournal(), [equity("QQQ")])


def test_recorder_reads_the_clock_of_the_ticks_only(original, tmp_path):
    recorder = replay(original, tmp_path)
    [path] = tmp_path.iterdir()
    rows = read_journal(path).rows
    assert recorder.failure is None
    assert (np.diff(rows["ts_init"]) >= 0).all()
    assert not (rows["ts_event"] == rows["ts_init"]).any()
