"""A chain in which selection has something to offer, and ways to spoil one row of it."""

from typing import Any

import msgspec
import numpy as np
import pytest
from quoted_chain import NOW_NS, QuotedChain

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.selection.params import SelectionLimits


class SoundChain:
    """Strikes 590 to 610, forward 600, volatility 40 %, three hours left, spreads of two cents."""

    def __init__(self) -> None:
        strikes = np.arange(590.0, 611.0)
        quoted = QuotedChain(strikes, 0.40, half_spread=0.01, size=50.0)
        interest = np.full(quoted.strike.size, 500.0)
        self.row = quoted.row
        self.snapshot = msgspec.structs.replace(
            quoted.book.snapshot(NOW_NS, 600.0), open_interest=interest
        )

    def spoiled(self, row: int, **figures: float) -> ChainSnapshot:
        """Return the snapshot with other figures in one row."""
        columns: dict[str, Any] = {}
        for name, figure in figures.items():
            column = getattr(self.snapshot, name).copy()
            column[row] = figure
            columns[name] = column
        return msgspec.structs.replace(self.snapshot, **columns)


@pytest.fixture(scope="session")
def sound() -> SoundChain:
    return SoundChain()


@pytest.fixture
def limits() -> SelectionLimits:
    """Half an hour, fees of a single contract at Tiger, and a budget that never binds."""
    return SelectionLimits(budget_usd=10_000.0, fee_usd=6.4, hold_s=1_800.0)
