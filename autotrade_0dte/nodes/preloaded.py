"""What a session's process needs, imported and compiled before it is forked."""

import signal

# Ctrl-C reaches every process of the group; all but the first one then end without a word. Where
# the first one ignores it, as under nohup, so do all.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import pandas as pd  # noqa: F401 - the engine imports it for every session, which takes long

import autotrade_0dte.nodes.backtest  # noqa: F401 - imports take long enough to be interrupted
from autotrade_0dte.warm import main

main()
