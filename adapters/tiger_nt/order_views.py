"""Views of one order: which is newer, whether one makes sense, and which terms it tells."""

from tiger_nt.engine_orders import Terms
from tiger_nt.views import OrderState, OrderView

__all__ = ["Age", "age", "is_consistent", "same_terms", "terms_of"]

_PROGRESS = {
    OrderState.NEW: 1,
    OrderState.HELD: 2,
    OrderState.PARTIALLY_FILLED: 3,
    OrderState.PENDING_CANCEL: 4,
}
_LIMITED = {"LMT", "STP_LMT"}
_STOPPED = {"STP", "STP_LMT"}
_SAME_PRICE = 1e-6

type Age = tuple[bool, int, int, int]
"""What grows from one true view to the next: over or not, contracts filled, time, progress."""


def age(view: OrderView) -> Age:
    """Return how new a view is; what cannot go back counts first."""
    return view.state.is_final, view.filled, view.updated_ms, _PROGRESS.get(view.state, 0)


def is_consistent(view: OrderView) -> bool:
    """Return whether what is called filled is."""
    return view.state is not OrderState.FILLED or view.filled >= view.quantity


def terms_of(view: OrderView, before: Terms) -> Terms:
    """Return quantity, limit and stop price by a view; what it leaves out is as before."""
    limit = view.limit_price if view.order_type in _LIMITED else None
    stop = view.stop_price if view.order_type in _STOPPED else None
    return (
        view.quantity,
        before[1] if limit is None else limit,
        before[2] if stop is None else stop,
    )


def same_terms(a: Terms, b: Terms) -> bool:
    """Return whether terms are the same, prices but for a double's noise."""
    return a[0] == b[0] and all(_same_price(x, y) for x, y in zip(a[1:], b[1:], strict=True))


def _same_price(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) < _SAME_PRICE
