"""Bars of the prints a symbol has had, against the plain definition."""

from hypothesis import given
from hypothesis import strategies as st
from tiger_simulator import row

from tiger_nt.simulator.board import KEPT_PRINTS, Bar, Quote

MINUTE_MS = 60_000

prints = st.lists(
    st.tuples(st.integers(0, 200 * MINUTE_MS), st.integers(1, 10_000), st.integers(1, 1_000)),
    max_size=60,
)


def quote_of(printed: list[tuple[int, int, int]]) -> Quote:
    quote = Quote("SPY")
    for time_ms, cents, size in printed:
        quote.update(row("SPY", last=cents / 100, last_size=size, ts_ns=time_ms * 10**6))
    return quote


@given(prints, st.sampled_from([1, 3, 5, 10, 15, 30, 60]))
def test_bars_hold_the_prints_of_their_time_and_no_others(
    printed: list[tuple[int, int, int]], minutes: int
) -> None:
    printed = sorted(printed, key=lambda each: each[0])
    width = minutes * MINUTE_MS
    wanted = []
    for start in range(0, 200 * MINUTE_MS + 1, width):
        inside = [each for each in printed if start <= each[0] < start + width]
        if inside:
            prices = [cents / 100 for _, cents, _ in inside]
            volume = sum(size for _, _, size in inside)
            extremes = max(prices), min(prices)
            wanted.append(Bar(start, prices[0], *extremes, prices[-1], volume))
    assert quote_of(printed).bars(minutes, 0, 1 << 60) == wanted


@given(prints, st.integers(0, 200 * MINUTE_MS), st.integers(0, 200 * MINUTE_MS))
def test_bars_start_within_the_time_asked_for(
    printed: list[tuple[int, int, int]], begin_ms: int, end_ms: int
) -> None:
    quote = quote_of(printed)
    wanted = [bar for bar in quote.bars(5, 0, 1 << 60) if begin_ms <= bar.time_ms < end_ms]
    assert quote.bars(5, begin_ms, end_ms) == wanted


def test_a_session_with_more_prints_than_are_kept_has_all_its_bars() -> None:
    spacing_ms = 1_000
    quote = quote_of([(k * spacing_ms, 100, 1) for k in range(KEPT_PRINTS + 600)])
    assert len(quote.prints) == KEPT_PRINTS
    bars = quote.bars(1, 0, 1 << 60)
    assert bars[0] == Bar(0, 1.0, 1.0, 1.0, 1.0, 60)
    assert sum(bar.volume for bar in bars) == KEPT_PRINTS + 600
