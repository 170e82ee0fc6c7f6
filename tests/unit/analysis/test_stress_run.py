"""What a run held at a moment, and the screen of its calamities."""

import datetime as dt
import io
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from unit.analysis.told_run import CALL, DATE, ns, write_run

from autotrade_0dte.analysis.display import UNKNOWN
from autotrade_0dte.analysis.moment import MomentError
from autotrade_0dte.analysis.stress_run import Held, StressedRun, held_at, stressed
from autotrade_0dte.analysis.stress_terminal import STRESS_WORDS, print_stress
from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.config import load_config
from autotrade_0dte.products import product
from autotrade_0dte.risk.stress import Stress

MINUS = "\N{MINUS SIGN}"
PUT = "SPY260731P00598000.US"
NAMES = ("SPY260731C00600000", "SPY260731P00600000", "SPY260731C00602000", "SPY260731P00602000")
CONFIG = load_config(Path(__file__).parents[3] / "configs" / "demo.toml")


def fill(clock: str, side: str, quantity: int, price: float, name: str = CALL) -> dict[str, Any]:
    return {"ts_event": ns(clock), "instrument_id": name, "side": side, "quantity": quantity,
            "price": price}  # fmt: skip


FILLS = [
    fill("10:00:00", "BUY", 4, 1.00),
    fill("10:05:00", "BUY", 2, 1.60),
    fill("10:10:00", "SELL", 3, 2.00),
    fill("10:20:00", "BUY", 1, 2.00, PUT),
    fill("10:30:00", "SELL", 3, 2.50),
    fill("10:40:00", "SELL", 1, 0.10, PUT),
]
EQUITY = [
    {"ts_event": ns(clock), "cash": 0.0, "position_value": 0.0, "equity": equity}
    for clock, equity in (("10:04:00", 25_000.0), ("10:09:00", 25_200.0))
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path, {"fills": FILLS, "equity": EQUITY})


@pytest.mark.parametrize(
    ("at", "quantity", "premium_usd"),
    [
        ("09:59", {}, 0.0),
        ("10:00", {CALL: 4}, 400.0),
        ("10:05", {CALL: 6}, 720.0),
        ("10:10", {CALL: 3}, 360.0),
        ("10:29:59", {CALL: 3, PUT: 1}, 560.0),
        ("10:30", {PUT: 1}, 200.0),
        ("10:40", {}, 0.0),
    ],
)
def test_held_is_what_the_fills_until_then_leave_at_their_average_cost(
    run: Path, at: str, quantity: dict[str, int], premium_usd: float
) -> None:
    held = held_at(run, at)
    assert held.quantity == quantity
    assert held.premium_usd == pytest.approx(premium_usd)
    assert held.session == DATE


def test_fill_of_the_very_instant_counts(tmp_path: Path) -> None:
    bought = fill("10:00:00", "BUY", 1, 1.00) | {"ts_event": ns("10:00:00") + 500_000_000}
    run = write_run(tmp_path, {"fills": [bought]})
    assert held_at(run, "2026-07-31T10:00:00.500-04:00").quantity == {CALL: 1}
    assert held_at(run, "2026-07-31T10:00:00.499-04:00").quantity == {}


def test_without_a_moment_it_is_the_one_with_the_most_premium_at_risk(run: Path) -> None:
    held = held_at(run)
    assert (held.at_ns, held.quantity) == (ns("10:05:00"), {CALL: 6})


def test_position_turned_over_by_one_fill_costs_what_the_rest_of_it_did(tmp_path: Path) -> None:
    turned = [fill("10:00:00", "BUY", 2, 1.00), fill("10:01:00", "SELL", 5, 3.00)]
    held = held_at(write_run(tmp_path, {"fills": turned}), "10:01")
    assert held.quantity == {CALL: -3}
    assert held.premium_usd == pytest.approx(-900.0)


@pytest.mark.parametrize(
    ("at", "equity"), [("10:00", math.nan), ("10:05", 25_000.0), ("11:00", 25_200.0)]
)
def test_equity_is_the_last_recorded_one(run: Path, at: str, equity: float) -> None:
    assert held_at(run, at).equity == pytest.approx(equity, nan_ok=True)


def test_largest_premium_is_looked_for_in_all_sessions_or_in_the_named_one(tmp_path: Path) -> None:
    other = dt.date(2026, 8, 3)
    run = write_run(tmp_path, {"fills": FILLS}, DATE, other)
    assert held_at(run).session == DATE
    with pytest.raises(MomentError, match="without a fill"):
        held_at(run, session=other)


def test_run_that_held_nothing_has_no_largest_premium(tmp_path: Path) -> None:
    with pytest.raises(MomentError, match="without a fill"):
        held_at(write_run(tmp_path, {}))


# -- the calamities ---------------------------------------------------------------------------


def calamities(
    quantity: dict[str, int], equity: float = 25_000.0, unquoted: int = -1
) -> StressedRun:
    now_ns = ns("11:00:00")
    book = OptionChainBook(
        [600.0, 600.0, 602.0, 602.0],  # type: ignore[arg-type]
        [True, False, True, False],  # type: ignore[arg-type]
        ns("16:00:00"),
        ChainParams(),
        None,
        facts=product("SPY"),
    )
    for row, bid in enumerate((1.90, 1.88, 1.02, 2.99)):
        if row != unquoted:
            book.update(row, bid, bid + 0.02, 10.0, 10.0, now_ns)
    held = Held(
        run_id="told", underlying="SPY", synthetic=True, session=DATE, at_ns=now_ns,
        quantity=quantity, premium_usd=300.0, equity=equity,
    )  # fmt: skip
    return stressed(held, book.snapshot(now_ns, 600.0), NAMES, CONFIG)


def screen(found: StressedRun, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_stress(found, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_calamities_are_those_of_the_legs_on_the_market_of_the_moment() -> None:
    found = calamities({"SPY260731C00600000.US": 2, "SPY260731C00602000.US": -2})
    assert [(leg.name, leg.quantity, leg.bid) for leg in found.legs] == [
        ("SPY260731C00600000", 2, 1.90),
        ("SPY260731C00602000", -2, 1.02),
    ]
    pin = found.result.losses[-1]
    assert pin.stress is Stress.PIN
    assert pin.loss_usd == pytest.approx(200 * (1.91 - 1.03))
    assert found.worst.loss_usd == pytest.approx(200 * (1.91 - 1.03))  # the debit
    assert pin.equity_fraction == pytest.approx(pin.loss_usd / 25_000)


def test_chain_with_none_of_what_is_held_is_refused_by_name() -> None:
    with pytest.raises(MomentError, match="SPY260731P00598000"):
        calamities({PUT: 1})


def test_leg_without_a_price_is_left_out_of_the_figures_and_named() -> None:
    alone = calamities({"SPY260731C00600000.US": 2})
    found = calamities({"SPY260731C00600000.US": 2, PUT: -1})
    assert found.unseen == {PUT: -1}
    assert found.legs == alone.legs
    assert found.result == alone.result
    shown = screen(found)
    assert "NOT COUNTED, no price recorded: -1 x SPY 598 P" in shown
    assert "NOT COUNTED" not in screen(alone)


def test_contract_of_the_chain_that_was_never_quoted_has_no_price() -> None:
    assert calamities({"SPY260731P00602000.US": 1, CALL: 1}, unquoted=3).unseen == {
        "SPY260731P00602000.US": 1
    }


def test_screen_shows_legs_sets_and_the_worst_cell() -> None:
    text = screen(calamities({"SPY260731C00600000.US": 2, "SPY260731C00602000.US": -2}))
    for words in STRESS_WORDS.values():
        assert words in text
    assert "+2 x SPY 600 C" in text
    assert "-2 x SPY 602 C" in text
    assert f"{MINUS}$176.00" in text
    assert f"{MINUS}0.7 %" in text
    assert "at the close" in text
    assert "SYNTHETIC DATA" in text


def test_screen_of_80_columns_cuts_nothing_off() -> None:
    text = screen(calamities({"SPY260731C00600000.US": 90}), width=80)
    assert "volatility x 2.5, spreads x 6 " in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_screen_without_positions_says_so() -> None:
    assert "nothing" in screen(calamities({}))


def test_screen_shows_what_is_unknown_as_such() -> None:
    text = screen(calamities({"SPY260731C00600000.US": 2}, equity=math.nan))
    assert UNKNOWN in text
    assert "nan" not in text


def test_every_stress_has_words() -> None:
    assert set(STRESS_WORDS) == set(Stress)
