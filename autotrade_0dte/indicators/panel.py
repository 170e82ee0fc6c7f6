"""All indicators of one session, brought up to date by each chain snapshot."""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.ema import BarCloses, Ema
from autotrade_0dte.indicators.momentum import Momentum
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.values import IndicatorValues

__all__ = ["IndicatorPanel"]


class IndicatorPanel:
    """Indicators of one session.

    Parameters
    ----------
    params : IndicatorParams
        Windows.
    open_ns, close_ns : int
        The session, UTC ns.
    usual_volume_rate : float64 (minutes of the session,), optional
        Usual shares a second in each minute after the open, NaN where unknown.
    """

    def __init__(
        self,
        params: IndicatorParams,
        *,
        open_ns: int,
        close_ns: int,
        usual_volume_rate: NDArray[np.float64] | None = None,
    ) -> None:
        self._open_ns = open_ns
        self._close_ns = close_ns
        self._usual_volume_rate = usual_volume_rate
        self._print_ns = 0
        self._bars = BarCloses(params.bar_s)
        self._fast = Ema(params.fast_bars)
        self._slow = Ema(params.slow_bars)
        self._momentum = Momentum(params.momentum_window_s)

    def update(self, chain: ChainSnapshot) -> IndicatorValues:
        """Take the next snapshot and return the indicators as of its instant."""
        print_ns = chain.tape.ts_event
        if print_ns > self._print_ns and chain.spot > 0.0:
            self._print_ns = print_ns
            self._momentum.update(print_ns, chain.spot)
            close = self._bars.update(print_ns, chain.spot)
            if not math.isnan(close):
                self._fast.update(close)
                self._slow.update(close)
        fast, slow = self._fast.value, self._slow.value
        return IndicatorValues(
            ts_event=chain.ts_event,
            ema_fast=fast,
            ema_slow=slow,
            ema_gap=math.log(fast / slow),
            momentum=self._momentum.value,
        )
