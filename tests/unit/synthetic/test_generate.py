import datetime as dt
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from autotrade_0dte.calendar import CalendarError, session
from autotrade_0dte.data.catalog import Catalog, CatalogConflictError
from autotrade_0dte.data.session_data import IndexPrices, UnderlyingTrades
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import (
    SyntheticParams,
    SyntheticSession,
    generate,
    generate_session,
)
from autotrade_0dte.data.synthetic.path import PathParams
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.data.synthetic.recipe import recipes

DATE = dt.date(2026, 7, 31)
SMALL = SyntheticParams(quotes=QuoteParams(strikes=6, interval_s=60))

_DIGEST = """
import datetime as dt, hashlib
from dataclasses import fields
import numpy as np
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate_session
made = generate_session(SyntheticParams(), dt.date(2026, 7, 31), 42)
digest = hashlib.sha256()
for item in (made.chain, made.underlying, made.vix, made.path):
    for field in fields(item):
        value = getattr(item, field.name)
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def default() -> SyntheticSession:
    return generate_session(SyntheticParams(), DATE, 1, DayKind.ORDINARY)


def test_two_processes_make_the_same_bits():
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_other_seeds_and_other_dates_make_other_sessions():
    made = [
        generate_session(SMALL, date, seed).path.spot[-1]
        for date in (DATE, dt.date(2026, 7, 30))
        for seed in (1, 2)
    ]
    assert len(set(made)) == 4


def test_settlement_is_the_last_price_of_the_path_and_of_the_closing_trade(default):
    assert default.settlement.symbol == "SPY"
    assert default.settlement.price_cents == round(100 * default.path.spot[-1])
    assert default.settlement.price_cents == default.underlying.price[-1]
    assert default.settlement.source == "synthetic"


def test_underlying_trades_once_a_second_within_a_cent_of_the_path(default):
    trades = default.underlying
    assert isinstance(trades, UnderlyingTrades)
    second = (trades.ts_event[:-1] - session(DATE).open_ns) // 10**9
    np.testing.assert_array_equal(second, np.arange(23_400))
    assert trades.ts_event[-1] == session(DATE).close_ns - 1
    assert np.ptp(trades.ts_event[:-1] % 10**9) > 0.9e9
    assert np.abs(trades.price[:-1] - 100 * default.path.spot[:-1]).max() <= 1


def test_volume_is_u_shaped_and_bursts():
    sizes = np.array(
        [
            generate_session(SMALL, DATE, seed, DayKind.ORDINARY).underlying.size[:-1]
            for seed in range(12)
        ]
    )
    assert sizes.mean() == pytest.approx(2_500, rel=0.15)
    opening, midday, closing = sizes[:, :900], sizes[:, 9_000:15_000], sizes[:, -900:]
    assert opening.mean() > 2 * midday.mean()
    assert closing.mean() > 2 * midday.mean()
    minutes = midday.reshape(12, -1, 60).sum(axis=2)
    assert (minutes.max(axis=1) > 2 * np.median(minutes, axis=1)).mean() > 0.5


def test_vix_moves_against_prices_and_stays_near_its_level(default):
    value = default.vix.value / 100
    assert default.vix.symbol == "VIX"
    assert len(value) == 23_400 // 15 + 1
    assert 8 < value.min() < value.max() < 40
    changes = np.diff(np.log(value[::20]))
    moves = np.diff(np.log(default.path.spot[::15][::20]))
    assert np.corrcoef(changes, moves)[0, 1] < -0.7


def test_vix_is_higher_in_a_more_volatile_session():
    low, high = (
        np.median([generate_session(SMALL, DATE, seed, kind).vix.value[0] for seed in range(6)])
        for kind in (DayKind.QUIET, DayKind.ORDINARY)
    )
    assert low < 0.8 * high


def test_half_day_ends_at_one_in_the_afternoon():
    date = dt.date(2025, 11, 28)
    half = session(date)
    made = generate_session(SMALL, date, 1)
    assert half.is_half_day
    assert len(made.path.spot) == 12_601
    assert half.close_ns - 61 * 10**9 < made.chain.ts_event[-1] < half.close_ns
    assert made.underlying.ts_event[-1] == half.close_ns - 1
    assert made.vix.ts_event[-1] <= half.close_ns


def test_half_day_moves_less_than_a_full_one():
    def implied(date: dt.date) -> float:
        made = [generate_session(SMALL, date, seed, DayKind.ORDINARY) for seed in range(8)]
        return float(np.mean([m.path.implied_variance[0] / m.path.day_level**2 for m in made]))

    ratio = implied(dt.date(2025, 11, 28)) / implied(DATE)
    assert ratio == pytest.approx(12_600 / 23_400, rel=0.15)


def test_cash_settled_root_has_index_values_instead_of_trades():
    params = SyntheticParams(
        root="SPXW",
        path=PathParams(spot_dollars=7_400),
        quotes=QuoteParams(strikes=6, strike_step_dollars=5, interval_s=60),
    )
    made = generate_session(params, DATE, 1, DayKind.ORDINARY)
    assert isinstance(made.underlying, IndexPrices)
    assert made.underlying.symbol == made.settlement.symbol == "SPX"
    assert made.underlying.value[-1] == made.settlement.price_cents
    assert made.chain.root == "SPXW"


def test_vix_does_not_depend_on_the_root():
    spx = SyntheticParams(root="SPXW", path=PathParams(spot_dollars=7_400), quotes=SMALL.quotes)
    vix = [generate_session(params, DATE, 3).vix.value for params in (SMALL, spx)]
    np.testing.assert_array_equal(*vix)


def test_a_closed_day_is_refused():
    with pytest.raises(CalendarError):
        generate_session(SMALL, dt.date(2026, 8, 1), 1)


def test_catalog_gets_the_last_sessions_marked_synthetic(tmp_path):
    catalog = Catalog(tmp_path)
    seen: list[tuple[int, dt.date]] = []
    generate(
        catalog,
        SMALL,
        sessions=3,
        seed=7,
        last=dt.date(2025, 12, 1),
        progress=lambda done, made: seen.append((done, made.recipe.session)),
    )
    entries = catalog.sessions("SPY")
    dates = [dt.date(2025, 11, 26), dt.date(2025, 11, 28), dt.date(2025, 12, 1)]
    assert [entry.date for entry in entries] == dates
    assert seen == list(enumerate(dates, start=1))
    assert all(entry.synthetic for entry in entries)
    assert all(entry.contracts == 12 for entry in entries)
    settlement = catalog.settlement("SPY", dates[0])
    assert settlement is not None
    assert settlement.source == "synthetic"
    assert len(catalog.open_interest(entries[0])) == 12


def test_catalog_keeps_the_label_of_the_day(tmp_path):
    catalog = Catalog(tmp_path)
    made = generate(catalog, SMALL, sessions=1, seed=7, kind=DayKind.FLASH_MOVE)
    (entry,) = catalog.sessions()
    (kept,) = recipes((*entry.sources, "SPY_2026-07-31.csv"))
    assert [kept] == made
    assert kept.kind is DayKind.FLASH_MOVE
    assert kept.label is not None
    assert session(DATE).open_ns < kept.label.start_ns < kept.label.end_ns


def test_a_session_does_not_depend_on_how_many_are_made(tmp_path):
    one, three = Catalog(tmp_path / "one"), Catalog(tmp_path / "three")
    generate(one, SMALL, sessions=1, seed=7)
    generate(three, SMALL, sessions=3, seed=7)
    assert one.sessions()[-1].fingerprint == three.sessions()[-1].fingerprint


def test_generating_again_changes_nothing_and_another_seed_conflicts(tmp_path):
    catalog = Catalog(tmp_path)
    generate(catalog, SMALL, sessions=1, seed=7)
    before = catalog.sessions()
    generate(catalog, SMALL, sessions=1, seed=7)
    assert catalog.sessions() == before
    with pytest.raises(CatalogConflictError):
        generate(catalog, SMALL, sessions=1, seed=8)
    assert catalog.sessions() == before
    generate(catalog, SMALL, sessions=1, seed=8, replace=True)
    assert catalog.sessions()[0].fingerprint != before[0].fingerprint


@pytest.mark.parametrize(("count", "text"), [(0, "at least 1 session"), (300, "was 253 from")])
def test_impossible_numbers_of_sessions_are_refused(tmp_path, count, text):
    with pytest.raises(ValueError, match=text):
        generate(Catalog(tmp_path), SMALL, sessions=count, seed=1, last=dt.date(2006, 1, 3))


def test_arrays_of_a_session_cannot_be_written(default):
    for item in (default.chain, default.underlying, default.vix):
        for field in fields(item):
            value = getattr(item, field.name)
            if isinstance(value, np.ndarray):
                assert not value.flags.writeable
