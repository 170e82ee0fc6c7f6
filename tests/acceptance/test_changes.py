"""Changes and cancels of orders at work; see changes_scenario.py."""

import pytest

SCENARIO = "changes"
EXPECTED_ERRORS = ()

CHANGED = ["Initialized", "Submitted", "Accepted", "PendingUpdate", "Updated"]
CANCELED = ["PendingCancel", "Canceled"]


@pytest.mark.case("TC-E30", "TC-E31", "TC-E34", "TN-E01")
@pytest.mark.parametrize(
    ("name", "field", "value", "field_there"),
    [
        ("buy", "price", 1.10, "limit_price"),
        ("sell", "price", 8.50, "limit_price"),
        ("stop", "trigger_price", 2.45, "stop_price"),
        ("grown", "quantity", 4, "quantity"),
    ],
)
def test_order_at_work_is_changed(outcome, name, field, value, field_there):
    assert outcome.kinds(name)[:5] == CHANGED
    assert outcome.events(name)[4][field] == value
    there = outcome.seen(name)
    assert (there["status"], there[field_there]) == ("Submitted", value)


@pytest.mark.case("TN-E02")
def test_change_that_tiger_refuses_leaves_the_order_as_it_was(outcome):
    refused = next(e for e in outcome.events("sell") if e["type"] == "ModifyRejected")
    assert "exceeds your currently available position" in refused["reason"]
    after = outcome.facts["after a refused change"]
    assert after["engine"] == ["ACCEPTED", 8.50, 2]
    assert after["simulator"]["quantity"] == 2
    assert after["simulator"]["status"] == "Submitted"


@pytest.mark.case("TN-E03")
def test_changes_beyond_the_budget_are_refused_at_once_and_a_cancel_still_goes(outcome):
    walk = outcome.facts["fast walk"]
    refused = [event for event in walk["told"] if event["type"] == "ModifyRejected"]
    done = [event for event in walk["told"] if event["type"] == "Updated"]
    assert (len(done), len(refused)) == (3, 1)
    assert refused[0]["reason"].startswith("RATE_LIMIT: ")
    assert walk["simulator"] == walk["engine"]
    assert {event["price"] for event in done} < set(walk["engine"].values())
    assert outcome.kinds("grown")[-2:] == CANCELED


@pytest.mark.case("TC-E32", "TC-E33", "TC-E35")
@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("buy", {"limit_price": 1.20, "side": "BUY"}),
        ("sell", {"limit_price": 8.00, "side": "SELL"}),
        ("stop", {"limit_price": 2.70, "stop_price": 2.60}),
    ],
)
def test_order_is_cancelled_and_replaced_by_another(outcome, name, terms):
    assert outcome.kinds(name)[-2:] == CANCELED
    assert outcome.at_simulator(name)["status"] == "Cancelled"
    assert outcome.kinds(f"{name} again")[:3] == ["Initialized", "Submitted", "Accepted"]
    there = outcome.seen(f"{name} again")
    assert there["status"] == "Submitted"
    assert terms.items() <= there.items()


@pytest.mark.case("TC-E40", "TC-E42", "TC-E100")
@pytest.mark.parametrize("name", ["buy again", "sell again", "stop again"])
def test_orders_are_cancelled_one_by_one(outcome, name):
    assert outcome.kinds(name)[-2:] == CANCELED
    there = outcome.at_simulator(name)
    assert there["status"] == "Cancelled"
    assert outcome.events(name)[-1]["venue_order_id"] == str(there["id"])


@pytest.mark.case("TC-E44", "TN-E11")
@pytest.mark.parametrize(("name", "status"), [("buy again", "CANCELED"), ("to be sold", "FILLED")])
def test_cancel_of_an_order_that_has_ended_changes_nothing(outcome, name, status):
    assert outcome.order(name)["status"] == status
    assert outcome.kinds(name).count("Canceled") == (status == "CANCELED")
    assert "CancelRejected" not in outcome.kinds(name)
    assert f"Cannot cancel order: state is {status.title()}" in outcome.log


@pytest.mark.case("TC-E43")
@pytest.mark.parametrize("name", ["batch 1", "batch 2", "batch 3"])
def test_several_orders_are_cancelled_at_once(outcome, name):
    assert outcome.kinds(name)[-2:] == CANCELED
    assert outcome.at_simulator(name)["status"] == "Cancelled"


@pytest.mark.case("TN-E12")
def test_cancel_all_of_one_side_leaves_the_other_and_other_options(outcome):
    for name in ("one side", "other side", "one side again"):
        assert outcome.kinds(name)[-1] == "Canceled"
    for name in ("other side", "other option"):
        assert outcome.seen(name)["status"] == "Submitted"
