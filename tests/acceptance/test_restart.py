"""A node takes over what the one before it has left; see restart_scenario.py."""

import pytest

SCENARIO = "restart"
EXPECTED_ERRORS = ("UNEXPLAINED: positions not explained by today's orders of ours: ",)


@pytest.fixture
def before(outcome_of):
    """Return the outcome of the node before."""
    return outcome_of("trading")


@pytest.fixture
def taken_over(outcome):
    """Return the engine's orders right after its start, by Tiger's id."""
    return {order["venue_order_id"]: order for order in outcome.facts["taken over"]["orders"]}


def position(outcome, ending):
    """Return the engine's position right after its start in the option whose symbol ends so."""
    positions = outcome.facts["taken over"]["positions"]
    return next(each for each in positions if each["symbol"].endswith(ending))


@pytest.mark.case("TC-E84")
@pytest.mark.parametrize("name", ["left buy", "left stop"])
def test_open_order_of_ours_is_known_under_its_own_name(before, taken_over, name):
    left = before.order(name)
    found = taken_over[left["venue_order_id"]]
    assert found["status"] == "ACCEPTED"
    same = ("client_order_id", "side", "order_type", "quantity", "price", "trigger_price", "symbol")
    assert {field: found[field] for field in same} == {field: left[field] for field in same}
    assert found["strategy_id"] == "TESTER-001"


@pytest.mark.case("TC-E85")
def test_ended_orders_are_known_with_their_fills_and_fees(outcome, before, taken_over):
    ended = [o for o in before.engine["orders"] if o["venue_order_id"] and o["fills"]]
    assert len(ended) >= 5
    fees = {str(order["id"]): order["commission"] for order in outcome.facts["before"]["orders"]}
    for order in ended:
        found = taken_over[order["venue_order_id"]]
        assert (found["status"], found["filled"]) == (order["status"], order["filled"])
        trades = [(fill["id"], fill["quantity"], fill["price"]) for fill in order["fills"]]
        assert [(fill["id"], fill["quantity"], fill["price"]) for fill in found["fills"]] == trades
        charged = sum(fill["commission"] for fill in found["fills"])
        assert charged == pytest.approx(fees[order["venue_order_id"]], abs=0.005)


@pytest.mark.case("TC-E86", "TC-E101")
@pytest.mark.parametrize(("ending", "quantity"), [("C00601000", 5), ("C00602000", 2)])
def test_long_position_is_known_at_the_price_paid(outcome, ending, quantity):
    found = position(outcome, ending)
    assert (found["strategy_id"], found["quantity"]) == ("TESTER-001", quantity)
    assert found["average_price"] == pytest.approx(2.10)
    held = {s: p["quantity"] for s, p in outcome.facts["before"]["positions"].items()}
    taken = {p["symbol"]: p["quantity"] for p in outcome.facts["taken over"]["positions"]}
    assert taken == held


@pytest.mark.case("TN-E25")
def test_order_made_in_tigers_app_is_known(before, taken_over):
    found = taken_over[str(before.facts["left by hand"])]
    assert (found["status"], found["quantity"], found["price"]) == ("ACCEPTED", 3, 1.00)


@pytest.mark.case("TN-E26")
def test_position_that_orders_of_ours_do_not_explain_is_told(outcome):
    [error] = outcome.errors()
    assert "C00604000: held 2, expected 0" in error
    assert error.count("held") == 1


@pytest.mark.case("TN-D14")
def test_option_held_is_quoted_unasked(outcome):
    assert outcome.facts["quoted unasked"]


@pytest.mark.case("TC-E74")
def test_lost_answer_to_a_new_order_is_no_rejection(outcome):
    assert outcome.facts["push was silent"]  # so that only asking could tell
    assert outcome.kinds("lost")[:3] == ["Initialized", "Submitted", "Accepted"]
    mark = outcome.at_simulator("lost")["user_mark"]
    sent = [order for order in outcome.account["orders"] if order["user_mark"] == mark]
    assert len(sent) == 1


@pytest.mark.case("TC-E76")
def test_lost_answer_to_a_change_is_no_rejection(outcome):
    assert outcome.kinds("lost")[3:5] == ["PendingUpdate", "Updated"]
    assert outcome.seen("lost")["limit_price"] == 1.10


@pytest.mark.case("TC-E75")
def test_lost_answer_to_a_cancel_is_no_rejection(outcome):
    assert outcome.kinds("lost")[5:] == ["PendingCancel", "Canceled"]
    assert outcome.at_simulator("lost")["status"] == "Cancelled"


@pytest.mark.case("TN-E24")
def test_queried_order_is_up_to_date_while_the_push_is_silent(outcome):
    assert outcome.facts["push was silent"]
    assert outcome.kinds("asked for").count("Filled") == 1


@pytest.mark.case("TN-E27")
def test_order_and_position_taken_over_are_cancelled_and_closed(outcome, before):
    assert outcome.order("left stop")["status"] == "CANCELED"
    symbol = before.order("left stop")["symbol"]
    assert symbol not in outcome.account["positions"]


@pytest.mark.case("TN-E28")
def test_stop_of_the_node_cancels_orders_of_ours_and_leaves_those_of_others(outcome, before):
    assert outcome.simulated()[before.order("left buy")["venue_order_id"]]["status"] == "Cancelled"
    assert outcome.simulated()[str(before.facts["left by hand"])]["status"] == "Submitted"
