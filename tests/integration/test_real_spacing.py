"""The cadence of real vendors' data is recognized."""

import datetime as dt
import math

import pytest
from integration.conftest import RealData

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.spacing import DataSpacing, spacing


@pytest.fixture(scope="module")
def catalog(real_data: RealData) -> Catalog:
    return Catalog(real_data.catalog)


# Ordinary days, and one with seven books and hours of silence.
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
