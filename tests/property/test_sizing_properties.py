"""A size keeps every bound, and one contract more would break one."""

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.sizing import (
    Contract,
    SizeBound,
    SizingInputs,
    SizingParams,
    budget,
    kelly_stake,
    size,
)
from autotrade_0dte.risk.sizing_params import KellyParams

dollars = st.floats(0.01, 1e5)
shares = st.floats(0.001, 1.0)
inputs = st.builds(
    SizingInputs,
    risk_usd=dollars,
    room_usd=st.floats(-1e3, 1e5),
    max_contracts=st.integers(1, 1_000),
    state_factor=st.floats(0.0, 4.0),
    vol_ratio=st.floats(0.01, 50.0),
    equity=st.floats(1.0, 1e6) | st.just(math.nan),
    peak_equity=st.floats(1.0, 1e6) | st.just(math.nan),
    losses_in_row=st.integers(0, 10),
)
contracts = st.builds(
    Contract,
    worst_loss_usd=dollars,
    stop_loss_usd=dollars,
    premium_usd=dollars,
    displayed=st.floats(0.0, 1e5),
    fees_usd=st.just(lambda count: max(6.0, 2.3 * count)),
)
params = st.builds(
    SizingParams,
    equity_fraction=shares,
    stop_fraction=shares,
    premium_fraction=shares,
    max_fee_share=shares,
    kelly=st.builds(
        KellyParams,
        win_rate=st.floats(0.01, 0.99) | st.none(),
        payoff=st.floats(0.1, 10.0) | st.none(),
    ),
)


def keeps(count: int, given_: SizingInputs, contract: Contract, rules: SizingParams) -> bool:
    slack = 1 + 1e-12
    kept = count * contract.worst_loss_usd <= budget(given_, rules).usd * slack
    kept &= count <= contract.displayed
    kept &= count <= given_.max_contracts
    if not math.isnan(given_.equity):
        equity = given_.equity * slack
        kept &= count * contract.stop_loss_usd <= rules.stop_fraction * equity
        kept &= count * contract.premium_usd <= rules.premium_fraction * equity
        stake = kelly_stake(rules.kelly)
        kept &= stake is None or count * contract.worst_loss_usd <= stake * equity
    return kept


@given(inputs, contracts, params)
def test_every_bound_is_kept_and_one_more_would_break_one(given_, contract, rules) -> None:
    found = size(given_, contract, rules)
    assert found.contracts == 0 or keeps(found.contracts, given_, contract, rules)
    if found.bound_by is not SizeBound.FEE_SHARE:
        one_more = found.contracts + 1
        nearly = 1 - 1e-9  # where one more is within a rounding of a bound, either is right
        shrunk = msgspec.structs.replace(
            given_, risk_usd=given_.risk_usd * nearly, room_usd=given_.room_usd * nearly,
            equity=given_.equity * nearly, peak_equity=given_.peak_equity * nearly,
        )  # fmt: skip
        assert not keeps(one_more, shrunk, contract, rules)


@given(inputs, contracts, params)
def test_fees_never_take_more_than_their_share(given_, contract, rules) -> None:
    count = size(given_, contract, rules).contracts
    if count:
        assert contract.fees_usd(count) <= rules.max_fee_share * count * contract.premium_usd * (
            1 + 1e-12
        )


@given(inputs, params, st.sampled_from(["losses_in_row", "vol_ratio"]))
def test_more_losses_or_volatility_never_make_the_budget_larger(given_, rules, name) -> None:
    worse = msgspec.structs.replace(given_, **{name: getattr(given_, name) + 1})
    assert budget(worse, rules).usd <= budget(given_, rules).usd


@given(inputs, params, st.floats(0.0, 1.0))
def test_a_fall_from_the_peak_never_makes_the_budget_larger(given_, rules, fall) -> None:
    lower = msgspec.structs.replace(given_, equity=given_.equity * (1 - fall))
    before, after = budget(given_, rules).usd, budget(lower, rules).usd
    assert after <= before * (1 + 1e-12)
