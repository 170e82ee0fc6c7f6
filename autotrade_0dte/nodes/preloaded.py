"""What a session's process needs, imported and compiled before it is forked."""

import signal

# Ctrl-C reaches every process of the group; all but the first one then end without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import autotrade_0dte.nodes.backtest  # noqa: E402, F401 - imports take long enough to be interrupted
from autotrade_0dte.warm import main  # noqa: E402

main()
