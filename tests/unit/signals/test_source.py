import math

from unit.signals.views import CLOSE_NS, NOON_NS, NS, OPEN_NS, WINDOWS, view

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.composer import RegimeWeights, SignalParams
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import FACTORS, SignalRefusal
from autotrade_0dte.signals.source import SignalSource
from autotrade_0dte.signals.standing import Standing


def source(**params):
    return SignalSource(
        SignalParams(**params),
        FilterParams(),
        indicators=WINDOWS,
        track="regular",
        open_ns=OPEN_NS,
        close_ns=CLOSE_NS,
    )


def test_signal_of_a_rising_market_may_be_acted_on():
    signal = source(validity_s=60.0, priority=3).update(view(), Standing())
    assert (signal.direction, signal.refusal, signal.figures) == (1, None, {})
    assert (signal.track, signal.ts_event, signal.onset_ns) == ("regular", NOON_NS, NOON_NS)
    assert signal.valid_until_ns == NOON_NS + 60 * NS
    assert signal.priority == 3
    assert signal.strength == signal.score > 0.5
    assert len(signal.readings) == len(FACTORS)


def test_signal_expires_by_its_onset_and_says_so():
    signals = source(validity_s=60.0)
    found = [signals.update(view(NOON_NS + s * NS), Standing()) for s in (0, 60, 61)]
    assert [each.refusal for each in found] == [None, None, SignalRefusal.EXPIRED]
    assert {each.valid_until_ns for each in found} == {NOON_NS + 60 * NS}


def test_signal_of_an_unknown_market_has_no_direction_and_no_validity():
    blank = dict.fromkeys(
        ["ema_gap", "momentum", "slope", "acceleration", "vwap_distance"], math.nan
    )
    signal = source().update(view(**blank), Standing())
    assert math.isnan(signal.score)
    assert (signal.direction, signal.onset_ns, signal.valid_until_ns) == (0, 0, 0)
    assert signal.refusal is SignalRefusal.WARM_UP


def test_level_of_the_state_weighs_the_factors():
    against = {"ema_gap": -1e-3, "vwap_distance": -1e-2, "slope": 0.0}
    calm, shock = (
        source().update(view(level=level, **against), Standing()).score
        for level in (Level.CALM, Level.L3)
    )
    flat = source(regime=RegimeWeights(l3=RegimeWeights().calm))
    assert calm < shock
    assert flat.update(view(level=Level.L3, **against), Standing()).score == calm


def test_standing_refuses_what_the_track_may_not_do():
    signal = source().update(view(), Standing(entries_allowed=False))
    assert signal.refusal is SignalRefusal.STATE
    assert signal.direction == 1
