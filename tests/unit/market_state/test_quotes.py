import math

import numpy as np
import pytest

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.market_state.quotes import near_quotes

NAN = math.nan
OK = 0
UNKNOWN = np.full(6, NAN)
STRIKE = [594.0, 598.0, 599.0, 600.0, 601.0, 606.0]


def read(
    bid: list[float], ask: list[float], age_s: list[float], flags: list[int] | None = None
) -> tuple[float, float, float, float]:
    """Read quotes of `STRIKE` within 1/300 of a forward of 600: 598 to 602."""
    columns = (np.array(column, float) for column in (STRIKE, bid, ask, age_s))
    quality = np.array(flags or [OK] * 6, np.int8)
    return near_quotes(600.0, 1 / 300, *columns, quality, UNKNOWN, UNKNOWN)[:4]


def test_only_quotes_near_the_money_are_read() -> None:
    spread, age_s, crossed, youngest_s = read(
        [9, 1.0, 1.0, 1.0, 1.0, 9], [99, 1.1, 1.2, 1.3, 1.4, 99], [0.1, 4, 2, 3, 1, 0.1]
    )
    assert spread == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4 / 600)
    assert (age_s, crossed, youngest_s) == (2.5, 0.0, 1.0)


def test_crossed_and_one_sided_quotes_have_no_width_but_are_seen() -> None:
    flags = [OK, QuoteFlag.CROSSED, QuoteFlag.ONE_SIDED, OK, OK, OK]
    spread, age_s, crossed, _ = read([0, 2, 0, 1, 1, 0], [1, 1, 1, 1.3, 1.3, 1], [1] * 6, flags)
    assert spread == pytest.approx(0.3 / 600)
    assert (age_s, crossed) == (1.0, 0.25)


def test_stale_quote_keeps_its_width() -> None:
    flags = [QuoteFlag.STALE] * 6
    spread, age_s, _, _ = read([1] * 6, [1.3] * 6, [90] * 6, flags)
    assert spread == pytest.approx(0.3 / 600)
    assert age_s == 90.0


def test_chain_that_nothing_is_known_of_is_unknown() -> None:
    spread, age_s, crossed, youngest_s = read([NAN] * 6, [NAN] * 6, [NAN] * 6)
    assert math.isnan(spread + age_s + crossed)
    assert youngest_s == math.inf


def test_unknown_forward_is_unknown() -> None:
    row = np.ones(6)
    flags = np.zeros(6, np.int8)
    found = near_quotes(NAN, 0.01, np.array(STRIKE), row, row, row, flags, row, row)
    assert math.isnan(found[0])
    assert found[3] == math.inf


def test_tick_noise_is_of_the_best_known_volatility_near_the_money() -> None:
    row = np.ones(6)
    iv = np.array([0.2, 0.2, NAN, 0.1, 0.2, 0.2])
    uncertainty = np.array([1e-6, 0.004, 1e-6, 0.004, 0.003, 1e-6])

    def noise(iv: np.ndarray) -> float:
        strike, flags = np.array(STRIKE), np.zeros(6, np.int8)
        return near_quotes(600.0, 1 / 300, strike, row, row, row, flags, iv, uncertainty)[4]

    assert noise(iv) == pytest.approx(0.015)
    assert math.isnan(noise(UNKNOWN))
