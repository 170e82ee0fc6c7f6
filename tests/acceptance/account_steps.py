"""Fills in parts, orders by hand, strategies that come and go; the second part of trading_scenario.

It leaves orders and positions to restart_scenario.py.
"""

from acceptance.script_run import Run
from acceptance.tester import price
from nautilus_trader.model import OrderSide, Quantity, TimeInForce

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DAY = TimeInForce.DAY


def open_a_position_on_start(run: Run) -> None:
    """Let the second strategy buy as soon as it has a quote."""
    second, option = run.testers["SECOND-002"], run.option(605)

    def open_a_position() -> None:
        second.quoted = lambda: None
        order = second.order_factory.market(option, BUY, Quantity.from_int(1), DAY)
        second.send("position on start", order)

    second.begin = lambda: second.subscribe_quotes(option)
    second.quoted = open_a_position


async def change_the_account(run: Run) -> None:
    await refused_by_tiger(run)
    await partial_fills(run)
    await made_by_hand(run)
    await coming_and_going(run)
    await left_for_later(run)
    run.facts["cash told unasked"] = run.picture()["cash_told"]
    await up_to_date(run)


async def partial_fills(run: Run) -> None:
    whole, part = run.symbol(601), run.symbol(602)
    for symbol in (whole, part):
        run.quote(symbol, ask_size=2)
    await run.limit("in two parts", run.id(whole), BUY, 5, 2.10)
    await run.limit("part only", run.id(part), BUY, 5, 2.10)
    await run.reached("PARTIALLY_FILLED", "in two parts", "part only")
    run.see("in two parts", "part only")
    run.quote(whole, ask_size=3)
    await run.reached("FILLED", "in two parts")
    run.cancel("part only")
    await run.reached("CANCELED", "part only")


async def refused_by_tiger(run: Run) -> None:
    """A buy that fits into the cash without its fees; and a sale of more than is held.

    What does not fit without them the engine itself refuses.
    """
    dear = run.symbol(603)
    run.quote(dear, 1_000.00, 1_001.00)

    def dollars() -> int:
        """Return what there is to spend, 0 while the engine believes it to be less."""
        there = int(run.simulator.account()["free_cash"])
        return there if there <= run.picture()["free"] else 0

    await run.limit("all the cash", run.id(dear), BUY, 1, await run.until(dollars, "cash") / 100)
    await run.limit("more than held", run.option(594), SELL, 6, 9.00)
    await run.reached("REJECTED", "all the cash", "more than held")


async def made_by_hand(run: Run) -> None:
    """Orders of Tiger's app while the node runs: filled, cancelled there, and ours cancelled."""
    tester, option = run.tester, run.option(604)
    filled = by_hand(run, 604, 2, 2.10)
    await run.until(lambda: tester.cache.positions_open(instrument_id=option), "its position")
    resting = by_hand(run, 604, 1, 1.00)
    await run.until(lambda: status_of(run, resting) == "ACCEPTED", "the order made by hand")
    run.simulator("POST", "/cancel", {"id": resting})
    await run.until(lambda: status_of(run, resting) == "CANCELED", "its cancel")
    await run.limit("cancelled by hand", option, BUY, 1, 1.00)
    await run.reached("ACCEPTED", "cancelled by hand")
    ours = int(tester.order("cancelled by hand").venue_order_id.value)
    run.simulator("POST", "/cancel", {"id": ours})
    await run.reached("CANCELED", "cancelled by hand")
    run.facts["by hand"] = {"filled": filled, "cancelled": resting}


def by_hand(run: Run, strike: float, quantity: int, limit: float) -> int:
    account = run.simulator.number
    order = {"account": account, "symbol": run.symbol(strike), "side": "BUY"}
    order |= {"quantity": quantity, "limit_price": limit}
    return int(run.simulator("POST", "/order", order)["id"])


def status_of(run: Run, order_id: int) -> str:
    """Return the engine's status of one of Tiger's orders, empty if it does not know it."""
    for order in run.tester.cache.orders():
        if order.venue_order_id is not None and order.venue_order_id.value == str(order_id):
            return str(order.status.name)
    return ""


async def up_to_date(run: Run) -> None:
    """Ask for the account's figures; of themselves they come now and then."""
    [account] = {order.account_id for order in run.tester.cache.orders() if order.account_id}
    run.tester.query_account(account)

    def is_up_to_date() -> bool:
        here, there = run.picture(), run.simulator.account()
        return (
            abs(here["cash"] - there["cash"]) < 0.005
            and abs(here["free"] - there["free_cash"]) < 0.005
        )

    await run.until(is_up_to_date, "the simulator's figures")


async def coming_and_going(run: Run) -> None:
    """The second strategy opened a position at its start; its stop leaves nothing behind."""
    second, option = run.testers["SECOND-002"], run.option(605)
    await run.until(lambda: second.kinds("position on start")[-1] == "Filled", "its position")
    for n, at in enumerate((1.00, 1.01)):
        await run.limit(f"working {n}", option, BUY, 1, at, second)
    await run.until(
        lambda: all(second.order(f"working {n}").status.name == "ACCEPTED" for n in (0, 1)),
        "its orders",
    )

    def leave() -> None:
        second.cancel_all_orders(option)
        second.close_all_positions(option)
        second.unsubscribe_quotes(option)

    second.leave = leave
    run.warden.stop_strategy(second.strategy_id)
    await run.until(lambda: not second.cache.positions_open(instrument_id=option), "no position")
    await run.until(
        lambda: all(second.order(f"working {n}").status.name == "CANCELED" for n in (0, 1)),
        "no orders",
    )
    stopped_ns = run.facts["second stopped at"] = second.clock.timestamp_ns()
    run.quote(run.symbol(605), 1.50, 1.60)
    run.tester.subscribe_quotes(option)
    await run.until(lambda: run.tester.heard("QuoteTick", run.symbol(605), stopped_ns), "a quote")


async def left_for_later(run: Run) -> None:
    """Leave positions and orders at work, ours and one made by hand, to the next node."""
    tester, option = run.tester, run.option(601)
    await run.limit("left buy", option, BUY, 2, 1.00)
    await run.reached("ACCEPTED", "left buy")
    stop = tester.order_factory.stop_limit(
        option, SELL, Quantity.from_int(1), price(1.40), price(1.50), time_in_force=DAY
    )
    await run.send("left stop", stop)
    await run.reached("ACCEPTED", "left stop")
    run.facts["left by hand"] = by_hand(run, 602, 3, 1.00)
    await run.until(
        lambda: status_of(run, run.facts["left by hand"]) == "ACCEPTED", "the order made by hand"
    )
