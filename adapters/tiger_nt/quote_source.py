"""Keeps the quotes that are wanted coming: from the push within the quota, the rest by polling."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from tiger_nt.polling import Poller
from tiger_nt.subscriptions import QuoteNeed, SubscriptionPlan, plan_subscriptions
from tiger_nt.symbols import is_option
from tiger_nt.views import QuotaView, QuoteView, StockView

__all__ = ["QuotePush", "QuoteSource"]


class QuotePush(Protocol):
    """What is needed of the push."""

    async def subscribe_quotes(self, symbols: Iterable[str]) -> None:
        """Ask for quotes of engine symbols."""

    async def unsubscribe_quotes(self, symbols: Iterable[str]) -> None:
        """Ask for no more of them."""

    async def quota(self) -> QuotaView:
        """Ask how many symbols may be subscribed."""


class QuoteSource:
    """Applies the subscription plan, with as few changes as it takes.

    Parameters
    ----------
    push : QuotePush
        Where symbols are subscribed.
    options : Poller of QuoteView, optional
        Asks for options that have no place in the quota; they are refused without it.
    briefs : Poller of StockView
        Asks for stocks without a place, and for levels of indices.
    limit : int or None
        Symbols that may be subscribed; asked of Tiger if None.
    reserve : int
        Symbols of the quota left free.
    margin : float
        Hysteresis of the plan, as a fraction of spot.
    levels : iterable of str
        Indices, which the push does not have.
    on_plan : callable
        Told of every plan that differs from the one before it.
    """

    def __init__(
        self,
        push: QuotePush,
        options: Poller[QuoteView] | None,
        briefs: Poller[StockView],
        *,
        limit: int | None,
        reserve: int,
        margin: float,
        levels: Iterable[str],
        on_plan: Callable[[SubscriptionPlan], None],
    ) -> None:
        self._push = push
        self._options = options
        self._briefs = briefs
        self._limit = limit
        self._reserve = reserve
        self._margin = margin
        self._levels = dict.fromkeys(levels)
        self._on_plan = on_plan
        self._quota = 0
        self._barred: set[str] = set()
        self.plan = SubscriptionPlan()
        self._set_polled(())

    @property
    def quota(self) -> int:
        """Symbols this source may subscribe."""
        return self._quota

    def poll_level(self, symbol: str) -> None:
        """Ask for the level of this index too from now on."""
        self._levels[symbol] = None
        self._set_polled(self.plan.poll)

    def bar(self, symbols: Collection[str]) -> None:
        """Note that Tiger has refused to push these, until `read_quota`."""
        self._barred.update(symbols)

    async def read_quota(self) -> None:
        """Ask Tiger for the quota; what it refused before may be asked for again."""
        view = await self._push.quota()
        others = max(0, view.used - len(self.plan.push))
        limit = view.limit if self._limit is None else self._limit
        self._quota = max(0, limit - others - self._reserve)
        self._barred.clear()

    async def apply(self, needs: Iterable[QuoteNeed]) -> None:
        """Serve these from now on, and nothing else."""
        before = frozenset(self.plan.push)
        plan = plan_subscriptions(
            needs,
            self._quota,
            pushed=before,
            barred=self._barred,
            margin=self._margin,
            polling=self._options is not None,
        )
        dropped = before.difference(plan.push)
        added = [symbol for symbol in plan.push if symbol not in before]
        changed = {*plan.poll, *plan.refused} != {*self.plan.poll, *self.plan.refused}
        # First what makes room: the quota counts at every instant.
        if dropped:
            await self._push.unsubscribe_quotes(sorted(dropped))
        self.plan = plan
        if added:
            await self._push.subscribe_quotes(added)
        self._set_polled(plan.poll)
        if added or dropped or changed:
            self._on_plan(plan)

    def _set_polled(self, symbols: Sequence[str]) -> None:
        if self._options is not None:
            self._options.set_symbols([symbol for symbol in symbols if is_option(symbol)])
        stocks = [symbol for symbol in symbols if not is_option(symbol)]
        self._briefs.set_symbols([*self._levels, *stocks])
