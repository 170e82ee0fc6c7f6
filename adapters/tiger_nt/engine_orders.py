"""What the engine has as one order: an order at Tiger, or one leg of a package there."""

from typing import TYPE_CHECKING, Protocol

from tiger_nt.order_events import Filled, OrderEvent
from tiger_nt.views import OrderRequest, OrderView

if TYPE_CHECKING:
    from tiger_nt.orders import TrackedOrder

__all__ = ["EngineOrder", "Terms"]

type Terms = tuple[int, float | None, float | None]
"""Quantity, limit price and stop price, dollars."""


class EngineOrder(Protocol):
    """One order of the engine's; see `TrackedOrder` for what each field means."""

    request: OrderRequest

    @property
    def whole(self) -> "TrackedOrder":
        """The order at Tiger that this is, or is a leg of."""
        ...

    @property
    def id(self) -> int | None:
        """Tiger's global id, of a leg one made from it."""
        ...

    @property
    def mark(self) -> str:
        """Our reference."""
        ...

    @property
    def is_ours(self) -> bool:
        """Whether the mark names an order of the engine's."""
        ...

    @property
    def view(self) -> OrderView | None:
        """The newest view."""
        ...

    @property
    def terms(self) -> Terms:
        """Terms as last told to the engine."""
        ...

    @property
    def quantity(self) -> int:
        """Contracts ordered."""
        ...

    @property
    def fills(self) -> list[Filled]:
        """Executions told to the engine."""
        ...

    @property
    def filled(self) -> int:
        """Contracts told to the engine as filled."""
        ...

    @property
    def overfilled(self) -> int:
        """Contracts beyond the quantity."""
        ...

    @property
    def ended(self) -> OrderEvent | None:
        """The end that was told."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the engine was told an end, or the last fill."""
        ...

    @property
    def awaits_cancel(self) -> bool:
        """Whether a cancel is under way."""
        ...

    def told(self, event: OrderEvent) -> OrderEvent | None:
        """Return what an event of the whole is for this part, None if nothing."""
        ...
