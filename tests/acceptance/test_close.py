"""The end of a session; see close_scenario.py."""

import pytest

SCENARIO = "close"
EXPECTED_ERRORS = ()
IS_SETTLED = True


@pytest.mark.case("TN-E30")
@pytest.mark.parametrize("name", ["day order", "GTC order"])
def test_order_expires_with_the_session_of_its_contract(outcome, name):
    assert outcome.facts["open before the close"]
    assert outcome.kinds(name) == ["Initialized", "Submitted", "Accepted", "Expired"]
    assert outcome.at_simulator(name)["status"] == "Invalid"


@pytest.mark.case("TN-E17")
def test_order_after_the_close_is_refused_with_tigers_reason(outcome):
    assert outcome.kinds("after the close") == ["Initialized", "Submitted", "Rejected"]
    assert "Orders cannot be placed at this moment" in outcome.reason("after the close")


@pytest.mark.case("TN-E31")
def test_expired_position_is_settled_in_cash_and_no_mismatch(outcome):
    assert outcome.account["positions"] == {}
    [position] = outcome.engine["positions"]  # an engine that trades live lets nothing expire
    assert position["symbol"].endswith("C00590000")
    assert outcome.engine["cash"] == pytest.approx(outcome.account["cash"], abs=0.005)
    assert outcome.account["realized"] != 0
    assert "MISMATCH" not in outcome.log


@pytest.mark.case("TN-D13")
def test_status_after_the_close_is_closed(outcome):
    assert [each["action"] for each in outcome.heard("InstrumentStatus", "SPY")] == ["CLOSE"]
