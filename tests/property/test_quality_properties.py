"""The quality watch against a plain reference that looks at the whole history each time."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.quality import (
    Breach,
    EndedParent,
    QualityCode,
    QualityFigures,
    QualityParams,
    QualityWatch,
    Recovery,
)

S = 1_000_000_000
PARAMS = QualityParams(
    window_parents=6, window_s=60, min_sample=2, cool_down_s=20,
    min_success_rate=0.5, recovered_success_rate=0.75,
    max_slippage=0.75, recovered_slippage=0.5, slippage_bound=1,
    max_reject_rate=0.25, recovered_reject_rate=0.1,
)  # fmt: skip

# Multiples of 1/8: sums are exact, so a figure on a limit is on it in both.
slippages = st.one_of(st.just(math.nan), st.integers(-16, 24).map(lambda n: n / 8))
parents = st.builds(
    lambda outcome, should, paid, rejected: (outcome, should, paid, rejected),
    st.sampled_from([o for o in Outcome if o is not Outcome.OPEN]),
    st.booleans(), slippages, st.booleans(),
)  # fmt: skip
steps = st.lists(
    st.tuples(st.sampled_from([0, 1, 5, 10, 20, 60]), st.one_of(st.none(), parents)),
    min_size=1,
    max_size=60,
)


class Reference:
    """Keeps everything, in fractions."""

    def __init__(self) -> None:
        self.history: list[EndedParent] = []
        self.since: dict[QualityCode, int] = {}

    def step(self, now_ns: int) -> list[tuple[str, QualityCode, int]]:
        window = [p for p in self.history[-6:] if now_ns - p.ts_event < 60 * S]
        success = self.mean([Fraction(p.outcome == "FILLED") for p in window if p.should_fill])
        paid = self.mean(
            [Fraction(max(-1.0, min(1.0, p.slippage))) for p in window if p.slippage == p.slippage]
        )
        rejects = self.mean([Fraction(p.rejected) for p in window])
        judged = {
            QualityCode.SUCCESS_RATE: (
                success is not None and success < Fraction(1, 2),
                success is None or success >= Fraction(3, 4),
            ),
            QualityCode.SLIPPAGE: (
                paid is not None and paid > Fraction(3, 4),
                paid is None or paid <= Fraction(1, 2),
            ),
            QualityCode.REJECTS: (
                rejects is not None and rejects > Fraction(1, 4),
                rejects is None or rejects <= Fraction(1, 10),
            ),
        }
        told: list[tuple[str, QualityCode, int]] = []
        for code, (bad, good) in judged.items():
            if code not in self.since and bad:
                self.since[code] = now_ns
                told.append(("breach", code, now_ns))
            elif code in self.since and good and now_ns >= self.since[code] + 20 * S:
                told.append(("recovery", code, self.since.pop(code)))
        return told

    @staticmethod
    def mean(values: list[Fraction]) -> Fraction | None:
        return sum(values, Fraction(0)) / len(values) if len(values) >= 2 else None


@given(steps)
def test_watch_tells_what_the_whole_history_says(
    sequence: list[tuple[int, tuple[Outcome, bool, float, bool] | None]],
) -> None:
    watch, reference, now_ns = QualityWatch(PARAMS), Reference(), 0
    for wait_s, facts in sequence:
        now_ns += wait_s * S
        if facts is None:
            changes = watch.on_time(now_ns)
        else:
            parent = EndedParent(now_ns, *facts)
            reference.history.append(parent)
            changes = watch.on_ended(parent)
        expected = reference.step(now_ns)
        kinds = {Breach: "breach", Recovery: "recovery"}
        assert [(kinds[type(c)], c.code, c.since_ns) for c in changes] == expected
        assert set(watch.breaches) == set(reference.since)
        assert all(isinstance(change.figures, QualityFigures) for change in changes)


@given(steps)
def test_breaches_and_recoveries_of_a_code_alternate_and_last_the_cool_down(
    sequence: list[tuple[int, tuple[Outcome, bool, float, bool] | None]],
) -> None:
    watch, now_ns = QualityWatch(PARAMS), 0
    last: dict[QualityCode, Breach | Recovery] = {}
    for wait_s, facts in sequence:
        now_ns += wait_s * S
        parent = None if facts is None else EndedParent(now_ns, *facts)
        changes = watch.on_time(now_ns) if parent is None else watch.on_ended(parent)
        for change in changes:
            before = last.get(change.code)
            if isinstance(change, Recovery):
                assert isinstance(before, Breach)
                assert change.since_ns == before.since_ns <= change.ts_event - 20 * S
            else:
                assert not isinstance(before, Breach)
            last[change.code] = change
