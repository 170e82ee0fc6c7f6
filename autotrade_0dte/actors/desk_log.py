"""What the desk tells: the parents, all that happens to them, and breaches of its quality."""

from collections.abc import Callable, Iterable
from typing import Any

from autotrade_0dte.actors.desk_work import DeskWork
from autotrade_0dte.execution.call_budget import CallBudget
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.quality import (
    QUALITY_TOPIC,
    Breach,
    EndedParent,
    QualityWatch,
    Recovery,
)
from autotrade_0dte.execution.walk_record import (
    PARENT_TOPIC,
    WALK_TOPIC,
    Move,
    WalkEvent,
    WalkRecord,
)

__all__ = ["DeskLog"]


class DeskLog:
    """Publishes the desk's log.

    Parameters
    ----------
    publish : callable
        Takes a topic and a message.
    warn : callable
        Takes a line of the engine's log.
    quality : QualityWatch
        Judges the parents that are over.
    budget : CallBudget
        The desk's calls.
    """

    def __init__(
        self,
        publish: Callable[[str, object], None],
        warn: Callable[[str], None],
        quality: QualityWatch,
        budget: CallBudget,
    ) -> None:
        self._publish = publish
        self._warn = warn
        self._quality = quality
        self._budget = budget

    def begins(self, parent: ParentOrder) -> None:
        """Tell of a parent that the desk has been given."""
        self._publish(PARENT_TOPIC, parent)

    def happened(
        self,
        work: DeskWork,
        event: WalkEvent,
        quote: OrderQuote,
        move: Move | None,
        *,
        order_id: str = "",
        **told: Any,
    ) -> None:
        """Tell of an event and the move it led to; `told` are further fields of the record."""
        walk = work.walk
        work.logged_veto = walk.veto
        route = walk.route
        self._publish(
            WALK_TOPIC,
            WalkRecord(
                ts_event=quote.now_ns,
                parent_id=walk.parent.parent_id,
                client_order_id=order_id or str(work.order_id),
                event=event,
                quote=quote,
                move=move,
                limit=walk.limit,
                veto=walk.veto,
                calls_left=self._budget.left(quote.now_ns, walk.parent.purpose),
                route="" if route is None else route.style,
                route_reason="" if route is None else route.reason,
                **told,
            ),
        )

    def ended(self, ended: EndedParent) -> None:
        """Judge a parent that is over."""
        self._tell(self._quality.on_ended(ended))

    def on_time(self, now_ns: int) -> None:
        """Tell of breaches that are over."""
        if changes := self._quality.on_time(now_ns):
            self._tell(changes)

    def _tell(self, changes: Iterable[Breach | Recovery]) -> None:
        for change in changes:
            self._warn(f"{type(change).__name__} of {change.code}: {change.figures}")
            self._publish(QUALITY_TOPIC, change)
