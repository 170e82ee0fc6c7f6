"""The scenarios of a drill, in the order in which they are run."""

from autotrade_0dte.nodes.drill import Scenario
from autotrade_0dte.nodes.drill_data import DATA_SCENARIOS
from autotrade_0dte.nodes.drill_kill import KILL_SCENARIOS
from autotrade_0dte.nodes.drill_orders import ORDER_SCENARIOS

__all__ = ["SCENARIOS"]

SCENARIOS: dict[str, Scenario] = {
    each.name: each for each in (*DATA_SCENARIOS, *ORDER_SCENARIOS, *KILL_SCENARIOS)
}
"""By name."""
