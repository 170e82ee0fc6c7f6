"""What changes an account: fills in parts, orders by hand, strategies that come and go.

On a second live account, which restart_scenario.py takes over; see test_account.py.
"""

from acceptance.tested_node import Run
from acceptance.tester import DAY, price
from nautilus_trader.model import OrderSide, Quantity

from tiger_nt.simulator.fees import fixed_plan

BUY, SELL = OrderSide.BUY, OrderSide.SELL

SETTINGS = {
    "strategies": ["TESTER-001", "SECOND-002"],
    "execution": {"fees": fixed_plan, "cancel_on_stop": False, "max_order_notional": 100_000.0},
}


def prepare(run: Run) -> None:
    run.stand_still(601, 602, 603, 604, 605)
    second, option = run.testers["SECOND-002"], run.option(605)

    def open_a_position() -> None:
        second.quoted = lambda: None
        second.market("position on start", option, BUY, 1)

    second.begin = lambda: second.subscribe_quotes(option)
    second.quoted = open_a_position


async def script(run: Run) -> None:
    await partial_fills(run)
    await refused_by_tiger(run)
    await made_by_hand(run)
    await coming_and_going(run)
    await left_for_later(run)
    await money(run)


async def partial_fills(run: Run) -> None:
    tester = run.tester
    whole, part = run.symbol(601), run.symbol(602)
    for symbol in (whole, part):
        run.quote(symbol, ask_size=2)
    tester.limit("in two parts", run.id(whole), BUY, 5, 2.10)
    tester.limit("part only", run.id(part), BUY, 5, 2.10)
    await run.reached("PARTIALLY_FILLED", "in two parts", "part only")
    run.see("in two parts", "part only")
    run.quote(whole, ask_size=3)
    await run.reached("FILLED", "in two parts")
    tester.cancel_order(tester.order("part only").client_order_id)
    await run.reached("CANCELED", "part only")


async def refused_by_tiger(run: Run) -> None:
    """Two buys that each fit into the cash, but not together; and a sale of more than is held."""
    tester, dear = run.tester, run.symbol(603)
    run.quote(dear, 30.00, 30.10)
    tester.limit("most of the cash", run.id(dear), BUY, 40, 20.00)
    await run.reached("ACCEPTED", "most of the cash")
    tester.limit("the rest and more", run.id(dear), BUY, 40, 20.00)
    tester.limit("more than held", run.option(601), SELL, 6, 9.00)
    await run.reached("REJECTED", "the rest and more", "more than held")
    tester.cancel_order(tester.order("most of the cash").client_order_id)
    await run.reached("CANCELED", "most of the cash")


async def made_by_hand(run: Run) -> None:
    """Orders of Tiger's app while the node runs: filled, cancelled there, and ours cancelled."""
    tester, option = run.tester, run.option(604)
    filled = by_hand(run, 604, 2, 2.10)
    await run.until(lambda: tester.cache.positions_open(instrument_id=option), "its position")
    resting = by_hand(run, 604, 1, 1.00)
    await run.until(lambda: status_of(run, resting) == "ACCEPTED", "the order made by hand")
    run.simulator("POST", "/cancel", {"id": resting})
    await run.until(lambda: status_of(run, resting) == "CANCELED", "its cancel")
    tester.limit("cancelled by hand", option, BUY, 1, 1.00)
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


async def money(run: Run) -> None:
    """The figures come by themselves after a change, and when asked for."""
    tester = run.tester
    [account] = {order.account_id for order in tester.cache.orders() if order.account_id}

    def told() -> list[float]:
        return list(run.picture()["cash_told"])

    await run.until(
        lambda: abs(told()[-1] - run.simulator.account()["cash"]) < 0.005, "the simulator's cash"
    )
    before = len(told())
    tester.query_account(account)
    await run.until(lambda: len(told()) > before, "figures")
    run.facts["figures"] = {"before": before, "after": len(told())}


async def coming_and_going(run: Run) -> None:
    """The second strategy opened a position at its start; its stop leaves nothing behind."""
    second, option = run.testers["SECOND-002"], run.option(605)
    await run.until(lambda: second.kinds("position on start")[-1] == "Filled", "its position")
    for n, at in enumerate((1.00, 1.01)):
        second.limit(f"working {n}", option, BUY, 1, at)
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
    tester.limit("left buy", option, BUY, 2, 1.00)
    await run.reached("ACCEPTED", "left buy")
    stop = tester.order_factory.stop_limit(
        option, SELL, Quantity.from_int(1), price(1.40), price(1.50), time_in_force=DAY
    )
    tester.send("left stop", stop)
    await run.reached("ACCEPTED", "left stop")
    run.facts["left by hand"] = by_hand(run, 602, 3, 1.00)
    await run.until(
        lambda: status_of(run, run.facts["left by hand"]) == "ACCEPTED", "the order made by hand"
    )
