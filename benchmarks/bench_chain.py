"""What a chain snapshot and a quote update cost; the budget is a ratio to the pricing kernel."""

import json
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autotrade_0dte.chain.book import ChainParams, OptionChainBook, warm
from autotrade_0dte.chain.repricing import reprice
from autotrade_0dte.pricing.black import implied_vol_and_greeks, price_and_greeks
from autotrade_0dte.products import product

BUDGET_US = 150.0
BUDGET_CONTRACTS = 200
_HOUR_NS = 3_600_000_000_000
NOW_NS = 1_784_307_600_000_000_000
_RATE = 0.04


def run(rounds: int = 2_000) -> dict[str, Any]:
    """Return median microseconds by chain size and stage, and nanoseconds an update."""
    warm()
    result: dict[str, Any] = {"budget_us": BUDGET_US, "budget_contracts": BUDGET_CONTRACTS}
    for contracts in (50, 200, 400):
        book = quoted_book(contracts)
        result[f"snapshot_{contracts}_us"] = _stages(book, rounds)
    result["update_ns"] = _update_ns(quoted_book(BUDGET_CONTRACTS))
    spent = result[f"snapshot_{BUDGET_CONTRACTS}_us"]
    result["budget_ratio"] = round(spent["total"] / BUDGET_US, 3)
    result["ratio_to_pricing"] = round(spent["total"] / spent["pricing_alone"], 2)
    return result


def quoted_book(contracts: int, vol: float = 0.35) -> OptionChainBook:
    levels = 600.0 + np.arange(contracts // 2) - contracts // 4
    strike, is_call = np.repeat(levels, 2), np.tile([True, False], levels.size)
    interest = np.random.default_rng(1).integers(0, 5_000, contracts).astype(float)
    expiry_ns = NOW_NS + 3 * _HOUR_NS
    facts = product("SPY")
    book = OptionChainBook(strike, is_call, expiry_ns, ChainParams(), interest, facts=facts)
    price = price_and_greeks(vol, 600.2, strike, 3 / 8760, _RATE, is_call).price
    book.bid[:] = np.maximum(np.floor(price * 99) / 100, 0.0)
    book.ask[:] = np.ceil(price * 101 + 0.5) / 100
    book.bid_size[:] = book.ask_size[:] = 25.0
    book.ts_event[:] = NOW_NS - 500_000_000
    return book


def _stages(book: OptionChainBook, rounds: int) -> dict[str, float]:
    # The compiled pass is called as `OptionChainBook.snapshot` calls it, on the book's own arrays.
    taken = book.snapshot(NOW_NS, 600.0)
    levels, n = book._levels, book.strike.size
    columns, flags = np.empty((17, n)), np.empty((2, n), np.int8)
    is_call = levels >= taken.forward
    price = np.where(is_call, taken.mid[::2], taken.mid[1::2])

    def compiled() -> None:
        reprice(
            NOW_NS, taken.years, 600.0, book._settings,
            book.quotes, book.ts_event, book.open_interest, levels, book._log_levels,
            book._rows, book._pair_strike, book._pair_rows, columns, flags,
        )  # fmt: skip

    def pricing() -> None:
        implied_vol_and_greeks(price, taken.forward, levels, taken.years, _RATE, is_call)

    spent = {
        "total": median_us(lambda: book.snapshot(NOW_NS, 600.0), rounds),
        "compiled": median_us(compiled, rounds),
        "pricing_alone": median_us(pricing, rounds),
    }
    return {stage: round(us, 2) for stage, us in spent.items()}


def median_us(call: Callable[[], object], rounds: int) -> float:
    samples = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        call()
        samples.append(time.perf_counter_ns() - start)
    return statistics.median(samples) / 1_000


def _update_ns(book: OptionChainBook, updates: int = 200_000, repeats: int = 5) -> float:
    update = book.update
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter_ns()
        for row in range(updates):
            update(row % 200, 1.0, 1.1, 10.0, 12.0, NOW_NS)
        best = min(best, (time.perf_counter_ns() - start) / updates)
    return round(best, 1)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
