"""Stylized facts of the synthetic chain beside those of recorded SPY sessions."""

import csv
import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pytest

from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate_session
from autotrade_0dte.data.synthetic.quotes import QuoteParams

DAYS = ("2026-07-17", "2026-07-28", "2026-07-31", "2026-08-07", "2026-08-12")


class Facts:
    """Bids and asks in cents, with the distance of strike and spot in dollars."""

    def __init__(self, offset, is_call, bid, ask):
        self.bid, self.ask = np.array(bid), np.array(ask)
        self.spread = self.ask - self.bid
        self.offset = np.array(offset)
        self.otm = np.where(is_call, self.offset, -self.offset)

    @property
    def at_the_money(self) -> np.ndarray:
        return self.spread[np.abs(self.offset) <= 1]

    def deep_in_the_money(self) -> float:
        return float(np.median(self.spread[(self.otm < -10) & (self.otm > -20)]))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Facts:
    rows = []
    for day in DAYS:
        with gzip.open(shared_data / "spy_0dte_5min" / f"SPY_{day}.csv.gz", "rt") as file:
            rows += [row for row in csv.DictReader(file) if row["expiry"] == day]
    return Facts(
        [float(row["strike"]) - float(row["spot"]) for row in rows],
        [row["type"] == "C" for row in rows],
        [round(100 * float(row["bid"])) for row in rows],
        [round(100 * float(row["ask"])) for row in rows],
    )


@pytest.fixture(scope="module")
def synthetic() -> Facts:
    # As recorded: strikes within 5 percent, a book every five minutes until 15:50.
    quotes = QuoteParams(strikes=75, interval_s=300, refresh_fraction=1)
    columns = []
    for day in DAYS:
        date = dt.date.fromisoformat(day)
        made = generate_session(SyntheticParams(quotes=quotes), date, 3, DayKind.ORDINARY)
        chain = made.chain
        second = (chain.ts_event - made.vix.ts_event[0]) // 10**9
        seen = second < 22_800
        offset = chain.strike_mills[chain.contract] / 1_000 - made.path.spot[second]
        data = (offset, chain.is_call[chain.contract], chain.bid, chain.ask)
        columns.append([column[seen] for column in data])
    return Facts(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def test_median_spread_at_the_money_is_one_cent(real, synthetic):
    assert np.median(real.at_the_money) == np.median(synthetic.at_the_money) == 1
    assert synthetic.at_the_money.mean() == pytest.approx(real.at_the_money.mean(), abs=0.3)


def test_share_of_zero_bids_is_alike(real, synthetic):
    shares = [(facts.bid == 0).mean() for facts in (real, synthetic)]
    assert 0.2 < shares[0] < 0.35
    assert shares[1] == pytest.approx(shares[0], abs=0.08)


def test_spreads_out_of_the_money_are_one_tick(real, synthetic):
    for facts in (real, synthetic):
        assert (facts.spread[facts.otm > 3] == 1).mean() > 0.95


def test_spreads_deep_in_the_money_have_the_same_size(real, synthetic):
    assert 0.4 < synthetic.deep_in_the_money() / real.deep_in_the_money() < 2.5
