"""The fill model in the engine: what orders get from quotes that pass, scenario by scenario."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import pytest
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import FixedFeeModel, StaticLatencyModel
from nautilus_trader.model import (
    AccountType,
    ClientOrderId,
    Money,
    OmsType,
    OrderFilled,
    OrderSide,
    Price,
    Quantity,
    QuoteTick,
    StrategyId,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.fill_model import ScenarioFillModel
from autotrade_0dte.chain.quote_columns import QuoteColumns
from autotrade_0dte.config import SimulationParams
from autotrade_0dte.execution.fills import (
    FillParams,
    FillScenario,
    OptimisticFills,
    PessimisticFills,
)
from autotrade_0dte.instruments import USD, VENUE, option_contract, option_symbol
from autotrade_0dte.nodes.shown_quotes import ColumnShownQuotes

CALL = option_contract(option_symbol("SPY260720C00600000"))
INDEX_CALL = option_contract(option_symbol("SPXW260720C06000000"))
NS = 1_000_000_000
START = CALL.expiration_ns - 3_600 * NS
SURE = PessimisticFills(missed=0.0)

type Sides = tuple[float, float, int, int]
type Act = Callable[[Any], None]
type Fills = list[tuple[int, str, int, float, str]]


class Actor(Strategy):
    """Does what the script says after the quote of each number."""

    def __new__(cls, *_args: Any) -> Self:
        config = StrategyConfig(strategy_id=StrategyId("Actor-001"))
        return super().__new__(cls, config)  # type: ignore[call-arg]  # stubs have __init__ only

    def __init__(self, contract: Any, script: dict[int, Act]) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("Actor-001")))
        self.contract = contract
        self.script = script
        self.fills: Fills = []

    def on_start(self) -> None:
        self.subscribe_quotes(self.contract.id)

    def on_quote(self, quote: Any) -> None:
        self.script.get((quote.ts_init - START) // NS, lambda _: None)(self)

    def on_order_filled(self, event: OrderFilled) -> None:
        second = (event.ts_event - START) // NS
        quantity, price = int(event.last_qty.as_double()), event.last_px.as_double()
        side, liquidity = event.order_side.name, event.liquidity_side.name
        self.fills.append((second, side, quantity, price, liquidity))


def limit(
    side: OrderSide, quantity: int, price: float, name: str = "O-1", tags: Sequence[str] = ()
) -> Act:
    def act(actor: Any) -> None:
        order = actor.order_factory.limit(
            actor.contract.id,
            side,
            Quantity.from_int(quantity),
            Price(price, 2),
            client_order_id=ClientOrderId(name),
            tags=list(tags) or None,
        )
        actor.submit_order(order)

    return act


def modified(price: float, name: str = "O-1") -> Act:
    return lambda actor: actor.modify_order(ClientOrderId(name), price=Price(price, 2))


def canceled(name: str = "O-1") -> Act:
    return lambda actor: actor.cancel_order(ClientOrderId(name))


def columns(quotes: Sequence[Sides]) -> QuoteColumns:
    times = np.array([START + second * NS for second in range(len(quotes))])
    return QuoteColumns(
        np.array([0, len(quotes)]), times, times, np.array(quotes, dtype=np.float64)
    )


def run(
    params: FillParams,
    quotes: Sequence[Sides],
    script: dict[int, Act],
    contract: Any = CALL,
    latency_ns: int = 0,
    told: Sequence[Sides] = (),
) -> Fills:
    """Run quotes of one a second; return each fill as second, side, quantity, price, liquidity."""
    actor = Actor(contract, script)
    shown = ColumnShownQuotes([str(contract.id)])
    shown.add(columns(told or quotes))

    def now_ns() -> int:
        return actor.clock.timestamp_ns()

    model = ScenarioFillModel(params, now_ns, shown)
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggerConfig(LogLevel.OFF), shutdown_on_error=True)
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(1_000_000, USD)],
        base_currency=USD,
        fee_model=FixedFeeModel(Money(0, USD)),
        fill_model=model,
        latency_model=StaticLatencyModel(latency_ns),
        liquidity_consumption=True,
    )
    engine.add_instrument(contract)
    engine.add_data(
        [
            QuoteTick(
                contract.id,
                Price(bid, 2),
                Price(ask, 2),
                Quantity.from_int(bid_size),
                Quantity.from_int(ask_size),
                START + second * NS,
                START + second * NS,
            )
            for second, (bid, ask, bid_size, ask_size) in enumerate(quotes)
        ]
    )
    engine.add_strategy(actor)
    engine.run()
    assert engine.iteration == len(quotes)
    engine.dispose()
    return actor.fills


STILL = [(2.00, 2.20, 10, 10)] * 40
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("params", "quantity", "bought", "sold"),
    [(OptimisticFills(), 5, 2.15, 2.05), (FillParams(), 5, 2.20, 2.00), (SURE, 5, 2.21, 1.99)],
)
def test_marketable_order_gets_the_price_of_its_scenario(
    params: FillParams, quantity: int, bought: float, sold: float
) -> None:
    assert run(params, STILL, {2: limit(BUY, 5, 2.30)}) == [(2, "BUY", quantity, bought, "TAKER")]
    assert run(params, STILL, {2: limit(SELL, 5, 1.90)}) == [(2, "SELL", quantity, sold, "TAKER")]


@pytest.mark.parametrize(("params", "first"), [(FillParams(), 10), (SURE, 5)])
def test_shown_size_is_given_once_until_the_quote_changes(params: FillParams, first: int) -> None:
    quotes = [*STILL[:10], *[(2.00, 2.20, 10, 8)] * 10]
    fills = run(params, quotes, {2: limit(BUY, 14, 2.30)})
    assert [(second, quantity) for second, _, quantity, *_ in fills] == [(2, first), (10, 4)]


def test_two_orders_share_what_one_quote_shows() -> None:
    fills = run(FillParams(), STILL, {2: limit(BUY, 7, 2.20), 3: limit(BUY, 7, 2.20, "O-2")})
    assert [quantity for _, _, quantity, *_ in fills] == [7, 3]


def test_order_inside_the_spread_waits_in_the_base_and_is_met_in_the_optimistic_scenario() -> None:
    script = {2: limit(BUY, 5, 2.10)}
    assert run(FillParams(), STILL, script) == []
    assert run(PessimisticFills(), STILL, script) == []
    [(second, side, quantity, price, liquidity)] = run(OptimisticFills(), STILL, script)
    assert 2 < second < 40
    assert (side, quantity, price, liquidity) == ("BUY", 5, 2.10, "MAKER")


def test_order_at_rest_is_filled_at_its_limit_when_the_quotes_come_through_it() -> None:
    quotes = [*STILL[:5], *[(2.00, 2.05, 10, 3)] * 3, *[(2.00, 2.04, 10, 20)] * 3]
    fills = run(FillParams(), quotes, {2: limit(BUY, 10, 2.10)})
    assert fills == [(5, "BUY", 3, 2.10, "MAKER"), (8, "BUY", 7, 2.10, "MAKER")]


def test_order_that_is_walked_to_the_touch_pays_the_touch_and_not_its_limit() -> None:
    fills = run(FillParams(), STILL, {2: limit(BUY, 5, 2.10), 6: modified(2.25)})
    assert fills == [(6, "BUY", 5, 2.20, "TAKER")]


def test_order_below_the_market_is_left_alone() -> None:
    assert run(OptimisticFills(), STILL, {2: limit(BUY, 5, 1.90)}) == []


def test_limit_at_the_touch_waits_where_fills_are_a_tick_beyond() -> None:
    [(second, side, quantity, price, _)] = run(SURE, STILL, {2: limit(BUY, 5, 2.20)})
    assert 2 < second < 40
    assert (side, quantity, price) == ("BUY", 5, 2.20)


def test_index_options_slip_by_their_own_tick() -> None:
    wide = [(3.00, 3.40, 10, 10)] * 5
    [(*_, price, _)] = run(SURE, wide, {2: limit(BUY, 5, 4.00)}, INDEX_CALL)
    assert price == 3.50


def test_command_reaches_the_market_after_its_latency_and_meets_the_quote_of_then() -> None:
    quotes = [*STILL[:4], *[(2.10, 2.30, 10, 10)] * 6]
    script = {2: limit(BUY, 5, 2.40)}
    [(second, _, _, price, _)] = run(FillParams(), quotes, script, latency_ns=NS * 3 // 2)
    assert (second, price) == (4, 2.30)


def test_latency_is_that_of_its_scenario() -> None:
    params = SimulationParams(latency_ms=140)
    latencies = [params.latency_ns(scenario) / 1_000_000 for scenario in FillScenario]
    assert latencies == [140, 140, 280]


def test_change_and_cancel_take_the_latency_too() -> None:
    late, script = NS * 3 // 2, {2: limit(BUY, 5, 2.10), 6: modified(2.25)}
    assert run(FillParams(), STILL, script, latency_ns=late) == [(8, "BUY", 5, 2.20, "TAKER")]
    comes = [*STILL[:7], *[(2.00, 2.10, 10, 10)] * 6]

    def filled(canceled_at: int) -> Fills:
        return run(
            FillParams(), comes, {2: limit(BUY, 5, 2.15), canceled_at: canceled()}, latency_ns=late
        )

    assert filled(canceled_at=6) == [(7, "BUY", 5, 2.15, "MAKER")]
    assert filled(canceled_at=4) == []


def test_order_meets_the_size_of_the_quote_that_comes_and_not_of_the_one_before() -> None:
    quotes = [*STILL[:5], *[(2.00, 2.10, 10, 2)] * 3]
    [(second, _, quantity, *_)] = run(FillParams(), quotes, {2: limit(BUY, 5, 2.15)})
    assert (second, quantity) == (5, 2)


@pytest.mark.parametrize("params", [OptimisticFills(), FillParams(), SURE])
def test_quote_without_a_bid_sells_to_nobody_and_is_bought_at_the_touch(params: FillParams) -> None:
    worthless = [(0.00, 0.05, 0, 10)] * 10
    assert run(params, worthless, {2: limit(SELL, 5, 0.01)}) == []
    [(*_, quantity, price, _)] = run(params, worthless, {2: limit(BUY, 5, 0.20)})
    assert (quantity, price) == (5, 0.06 if params is SURE else 0.05)


def test_each_side_gives_what_it_shows_down_to_one_contract() -> None:
    uneven = [(2.00, 2.20, 1, 7)] * 10
    assert run(FillParams(), uneven, {2: limit(SELL, 5, 1.90)})[:1] == [
        (2, "SELL", 1, 2.00, "TAKER")
    ]
    assert run(FillParams(), uneven, {2: limit(BUY, 9, 2.30)})[:1] == [(2, "BUY", 7, 2.20, "TAKER")]
    single = [(2.00, 2.20, 9, 1)] * 10
    assert run(FillParams(), single, {2: limit(BUY, 1, 2.30)}) == [(2, "BUY", 1, 2.20, "TAKER")]


def test_order_at_market_is_the_engine_s_business() -> None:
    def act(actor: Any) -> None:
        actor.submit_order(actor.order_factory.market(actor.contract.id, BUY, Quantity.from_int(5)))

    assert run(SURE, STILL, {2: act}) == [(2, "BUY", 5, 2.20, "TAKER")]


def test_luck_is_drawn_for_each_decision_and_not_for_the_order_s_name() -> None:
    narrow = [(2.00, 2.01, 10, 10)] * 5

    def paid(decision: int, name: str = "O-1") -> float:
        order = limit(BUY, 1, 2.05, name, [f"decided={decision}"])
        [(*_, price, _)] = run(OptimisticFills(), narrow, {2: order})
        return price

    paid_each = [paid(decision) for decision in range(12)]
    assert set(paid_each) == {2.00, 2.01}
    assert [paid(decision, "O-2") for decision in range(12)] == paid_each


def test_side_without_size_says_nothing_about_the_spread() -> None:
    one_sided = [(2.00, 2.20, 0, 10)] * 10
    [(*_, price, _)] = run(OptimisticFills(), one_sided, {2: limit(BUY, 5, 2.30)})
    assert price == 2.20


def test_nothing_is_filled_where_the_quote_shown_is_not_the_one_that_is_matched() -> None:
    other = [(2.00, 2.10, 10, 10)] * len(STILL)
    assert run(FillParams(), STILL, {2: limit(BUY, 5, 2.30)}, told=other) == []


def test_fill_does_not_depend_on_other_orders() -> None:
    tags = ["plan=P", "decided=1"]
    alone = run(OptimisticFills(), STILL, {2: limit(BUY, 1, 2.10, "O-7", tags)})
    among = run(
        OptimisticFills(),
        STILL,
        {1: limit(SELL, 1, 2.18, "O-1"), 2: limit(BUY, 1, 2.10, "O-9", tags)},
    )
    assert alone
    assert [fill for fill in among if fill[1] == "BUY"] == alone


def test_quotes_are_found_by_contract_and_time_across_pieces() -> None:
    other = option_contract(option_symbol("SPY260720P00600000"))
    shown = ColumnShownQuotes([str(CALL.id), str(other.id)])
    assert shown(CALL.id, 100) is None
    sides = np.array([[1.0, 1.1, 3, 4], [1.2, 1.3, 5, 6], [7.0, 7.1, 8, 9]])
    times = np.array([10, 20, 15])
    shown.add(QuoteColumns(np.array([0, 2, 3]), times, times, sides))
    assert shown(CALL.id, 9) is None
    assert shown(CALL.id, 10) == (1.0, 1.1, 3.0, 4.0)
    assert shown(CALL.id, 19) == (1.0, 1.1, 3.0, 4.0)
    assert shown(CALL.id, 20) == (1.2, 1.3, 5.0, 6.0)
    assert shown(other.id, 99) == (7.0, 7.1, 8.0, 9.0)
    assert shown(INDEX_CALL.id, 99) is None
    late = np.array([40])
    shown.add(QuoteColumns(np.array([0, 0, 1]), late, late, sides[:1]))
    assert shown(CALL.id, 50) == (1.2, 1.3, 5.0, 6.0)
    assert shown(other.id, 39) == (7.0, 7.1, 8.0, 9.0)
    assert shown(other.id, 40) == (1.0, 1.1, 3.0, 4.0)
