"""The trigger of an episode on series of prints: what it measures, and what it refuses."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.signals.views import NOON_NS, NS, view

from autotrade_0dte.chain.snapshot import Tape
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.factors import sd_per_root_second
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_0dte.signals.trigger import Stance, Trigger, TriggerParams

CALM, L1, L2, L3 = Level
SPOT = 600.0


def seen(
    at_s: float,
    bps: float,
    level: Level = L2,
    before: Level | None = None,
    onset_s: float | None = 0.0,
    print_s: float | None = None,
) -> MarketView:
    """Return a view `at_s` seconds after an onset, `bps` basis points above 600."""
    now_ns = NOON_NS + round(at_s * NS)
    print_ns = now_ns if print_s is None else NOON_NS + round(print_s * NS)
    market = view(now_ns, tape=Tape(print_ns, 1e6, 6e8))
    chain = msgspec.structs.replace(market.chain, spot=SPOT * math.exp(bps * 1e-4))
    onset_ns = 0 if onset_s is None or level is CALM else NOON_NS + round(onset_s * NS)
    state = MarketState(
        now_ns, level, before=level if before is None else before, onset_ns=onset_ns
    )
    return MarketView(chain, market.indicators, state)


def calm_then(*views: MarketView, **params: Any) -> Trigger:
    """Return a trigger that has seen a minute of calm at 600 and then `views`."""
    trigger = Trigger(TriggerParams(**params))
    for at_s in range(-60, 0):
        trigger.update(seen(at_s, 0.0, CALM))
    for each in views:
        trigger.update(each)
    return trigger


def refused(trigger: Trigger, at_s: float) -> SignalRefusal | None:
    return trigger.refusal(NOON_NS + round(at_s * NS))[0]


JUMP = (seen(0, 20.0, L2, CALM), seen(1, 22.0))


# -- the move ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "direction"), [(1, 1), (-1, -1)])
def test_confirmed_move_of_an_episode_may_be_followed(sign: int, direction: int) -> None:
    trigger = calm_then(seen(0, sign * 20.0, L2, CALM), seen(1, sign * 22.0))
    assert refused(trigger, 1) is None
    assert trigger.direction == direction
    assert trigger.peak == pytest.approx(sign * 22e-4)


def test_move_is_measured_from_before_the_onset() -> None:
    trigger = Trigger(TriggerParams(reference_s=30.0))
    for at_s in range(-60, 0):  # rises a basis point a second
        trigger.update(seen(at_s, float(at_s), CALM))
    trigger.update(seen(0, 0.0, L2, CALM))
    assert trigger.move == pytest.approx(30e-4)


def test_print_before_the_window_stands_in_where_prints_are_sparse() -> None:
    trigger = Trigger(TriggerParams(reference_s=300.0))
    for at_s, bps in ((-600, -9.0), (-300, -3.0)):
        trigger.update(seen(at_s, bps, CALM))
    trigger.update(seen(0, 20.0, L2, CALM))
    assert trigger.move == pytest.approx(23e-4)


def test_size_of_a_move_is_told_in_deviations_of_a_random_walk() -> None:
    trigger = calm_then(seen(0, 20.0, L2, CALM), reference_s=30.0)
    deviation = sd_per_root_second(seen(0, 20.0)) * math.sqrt(30.0)
    assert trigger.peak_sd == pytest.approx(20e-4 / deviation)


def test_move_within_chance_gives_no_direction() -> None:
    small = 1e4 * 1.9 * sd_per_root_second(seen(0, 0.0)) * math.sqrt(30.0)
    views = seen(0, small, L2, CALM), seen(1, small)
    assert refused(calm_then(*views), 1) is SignalRefusal.NO_TRIGGER
    assert refused(calm_then(*views, min_move_sd=1.5), 1) is None


def test_move_mostly_given_back_is_not_followed() -> None:
    assert refused(calm_then(*JUMP, seen(2, 11.1)), 2) is None
    assert refused(calm_then(*JUMP, seen(2, 10.9)), 2) is SignalRefusal.NO_TRIGGER


def test_larger_move_the_other_way_turns_the_direction() -> None:
    trigger = calm_then(*JUMP, seen(2, -23.0), seen(3, -24.0))
    assert trigger.direction == -1
    assert refused(trigger, 3) is None


def test_fade_waits_for_a_part_to_be_given_back_and_goes_against_the_move() -> None:
    fade = {"stance": Stance.FADE, "retrace_fraction": 0.2, "keep_fraction": 0.5}
    assert refused(calm_then(*JUMP, **fade), 1) is SignalRefusal.NO_TRIGGER
    trigger = calm_then(*JUMP, seen(2, 17.0), seen(3, 17.0), **fade)
    assert refused(trigger, 3) is None
    assert trigger.direction == -1
    late = calm_then(*JUMP, seen(2, 10.0), seen(3, 10.0), **fade)
    assert refused(late, 3) is SignalRefusal.NO_TRIGGER


def test_without_a_price_before_the_onset_there_is_no_direction() -> None:
    trigger = Trigger(TriggerParams())
    trigger.update(seen(0, 20.0, L2, CALM))
    trigger.update(seen(1, 22.0))
    assert refused(trigger, 1) is SignalRefusal.NO_TRIGGER
    assert math.isnan(trigger.move)


def test_unknown_spot_is_passed_over() -> None:
    unknown = seen(2, math.nan)
    assert calm_then(*JUMP, unknown).figures == calm_then(*JUMP).figures


# -- confirmation -----------------------------------------------------------------------------


def test_one_print_confirms_nothing() -> None:
    trigger = calm_then(JUMP[0])
    assert refused(trigger, 0) is SignalRefusal.UNCONFIRMED
    assert refused(calm_then(JUMP[0], confirm_prints=1), 0) is None


def test_repeated_print_is_not_another_one() -> None:
    repeated = seen(1, 20.0, print_s=0)
    assert refused(calm_then(JUMP[0], repeated), 1) is SignalRefusal.UNCONFIRMED


def test_prints_must_agree_in_a_row() -> None:
    broken = seen(1, 2.0)
    assert refused(calm_then(JUMP[0], broken, seen(2, 21.0)), 2) is SignalRefusal.UNCONFIRMED


# -- window and levels ------------------------------------------------------------------------


@pytest.mark.parametrize(("at_s", "expected"), [(120, None), (121, SignalRefusal.ACT_WINDOW)])
def test_move_may_be_acted_on_for_a_while_after_the_rise_to_l2(
    at_s: float, expected: SignalRefusal | None
) -> None:
    assert refused(calm_then(*JUMP, act_window_s=120.0), at_s) is expected


def test_watching_at_l1_gives_no_reason_to_act() -> None:
    trigger = calm_then(seen(0, 20.0, L1, CALM), seen(1, 22.0, L1))
    assert refused(trigger, 1) is SignalRefusal.NO_TRIGGER
    trigger.update(seen(2, 23.0, L2, L1))
    assert refused(trigger, 2) is None
    assert trigger.move == pytest.approx(23e-4)  # from before L1


def test_move_is_measured_anew_where_l2_comes_long_after_l1() -> None:
    long_ago = [seen(at_s, 20.0, L1, CALM if at_s == 0 else L1) for at_s in range(300)]
    trigger = calm_then(*long_ago, seen(300, 20.5, L2, L1), seen(301, 20.5))
    assert trigger.move == pytest.approx(0.5e-4)
    assert refused(trigger, 301) is SignalRefusal.NO_TRIGGER


def test_further_rise_from_l2_to_l3_does_not_open_the_window_again() -> None:
    trigger = calm_then(*JUMP, seen(100, 30.0, L3, L2), act_window_s=120.0)
    assert refused(trigger, 121) is SignalRefusal.ACT_WINDOW


def test_new_rise_after_a_fall_to_l1_opens_it_again() -> None:
    back = seen(200, 20.0, L1, L2), seen(201, 20.0, L1)
    again = seen(300, 60.0, L2, L1), seen(301, 60.0)
    trigger = calm_then(*JUMP, *back, *again, act_window_s=120.0)
    assert refused(trigger, 301) is None


def test_calm_ends_an_episode_and_all_that_was_known_of_it() -> None:
    trigger = calm_then(*JUMP, seen(2, 22.0, CALM, L2))
    assert (trigger.onset_ns, trigger.direction, trigger.reached_ns) == (0, 0, 0)
    assert refused(trigger, 2) is SignalRefusal.NO_TRIGGER


def test_shares_that_leave_a_fade_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match="keep_fraction"):
        TriggerParams(keep_fraction=0.9, retrace_fraction=0.2)


# -- against the rules written out over the whole series --------------------------------------

steps = st.lists(
    st.tuples(st.sampled_from([1.0, 5.0, 45.0]), st.floats(-40, 40), st.sampled_from(Level)),
    min_size=1,
    max_size=40,
)


@given(steps, st.sampled_from(Stance))
def test_trigger_equals_its_rules_applied_to_the_whole_series(
    steps: list[tuple[float, float, Level]], stance: Stance
) -> None:
    params = TriggerParams(stance=stance)
    trigger = Trigger(params)
    at_s, before, onset_s = 0.0, CALM, None
    prints: list[tuple[float, float]] = []  # seconds, log price
    episode: list[tuple[float, float]] = []
    reference: tuple[float, float] | None = None
    reached_s: float | None = None
    for wait_s, bps, level in steps:
        at_s += wait_s
        begins = onset_s is None and level is not CALM
        onset_s = at_s if begins else onset_s if level is not CALM else None
        shown = seen(at_s, bps, level, before, onset_s)
        rises = before < L2 <= level
        rebased = rises and onset_s is not None and at_s > onset_s + params.reference_s
        if level is CALM or begins or rebased:
            episode, reference = [], None
            if level is not CALM and prints:
                old = [p for p in prints if p[0] <= at_s - params.reference_s]
                reference = old[-1] if old else prints[0]
                deviation = sd_per_root_second(shown)
        reached_s = at_s if rises else None if level is CALM or begins else reached_s
        trigger.update(shown)
        prints.append((at_s, bps * 1e-4))
        episode.append(prints[-1])
        before = level
        if reference is None:
            assert trigger.direction == 0
            continue
        moves = [(s, x - reference[1]) for s, x in episode]
        peak_s, peak = max(moves, key=lambda move: abs(round(move[1], 12)))
        size = abs(peak) / (deviation * math.sqrt(peak_s - reference[0]))
        kept = moves[-1][1] / peak if peak else 0.0
        if min(abs(size - params.min_move_sd), abs(kept - 0.5), abs(kept - 0.8)) < 1e-6:
            return  # on the edge of a rule, rounding decides
        way = int(math.copysign(1, peak)) if size >= params.min_move_sd and kept >= 0.5 else 0
        if stance is Stance.FADE:
            way = -way if kept <= 0.8 else 0
        assert trigger.move == pytest.approx(moves[-1][1], abs=1e-12)
        assert trigger.direction == way
        assert trigger.reached_ns == (0 if reached_s is None else NOON_NS + round(reached_s * NS))
