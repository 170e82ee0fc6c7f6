from typing import Any

import msgspec
import numpy as np
import pytest
from quoted_chain import NOW_NS, QuotedChain

from autotrade_0dte.chain.book import ChainParams
from autotrade_0dte.indicators.contracts import theta_per_hour
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.pricing.clock import ClockKind, years_to_expiry

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("clock", ClockKind)
def test_theta_per_hour_is_what_the_price_loses_in_a_short_time(
    clock: ClockKind,
) -> None:
    params = ChainParams(clock=clock)
    chain = QuotedChain(np.arange(595.0, 606.0), params=params).book.snapshot(NOW_NS, 600.0)
    minute = HOUR_NS // 60

    def price(at_ns: int) -> Any:
        years = years_to_expiry(at_ns, chain.expiry_ns, clock)
        return price_and_greeks(
            chain.iv, chain.forward, chain.strike, years, params.annual_rate, chain.is_call
        ).price

    lost = (price(NOW_NS - minute) - price(NOW_NS + minute)) * 30
    assert theta_per_hour(chain) == pytest.approx(lost, rel=1e-3, abs=1e-6)
    assert theta_per_hour(chain).max() > 0.05


def test_theta_per_hour_of_an_expired_chain_is_unknown() -> None:
    chain = QuotedChain([599.0, 600.0, 601.0]).book.snapshot(NOW_NS, 600.0)
    chain = msgspec.structs.replace(chain, ts_event=chain.expiry_ns)
    assert np.isnan(theta_per_hour(chain)).all()
