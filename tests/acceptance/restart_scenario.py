"""The next node on the account that trading_scenario.py has left; see test_restart.py.

The node knows nothing but what Tiger tells. It has Tiger to itself, so that faults hit its calls.
"""

from acceptance.script_run import Run
from acceptance.tester import price
from nautilus_trader.model import OrderSide
from patience import PATIENCE_S

BUY = OrderSide.BUY
LEFT = (594, 595, 601, 602)
SILENCE_S = 0.9 * PATIENCE_S
"""The push says nothing for so long at most; less than what makes the node connect again."""

SETTINGS = {}


def prepare(run: Run) -> None:
    """Claim what the first strategy traded, and remember what Tiger has before the node starts."""
    run.stand_still(603)
    run.tester.set_external_order_instrument_ids([run.option(strike) for strike in LEFT])
    run.facts["before"] = run.simulator.account()


async def script(run: Run) -> None:
    run.facts["taken over"] = run.picture()
    await closing(run)
    run.tester.subscribe_quotes(run.option(603))
    await run.until(lambda: run.tester.heard("QuoteTick", run.symbol(603)), "a quote")
    run.simulator.fault("stall", seconds=SILENCE_S)
    until_ns = run.tester.clock.timestamp_ns() + round(SILENCE_S * 1e9)
    await ambiguities(run)
    await query(run)
    run.facts["push was silent"] = run.tester.clock.timestamp_ns() < until_ns


async def closing(run: Run) -> None:
    """Close a position taken over and cancel an order taken over; the rest is left to the stop.

    Quotes of what is held come unasked; without one the engine sends no order at market.
    """
    tester, option = run.tester, run.option(601)
    await run.until(lambda: tester.cache.quote(option), "a quote of what is held")
    run.facts["quoted unasked"] = tester.heard("QuoteTick") == []
    [stop] = [o for o in tester.cache.orders_open(instrument_id=option) if o.is_sell]
    tester.names["left stop"] = stop.client_order_id.value
    run.cancel("left stop")
    await run.reached("CANCELED", "left stop")
    tester.close_all_positions(option)
    await run.until(lambda: not tester.cache.positions_open(instrument_id=option), "no position")


async def ambiguities(run: Run) -> None:
    """The answer to a placed, changed and cancelled order is lost, though Tiger did as told."""
    tester = run.tester
    run.simulator.fault("lost_response", method="place_order")
    await run.limit("lost", run.option(603), BUY, 1, 1.00)
    await run.reached("ACCEPTED", "lost")
    run.simulator.fault("lost_response", method="modify_order")
    await run.modify("lost", price=price(1.10))
    await run.until(lambda: "Updated" in tester.kinds("lost"), "the change")
    run.see("lost")
    run.simulator.fault("lost_response", method="cancel_order")
    run.cancel("lost")
    await run.reached("CANCELED", "lost")


async def query(run: Run) -> None:
    """An order is filled; who asks for it hears of it."""
    await run.limit("asked for", run.option(603), BUY, 1, 1.50)
    await run.reached("ACCEPTED", "asked for")
    run.quote(run.symbol(603), 1.30, 1.40)
    run.tester.query_order(run.tester.order("asked for"))
    await run.reached("FILLED", "asked for")
