"""Time of each stage from a chain snapshot to the signals of both tracks: one synthetic session.

python -m benchmarks.bench_pipeline
"""

import datetime as dt
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

DATE = dt.date(2026, 7, 31)
CONFIG = Path(__file__).parents[1] / "configs" / "demo.toml"
BUDGET_US = 60.0
SNAPSHOTS = 7_200
_CHUNK = 200


def run(count: int = SNAPSHOTS) -> dict[str, Any]:
    """Return microseconds a snapshot of each stage: the median over chunks of 200 snapshots."""
    from autotrade_0dte.calendar import session
    from autotrade_0dte.config import load_config
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.replay import snapshots
    from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
    from autotrade_0dte.indicators.panel import IndicatorPanel
    from autotrade_0dte.market_state.actions import Track
    from autotrade_0dte.pipeline import market_watch
    from autotrade_0dte.signals.source import SignalSource
    from autotrade_0dte.signals.standing import Standing
    from autotrade_0dte.warm import main as warm

    warm()
    config = load_config(CONFIG)
    hours = session(DATE)
    with tempfile.TemporaryDirectory() as folder:
        every_second = {"strikes": 100, "interval_s": 1, "refresh_fraction": 1.0}
        params = msgspec.convert({"quotes": every_second}, SyntheticParams)
        catalog = Catalog(Path(folder))
        generate(catalog, params, sessions=1, seed=1, last=DATE)
        taken = [*islice(snapshots(catalog, catalog.session("SPY", DATE), config), count)]

    panel = IndicatorPanel(config.indicators, open_ns=hours.open_ns, close_ns=hours.close_ns)
    indicators = _median_us(taken, lambda item: panel.update(item[0]))
    watch = market_watch(config, hours.open_ns, hours.close_ns)
    watched = _median_us(taken, lambda item: watch.update(*item))
    watch = market_watch(config, hours.open_ns, hours.close_ns)
    views = [watch.update(*item) for item in taken]
    source = _source(SignalSource, config, hours, Track.REGULAR)
    standing = Standing(0, 0, 0, True, 0)
    signal = _median_us(views, lambda view: source.update(view, standing))
    total = watched + 2 * signal
    return {
        "snapshots": len(taken),
        "indicators_us": round(indicators, 2),
        "market_state_us": round(watched - indicators, 2),
        "signal_us": round(signal, 2),
        "both_tracks_us": round(total, 2),
        "budget_us": BUDGET_US,
    }


def _source(kind: Any, config: Any, hours: Any, track: Any) -> Any:
    from autotrade_0dte.config import strategy_of

    _, params = strategy_of(config, track)
    return kind(
        params.signal,
        params.filters,
        indicators=config.indicators,
        track=track,
        open_ns=hours.open_ns,
        close_ns=hours.close_ns,
    )


def _median_us(items: Sequence[Any], work: Callable[[Any], Any]) -> float:
    spent = []
    for start in range(0, len(items) - _CHUNK + 1, _CHUNK):
        chunk = items[start : start + _CHUNK]
        began = time.perf_counter_ns()
        for item in chunk:
            work(item)
        spent.append((time.perf_counter_ns() - began) / 1_000 / _CHUNK)
    return float(np.median(spent))


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
