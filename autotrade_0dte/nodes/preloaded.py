"""What a session's process needs, imported and compiled before it is forked."""

import autotrade_0dte.nodes.backtest  # noqa: F401
from autotrade_0dte.warm import main

main()
