"""What the desk tells of packages: of each leg as of a parent of its own, and of the whole."""

import math
from collections.abc import Callable
from typing import Any

import msgspec
from nautilus_trader.model import OrderFilled

from autotrade_0dte.actors.desk_log import DeskLog
from autotrade_0dte.actors.package_work import PackageWork
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import net_quote
from autotrade_0dte.execution.quality import EndedParent
from autotrade_0dte.execution.walk_record import (
    PACKAGE_TOPIC,
    WALK_TOPIC,
    Move,
    MoveKind,
    WalkEvent,
    WalkRecord,
)

__all__ = ["PackageLog"]

_OF_THE_WHOLE = frozenset({WalkEvent.FILLED, WalkEvent.RESENT})
"""Events whose quantity is in packages: a leg has its own fill, and its order its own quantity."""


class PackageLog:
    """Publishes what happens to packages.

    Parameters
    ----------
    publish : callable
        Takes a topic and a message.
    desk_log : DeskLog
        The desk's log, for the legs' parents and the quality of the whole.
    calls_left : callable
        What the call budget has left, of a time and a purpose.
    say : callable
        Takes a line of the engine's log.
    """

    def __init__(
        self,
        publish: Callable[[str, object], None],
        desk_log: DeskLog,
        calls_left: Callable[..., int],
        say: Callable[[str], None],
    ) -> None:
        self._publish = publish
        self._desk_log = desk_log
        self._calls_left = calls_left
        self._say = say

    def begins(self, work: PackageWork) -> None:
        """Tell of a package that the desk has been given, and of its legs."""
        self._publish(PACKAGE_TOPIC, work.walk.parent)
        for leg in work.legs:
            self._desk_log.begins(leg.parent)

    def leg_filled(
        self, work: PackageWork, number: int, event: OrderFilled, quote: OrderQuote
    ) -> None:
        """Tell of a fill of one leg."""
        leg = work.legs[number]
        record = self._record(work, WalkEvent.FILLED, quote, None)
        self._publish(
            WALK_TOPIC,
            msgspec.structs.replace(
                record,
                parent_id=leg.parent.parent_id,
                client_order_id=str(event.client_order_id),
                limit=math.nan,
                quantity=int(event.last_qty.as_double()),
                price=event.last_px.as_double(),
                trade_id=str(event.trade_id),
            ),
        )

    def happened(
        self,
        work: PackageWork,
        event: WalkEvent,
        quotes: tuple[OrderQuote, OrderQuote],
        limits: tuple[float, float],
        move: Move | None,
        *,
        order_id: str = "",
        **told: Any,
    ) -> None:
        """Tell of an event and the move it led to; a look that changes nothing is left out.

        `order_id` names the package where it is not the newest: its purchase's order.
        """
        if event is WalkEvent.QUOTE and move is None and work.walk.veto == work.logged_veto:
            return
        work.logged_veto = work.walk.veto
        net = net_quote(*quotes, work.walk.parent.side)
        record = self._record(work, event, net, move, order_id=order_id, **told)
        self._publish(PACKAGE_TOPIC, record)
        if event in _OF_THE_WHOLE:
            if move is None:
                return
            record = msgspec.structs.replace(
                record, event=WalkEvent.QUOTE, quantity=0, price=math.nan
            )
        for leg, quote, limit in zip(work.legs, quotes, limits, strict=True):
            own_move = move
            if move is not None and move.kind is MoveKind.SUBMIT:
                own_move = msgspec.structs.replace(move, price=limit)
            self._publish(
                WALK_TOPIC,
                msgspec.structs.replace(
                    record,
                    parent_id=leg.parent.parent_id,
                    client_order_id=str(leg.order_id),
                    quote=quote,
                    limit=limit,
                    move=own_move,
                ),
            )

    def ended(self, work: PackageWork, ended: EndedParent) -> None:
        """Judge a package that is over, and say what it cost."""
        self._desk_log.ended(ended)
        walk = work.walk
        average = work.paid / walk.filled if walk.filled else math.nan
        mid = math.nan if work.arrival is None else work.arrival.mid
        self._say(
            f"Package {walk.parent.parent_id} {walk.outcome}: {walk.filled} of "
            f"{walk.parent.quantity} at {average:.4f} net, the middle was {mid:.4f}, "
            f"{walk.replaces} replaced"
        )

    def _record(
        self,
        work: PackageWork,
        event: WalkEvent,
        quote: OrderQuote,
        move: Move | None,
        *,
        order_id: str = "",
        **told: Any,
    ) -> WalkRecord:
        walk = work.walk
        return WalkRecord(
            ts_event=quote.now_ns,
            parent_id=walk.parent.parent_id,
            client_order_id=order_id or str(work.legs[0].order_id),
            event=event,
            quote=quote,
            move=move,
            limit=walk.limit,
            veto=walk.veto,
            calls_left=self._calls_left(quote.now_ns, walk.parent.purpose),
            route="" if walk.route is None else walk.route.style,
            route_reason="" if walk.route is None else walk.route.reason,
            **told,
        )
