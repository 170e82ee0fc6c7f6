"""Changes and cancels of orders at work: the second part of orders_scenario.py."""

from acceptance.tested_node import Run
from acceptance.tester import DAY, price
from nautilus_trader.model import OrderSide, Quantity, TimeInForce

BUY, SELL = OrderSide.BUY, OrderSide.SELL
GTC = TimeInForce.GTC
ONE = Quantity.from_int(1)


async def change_and_cancel(run: Run) -> None:
    tester, option = run.tester, run.option(597)
    tester.subscribe_quotes(option)
    await run.until(lambda: tester.heard("QuoteTick"), "quotes")
    tester.limit("to be sold", option, BUY, 3, 2.10)
    await run.reached("FILLED", "to be sold")
    tester.limit("buy", option, BUY, 1, 1.00, time_in_force=GTC)
    tester.limit("sell", option, SELL, 2, 9.00, time_in_force=GTC)
    tester.limit("grown", option, BUY, 1, 1.05)
    stop(run, "stop", 2.50, 2.60)
    await run.reached("ACCEPTED", "buy", "sell", "grown", "stop")
    await modifications(run)
    await replacements(run)
    await cancels(run)
    await many_cancels(run)


def stop(run: Run, name: str, trigger: float, limit: float) -> None:
    factory = run.tester.order_factory
    run.tester.send(
        name,
        factory.stop_limit(
            run.option(597), BUY, ONE, price(limit), price(trigger), time_in_force=DAY
        ),
    )


async def modifications(run: Run) -> None:
    tester = run.tester
    for name, changes in {
        "buy": {"price": price(1.10)},
        "sell": {"price": price(8.50)},
        "stop": {"trigger_price": price(2.45)},
        "grown": {"quantity": Quantity.from_int(4)},
    }.items():
        await run.room()
        modify(run, name, **changes)
        await run.until(lambda n=name: "Updated" in tester.kinds(n), f"{name} to be updated")
    run.see("buy", "sell", "stop", "grown")
    await run.room()
    modify(run, "sell", quantity=Quantity.from_int(50))
    await run.until(lambda: "ModifyRejected" in tester.kinds("sell"), "a refused change")
    order = tester.order("sell")
    run.facts["after a refused change"] = {
        "engine": [order.status.name, order.price.as_double(), int(order.quantity.as_double())],
        "simulator": run.simulator.order(order.venue_order_id.value),
    }
    await walk_too_fast(run)


async def walk_too_fast(run: Run) -> None:
    """Change a price more often than Tiger's limit leaves to changes; cancels still go."""
    tester = run.tester
    await run.room()
    before = len(tester.events[tester.names["grown"]])
    prices = [1.10 + n / 100 for n in range(5)]

    def told() -> list[dict[str, object]]:
        events = tester.events[tester.names["grown"]][before:]
        return [event for event in events if event["type"] in {"Updated", "ModifyRejected"}]

    for n, at in enumerate(prices):
        modify(run, "grown", price=price(at))
        await run.until(lambda n=n: len(told()) > n, "an answer")
    run.facts["fast walk"] = {
        "told": told(),
        "simulator": run.simulator.order(tester.order("grown").venue_order_id.value),
    }
    cancel(run, "grown")
    await run.reached("CANCELED", "grown")


async def replacements(run: Run) -> None:
    tester, option = run.tester, run.option(597)
    for name in ("buy", "sell", "stop"):
        cancel(run, name)
    await run.reached("CANCELED", "buy", "sell", "stop")
    tester.limit("buy again", option, BUY, 1, 1.20, time_in_force=GTC)
    tester.limit("sell again", option, SELL, 2, 8.00, time_in_force=GTC)
    stop(run, "stop again", 2.60, 2.70)
    await run.reached("ACCEPTED", "buy again", "sell again", "stop again")
    run.see("buy again", "sell again", "stop again")


async def cancels(run: Run) -> None:
    """Cancel one by one; what has ended is cancelled again to no effect."""
    for name in ("buy again", "sell again", "stop again"):
        cancel(run, name)
    await run.reached("CANCELED", "buy again", "sell again", "stop again")
    cancel(run, "buy again")
    cancel(run, "to be sold")


async def many_cancels(run: Run) -> None:
    tester, option, other = run.tester, run.option(598), run.option(598, "P")
    names = [f"batch {n}" for n in (1, 2, 3)]
    for n, name in enumerate(names):
        tester.limit(name, option, BUY, 1, 1.00 + n / 100)
    await run.reached("ACCEPTED", *names)
    tester.cancel_orders([tester.order(name).client_order_id for name in names])
    await run.reached("CANCELED", *names)
    tester.limit("bought", option, BUY, 1, 2.10)
    await run.reached("FILLED", "bought")
    tester.limit("one side", option, BUY, 1, 1.00)
    tester.limit("other side", option, SELL, 1, 5.00)
    tester.limit("other option", other, BUY, 1, 1.00)
    await run.reached("ACCEPTED", "one side", "other side", "other option")
    tester.cancel_all_orders(option, BUY)
    await run.reached("CANCELED", "one side")
    run.see("other side", "other option")
    tester.limit("one side again", option, BUY, 1, 1.00)
    await run.reached("ACCEPTED", "one side again")
    tester.cancel_all_orders(option)
    await run.reached("CANCELED", "other side", "one side again")
    run.see("other option")


def modify(run: Run, name: str, **changes: object) -> None:
    run.tester.modify_order(run.tester.order(name).client_order_id, **changes)


def cancel(run: Run, name: str) -> None:
    run.tester.cancel_order(run.tester.order(name).client_order_id)
