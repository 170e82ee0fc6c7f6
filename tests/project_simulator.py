"""The simulator as the project's command starts it: with the project's own fees."""

import sys

from simulator_process import SimulatorProcess


def project_simulator(**options: object) -> SimulatorProcess:
    """Return a lively synthetic market's process; `options` are those of SyntheticOptions."""
    given = {"lively": True, "quotes_per_second": 400.0} | options
    listed = ", ".join(f"{name}={value!r}" for name, value in given.items())
    code = (
        "from autotrade_0dte.nodes.simulator import SyntheticOptions, run_simulator; "
        f"run_simulator(SyntheticOptions({listed}), as_json=True, until_stdin_closes=True)"
    )
    return SimulatorProcess(command=[sys.executable, "-c", code])
