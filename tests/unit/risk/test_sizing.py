"""Each bound of a size, alone the tightest, and what becomes of unknown figures."""

import math
from typing import Any

import msgspec
import pytest

from autotrade_0dte.risk.sizing import (
    Budget,
    Contract,
    Size,
    SizeBound,
    SizingInputs,
    SizingParams,
    budget,
    kelly_stake,
    size,
)
from autotrade_0dte.risk.sizing_params import KellyParams

INPUTS = SizingInputs(
    risk_usd=1_000.0,
    room_usd=10_000.0,
    max_contracts=1_000,
    state_factor=1.0,
    vol_ratio=1.0,
    equity=100_000.0,
    peak_equity=100_000.0,
)
CONTRACT = Contract(
    worst_loss_usd=90.0,
    stop_loss_usd=45.0,
    premium_usd=100.0,
    displayed=500.0,
    fees_usd=lambda count: 2.0 * count,
)
WIDE = SizingParams(equity_fraction=0.5, stop_fraction=0.5, premium_fraction=0.5)


def sized(params: SizingParams = WIDE, **changes: Any) -> Size:
    inputs = {n: v for n, v in changes.items() if n in SizingInputs.__struct_fields__}
    contract = {n: v for n, v in changes.items() if n in Contract.__struct_fields__}
    assert len(inputs) + len(contract) == len(changes)
    replace = msgspec.structs.replace
    return size(replace(INPUTS, **inputs), replace(CONTRACT, **contract), params)


def budgeted(params: SizingParams = WIDE, **changes: Any) -> Budget:
    return budget(msgspec.structs.replace(INPUTS, **changes), params)


def with_params(**changes: Any) -> SizingParams:
    return msgspec.structs.replace(WIDE, **changes)


@pytest.mark.parametrize(
    ("found", "contracts", "bound_by"),
    [
        (sized(), 11, SizeBound.RISK),
        (sized(risk_usd=990.0), 11, SizeBound.RISK),
        (sized(risk_usd=989.99), 10, SizeBound.RISK),
        (sized(room_usd=300.0), 3, SizeBound.ROOM),
        (sized(with_params(equity_fraction=0.002)), 2, SizeBound.EQUITY),
        (sized(with_params(stop_fraction=0.002)), 4, SizeBound.STOP),
        (sized(with_params(premium_fraction=0.005)), 5, SizeBound.PREMIUM),
        (sized(displayed=6.9), 6, SizeBound.DISPLAYED),
        (sized(max_contracts=7), 7, SizeBound.MAX_CONTRACTS),
        (sized(with_params(kelly=KellyParams(0.5, 1.1, 0.16))), 8, SizeBound.KELLY),
        (sized(with_params(kelly=KellyParams(0.4, 1.5, 1.0))), 0, SizeBound.KELLY),
        (sized(risk_usd=89.0), 0, SizeBound.RISK),
        (sized(displayed=0.5), 0, SizeBound.DISPLAYED),
        (sized(state_factor=0.0), 0, SizeBound.RISK),
        (sized(room_usd=-5.0), 0, SizeBound.ROOM),
    ],
)
def test_the_tightest_bound_gives_the_size_and_is_named(found, contracts, bound_by) -> None:
    assert (found.contracts, found.bound_by) == (contracts, bound_by)


@pytest.mark.parametrize(
    ("changes", "usd"),
    [
        ({"state_factor": 0.5}, 500.0),
        ({"vol_ratio": 2.0}, 1_000.0),
        ({"vol_ratio": 2.5}, 800.0),
        ({"vol_ratio": 50.0}, 500.0),
        ({"vol_ratio": 0.2}, 1_000.0),
        ({"losses_in_row": 3}, 1_000.0),
        ({"losses_in_row": 4}, 500.0),
        ({"equity": 98_000.0}, 1_000.0),
        ({"equity": 96_500.0}, 500.0),
        ({"equity": 95_000.0}, 0.0),
        ({"equity": 20_000.0}, 0.0),
        ({"equity": 96_500.0, "losses_in_row": 5, "vol_ratio": 2.5, "state_factor": 0.5}, 100.0),
        ({"equity": 900.0, "peak_equity": 900.0}, 450.0),
        ({"equity": 1_000.0, "peak_equity": 1_000.0, "state_factor": 0.5}, 250.0),
    ],
)
def test_factors_shrink_the_budget(changes, usd) -> None:
    assert budgeted(**changes).usd == pytest.approx(usd)


def test_beyond_the_whole_drawdown_the_factor_is_nothing_and_not_below() -> None:
    assert budgeted(equity=20_000.0).figures["drawdown_factor"] == 0.0


def test_room_is_not_shrunk_a_second_time() -> None:
    assert budgeted(room_usd=400.0, state_factor=0.5).usd == 400.0


def test_while_the_equity_is_unknown_only_what_does_not_hang_on_it_bounds() -> None:
    tight = SizingParams(
        equity_fraction=1e-6, stop_fraction=1e-6, premium_fraction=1e-6,
        kelly=KellyParams(0.4, 1.0),
    )  # fmt: skip
    unknown = {"equity": math.nan, "peak_equity": math.nan}
    assert sized(tight, **unknown)[:2] == (11, SizeBound.RISK)
    assert sized(tight).contracts == 0


@pytest.mark.parametrize("equity", [0.0, -1_000.0])
def test_account_that_has_lost_everything_buys_nothing(equity: float) -> None:
    assert sized(equity=equity).contracts == 0
    assert sized(room_usd=-1.0).contracts == 0


def test_without_a_known_peak_there_is_no_drawdown() -> None:
    assert budgeted(equity=50_000.0, peak_equity=math.nan).usd == 1_000.0


@pytest.mark.parametrize(
    "name",
    ["risk_usd", "room_usd", "state_factor", "vol_ratio", "worst_loss_usd", "stop_loss_usd",
     "premium_usd", "displayed"],
)  # fmt: skip
def test_an_unknown_figure_buys_nothing(name) -> None:
    assert sized(**{name: math.nan})[:2] == (0, SizeBound.UNKNOWN)


def test_unknown_fees_buy_nothing() -> None:
    assert sized(fees_usd=lambda _: math.nan)[:2] == (0, SizeBound.UNKNOWN)


def test_an_unknown_budget_is_named_so() -> None:
    found = budgeted(vol_ratio=math.nan)
    assert math.isnan(found.usd)
    assert found.bound_by is SizeBound.UNKNOWN


def minimum_fees(count: int) -> float:
    return max(8.0, 2.0 * count)


@pytest.mark.parametrize(
    ("displayed", "contracts", "bound_by"),
    [(1.0, 0, SizeBound.FEE_SHARE), (2.0, 2, SizeBound.DISPLAYED)],
)
def test_order_so_small_that_its_minimum_fees_weigh_too_much_is_refused(
    displayed, contracts, bound_by
) -> None:
    params = with_params(max_fee_share=0.08)
    cheap = {"premium_usd": 50.0, "fees_usd": minimum_fees, "displayed": displayed}
    found = sized(params, **cheap)
    assert found.figures["fee_share"] == pytest.approx(8.0 / (50.0 * displayed))
    assert (found.contracts, found.bound_by) == (contracts, bound_by)


def test_figures_tell_what_the_size_was_made_of() -> None:
    figures = sized(displayed=6.0, vol_ratio=2.5, equity=96_500.0).figures
    assert figures == {
        "budget_usd": pytest.approx(400.0),
        "equity_usd": 96_500.0,
        "state_factor": 1.0,
        "vol_factor": pytest.approx(0.8),
        "streak_factor": 1.0,
        "drawdown_factor": pytest.approx(0.5),
        "worst_loss_usd": 90.0,
        "stop_loss_usd": 45.0,
        "premium_usd": 100.0,
        "displayed": 6.0,
        "contracts": 4.0,
        "fee_share": 0.02,
    }


@pytest.mark.parametrize("name", ["worst_loss_usd", "stop_loss_usd", "premium_usd"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_contract_that_costs_or_loses_nothing_is_an_error(name, value) -> None:
    with pytest.raises(ValueError, match="above 0"):
        sized(**{name: value})


def test_kelly_stake_is_the_fraction_of_the_best_one_and_never_below_nothing() -> None:
    assert kelly_stake(KellyParams(0.6, 1.0, 0.5)) == pytest.approx(0.1)
    assert kelly_stake(KellyParams(0.2, 1.0, 0.5)) == 0.0
    assert kelly_stake(KellyParams(0.6)) is None
    assert kelly_stake(KellyParams(payoff=2.0)) is None
    assert kelly_stake(SizingParams().kelly) is None


def test_drawdown_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="drawdown_from below drawdown_to"):
        SizingParams(drawdown_from=0.05, drawdown_to=0.05)
