import math

import msgspec
import pytest
from unit.signals.views import CLOSE_NS, NOON_NS, NS, OPEN_NS, view

from autotrade_0dte.chain.snapshot import NO_TAPE
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.composer import Opinion, SignalParams
from autotrade_0dte.signals.filters import FilterParams, Filters
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_0dte.signals.standing import Standing

NAN = math.nan
PARAMS = FilterParams(
    warm_up_s=900.0,
    last_entry_before_close_s=3_600.0,
    max_print_age_s=10.0,
    max_stale_share=0.5,
    max_spread_fraction=0.10,
    cool_down_s=300.0,
    loss_cool_down_s=900.0,
    max_trades=6,
)
SIGNAL = SignalParams(min_strength=0.5, min_agreement=0.7, validity_s=300.0)
FIT = Opinion(
    direction=1, score=0.8, strength=0.8, agreement=0.9, onset_ns=NOON_NS - NS, known_share=1.0
)
FREE = Standing()


def judge(market=None, standing=FREE, **opinion):
    filters = Filters(PARAMS, SIGNAL, open_ns=OPEN_NS, close_ns=CLOSE_NS)
    return filters.judge(market or view(), standing, msgspec.structs.replace(FIT, **opinion))


def at(seconds):
    ts_event = OPEN_NS + round(seconds * NS)
    return {"market": view(ts_event), "onset_ns": ts_event}


def seconds_ago(seconds):
    return NOON_NS - round(seconds * NS)


LAST_S = 23_400 - 3_600

REFUSED = {
    "before the open": (at(-1), "WARM_UP", {"elapsed_s": -1.0, "warm_up_s": 900.0}),
    "warm-up": (at(899), "WARM_UP", {"elapsed_s": 899.0, "warm_up_s": 900.0}),
    "warm-up of a late start": (
        {"standing": Standing(watching_since_ns=seconds_ago(899))},
        "WARM_UP",
        {"elapsed_s": 899.0, "warm_up_s": 900.0},
    ),
    "too little known": (
        {"score": NAN, "strength": 0.0, "direction": 0, "known_share": 0.4},
        "WARM_UP",
        {"known_share": 0.4, "min_known_share": 0.5},
    ),
    "window": (
        at(LAST_S),
        "OUTSIDE_WINDOW",
        {"left_s": 3_600.0, "last_entry_before_close_s": 3_600.0},
    ),
    "old print": (
        {"market": view(print_age_s=10.5)},
        "STALE_DATA",
        {"print_age_s": 10.5, "max_print_age_s": 10.0},
    ),
    "old quotes": (
        {"market": view(analytics={"stale_share": 0.51})},
        "STALE_DATA",
        {"stale_share": 0.51, "max_stale_share": 0.5},
    ),
    "state": (
        {"market": view(level=Level.L2), "standing": Standing(entries_allowed=False)},
        "STATE",
        {"level": 2.0},
    ),
    "weak": ({"strength": 0.49}, "WEAK", {"strength": 0.49, "min_strength": 0.5}),
    "no direction": ({"direction": 0}, "WEAK", {"strength": 0.8, "min_strength": 0.5}),
    "disagreement": (
        {"agreement": 0.69},
        "NO_AGREEMENT",
        {"agreement": 0.69, "min_agreement": 0.7},
    ),
    "spread": (
        {"market": view(analytics={"spread_quality": 0.11})},
        "WIDE_SPREAD",
        {"spread_fraction": 0.11, "max_spread_fraction": 0.10},
    ),
    "cool-down": (
        {"standing": Standing(last_entry_ns=seconds_ago(299))},
        "COOL_DOWN",
        {"since_entry_s": 299.0, "cool_down_s": 300.0},
    ),
    "loss": (
        {"standing": Standing(last_loss_ns=seconds_ago(899))},
        "LOSS_COOL_DOWN",
        {"since_loss_s": 899.0, "loss_cool_down_s": 900.0},
    ),
    "trades": (
        {"standing": Standing(trades=6)},
        "MAX_TRADES",
        {"trades": 6.0, "max_trades": 6.0},
    ),
    "conflict": (
        {"standing": Standing(barred_direction=1)},
        "TRACK_CONFLICT",
        {"barred_direction": 1.0},
    ),
    "expired": (
        {"onset_ns": seconds_ago(301)},
        "EXPIRED",
        {"age_s": 301.0, "validity_s": 300.0},
    ),
}

PASSED = {
    "fit": {},
    "end of the warm-up": at(900),
    "end of the window": at(LAST_S - 1),
    "print at its limit": {"market": view(print_age_s=10.0)},
    "quotes at their limit": {"market": view(analytics={"stale_share": 0.5})},
    "strength at its limit": {"strength": 0.5},
    "agreement at its limit": {"agreement": 0.7},
    "spread at its limit": {"market": view(analytics={"spread_quality": 0.10})},
    "after the cool-down": {"standing": Standing(last_entry_ns=seconds_ago(300))},
    "after a loss": {"standing": Standing(last_loss_ns=seconds_ago(900))},
    "one trade left": {"standing": Standing(trades=5)},
    "with the other track": {"standing": Standing(barred_direction=-1)},
    "at the end of its validity": {"onset_ns": seconds_ago(300)},
}


@pytest.mark.parametrize(("case", "code", "figures"), REFUSED.values(), ids=REFUSED)
def test_filter_refuses_and_names_what_it_judged_by(case, code, figures):
    assert judge(**case) == (SignalRefusal(code), figures)


@pytest.mark.parametrize("case", PASSED.values(), ids=PASSED)
def test_signal_at_the_edge_of_each_limit_may_be_acted_on(case):
    assert judge(**case) == (None, {})


def test_every_filter_has_a_case():
    assert {code for _, code, _ in REFUSED.values()} == {code for code, _, _ in ILLS}


@pytest.mark.parametrize(
    ("market", "code"),
    [
        (view(tape=NO_TAPE), SignalRefusal.STALE_DATA),
        (view(analytics={"stale_share": NAN}), SignalRefusal.STALE_DATA),
        (view(analytics={"spread_quality": NAN}), SignalRefusal.WIDE_SPREAD),
    ],
    ids=["no print", "no quotes", "no spread"],
)
def test_what_is_unknown_is_refused(market, code):
    refusal, figures = judge(market)
    assert refusal is code
    assert any(map(math.isnan, figures.values()))


ILLS = [
    ("WARM_UP", "opinion", {"score": NAN}),
    ("OUTSIDE_WINDOW", "market", {"ts_event": CLOSE_NS - NS}),
    ("STALE_DATA", "market", {"print_age_s": 60.0}),
    ("STATE", "standing", {"entries_allowed": False}),
    ("WEAK", "opinion", {"strength": 0.1}),
    ("NO_AGREEMENT", "opinion", {"agreement": 0.1}),
    ("WIDE_SPREAD", "market", {"analytics": {"spread_quality": 0.5}}),
    ("COOL_DOWN", "standing", {"last_entry_ns": NOON_NS}),
    ("LOSS_COOL_DOWN", "standing", {"last_loss_ns": NOON_NS}),
    ("MAX_TRADES", "standing", {"trades": 9}),
    ("TRACK_CONFLICT", "standing", {"barred_direction": 1}),
    ("EXPIRED", "opinion", {"onset_ns": OPEN_NS}),
]


@pytest.mark.parametrize("first", range(len(ILLS)), ids=[code for code, _, _ in ILLS])
def test_of_several_refusals_the_first_in_the_order_is_named(first):
    found = {"market": {}, "standing": {}, "opinion": {}}
    for _, part, ill in ILLS[first:]:
        found[part] |= ill
    refusal, _ = judge(view(**found["market"]), Standing(**found["standing"]), **found["opinion"])
    assert refusal == ILLS[first][0]


def test_time_to_enter_must_be_left_between_warm_up_and_last_entry():
    FilterParams(warm_up_s=11_700, last_entry_before_close_s=11_699)
    with pytest.raises(ValueError, match=r"leave time .* of 23400 s, was 11700 and 11700"):
        FilterParams(warm_up_s=11_700, last_entry_before_close_s=11_700)
