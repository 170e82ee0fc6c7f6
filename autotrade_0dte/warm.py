"""Compiles the numeric kernels into their cache: ``python -m autotrade_0dte.warm``."""

from autotrade_0dte.chain import book, quote_columns
from autotrade_0dte.data import decimals, raw_quotes
from autotrade_0dte.execution import fair_value
from autotrade_0dte.market_state import watch
from autotrade_0dte.pricing import black
from autotrade_0dte.risk import account_value, gate_greeks, scenarios, session_grid

__all__ = ["main"]


def main() -> None:
    """Compile everything that a run would otherwise compile when it first needs it."""
    black.warm()
    book.warm()
    quote_columns.warm()
    decimals.warm()
    raw_quotes.warm()
    fair_value.warm()
    watch.warm()
    gate_greeks.warm()
    scenarios.warm()
    session_grid.warm()
    account_value.warm()


if __name__ == "__main__":
    main()
