"""A replay yields what the engine publishes, in all its figures."""

import datetime as dt
import pickle
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scripted_strategy import run

from autotrade_0dte.calendar import Session, session
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog, CatalogError
from autotrade_0dte.data.replay import replay, snapshots
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SettlementPrice,
    UnderlyingTrades,
)
from autotrade_0dte.data.ticks import index_ticks

NS = 1_000_000_000
STRIKES = (598, 599, 600, 601, 602)
LENGTH_S = 600
# Quotes and prints known as they are made; known later, and in another order than made; from
# before the open on; none in the first minute; of an index, which has no sizes.
DATES = {
    "prompt": dt.date(2026, 7, 20),
    "late": dt.date(2026, 7, 21),
    "early": dt.date(2026, 7, 22),
    "starts_late": dt.date(2026, 7, 23),
}
INDEX_DATE = dt.date(2026, 7, 24)


def write(catalog: Catalog, root: str, date: dt.date, from_s: float, delay_s: float) -> None:
    """Write ten minutes of random quotes with a silence of 45 s in the middle."""
    rng = np.random.default_rng(date.toordinal())
    open_ns = session(date).open_ns
    hours = Session(date, open_ns, open_ns + LENGTH_S * NS)

    def times(n: int) -> tuple[np.ndarray, np.ndarray]:
        seconds = rng.uniform(from_s, LENGTH_S - delay_s, n)
        # On the grid of snapshots as well as off it, several at one instant.
        seconds = np.where(rng.random(n) < 0.5, np.round(seconds), seconds)
        seconds = np.sort(seconds[(seconds < 300) | (seconds > 345)])
        known = np.sort(seconds + rng.uniform(0, delay_s, len(seconds)))
        return (open_ns + (NS * column).astype(np.int64) for column in (seconds, known))

    made, known = times(3_000)
    n = len(made)
    contract = rng.integers(0, 2 * len(STRIKES), n)
    strike, is_call = np.repeat(STRIKES, 2), np.tile([True, False], len(STRIKES))
    fair = np.maximum(np.where(is_call, 600.2 - strike, strike - 600.2), 0) + 1.1
    bid = np.round(100 * fair[contract]).astype(np.int64) + rng.integers(-3, 4, n)
    bid[rng.random(n) < 0.02] = 0
    chain = ChainData(
        root=root,
        session=date,
        strike_mills=1_000 * strike.astype(np.int64),
        is_call=is_call,
        contract=contract.astype(np.int32),
        ts_event=made,
        ts_init=known,
        bid=bid,
        ask=np.maximum(bid, 100) + rng.integers(1, 9, n),
        bid_size=np.where(bid > 0, rng.integers(1, 60, n), 0),
        ask_size=rng.integers(1, 60, n),
        open_interest=rng.integers(-1, 2_000, len(strike)),
        hours=hours,
    )
    made, known = times(300)
    cents = 60_020 + np.cumsum(rng.integers(-5, 6, len(made)))
    vix_made, vix_known = times(40)
    with catalog.transaction("hand-made") as tx:
        tx.write(chain)
        if root == "SPY":
            sizes = rng.integers(1, 900, len(made))
            tx.write(UnderlyingTrades("SPY", date, made, cents, sizes, ts_init=known))
        else:
            tx.write(IndexPrices("SPX", date, made, cents, ts_init=known))
        tx.write(IndexPrices("VIX", date, vix_made, 1_700 + np.arange(len(vix_made)), vix_known))
        underlying = "SPY" if root == "SPY" else "SPX"
        tx.write(SettlementPrice(underlying, date, int(cents[-1]), "made up"))


def config(root: str, folder: Path) -> SystemConfig:
    spec = StrategySpec("view_keeper:ViewKeeper", {"folder": str(folder)})
    return SystemConfig(name="kept", root=root, regular=spec)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a catalog and of what the engine published in its sessions."""
    folder: Path = tmp_path_factory.mktemp("replay")
    catalog = Catalog(folder / "catalog")
    write(catalog, "SPY", DATES["prompt"], 0, 0)
    write(catalog, "SPY", DATES["late"], 0, 20)
    write(catalog, "SPY", DATES["early"], -100, 0.3)
    write(catalog, "SPY", DATES["starts_late"], 60.4, 0)
    write(catalog, "SPXW", INDEX_DATE, 0, 0.5)
    for root in ("SPY", "SPXW"):
        outcome = run(config(root, folder), catalog.path, folder / "runs")
        assert outcome.summary["unclean_reasons"] == []
    return folder


@pytest.fixture(autouse=True)
def calendar_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrade_0dte.calendar._known", {})


def assert_equal(mine: Any, engines: Any, where: str = "view") -> None:
    """Compare structs field by field, an array with all its values; NaN equals NaN."""
    if isinstance(mine, msgspec.Struct):
        assert type(mine) is type(engines)
        for name in mine.__struct_fields__:
            assert_equal(getattr(mine, name), getattr(engines, name), f"{where}.{name}")
    else:
        np.testing.assert_array_equal(mine, engines, err_msg=where)


@pytest.mark.parametrize(
    ("root", "date"),
    [*(("SPY", date) for date in DATES.values()), ("SPXW", INDEX_DATE)],
    ids=[*DATES, "index"],
)
def test_replay_yields_the_views_of_the_engine(root: str, date: dt.date, folder: Path) -> None:
    catalog = Catalog(folder / "catalog")
    entry = catalog.session(root, date)
    engines: list[Any] = pickle.loads((folder / f"{session(date).open_ns}.pickle").read_bytes())
    mine = list(replay(catalog, entry, config(root, folder)))
    assert [view.chain.ts_event for view in mine] == [view.chain.ts_event for view in engines]
    assert 400 < len(mine) < LENGTH_S
    for view, other in zip(mine, engines, strict=True):
        assert_equal(view, other)
    assert np.isfinite([view.chain.analytics.atm_iv for view in mine]).mean() > 0.8
    assert np.isfinite([view.indicators.momentum for view in mine]).any()


def test_volatility_index_is_the_newest_that_was_known_at_the_snapshot(folder: Path) -> None:
    catalog = Catalog(folder / "catalog")
    entry = catalog.session("SPY", DATES["late"])
    vix = index_ticks(catalog, entry, "VIX")
    found = [
        (snapshot.ts_event, value, ns)
        for snapshot, value, ns in snapshots(catalog, entry, config("SPY", folder))
    ]
    for now_ns, value, ns in found:
        known = np.flatnonzero(vix.ts_init <= now_ns)
        expected = (
            (vix.values[0][known[-1]], vix.ts_event[known[-1]]) if known.size else (np.nan, 0)
        )
        np.testing.assert_array_equal((value, ns), expected)
    assert np.isnan(found[0][1])
    assert found[-1][1] == vix.values[0][-1]


def test_missing_file_is_told_by_name(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "catalog", tmp_path / "catalog")
    catalog = Catalog(tmp_path / "catalog")
    entry = catalog.session("SPY", DATES["prompt"])
    (path,) = (tmp_path / "catalog/data/trades/SPY.US").glob("2026-07-20*")
    path.unlink()
    with pytest.raises(CatalogError, match=r"file of SPY\.US, was missing.*2026-07-20"):
        next(snapshots(catalog, entry, config("SPY", folder)))
