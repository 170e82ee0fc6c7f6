"""Data cases, on one node against a quota smaller than the chain; see data_scenario.py."""

import pytest

SCENARIO = "data"

PLAUSIBLE_NS = 10**16
"""Below it a time is in another unit than nanoseconds."""
NEAR_NS = 60 * 10**9
OPTION = "C00600000"

REFUSALS = {
    "TC-D10": "Book deltas of SPY.US: not served; the push has best bid and ask only",
    "TC-D14": "C00601000.US: not served; the push has best bid and ask only",
    "TC-D11": "C00602000.US: not served; the push has best bid and ask only",
    "TC-D12": "Book depth of ",
    "TC-D13": "Book snapshots of SPY.US: not served",
    "TC-D21": "Past quotes of SPY.US: not served; Tiger keeps no history of it",
    "TC-D31": "Past trades of SPY.US: not served; record them from the push",
    "TC-D40": "External bars of ",
    "TC-D50": "Mark prices of SPY.US: not served; there are none for stocks and options",
    "TC-D52": "_subscribe_funding_rates failed",
    "TC-D53": "_request_funding_rates failed",
    "TC-D61": "Instrument closes of SPY.US: not served; the push has none",
    "TN-D02": "Bars SPY.US-1-DAY-LAST-EXTERNAL: Expected LAST bars of ",
    "TN-D03": "Greeks of SPY.US: Expected an option of the day's chains",
    "TN-D04": "for quotes, was QQQ261123C00500000.US",
    "TN-D05": "Custom data ",
}
EXPECTED_ERRORS = (*REFUSALS.values(), "Instrument SPY261123C00001000.US: Expected a stock on US")


def heard(outcome, kind, ending=""):
    """Return the first strategy's data of a kind, of the instrument whose symbol ends so."""
    return [d for d in outcome.heard(kind) if d["id"].partition(".")[0].endswith(ending)]


def near(data, wall_ns):
    """Whether both times of a piece of data are nanoseconds, in order, and near the wall clock."""
    stamps = data["ts_event"], data["ts_init"]
    return (
        min(stamps) > PLAUSIBLE_NS
        and stamps[0] <= stamps[1] <= data["heard_ns"]
        and abs(data["ts_event"] - wall_ns) < NEAR_NS
    )


@pytest.mark.case(*REFUSALS)
@pytest.mark.parametrize("number", REFUSALS)
def test_data_that_tiger_has_not_is_refused_with_the_reason(outcome, number):
    matching = [error for error in outcome.errors() if REFUSALS[number] in error]
    assert len(matching) == 1
    assert "not served" in matching[0] or "Expected" in matching[0]


@pytest.mark.case("TC-D01")
def test_all_instruments_are_returned(outcome):
    options = heard(outcome, "OptionContract")
    assert {"C00600000", "P00600000"} <= {d["id"][9:18] for d in options}
    for each in [*options, *heard(outcome, "Equity", "SPY")]:
        assert (each["price_precision"], each["size_increment"]) == (2, 1.0)


@pytest.mark.case("TC-D02")
def test_subscribed_instrument_arrives(outcome):
    assert next(each["id"] for each in heard(outcome, "Equity")) == "SPY.US"


@pytest.mark.case("TC-D03")
def test_contract_outside_the_window_is_loaded_when_asked_for(outcome):
    assert not outcome.facts["outside known before"]
    assert outcome.facts["outside"] == {"underlying": "SPY", "strike": 615.0, "multiplier": 100.0}


@pytest.mark.case("TC-D20")
def test_quotes_arrive_with_both_sides_and_both_times(outcome):
    for symbol in ("SPY", OPTION):
        quotes = heard(outcome, "QuoteTick", symbol)
        assert len(quotes) > 1 or symbol == OPTION
        for quote in quotes:
            assert 0 < quote["bid"] < quote["ask"]
            assert min(quote["bid_size"], quote["ask_size"]) > 0
            assert near(quote, quote["heard_ns"])


@pytest.mark.case("TC-D30")
def test_trades_of_the_stock_arrive(outcome):
    trades = heard(outcome, "TradeTick", "SPY")
    assert len(trades) > 1
    for trade in trades:
        assert min(trade["price"], trade["size"]) > 0
        assert trade["aggressor"] == "NO_AGGRESSOR"
        assert near(trade, trade["heard_ns"])


@pytest.mark.case("TN-D12")
def test_trades_of_an_option_arrive_each_once_and_in_order(outcome):
    trades = heard(outcome, "TradeTick", OPTION)
    assert [trade["price"] for trade in trades] == [1.00, 1.20, 0.90, 1.10]
    assert {trade["size"] for trade in trades} == {2.0}


@pytest.mark.case("TN-D01")
def test_engine_builds_bars_from_pushed_quotes(outcome):
    bars = heard(outcome, "Bar")
    assert {bar["id"] for bar in bars} == {"SPY.US-1-SECOND-MID-INTERNAL"}
    for bar in bars:
        assert 0 < bar["low"] <= min(bar["open"], bar["close"])
        assert bar["high"] >= max(bar["open"], bar["close"])


@pytest.mark.case("TC-D41")
def test_past_bars_of_an_option_are_returned(outcome):
    bars = heard(outcome, "HistoricalBar", OPTION)
    times = [bar["ts_event"] for bar in bars]
    assert times == sorted(set(times))
    # The prints of test_trades_of_an_option; the minute may have ended between two of them.
    assert (bars[0]["open"], bars[-1]["close"]) == (1.00, 1.10)
    assert (max(bar["high"] for bar in bars), min(bar["low"] for bar in bars)) == (1.20, 0.90)
    assert all(bar["ts_event"] <= bar["ts_init"] for bar in bars)


@pytest.mark.case("TN-D15")
def test_past_bars_of_the_stock_are_returned(outcome):
    bars = heard(outcome, "HistoricalBar", "SPY")
    assert bars
    for bar in bars:
        assert 0 < bar["low"] <= min(bar["open"], bar["close"])
        assert bar["high"] >= max(bar["open"], bar["close"])


@pytest.mark.case("TC-D51")
def test_index_levels_arrive(outcome):
    levels = heard(outcome, "IndexPriceUpdate", "VIX")
    assert levels
    for level in levels:
        assert 1 < level["value"] < 100
        assert near(level, level["heard_ns"])


@pytest.mark.case("TC-D60")
def test_status_of_the_market_arrives(outcome):
    statuses = heard(outcome, "InstrumentStatus", "SPY")
    assert [status["action"] for status in statuses] == ["TRADING"]
    assert near(statuses[0], statuses[0]["heard_ns"])


@pytest.mark.case("TC-D62")
def test_greeks_are_computed_from_live_quotes(outcome):
    greeks = heard(outcome, "OptionGreeks", "P00601000")
    assert greeks
    for each in greeks:
        assert -1 < each["delta"] < 0 < each["gamma"]
        assert each["theta"] < 0 < each["vega"]
        assert each["mark_iv"] == pytest.approx(0.2, abs=0.1)  # the simulated market's is 0.2
        assert each["underlying_price"] == pytest.approx(600, abs=5)
        assert near(each, each["heard_ns"])


@pytest.mark.case("TC-D63")
def test_chain_has_the_strikes_around_the_money_with_greeks(outcome):
    chain = heard(outcome, "OptionChainSlice")[-1]
    strikes = sorted(float(strike) for strike in chain["strikes"])
    at_the_money = float(chain["atm"])
    assert strikes == [at_the_money + step for step in range(-3, 4)]
    deltas = [chain["strikes"][f"{strike:.2f}"][0]["delta"] for strike in strikes]
    assert deltas == sorted(deltas, reverse=True)
    for call, put in chain["strikes"].values():
        assert call["delta"] - put["delta"] == pytest.approx(1, abs=0.05)
    assert len(outcome.facts["pushed with the chain"]) == 2 * len(strikes) + 1


@pytest.mark.case("TC-D70")
def test_stopped_strategy_hears_nothing_more_and_others_do(outcome):
    stopped_ns = outcome.facts["first stopped at"]
    first = outcome.testers["SECOND-002"]["data"]
    assert first
    assert max(each["heard_ns"] for each in first) <= stopped_ns
    option = outcome.facts["shared"]
    assert option in outcome.facts["pushed while shared"]
    assert any(d["heard_ns"] > stopped_ns for d in outcome.heard("QuoteTick", option))
    assert any(d["heard_ns"] > stopped_ns for d in outcome.heard("TradeTick", "SPY"))


@pytest.mark.case("TC-D73")
def test_removed_strategy_gives_back_what_only_it_had(outcome):
    kept = outcome.facts["kept by the first"]
    assert kept in outcome.facts["pushed after the stop"]
    assert kept not in outcome.facts["pushed after the removal"]


@pytest.mark.case("TN-D06")
def test_what_exceeds_the_quota_is_polled(outcome):
    quota = outcome.facts["quota"]
    assert len(quota["wanted"]) == 22
    assert len(quota["pushed"]) == 20
    assert len(quota["polled"]) == 3  # the underlying has a place too
    strikes = {abs(int(name[10:]) / 1000 - 600) for name in quota["polled"]}
    assert min(strikes) >= 4  # what is near the money is pushed
    for option in quota["polled"]:
        assert outcome.heard("QuoteTick", option)


@pytest.mark.case("TN-D07")
def test_option_given_back_makes_room_for_a_polled_one(outcome):
    quota = outcome.facts["quota"]
    new = set(quota["pushed then"]) - set(quota["pushed"])
    assert len(new) == len(quota["given back"]) == 2
    assert new <= set(quota["polled"])


@pytest.mark.case("TN-D08")
def test_connection_is_up_when_asked(outcome):
    first = outcome.heard("TigerLink")[0]
    assert (first["state"], first["gap_from_ns"], first["gap_to_ns"]) == ("UP", 0, 0)


@pytest.mark.case("TN-D09")
def test_dropped_connection_is_told_with_the_gap(outcome):
    _, down, *_, up = outcome.heard("TigerLink")
    assert (down["state"], up["state"]) == ("DOWN", "UP")
    assert down["reason"]
    dropped_ns = outcome.facts["interruption"]["dropped at"]
    assert up["gap_from_ns"] <= down["ts_event"] < up["gap_to_ns"] == up["ts_event"]
    assert abs(up["gap_from_ns"] - dropped_ns) < 10**9


@pytest.mark.case("TN-D10")
def test_everything_is_subscribed_again(outcome):
    interruption = outcome.facts["interruption"]
    assert interruption["quotes"][0] == interruption["quotes"][1]
    assert interruption["ticks"][0] == interruption["ticks"][1] != []


@pytest.mark.case("TN-D11")
def test_unsubscribed_data_does_not_come_any_more(outcome):
    since_ns = outcome.facts["unsubscribed at"]
    late = {
        (each["kind"], each["id"])
        for each in outcome.testers["TESTER-001"]["data"]
        if each["heard_ns"] > since_ns
    }
    # The node wants the underlying's quotes for itself, and the bars are built from them.
    assert ("QuoteTick", "SPY.US") in late
    assert late <= {("QuoteTick", "SPY.US"), ("Bar", "SPY.US-1-SECOND-MID-INTERNAL")}
