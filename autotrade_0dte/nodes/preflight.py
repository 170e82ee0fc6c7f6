"""What must be in order before a node trades: each check with what was found and expected."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from autotrade_0dte.calendar import Session
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.nodes.halt import read_halt
from autotrade_0dte.nodes.kept_state import (
    described,
    lost_on_paper,
    misfits,
    read_kept_state,
    set_up_folder,
    state_owner,
)
from autotrade_0dte.nodes.kill_latch import KillLatchError, refuse_latched
from autotrade_0dte.nodes.tiger import SystemListings, underlying_of
from autotrade_0dte.store.node_lock import holder
from autotrade_0dte.store.schema import StoreError
from tiger_nt.config import TigerConfig
from tiger_nt.connection import TigerConnection
from tiger_nt.errors import TigerConfigError, TigerDeniedError, TigerError
from tiger_nt.marks import client_order_id
from tiger_nt.packages import leg_views
from tiger_nt.providers import Chain, StrikeWindow, load_chain
from tiger_nt.symbols import is_option, option_terms
from tiger_nt.views import AssetsView, OrderView, PositionView

__all__ = ["Check", "NodeMode", "Outcome", "Preflight", "preflight"]

_OPTION_QUOTES = "usOptionQuote"
_STOCK_QUOTES = "usQuoteBasic"
_MIN_CONTRACTS = 8
"""Contracts around the money without live quotes of which no decision makes sense."""

_OPEN_DAYS = {"TRADING", "EARLY_CLOSE"}
_NS_PER_MS = 1_000_000


class NodeMode(StrEnum):
    """PAPER fills in the engine, BROKER at Tiger's paper account, LIVE with real money."""

    PAPER = "paper"
    BROKER = "broker"
    LIVE = "live"

    @property
    def sends_orders(self) -> bool:
        """Whether orders reach Tiger."""
        return self is not NodeMode.PAPER


class Outcome(StrEnum):
    """OK, WARN (the node starts), REFUSED (it does not)."""

    OK = "OK"
    WARN = "WARN"
    REFUSED = "REFUSED"


class Check(msgspec.Struct, frozen=True):
    """One check; `exit_code` is the command's if this was refused."""

    name: str
    outcome: Outcome
    found: str
    expected: str = ""
    exit_code: int = 4


class Preflight(msgspec.Struct, frozen=True):
    """All checks, and what was learnt on the way; None where a check did not get that far."""

    checks: tuple[Check, ...]
    chain: Chain | None = None
    assets: AssetsView | None = None

    @property
    def refusal(self) -> Check | None:
        """Return the first check that keeps the node from starting."""
        return next((c for c in self.checks if c.outcome is Outcome.REFUSED), None)


async def preflight(
    config: SystemConfig, tiger: TigerConfig, day: Session, mode: NodeMode, state: Path
) -> Preflight:
    """Log in and run every check; `state` is only read.

    A node that runs already skips all, so that it keeps its login; a refused login skips the rest.
    """
    connection = TigerConnection(tiger)
    run = _Run(config, tiger, day, mode, state, connection)
    try:
        await run.all()
    finally:
        if run.connected:
            await connection.close()
    return Preflight(tuple(run.checks), run.chain, run.assets)


class _Run:
    """The checks in their order, each adding one row."""

    def __init__(
        self,
        config: SystemConfig,
        tiger: TigerConfig,
        day: Session,
        mode: NodeMode,
        state: Path,
        connection: TigerConnection,
    ) -> None:
        self._config = config
        self._tiger = tiger
        self._day = day
        self._mode = mode
        self._state = state
        self._state_folder = set_up_folder(state, mode, config)
        self._connection = connection
        self._rest = connection.rest
        self.checks: list[Check] = []
        self.connected = False
        self.chain: Chain | None = None
        self.assets: AssetsView | None = None
        self._positions: list[PositionView] = []
        self._orders: list[OrderView] = []

    async def all(self) -> None:
        if not await self._check("node", self._other_node):
            return
        if not await self._check("login", self._login, exit_code=2):
            return
        await self._check("account", self._account)
        await self._check("trading day", self._trading_day)
        await self._check("market", self._market)
        await self._check("entitlements", self._entitlements)
        await self._check("clock", self._clock)
        await self._check("chain", self._chain)
        await self._check("quota", self._quota)
        await self._check("call limits", self._call_limits)
        if self._mode.sends_orders:
            await self._check("reconciliation", self._reconciliation)
        await self._check("state", self._kept)

    async def _check(
        self, name: str, check: Callable[[], Awaitable[Check]], exit_code: int = 4
    ) -> bool:
        try:
            row = await check()
        except TigerError as e:
            code = 2 if isinstance(e, TigerConfigError) else exit_code
            row = Check(name, Outcome.REFUSED, str(e), exit_code=code)
        self.checks.append(row)
        return row.outcome is not Outcome.REFUSED

    async def _other_node(self) -> Check:
        """Look for a node of this set-up before anything else: a login would end its connection."""
        other = holder(self._state_folder)
        if other is None:
            return Check("node", Outcome.OK, "none of this set-up runs")
        return Check("node", Outcome.REFUSED, f"one runs: {other}", "none of this set-up")

    async def _login(self) -> Check:
        await self._connection.open()
        self.connected = True
        license_ = await self._rest.license()
        given = self._tiger.credentials.license
        if given is not None and license_ != given:
            return Check("login", Outcome.REFUSED, license_, f"licence {given}", exit_code=2)
        where = "loopback" if self._tiger.endpoints.is_loopback else "Tiger"
        return Check("login", Outcome.OK, f"{where}, licence {license_}")

    async def _account(self) -> Check:
        self.assets = await self._rest.assets()
        is_paper = self._tiger.credentials.is_paper
        hint = self._tiger.credentials.account_hint
        found = f"{'paper' if is_paper else 'live'} account {hint}, cash {self.assets.cash:,.2f}"
        wanted = {NodeMode.BROKER: True, NodeMode.LIVE: False}.get(self._mode)
        if wanted is not None and wanted is not is_paper:
            return Check(
                "account", Outcome.REFUSED, found, f"a {'paper' if wanted else 'live'} account"
            )
        if self._mode.sends_orders and not self.assets.cash_available > 0:
            return Check("account", Outcome.REFUSED, found, "cash to trade with")
        return Check("account", Outcome.OK, found)

    async def _trading_day(self) -> Check:
        date = self._day.date
        days = await self._rest.trading_days(date, date + dt.timedelta(days=1))
        kind = next((day.kind for day in days if day.date == date), "NON_TRADING")
        if kind not in _OPEN_DAYS:
            return Check("trading day", Outcome.REFUSED, f"{date} {kind}", "a trading day at Tiger")
        if not self._tiger.endpoints.is_loopback and (
            (kind == "EARLY_CLOSE") is not self._day.is_half_day
        ):
            ours = "a half day" if self._day.is_half_day else "a full day"
            return Check("trading day", Outcome.REFUSED, f"{date} {kind}", f"{ours} (calendar)")
        return Check("trading day", Outcome.OK, f"{date} {kind}")

    async def _market(self) -> Check:
        status = await self._rest.market_status()
        now_ns = time.time_ns()
        if now_ns >= self._day.close_ns:
            since = dt.timedelta(seconds=(now_ns - self._day.close_ns) // 1_000_000_000)
            return Check(
                "market", Outcome.REFUSED, f"{status}, closed {since} ago", "before the close"
            )
        if now_ns >= self._day.open_ns and status != "TRADING":
            return Check("market", Outcome.REFUSED, status, "TRADING")
        return Check("market", Outcome.OK, status)

    async def _entitlements(self) -> Check:
        held = await self._rest.permissions()
        index = underlying_of(self._config.root).is_index
        missing = {_OPTION_QUOTES, *(() if index else (_STOCK_QUOTES,))} - set(held)
        found = ", ".join(sorted(held)) or "none"
        if missing:
            wanted = f"{', '.join(sorted(missing))} (buy it in Tiger's app, see docs/tiger.md)"
            return Check("entitlements", Outcome.REFUSED, found, wanted)
        return Check("entitlements", Outcome.OK, found)

    async def _clock(self) -> Check:
        offset_s = self._rest.clock_offset_s()
        if offset_s is None:
            return Check("clock", Outcome.WARN, "unknown", "a time in Tiger's answers")
        limit_ms = self._config.live.max_clock_offset_ms
        found = f"{offset_s * 1e3:+.0f} ms from Tiger's"
        if abs(offset_s) * 1e3 > limit_ms:
            outcome = Outcome.REFUSED if self._mode.sends_orders else Outcome.WARN
            return Check("clock", outcome, found, f"at most {limit_ms} ms: set this clock")
        return Check("clock", Outcome.OK, found)

    async def _chain(self) -> Check:
        window = StrikeWindow(self._config.live.strike_window_fraction)
        self.chain = await load_chain(
            self._rest,
            underlying_of(self._config.root),
            self._day.date,
            SystemListings(),
            window,
        )
        count = len(self.chain.contracts)
        found = f"{count} contracts of {self._config.root} around {self.chain.spot:,.2f}"
        return Check("chain", Outcome.OK, found)

    async def _quota(self) -> Check:
        quota = await self._connection.push.quota()
        needed = 1 + (len(self.chain.contracts) if self.chain is not None else _MIN_CONTRACTS)
        free = quota.limit - quota.used
        found = f"{free} of {quota.limit} symbols free"
        if free < 1 + _MIN_CONTRACTS:
            return Check("quota", Outcome.REFUSED, found, f"at least {1 + _MIN_CONTRACTS}")
        if free < needed:
            return Check("quota", Outcome.WARN, found, f"{needed}; the others are polled")
        return Check("quota", Outcome.OK, found)

    async def _call_limits(self) -> Check:
        try:
            limits = await self._rest.entitlement()
        except TigerDeniedError as e:
            return Check("call limits", Outcome.WARN, e.message, "the account's limits")
        shown = ", ".join(f"{name} {limits[name]}" for name in sorted(limits))
        return Check("call limits", Outcome.OK, shown or "Tiger's published ones")

    async def _reconciliation(self) -> Check:
        start_ms = (self._day.open_ns - _DAY_NS) // _NS_PER_MS
        positions, orders = await asyncio.gather(
            self._rest.positions(), self._rest.orders_since(start_ms)
        )
        orders = [leg for order in orders for leg in leg_views(order)]
        self._positions, self._orders = positions, orders
        working = [order for order in orders if not order.state.is_final]
        left = {p.symbol for p in positions if p.quantity} | {o.symbol for o in working}
        strange = [
            *_unexplained(positions, orders),
            *(_named(o) for o in working if client_order_id(o.user_mark) is None),
        ]
        if self.chain is not None:
            known = {row.symbol for row in self.chain.rows}
            strange += [f"{s} of another chain" for s in sorted(left - known) if is_option(s)]
            self.chain = _with_contracts(self.chain, left)
        if strange:
            return Check(
                "reconciliation",
                Outcome.REFUSED,
                "; ".join(strange),
                "only positions and orders of this system; close them in Tiger's app",
            )
        own = f"{sum(1 for p in positions if p.quantity)} positions, {len(working)} working orders"
        return Check("reconciliation", Outcome.OK, own)

    async def _kept(self) -> Check:
        """Look for a kill, and compare what was kept of today with what Tiger has."""
        try:
            refuse_latched(self._state)
        except KillLatchError as e:
            return Check("state", Outcome.REFUSED, str(e), "no kill that stands")
        try:
            kept = read_kept_state(self._state_folder, state_owner(self._tiger, self._day.date))
        except StoreError as e:
            return Check("state", Outcome.REFUSED, str(e), "a state that can be read, or none")
        if self._mode.sends_orders:
            held = {p.symbol: p.quantity for p in self._positions}
            lines = list(misfits(kept, held, self._orders))
        else:
            lines = list(lost_on_paper(kept))
        if (halt := read_halt(self._state)) is not None:
            lines.append(f"begins with {halt.mode}, by {halt.by}: {halt.reason}")
        ladder = self._config.risk.ladder
        found = "; ".join([described(kept, ladder, self._day.open_ns), *lines])
        return Check("state", Outcome.WARN if lines else Outcome.OK, found)


_DAY_NS = 86_400_000_000_000


def _with_contracts(chain: Chain, symbols: set[str]) -> Chain:
    """Return the chain with these contracts listed too: what is held is sold wherever spot went."""
    listed = {str(contract.id.symbol) for contract in chain.contracts}
    if symbols <= listed:
        return chain
    rows = [row for row in chain.rows if row.symbol in listed | symbols]
    listings = SystemListings()
    return msgspec.structs.replace(
        chain,
        contracts=tuple(listings.contract(option_terms(row.symbol)) for row in rows),
        open_interest=tuple(row.open_interest for row in rows),
    )


def _unexplained(positions: list[PositionView], orders: list[OrderView]) -> list[str]:
    """Name positions that are not what our own orders of late have filled."""
    ours: dict[str, int] = {}
    for order in orders:
        if client_order_id(order.user_mark):
            sign = 1 if order.is_buy else -1
            ours[order.symbol] = ours.get(order.symbol, 0) + sign * order.filled
    return [
        f"{p.quantity:+d} {p.symbol} (own orders: {ours.get(p.symbol, 0):+d})"
        for p in positions
        if p.quantity and p.quantity != ours.get(p.symbol, 0)
    ]


def _named(order: OrderView) -> str:
    side = "BUY" if order.is_buy else "SELL"
    return f"order by hand {side} {order.quantity - order.filled} {order.symbol}"
