"""A recorded SPY session: figures of a real chain stay within what such a day allows."""

import csv
import datetime as dt
import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from autotrade_0dte.calendar import expiry_ns, new_york_ns
from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.products import product

DATE = dt.date(2026, 7, 17)

type Contract = tuple[float, bool]


@pytest.fixture(scope="module")
def session(shared_data: Path) -> list[tuple[ChainSnapshot, dict[Contract, float]]]:
    """Snapshot of each book of the day, with the vendor's volatility by (strike, is put)."""
    with gzip.open(shared_data / "spy_0dte_5min" / f"SPY_{DATE}.csv.gz", "rt") as file:
        records = list(csv.DictReader(file))
    contracts = sorted({contract(record) for record in records})
    row = {key: index for index, key in enumerate(contracts)}
    interest = np.empty(len(row))
    books: dict[str, list[dict[str, str]]] = {}
    for record in records:
        interest[row[contract(record)]] = float(record["open_interest"])
        books.setdefault(record["quote_ts"], []).append(record)
    book = OptionChainBook(
        np.array([strike for strike, _ in contracts]),
        np.array([not is_put for _, is_put in contracts]),
        expiry_ns("SPY", DATE),
        ChainParams(stale_after_s=200.0, iv_change_window_s=600.0),
        interest,
        facts=product("SPY"),
    )
    day = []
    for stamp in sorted(books):
        now_ns = new_york_ns(DATE, dt.datetime.fromisoformat(stamp).time())
        vendor = {}
        for record in books[stamp]:
            quote = (float(record[name]) for name in ("bid", "ask", "bid_size", "ask_size"))
            book.update(row[contract(record)], *quote, now_ns)
            vendor[contract(record)] = float(record["iv"])
        day.append((book.snapshot(now_ns, float(books[stamp][0]["spot"])), vendor))
    return day


def contract(record: dict[str, str]) -> Contract:
    return float(record["strike"]), record["type"] == "P"


def test_forward_stays_near_spot_all_day(session) -> None:
    gaps = np.array([snapshot.forward - snapshot.spot for snapshot, _ in session])
    assert len(gaps) > 70
    assert np.abs(gaps).max() < 0.30
    assert abs(np.median(gaps)) < 0.02
    assert min(snapshot.forward_pairs for snapshot, _ in session) >= 15


def test_total_volatility_agrees_with_the_vendor_whose_clock_ends_at_16_30(session) -> None:
    ratios = []
    for snapshot, vendor in session:
        half_hour = 1800 / (365 * 86_400)
        stretch = math.sqrt(snapshot.years / (snapshot.years + half_hour))
        is_otm = snapshot.is_call == (snapshot.strike >= snapshot.forward)
        # The premium of two ticks keeps the rounding of the vendor's price out.
        for row in np.flatnonzero(is_otm & snapshot.usable() & (snapshot.bid >= 0.05)):
            other = vendor.get((float(snapshot.strike[row]), not bool(snapshot.is_call[row])), 0.0)
            if other > 0.0:
                ratios.append(snapshot.iv[row] * stretch / other)
    assert len(ratios) > 1_000
    assert np.median(ratios) == pytest.approx(1.0, abs=0.01)
    assert np.quantile(ratios, [0.05, 0.95]) == pytest.approx(1.0, abs=0.05)


def test_analytics_of_a_real_day_are_known_and_plausible(session) -> None:
    day = [snapshot.analytics for snapshot, _ in session]
    figures = {name: np.array([getattr(a, name) for a in day]) for name in day[0].__struct_fields__}
    atm = figures["atm_iv"]
    assert ((atm > 0.10) & (atm < 0.50)).all()
    assert (np.abs(figures["skew"]) < 0.10).all()
    assert np.median(figures["skew"]) > 0
    gauge = figures["variance_gauge"] / 100
    assert ((gauge > 0.95 * atm) & (gauge < 1.5 * atm)).all()
    assert (figures["implied_move"] < 6.0).all()
    assert figures["implied_move"][-1] < 0.4 * figures["implied_move"][0]
    assert ((figures["liquidity_score"] > 0.05) & (figures["liquidity_score"] < 1)).all()
    assert ((figures["spread_quality"] > 0.001) & (figures["spread_quality"] < 0.5)).all()
    assert np.isfinite(figures["gex"]).all()
    assert (figures["usable"] > 80).all()
    assert (figures["crossed_share"] < 0.02).all()
    change = figures["atm_iv_change_per_min"]
    assert np.isnan(change[0])
    assert np.isfinite(change[3:]).all()
    assert (np.abs(change[3:]) < 0.05).all()


def test_every_informative_row_reprices_its_quote(session) -> None:
    snapshot, _ = session[len(session) // 2]
    known = snapshot.usable() & (snapshot.quality & QuoteFlag.NO_INFORMATION == 0)
    is_otm = snapshot.is_call == (snapshot.strike >= snapshot.forward)
    price = price_and_greeks(
        snapshot.iv, snapshot.forward, snapshot.strike, snapshot.years, 0.04, snapshot.is_call
    ).price
    miss = np.abs(price - snapshot.mid)
    assert miss[known & is_otm].max() < 1e-10
    # In the money the market may differ by parity's noise, within the quoted spread and two cents.
    half_spread = 0.5 * (snapshot.ask - snapshot.bid)
    inside = miss <= half_spread + 0.02
    assert inside[known & ~is_otm].mean() > 0.9
