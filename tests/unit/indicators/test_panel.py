import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from indicator_reference import reference
from market_series import CLOSE_NS, OPEN_NS, Moment, moments, snapshots
from series import NS

from autotrade_0dte.chain.snapshot import ChainSnapshot, Tape
from autotrade_0dte.indicators import fresh_memory
from autotrade_0dte.indicators.panel import IndicatorPanel
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.values import IndicatorValues

FIELDS = IndicatorValues.__struct_fields__

# Windows that a short series fills.
SHORT = IndicatorParams(
    bar_s=2,
    fast_bars=1,
    slow_bars=3,
    momentum_window_s=2,
    burst_window_s=3,
    volume_trailing_s=9,
    trend_window_s=6,
    return_s=0.5,
    realized_short_s=3,
    realized_long_s=8,
    min_returns=2,
    opening_range_s=8,
    opening_gap_s=3,
    skew_window_s=4,
)
USUAL = (50.0, math.nan, 0.0, 100.0)
STEADY = [Moment(NS, 0, 600.0 + 0.1 * math.sin(n), 100.0 + n % 7) for n in range(40)]


def run(chains: list[ChainSnapshot], params: IndicatorParams = SHORT) -> list[IndicatorValues]:
    panel = IndicatorPanel(
        params, open_ns=OPEN_NS, close_ns=CLOSE_NS, usual_volume_rate=np.array(USUAL)
    )
    return [panel.update(chain) for chain in chains]


def same(values: IndicatorValues, other: IndicatorValues) -> bool:
    return msgspec.json.encode(values) == msgspec.json.encode(other)


@settings(deadline=None)
@given(moments())
@example(STEADY)
@example([m._replace(lag=NS // 3) if n % 3 else m for n, m in enumerate(STEADY)])
def test_every_indicator_equals_its_slow_reference(series: list[Moment]) -> None:
    chains = snapshots(series)
    for n, values in enumerate(run(chains)):
        expected = reference(SHORT, OPEN_NS, CLOSE_NS, USUAL, chains[: n + 1])
        assert set(expected) == set(FIELDS)
        actual = msgspec.structs.asdict(values)
        for name in FIELDS:
            assert actual[name] == pytest.approx(expected[name], rel=1e-7, abs=1e-9, nan_ok=True), (
                f"{name} at {n}"
            )


def test_every_indicator_is_known_in_a_steady_session() -> None:
    values = msgspec.structs.asdict(run(snapshots(STEADY))[-1])
    assert [name for name in FIELDS if math.isnan(values[name])] == []


def test_no_indicator_but_those_of_one_snapshot_is_known_at_the_first() -> None:
    values = msgspec.structs.asdict(run(snapshots(STEADY[:1]))[0])
    known = {name for name in FIELDS if not math.isnan(values[name])}
    assert known == {
        "ts_event", "price_ns", "vwap", "vwap_distance", "iv_change_per_min", "gex_sign",
        "flip_distance", "call_wall", "put_wall",
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(moments(), moments(), st.data())
def test_no_indicator_looks_ahead(
    series: list[Moment], other: list[Moment], data: st.DataObject
) -> None:
    known = data.draw(st.integers(1, len(series)))
    now = run(snapshots(series[:known]))[-1]
    assert same(run(snapshots(series))[known - 1], now)
    assert same(run(snapshots(series[:known] + other))[known - 1], now)


@settings(deadline=None, max_examples=40)
@given(moments(), st.lists(st.integers(0, 5), min_size=40, max_size=40))
def test_repeated_snapshots_add_no_observation(series: list[Moment], times: list[int]) -> None:
    chains = snapshots(series)
    often = [chain for n, chain in enumerate(chains) for _ in range(1 + times[n])]
    last = np.cumsum([1 + k for k in times[: len(chains)]]) - 1
    repeated = run(often)
    for n, values in enumerate(run(chains)):
        assert same(repeated[last[n]], values)


def test_windows_go_on_while_nothing_trades() -> None:
    chains = snapshots([*STEADY, *[Moment(NS, None, 0.0, quote_lag=None)] * 10])
    values = run(chains)
    assert values[len(STEADY) - 1].volume_rate == pytest.approx(103, abs=3)
    assert values[len(STEADY) + 1].volume_rate == pytest.approx(35, abs=3)
    assert values[-1].volume_rate == 0.0
    for name in ("momentum", "slope", "acceleration", "realized_short", "realized_long"):
        assert math.isnan(getattr(values[-1], name)), name
    for name in ("price_ns", "ema_fast", "skew_change_per_min"):
        assert getattr(values[-1], name) == getattr(values[len(STEADY)], name), name


def test_print_older_than_the_newest_is_passed_over() -> None:
    values = run(snapshots([*STEADY, Moment(NS, 5 * NS, 700.0), Moment(NS, 0, 600.0)]))
    assert values[-2].price_ns == values[-3].price_ns
    assert all(abs(late.momentum) < 1e-2 for late in values[-2:])


def test_print_stamped_after_its_snapshot_counts_as_of_the_snapshot() -> None:
    ahead = run(snapshots([m._replace(lag=-NS // 2) for m in STEADY]))
    for values, expected in zip(ahead, run(snapshots(STEADY)), strict=True):
        assert same(values, expected)


@pytest.mark.parametrize("tape_ns", [0, OPEN_NS - 1, CLOSE_NS + 1])
def test_print_outside_the_session_is_not_looked_at(tape_ns: int) -> None:
    chain = snapshots([Moment(23_500 * NS, 0, 600.0)])[0]
    chain = msgspec.structs.replace(chain, tape=Tape(tape_ns))
    values = run([chain])[0]
    assert values.price_ns == 0
    assert math.isnan(values.vwap_distance)


def test_snapshot_older_than_the_one_before_raises() -> None:
    first, second = snapshots(STEADY[:2])
    with pytest.raises(ValueError, match=r"Expected a snapshot from \d+ ns on, was \d+"):
        run([second, first])


def test_price_that_never_moves_has_no_ratio_and_no_place_in_its_range() -> None:
    values = run(snapshots([moment._replace(price=600.0) for moment in STEADY]))[-1]
    assert (values.slope, values.realized_short, values.realized_long) == (0.0, 0.0, 0.0)
    assert (values.range_high, values.range_low) == (600.0, 600.0)
    assert math.isnan(values.realized_ratio)
    assert math.isnan(values.range_position)


def test_skew_is_as_old_as_the_newest_quote_of_the_chain() -> None:
    quotes = [Moment(2 * NS, 0, 600.0, skew=0.02), Moment(2 * NS, 0, 600.0, skew=0.02)]
    later = Moment(2 * NS, 0, 600.0, skew=0.03, quote_lag=NS)
    values = run(snapshots([*quotes, later]))[-1]
    assert values.skew_change_per_min == pytest.approx(0.01 / (3 / 60))


def test_feed_without_sizes_leaves_only_volume_unknown() -> None:
    chains = [
        msgspec.structs.replace(chain, tape=Tape(chain.tape.ts_event))
        for chain in snapshots(STEADY)
    ]
    values = msgspec.structs.asdict(run(chains)[-1])
    unknown = {name for name in FIELDS if math.isnan(values[name])}
    assert unknown == {"volume_rate", "volume_burst", "vwap", "vwap_distance"}


@pytest.mark.parametrize("is_late", [False, True])
def test_average_price_of_a_feed_that_began_after_the_open_is_unknown(is_late: bool) -> None:
    gap_ns = round(IndicatorParams().opening_gap_s * NS)
    first = snapshots([Moment(gap_ns + is_late, 0, 600.0)])[0]
    values = run([first], IndicatorParams())[0]
    assert math.isnan(values.vwap) is is_late
    assert math.isnan(values.vwap_distance) is is_late


def test_room_that_a_session_begins_with_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = run(snapshots(STEADY))
    monkeypatch.setattr(fresh_memory, "_FIRST_CAPACITY", 1)
    assert all(map(same, run(snapshots(STEADY)), usual))


def test_panels_share_nothing() -> None:
    before = run(snapshots(STEADY))
    assert all(map(same, run(snapshots(STEADY)), before))


def test_values_of_a_whole_session_do_not_drift() -> None:
    def price(n: int) -> float:
        return 600.0 * (1.0 + 0.2 * (n == 3_000)) + 0.01 * (n * 7 % 13)

    params = IndicatorParams()
    chains = snapshots([Moment(NS, 0, price(n), 1e6 / 3) for n in range(6_000)])
    values: Any = run(chains, params)[-1]
    expected = reference(params, OPEN_NS, CLOSE_NS, USUAL, chains[-1_000:])
    for name in ("slope", "acceleration", "realized_short", "realized_long", "volume_rate"):
        assert getattr(values, name) == pytest.approx(expected[name], rel=1e-8), name
