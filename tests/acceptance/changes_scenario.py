"""Changes and cancels of orders at work, on the paper account; see test_changes.py."""

from acceptance.script_run import Run
from acceptance.tester import price
from nautilus_trader.model import OrderSide, Quantity, TimeInForce

from tiger_nt.simulator.fees import fixed_plan

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DAY, GTC = TimeInForce.DAY, TimeInForce.GTC
ONE = Quantity.from_int(1)

WALKED = {"buy": 1.12, "sell": 8.40, "stop": 2.65, "grown": 1.08}
"""New limits that are asked for at once: one more than may be changed in a second."""

SETTINGS = {"execution": {"fees": fixed_plan}}


def prepare(run: Run) -> None:
    run.stand_still(597, 598)


async def script(run: Run) -> None:
    tester, option = run.tester, run.option(597)
    tester.subscribe_quotes(option)
    await run.until(lambda: tester.heard("QuoteTick"), "quotes")
    await run.limit("to be sold", option, BUY, 3, 2.10)
    await run.reached("FILLED", "to be sold")
    await run.limit("buy", option, BUY, 1, 1.00, time_in_force=GTC)
    await run.limit("sell", option, SELL, 2, 9.00, time_in_force=GTC)
    await run.limit("grown", option, BUY, 1, 1.05)
    await stop(run, "stop", 2.50, 2.60)
    await run.reached("ACCEPTED", "buy", "sell", "grown", "stop")
    await modifications(run)
    await replacements(run)
    await cancels(run)
    await many_cancels(run)


async def stop(run: Run, name: str, trigger: float, limit: float) -> None:
    factory = run.tester.order_factory
    await run.send(
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
        await run.modify(name, **changes)
        await run.until(lambda n=name: "Updated" in tester.kinds(n), f"{name} to be updated")
    run.see("buy", "sell", "stop", "grown")
    await run.modify("sell", quantity=Quantity.from_int(50))
    await run.until(lambda: "ModifyRejected" in tester.kinds("sell"), "a refused change")
    order = tester.order("sell")
    run.facts["after a refused change"] = {
        "engine": [order.status.name, order.price.as_double(), int(order.quantity.as_double())],
        "simulator": run.simulator.order(order.venue_order_id.value),
    }
    await walk_too_fast(run)


async def walk_too_fast(run: Run) -> None:
    """Make more changes at a time than Tiger's limit leaves to changes; cancels still go."""
    tester = run.tester
    await run.room(1)
    names = [tester.names[name] for name in WALKED]
    before = {name: len(tester.events[name]) for name in names}

    def told() -> list[dict[str, object]]:
        events = [event for name in names for event in tester.events[name][before[name] :]]
        return [event for event in events if event["type"] in {"Updated", "ModifyRejected"}]

    for name, at in WALKED.items():
        tester.modify_order(tester.order(name).client_order_id, price=price(at))
    await run.until(lambda: len(told()) == len(WALKED), "an answer to each")
    run.facts["fast walk"] = {
        "told": told(),
        "engine": {name: tester.order(name).price.as_double() for name in WALKED},
        "simulator": {
            name: run.simulator.order(tester.order(name).venue_order_id.value)["limit_price"]
            for name in WALKED
        },
    }
    run.cancel("grown")
    await run.reached("CANCELED", "grown")


async def replacements(run: Run) -> None:
    option = run.option(597)
    for name in ("buy", "sell", "stop"):
        run.cancel(name)
    await run.reached("CANCELED", "buy", "sell", "stop")
    await run.limit("buy again", option, BUY, 1, 1.20, time_in_force=GTC)
    await run.limit("sell again", option, SELL, 2, 8.00, time_in_force=GTC)
    await stop(run, "stop again", 2.60, 2.70)
    await run.reached("ACCEPTED", "buy again", "sell again", "stop again")
    run.see("buy again", "sell again", "stop again")


async def cancels(run: Run) -> None:
    """Cancel one by one; what has ended is cancelled again to no effect."""
    for name in ("buy again", "sell again", "stop again"):
        run.cancel(name)
    await run.reached("CANCELED", "buy again", "sell again", "stop again")
    run.cancel("buy again")
    run.cancel("to be sold")


async def many_cancels(run: Run) -> None:
    tester, option, other = run.tester, run.option(598), run.option(598, "P")
    names = [f"batch {n}" for n in (1, 2, 3)]
    for n, name in enumerate(names):
        await run.limit(name, option, BUY, 1, 1.00 + n / 100)
    await run.reached("ACCEPTED", *names)
    tester.cancel_orders([tester.order(name).client_order_id for name in names])
    await run.reached("CANCELED", *names)
    await run.limit("bought", option, BUY, 1, 2.10)
    await run.reached("FILLED", "bought")
    await run.limit("one side", option, BUY, 1, 1.00)
    await run.limit("other side", option, SELL, 1, 5.00)
    await run.limit("other option", other, BUY, 1, 1.00)
    await run.reached("ACCEPTED", "one side", "other side", "other option")
    tester.cancel_all_orders(option, BUY)
    await run.reached("CANCELED", "one side")
    run.see("other side", "other option")
    await run.limit("one side again", option, BUY, 1, 1.00)
    await run.reached("ACCEPTED", "one side again")
    tester.cancel_all_orders(option)
    await run.reached("CANCELED", "other side", "one side again")
    run.see("other option")
