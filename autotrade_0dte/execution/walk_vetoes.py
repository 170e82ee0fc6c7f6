"""What holds a walk back: the last looks at the market and at fair value, and the call budget."""

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.execution.vetoes import VetoCode, fair_value_veto, market_veto
from autotrade_0dte.execution.walk_prices import WalkPrices

__all__ = ["WalkVetoes"]


class WalkVetoes:
    """The vetoes of one parent order; stops and emergencies have none, exits until they escalate.

    Parameters
    ----------
    parent : ParentOrder
        The order.
    params : DeskParams
        Their limits.
    prices : WalkPrices
        Its grid.

    Attributes
    ----------
    binds : bool
        Whether vetoes and an empty call budget hold the order back at all.
    """

    __slots__ = ("_is_entry", "_least_calls", "_params", "_parent", "_prices", "_sign", "binds")

    def __init__(self, parent: ParentOrder, params: DeskParams, prices: WalkPrices) -> None:
        self._parent = parent
        self._params = params.vetoes
        self._prices = prices
        self._sign = parent.side.sign
        self._is_entry = parent.purpose is Purpose.ENTRY
        self._least_calls = params.route.walk_calls if self._is_entry else 1
        self.binds = self._is_entry or parent.purpose is Purpose.EXIT

    def escalated(self) -> None:
        """Note that the order must be done now."""
        self.binds = False

    def of_step(
        self,
        limit: int,
        quote: OrderQuote,
        calls_left: int,
        leaves: int,
        tightened: bool,
        leg_skew_s: float,
    ) -> VetoCode | None:
        """Return what forbids a step to `limit`, cents, or None."""
        if not self.binds:
            return None
        if tightened:
            return VetoCode.TIGHTENED
        if calls_left < self._least_calls:
            return VetoCode.BUDGET
        return self.of_market(quote, leaves, tightened, leg_skew_s) or self.of_fair_value(
            limit, quote, tightened
        )

    def of_market(
        self, quote: OrderQuote, leaves: int, tightened: bool, leg_skew_s: float
    ) -> VetoCode | None:
        """Return what in the market forbids to send or step, or None."""
        if not self.binds:
            return None
        veto = market_veto(
            self._parent, quote, self._params, tick=self._prices.tick(quote), leaves=leaves,
            leg_skew_s=leg_skew_s, tightened=tightened,
        )  # fmt: skip
        return None if veto is None else veto.code

    def of_fair_value(self, limit: int, quote: OrderQuote, tightened: bool) -> VetoCode | None:
        """Return what forbids `limit`, cents, by fair value, or None."""
        if not self.binds:
            return None
        # A limit through the far side trades there.
        is_at_far = self._prices.past_far(limit, quote) >= 0
        price = quote.far(self._parent.side) if is_at_far else limit / 100
        veto = fair_value_veto(
            self._parent, quote, price, self._params, tick=self._prices.tick(quote),
            tightened=tightened,
        )  # fmt: skip
        return None if veto is None else veto.code

    def is_gone(self, limit: int, quote: OrderQuote, tightened: bool) -> bool:
        """Return whether fair value has gone: an entry's limit at work lies too far beyond it."""
        if not (self._is_entry and self._sign * (limit / 100 - quote.fair) > 0):  # mostly so
            return False
        return self.of_fair_value(limit, quote, tightened) is VetoCode.FAIR_VALUE
