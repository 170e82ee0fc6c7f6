"""A window shorter than the data's spacing ends a backtest before it begins."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

from patience import PATIENCE_S
from scripted_strategy import scripted
from small_market import write_session

from autotrade_0dte.config import config_toml
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.indicators.params import IndicatorParams

AUTOTRADE = Path(sys.executable).with_name("autotrade")
TESTS = Path(__file__).parents[1]


def test_default_momentum_on_five_minute_data_is_bad_input_that_names_the_session(tmp_path):
    config = scripted("SPY", indicators=IndicatorParams())
    (tmp_path / "system.toml").write_text(config_toml(config))
    catalog = Catalog(tmp_path / "catalog")
    for day in (20, 21):
        write_session(
            catalog,
            "SPY",
            dt.date(2026, 7, day),
            strikes=[600, 601],
            spot=600.4,
            settlement=600.0,
            every_s=300,
        )
    done = subprocess.run(
        [AUTOTRADE, "backtest", "system.toml", "--catalog", "catalog", "--runs", "runs"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    expected = "momentum_window_s: Expected at least the data's spacing of 300 s, was 10"
    assert expected in line
    assert line.startswith("autotrade: indicators.")
    assert line.endswith("(SPY on 2026-07-20)")
    assert not (tmp_path / "runs").exists()
