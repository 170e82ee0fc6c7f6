"""Which limit an order should have now: its first, and the next one when that is due."""

import math

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.execution.routing import RouteParams, Style
from autotrade_0dte.execution.walk_params import WalkParams
from autotrade_0dte.execution.walk_prices import WalkPrices, is_price
from autotrade_0dte.execution.walk_record import StepReason

__all__ = ["WalkSchedule"]

_NS = 1_000_000_000
_MOST_TICKS = 100.0
_NOISE = 1e-9


class WalkSchedule:
    """Limits of one order in time, by style, in whole cents.

    Parameters
    ----------
    parent : ParentOrder
        The order.
    params : WalkParams
        Rests and steps.
    routes : RouteParams
        From which level of the market an order is urgent.
    prices : WalkPrices
        Its grid and cap.
    """

    __slots__ = (
        "_cross_ticks", "_is_emergency", "_is_entry", "_least_drift", "_min_rest_ns", "_params",
        "_prices", "_side", "_sign", "_spot", "_step_ns", "_steps",
    )  # fmt: skip

    def __init__(
        self, parent: ParentOrder, params: WalkParams, routes: RouteParams, prices: WalkPrices
    ) -> None:
        self._is_entry = parent.purpose is Purpose.ENTRY
        self._params = params
        self._prices = prices
        self._side = parent.side
        self._sign = parent.side.sign
        self._is_emergency = parent.purpose is Purpose.EMERGENCY
        self._cross_ticks = params.entry_cross_ticks if self._is_entry else params.cross_ticks
        self._min_rest_ns = round(params.min_rest_s * _NS)
        self._step_ns = params.step_ns(parent, routes)
        self._least_drift = params.micro_ticks * prices.least / 100 - _NOISE
        self._steps = 0
        self._spot = math.nan

    def count_step(self) -> None:
        """Note that a step was made, or a new order asked for to make it."""
        self._steps += 1

    def note_spot(self, spot: float) -> None:
        """Note the underlying's price at which the newest limit was set."""
        self._spot = spot

    def first(self, quote: OrderQuote, style: Style) -> int | None:
        """Return the limit to send, or None while nothing tells what it could be."""
        if not is_price(quote.far(self._side)):
            return self._prices.without_far(quote, at_any_price=self._is_emergency)
        if style is Style.MARKETABLE or not is_price(quote.near(self._side)):
            return self._prices.marketable(quote, self._cross_ticks)
        if style is Style.PASSIVE:
            return self._prices.passive(quote)
        done = min(self._steps / self._params.steps, 1.0)
        return self._prices.walk(quote, self._params.start_fraction, done)

    def due(
        self, quote: OrderQuote, style: Style, limit: int, rested_ns: int
    ) -> tuple[int, StepReason] | None:
        """Return the limit that should take the place of `limit` now, and why, or None.

        Nothing is due at the cap, without a far side, or when `limit` is at or through it: the
        market has come to the order. An exit that crosses goes on from the far side itself: what is
        shown there and does not fill it cannot be had.

        Parameters
        ----------
        quote : OrderQuote
            The market now.
        style : Style
            How the order is worked.
        limit : int
            Its limit, cents.
        rested_ns : int
            Since when, UTC ns.
        """
        prices, rest_ns = self._prices, quote.now_ns - rested_ns
        if rest_ns < self._min_rest_ns or style is Style.PASSIVE or limit == prices.cap:
            return None
        is_due = rest_ns >= self._step_ns
        drift = self._sign * quote.delta * (quote.spot - self._spot)  # NaN where unknown
        if style is Style.WALK and not (is_due or drift >= self._least_drift):
            return None
        past_far = prices.past_far(limit, quote)
        goes_on = style is Style.MARKETABLE and not self._is_entry and past_far == 0
        if not (past_far < 0 or goes_on):
            return None
        step: tuple[int, StepReason] | None
        if style is Style.MARKETABLE or not is_price(quote.near(self._side)):
            step = prices.marketable(quote, self._cross_ticks), StepReason.FOLLOW
        else:
            step = self._step(quote, limit, round(drift / prices.tick(quote), 6), rest_ns)
        return step if step is not None and prices.is_beyond(step[0], limit) else None

    def _step(
        self, quote: OrderQuote, limit: int, against: float, rest_ns: int
    ) -> tuple[int, StepReason] | None:
        """Return a walk's next limit; `against` is how far the underlying ran away, in ticks."""
        params, prices = self._params, self._prices
        is_due = rest_ns >= self._step_ns
        runs_away = against >= params.micro_ticks
        is_held = against <= -params.micro_ticks and rest_ns < 2 * self._step_ns
        if not runs_away and (not is_due or is_held):
            return None
        ticks = max(int(min(against, _MOST_TICKS)), 1) if runs_away else 1
        done = min((self._steps + 1) / params.steps, 1.0)
        next_limit = prices.beyond(
            prices.walk(quote, params.start_fraction, done), prices.further(limit, ticks, quote)
        )
        return next_limit, StepReason.SCHEDULE if is_due else StepReason.MICRO_MOVE
