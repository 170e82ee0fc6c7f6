"""Every kind of order a node can send, on the paper account; see test_orders.py and
test_changes.py.

The market stands still except for the quotes the script sets, so that each fill is its doing.
"""

from decimal import Decimal

from acceptance.changes_steps import change_and_cancel
from acceptance.tested_node import Run
from acceptance.tester import DAY, price
from nautilus_trader.model import ContingencyType, OrderSide, OrderType, Quantity, TimeInForce

from tiger_nt.simulator.fees import fixed_plan

BUY, SELL = OrderSide.BUY, OrderSide.SELL
GTC, IOC, FOK, GTD = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD
ONE = Quantity.from_int(1)

SETTINGS = {"execution": {"fees": fixed_plan, "max_order_contracts": 50}}


def prepare(run: Run) -> None:
    run.stand_still(594, 595, 596, 597, 598)


async def script(run: Run) -> None:
    tester = run.tester
    for strike in (594, 595):
        for right in "CP":
            tester.subscribe_quotes(run.option(strike, right))
    await run.until(lambda: len(tester.heard("QuoteTick")) >= 4, "quotes")
    await markets(run)
    await limits(run)
    await stops(run)
    await contingencies(run)
    await lists(run)
    await flags(run)
    await change_and_cancel(run)


async def markets(run: Run) -> None:
    tester, option = run.tester, run.option(594)
    tester.market("market buy", option, BUY, 3)
    await run.reached("FILLED", "market buy")
    tester.market("market sell short", run.option(594, "P"), SELL, 1)
    tester.market("market IOC", option, BUY, 1, time_in_force=IOC)
    tester.market("market FOK", option, BUY, 1, time_in_force=FOK)
    tester.market("market in dollars", option, BUY, 1, quote_quantity=True)
    tester.market("market without a quote", run.option(596), BUY, 1)
    await run.reached("REJECTED", "market sell short")
    await run.reached("DENIED", "market IOC", "market FOK", "market in dollars")
    await run.reached("DENIED", "market without a quote")
    tester.close_all_positions(option)
    await run.until(lambda: not tester.cache.positions_open(instrument_id=option), "no position")


async def limits(run: Run) -> None:
    tester, option = run.tester, run.option(594)
    run.quote(run.symbol(594))
    tester.limit("held", option, BUY, 10, 2.10)
    await run.reached("FILLED", "held")
    tester.limit("buy GTC", option, BUY, 1, 1.00, time_in_force=GTC)
    tester.limit("sell GTC", option, SELL, 2, 9.00, time_in_force=GTC)
    tester.limit("buy DAY", option, BUY, 1, 1.05)
    await run.reached("ACCEPTED", "buy GTC", "sell GTC", "buy DAY")
    run.see("buy GTC", "sell GTC", "buy DAY")
    soon_ns = tester.clock.timestamp_ns() + 60 * 10**9
    tester.limit("IOC through", option, BUY, 1, 2.20, time_in_force=IOC)
    tester.limit("IOC away", option, BUY, 1, 1.00, time_in_force=IOC)
    tester.limit("FOK through", option, BUY, 1, 2.20, time_in_force=FOK)
    tester.limit("FOK away", option, BUY, 1, 1.00, time_in_force=FOK)
    tester.limit("GTD", option, BUY, 1, 1.00, time_in_force=GTD, expire_time=soon_ns)
    await run.reached("DENIED", "IOC through", "IOC away", "FOK through", "FOK away", "GTD")


async def stops(run: Run) -> None:
    tester, option, factory = run.tester, run.option(594), run.tester.order_factory
    day = {"time_in_force": DAY}
    tester.send("stop market buy", factory.stop_market(option, BUY, ONE, price(2.50), **day))
    tester.send("stop market sell", factory.stop_market(option, SELL, ONE, price(1.50), **day))
    for side, limit, trigger in ((BUY, 2.60, 2.50), (SELL, 1.40, 1.50)):
        stop = factory.stop_limit(option, side, ONE, price(limit), price(trigger), **day)
        tester.send(f"stop limit {side.name.lower()}", stop)
    for side, limit, trigger in ((BUY, 1.60, 1.50), (SELL, 2.40, 2.50)):
        name = side.name.lower()
        touched = factory.market_if_touched(option, side, ONE, price(trigger), **day)
        tester.send(f"MIT {name}", touched)
        touched = factory.limit_if_touched(option, side, ONE, price(limit), price(trigger), **day)
        tester.send(f"LIT {name}", touched)
    tester.send("market to limit", factory.market_to_limit(option, BUY, ONE, **day))
    trailing = factory.trailing_stop_market(
        option, SELL, ONE, Decimal("0.10"), trigger_price=price(1.50), **day
    )
    tester.send("trailing stop", trailing)
    await run.reached("ACCEPTED", "stop limit buy", "stop limit sell")
    run.see("stop limit buy", "stop limit sell")
    refused = ["stop market buy", "stop market sell", "market to limit", "trailing stop"]
    refused += [f"{kind} {side}" for kind in ("MIT", "LIT") for side in ("buy", "sell")]
    await run.reached("DENIED", *refused)
    triggered = factory.stop_limit(run.option(595), BUY, ONE, price(2.60), price(2.50), **day)
    tester.send("stop limit triggered", triggered)
    await run.reached("ACCEPTED", "stop limit triggered")
    run.quote(run.symbol(595), 2.45, 2.55)
    await run.reached("FILLED", "stop limit triggered")


async def contingencies(run: Run) -> None:
    tester, factory = run.tester, run.tester.order_factory
    for name, side, more in (
        ("bracket buy", BUY, {}),
        ("bracket sell", SELL, {}),
        ("bracket OCO", BUY, {"contingency_type": ContingencyType.OCO}),
        ("bracket post-only", BUY, {"entry_post_only": True}),
    ):
        sign = 1 if side == BUY else -1
        bracket = factory.bracket(
            run.option(594), side, ONE, entry_order_type=OrderType.LIMIT, time_in_force=DAY,
            entry_price=price(2 - sign), tp_price=price(2 + sign * 0.5),
            sl_trigger_price=price(2 - sign * 1.5), tp_time_in_force=DAY, sl_time_in_force=DAY,
            **more,
        )  # fmt: skip
        names = [f"{name} {part}" for part in ("entry", "stop", "profit")]
        tester.names |= {n: o.client_order_id.value for n, o in zip(names, bracket, strict=True)}
        tester.submit_order_list(bracket)
        await run.reached("DENIED", *names)


async def lists(run: Run) -> None:
    """Send three at once, of which Tiger refuses the second: it sells more than is held."""
    tester, factory = run.tester, run.tester.order_factory
    wanted = {"list 1": (BUY, 1, 1.00), "list 2": (SELL, 45, 9.00), "list 3": (BUY, 2, 1.01)}
    orders = {
        name: factory.limit(run.option(594), side, Quantity.from_int(n), price(at), DAY)
        for name, (side, n, at) in wanted.items()
    }
    tester.names |= {name: order.client_order_id.value for name, order in orders.items()}
    tester.submit_order_list(list(orders.values()))
    await run.reached("ACCEPTED", "list 1", "list 3")
    await run.reached("REJECTED", "list 2")
    run.see("list 1", "list 3")


async def flags(run: Run) -> None:
    tester, option = run.tester, run.option(594)
    tester.limit("post-only", option, BUY, 1, 1.00, post_only=True)
    tester.limit("post-only through", option, BUY, 1, 2.20, post_only=True)
    tester.limit("iceberg", option, BUY, 5, 1.00, display_qty=ONE)
    tester.limit("beyond the limit", option, BUY, 51, 1.00)
    tester.market("reduce-only flat", run.option(595, "P"), SELL, 1, reduce_only=True)
    await run.reached("DENIED", "post-only", "post-only through", "iceberg", "beyond the limit")
    await run.until(lambda: tester.order("reduce-only flat").is_closed, "a refusal")
    tester.market("reduce-only", option, SELL, 4, reduce_only=True)
    await run.reached("FILLED", "reduce-only")
