"""One session's rows of a run folder's tables."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autotrade_0dte.analysis.session_rows import read_session, rows_of
from autotrade_0dte.analysis.tables import EQUITY, TableError, join_sessions, table_path

from run_folder import build_tables  # isort: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dt.date]]:
    """Return a run joined from the folders of its sessions, as nodes make it."""
    folder = tmp_path_factory.mktemp("run")
    parts, dates = [], []
    for number in range(3):
        part = folder / str(number)
        part.mkdir()
        dates += build_tables(part, first=dt.date(2024, 1, 2 + number), sessions=1)
        parts.append(part)
    join_sessions(folder, parts)
    return folder, dates


def test_only_the_rows_of_the_session_are_read(run: tuple[Path, list[dt.date]]) -> None:
    folder, dates = run
    for date in dates:
        table = read_session(folder, "equity", date)
        assert set(table["session"].to_pylist()) == {date}
        assert len(table) == 391


def test_parts_of_other_sessions_are_not_touched(
    run: tuple[Path, list[dt.date]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, dates = run
    read: list[int] = []
    whole = pq.ParquetFile.read_row_groups

    def spy(file: pq.ParquetFile, groups: list[int]) -> pa.Table:
        read.extend(groups)
        return whole(file, groups)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", spy)
    read_session(folder, "states", dates[1])
    assert read == [1]


def test_session_that_the_run_does_not_have_has_no_rows(run: tuple[Path, list[dt.date]]) -> None:
    assert len(read_session(run[0], "fills", dt.date(2024, 3, 1))) == 0


def test_table_of_another_version_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"session": [dt.date(2024, 1, 2)]}), table_path(tmp_path, "equity"))
    with pytest.raises(TableError, match="columns that this version writes, was without"):
        read_session(tmp_path, "equity", dt.date(2024, 1, 2))


def test_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"with equity\.parquet"):
        read_session(tmp_path, "equity", dt.date(2024, 1, 2))


def test_rows_have_times_in_nanoseconds() -> None:
    columns = {"run_id": ["r"], "session": [dt.date(2024, 1, 2)], "ts_event": [5]}
    table = pa.table(columns | {n: [1.5] for n in EQUITY.names[3:]}, EQUITY)
    [row] = rows_of(table)
    assert (row["ts_event"], row["session"], row["cash"]) == (5, dt.date(2024, 1, 2), 1.5)
