"""Finding the files of an import, and refusing what is none."""

import datetime as dt

import numpy as np
import pytest

from autotrade_0dte.data.importers import FORMATS, DataError, import_files
from autotrade_0dte.data.importers.registry import Importer
from autotrade_0dte.data.session_data import IndexPrices


def test_folder_is_searched_and_other_files_are_named_with_a_reason(
    catalog, tmp_path, write_cboe, cboe_row
):
    write_cboe([cboe_row()])
    (tmp_path / "notes.txt").write_text("x")
    report = import_files("cboe-delayed", [tmp_path], catalog)
    assert [source.name for source in report.sources] == ["SPY_2026-07-17.csv"]
    assert [(file.name, file.reason) for file in report.skipped] == [
        ("notes.txt", "not named like SPY_2026-07-17.csv.gz")
    ]


def test_manifest_names_sources_without_folders_and_counts_rows(catalog, write_cboe, cboe_row):
    path = write_cboe([cboe_row(), cboe_row(bid=9.0), cboe_row(kind="P", bid=0.0)])
    report = import_files("cboe-delayed", [path], catalog)
    (manifest,) = catalog.manifests()
    (source,) = manifest.account.sources
    assert source.name == path.name
    assert len(source.sha256) == 64
    assert (manifest.format, manifest.version, manifest.synthetic) == ("cboe-delayed", 1, False)
    assert (manifest.account.rows_read, manifest.account.rows_written) == (3, 2)
    assert manifest.account.refused == report.refused == {"crossed": 1}
    assert manifest.account.noted == report.noted == {"one_sided": 1}
    assert (
        str(path.parent)
        not in (catalog.path / "autotrade/imports").joinpath("000001-cboe-delayed.json").read_text()
    )


def test_progress_is_called_for_each_dataset(catalog, write_cboe, cboe_row):
    calls = []
    import_files(
        "cboe-delayed", [write_cboe([cboe_row()])], catalog, progress=lambda *c: calls.append(c)
    )
    assert calls == [
        ("SPY_2026-07-17.csv: ChainData 2026-07-17", 1),
        ("SPY_2026-07-17.csv: UnderlyingTrades 2026-07-17", 1),
    ]


def test_unknown_format_is_an_error_that_lists_the_known_ones(catalog):
    with pytest.raises(DataError, match=r"cboe-delayed, closes, lean, ohlc-bars.*\(optionsdx\)"):
        import_files("optionsdx", ["x"], catalog)


@pytest.mark.parametrize(
    "symbol", ["../../x", "vix", "", "VIX\n", "/VIX", "VIX/A", "9VIX", ".VIX", "TOOLONG"]
)
def test_symbol_that_is_none_is_an_error(catalog, tmp_path, symbol):
    path = tmp_path / "2026-07-17.csv"
    path.write_text("time,open,high,low,close\n09:30,1,1,1,1\n")
    with pytest.raises(DataError, match=r"symbol like SPY or BRK.B, was '.*' \(ohlc-bars\)"):
        import_files("ohlc-bars", [path], catalog, symbol=symbol)
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_is_an_error(catalog, tmp_path):
    with pytest.raises(DataError, match=r"file or folder, was nothing \(none.csv\)"):
        import_files("closes", [tmp_path / "none.csv"], catalog)


def test_empty_folder_is_an_error(catalog, tmp_path):
    with pytest.raises(DataError, match="at least 1 file of the format, was 0"):
        import_files("closes", [tmp_path], catalog)


def test_folder_of_other_files_tells_why_the_first_was_skipped(catalog, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"was 0; a.txt: not named closes.csv"):
        import_files("closes", [tmp_path], catalog)


def test_file_of_another_format_is_an_error(catalog, write_cboe, cboe_row):
    with pytest.raises(DataError, match=r"not named closes.csv \(SPY_2026-07-17.csv\)"):
        import_files("closes", [write_cboe([cboe_row()])], catalog)


def test_no_source_is_an_error(catalog):
    with pytest.raises(DataError, match="no source"):
        import_files("closes", [], catalog)


def test_importer_that_gives_unfit_columns_is_reported_as_bad_data(
    catalog, tmp_path, monkeypatch, tree
):
    def read(files, symbol, tally):
        backwards = np.array([2, 1])
        yield IndexPrices("VIX", dt.date(2026, 7, 17), backwards, backwards), ["x"]

    monkeypatch.setitem(FORMATS, "bad", Importer("", 1, False, lambda path: None, read))
    (tmp_path / "x").write_text("x")
    with pytest.raises(DataError, match="ascending order"):
        import_files("bad", [tmp_path / "x"], catalog)
    assert tree(catalog.path) == {}
