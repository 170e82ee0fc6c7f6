"""Stress sets at the set times of a session."""

import datetime as dt

import pytest
from quoted_chain import NOW_NS, QuotedChain

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.exposure import Line
from autotrade_0dte.risk.proposed_order import Contract
from autotrade_0dte.risk.set_stress import SetStress
from autotrade_0dte.risk.stress_params import Stress, StressParams

S = 1_000_000_000
MARKET = QuotedChain([590, 595, 600, 605, 610])
TIMES = NOW_NS + 10 * S, NOW_NS + 20 * S


def chain(at_s: int) -> ChainSnapshot:
    return MARKET.book.snapshot(NOW_NS + at_s * S, 600.0)


def line(held: int, *, row: int | None = None) -> Line:
    at = MARKET.row(600, is_call=True) if row is None else row
    return Line(Contract("C600", "SPY", dt.date(2026, 7, 17), True, 600.0, 100, at), held)


def looks(sets: SetStress, *seconds: int, lines: tuple[Line, ...] = (line(3),)) -> list[bool]:
    return [sets.look(chain(at_s), lines, 10_000.0) is not None for at_s in seconds]


def test_each_set_time_asks_once_at_the_first_view_from_it_on() -> None:
    sets = SetStress(StressParams(), TIMES)
    assert looks(sets, 5, 9, 12, 13, 20, 25) == [False, False, True, False, True, False]


def test_time_with_nothing_held_passes() -> None:
    sets = SetStress(StressParams(), TIMES)
    assert looks(sets, 5, 12, lines=()) == [False, False]
    assert looks(sets, 13) == [False]


def test_node_that_starts_late_makes_up_for_nothing() -> None:
    assert looks(SetStress(StressParams(), TIMES), 12, 13) == [False, False]


def test_contract_outside_the_chain_is_not_stressed() -> None:
    assert looks(SetStress(StressParams(), TIMES), 5, 12, lines=(line(1, row=-1),)) == [
        False, False,
    ]  # fmt: skip


def test_result_is_of_what_is_held_and_of_the_account() -> None:
    sets = SetStress(StressParams(), TIMES)
    looks(sets, 5)
    result = sets.look(chain(12), [line(3)], 10_000.0)
    assert result is not None
    assert result.ts_event == NOW_NS + 12 * S
    assert result.value_usd == pytest.approx(
        300 * float(chain(12).mid[MARKET.row(600, is_call=True)])
    )
    crush = next(loss for loss in result.losses if loss.stress is Stress.VOL_CRUSH)
    assert crush.equity_fraction == pytest.approx(crush.loss_usd / 10_000)
    assert 0 < crush.loss_usd < result.value_usd
