"""The end of a session: what becomes of orders and positions, and what is refused afterwards.

The session closes some seconds after the simulator has started; see test_close.py.
"""

from acceptance.account_steps import up_to_date
from acceptance.script_run import Run
from nautilus_trader.model import OrderSide, TimeInForce

from tiger_nt.simulator.fees import fixed_plan

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DEEP = 590
"""Deep in the money: worth about 10 dollars at the close."""

SETTINGS = {"execution": {"fees": fixed_plan}}


def prepare(run: Run) -> None:
    run.stand_still(600)
    run.quote(run.symbol(DEEP), 10.00, 10.10)


async def script(run: Run) -> None:
    tester, option = run.tester, run.option(600)
    tester.subscribe_quotes(option)
    await run.until(lambda: tester.heard("QuoteTick"), "a quote")
    await run.limit("day order", option, BUY, 1, 1.00)
    await run.limit("GTC order", option, BUY, 1, 1.00, time_in_force=TimeInForce.GTC)
    await run.limit("bought", run.option(DEEP), BUY, 1, 10.10)
    await run.reached("ACCEPTED", "day order", "GTC order")
    await run.reached("FILLED", "bought")
    run.facts["open before the close"] = tester.clock.timestamp_ns() < run.hours.close_ns
    await run.reached("EXPIRED", "day order", "GTC order")
    await run.limit("after the close", option, BUY, 1, 1.00)
    await run.reached("REJECTED", "after the close")
    await run.until(lambda: not run.simulator.account()["positions"], "the simulator's settlement")
    tester.subscribe_instrument_status(run.id("SPY"))
    await run.until(lambda: tester.heard("InstrumentStatus"), "the market's status")
    await up_to_date(run)
