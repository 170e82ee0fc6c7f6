"""Orders of every kind and everything that changes an account, on a live account.

The market stands still except for the quotes the script sets, so that each fill is its doing; see
test_orders.py and test_account.py. restart_scenario.py takes over what is left at the end.
"""

from acceptance.account_steps import change_the_account, open_a_position_on_start
from acceptance.order_steps import send_every_kind
from acceptance.script_run import Run

from tiger_nt.simulator.fees import fixed_plan

SETTINGS = {
    "strategies": ["TESTER-001", "SECOND-002"],
    "execution": {
        "fees": fixed_plan,
        "cancel_on_stop": False,
        "max_order_contracts": 50,
        "max_order_notional": 100_000.0,
    },
}


def prepare(run: Run) -> None:
    run.stand_still(594, 595, 596, 601, 602, 603, 604, 605)
    open_a_position_on_start(run)


async def script(run: Run) -> None:
    await send_every_kind(run)
    await change_the_account(run)
