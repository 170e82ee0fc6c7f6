"""The indicators' memory for tests of one of them."""

import numpy as np
from series import NS

from autotrade_0dte.indicators.fresh_memory import fresh_memory
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.indicators.params import IndicatorParams

__all__ = ["indicator_memory"]


def indicator_memory(
    params: IndicatorParams, *, open_ns: int = 0, usual: list[float] | None = None
) -> Memory:
    """Return the memory of a session, as compiled code hands it on."""
    memory = fresh_memory(
        params,
        open_ns=open_ns,
        close_ns=open_ns + 23_400 * NS,
        usual_volume_rate=None if usual is None else np.array(usual),
    )
    return memory._replace(state=memory.state[0])
