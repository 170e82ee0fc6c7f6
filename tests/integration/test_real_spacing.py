"""The cadence of real vendors' data is recognized."""

import datetime as dt
import math
from pathlib import Path

import pytest

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers import import_files
from autotrade_0dte.data.spacing import DataSpacing, spacing


@pytest.fixture(scope="module")
def catalog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    catalog = Catalog(tmp_path_factory.mktemp("spacing") / "catalog")
    # An ordinary day, and one with seven books and hours of silence.
    days = [
        shared_data / "spy_0dte_5min" / f"SPY_2026-07-{day}.csv.gz" for day in ("17", "20", "23")
    ]
    import_files("cboe-delayed", days, catalog)
    import_files("lean", [shared_data / "lean"], catalog)
    return catalog


@pytest.mark.parametrize("day", [17, 20, 23])
def test_books_of_five_minutes(catalog: Catalog, day: int) -> None:
    found = spacing(catalog, catalog.session("SPY", dt.date(2026, 7, day)))
    assert found == DataSpacing(underlying_s=300, chain_s=300)


@pytest.mark.parametrize(
    ("root", "date"), [("GOOG", dt.date(2015, 12, 24)), ("SPXW", dt.date(2021, 1, 4))]
)
def test_bars_of_a_minute(catalog: Catalog, root: str, date: dt.date) -> None:
    found = spacing(catalog, catalog.session(root, date))
    assert found == DataSpacing(underlying_s=60, chain_s=60)


def test_spacing_of_an_underlying_without_data_is_unknown(catalog: Catalog) -> None:
    found = spacing(catalog, catalog.session("SPXW", dt.date(2021, 1, 6)))
    assert found.chain_s == 60
    assert math.isnan(found.underlying_s)
