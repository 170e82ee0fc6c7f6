"""Quote hygiene, by a table of quotes."""

import math

import numpy as np
import pytest

from autotrade_0dte.chain.quality import UNUSABLE, QuoteFlag, assess, usable_pairs

NOW = 1_000_000_000_000
CLEAN = QuoteFlag(0)
NAN = math.nan
INF = math.inf


def judged(bid: float, ask: float, ts_event: int = NOW) -> tuple[QuoteFlag, float, float]:
    quotes = np.array([[bid], [ask], [1.0], [1.0]])
    mid, age = np.empty(1), np.empty(1)
    flags = np.full(1, -1, np.int8)
    assess(quotes, np.array([ts_event]), NOW, 30.0, mid, age, flags)
    return QuoteFlag(int(flags[0])), float(mid[0]), float(age[0])


@pytest.mark.parametrize(
    ("bid", "ask", "flag", "mid"),
    [
        (1.00, 1.10, CLEAN, 1.05),
        (1.00, 1.00, QuoteFlag.LOCKED, 1.00),
        (1.10, 1.00, QuoteFlag.CROSSED, 1.05),
        (0.00, 0.01, QuoteFlag.ONE_SIDED, 0.005),
        (0.50, 0.00, QuoteFlag.ONE_SIDED, NAN),
        (0.00, 0.00, QuoteFlag.MISSING, NAN),
        (NAN, NAN, QuoteFlag.MISSING, NAN),
        (NAN, 1.00, QuoteFlag.MISSING, NAN),
        (1.00, NAN, QuoteFlag.MISSING, NAN),
        (-0.01, 1.00, QuoteFlag.MISSING, NAN),
        (1.00, -1.00, QuoteFlag.MISSING, NAN),
        (1.00, INF, QuoteFlag.MISSING, NAN),
        (INF, INF, QuoteFlag.MISSING, NAN),
    ],
)
def test_each_kind_of_quote_has_its_flag_and_mid(
    bid: float, ask: float, flag: QuoteFlag, mid: float
) -> None:
    found, value, age = judged(bid, ask)
    assert found == flag
    assert value == pytest.approx(mid, nan_ok=True)
    assert age == 0.0


@pytest.mark.parametrize(
    ("age_s", "flag"), [(29.999, CLEAN), (30.0, CLEAN), (30.001, QuoteFlag.STALE)]
)
def test_quote_is_stale_beyond_the_limit_and_not_at_it(age_s: float, flag: QuoteFlag) -> None:
    found, mid, age = judged(1.0, 1.1, NOW - round(age_s * 1e9))
    assert (found, mid) == (flag, 1.05)
    assert age == pytest.approx(age_s)


def test_stale_quote_keeps_its_other_flags() -> None:
    assert judged(1.1, 1.0, 1)[0] == QuoteFlag.STALE | QuoteFlag.CROSSED
    assert judged(0.0, 0.0, 1)[0] == QuoteFlag.STALE | QuoteFlag.MISSING


def test_row_never_quoted_is_missing_and_has_no_age() -> None:
    flag, mid, age = judged(1.0, 1.1, 0)
    assert flag == QuoteFlag.MISSING
    assert math.isnan(mid)
    assert math.isnan(age)


def test_quote_stamped_ahead_of_the_clock_has_age_zero() -> None:
    assert judged(1.0, 1.1, NOW + 5_000_000)[2] == 0.0


@pytest.mark.parametrize("flag", list(QuoteFlag))
def test_pair_counts_only_when_both_sides_are_usable(flag: QuoteFlag) -> None:
    quotes = np.array([[1.0, 2.0], [1.1, 2.1], [1.0, 1.0], [1.0, 1.0]])
    rows = np.array([[0], [1]])
    expected = [NAN] * 4 if flag in UNUSABLE else [1.0, 1.1, 2.0, 2.1]
    for spoiled in (0, 1):
        flags = np.zeros(2, np.int8)
        flags[spoiled] = flag
        np.testing.assert_array_equal(usable_pairs(quotes, flags, rows)[:, 0], expected)
