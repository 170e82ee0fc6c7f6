"""Synthetic sessions: made-up market data of one day, the same for the same date and seed.

Every random stream hangs on the seed and the date alone (PCG64DXSM over a SeedSequence), so a
session does not depend on how many others are made. Bit by bit the data is the same for one
version of NumPy and one kind of processor; elsewhere a price may round the other way.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import msgspec
import numpy as np

from autotrade_0dte.calendar import FIRST_YEAR, CalendarError, Session, session, sessions_between
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.manifest import ImportAccount, SourceFile
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SettlementPrice,
    UnderlyingTrades,
)
from autotrade_0dte.data.synthetic.chain import quoted_chain, strikes_around
from autotrade_0dte.data.synthetic.days import (
    DayEffects,
    DayKind,
    DayParams,
    draw_kind,
    plan_day,
)
from autotrade_0dte.data.synthetic.open_interest import open_interest
from autotrade_0dte.data.synthetic.path import Path, PathParams, mean_reverting, session_path
from autotrade_0dte.data.synthetic.quotes import MarketGrid, QuoteParams
from autotrade_0dte.data.synthetic.recipe import Recipe
from autotrade_0dte.data.synthetic.smile import SmileParams
from autotrade_0dte.data.synthetic.underlying import TradeParams, underlying_trades
from autotrade_0dte.data.synthetic.volatility_index import VixParams, vix_prices
from autotrade_0dte.products import Settlement, product

__all__ = ["DEFAULT_LAST", "SyntheticParams", "SyntheticSession", "generate", "generate_session"]

DEFAULT_LAST = dt.date(2026, 7, 31)
"""Last session by default; fixed, so that the same command makes the same data on any day."""

_FORMAT = "synthetic"
_VERSION = 1
_SECOND_NS = 1_000_000_000
_YEAR_S = 365 * 86_400
_LIQUIDITY_HALF_LIFE_S = 300


class SyntheticParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parameters of the generator.

    Parameters
    ----------
    root : str, default "SPY"
        Option root. Spot and strikes do not follow from it: for SPXW set `path.spot_dollars` and
        `quotes.strike_step_dollars` too.
    path, smile, quotes, trades, vix, days
        Parameters of the parts, see there.
    """

    root: Annotated[str, msgspec.Meta(min_length=1, max_length=6)] = "SPY"
    path: PathParams = PathParams()
    smile: SmileParams = SmileParams()
    quotes: QuoteParams = QuoteParams()
    trades: TradeParams = TradeParams()
    vix: VixParams = VixParams()
    days: DayParams = DayParams()


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticSession:
    """One synthetic session; `underlying` is trades of an ETF or values of an index.

    `path` is the truth behind the data, on the grid of seconds from the open.
    """

    recipe: Recipe
    chain: ChainData
    underlying: UnderlyingTrades | IndexPrices
    vix: IndexPrices
    settlement: SettlementPrice
    path: Path


class _Stream(IntEnum):
    """Names of random streams; a number in use must not change its meaning."""

    KIND = 0
    DAY = 1
    PATH = 2
    LIQUIDITY = 3
    QUOTES = 4
    UNDERLYING = 5
    VIX = 6
    OPEN_INTEREST = 7


def generate_session(
    params: SyntheticParams, date: dt.date, seed: int, kind: DayKind | None = None
) -> SyntheticSession:
    """Make the session of `date`; `kind` is drawn when it is None.

    Raises CalendarError when `date` is no trading session.
    """
    day = session(date)

    def stream(name: _Stream, sub: int = 0) -> np.random.Generator:
        sequence = np.random.SeedSequence(seed, spawn_key=(date.toordinal(), name, sub))
        return np.random.Generator(np.random.PCG64DXSM(sequence))

    if kind is None:
        kind = draw_kind(params.days, stream(_Stream.KIND))
    effects = plan_day(kind, day, params.days, stream(_Stream.DAY))
    path = session_path(params.path, effects, stream(_Stream.PATH))
    n = len(effects.log_return)
    ts = day.open_ns + _SECOND_NS * np.arange(n + 1)

    grid = _market_grid(day, path, effects, params.quotes, stream(_Stream.LIQUIDITY))
    strikes = strikes_around(path.spot[0], params.quotes)
    held = open_interest(
        np.repeat(strikes / 1_000, 2),
        np.tile([True, False], len(strikes)),
        path.spot[0],
        np.sqrt(path.implied_variance[0]),
        stream(_Stream.OPEN_INTEREST),
    )
    chain = quoted_chain(
        params.root,
        session=date,
        strike_mills=strikes,
        open_interest=held,
        grid=grid,
        params=params.quotes,
        smile=params.smile,
        stream=lambda mills: stream(_Stream.QUOTES, mills),
    )

    facts = product(params.root)
    underlying: UnderlyingTrades | IndexPrices
    if facts.settlement is Settlement.CASH:
        cents = np.rint(100 * path.spot).astype(np.int64)
        underlying = IndexPrices(facts.underlying, date, ts, cents)
    else:
        underlying = underlying_trades(
            facts.underlying,
            date,
            ts=ts,
            path=path,
            effects=effects,
            params=params.trades,
            rng=stream(_Stream.UNDERLYING),
        )
    return SyntheticSession(
        recipe=Recipe(seed=seed, session=date, kind=kind, label=effects.label),
        chain=chain,
        underlying=underlying,
        vix=vix_prices(date, ts, path, params.vix, stream(_Stream.VIX)),
        settlement=SettlementPrice(
            facts.underlying, date, int(np.rint(100 * path.spot[-1])), _FORMAT
        ),
        path=path,
    )


def generate(
    catalog: Catalog,
    params: SyntheticParams,
    *,
    sessions: int,
    seed: int,
    last: dt.date = DEFAULT_LAST,
    kind: DayKind | None = None,
    replace: bool = False,
    progress: Callable[[int, SyntheticSession], None] | None = None,
) -> list[Recipe]:
    """Write the last `sessions` trading sessions up to `last` into the catalog, marked synthetic.

    Each session is a transaction of its own, so an interrupted run keeps what it has finished and
    may be started again. `progress` is called with the count of sessions done and the latest.

    Raises CalendarError when there are not that many sessions, and CatalogConflictError when the
    catalog holds other data of such a session, unless `replace`.
    """
    days = _last_sessions(sessions, last)
    configured = hashlib.sha256(msgspec.json.encode(params)).hexdigest()
    made = []
    for done, day in enumerate(days, start=1):
        result = generate_session(params, day.date, seed, kind)
        items = (result.chain, result.underlying, result.vix, result.settlement)
        rows = sum(len(item.ts_event) for item in items[:3]) + 1
        with catalog.transaction(_FORMAT, _VERSION, synthetic=True, replace=replace) as tx:
            for item in items:
                tx.write(item, (result.recipe.source,))
            tx.account = ImportAccount(
                sources=(SourceFile("synthetic parameters", configured),),
                rows_read=rows,
                rows_written=rows,
            )
        made.append(result.recipe)
        if progress is not None:
            progress(done, result)
    return made


def _last_sessions(count: int, last: dt.date) -> list[Session]:
    if count < 1:
        raise CalendarError(f"Expected at least 1 session, was {count}")
    first = max(last - dt.timedelta(days=2 * count + 10), dt.date(FIRST_YEAR, 1, 1))
    days = sessions_between(first, last)
    if len(days) < count:
        raise CalendarError(f"Expected {count} sessions up to {last}, was {len(days)} from {first}")
    return days[-count:]


def _market_grid(
    day: Session,
    path: Path,
    effects: DayEffects,
    params: QuoteParams,
    rng: np.random.Generator,
) -> MarketGrid:
    n = len(path.spot) - 1
    at = np.arange(0, n, params.interval_s)
    half_life = _LIQUIDITY_HALF_LIFE_S / params.interval_s
    liquidity, _ = mean_reverting(len(at) - 1, params.liquidity_sd, half_life, rng)
    return MarketGrid(
        ts=day.open_ns + _SECOND_NS * at,
        spot=path.spot[at],
        implied_variance=path.implied_variance[at],
        volatility=path.volatility[at],
        spread=effects.spread[at] * np.exp(liquidity),
        elapsed=at / n,
        years=(n - at) / _YEAR_S,
    )
