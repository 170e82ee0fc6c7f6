"""When the watch over the execution tightens the desk, and when it lets go."""

import math
from typing import Any

import msgspec
import pytest

from autotrade_0dte.execution.parent import Outcome, Purpose
from autotrade_0dte.execution.quality import (
    Breach,
    EndedParent,
    QualityCode,
    QualityParams,
    QualityWatch,
    Recovery,
)

S = 1_000_000_000
PARAMS = QualityParams(
    window_parents=8, window_s=1_000, min_sample=4, cool_down_s=100,
    min_success_rate=0.5, recovered_success_rate=0.75,
    max_slippage=0.75, recovered_slippage=0.5, slippage_bound=2,
    max_reject_rate=0.25, recovered_reject_rate=0.1,
)  # fmt: skip


def ended(at_s: int, outcome: Outcome = Outcome.FILLED, **changes: Any) -> EndedParent:
    usual = {"should_fill": True, "slippage": math.nan, "rejected": False}
    return EndedParent(at_s * S, outcome, **(usual | changes))


def fed(*parents: EndedParent, params: QualityParams = PARAMS) -> QualityWatch:
    watch = QualityWatch(params)
    for parent in parents:
        watch.on_ended(parent)
    return watch


def test_failures_below_the_least_success_rate_breach_with_their_figures() -> None:
    watch = fed(ended(1), ended(2, Outcome.GIVEN_UP), ended(3, Outcome.PARTLY_FILLED))
    [breach] = watch.on_ended(ended(4, Outcome.REJECTED))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.since_ns) == (QualityCode.SUCCESS_RATE, 4 * S)
    assert (breach.figures.success_rate, breach.figures.should_fill) == (0.25, 4)
    assert watch.on_ended(ended(5, Outcome.GIVEN_UP)) == []  # told once


def test_rate_at_its_limit_is_no_breach() -> None:
    watch = fed(ended(1), ended(2), ended(3, Outcome.GIVEN_UP), ended(4, Outcome.GIVEN_UP))
    assert watch.figures().success_rate == 0.5
    assert watch.breaches == ()


def test_slippage_and_rejects_at_their_limits_are_no_breach_and_at_recovery_over() -> None:
    watch = fed(*(ended(n, slippage=0.75, rejected=n == 1) for n in range(1, 5)))
    figures = watch.figures()
    assert (figures.mean_slippage, figures.reject_rate) == (0.75, 0.25)
    assert watch.breaches == ()
    watch = fed(
        *(ended(n, slippage=1.0, rejected=n > 2) for n in range(1, 5)),
        *(ended(5, slippage=0.0, rejected=False) for _ in range(4)),
        params=msgspec.structs.replace(PARAMS, recovered_reject_rate=0.25),
    )
    figures = watch.figures()
    assert (figures.mean_slippage, figures.reject_rate) == (0.5, 0.25)
    assert [change.code for change in watch.on_time(200 * S)] == [
        QualityCode.SLIPPAGE,
        QualityCode.REJECTS,
    ]


def test_breach_begins_when_the_good_ones_are_too_old() -> None:
    watch = fed(*(ended(1) for _ in range(4)), *(ended(900, Outcome.GIVEN_UP) for _ in range(4)))
    assert watch.breaches == ()
    assert watch.on_time(1_001 * S - 1) == []
    [breach] = watch.on_time(1_001 * S)
    assert (breach.code, breach.figures.success_rate) == (QualityCode.SUCCESS_RATE, 0.0)


def test_nothing_is_judged_below_the_least_sample() -> None:
    watch = fed(*(ended(n, Outcome.REJECTED, rejected=True, slippage=2.0) for n in range(3)))
    assert watch.breaches == ()
    assert math.isnan(watch.figures().success_rate)
    watch.on_ended(ended(4, Outcome.REJECTED, rejected=True, slippage=2.0))
    assert set(watch.breaches) == set(QualityCode)


def test_parents_that_need_not_fill_do_not_count_for_success() -> None:
    watch = fed(*(ended(n, Outcome.GIVEN_UP, should_fill=False) for n in range(6)))
    assert watch.figures().should_fill == 0
    assert watch.breaches == ()


def test_slippage_is_averaged_over_filled_parents_alone_and_each_is_bounded() -> None:
    watch = fed(ended(1, slippage=-9.0), ended(2, slippage=1.8), ended(3), ended(4, slippage=1.2))
    assert watch.on_ended(ended(5, slippage=2.0)) == []
    [breach] = watch.on_ended(ended(6, slippage=20.0))
    assert breach.code is QualityCode.SLIPPAGE
    assert breach.figures.mean_slippage == pytest.approx((-2.0 + 1.8 + 1.2 + 2.0 + 2.0) / 5)
    assert breach.figures.filled == 5


def test_breach_of_slippage_ends_at_the_touch_and_not_at_its_limit() -> None:
    watch = fed(*(ended(n, slippage=0.8) for n in range(1, 5)), *(ended(6, slippage=0.375),) * 2)
    assert watch.figures().mean_slippage == pytest.approx(0.6583, abs=1e-4)
    assert watch.on_time(500 * S) == []
    watch.on_ended(ended(501, slippage=0.0))
    [recovery] = watch.on_ended(ended(502, slippage=0.0))
    assert (recovery.code, recovery.figures.mean_slippage) == (
        QualityCode.SLIPPAGE,
        pytest.approx(0.49375),
    )


def test_rejects_count_over_all_parents() -> None:
    watch = fed(ended(1), ended(2), ended(3, rejected=True))
    assert watch.on_ended(ended(4, should_fill=False)) == []
    [breach] = watch.on_ended(ended(5, rejected=True))
    assert (breach.code, breach.figures.reject_rate) == (QualityCode.REJECTS, 0.4)


def test_breach_ends_when_the_cool_down_has_passed_and_the_stricter_limit_is_met() -> None:
    watch = fed(*(ended(n, Outcome.GIVEN_UP) for n in range(1, 5)))  # 0 of 4, breach at 4 s
    for n in range(5, 10):
        assert watch.on_ended(ended(n)) == []  # 5 of 8 at 9 s: above 0.5, below 0.75
    assert watch.on_time(200 * S) == []
    [recovery] = watch.on_ended(ended(201))
    assert isinstance(recovery, Recovery)
    assert (recovery.since_ns, recovery.ts_event) == (4 * S, 201 * S)
    assert recovery.figures.success_rate == 0.75
    assert watch.breaches == ()


def test_breach_does_not_end_before_the_cool_down() -> None:
    watch = fed(*(ended(n, Outcome.GIVEN_UP) for n in range(1, 5)), *(ended(5) for _ in range(8)))
    assert watch.figures().success_rate == 1.0
    assert watch.on_time(104 * S - 1) == []
    assert [change.code for change in watch.on_time(104 * S)] == [QualityCode.SUCCESS_RATE]


def test_breach_ends_when_its_parents_are_too_old_to_say_anything() -> None:
    watch = fed(*(ended(n, Outcome.GIVEN_UP) for n in range(1, 5)))
    assert watch.on_time(1_001 * S - 1) == []
    [recovery] = watch.on_time(1_001 * S)
    assert isinstance(recovery, Recovery)
    assert math.isnan(recovery.figures.success_rate)


def test_entries_are_tightened_while_a_breach_lasts_and_exits_never() -> None:
    watch = fed(*(ended(n, Outcome.GIVEN_UP) for n in range(1, 4)))
    assert not watch.tightens(Purpose.ENTRY)
    watch.on_ended(ended(4, Outcome.GIVEN_UP))
    tightened = {purpose: watch.tightens(purpose) for purpose in Purpose}
    assert tightened == {purpose: purpose is Purpose.ENTRY for purpose in Purpose}
    watch.on_time(2_000 * S)
    assert not watch.tightens(Purpose.ENTRY)


def test_parent_that_is_still_open_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected a parent that has ended, was OPEN"):
        ended(1, Outcome.OPEN)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_sample": 41}, "Expected min_sample of at most window_parents 40, was 41"),
        ({"min_success_rate": 0.95}, "Expected min_success_rate of at most recovered_success_rate"),
        ({"recovered_slippage": 0.8}, "Expected recovered_slippage of at most max_slippage 0.75"),
        ({"recovered_reject_rate": 0.2}, "Expected recovered_reject_rate of at most"),
    ],
)
def test_limits_in_the_wrong_order_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QualityParams(**changes)


def test_recovery_may_be_at_the_limit_itself() -> None:
    params = QualityParams(min_success_rate=0.9, recovered_slippage=0.75)
    assert params.recovered_success_rate == 0.9
