"""The data client: Tiger's quotes, prints, levels, status and our Greeks for the engine."""

import asyncio
import contextlib
from collections.abc import Collection, Coroutine, Iterable
from typing import Any

import msgspec
from nautilus_trader.common import Clock, Logger
from nautilus_trader.live import ClientCache

from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.data_subscriptions import SubscriptionTakingClient
from tiger_nt.errors import TigerDeniedError, TigerError, TigerRequestError
from tiger_nt.feed import DataFeed, FeedCounters
from tiger_nt.instruments import Instrument
from tiger_nt.link_data import link_data
from tiger_nt.live_greeks import LiveGreeks
from tiger_nt.polling import Poller, PollPace
from tiger_nt.providers import TigerInstrumentProvider
from tiger_nt.push_topics import Topic
from tiger_nt.quote_needs import quote_needs
from tiger_nt.quote_source import QuoteSource
from tiger_nt.subscriptions import QuoteWishes, SubscriptionPlan
from tiger_nt.views import LinkEvent, LinkState, QuoteView

__all__ = ["TigerDataClient"]

_OPTION_BATCH, _BRIEF_BATCH = 30, 50
_SLOWEST_S = 30.0
_STATUS_S = 20.0  # Tiger allows ten questions a minute
_TIME_S = 30.0
_REVIEW_S = 1.0
_BURST_S = 0.02  # a chain subscribes to its options one by one; they are planned together
_SKEW_WORTH_A_WARNING_MS = 1_000.0
_NAMED = 5


class TigerDataClient(SubscriptionTakingClient):
    """Serves the engine's data subscriptions and requests from one login at Tiger.

    An error in handling data is raised in a supervised task: the engine logs it at ERROR, and a
    node with ``shutdown_on_error=True`` stops. So are a kickout and a refused login, after which
    no data can come.
    """

    def __init__(
        self, name: str, config: TigerDataClientConfig, cache: ClientCache, clock: Clock
    ) -> None:
        connection = config.connection
        self.listed = TigerInstrumentProvider(
            connection.rest,
            config.underlyings,
            config.trading_day,
            config.listings,
            config.window,
            config.chains,
        )
        super().__init__(
            name=name,
            config=config,
            cache=cache,
            clock=clock,
            venue=config.listings.venue,
            instrument_provider=self.listed,
        )
        self.rest = connection.rest
        self.push = connection.push
        self.spots: dict[str, float] = {}
        self._settings = config
        self._connection = connection
        self._log = Logger(name)
        self.greeks = LiveGreeks(config.greeks, self.spots)
        self.feed = DataFeed(
            self._handle_data,
            clock.timestamp_ns,
            self.listed,
            self.greeks,
            self.spots,
            self._on_link,
            self._on_refused,
            self._fail,
        )
        self._stocks = [each.symbol for each in config.underlyings if not each.is_index]
        self.wishes = QuoteWishes()
        self.link: LinkEvent | None = None
        self.link_wanted = False
        self._quota_is_old = False
        self._told: set[str] = set()
        self._lost = ""
        self.review = asyncio.Event()
        self._is_open = False
        self._tasks: list[asyncio.Task[object]] = []
        rest, feed, log = connection.rest, self.feed, self._log
        self._briefs = Poller(
            rest.stock_quotes, feed.on_briefs, _BRIEF_BATCH,
            PollPace(config.level_interval_s, _SLOWEST_S), "stock_quotes", log,
        )  # fmt: skip
        self.status = Poller(
            self._ask_status, feed.on_status, 1,
            PollPace(_STATUS_S, _SLOWEST_S), "market_status", log,
        )  # fmt: skip
        self._options: Poller[QuoteView] | None = None
        if config.poll_interval_s is not None:
            self._options = Poller(
                rest.option_quotes, feed.on_option_quotes, _OPTION_BATCH,
                PollPace(config.poll_interval_s, _SLOWEST_S), "option_quotes", log,
            )  # fmt: skip
        self.source = QuoteSource(
            connection.push,
            self._options,
            self._briefs,
            limit=connection.config.quote_symbols,
            reserve=config.quota_reserve,
            margin=config.hysteresis,
            levels=[each.symbol for each in config.underlyings if each.is_index],
            on_plan=self._on_plan,
        )

    @property
    def counters(self) -> FeedCounters:
        """What passed so far."""
        return self.feed.counters

    @property
    def plan(self) -> SubscriptionPlan:
        """Which quotes are pushed, polled and refused now."""
        return self.source.plan

    # -- Lifecycle -----------------------------------------------------------------------------

    async def _connect(self) -> None:
        try:
            await self._open()
        except Exception as error:  # the engine itself says only that the connection failed
            self._log.error(f"Not connected: {type(error).__name__}: {error}")
            raise

    async def _open(self) -> None:
        await self._connection.open()
        self._is_open = True
        self.push.add_listener(self.feed)
        await self.listed.initialize()
        for chain in self.listed.chains:
            self.spots.setdefault(chain.source.symbol, chain.spot)
        self._publish(self.listed.list_all())
        self.link = LinkEvent(LinkState.UP, self.clock.timestamp_ns())
        await self.source.read_quota()
        await self.source.apply(self._needs())
        self._start("quotes", self._keep_up())
        self._start("Greeks", self._value())
        self._start("levels", self._briefs.run())
        self._start("status", self.status.run())
        self._start("time", self._keep_time())
        if self._options is not None:
            self._start("polled quotes", self._options.run())

    async def _disconnect(self) -> None:
        """Close what `_connect` has opened; the engine calls this also when that has failed."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._is_open:
            self._is_open = False
            self.push.remove_listener(self.feed)
            await self._connection.close()

    def _start(self, name: str, work: Coroutine[object, object, object]) -> None:
        self._tasks.append(self.create_task(work, name))

    def _fail(self, error: Exception) -> None:
        """Let the engine's supervision see an error that arose in a callback."""

        async def fail() -> None:
            raise error

        self.create_task(fail(), "data")

    # -- Background ----------------------------------------------------------------------------

    async def _keep_up(self) -> None:
        """Follow spot, positions, quota and what is asked for."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REVIEW_S):
                    await self.review.wait()
                await asyncio.sleep(_BURST_S)
            self.review.clear()
            if self._quota_is_old:
                await self._read_quota()
            for chain in self.listed.chains:
                spot = self.spots[chain.source.symbol]
                self._publish(self.listed.follow(chain.source.root, spot))
            await self.source.apply(self._needs())
            self._tell_oddities()

    async def _value(self) -> None:
        while True:
            await asyncio.sleep(self._settings.greeks_interval_s)
            for greeks in self.greeks.due(self.clock.timestamp_ns()):
                self._handle_data(greeks)

    async def _keep_time(self) -> None:
        """Have Tiger answer something twice a minute: its answers tell its time."""
        while True:
            await asyncio.sleep(_TIME_S)
            if self.rest.clock_offset_s(_TIME_S) is None:
                with contextlib.suppress(TigerError):
                    await self.rest.market_status()

    async def _ask_status(self, _symbols: Collection[str]) -> list[str]:
        return [await self.rest.market_status()]

    async def _read_quota(self) -> None:
        self._quota_is_old = False
        try:
            await self.source.read_quota()
        except TigerRequestError as error:
            # While the connection is down its return asks again.
            self._quota_is_old = self.link is not None and self.link.state is LinkState.UP
            self._log.warning(f"The subscription quota cannot be read, the last one holds: {error}")

    def _needs(self) -> Any:
        held = self._held()
        self._publish([new for symbol in held for new in self.listed.list_symbol(symbol)])
        return quote_needs(
            self.wishes.orders(), held, self._stocks, self.listed.by_symbol, self.spots
        )

    def _held(self) -> set[str]:
        open_positions = self.cache.positions_open(venue=self.venue)
        held = {str(position.instrument_id.symbol) for position in open_positions}
        return held.union(self._settings.held())

    def _publish(self, instruments: Iterable[Instrument]) -> None:
        for instrument in instruments:
            self._handle_instrument(instrument)

    def _tell_oddities(self) -> None:
        """Warn of each kind once."""
        counters = self.feed.counters
        if counters.ahead_max_ms > _SKEW_WORTH_A_WARNING_MS and "skew" not in self._told:
            self._told.add("skew")
            self._log.warning(
                f"Tiger's stamps are {counters.ahead_max_ms:.0f} ms ahead of this machine's clock "
                "and are set back to it; set the clock right"
            )
        if counters.missing_levels and "level" not in self._told:
            self._told.add("level")
            self._log.warning("Tiger gives no level of an index; what hangs on it stands still")

    # -- What the push and the plan tell -------------------------------------------------------

    def _on_link(self, event: LinkEvent) -> None:
        if event.state is LinkState.DOWN:
            self._lost = event.reason
        elif event.gap_from_ns and not event.reason:
            event = msgspec.structs.replace(event, reason=self._lost)
        self.link = event
        if self.link_wanted:
            self._handle_data(link_data(event, self.clock.timestamp_ns()))
        if event.state is LinkState.UP:
            self._quota_is_old = True
            self.review.set()
        elif event.state is not LinkState.DOWN and not self.link_wanted:
            # Whoever listens decides, and ends the node in words of its own.
            self._fail(TigerDeniedError("push", 0, f"{event.state}: {event.reason}"))

    def _on_refused(self, topic: Topic, symbols: list[str], reason: str) -> None:
        if topic is Topic.TICKS:  # nothing can stand in for prints
            self._fail(TigerDeniedError("push", 0, f"prints of {_some(symbols)}: {reason}"))
            return
        self._log.warning(f"Tiger refuses to push {_some(symbols)}: {reason}")
        self.source.bar(symbols)
        self.review.set()

    def _on_plan(self, plan: SubscriptionPlan) -> None:
        self.feed.pushed = frozenset(plan.push)
        self._log.info(
            f"Quotes: {len(plan.push)} pushed of {self.source.quota}, {len(plan.poll)} polled"
        )
        if plan.refused:
            self._log.warning(
                f"No quotes of {_some(plan.refused)}: the quota of {self.source.quota} symbols "
                "is used by what comes first, and polling is off"
            )


def _some(symbols: Collection[str]) -> str:
    """Return the first of the symbols and how many more there are."""
    more = len(symbols) - _NAMED
    return ", ".join(list(symbols)[:_NAMED]) + (f" and {more} more" if more > 0 else "")
