"""The walk of a package: each step is a new order, what crossing does not close goes by legs."""

from collections.abc import Callable

import msgspec

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, StepReason

__all__ = ["PackageWalk", "judged_by"]

_NS = 1_000_000_000


def judged_by(params: DeskParams) -> DeskParams:
    """Return the rules that say which packages should fill: each step of one takes a new order."""
    walk, least = params.walk, params.walk.replace_rest_s
    slower = msgspec.structs.replace(
        walk,
        patient_step_s=max(walk.patient_step_s, least),
        normal_step_s=max(walk.normal_step_s, least),
        urgent_step_s=max(walk.urgent_step_s, least),
        min_rest_s=max(walk.min_rest_s, least),
    )
    return msgspec.structs.replace(params, walk=slower)


class PackageWalk(Walk):
    """The policy of one package.

    It is that of any order but for three things. The venue changes no package: a step cancels it,
    and as many are sent anew as a walk has steps, not only as many as a refused change is worth.
    Net prices have one tick at all levels, the finest of the product: on Cboe, complex orders in
    SPX are in steps of 5 cents, from 3 dollars on too, where a single option has 10. And one that
    closes a position is given up after `WalkParams.package_cross_s` of crossing.

    Parameters
    ----------
    parent : ParentOrder
        What is to be done, at net prices.
    params : DeskParams
        How.
    tick_cents : callable
        Tick of a single option, in cents, at a price in whole cents.
    close_ns : int
        When the contracts stop trading, UTC ns.
    remainders : RemainderRule
        Whether a rest is worth a new order.
    """

    __slots__ = ("_overdue_ns",)

    def __init__(
        self,
        parent: ParentOrder,
        params: DeskParams,
        tick_cents: Callable[[int], int],
        close_ns: int,
        remainders: RemainderRule,
    ) -> None:
        finest = tick_cents(0)
        steps = msgspec.structs.replace(params.walk, max_replaces=min(params.walk.steps, 20))
        super().__init__(
            parent, msgspec.structs.replace(params, walk=steps), lambda _cents: finest, close_ns,
            remainders, can_change=False,
        )  # fmt: skip
        crosses_ns = params.walk.crosses_ns(parent, params.route)
        self._overdue_ns = (
            None if crosses_ns is None else crosses_ns + round(params.walk.package_cross_s * _NS)
        )

    def on_quote(
        self,
        quote: OrderQuote,
        calls_left: int,
        *,
        tightened: bool = False,
        leg_skew_s: float = 0.0,
    ) -> Move | None:
        """Return what is to be done on this look, or None; see `Walk.on_quote`."""
        order, overdue_ns = self._order, self._overdue_ns
        # While a command is on its way its answer decides, so that the log has every change.
        is_free = not (self.is_over or order.in_flight or order.cancel)
        if is_free and overdue_ns is not None and quote.now_ns >= overdue_ns:
            return self.on_withdrawn(quote.now_ns, StepReason.BY_LEGS)
        return super().on_quote(quote, calls_left, tightened=tightened, leg_skew_s=leg_skew_s)
