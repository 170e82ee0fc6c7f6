"""Every kind of order a node can send; the first part of trading_scenario.py."""

from decimal import Decimal

from acceptance.script_run import Run
from acceptance.tester import price
from nautilus_trader.model import ContingencyType, OrderSide, OrderType, Quantity, TimeInForce

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DAY, GTC, GTD = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
ONE = Quantity.from_int(1)


async def send_every_kind(run: Run) -> None:
    tester = run.tester
    for strike in (594, 595, 596):
        tester.subscribe_quotes(run.option(strike))
    tester.subscribe_quotes(run.option(594, "P"))
    await run.until(lambda: len(tester.heard("QuoteTick")) >= 4, "quotes")
    await markets(run)
    await limits(run)
    await stops(run)
    await contingencies(run)
    await lists(run)
    await flags(run)


async def markets(run: Run) -> None:
    tester, option = run.tester, run.option(596)
    await run.market("market buy", option, BUY, 3)
    await run.reached("FILLED", "market buy")
    await run.market("market sell short", run.option(594, "P"), SELL, 1)
    await run.market("market IOC", option, BUY, 1, time_in_force=IOC)
    await run.market("market FOK", option, BUY, 1, time_in_force=FOK)
    await run.market("market in dollars", option, BUY, 1, quote_quantity=True)
    await run.market("market without a quote", run.option(595, "P"), BUY, 1)
    await run.reached("REJECTED", "market sell short")
    await run.reached("DENIED", "market IOC", "market FOK", "market in dollars")
    await run.reached("DENIED", "market without a quote")
    tester.close_all_positions(option)
    await run.until(lambda: not tester.cache.positions_open(instrument_id=option), "no position")


async def limits(run: Run) -> None:
    tester, option = run.tester, run.option(594)
    run.quote(run.symbol(594))
    await run.limit("held", option, BUY, 10, 2.10)
    await run.reached("FILLED", "held")
    await run.limit("buy GTC", option, BUY, 1, 1.00, time_in_force=GTC)
    await run.limit("sell GTC", option, SELL, 2, 9.00, time_in_force=GTC)
    await run.limit("buy DAY", option, BUY, 1, 1.05)
    await run.reached("ACCEPTED", "buy GTC", "sell GTC", "buy DAY")
    run.see("buy GTC", "sell GTC", "buy DAY")
    soon_ns = tester.clock.timestamp_ns() + 60 * 10**9
    await run.limit("IOC through", option, BUY, 1, 2.20, time_in_force=IOC)
    await run.limit("IOC away", option, BUY, 1, 1.00, time_in_force=IOC)
    await run.limit("FOK through", option, BUY, 1, 2.20, time_in_force=FOK)
    await run.limit("FOK away", option, BUY, 1, 1.00, time_in_force=FOK)
    await run.limit("GTD", option, BUY, 1, 1.00, time_in_force=GTD, expire_time=soon_ns)
    await run.limit("at the open", option, BUY, 1, 1.00, time_in_force=TimeInForce.AT_THE_OPEN)
    await run.limit("at the close", option, BUY, 1, 1.00, time_in_force=TimeInForce.AT_THE_CLOSE)
    await run.reached("DENIED", "IOC through", "IOC away", "FOK through", "FOK away", "GTD")
    await run.reached("DENIED", "at the open", "at the close")


async def stops(run: Run) -> None:
    option, factory = run.option(594), run.tester.order_factory
    day = {"time_in_force": DAY}
    await run.send("stop market buy", factory.stop_market(option, BUY, ONE, price(2.50), **day))
    await run.send("stop market sell", factory.stop_market(option, SELL, ONE, price(1.50), **day))
    for side, limit, trigger in ((BUY, 2.60, 2.50), (SELL, 1.40, 1.50)):
        stop = factory.stop_limit(option, side, ONE, price(limit), price(trigger), **day)
        await run.send(f"stop limit {side.name.lower()}", stop)
    for side, limit, trigger in ((BUY, 1.60, 1.50), (SELL, 2.40, 2.50)):
        name = side.name.lower()
        touched = factory.market_if_touched(option, side, ONE, price(trigger), **day)
        await run.send(f"MIT {name}", touched)
        touched = factory.limit_if_touched(option, side, ONE, price(limit), price(trigger), **day)
        await run.send(f"LIT {name}", touched)
    await run.send("market to limit", factory.market_to_limit(option, BUY, ONE, **day))
    trailing = factory.trailing_stop_market(
        option, SELL, ONE, Decimal("0.10"), trigger_price=price(1.50), **day
    )
    await run.send("trailing stop", trailing)
    stop = factory.stop_limit(option, BUY, ONE, price(2.60), price(2.50), time_in_force=GTC)
    await run.send("stop limit GTC", stop)
    await run.reached("ACCEPTED", "stop limit buy", "stop limit sell")
    run.see("stop limit buy", "stop limit sell")
    refused = ["stop market buy", "stop market sell", "market to limit", "trailing stop"]
    refused.append("stop limit GTC")
    refused += [f"{kind} {side}" for kind in ("MIT", "LIT") for side in ("buy", "sell")]
    await run.reached("DENIED", *refused)
    triggered = factory.stop_limit(run.option(595), BUY, ONE, price(2.60), price(2.50), **day)
    await run.send("stop limit triggered", triggered)
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
        tester.send_list(dict(zip(names, bracket, strict=True)))
        await run.reached("DENIED", *names)


async def lists(run: Run) -> None:
    """Send three at once, of which Tiger refuses the second: it sells more than is held."""
    tester, factory = run.tester, run.tester.order_factory
    wanted = {"list 1": (BUY, 1, 1.00), "list 2": (SELL, 45, 9.00), "list 3": (BUY, 2, 1.01)}
    orders = {
        name: factory.limit(run.option(594), side, Quantity.from_int(n), price(at), DAY)
        for name, (side, n, at) in wanted.items()
    }
    await run.room(1)
    tester.send_list(orders)
    await run.reached("ACCEPTED", "list 1", "list 3")
    await run.reached("REJECTED", "list 2")
    run.see("list 1", "list 3")


async def flags(run: Run) -> None:
    tester, option = run.tester, run.option(594)
    await run.limit("post-only", option, BUY, 1, 1.00, post_only=True)
    await run.limit("post-only through", option, BUY, 1, 2.20, post_only=True)
    await run.limit("iceberg", option, BUY, 5, 1.00, display_qty=ONE)
    await run.limit("beyond the limit", option, BUY, 51, 1.00)
    await run.market("reduce-only flat", run.option(594, "P"), SELL, 1, reduce_only=True)
    await run.reached("DENIED", "post-only", "post-only through", "iceberg", "beyond the limit")
    await run.until(lambda: tester.order("reduce-only flat").is_closed, "a refusal")
    await run.market("reduce-only", option, SELL, 4, reduce_only=True)
    await run.reached("FILLED", "reduce-only")
