"""Implied volatility against that of the Cboe feed, on recorded SPY chains of the expiry day.

The vendor runs time to 16:30 New York, half an hour past expiry, at zero rate on the spot price:
measured from the data, since it is nowhere documented. The same inversion then gives its figures;
with time to 16:00 it must not.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from numpy.typing import NDArray

from autotrade_0dte.pricing.black import PricingStatus, implied_vol_and_greeks

VENDOR_END = dt.time(16, 30)


@pytest.fixture(scope="module")
def books(shared_data: Path) -> dict[str, NDArray[np.float64]]:
    """Out-of-the-money rows with a bid of 5 cents or more and a vendor volatility."""
    columns: dict[str, list[NDArray[np.float64]]] = {}
    files = sorted((shared_data / "spy_0dte_5min").glob("SPY_*.csv.gz"))
    assert files
    for file in files:
        table = pyarrow.csv.read_csv(file).drop_columns(["fetched_at_et", "expiry"])
        stamps = pc.cast(table["quote_ts"], "timestamp[s]").to_numpy()
        column = {
            name: table[name].to_numpy() for name in ("spot", "strike", "bid", "ask", "iv", "delta")
        }
        column["is_call"] = np.asarray(pc.equal(table["type"], "C"))
        day = dt.date.fromisoformat(file.name[4:14])
        column["seconds"] = (np.datetime64(f"{day}T{VENDOR_END}") - stamps).astype(float)
        out_of_money = column["is_call"] == (column["strike"] > column["spot"])
        keep = out_of_money & (column["bid"] >= 0.05) & (column["iv"] > 0)
        for name, values in column.items():
            columns.setdefault(name, []).append(values[keep])
    return {name: np.concatenate(values) for name, values in columns.items()}


def ratio_to_vendor(books: dict[str, NDArray[np.float64]], earlier_s: float) -> NDArray[np.float64]:
    years = (books["seconds"] - earlier_s) / (365 * 86_400)
    mid = (books["bid"] + books["ask"]) / 2
    result = implied_vol_and_greeks(
        mid, books["spot"], books["strike"], years, 0.0, books["is_call"]
    )
    assert (result.status == PricingStatus.OK).all()
    return result.iv / books["iv"]


def test_volatility_agrees_with_the_vendor_when_time_runs_to_16_30(books):
    ratio = ratio_to_vendor(books, earlier_s=0)

    low, middle, high = np.quantile(ratio, [0.01, 0.5, 0.99])
    assert ratio.size > 15_000
    assert middle == pytest.approx(0.9994, abs=0.002)
    assert 0.975 < low < high < 1.025


def test_volatility_is_higher_than_the_vendors_when_time_runs_to_16_00(books):
    ratio = ratio_to_vendor(books, earlier_s=1800)

    late = books["seconds"] < 2 * 3600
    assert np.median(ratio) > 1.04
    assert np.median(ratio[late]) > 1.15
