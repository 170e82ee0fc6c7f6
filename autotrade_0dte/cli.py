"""The ``autotrade`` command: each command a few lines that call the library.

Exit codes: 0 clean, 1 fault, 2 bad usage, configuration, credentials or data, 3 the run ended
unclean, 4 account or market not in order (nothing was traded), 130 interrupted.
"""

import os
import sys

import cyclopts

from autotrade_0dte import __version__, cli_findings, cli_nodes, cli_risk, cli_runs
from autotrade_0dte.cli_data import data
from autotrade_0dte.cli_errors import EXIT_FAULT, EXIT_INTERRUPTED, exit_code, told
from autotrade_0dte.cli_options import add

__all__ = ["app", "data", "main"]

app = cyclopts.App(
    name="autotrade",
    help="Backtest and trade same-day-expiry (0DTE) options.",
    version=__version__,
    help_format="plaintext",  # the other formats import whole markup parsers
    suppress_keyboard_interrupt=False,  # main answers it
    exit_on_error=False,  # as it does what is raised
    print_error=False,
)
app.command(data)
for command in (
    cli_runs.backtest,
    cli_runs.report,
    cli_runs.compare,
    cli_findings.explain,
    cli_findings.accuracy,
    cli_findings.tca,
    cli_findings.calibrate_fills,
    cli_findings.stress,
    cli_nodes.doctor,
    cli_nodes.paper,
    cli_nodes.live,
    cli_nodes.simulator,
    cli_risk.halt,
    cli_risk.kill,
    cli_risk.rearm,
    cli_risk.drill,
):
    add(app, command)


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2."""
    try:
        code = app(sys.argv[1:], result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_FAULT
    except KeyboardInterrupt:
        print("autotrade: interrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except Exception as e:
        code = exit_code(e)
        if code is None:
            raise
        print(f"autotrade: {told(e)}", file=sys.stderr)
    sys.exit(code)
