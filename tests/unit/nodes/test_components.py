"""The market of a session, its instants, and what a node adds to its engine."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.calendar import new_york_ns
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.instruments import OptionSymbol, Right, equity, index, option_contract
from autotrade_0dte.nodes.components import Market, assemble, trading_session
from autotrade_0dte.risk.expiry import ExpiryParams, ExpiryPolicy
from autotrade_strategies.regular import RegularStrategy

MONDAY = dt.date(2026, 7, 20)
HALF_DAY = dt.date(2026, 11, 27)
REGULAR = StrategySpec("autotrade_strategies.regular:RegularStrategy")


def contracts(root: str, date: dt.date, *strikes: int) -> list[Any]:
    """Return calls and puts in an order that is neither by strike nor by right."""
    symbols = [OptionSymbol(root, date, right, 1_000 * s) for right in Right for s in strikes]
    return [option_contract(symbol) for symbol in reversed(symbols)]


def config(root: str, **expiry: Any) -> SystemConfig:
    return SystemConfig(name="test", root=root, regular=REGULAR, expiry=ExpiryParams(**expiry))


def traded(root: str, date: dt.date, underlying: Any, **expiry: Any) -> TradingSession:
    market = Market.of([underlying, *contracts(root, date, 600, 595)], str(underlying.id.symbol))
    return trading_session(config(root, **expiry), date, market)


def names(market: Market) -> list[str]:
    return [str(contract.id.symbol) for contract in market.contracts]


def test_chain_is_sorted_by_strike_with_the_call_first() -> None:
    # By price and not by text: 1000 comes after 95.
    market = Market.of([*contracts("SPY", MONDAY, 1000, 95, 600), equity("SPY")], "SPY")
    assert names(market) == [
        f"SPY260720{right}{strike:05d}000" for strike in (95, 600, 1000) for right in "CP"
    ]


def test_underlying_is_found_and_other_instruments_kept_apart() -> None:
    spx, vix = index("SPX"), index("VIX")
    market = Market.of([vix, *contracts("SPXW", MONDAY, 6000), spx], "SPX")
    assert market.underlying is spx
    assert market.others == (vix,)


@pytest.mark.parametrize(
    ("others", "found"),
    [([index("VIX"), equity("QQQ")], "QQQ.US, VIX.US"), ([], "none")],
)
def test_missing_underlying_is_told_with_what_there_is(others: list[Any], found: str) -> None:
    with pytest.raises(ValueError, match=f"^Expected prices of the underlying SPY, was {found}$"):
        Market.of([*others, *contracts("SPY", MONDAY, 600)], "SPY")


def test_spy_session_has_its_exercise_test_and_flatten_deadline() -> None:
    session = traded("SPY", MONDAY, equity("SPY"))
    assert (session.root, session.underlying, session.multiplier) == ("SPY", "SPY", 100)
    assert session.instrument_ids[:2] == ("SPY260720C00595000.US", "SPY260720P00595000.US")
    assert session.open_ns == new_york_ns(MONDAY, dt.time(9, 30))
    assert session.close_ns == session.expiry_ns == new_york_ns(MONDAY, dt.time(16))
    assert session.flatten_ns == new_york_ns(MONDAY, dt.time(15, 45))
    assert session.exercise_test_ns == new_york_ns(MONDAY, dt.time(14))
    assert session.can_short_shares is False


def test_cash_settled_index_has_no_exercise_test() -> None:
    session = traded("SPXW", MONDAY, index("SPX"))
    assert session.underlying == "SPX"
    assert session.exercise_test_ns is None
    assert session.flatten_ns == new_york_ns(MONDAY, dt.time(15, 45))


def test_half_day_moves_every_instant_with_the_close() -> None:
    session = traded("SPY", HALF_DAY, equity("SPY"))
    assert session.close_ns == session.expiry_ns == new_york_ns(HALF_DAY, dt.time(13))
    assert session.flatten_ns == new_york_ns(HALF_DAY, dt.time(12, 45))
    assert session.exercise_test_ns == new_york_ns(HALF_DAY, dt.time(11))


def test_settle_policy_has_no_flatten_deadline_and_keeps_the_exercise_test() -> None:
    session = traded(
        "SPY", MONDAY, equity("SPY"), policy=ExpiryPolicy.SETTLE, can_short_shares=True
    )
    assert session.flatten_ns is None
    assert session.exercise_test_ns == new_york_ns(MONDAY, dt.time(14))
    assert session.can_short_shares is True


def test_exercise_test_can_be_left_out() -> None:
    assert traded("SPY", MONDAY, equity("SPY"), exercise_test=False).exercise_test_ns is None


def test_assembled_book_has_a_row_a_contract_with_its_open_interest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from autotrade_0dte import pipeline

    made: list[Any] = []

    class Book(pipeline.OptionChainBook):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            made.append(arguments)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(pipeline, "OptionChainBook", Book)
    system = config("SPY")
    market = Market.of([equity("SPY"), *contracts("SPY", MONDAY, 600, 595)], "SPY")
    trading = trading_session(system, MONDAY, market)
    interest = {"SPY260720P00595000": 12.0, "SPY260720C00600000": 7.0}
    assembled = assemble(system, trading, market, interest, has_volume=True)
    [(strike, is_call, expiry, chain, held)] = made
    assert strike.tolist() == [595.0, 595.0, 600.0, 600.0]
    assert is_call.tolist() == [True, False, True, False]
    assert (expiry, chain) == (trading.expiry_ns, system.chain)
    np.testing.assert_array_equal(held, [np.nan, 12.0, 7.0, np.nan])
    assert isinstance(assembled.strategies[0], RegularStrategy)
    assert assembled.strategies[0].session is trading
