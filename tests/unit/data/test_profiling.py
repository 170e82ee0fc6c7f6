"""What sessions contribute to a profile, and what a profile is said to hold."""

import datetime as dt
import math

import numpy as np
import pytest

from autotrade_0dte.calendar import session
from autotrade_0dte.data.profile_summary import describe_profile
from autotrade_0dte.data.profiling import trading_samples
from autotrade_0dte.data.session_data import IndexPrices, UnderlyingTrades
from autotrade_0dte.data.tables import profile_table, to_text
from autotrade_0dte.market_state.profile import (
    VOLATILITY,
    VOLUME_RATE,
    Profile,
    SessionSamples,
    Usual,
)

DATE = dt.date(2026, 7, 17)
HOURS = session(DATE)
NS = 1_000_000_000


def samples(catalog, make_chain, second, cents, size=None) -> SessionSamples:
    """Return the samples of prints at these seconds from the open; an index has no sizes."""
    ts = HOURS.open_ns + np.rint(np.asarray(second) * 1e9).astype(np.int64)
    cents = np.asarray(cents, np.int64)
    with catalog.transaction("hand-made") as tx:
        if size is None:
            tx.write(make_chain(DATE, root="SPXW"))
            tx.write(IndexPrices("SPX", DATE, ts, cents))
        else:
            tx.write(make_chain(DATE))
            tx.write(UnderlyingTrades("SPY", DATE, ts, cents, np.asarray(size, np.int64)))
    [entry] = catalog.sessions()
    return trading_samples(catalog, entry)


def test_samples_equal_a_plain_reference(catalog, make_chain):
    rng = np.random.default_rng(5)
    second = np.sort(rng.uniform(3, 23_400, 900))
    second = second[(second < 1_000) | (second > 1_200)]
    cents = 60_000 + np.cumsum(rng.integers(-9, 10, len(second)))
    size = rng.integers(1, 500, len(second))
    found = samples(catalog, make_chain, second, cents, size).metrics

    rate, volatility = [], []
    for minute in range(390):
        mine = [i for i, s in enumerate(second) if 60 * minute <= s < 60 * minute + 60]
        rate.append(sum(int(size[i]) for i in mine) / 60 if mine else math.nan)
        squares = 0.0
        for step in range(4):
            prices = []
            for at in (60 * minute + 15 * step, 60 * minute + 15 * step + 15):
                known = [c for c, s in zip(cents, second, strict=True) if s <= at]
                prices.append(known[-1] if known else cents[0])
            squares += math.log(prices[1] / prices[0]) ** 2
        volatility.append(math.sqrt(squares) if mine else math.nan)
    np.testing.assert_allclose(found[VOLUME_RATE], rate)
    np.testing.assert_allclose(found[VOLATILITY], volatility, atol=1e-12)


def test_volume_is_unknown_where_sizes_are_not_real(catalog, make_chain):
    found = samples(catalog, make_chain, [1, 61], [60_000, 60_100], [1, 1])
    assert set(found.metrics) == {VOLATILITY}


def test_index_has_volatility_and_no_volume(catalog, make_chain):
    found = samples(catalog, make_chain, [1, 65], [600_000, 606_000])
    assert set(found.metrics) == {VOLATILITY}
    np.testing.assert_allclose(found.metrics[VOLATILITY][:3], [0, math.log(1.01), np.nan])


def test_prints_outside_of_the_session_do_not_count(catalog, make_chain):
    found = samples(
        catalog, make_chain, [-5, 30, 23_399, 23_400], [50_000, 60_000, 60_000, 70_000], [9] * 4
    )
    assert found.metrics[VOLUME_RATE][[0, 389]].tolist() == [9 / 60, 9 / 60]
    assert found.metrics[VOLATILITY][[0, 389]].tolist() == [0, 0]


def test_session_without_an_underlying_knows_nothing(catalog, make_chain):
    with catalog.transaction("hand-made") as tx:
        tx.write(make_chain(DATE))
    [entry] = catalog.sessions()
    assert np.isnan(trading_samples(catalog, entry).metrics[VOLATILITY]).all()


def usual(minutes: list[int], counts: list[int]) -> Usual:
    ones = (1.0,) * len(minutes)
    return Usual(tuple(minutes), ones, ones, tuple(counts))


@pytest.fixture
def profile() -> Profile:
    metrics = {
        "spread": usual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [6] * 10),
        "realized": usual([2, 3, 6, 8], [6, 5, 6, 6]),
        "activity": usual([], []),
    }
    return Profile("SPY", (DATE, dt.date(2026, 7, 20)), metrics)


def test_summary_names_the_minutes_that_are_unknown(profile):
    held = describe_profile(profile)
    assert held.minutes == 10
    found = {row.metric: (row.minutes, row.fewest_sessions, row.unknown) for row in held.metrics}
    assert found == {
        "spread": (10, 6, ()),
        "realized": (4, 5, ((0, 1), (4, 5), (7, 7), (9, 9))),
        "activity": (0, 0, ((0, 9),)),
    }


def test_table_has_a_line_for_each_metric_and_tells_its_sessions(profile):
    lines = to_text(profile_table(describe_profile(profile))).splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["spread", "10", "6+", "-"],
        ["realized", "4", "5+", "0-1,", "4-5,", "7,", "9"],
        ["activity", "0", "-", "0-9"],
    ]
    assert lines[4] == "2 sessions of SPY, 2026-07-17 to 2026-07-20"


def test_profile_without_any_metric_has_no_minutes():
    held = describe_profile(Profile("SPY", (DATE,), {}))
    assert (held.minutes, held.metrics) == (0, ())
