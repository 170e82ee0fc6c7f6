import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autotrade_0dte.analysis import tables as tables_module
from autotrade_0dte.analysis.tables import (
    EQUITY,
    TABLES,
    TableError,
    by_session,
    join_sessions,
    read_table,
    read_tables,
    write_table,
)

MONDAY, TUESDAY = dt.date(2024, 1, 8), dt.date(2024, 1, 9)


def equity_columns(date=MONDAY, values=(100.0, 101.0)):
    count = len(values)
    return {
        "run_id": ["r"] * count,
        "session": [date] * count,
        "ts_event": np.arange(count, dtype=np.int64),
        "cash": np.array(values),
        "position_value": np.zeros(count),
        "equity": np.array(values),
    }


def write_part(folder, date, values=(100.0,)):
    folder.mkdir()
    for name, schema in TABLES.items():
        write_table(folder, name, {column: [] for column in schema.names})
    write_table(folder, "equity", equity_columns(date, values))
    return folder


def test_every_table_starts_with_run_and_session():
    for schema in TABLES.values():
        assert schema.names[:2] == ["run_id", "session"]
        assert schema.field("session").type == pa.date32()


def test_only_plans_legs_and_times_that_may_not_be_are_null():
    nullable = {field.name for schema in TABLES.values() for field in schema if field.nullable}
    times = {"ts_closed", "spot_time", "since", "onset", "valid_until", "ts_mark"}
    times |= {"submitted", "acknowledged", "first_fill", "last_fill", "ended"}
    assert nullable == {"plan_id", "short_instrument_id"} | times


def test_written_table_reads_back_with_its_schema_and_utc_times(tmp_path):
    write_table(tmp_path, "equity", equity_columns())
    table = read_table(tmp_path, "equity")
    assert table.schema.equals(EQUITY)
    assert table["equity"].to_pylist() == [100.0, 101.0]
    assert table["ts_event"].cast(pa.int64()).to_pylist() == [0, 1]
    assert str(table["ts_event"].type) == "timestamp[ns, tz=UTC]"


def test_unknown_float_stays_nan_and_does_not_become_null(tmp_path):
    write_table(tmp_path, "equity", equity_columns(values=(100.0, float("nan"))))
    column = read_table(tmp_path, "equity")["equity"]
    assert column.null_count == 0
    assert np.isnan(column[1].as_py())


def test_missing_and_unknown_columns_are_named(tmp_path):
    columns = equity_columns()
    columns["profit"] = columns.pop("cash")
    with pytest.raises(TableError, match=r"without \['cash'\] and with \['profit'\]"):
        write_table(tmp_path, "equity", columns)


@pytest.mark.parametrize("bad", [[None, "r"], [1, 2], ["r"]], ids=["null", "type", "length"])
def test_column_that_does_not_fit_raises_and_leaves_the_old_file(tmp_path, bad):
    write_table(tmp_path, "equity", equity_columns())
    with pytest.raises(TableError, match="equity"):
        write_table(tmp_path, "equity", equity_columns(values=(7.0, 8.0)) | {"run_id": bad})
    assert read_table(tmp_path, "equity")["equity"].to_pylist() == [100.0, 101.0]
    assert [path.name for path in tmp_path.iterdir()] == ["equity.parquet"]


def test_file_of_another_schema_is_refused(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "equity.parquet")
    with pytest.raises(TableError, match=r"this version writes, was without \[.* and with \['a'\]"):
        read_table(tmp_path, "equity")


def test_some_columns_can_be_read_alone(tmp_path):
    write_table(tmp_path, "equity", equity_columns())
    assert read_table(tmp_path, "equity", ["equity", "cash"]).num_columns == 2


def test_parts_join_in_session_order_whatever_their_order_given(tmp_path):
    late = write_part(tmp_path / "a", TUESDAY, (3.0, 4.0))
    early = write_part(tmp_path / "b", MONDAY, (1.0, 2.0))
    join_sessions(tmp_path, [late, early])
    tables = read_tables(tmp_path)
    assert tables["equity"]["equity"].to_pylist() == [1.0, 2.0, 3.0, 4.0]
    assert all(len(tables[name]) == 0 for name in TABLES if name != "equity")


def test_join_of_a_part_with_another_schema_leaves_no_table_behind(tmp_path):
    part = write_part(tmp_path / "a", MONDAY)
    pq.write_table(pa.table({"session": [1]}), part / "decisions.parquet")
    with pytest.raises(TableError):
        join_sessions(tmp_path, [part])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_join_stopped_half_way_leaves_no_table_behind(tmp_path, monkeypatch):
    part = write_part(tmp_path / "a", MONDAY)

    def stop(folder, name, columns=None):
        if columns is None:
            raise KeyboardInterrupt
        return read_table(folder, name, columns)

    monkeypatch.setattr(tables_module, "read_table", stop)
    with pytest.raises(KeyboardInterrupt):
        join_sessions(tmp_path, [part])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_sessions_are_cut_without_losing_rows(tmp_path):
    parts = [write_part(tmp_path / str(d), d, (1.0, 2.0)) for d in (MONDAY, TUESDAY)]
    join_sessions(tmp_path, parts)
    cut = by_session(read_table(tmp_path, "equity"))
    assert {date: len(table) for date, table in cut.items()} == {MONDAY: 2, TUESDAY: 2}


def test_no_rows_cut_into_no_sessions(tmp_path):
    part = write_part(tmp_path / "a", MONDAY)
    assert by_session(read_table(part, "fills")) == {}


def test_session_in_two_places_is_refused():
    columns = equity_columns(values=(1.0, 2.0, 3.0)) | {"session": [MONDAY, TUESDAY, MONDAY]}
    with pytest.raises(TableError, match="2024-01-08 twice"):
        by_session(pa.Table.from_pydict(columns, EQUITY))
