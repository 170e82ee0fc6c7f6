"""Laws of fair values, and the compiled fit against a plain one, on chains with noisy quotes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from quoted_chain import EXPIRY_NS, QuotedChain

from autotrade_0dte.chain.quality import UNUSABLE, QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.fair_value import FairValues
from autotrade_0dte.pricing.black import price_and_greeks

STRIKES = np.arange(588.0, 613.0)
HOUR_NS = 3_600_000_000_000

chains = st.builds(
    lambda seed, vol, forward, hours: (seed, vol, forward, hours),
    st.integers(0, 2**32 - 1), st.floats(0.1, 0.6), st.floats(597.0, 603.0), st.floats(0.3, 6.4),
)  # fmt: skip


def snapshot_of(
    seed: int, vol: float, forward: float, hours: float
) -> tuple[QuotedChain, ChainSnapshot]:
    """A chain with a skew, quotes on ticks, and every sixth quote spoiled."""
    rng = np.random.default_rng(seed)
    now_ns = EXPIRY_NS - round(hours * HOUR_NS)
    chain = QuotedChain(STRIKES)
    x = np.log(STRIKES / forward)
    chain.quote(vol * np.sqrt(1 - 8 * x + 900 * x * x), forward, now_ns)
    for row, price in enumerate(chain.price.tolist()):
        off = rng.choice([0.0, 0.0, 0.0, 0.0, 0.0, 0.3]) * rng.standard_normal()
        half = rng.integers(0, 4) / 200
        bid = max(math.floor((price + off - half) * 100) / 100, 0.0)
        chain.book.update(row, bid, bid + 2 * half, 5.0, 5.0, now_ns)
    return chain, chain.book.snapshot(now_ns, forward)


@settings(deadline=None)
@given(chains)
def test_value_is_within_the_bounds_of_no_arbitrage(made: tuple[int, float, float, float]) -> None:
    chain, snapshot = snapshot_of(*made)
    fair, discount = FairValues(snapshot), math.exp(-0.04 * snapshot.years)
    for row in range(snapshot.strike.size):
        for move in (0.0, -5.0, 5.0):
            value = fair.at(row, snapshot.spot + move)
            forward, strike = snapshot.forward + move, float(chain.strike[row])
            if chain.is_call[row]:
                least, most = discount * max(forward - strike, 0.0), discount * forward
            else:
                least, most = discount * max(strike - forward, 0.0), discount * strike
            assert math.isnan(value) or least - 1e-9 <= value <= most + 1e-9


@settings(deadline=None)
@given(chains, st.floats(-4.0, 4.0), st.floats(0.0, 0.5))
def test_value_is_continuous_in_the_underlying_and_rises_with_it_for_calls_alone(
    made: tuple[int, float, float, float], move: float, further: float
) -> None:
    chain, snapshot = snapshot_of(*made)
    fair, spot = FairValues(snapshot), snapshot.spot + move
    for row in range(snapshot.strike.size):
        change = fair.at(row, spot + further) - fair.at(row, spot)
        if not math.isnan(change):
            signed = change if chain.is_call[row] else -change
            assert -1e-9 <= signed <= further + 1e-9


@settings(deadline=None)
@given(chains, st.floats(-4.0, 4.0))
def test_call_less_put_is_the_discounted_forward_less_the_strike(
    made: tuple[int, float, float, float], move: float
) -> None:
    chain, snapshot = snapshot_of(*made)
    fair, discount = FairValues(snapshot), math.exp(-0.04 * snapshot.years)
    for strike in STRIKES.tolist():
        call, put = (
            fair.at(chain.row(strike, is_call=right), snapshot.spot + move)
            for right in (True, False)
        )
        expected = discount * (snapshot.forward + move - strike)
        assert math.isnan(call) == math.isnan(put)
        assert math.isnan(call) or abs(call - put - expected) < 1e-8


@settings(deadline=None)
@given(chains)
def test_own_quote_changes_nothing_for_its_strike(made: tuple[int, float, float, float]) -> None:
    chain, snapshot = snapshot_of(*made)
    now_ns, forward = snapshot.ts_event, snapshot.forward
    before = FairValues(snapshot)
    out = np.flatnonzero(snapshot.is_call == (snapshot.strike >= forward))
    for row in out[:: max(1, out.size // 4)].tolist():
        kept = [column[row] for column in (chain.book.bid, chain.book.ask)]
        chain.book.bid[row], chain.book.ask[row] = kept[0] + 0.05, kept[1] + 0.05
        changed = chain.book.snapshot(now_ns, snapshot.spot)
        chain.book.bid[row], chain.book.ask[row] = kept
        if changed.forward == forward and changed.analytics.atm_iv == snapshot.analytics.atm_iv:
            assert FairValues(changed).at(row) == pytest.approx(
                before.at(row), abs=1e-9, nan_ok=True
            )


@settings(deadline=None)
@given(chains)
def test_compiled_fit_is_the_plain_one(made: tuple[int, float, float, float]) -> None:
    _, s = snapshot_of(*made)
    fair = FairValues(s)
    found = [fair.at(row) for row in range(s.strike.size)]
    volatility = plain_volatility(s)
    expected = price_and_greeks(volatility, s.forward, s.strike, s.years, 0.04, s.is_call).price
    np.testing.assert_allclose(found, expected, atol=1e-6)


def plain_volatility(s: ChainSnapshot) -> NDArray[np.float64]:
    """Return the smoothed volatilities by a library's least squares, strike by strike."""
    out = np.full(s.strike.size, np.nan)
    if s.forward_pairs == 0 or math.isnan(s.analytics.atm_iv):
        return out
    deviation = s.analytics.atm_iv * math.sqrt(s.years)
    unfit = int(UNUSABLE | QuoteFlag.NO_INFORMATION)
    good = ((s.quality & unfit) == 0) & (s.is_call == (s.strike >= s.forward)) & (s.vega > 0)
    x_all, y_all = np.log(s.strike[good] / s.forward), s.iv[good] ** 2
    half_spread = np.maximum((s.ask[good] - s.bid[good]) / 2, 0.005)
    u_all = half_spread / (s.vega[good] / (2 * np.maximum(s.iv[good], s.analytics.atm_iv)))
    for row, strike in enumerate(s.strike.tolist()):
        own = math.log(strike / s.forward)
        chosen: list[int] = []
        for side in (-1, 1):
            beside = [i for i in range(x_all.size) if side * (s.strike[good][i] - strike) > 0]
            beside.sort(key=lambda i: abs(x_all[i] - own))
            inside = [i for i in beside[:5] if abs(x_all[i] - own) <= 1.25 * deviation]
            taken = inside if len(inside) >= 2 else beside[:2]
            if len(taken) < 2 or abs(x_all[taken[-1]] - own) > 2.0 * deviation:
                break
            chosen += taken
        else:
            d, y, u = x_all[chosen] - own, y_all[chosen], u_all[chosen]
            near = (1 - (abs(d) / (1.25 * abs(d).max())) ** 3) ** 3
            weight = near / u**2
            for _ in range(4):
                fit = np.polynomial.Polynomial.fit(d, y, 2, w=np.sqrt(weight))
                weight = near / u**2 / (1 + ((y - fit(d)) / (2 * u)) ** 2) ** 2
            agreed = (abs(y - fit(d)) > 2 * u).sum() <= 1
            out[row] = math.sqrt(fit(0.0)) if agreed and fit(0.0) > 0 else math.nan
    return out
