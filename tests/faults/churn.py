"""A strategy that trades all the time: what a fault hits is always something under way."""

from collections.abc import Callable, Generator, Iterable
from typing import Any, Self

import msgspec
from nautilus_trader.model import (
    ClientId,
    ClientOrderId,
    ExecAlgorithmId,
    InstrumentId,
    OptionContract,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
    TimeInForce,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession
from tiger_nt.link_data import LINK_DATA_TYPE

__all__ = ["Churn", "ChurnStrategy"]

_NS = 1_000_000_000
_STEP_NS = 20_000_000
_FIRST_NS = 3 * _NS
"""A run's books begin with its first snapshot, so nothing is done before."""
_PATIENCE_S = 1.5
_AWAY = 0.05
_CENTS_THROUGH = 0.10

type Hand = Generator[Callable[[], bool]]
"""A chain of orders: goes on when the condition it waits for holds."""


class Churn(Strategy):
    """Rests, changes and cancels small orders with one hand, buys and sells with the other.

    Each hand does one thing after the other, for as long as `trading` is set; then it finishes what
    it began, so that no order and no position is left.

    Parameters
    ----------
    options : iterable of InstrumentId
        By strike; two in the middle are traded. By default all that the engine knows.
    pause_s : float
        Between two steps of a hand, seconds: Tiger takes five orders a second, and 120 commands a
        minute from a paper account.
    desk : ExecAlgorithmId, optional
        Who gets the orders first.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("CHURN-001")))

    def __init__(
        self,
        options: Iterable[InstrumentId] = (),
        *,
        pause_s: float = 0.6,
        desk: ExecAlgorithmId | None = None,
    ) -> None:
        super().__init__(StrategyConfig(strategy_id=StrategyId("CHURN-001")))
        self.trading = True
        self.events: list[dict[str, str]] = []
        self.links: list[dict[str, Any]] = []
        self.rounds = 0
        self._options = list(options)
        self._pause_s = pause_s
        self._desk = desk
        self._hands: list[tuple[Hand, Callable[[], bool]] | None] = []

    @property
    def is_idle(self) -> bool:
        """Whether both hands have finished."""
        return not self.trading and all(hand is None for hand in self._hands)

    def on_start(self) -> None:
        options = self._options or self._known()
        middle = len(options) // 2
        self._chosen = options[middle - 1 : middle + 1]
        for option in self._chosen:
            self.subscribe_quotes(option)
        self.subscribe_data(LINK_DATA_TYPE, client_id=ClientId("TIGER"))
        self._hands = [None, None]
        self.clock.set_timer_ns("step", _STEP_NS, callback=self._step)

    def on_stop(self) -> None:
        self.clock.cancel_timer("step")

    def on_quote(self, quote: Any) -> None:
        """Nothing: the hands look into the cache."""

    def on_data(self, data: Any) -> None:
        link = data.data
        self.links.append({"state": str(link.state), "gap": link.gap_from_ns > 0})

    def on_order_event(self, event: Any) -> None:
        self.events.append(
            {
                "order": event.client_order_id.value,
                "type": type(event).__name__.removeprefix("Order"),
                "reason": str(getattr(event, "reason", "")),
            }
        )

    def _known(self) -> list[InstrumentId]:
        options = [each for each in self.cache.instruments() if isinstance(each, OptionContract)]
        return [each.id for each in sorted(options, key=lambda each: each.strike_price)]

    # -- Hands -----------------------------------------------------------------------------------

    def _step(self, _event: Any) -> None:
        begin = (self._rest, self._trade)
        for number, hand in enumerate(self._hands):
            if hand is None and self.trading:
                self._hands[number] = (begin[number](self._chosen[number]), lambda: True)
            elif hand is not None and hand[1]():
                try:
                    self._hands[number] = (hand[0], next(hand[0]))
                except StopIteration:
                    self._hands[number] = None
                    self.rounds += 1

    def _rest(self, option: InstrumentId) -> Hand:
        """Place an order far from the market, make it smaller and cheaper, cancel it."""
        name = self._submit(option, OrderSide.BUY, 3, 2 * _AWAY)
        yield self._is_settled(name)
        yield self._pause(1.0)
        if self.cache.order(name).is_open:
            self.modify_order(name, Quantity.from_int(2), Price(_AWAY, 2))
            yield self._is_settled(name)
        yield from self._end(name)
        yield self._pause(1.0)

    def _trade(self, option: InstrumentId) -> Hand:
        """Buy at the ask, sell at the bid until nothing is left."""
        yield lambda: self.cache.quote(option) is not None
        yield from self._take(option, OrderSide.BUY, 3)
        while held := self._held(option):
            yield self._pause(1.5)
            yield from self._take(option, OrderSide.SELL, held)
        yield self._pause(1.5)

    def _take(self, option: InstrumentId, side: OrderSide, quantity: int) -> Hand:
        quote = self.cache.quote(option)
        if side == OrderSide.BUY:
            limit = quote.ask_price.as_double() + _CENTS_THROUGH
        else:
            limit = max(quote.bid_price.as_double() - _CENTS_THROUGH, 0.01)
        name = self._submit(option, side, quantity, limit)
        yield self._or_after(lambda: self.cache.order(name).is_closed, _PATIENCE_S)
        yield from self._end(name)

    def _end(self, name: ClientOrderId) -> Hand:
        """Cancel an order until it is gone."""
        yield self._is_settled(name)
        while not self.cache.order(name).is_closed:
            self.cancel_order(name)
            yield self._is_settled(name)

    def _submit(
        self, option: InstrumentId, side: OrderSide, quantity: int, limit: float
    ) -> ClientOrderId:
        order = self.order_factory.limit(
            option,
            side,
            Quantity.from_int(quantity),
            Price(round(limit, 2), 2),
            time_in_force=TimeInForce.DAY,
            exec_algorithm_id=self._desk,
        )
        self.submit_order(order)
        return order.client_order_id

    def _held(self, option: InstrumentId) -> int:
        return sum(int(p.signed_qty) for p in self.cache.positions_open(instrument_id=option))

    def _is_settled(self, name: ClientOrderId) -> Callable[[], bool]:
        """Nothing is under way with the order: it is at work or over."""

        def is_settled() -> bool:
            order = self.cache.order(name)
            return order.is_closed or (order.is_open and not order.is_inflight)

        return is_settled

    def _pause(self, length: float) -> Callable[[], bool]:
        is_over = self._after(length * self._pause_s)
        return lambda: not self.trading or is_over()

    def _after(self, seconds: float) -> Callable[[], bool]:
        due_ns = self.clock.timestamp_ns() + round(seconds * _NS)
        return lambda: self.clock.timestamp_ns() >= due_ns

    def _or_after(self, condition: Callable[[], bool], seconds: float) -> Callable[[], bool]:
        is_due = self._after(seconds)
        return lambda: condition() or is_due()


class ChurnParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pause between two steps of a hand, and how long the hands go on, seconds."""

    pause_s: float
    trade_for_s: float


class ChurnStrategy(Churn):
    """The same on the system's own node, where every order goes through the desk."""

    Params = ChurnParams

    def __init__(self, session: TradingSession, params: ChurnParams) -> None:
        options = [InstrumentId.from_str(name) for name in session.instrument_ids]
        super().__init__(options, pause_s=params.pause_s, desk=DESK_ID)
        self._trade_for_s = params.trade_for_s

    def on_start(self) -> None:
        super().on_start()
        self.trading = False
        begin_ns = self.clock.timestamp_ns() + _FIRST_NS
        self.clock.set_time_alert_ns("begin", begin_ns, self._begin)
        end_ns = begin_ns + round(self._trade_for_s * _NS)
        self.clock.set_time_alert_ns("enough", end_ns, self._enough)

    def on_order_event(self, event: Any) -> None:
        """Keep nothing: the node's memory is watched."""

    def _begin(self, _event: Any) -> None:
        self.trading = True

    def _enough(self, _event: Any) -> None:
        self.trading = False
