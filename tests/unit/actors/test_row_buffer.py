"""Rows of a wide table in flat buffers."""

import math

import numpy as np

from autotrade_0dte.actors.row_buffer import RowBuffer


def buffer() -> RowBuffer:
    return RowBuffer(
        ("at", "name", "price", "level", "end", "size"),
        integers={"at", "level", "end"},
        texts={"name"},
        absent_at_zero={"end"},
    )


def test_values_of_each_kind_come_back_in_their_columns() -> None:
    rows = buffer()
    rows.append((1, 2, 3), (0.5, math.nan), ("a",))
    rows.append((4, 5, 0), (1.5, 2.5), ("b",))
    found = rows.columns()
    assert list(found) == ["at", "name", "price", "level", "end", "size"]
    assert found["at"].tolist() == [1, 4]
    assert found["level"].tolist() == [2, 5]
    assert found["name"] == ["a", "b"]
    np.testing.assert_array_equal(found["price"], [0.5, 1.5])
    np.testing.assert_array_equal(found["size"], [math.nan, 2.5])


def test_zero_is_none_only_where_it_stands_for_it() -> None:
    rows = buffer()
    rows.append((0, 0, 0), (0.0, 0.0), ("",))
    found = rows.columns()
    assert (found["at"].tolist(), found["level"].tolist()) == ([0], [0])
    assert found["end"].tolist() == [None]


def test_times_keep_every_nanosecond() -> None:
    rows = buffer()
    ns = 1_785_508_200_123_456_789
    rows.append((ns, 0, ns + 1), (0.0, 0.0), ("",))
    assert rows.columns()["at"].tolist() == [ns]
    assert rows.columns()["end"].tolist() == [ns + 1]


def test_no_rows_are_empty_columns() -> None:
    assert {len(column) for column in buffer().columns().values()} == {0}


def test_columns_stay_as_they_were_when_more_is_appended() -> None:
    rows = buffer()
    rows.append((1, 2, 3), (0.5, 0.5), ("a",))
    before = rows.columns()
    rows.append((9, 9, 9), (9.0, 9.0), ("z",))
    assert before["at"].tolist() == [1]
    assert len(rows.columns()["at"]) == 2
