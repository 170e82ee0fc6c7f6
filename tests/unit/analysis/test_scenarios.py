"""The verdict over the fill scenarios, and the share of entries that was filled."""

from typing import Any

import pytest

from autotrade_0dte.analysis.scenarios import (
    FillVerdict,
    fill_ratio,
    fill_verdict,
    with_scenarios,
)
from autotrade_0dte.analysis.tables import PARENTS
from autotrade_0dte.execution.fills import FillScenario


def figures(net: float, *, trades: int = 3, clean: bool = True) -> dict[str, Any]:
    return {"net_pnl": net, "trades": trades, "clean": clean}


def told(*nets: float, **changes: Any) -> FillVerdict:
    return fill_verdict(
        {name: figures(net, **changes) for name, net in zip(FillScenario, nets, strict=True)}
    )


@pytest.mark.parametrize(
    ("nets", "verdict"),
    [
        ((30.0, 20.0, 1.0), FillVerdict.ROBUST),
        ((30.0, 20.0, -1.0), FillVerdict.FRAGILE),
        ((30.0, 20.0, 0.0), FillVerdict.FRAGILE),
        ((30.0, -2.0, -9.0), FillVerdict.OPTIMISTIC_ONLY),
        ((-1.0, -2.0, -9.0), FillVerdict.LOSS),
        ((-1.0, 2.0, -9.0), FillVerdict.CONTRADICTORY),
        ((5.0, -2.0, 9.0), FillVerdict.CONTRADICTORY),
    ],
)
def test_verdict_says_under_which_fills_a_profit_is_left(
    nets: tuple[float, ...], verdict: FillVerdict
) -> None:
    assert told(*nets) is verdict


def test_nothing_is_concluded_without_trades_or_with_a_scenario_missing_or_unclean() -> None:
    assert told(0.0, 0.0, 0.0, trades=0) is FillVerdict.NO_TRADES
    assert told(3.0, 2.0, 1.0, clean=False) is FillVerdict.UNKNOWN
    assert fill_verdict({"base": figures(10.0)}) is FillVerdict.UNKNOWN


def test_scenario_that_traded_nothing_earned_nothing() -> None:
    nothing = figures(0.0, trades=0)
    kind = {"optimistic": figures(5.0), "base": nothing, "pessimistic": nothing}
    assert fill_verdict(kind) is FillVerdict.OPTIMISTIC_ONLY
    assert fill_verdict(kind | {"base": figures(4.0)}) is FillVerdict.FRAGILE
    assert fill_verdict(kind | {"optimistic": figures(-5.0)}) is FillVerdict.LOSS
    assert told(0.0, 0.0, 0.0) is FillVerdict.LOSS


def test_fill_ratio_is_that_of_the_contracts_of_entries() -> None:
    rows = [("entry", 4, 4), ("entry", 6, 1), ("exit", 5, 5)]
    columns: dict[str, list[Any]] = {name: [None] * len(rows) for name in PARENTS.names}
    columns["purpose"], columns["quantity"], columns["filled"] = map(list, zip(*rows, strict=True))
    table = PARENTS.empty_table().from_pydict(columns)
    assert fill_ratio(table) == 0.5
    assert fill_ratio(PARENTS.empty_table()) is None


def test_unclean_scenario_makes_the_run_unclean_and_says_which() -> None:
    summary: dict[str, Any] = figures(1.0) | {"unclean_reasons": [], "elapsed_s": 2.0}
    summary |= dict.fromkeys(
        ("gross_pnl", "fees", "orders", "fills", "win_rate", "max_drawdown"), 0.0
    )
    summary |= {"winning_sessions": 1, "net_pnl_daily_ci95": None, "events": 100}
    harsh = summary | {"clean": False, "unclean_reasons": ["ORDER_OPEN: O-1"]}
    found = with_scenarios(
        summary, {"parents": PARENTS.empty_table()}, {FillScenario.PESSIMISTIC: harsh}
    )
    assert found["clean"] is False
    assert found["unclean_reasons"] == ["pessimistic: ORDER_OPEN: O-1"]
    assert list(found["scenarios"]) == ["base", "pessimistic"]
    assert found["events_per_second"] == 100.0
