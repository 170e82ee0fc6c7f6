"""Where a backtest's book gets its quotes from changes nothing of what it decides."""

import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from quoted_session import run_in_pieces, run_polled
from short_sessions import write_short

from autotrade_0dte import calendar
from autotrade_0dte.config import StrategySpec, SystemConfig, load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.nodes.backtest import SessionJob

DEMO = Path(__file__).parents[2] / "configs" / "demo.toml"
PROMPT, LATE, INDEX = dt.date(2026, 7, 20), dt.date(2026, 7, 21), dt.date(2026, 7, 23)
TRADED = dt.date(2025, 11, 28)  # a half day, which takes half the time


@pytest.fixture(autouse=True)
def calendar_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "_known", {})


def job_of(config: SystemConfig, catalog: Catalog, date: dt.date, folder: Path) -> SessionJob:
    entry = catalog.session(config.root, date)
    return SessionJob("run", config, catalog.path, entry, entry.hours, folder)


@pytest.mark.parametrize(
    ("root", "date", "late"),
    [("SPY", PROMPT, {}), ("SPY", LATE, {"from_s": -100, "delay_s": 20}), ("SPXW", INDEX, {})],
    ids=["prompt", "known_late", "index"],
)
def test_columns_in_pieces_and_polled_cache_give_the_same_views(
    root: str, date: dt.date, late: dict[str, float], tmp_path: Path
) -> None:
    catalog = Catalog(tmp_path / "catalog")
    write_short(catalog, root, date, **late)
    published = []
    for name, run in (("polled", run_polled), ("pieces", run_in_pieces)):
        (tmp_path / name).mkdir()
        spec = StrategySpec("view_keeper:ViewKeeper", {"folder": str(tmp_path / name)})
        config = SystemConfig(name="kept", root=root, regular=spec)
        facts = run(job_of(config, catalog, date, tmp_path / name / "run"))
        assert facts.unclean_reasons == ()
        [kept] = (tmp_path / name).glob("*.pickle")
        published.append(pickle.loads(kept.read_bytes()))
    polled, pieces = published
    assert len(polled) == len(pieces) > 400
    for one, other in zip(polled, pieces, strict=True):
        assert_equal(one, other)


def assert_equal(one: Any, other: Any) -> None:
    """Compare structs field by field, an array with all its values; NaN equals NaN."""
    if isinstance(one, msgspec.Struct):
        for name in one.__struct_fields__:
            assert_equal(getattr(one, name), getattr(other, name))
    else:
        np.testing.assert_array_equal(one, other)


def test_columns_in_pieces_and_polled_cache_give_the_same_tables(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog")
    few = msgspec.convert({"quotes": {"strikes": 16}}, SyntheticParams)
    generate(catalog, few, sessions=1, seed=7, last=TRADED)
    config = load_config(DEMO)
    for name, run in (("polled", run_polled), ("pieces", run_in_pieces)):
        facts = run(job_of(config, catalog, TRADED, tmp_path / name))
        assert facts.unclean_reasons == ()
    rows = {}
    tables = sorted(path.stem for path in (tmp_path / "polled").glob("*.parquet"))
    assert tables == sorted(path.stem for path in (tmp_path / "pieces").glob("*.parquet"))
    for table in tables:
        polled, pieces = (
            pq.read_table(tmp_path / name / f"{table}.parquet") for name in ("polled", "pieces")
        )
        rows[table] = polled.num_rows
        assert str(polled.to_pydict()) == str(pieces.to_pydict()), table  # NaN equals NaN
    assert rows["states"] > 10_000
    assert min(rows["signals"], rows["decisions"], rows["fills"]) > 0
