"""Call limits: rolling windows, by method and shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.simulator.limits import PAPER_ORDER_CAP, CallLimits, SharedCap

S = 10**9


def test_call_over_the_limit_is_refused_until_the_oldest_is_a_minute_old():
    limits = CallLimits({"positions": 2})
    assert limits.refusal("positions", 0) is None
    assert limits.refusal("positions", 5 * S) is None
    words = "current limiting interface:positions, up to 2 times per minute"
    assert limits.refusal("positions", 60 * S - 1) == words
    assert limits.refusal("positions", 60 * S) is None
    assert limits.refusal("positions", 60 * S) == words


def test_methods_are_counted_apart():
    limits = CallLimits({"positions": 1, "orders": 1})
    assert limits.refusal("positions", 0) is None
    assert limits.refusal("orders", 0) is None


@pytest.mark.parametrize(
    ("method", "calls"), [("place_order", 120), ("positions", 60), ("market_state", 10)]
)
def test_published_limits_hold_where_none_is_given(method: str, calls: int):
    limits = CallLimits()
    granted = sum(limits.refusal(method, k) is None for k in range(200))
    assert granted == calls


def test_shared_cap_counts_all_its_methods():
    limits = CallLimits({"place_order": 999, "cancel_order": 999}, (PAPER_ORDER_CAP,))
    for k in range(120):
        assert limits.refusal(("place_order", "cancel_order")[k % 2], k) is None
    assert limits.refusal("modify_order", 121) is not None
    assert limits.refusal("orders", 121) is None


def test_refusal_by_a_shared_cap_leaves_the_methods_own_window_alone():
    limits = CallLimits({"place_order": 2}, (SharedCap(frozenset({"place_order"}), 1, 1.0),))
    assert limits.refusal("place_order", 0) is None
    assert limits.refusal("place_order", 1) == (
        "current limiting interface:place_order, up to 1 times per 1 seconds"
    )
    assert limits.refusal("place_order", 2 * S) is None


@given(st.integers(1, 5), st.lists(st.integers(0, 40 * S), max_size=60))
def test_no_minute_ever_has_more_calls_than_the_limit(calls: int, gaps: list[int]):
    limits = CallLimits({"orders": calls})
    now, granted = 0, []
    for gap in gaps:
        now += gap
        if limits.refusal("orders", now) is None:
            granted.append(now)
        else:
            assert len([t for t in granted if t > now - 60 * S]) == calls
    for start in granted:
        assert len([t for t in granted if start <= t < start + 60 * S]) <= calls
