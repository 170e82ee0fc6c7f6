"""Changes of orders as events of the engine, or as reports where it has no such order."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from nautilus_trader.common import Logger
from nautilus_trader.live.clients import ExecutionClient
from nautilus_trader.model import (
    LiquiditySide,
    Money,
    OrderStatus,
    Price,
    Quantity,
    TradeId,
    VenueOrderId,
)

from tiger_nt.alarms import Alarm, AlarmKind
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.engine_reports import EngineReports
from tiger_nt.order_events import (
    Accepted,
    Canceled,
    CancelRejected,
    CommissionDiffers,
    Expired,
    Filled,
    ModifyRejected,
    OrderEvent,
    Rejected,
    Resurfaced,
    Updated,
)
from tiger_nt.orders import TrackedOrder
from tiger_nt.parsing.reports import USD
from tiger_nt.tracker import Change

__all__ = ["EngineOutput"]

_NS_PER_MS = 1_000_000
_GIVEN_UP = {OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED}


class EngineOutput:
    """Tells the engine what orders did.

    An order in the engine's cache gets events. One that is not (made in Tiger's app, or by a
    process before this one and not reported yet) gets a report, from which the engine makes an
    order of its own: under our client order id if the mark tells one, for the strategy that claims
    the instrument (``external_order_instrument_ids``), else for none. The engine drops what it
    knows already: it tells executions apart by their trade id.

    Parameters
    ----------
    client : ExecutionClient
        Whose events they are.
    reports : EngineReports
        Makes the reports.
    alarm : callable
        Told what an operator should see.
    cancel : callable
        Cancels an order that Tiger works and the engine has given up by itself.
    """

    def __init__(
        self,
        client: ExecutionClient,
        reports: EngineReports,
        alarm: Callable[[Alarm], None],
        cancel: Callable[[TrackedOrder], object],
    ) -> None:
        self._client = client
        self._reports = reports
        self._alarm = alarm
        self._cancel = cancel
        self._log = Logger(f"{client.client_id}.Orders")
        self._overfilled: dict[int | None, int] = {}
        self.commission_differences: dict[int, float] = {}
        """By Tiger's id, dollars that it charged beyond what the engine was told."""

    def tell(self, changes: list[Change]) -> None:
        """Pass changes on, each order's in the order they happened."""
        for order, group in groupby(changes, key=lambda change: change[0]):
            events = [event for _, event in group]
            for part in order.parts:
                told = [own for event in events if (own := part.told(event)) is not None]
                if told:
                    self._tell_order(part, told)

    def _tell_order(self, order: EngineOrder, events: list[OrderEvent]) -> None:
        self._watch(order, events)
        name = self._reports.client_order_id(order)
        known = None if name is None else self._client.cache.order(name)
        if known is None:
            if not all(isinstance(event, CommissionDiffers) for event in events):
                self._report(order, [event for event in events if isinstance(event, Filled)])
            return
        if known.status in _GIVEN_UP and not order.is_done and not order.awaits_cancel:
            text = f"order {order.id} is at work and {known.status.name} here; it is cancelled"
            self._alarm(Alarm(AlarmKind.TWIN, text))
            self._cancel(order.whole)
        instrument = self._client.cache.instrument(known.instrument_id)
        for event in events:
            if isinstance(event, Filled):
                self._tell_fill(known, order, event, instrument)
            else:
                self._tell_event(known, order, event, instrument)

    def _watch(self, order: EngineOrder, events: list[OrderEvent]) -> None:
        """Tell an operator what the engine has no event for."""
        for event in events:
            if isinstance(event, Resurfaced):
                text = f"order {event.order_id} has the mark of another order; it is cancelled"
                self._alarm(Alarm(AlarmKind.TWIN, text))
            elif isinstance(event, CommissionDiffers) and order.id is not None:
                self.commission_differences[order.id] = event.amount
                self._log.warning(
                    f"order {order.id}: Tiger's commission is {event.amount:+.2f} from what its "
                    "fills were charged"
                )
        if order.overfilled > self._overfilled.get(order.id, 0):
            self._overfilled[order.id] = order.overfilled
            text = f"order {order.id}: {order.overfilled} contracts filled beyond {order.quantity}"
            self._alarm(Alarm(AlarmKind.OVERFILL, text))

    def _report(self, order: EngineOrder, fills: list[Filled]) -> None:
        for report in self._reports.orders([order]):
            executions = self._reports.fills(order, fills)
            self._client._handle_report(report, executions or None)

    def _tell_fill(self, known: Any, order: EngineOrder, fill: Filled, instrument: Any) -> None:
        if isinstance(order.ended, Rejected) or known.status == OrderStatus.REJECTED:
            text = f"order {order.id}: {fill.quantity} filled at {fill.price} after its rejection"
            self._alarm(Alarm(AlarmKind.LATE_FILL, text))
        if fill.inferred:
            self._log.warning(f"order {order.id}: fill {fill.trade_id} inferred from the average")
        self._client.generate_order_filled(
            known,
            VenueOrderId(str(order.id)),
            None,
            TradeId(fill.trade_id),
            Quantity.from_int(fill.quantity),
            Price(fill.price, instrument.price_precision),
            instrument.quote_currency,
            None if fill.commission is None else Money(fill.commission, USD),
            LiquiditySide.NO_LIQUIDITY_SIDE,
            fill.at_ms * _NS_PER_MS,
        )

    def _tell_event(
        self, known: Any, order: EngineOrder, event: OrderEvent, instrument: Any
    ) -> None:
        client = self._client
        venue_id = None if order.id is None else VenueOrderId(str(order.id))
        at_ns = event.at_ms * _NS_PER_MS
        match event:
            case Accepted() if venue_id is not None:
                client.generate_order_accepted(known, venue_id, at_ns)
            case Updated() if venue_id is not None:
                precision = instrument.price_precision
                client.generate_order_updated(
                    known,
                    venue_id,
                    Quantity.from_int(event.quantity),
                    _price(event.limit_price, precision),
                    _price(event.stop_price, precision),
                    None,
                    at_ns,
                )
            case Canceled():
                if event.reason:
                    self._log.info(f"order {order.id} ended by Tiger: {event.reason}")
                client.generate_order_canceled(known, venue_id, at_ns)
            case Rejected():
                client.generate_order_rejected(known, event.reason, at_ns, False)
            case Expired():
                client.generate_order_expired(known, venue_id, at_ns)
            case ModifyRejected():
                client.generate_order_modify_rejected(known, venue_id, event.reason, at_ns)
            case CancelRejected() if known.is_pending_cancel or order.whole is order:
                client.generate_order_cancel_rejected(known, venue_id, event.reason, at_ns)


def _price(price: float | None, precision: int) -> Price | None:
    return None if price is None else Price(price, precision)
