"""Which price settles, what is wrong with it, and how it is put before the engine."""

import datetime as dt
import math

import pytest
from nautilus_trader.model import AggressorSide, IndexPriceUpdate, TradeTick

from autotrade_0dte.config import SettlementRule, SimulationParams
from autotrade_0dte.data.session_data import SettlementPrice
from autotrade_0dte.instruments import equity, index
from autotrade_0dte.nodes.settlement import settled_at, settlement_print

NS = 1_000_000_000
EXPIRY_NS = 1_784_577_600 * NS
OFFICIAL = SettlementPrice("SPY", dt.date(2026, 7, 20), 60_012, "official close")
STRICT = SimulationParams()
LENIENT = SimulationParams(settlement=SettlementRule.LAST_PRINT, last_print_max_age_s=300)


@pytest.mark.parametrize("rule", [STRICT, LENIENT], ids=["official", "last_print"])
@pytest.mark.parametrize("last_print", [(0, math.nan), (EXPIRY_NS - NS, 600.5)])
def test_official_price_settles_whatever_was_printed(
    rule: SimulationParams, last_print: tuple[int, float]
) -> None:
    settled = settled_at(OFFICIAL, last_print, EXPIRY_NS, rule)
    assert (settled.price, settled.source, settled.fault) == (600.12, "official close", None)


@pytest.mark.parametrize("rule", [STRICT, LENIENT], ids=["official", "last_print"])
def test_neither_price_nor_print_is_a_fault_with_an_unknown_price(rule: SimulationParams) -> None:
    settled = settled_at(None, (0, math.nan), EXPIRY_NS, rule)
    assert math.isnan(settled.price)
    assert (settled.source, settled.fault) == ("none", "SETTLEMENT_NO_PRICE: prints=0")


@pytest.mark.parametrize(
    ("rule", "age_s", "fault"),
    [
        (STRICT, 0, "SETTLEMENT_NOT_OFFICIAL: age_s=0.0, price=600.5"),
        (STRICT, 301, "SETTLEMENT_NOT_OFFICIAL: age_s=301.0, price=600.5"),
        (LENIENT, 0, None),
        (LENIENT, 300, None),
        (LENIENT, 300.5, "SETTLEMENT_PRINT_TOO_OLD: age_s=300.5, price=600.5, max_age_s=300"),
    ],
)
def test_last_print_settles_only_when_allowed_and_not_too_old(
    rule: SimulationParams, age_s: float, fault: str | None
) -> None:
    settled = settled_at(None, (EXPIRY_NS - round(age_s * NS), 600.5), EXPIRY_NS, rule)
    assert (settled.price, settled.fault) == (600.5, fault)
    assert settled.source == f"last print {age_s:.0f} s before expiry"


def test_print_of_an_equity_is_a_trade_of_one_share_just_before_expiry() -> None:
    tick = settlement_print(OFFICIAL, equity("SPY"), EXPIRY_NS)
    assert isinstance(tick, TradeTick)
    assert str(tick.instrument_id) == "SPY.US"
    assert (str(tick.price), str(tick.size)) == ("600.12", "1")
    assert tick.aggressor_side == AggressorSide.NO_AGGRESSOR
    assert tick.ts_event == tick.ts_init == EXPIRY_NS - 1


def test_print_of_an_index_is_an_index_price_just_before_expiry() -> None:
    tick = settlement_print(OFFICIAL, index("SPX"), EXPIRY_NS)
    assert isinstance(tick, IndexPriceUpdate)
    assert str(tick.instrument_id) == "SPX.US"
    assert str(tick.value) == "600.12"
    assert tick.ts_event == tick.ts_init == EXPIRY_NS - 1
