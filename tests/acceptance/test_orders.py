"""Every kind of order; see order_steps.py."""

import pytest

SCENARIO = "trading"
EXPECTED_ERRORS = ("LEFT_OPEN: orders still at work: ",)  # see test_account.py

SENT = ["Initialized", "Submitted", "Accepted"]
ANY_TIME = "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY, GTC, was "
ANY_TYPE = "ORDER_TYPE_NOT_SUPPORTED: Expected MARKET, LIMIT, STOP_LIMIT, was "
NO_CONTINGENCY = "CONTINGENCY_NOT_SUPPORTED: Expected orders independent of each other, was "
POST_ONLY = "POST_ONLY_NOT_SUPPORTED: Expected an order that may take liquidity"

DENIED = {
    "TC-E03": ("market IOC", ANY_TIME + "IOC"),
    "TC-E04": ("market FOK", ANY_TIME + "FOK"),
    "TC-E05": ("market in dollars", "QUOTE_QUANTITY_NOT_SUPPORTED: Expected a number of contracts"),
    "TC-E13": ("IOC through", ANY_TIME + "IOC"),
    "TC-E14": ("IOC away", ANY_TIME + "IOC"),
    "TC-E15": ("FOK through", ANY_TIME + "FOK"),
    "TC-E16": ("FOK away", ANY_TIME + "FOK"),
    "TC-E99": ("FOK away", ANY_TIME + "FOK"),
    "TC-E17": ("GTD", ANY_TIME + "GTD"),
    "TC-E18": ("GTD", ANY_TIME + "GTD"),
    "TC-E73": ("GTD", ANY_TIME + "GTD"),
    "TC-E20": ("stop market buy", ANY_TYPE + "STOP_MARKET"),
    "TC-E21": ("stop market sell", ANY_TYPE + "STOP_MARKET"),
    "TC-E96": ("stop market sell", ANY_TYPE + "STOP_MARKET"),
    "TC-E24": ("MIT buy", ANY_TYPE + "MARKET_IF_TOUCHED"),
    "TC-E25": ("MIT sell", ANY_TYPE + "MARKET_IF_TOUCHED"),
    "TC-E26": ("LIT buy", ANY_TYPE + "LIMIT_IF_TOUCHED"),
    "TC-E27": ("LIT sell", ANY_TYPE + "LIMIT_IF_TOUCHED"),
    "TN-E05": ("market to limit", ANY_TYPE + "MARKET_TO_LIMIT"),
    "TC-E72": ("market to limit", ANY_TYPE + "MARKET_TO_LIMIT"),
    "TC-E94": ("market to limit", ANY_TYPE + "MARKET_TO_LIMIT"),
    "TN-E06": ("trailing stop", ANY_TYPE + "TRAILING_STOP_MARKET"),
    "TN-E32": (
        "stop limit GTC",
        "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY for STOP_LIMIT, was GTC",
    ),
    "TN-E33": ("at the open", ANY_TIME + "AT_THE_OPEN"),
    "TN-E34": ("at the close", ANY_TIME + "AT_THE_CLOSE"),
    "TC-E60": ("post-only", POST_ONLY),
    "TC-E70": ("post-only through", POST_ONLY),
    "TC-E62": ("iceberg", "DISPLAY_QUANTITY_NOT_SUPPORTED: Expected none, was 1"),
    "TN-E09": ("beyond the limit", "MAX_CONTRACTS: Expected at most 50, was 51"),
    "TN-E10": ("market without a quote", "MARKET_PRICE_UNAVAILABLE: order_type=MARKET"),
}
BRACKETS = {
    "TC-E50": ("bracket buy", "OUO"),
    "TC-E51": ("bracket sell", "OUO"),
    "TC-E53": ("bracket post-only", "OUO"),
    "TN-E07": ("bracket OCO", "OCO"),
}


def is_at_work(order, **terms):
    """Whether the simulator's order is open with these terms."""
    return order["status"] == "Submitted" and terms.items() <= order.items()


@pytest.mark.case("TC-E01")
def test_market_buy_opens_a_position_at_the_ask(outcome):
    events = outcome.events("market buy")
    assert [event["type"] for event in events] == [*SENT, "Filled"]
    assert (events[-1]["last_qty"], events[-1]["last_px"]) == (3.0, 2.10)
    there = outcome.at_simulator("market buy")
    assert (there["order_type"], there["time_in_force"], there["filled"]) == ("MKT", "DAY", 3)
    assert there["user_mark"].startswith("nt1-")
    assert len(set(outcome.engine["cash_told"])) > 1


@pytest.mark.case("TC-E02")
def test_market_sell_of_what_is_not_held_is_refused_by_tiger(outcome):
    assert outcome.kinds("market sell short") == ["Initialized", "Submitted", "Rejected"]
    assert outcome.reason("market sell short").startswith("TIGER_1200: ")
    assert "exceeds your currently available position" in outcome.reason("market sell short")


@pytest.mark.case(*DENIED)
@pytest.mark.parametrize("number", DENIED)
def test_what_tiger_cannot_have_is_denied_with_the_reason_and_not_sent(outcome, number):
    name, reason = DENIED[number]
    assert outcome.kinds(name) == ["Initialized", "Denied"]
    assert outcome.reason(name).startswith(reason)
    assert outcome.at_simulator(name) is None


@pytest.mark.case("TC-E06")
def test_position_is_closed_by_a_market_order(outcome):
    [closing] = [
        order
        for order in outcome.engine["orders"]
        if order["symbol"].endswith("C00596000") and order["side"] == "SELL"
        and order["quantity"] == 3
    ]  # fmt: skip
    assert (closing["status"], closing["order_type"]) == ("FILLED", "MARKET")
    there = outcome.simulated()[closing["venue_order_id"]]
    assert (there["order_type"], there["time_in_force"], there["average_price"]) == (
        "MKT",
        "DAY",
        2.00,
    )


@pytest.mark.case("TC-E10", "TC-E90")
def test_limit_buy_gtc_rests(outcome):
    assert outcome.kinds("buy GTC")[:3] == SENT
    terms = {"order_type": "LMT", "side": "BUY", "quantity": 1, "limit_price": 1.00}
    assert is_at_work(outcome.seen("buy GTC"), **terms, time_in_force="GTC")


@pytest.mark.case("TC-E11", "TC-E91")
def test_limit_sell_gtc_rests(outcome):
    assert outcome.kinds("sell GTC")[:3] == SENT
    terms = {"order_type": "LMT", "side": "SELL", "quantity": 2, "limit_price": 9.00}
    assert is_at_work(outcome.seen("sell GTC"), **terms, time_in_force="GTC")


@pytest.mark.case("TC-E12")
def test_limit_buy_and_sell_of_one_option_rest_together(outcome):
    both = [outcome.seen(name) for name in ("buy GTC", "sell GTC")]
    assert all(is_at_work(order) for order in both)
    assert both[0]["symbol"] == both[1]["symbol"]


@pytest.mark.case("TC-E19")
def test_limit_day_rests(outcome):
    assert outcome.kinds("buy DAY")[:3] == SENT
    assert is_at_work(outcome.seen("buy DAY"), limit_price=1.05, time_in_force="DAY")


@pytest.mark.case("TC-E22", "TC-E23")
@pytest.mark.parametrize(
    ("name", "limit", "trigger"), [("stop limit buy", 2.60, 2.50), ("stop limit sell", 1.40, 1.50)]
)
def test_stop_limit_rests_with_both_prices(outcome, name, limit, trigger):
    assert outcome.kinds(name)[:3] == SENT
    terms = {"order_type": "STP_LMT", "limit_price": limit, "stop_price": trigger}
    assert is_at_work(outcome.seen(name), **terms)


@pytest.mark.case("TN-E04")
def test_stop_limit_fills_once_the_ask_has_reached_its_trigger(outcome):
    assert outcome.kinds("stop limit triggered") == [*SENT, "Filled"]
    assert outcome.events("stop limit triggered")[-1]["last_px"] == 2.55


@pytest.mark.case(*BRACKETS)
@pytest.mark.parametrize("number", BRACKETS)
def test_orders_that_depend_on_each_other_are_denied_whole(outcome, number):
    name, contingency = BRACKETS[number]
    for part in ("entry", "stop", "profit"):
        assert outcome.kinds(f"{name} {part}") == ["Initialized", "Denied"]
        assert outcome.at_simulator(f"{name} {part}") is None
    assert outcome.reason(f"{name} entry") == NO_CONTINGENCY + "OTO"
    assert outcome.reason(f"{name} profit") == NO_CONTINGENCY + contingency


@pytest.mark.case("TN-E08")
def test_orders_of_a_list_are_sent_one_by_one(outcome):
    for name, quantity, limit in (("list 1", 1, 1.00), ("list 3", 2, 1.01)):
        assert outcome.kinds(name)[:3] == SENT
        assert is_at_work(outcome.seen(name), quantity=quantity, limit_price=limit)


@pytest.mark.case("TC-E78")
def test_one_order_of_a_list_is_refused_alone(outcome):
    assert outcome.kinds("list 2") == ["Initialized", "Submitted", "Rejected"]
    assert "exceeds your currently available position" in outcome.reason("list 2")
    assert is_at_work(outcome.seen("list 3"))


@pytest.mark.case("TC-E61")
def test_reduce_only_order_closes_a_part_of_the_position(outcome):
    assert outcome.kinds("reduce-only") == [*SENT, "Filled"]
    assert outcome.order("reduce-only")["filled"] == 4


@pytest.mark.case("TC-E71")
def test_reduce_only_order_without_a_position_is_refused(outcome):
    assert outcome.kinds("reduce-only flat")[-1] in {"Denied", "Rejected"}
    assert outcome.order("reduce-only flat")["filled"] == 0


@pytest.mark.case("TN-E22")
def test_commissions_are_the_simulators_fees(outcome):
    filled = [order for order in outcome.engine["orders"] if order["fills"]]
    assert len(filled) > 5
    for order in filled:
        charged = sum(fill["commission"] for fill in order["fills"])
        fees = outcome.simulated()[order["venue_order_id"]]["commission"]
        assert charged == pytest.approx(fees, abs=0.005)
        assert fees > 2.99
