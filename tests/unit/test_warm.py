"""Compiled before a session is what a session runs: each kernel, for the types it is given."""

import math
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest

from autotrade_0dte.chain import book
from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.indicators import panel
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state import detector, watch
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.watch import MarketWatch
from autotrade_0dte.products import product

NS = 1_000_000_000
CLOSE_NS = 23_400 * NS


def watch_one_snapshot() -> None:
    """Take the snapshot of a small chain through book, indicators and detector."""
    strike = np.repeat(np.arange(95.0, 106.0), 2)
    is_call = np.tile(np.array([True, False]), 11)
    chain_book = OptionChainBook(strike, is_call, CLOSE_NS, ChainParams(), facts=product("SPY"))
    watch = MarketWatch(IndicatorParams(), DetectorParams(), open_ns=0, close_ns=CLOSE_NS)
    watch.update(chain_book.snapshot(NS, 100.0), math.nan, 0)


@pytest.mark.parametrize(
    ("warmed", "used", "name"),
    [
        (book, book, "reprice"),
        (watch, panel, "measure"),
        (watch, detector, "weigh"),
    ],
    ids=["reprice", "measure", "weigh"],
)
def test_kernel_of_a_snapshot_is_warmed_with_the_types_that_a_snapshot_has(
    warmed: Any, used: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = getattr(used, name)
    types: list[tuple[Any, ...]] = []

    def noted(*args: Any) -> Any:
        types.append(tuple(numba.typeof(arg) for arg in args))
        return kernel(*args)

    monkeypatch.setattr(used, name, noted)
    watch_one_snapshot()
    warmed.warm()
    in_session, in_warming = types
    assert in_warming == in_session
