"""How far apart data is said to be, for the cadences that sessions come in."""

import datetime as dt
import math

import msgspec
import numpy as np
import pytest

from autotrade_0dte.calendar import Session, session
from autotrade_0dte.chain.book import ChainParams
from autotrade_0dte.config import ConfigError, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.session_data import ChainData, UnderlyingTrades
from autotrade_0dte.data.spacing import DataSpacing, check_windows, spacing
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.params import DetectorParams

DATE = dt.date(2026, 7, 20)
HOURS = session(DATE)
CONTRACTS = 20
RNG = np.random.default_rng(11)


def write(catalog: Catalog, quote_s: list[np.ndarray], print_s: np.ndarray) -> None:
    """Write quotes of each contract, and prints, at these seconds from the open."""
    contract = np.repeat(np.arange(CONTRACTS), [len(times) for times in quote_s])
    seconds = np.concatenate(quote_s)
    order = np.argsort(seconds, kind="stable")
    n = len(order)
    chain = ChainData(
        root="SPY",
        session=DATE,
        strike_mills=600_000 + 1_000 * (np.arange(CONTRACTS) // 2),
        is_call=np.arange(CONTRACTS) % 2 == 0,
        contract=contract[order].astype(np.int32),
        ts_event=HOURS.open_ns + np.rint(1e9 * seconds[order]).astype(np.int64),
        bid=100 + np.arange(n) % 7,
        ask=110 + np.arange(n) % 5,
        bid_size=np.full(n, 5),
        ask_size=np.full(n, 5),
    )
    prints = HOURS.open_ns + np.rint(1e9 * print_s).astype(np.int64)
    ones = np.ones(len(prints), np.int64)
    with catalog.transaction("hand-made") as tx:
        tx.write(chain)
        tx.write(UnderlyingTrades("SPY", DATE, prints, 60_000 * ones, ones))


def measured(catalog: Catalog, quote_s: list[np.ndarray], print_s: np.ndarray) -> DataSpacing:
    write(catalog, quote_s, print_s)
    return spacing(catalog, catalog.session("SPY", DATE))


def repriced(every_s: float, *, late_s: float, changing: float, until_s: float = 7_200) -> list:
    """Return times of quotes sent on change only, up to `late_s` after the repricing."""
    grid = np.arange(0, until_s, every_s)
    return [
        (grid + RNG.uniform(0, late_s, len(grid)))[RNG.random(len(grid)) < changing]
        for _ in range(CONTRACTS)
    ]


@pytest.mark.parametrize("every_s", [1, 5, 60, 300])
@pytest.mark.parametrize("changing", [1.0, 0.3])
def test_spacing_of_a_chain_is_that_of_its_repricings(catalog, every_s, changing):
    quotes = repriced(every_s, late_s=0.2, changing=changing, until_s=every_s * 70)
    found = measured(catalog, quotes, np.arange(0, 7_200, 1.0))
    assert found == DataSpacing(underlying_s=1.0, chain_s=every_s)


def test_a_bars_open_and_close_are_one_print(catalog):
    start = np.arange(0, 7_200, 60.0)
    prints = np.sort(np.concatenate([start, start + 60 - 1e-9]))
    found = measured(catalog, [start + 60 - 1e-9] * CONTRACTS, prints)
    assert found == DataSpacing(underlying_s=60.0, chain_s=60.0)


def test_outages_do_not_stretch_the_spacing(catalog):
    few = np.array([365, 665, 965, 1_266, 1_565, 5_107, 15_372.0])
    assert measured(catalog, [few] * CONTRACTS, few) == DataSpacing(300.0, 300.0)


def test_cadence_that_drifts_by_seconds_is_told_by_two_digits(catalog):
    books = np.cumsum(np.tile([299, 301, 302, 301, 300], 12)).astype(float)
    assert measured(catalog, [books] * CONTRACTS, books) == DataSpacing(300.0, 300.0)


def test_spacing_of_what_comes_once_is_unknown(catalog):
    found = measured(catalog, [np.array([138.0])] * CONTRACTS, np.array([138.0]))
    assert math.isnan(found.underlying_s)
    assert math.isnan(found.chain_s)


def test_what_came_before_the_open_does_not_count(catalog):
    minutes = np.arange(0, 600, 60.0)
    prints = np.concatenate([np.arange(-500, 0, 0.25), minutes])
    assert measured(catalog, [minutes] * CONTRACTS, prints).underlying_s == 60.0


@pytest.mark.parametrize("interval_s", [1, 5])
def test_spacing_of_synthetic_sessions(catalog, interval_s):
    params = SyntheticParams(quotes=QuoteParams(strikes=10, interval_s=interval_s))
    generate(catalog, params, sessions=1, seed=150)
    [entry] = catalog.sessions()
    found = spacing(catalog, entry)
    assert found.chain_s == interval_s
    assert found.underlying_s == pytest.approx(1, abs=0.15)


def config(**windows: float) -> SystemConfig:
    spec = StrategySpec("scripted_strategy:ScriptedStrategy")
    return SystemConfig(
        name="windows", root="SPY", regular=spec, indicators=IndicatorParams(**windows)
    )


def test_window_shorter_than_the_spacing_is_refused_by_name_with_the_session(catalog):
    books = np.arange(0, 21_600, 300.0)
    write(catalog, [books] * CONTRACTS, books)
    expected = r"momentum_window_s: .* 300 s, was 10.*SPY on 2026-07-20"
    with pytest.raises(ConfigError, match=expected):
        check_windows(config(), catalog, catalog.session("SPY", DATE))


# Indicators that fit books of five minutes.
FIVE_MINUTES = {
    "bar_s": 300, "momentum_window_s": 600, "burst_window_s": 600, "volume_trailing_s": 3_600,
    "trend_window_s": 1_800, "return_s": 300, "realized_short_s": 1_800, "realized_long_s": 5_400,
    "opening_range_s": 1_800, "opening_gap_s": 600, "skew_window_s": 900,
}  # fmt: skip


@pytest.mark.parametrize(
    ("chain", "state", "message"),
    [
        (60, {}, r"^chain\.iv_change_window_s: Expected at least 300 s.*was 60 \(SPY on 2026"),
        (600, {}, r"^market_state\.change_window_s: Expected at least 300 s.*was 30"),
        (600, {"change_window_s": 600}, r"^market_state\.jump_window_s: .*300 s.*was 15"),
        (
            600,
            {"change_window_s": 600, "jump_window_s": 300, "jump_lag_s": 300},
            r"^market_state\.reference_s: Expected at least 6000 s.*was 3600",
        ),
    ],
)
def test_window_of_chain_or_state_shorter_than_the_spacing_is_refused_by_name(
    catalog, chain, state, message
):
    books = np.arange(0, 21_600, 300.0)
    write(catalog, [books] * CONTRACTS, books)
    given = msgspec.structs.replace(
        config(**FIVE_MINUTES),
        chain=ChainParams(iv_change_window_s=chain),
        market_state=DetectorParams(**state),
    )
    with pytest.raises(ConfigError, match=message):
        check_windows(given, catalog, catalog.session("SPY", DATE))


def test_windows_of_at_least_the_spacing_are_accepted(catalog):
    seconds = np.arange(0, 1_200, 1.0)
    write(catalog, [seconds] * CONTRACTS, seconds)
    check_windows(config(), catalog, catalog.session("SPY", DATE))


def test_hours_stored_with_a_session_are_its_hours(catalog, monkeypatch):
    monkeypatch.setattr("autotrade_0dte.calendar._known", {})
    sunday = dt.date(2026, 11, 22)
    hours = Session(sunday, HOURS.open_ns, HOURS.close_ns)
    ts = HOURS.open_ns + np.arange(0, 600, 2, dtype=np.int64) * 1_000_000_000
    n = np.full(len(ts), 5)
    chain = ChainData(
        "SPY", sunday, np.array([600_000]), np.array([True]), np.zeros(len(ts), np.int32),
        ts, n, n + 1, n, n, hours=hours,
    )  # fmt: skip
    with catalog.transaction("hand-made") as tx:
        tx.write(chain)
    found = spacing(catalog, catalog.session("SPY", sunday))
    assert found.chain_s == 2.0
    assert math.isnan(found.underlying_s)
