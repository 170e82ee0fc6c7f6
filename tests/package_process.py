"""A node that puts a package to work and waits to be killed: ``python package_process.py``.

Standard input has the line of a simulator that is ready, its quotes frozen; standard output says
the ids of its two orders when Tiger has accepted them.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from simulator_process import SimulatorProcess
from tiger_packages import Vertical
from tiger_trader import TigerTrader


class _Elsewhere(SimulatorProcess):
    """The simulator of the process that started this one."""

    def __init__(self, ready: dict[str, Any]) -> None:
        super().__init__()
        self._ready = ready


def main() -> None:
    """Buy two verticals below the market, say so, and wait."""
    trader = TigerTrader(_Elsewhere(json.loads(sys.stdin.readline())))
    with trader:
        vertical = Vertical(trader)
        vertical.fix((1.00, 1.10), (0.50, 0.60))
        orders = vertical.buy(2, 1.00, 0.60)
        for order in orders:
            trader.await_status(order, "ACCEPTED")
        print(json.dumps([str(order) for order in orders]), flush=True)
        trader.wait(lambda: False, "the end of this process")


if __name__ == "__main__":
    main()
