"""Asking again and again, in batches and within budget, for what is not pushed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nautilus_trader.common import Logger

from tiger_nt.errors import TigerError, TigerLimitError, TigerRequestError

__all__ = ["PollPace", "Poller"]

_SLOWER = 2.0
_FASTER = 0.9


class PollPace:
    """How long to wait between two calls: longer after a refusal or failure, then shorter again.

    Parameters
    ----------
    least_s : float
        Wait when all is well, seconds.
    most_s : float
        Longest wait it grows to by itself; Tiger may ask for a longer one.
    """

    def __init__(self, least_s: float, most_s: float) -> None:
        self._least_s = least_s
        self._most_s = max(least_s, most_s)
        self.wait_s = least_s

    def answered(self) -> float:
        """Return the seconds to wait after an answer."""
        self.wait_s = max(self._least_s, self.wait_s * _FASTER)
        return self.wait_s

    def refused(self, retry_after_s: float = 0.0) -> float:
        """Return the seconds to wait after a refusal or failure."""
        self.wait_s = min(self._most_s, self.wait_s * _SLOWER)
        return max(self.wait_s, retry_after_s)


class Poller[View]:
    """Asks for some symbols in turn, one batch a call.

    Parameters
    ----------
    ask : callable
        Asks Tiger for a batch of symbols.
    deliver : callable
        Takes the answer.
    batch : int
        Symbols a call.
    pace : PollPace
        Time between calls.
    name : str
        What is asked, for the log.
    log : Logger
        Told of the first of several failures in a row, and when they have passed.

    Notes
    -----
    `run` raises what asking again cannot cure (TigerDeniedError) and what `deliver` raises.
    """

    def __init__(
        self,
        ask: Callable[[list[str]], Awaitable[Sequence[View]]],
        deliver: Callable[[Sequence[View]], None],
        batch: int,
        pace: PollPace,
        name: str,
        log: Logger,
    ) -> None:
        self._ask = ask
        self._deliver = deliver
        self._batch = batch
        self._pace = pace
        self._name = name
        self._log = log
        self._symbols: tuple[str, ...] = ()
        self._next = 0
        self._some = asyncio.Event()
        self._failing = False
        self.calls = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is being asked for."""
        return self._symbols

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Ask for these from now on; the turn goes on where it was."""
        self._symbols = tuple(symbols)
        if self._symbols:
            self._some.set()
        else:
            self._some.clear()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(await self._call(self._turn()))

    def _turn(self) -> list[str]:
        """Return the next batch, never the same symbol twice."""
        count = len(self._symbols)
        first = self._next % count
        chosen = [self._symbols[(first + i) % count] for i in range(min(self._batch, count))]
        self._next = (first + len(chosen)) % count
        return chosen

    async def _call(self, symbols: list[str]) -> float:
        """Return the seconds to wait before the next call."""
        self.calls += 1
        try:
            views = await self._ask(symbols)
        except TigerLimitError as limit:
            self._tell(limit)
            return self._pace.refused(limit.retry_after_s)
        except TigerRequestError as error:
            self._tell(error)
            return self._pace.refused()
        if self._failing:
            self._failing = False
            self._log.info(f"Polling of {self._name} works again")
        self._deliver(views)
        return self._pace.answered()

    def _tell(self, error: TigerError) -> None:
        if not self._failing:
            self._failing = True
            self._log.warning(f"Polling of {self._name} fails, asking again later: {error}")
