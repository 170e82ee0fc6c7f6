"""Fills in parts, orders by hand, money, strategies that stop; see account_steps.py."""

import pytest

SCENARIO = "trading"
EXPECTED_ERRORS = ("LEFT_OPEN: orders still at work: ",)

SENT = ["Initialized", "Submitted", "Accepted"]


def fills(outcome, name):
    return [
        (event["last_qty"], event["last_px"])
        for event in outcome.events(name)
        if event["type"] == "Filled"
    ]


def of_tiger(outcome, order_id):
    """Return the engine's order by Tiger's id."""
    return next(o for o in outcome.engine["orders"] if o["venue_order_id"] == str(order_id))


@pytest.mark.case("TN-E13")
def test_order_is_filled_in_parts(outcome):
    seen = outcome.seen("in two parts")
    assert (seen["filled"], seen["status"]) == (2, "Submitted")
    assert outcome.kinds("in two parts") == [*SENT, "Filled", "Filled"]
    assert fills(outcome, "in two parts") == [(2.0, 2.10), (3.0, 2.10)]
    assert outcome.order("in two parts")["status"] == "FILLED"


@pytest.mark.case("TN-E14")
def test_partly_filled_order_is_cancelled(outcome):
    assert outcome.kinds("part only") == [*SENT, "Filled", "PendingCancel", "Canceled"]
    order = outcome.order("part only")
    assert (order["status"], order["filled"]) == ("CANCELED", 2)


@pytest.mark.case("TN-E15")
def test_buy_beyond_the_cash_is_refused_with_tigers_reason(outcome):
    assert outcome.kinds("all the cash") == ["Initialized", "Submitted", "Rejected"]
    assert outcome.reason("all the cash").startswith("TIGER_1200: ")
    assert "Insufficient available funds" in outcome.reason("all the cash")


@pytest.mark.case("TN-E16")
def test_sale_of_more_than_is_held_is_refused_with_tigers_reason(outcome):
    assert outcome.kinds("more than held") == ["Initialized", "Submitted", "Rejected"]
    assert "exceeds your currently available position" in outcome.reason("more than held")


@pytest.mark.case("TN-E18")
def test_order_filled_in_tigers_app_is_an_order_and_a_position_of_nobody(outcome):
    order = of_tiger(outcome, outcome.facts["by hand"]["filled"])
    assert (order["strategy_id"], order["status"]) == ("EXTERNAL", "FILLED")
    assert [(fill["quantity"], fill["price"]) for fill in order["fills"]] == [(2, 2.10)]
    [position] = [p for p in outcome.engine["positions"] if p["symbol"] == order["symbol"]]
    assert (position["strategy_id"], position["quantity"]) == ("EXTERNAL", 2)


@pytest.mark.case("TN-E19")
def test_order_made_and_cancelled_in_tigers_app_is_followed(outcome):
    order = of_tiger(outcome, outcome.facts["by hand"]["cancelled"])
    assert (order["strategy_id"], order["status"]) == ("EXTERNAL", "CANCELED")
    assert (order["quantity"], order["price"]) == (1, 1.00)


@pytest.mark.case("TN-E20")
def test_order_of_ours_cancelled_in_tigers_app_is_cancelled_here(outcome):
    assert outcome.kinds("cancelled by hand") == [*SENT, "Canceled"]


@pytest.mark.case("TN-E21")
def test_cash_is_told_again_after_changes(outcome):
    told = outcome.facts["cash told unasked"]
    assert told[0] == 100_000
    assert len(set(told)) > 1


@pytest.mark.case("TN-E23")
def test_cash_is_the_simulators_when_asked_for(outcome):
    assert outcome.engine["cash"] == pytest.approx(outcome.account["cash"], abs=0.005)


@pytest.mark.case("TC-E80")
def test_position_is_opened_on_start(outcome):
    assert outcome.kinds("position on start", "SECOND-002") == [*SENT, "Filled"]


@pytest.mark.case("TC-E41", "TC-E81")
@pytest.mark.parametrize("name", ["working 0", "working 1"])
def test_stop_of_a_strategy_cancels_its_orders(outcome, name):
    # The strategy itself hears nothing any more.
    assert outcome.order(name, "SECOND-002")["events"] == [*SENT, "PendingCancel", "Canceled"]
    assert outcome.at_simulator(name, "SECOND-002")["status"] == "Cancelled"


@pytest.mark.case("TC-E82")
def test_stop_of_a_strategy_closes_its_position(outcome):
    symbol = outcome.order("position on start", "SECOND-002")["symbol"]
    assert symbol not in outcome.account["positions"]
    [closing] = [
        order
        for order in outcome.engine["orders"]
        if order["symbol"] == symbol and order["side"] == "SELL"
    ]
    assert (closing["strategy_id"], closing["status"]) == ("SECOND-002", "FILLED")


@pytest.mark.case("TC-E83")
def test_stopped_strategy_gets_no_more_quotes(outcome):
    stopped_ns = outcome.facts["second stopped at"]
    symbol = outcome.order("position on start", "SECOND-002")["symbol"]
    quotes = outcome.heard("QuoteTick", symbol, "SECOND-002")
    assert quotes
    assert max(quote["heard_ns"] for quote in quotes) < stopped_ns
    later = outcome.heard("QuoteTick", symbol)
    assert later[-1]["heard_ns"] > stopped_ns


@pytest.mark.case("TN-E29")
def test_orders_left_at_work_are_listed_when_the_node_stops(outcome):
    [error] = outcome.errors()
    for name in ("left buy", "left stop"):
        assert outcome.order(name)["venue_order_id"] in error
    assert str(outcome.facts["left by hand"]) not in error
