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
from short_sessions import LENGTH_S, write_short

from autotrade_0dte import calendar
from autotrade_0dte.calendar import session
from autotrade_0dte.config import ConfigError, StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog, CatalogError
from autotrade_0dte.data.replay import replay, snapshots
from autotrade_0dte.data.ticks import index_ticks
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import Profile

# Quotes and prints known as they are made; from before the open on, known later and in another
# order than made; none in the first minute; of an index, which has no sizes.
DATES = {
    "prompt": dt.date(2026, 7, 20),
    "late": dt.date(2026, 7, 21),
    "starts_late": dt.date(2026, 7, 22),
}
INDEX_DATE = dt.date(2026, 7, 23)


def config(root: str, folder: Path) -> SystemConfig:
    spec = StrategySpec("view_keeper:ViewKeeper", {"folder": str(folder)})
    return SystemConfig(name="kept", root=root, regular=spec)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a catalog and of what the engine published in its sessions."""
    folder: Path = tmp_path_factory.mktemp("replay")
    # The hours that are stored with a session stay known to the process that stored them.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(calendar, "_known", {})
        catalog = Catalog(folder / "catalog")
        write_short(catalog, "SPY", DATES["prompt"])
        write_short(catalog, "SPY", DATES["late"], from_s=-100, delay_s=20)
        write_short(catalog, "SPY", DATES["starts_late"], from_s=60.4)
        write_short(catalog, "SPXW", INDEX_DATE, delay_s=0.5)
        for root in ("SPY", "SPXW"):
            outcome = run(config(root, folder), catalog.path, folder / "runs")
            assert outcome.summary["unclean_reasons"] == []
    return folder


@pytest.fixture(autouse=True)
def calendar_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "_known", {})


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


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_volatility_index_is_the_newest_known_at_the_snapshot(date: dt.date, folder: Path) -> None:
    catalog = Catalog(folder / "catalog")
    entry = catalog.session("SPY", date)
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
    assert found[-1][1] == vix.values[0][-1]


def test_profile_that_knows_the_session_is_refused(folder: Path) -> None:
    dates = tuple(DATES["prompt"] - dt.timedelta(days) for days in (7, 6, 5, 4, 0))
    knowing = msgspec.structs.replace(config("SPY", folder), profile=Profile("SPY", dates))
    catalog = Catalog(folder / "catalog")
    with pytest.raises(ConfigError, match="profile of sessions before 2026-07-20"):
        next(replay(catalog, catalog.session("SPY", DATES["prompt"]), knowing))
    next(replay(catalog, catalog.session("SPY", DATES["late"]), knowing))


def test_window_shorter_than_the_datas_spacing_is_refused(folder: Path) -> None:
    state = DetectorParams(jump_window_s=0.5)
    short = msgspec.structs.replace(config("SPY", folder), market_state=state)
    catalog = Catalog(folder / "catalog")
    with pytest.raises(ConfigError, match="jump_window_s: Expected at least"):
        next(replay(catalog, catalog.session("SPY", DATES["prompt"]), short))


def test_missing_file_is_told_by_name(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "catalog", tmp_path / "catalog")
    catalog = Catalog(tmp_path / "catalog")
    entry = catalog.session("SPY", DATES["prompt"])
    (path,) = (tmp_path / "catalog/data/trades/SPY.US").glob("2026-07-20*")
    path.unlink()
    with pytest.raises(CatalogError, match=r"file of SPY\.US, was missing.*2026-07-20"):
        next(snapshots(catalog, entry, config("SPY", folder)))
