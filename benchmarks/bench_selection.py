"""What judging and ranking the contracts of a chain costs."""

import json
from typing import Any

from autotrade_0dte.chain.book import warm as warm_chain
from autotrade_0dte.risk.scenarios import warm as warm_scenarios
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams, ShortLeg
from autotrade_0dte.selection.ranking import Structure
from autotrade_0dte.selection.select import select
from benchmarks.bench_chain import NOW_NS, median_us, quoted_book

BUDGET_US = 200.0
CONTRACTS = 200
_LIMITS = SelectionLimits(budget_usd=500.0, fee_usd=6.4, hold_s=1_800.0)
_VERTICAL = Structure.DEBIT_VERTICAL
_CASES = {
    "single": SelectionParams(),
    "vertical_by_strikes": SelectionParams(structure=_VERTICAL),
    "vertical_by_delta": SelectionParams(structure=_VERTICAL, short_leg=ShortLeg.DELTA),
}


def run(rounds: int = 2_000) -> dict[str, Any]:
    """Return median microseconds by structure, and the share of the budget of the slowest."""
    warm_chain()
    warm_scenarios()
    chain = quoted_book(CONTRACTS).snapshot(NOW_NS, 600.0)
    result: dict[str, Any] = {"budget_us": BUDGET_US, "contracts": CONTRACTS}
    for name, params in _CASES.items():
        offered = select(chain, 1, params, _LIMITS).offered
        spent = median_us(lambda params=params: select(chain, 1, params, _LIMITS), rounds)
        result[name] = {"us": round(spent, 2), "offered": offered}
    slowest = max(result[name]["us"] for name in _CASES)
    result["slowest_us"] = slowest
    result["budget_ratio"] = round(slowest / BUDGET_US, 3)
    return result


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
