"""Comma-separated text to typed columns, without a Python object a row.

The first pass reads all columns with their types at once. Only when a value does not convert, a
second pass reads text and turns what does not look right into NaN or null, so that a bad row can
be refused and counted instead of stopping the import.
"""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from autotrade_0dte.data.importers.report import DataError, Refusal, Tally

__all__ = ["DATE", "NUMBER", "TEXT", "TIMESTAMP", "TIME_OF_DAY", "check_header", "read_columns"]

NUMBER = pa.float64()
TEXT = pa.string()
DATE = pa.date32()
TIMESTAMP = pa.timestamp("s")
TIME_OF_DAY = pa.time32("s")

_LOOKS_NUMERIC = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?$"
_TIME_FORMATS = {DATE: "%Y-%m-%d", TIMESTAMP: "%Y-%m-%dT%H:%M:%S"}


def check_header(content: bytes, expected: tuple[str, ...], file: str) -> None:
    """Raise DataError unless the first line has the `expected` column names."""
    names = header_names(content, file)
    if len(names) != len(expected):
        raise DataError(f"Expected {len(expected)} columns, was {len(names)}", file, 1)
    for position, (name, wanted) in enumerate(zip(names, expected, strict=True), 1):
        if name != wanted:
            problem = f"Expected column {position} to be {wanted}, was {name!r}"
            raise DataError(problem, file, 1)


def header_names(content: bytes, file: str) -> list[str]:
    """Return the names of the first line; raise DataError when it is no text."""
    try:
        line = content.split(b"\n", 1)[0].decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise DataError(f"Expected text in UTF-8, was {e.reason}", file, 1) from e
    return [name.strip() for name in line.split(",")]


def read_columns(
    content: bytes,
    columns: dict[str, pa.DataType | None],
    file: str,
    tally: Tally,
    *,
    header: bool = True,
) -> pa.Table:
    """Return typed columns; a bad number is NaN, an empty field or another bad value is null.

    Parameters
    ----------
    content : bytes
        The whole file.
    columns : dict
        All columns in file order; those of type None are not read.
    file : str
        Name for error texts.
    tally : Tally
        Rows are counted as read; rows with another number of columns are refused as unparsable.
    header : bool
        Whether the first line holds names and is skipped.
    """
    _check_text(content, file)
    wanted = {name: kind for name, kind in columns.items() if kind is not None}
    body = content.split(b"\n", 1)[-1] if header and b"\n" in content else content
    if (header and b"\n" not in content) or not body.strip():
        return pa.schema(wanted).empty_table()
    try:
        table, ragged = _parse(body, list(columns), wanted)
    except pa.ArrowInvalid:
        table, ragged = _parse_leniently(body, list(columns), wanted, file)
    tally.read += table.num_rows + ragged
    if ragged:
        tally.refused[Refusal.UNPARSABLE] += ragged
    return table


def _check_text(content: bytes, file: str) -> None:
    # The reader itself would tell some of it on stderr only.
    try:
        content.decode()
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        raise DataError(f"Expected text in UTF-8, was {e.reason}", file, line) from e


def _parse(body: bytes, names: list[str], wanted: dict[str, pa.DataType]) -> tuple[pa.Table, int]:
    ragged = []

    def skip(row: csv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(body),
        read_options=csv.ReadOptions(column_names=names),
        parse_options=csv.ParseOptions(quote_char=False, invalid_row_handler=skip),
        convert_options=csv.ConvertOptions(
            column_types=wanted,
            include_columns=list(wanted),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return table, len(ragged)


def _parse_leniently(
    body: bytes, names: list[str], wanted: dict[str, pa.DataType], file: str
) -> tuple[pa.Table, int]:
    try:
        texts, ragged = _parse(body, names, dict.fromkeys(wanted, TEXT))
    except pa.ArrowInvalid as e:
        raise DataError(f"Expected comma-separated text, was {e}", file) from e
    converted = [_convert(texts[name], kind) for name, kind in wanted.items()]
    return pa.table(converted, schema=pa.schema(wanted)), ragged


def _convert(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if kind == TEXT:
        return texts
    if kind == NUMBER:
        numeric = pc.match_substring_regex(texts, _LOOKS_NUMERIC)  # null for an empty field
        return pc.if_else(numeric, texts, "nan").cast(NUMBER)
    if kind == TIME_OF_DAY:
        stamps = pc.binary_join_element_wise("1970-01-01T", texts, ":00", "")
        times = pc.strptime(stamps, _TIME_FORMATS[TIMESTAMP], "s", error_is_null=True)
        return times.cast(TIME_OF_DAY)
    return pc.strptime(texts, _TIME_FORMATS[kind], "s", error_is_null=True).cast(kind)
