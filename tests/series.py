"""Irregular price series for hypothesis: gaps, prints at the same distance, equal prices."""

from hypothesis import strategies as st

__all__ = ["NS", "Series", "timed_prices"]

NS = 1_000_000_000

type Series = list[tuple[int, float]]


def timed_prices(
    *, start_s: int = 0, min_size: int = 1, max_size: int = 60
) -> st.SearchStrategy[Series]:
    """Prints at rising times, mostly seconds apart and sometimes nanoseconds or minutes."""
    step = st.one_of(
        st.integers(1, 20).map(lambda s: s * NS),
        st.integers(1, 5 * NS),
        st.sampled_from([1, 60 * NS, 300 * NS]),
    )
    price = st.one_of(st.floats(1.0, 1e4), st.sampled_from([600.0, 600.01, 601.0]))
    return st.lists(st.tuples(step, price), min_size=min_size, max_size=max_size).map(
        lambda steps: _timed(steps, start_s * NS)
    )


def _timed(steps: list[tuple[int, float]], now_ns: int) -> Series:
    series = []
    for step, price in steps:
        now_ns += step
        series.append((now_ns, price))
    return series
