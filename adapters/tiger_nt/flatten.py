"""Brings an account's options to nothing over Tiger's API, without a node and without an engine.

Cancels all orders of options, closes all positions in options, and asks Tiger until it says that
nothing is held and nothing is at work. Stocks and their orders are left alone. May be run again at
any time: it begins with what the broker says, and knows of nothing else.
"""

import math
import time
from collections.abc import Callable

from tiger_nt.config import TigerConfig
from tiger_nt.flatten_lock import one_at_a_time
from tiger_nt.flatten_result import Flattened, Verdict
from tiger_nt.flatten_run import FlattenRun

__all__ = ["Flattened", "Verdict", "flatten"]


def flatten(config: TigerConfig, say: Callable[[str], None], *, within_s: float) -> Flattened:
    """Flatten the account of `config` and verify it, for up to `within_s` seconds.

    `say` is told of each step as it happens. A second call on the same machine waits for the
    first, at most for `within_s`, and then begins for itself.
    """
    over_s = time.monotonic() + within_s
    with one_at_a_time(
        f"{config.credentials.account} {config.endpoints.server_url}",
        within_s,
        lambda process: say(
            f"another kill of this account (process {process}) is at work on this machine, "
            "waiting for it: if it hangs, end it"
        ),
    ) as holder:
        if holder is None:
            return FlattenRun(config, say).run(over_s - time.monotonic())
    why = f"another kill (process {holder}) did not end in {within_s:.0f} s: end it"
    return Flattened(Verdict.NOT_FLAT, why, (), (), (), (), math.nan, within_s, {})
