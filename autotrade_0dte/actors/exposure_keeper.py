"""Keeps the exposure that the gate judges by: from the events the desk sees, and from the cache."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId, InstrumentId, OrderFilled, OrderSide, StrategyId

from autotrade_0dte.actors.account import cash_and_buying_power
from autotrade_0dte.actors.order_tables import limit_price, tags_of
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.fees import order_fee
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.instruments import Right, SymbolError, option_symbol
from autotrade_0dte.products import product
from autotrade_0dte.risk.exposure import Exposure, HeldPosition
from autotrade_0dte.risk.proposed_order import Contract, Owner, ProposedOrder

__all__ = ["ExposureKeeper"]

_ADOPT_NS = 5_000_000_000
"""How often the cache is compared with: what is done in the broker's app is known after so long."""

_CASH_NS = 60_000_000_000
"""How often its cash is, which is dear: money that comes or goes otherwise, such as a fee of the
broker, is little. With a position of another's making it is asked for at once."""

_SETTLE_NS = 5_000_000_000
"""So long after a fill the broker's cash may be that of before it; the ledger's own is right."""


class ExposureKeeper:
    """Translates the engine's orders and events for the exposure, and adopts what the cache has.

    Between two adoptions the exposure is a ledger of its own: the engine's account copies its
    whole history each time that it is asked for its cash.

    Parameters
    ----------
    exposure : Exposure
        What is kept; others may read it.
    session : TradingSession
        The session and its contracts.
    tracks : mapping of str to str
        Track of each strategy, by the engine's id.
    """

    def __init__(
        self, exposure: Exposure, session: TradingSession, tracks: Mapping[str, str]
    ) -> None:
        self.exposure = exposure
        self._fees = session.fees
        self._tracks = tracks
        names = [InstrumentId.from_str(name) for name in session.instrument_ids]
        self._contracts = {name: _contract(name, row) for row, name in enumerate(names)}
        self._buy_fees: dict[tuple[str, int], float] = {}
        self._held: dict[tuple[StrategyId, InstrumentId], int] = {}
        self._strange: set[ClientOrderId] = set()
        self._is_off = True
        self._adopted_ns = self._counted_ns = self._filled_ns = 0

    def contract(self, instrument_id: InstrumentId) -> Contract | None:
        """Return the option of this id; None for anything else, such as shares."""
        if instrument_id not in self._contracts:
            self._contracts[instrument_id] = _contract(instrument_id, -1)
        return self._contracts[instrument_id]

    def proposed(
        self, order: Any, contract: Contract, tags: Mapping[str, str], replaces: str = ""
    ) -> ProposedOrder:
        """Return one of the engine's orders, with what is left of it, as the gate judges it."""
        quantity, strategy = int(order.leaves_qty.as_double()), str(order.strategy_id)
        is_buy, order_id = order.side == OrderSide.BUY, str(order.client_order_id)
        # An order of no plan is one of its own, so that plans are counted whoever sends it.
        plan_id = tags.get("plan") or tags.get("parent", order_id)
        return ProposedOrder(
            order_id=order_id,
            contract=contract,
            quantity=quantity if is_buy else -quantity,
            price=limit_price(order),
            # A sale's fee comes out of what it brings.
            fee_usd=self._buy_fee(contract.root, quantity) if is_buy else 0.0,
            owner=Owner(strategy, self._tracks.get(strategy, ""), plan_id),
            replaces=replaces,
            is_stop=getattr(order, "trigger_price", None) is not None,
            is_entry=tags.get("purpose") == Purpose.ENTRY,
        )

    # -- events ---------------------------------------------------------------------------------

    def filled(self, event: OrderFilled) -> None:
        """Take a fill of an order that went through the desk."""
        contract = self.contract(event.instrument_id)
        if contract is None:
            return
        quantity = int(event.last_qty.as_double())
        if event.order_side == OrderSide.SELL:
            quantity = -quantity
        key = event.strategy_id, event.instrument_id
        self._held[key] = self._held.get(key, 0) + quantity
        self._filled_ns = event.ts_event
        commission = event.commission
        self.exposure.filled(
            str(event.client_order_id), contract, quantity, event.last_px.as_double(),
            0.0 if commission is None else commission.as_double(), self._owner(event.strategy_id),
        )  # fmt: skip

    def on_position(self, event: Any) -> None:
        """Take a position event; what no fill explains has come about by another order.

        It counts at once, and all the rest is adopted soon. The event of a fill comes after it.
        """
        key = event.strategy_id, event.instrument_id
        before, now = self._held.get(key, 0), int(event.signed_qty)
        if now == before:
            return
        self._held[key], self._is_off = now, True
        contract = self.contract(event.instrument_id)
        if contract is not None:
            owner = self._owner(event.strategy_id)
            price = event.last_px.as_double()
            self.exposure.filled("", contract, now - before, price, owner=owner)

    # -- the engine's cache ---------------------------------------------------------------------

    def is_due(self, cache: Any, now_ns: int) -> bool:
        """Return whether the cache is to be compared with.

        Of orders that are not the desk's, as those of a process before this one, nobody tells it
        when they end.
        """
        return (
            self._is_off
            or now_ns - self._adopted_ns >= _ADOPT_NS
            or (bool(self._strange) and any(map(cache.is_order_closed, self._strange)))
        )

    def adopt(self, cache: Any, now_ns: int) -> dict[str, tuple[int, int]]:
        """Take what the cache has; return what was held before and is, by contract that differs.

        To be called when no event is waiting that the cache has already.
        """
        exposure = self.exposure
        cash = exposure.cash, exposure.buying_power
        is_settled = now_ns - self._filled_ns >= _SETTLE_NS
        is_cash_due = self._is_off or now_ns - self._counted_ns >= _CASH_NS
        if math.isnan(exposure.cash) or (is_settled and is_cash_due):
            cash, self._counted_ns = cash_and_buying_power(cache), now_ns
        self._held.clear()
        positions = list(self._positions(cache))
        working = list(self._working(cache))
        self._is_off, self._adopted_ns = False, now_ns
        return exposure.adopt(positions, cash[0], working, cash[1])

    def _positions(self, cache: Any) -> Iterator[HeldPosition]:
        for position in cache.positions_open():
            quantity, name = int(position.signed_qty), position.instrument_id
            self._held[position.strategy_id, name] = quantity
            contract = self.contract(name)
            if contract is not None:
                price, owner = float(position.avg_px_open), self._owner(position.strategy_id)
                yield HeldPosition(contract, quantity, price, owner)

    def _working(self, cache: Any) -> Iterator[ProposedOrder]:
        """Yield what is at work: at the desk, on its way, and at the venue."""
        known = self.exposure.orders
        for order_id, working in known.items():
            order = cache.order(ClientOrderId(order_id))
            left = 0 if order is None or order.is_closed else int(order.leaves_qty.as_double())
            if left:
                # Its worst price stays the one that it was passed with, whatever its limit is now.
                sign = 1 if working.order.quantity > 0 else -1
                fee_usd = working.fee_left_usd
                yield replace(
                    working.order, quantity=sign * left, price=working.price, fee_usd=fee_usd
                )
        strange = {
            str(order.client_order_id): order
            for order in (*cache.orders_open(), *cache.orders_inflight())
        }
        self._strange &= {order.client_order_id for order in strange.values()}
        for order_id, order in strange.items():
            contract = self.contract(order.instrument_id)
            if contract is not None and order_id not in known:
                self._strange.add(order.client_order_id)
                yield self.proposed(order, contract, tags_of(order))

    def _owner(self, strategy_id: StrategyId) -> Owner:
        strategy = str(strategy_id)
        return Owner(strategy, self._tracks.get(strategy, ""))

    def _buy_fee(self, root: str, quantity: int) -> float:
        """Return the fee of a buy, which no component makes depend on the price."""
        key = root, quantity
        if key not in self._buy_fees:
            self._buy_fees[key] = order_fee(self._fees, root, False, [(quantity, 0.0)]).total
        return self._buy_fees[key]


def _contract(instrument_id: InstrumentId, row: int) -> Contract | None:
    try:
        symbol = option_symbol(str(instrument_id.symbol))
    except SymbolError:
        return None
    return Contract(
        str(instrument_id),
        symbol.root,
        symbol.expiry,
        symbol.right is Right.CALL,
        symbol.strike,
        product(symbol.root).multiplier,
        row,
    )
