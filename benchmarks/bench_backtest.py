"""The full system against the engine alone: the same session, a no-op strategy in place of ours."""

import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

DATE = dt.date(2026, 7, 31)
CONFIG = Path(__file__).parents[1] / "configs" / "demo.toml"
ROUNDS = 3


def generate(catalog: Path) -> int:
    """Write one synthetic session of 200 contracts, each quoted every second; return its quotes."""
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.synthetic.generate import SyntheticParams
    from autotrade_0dte.data.synthetic.generate import generate as write

    every_second = {"strikes": 100, "interval_s": 1, "refresh_fraction": 1.0}
    params = msgspec.convert({"quotes": every_second}, SyntheticParams)
    write(Catalog(catalog), params, sessions=1, seed=1, last=DATE)
    return Catalog(catalog).session("SPY", DATE).quotes


def measure(kind: str, catalog: Path) -> dict[str, Any]:
    """Run one session in a process of its own; return its events, seconds and peak memory."""
    command = [sys.executable, "-m", "benchmarks.bench_backtest", kind, str(catalog)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return measured


def run() -> dict[str, Any]:
    """Return the share of the engine's speed that is left, and time and memory of the session.

    Both kinds run the same data in turn, each in a process of its own; the time to read the data
    counts in neither rate.
    """
    with tempfile.TemporaryDirectory() as folder:
        quotes = generate(Path(folder))
        pairs = [
            {kind: measure(kind, Path(folder)) for kind in ("noop", "full")} for _ in range(ROUNDS)
        ]
    pairs.sort(key=_share)
    middle = pairs[ROUNDS // 2]
    return {
        "quotes": quotes,
        "share_of_engine": _share(middle),
        "share_of_engine_all": [_share(pair) for pair in pairs],
        "engine_noop_events_per_s": middle["noop"]["events_per_s"],
        "full_system_events_per_s": middle["full"]["events_per_s"],
        "big_session_s": middle["full"]["total_s"],
        "big_session_peak_gb": max(pair["full"]["peak_gb"] for pair in pairs),
    }


def _share(pair: dict[str, dict[str, Any]]) -> float:
    share: float = pair["full"]["events_per_s"] / pair["noop"]["events_per_s"]
    return share


class _Timed:
    """Adds up the time that reading the data takes, so that the engine's share stays alone."""

    def __init__(self, chunks: Callable[..., Iterator[Any]]) -> None:
        self.seconds = 0.0
        self._chunks = chunks

    def __call__(self, *args: Any) -> Iterator[Any]:
        chunks = self._chunks(*args)
        while True:
            started = time.perf_counter()
            chunk = next(chunks, None)
            self.seconds += time.perf_counter() - started
            if chunk is None:
                return
            yield chunk


def _run_full(catalog_path: Path) -> dict[str, Any]:
    from autotrade_0dte.calendar import session
    from autotrade_0dte.config import load_config
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.nodes import backtest
    from autotrade_0dte.warm import main as warm

    warm()
    catalog = Catalog(catalog_path)
    entry = catalog.session("SPY", DATE)
    timed = _Timed(catalog.chunks_with_quotes)
    catalog.chunks_with_quotes = timed  # type: ignore[method-assign]
    backtest.Catalog = lambda _: catalog  # type: ignore[assignment, misc]
    with tempfile.TemporaryDirectory() as folder:
        job = backtest.SessionJob(
            "bench", load_config(CONFIG), catalog_path, entry, session(DATE), Path(folder)
        )
        started = time.perf_counter()
        facts = backtest.run_session(job, lambda _: None)
        total = time.perf_counter() - started
    if facts.unclean_reasons:
        raise RuntimeError(f"Expected a clean run, was {facts.unclean_reasons}")
    return _figures(facts.events, total, timed.seconds)


def _run_noop(catalog_path: Path) -> dict[str, Any]:
    from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.common import CacheConfig, LoggerConfig, LogLevel
    from nautilus_trader.execution import PerContractFeeModel
    from nautilus_trader.model import AccountType, Money, OmsType, QuoteTick, StrategyId
    from nautilus_trader.trading import Strategy, StrategyConfig

    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.instruments import USD, VENUE

    catalog = Catalog(catalog_path)
    entry = catalog.session("SPY", DATE)
    instruments = catalog.instruments(entry)
    timed = _Timed(catalog.chunks)

    class Noop(Strategy):
        def on_start(self) -> None:
            for instrument in instruments:
                self.subscribe_quotes(instrument.id)

        def on_quote(self, quote: QuoteTick) -> None:
            pass

    started = time.perf_counter()
    logging = LoggerConfig(LogLevel.OFF, bypass_logging=True)
    # The same cache as the full system has, or the engine alone would be slower than it can be.
    cache = CacheConfig(tick_capacity=100)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, cache=cache))
    fee_model = PerContractFeeModel(Money(0.65, USD))
    balance = [Money(25_000, USD)]
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        balance,
        base_currency=USD,
        fee_model=fee_model,
        liquidity_consumption=True,
    )
    for instrument in instruments:
        engine.add_instrument(instrument)
    engine.add_strategy(Noop(StrategyConfig(strategy_id=StrategyId("Noop-001"))))
    for chunk in timed(entry):
        engine.add_data(chunk)
        engine.run(streaming=True)
        engine.clear_data()
    engine.end()
    events = engine.iteration
    engine.dispose()
    return _figures(events, time.perf_counter() - started, timed.seconds)


def _figures(events: int, total_s: float, read_s: float) -> dict[str, Any]:
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "events": events,
        "total_s": total_s,
        "read_s": read_s,
        "events_per_s": events / (total_s - read_s),
        "peak_gb": peak_kb / 1e6,
    }


def main() -> None:
    """Measure one kind in this process, or everything."""
    if len(sys.argv) == 3:
        runner = {"full": _run_full, "noop": _run_noop}[sys.argv[1]]
        figures = runner(Path(sys.argv[2]))
        sys.stdout.flush()
        os.write(1, (json.dumps(figures) + "\n").encode())
        return
    for name, value in run().items():
        print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
