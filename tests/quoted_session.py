"""A session run with its quotes from the engine's cache, or from columns cut into small pieces."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from unmeasured import unmeasured

from autotrade_0dte.analysis.summary import SessionFacts
from autotrade_0dte.nodes import backtest
from autotrade_0dte.nodes.backtest import SessionJob

PIECE_ROWS = 700


def run_polled(job: SessionJob) -> SessionFacts:
    """Run a session as a live node sees it: quotes are subscribed to and polled."""
    return _in_own_process(_polled, job)


def run_in_pieces(job: SessionJob) -> SessionFacts:
    """Run a session as backtests do, a few hundred rows at a time."""
    return _in_own_process(_in_pieces, job)


def _in_own_process(runner: Any, job: SessionJob) -> SessionFacts:
    job.folder.mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - unmeasured().keys():
            patch.delenv(name)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            facts: SessionFacts = pool.submit(runner, job).result()
    return facts


def _polled(job: SessionJob) -> SessionFacts:
    whole = backtest.assemble
    backtest.assemble = lambda *given, **named: whole(*given, **(named | {"quotes": None}))
    backtest.MarketActor.foresee = lambda *_: None  # type: ignore[method-assign]
    return backtest.run_session(job, lambda _: None)


def _in_pieces(job: SessionJob) -> SessionFacts:
    class Catalog(backtest.Catalog):
        def chunks_with_quotes(self, entry: Any, rows: int = PIECE_ROWS) -> Iterator[Any]:
            return super().chunks_with_quotes(entry, rows)

    backtest.Catalog = Catalog  # type: ignore[misc]
    return backtest.run_session(job, lambda _: None)
