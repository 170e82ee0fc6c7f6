"""The journal file: names, a killed writer, a disk that fails."""

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.journal import JournalHeader, JournalWriter, read_journal

HEADER = JournalHeader(
    root="SPY",
    underlying="SPY",
    hours=Session(dt.date(2026, 7, 31), 1, 2),
    symbols=("SPY",),
    synthetic=False,
    source="test",
)

WRITER = """
import sys
from pathlib import Path
from test_recording_journal import HEADER, JournalWriter

writer = JournalWriter(Path(sys.argv[1]), HEADER)
for number in range(10**9):
    writer.trade(0, number, number, 600.25, 100)
    if number % 100 == 99:
        writer.flush()
    if number == 5_000:
        print("busy", flush=True)
"""


def test_each_writer_has_a_file_of_its_own(tmp_path):
    paths = [JournalWriter(tmp_path, HEADER).path for _ in range(3)]
    assert [path.name for path in paths] == [
        f"SPY_2026-07-31_{number}.journal" for number in ("001", "002", "003")
    ]
    assert sorted(tmp_path.iterdir()) == paths


def test_name_that_a_dying_writer_has_left_is_not_taken(tmp_path):
    left = tmp_path / "SPY_2026-07-31_001.partial"
    left.write_bytes(b"0DTE")
    assert JournalWriter(tmp_path, HEADER).path.name == "SPY_2026-07-31_002.journal"
    assert left.read_bytes() == b"0DTE"


def test_killed_writer_leaves_every_flushed_row(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": here}
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    [path] = tmp_path.iterdir()
    rows = read_journal(path).rows
    assert len(rows) >= 5_000
    assert rows["ts_init"].tolist() == list(range(len(rows)))


def test_nothing_is_written_after_a_failure(tmp_path, monkeypatch):
    writer = JournalWriter(tmp_path, HEADER)
    writer.trade(0, 1, 1, 600.25, 100)
    writer.flush()
    size = writer.path.stat().st_size

    class FullDisk:
        closed = False

        def write(self, content: memoryview) -> int:
            with writer.path.open("ab") as file:
                file.write(content[:10])
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(writer, "_file", FullDisk())
    writer.trade(0, 2, 2, 600.25, 100)
    with pytest.raises(OSError, match="No space left"):
        writer.flush()
    writer.trade(0, 3, 3, 600.25, 100)
    writer.flush()
    writer.close()
    assert writer.path.stat().st_size == size + 10
    assert read_journal(writer.path).rows["ts_init"].tolist() == [1]


def test_file_system_that_takes_a_part_at_a_time_gets_it_all(tmp_path, monkeypatch):
    writer = JournalWriter(tmp_path, HEADER)
    real = writer._file

    class SmallBites:
        closed = False

        def write(self, content: memoryview) -> int:
            return real.write(content[:13])

    monkeypatch.setattr(writer, "_file", SmallBites())
    for number in range(5):
        writer.trade(0, number, number, 600.25, 100)
    writer.flush()
    assert read_journal(writer.path).rows["ts_init"].tolist() == list(range(5))
