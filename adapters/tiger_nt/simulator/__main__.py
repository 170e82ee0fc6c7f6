"""Runs the simulator; see command.py."""

import sys

from tiger_nt.simulator.command import main

sys.exit(main())
