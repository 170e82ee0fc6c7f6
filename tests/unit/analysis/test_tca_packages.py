"""What a vertical that went as one order cost, against an example worked by hand."""

import io
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from worked_tables import CALL, NAN, OPEN_NS, fill, mark, parent, worked_tables

from autotrade_0dte.analysis.display import UNKNOWN
from autotrade_0dte.analysis.report_tca import tca_section
from autotrade_0dte.analysis.tca_groups import Tca, tca_of
from autotrade_0dte.analysis.tca_packages import PackageCost
from autotrade_0dte.analysis.tca_terminal import print_tca
from autotrade_0dte.execution.parent import Purpose

HIGHER = "SPY260720C00605000.US"
CENTS = st.integers(5, 400).map(lambda cents: cents / 100)


def leg(number: int, side: str, name: str, **changes: Any) -> dict[str, Any]:
    return parent(
        parent_id=f"P-{number}", package="PK", side=side, instrument_id=name, quantity=2, **changes
    )


def filled(number: int, price: float, mid: float, fee: float, **changes: Any) -> list[Any]:
    """Return the mark and the fill of a leg, all at once."""
    ids = {"client_order_id": f"O-{number}", "trade_id": "T", "quantity": 2, "price": price}
    return [
        mark(parent_id=f"P-{number}", mid=mid, **(ids | changes)),
        fill(fee=fee, **(ids | changes)),
    ]


def entry() -> Tca:
    """Two verticals bought.

    Decided on 1.00 to 1.10 and 0.50 to 0.60, so at a net middle of 0.50 and 0.20 wide; sent while
    the middles are 1.06 and 0.56; filled at 1.08 and 0.52, net 0.56, while they are 1.07 and 0.55.
    """
    got = {"filled": 2, "outcome": "FILLED"}
    parents = [
        leg(1, "BUY", CALL, submit_mid=1.06, average_price=1.08, minimums=1.0, **got),
        leg(
            2, "SELL", HIGHER, bid=0.50, ask=0.60, submit_mid=0.56, average_price=0.52,
            minimums=0.5, **got,
        ),
    ]  # fmt: skip
    marks, fills = zip(
        filled(1, 1.08, 1.07, 3.2), filled(2, 0.52, 0.55, 3.3, side="SELL"), strict=True
    )
    return tca_of(worked_tables(parents[::-1], marks, fills))


def only(found: Tca) -> PackageCost:
    [package] = found.packages
    return package


def test_net_price_slippage_and_shortfall_are_those_worked_by_hand() -> None:
    package = only(entry())
    assert (package.package, package.plan_id, package.outcome) == ("PK", "PLAN-1", "FILLED")
    assert (package.contracts, package.filled, package.alone) == (2, 2, 0)
    assert (package.price, package.mid, package.spread) == pytest.approx((0.56, 0.50, 0.20))
    assert package.slippage == pytest.approx(0.06)
    assert package.of_spread == pytest.approx(0.30)
    # The net middle: 0.50 at the decision, 0.50 when sent, 0.52 at the fill.
    assert msgspec.structs.asdict(package.parts) == pytest.approx(
        {"delay": 0.0, "impact": 4.0, "spread": 8.0, "opportunity": 0.0, "shortfall": 12.0}
    )
    assert (package.fees, package.minimums) == pytest.approx((6.5, 1.5))
    assert [cost.instrument_id for cost in package.legs] == [CALL, HIGHER]


def test_a_close_is_a_sale_of_the_vertical() -> None:
    got = {"filled": 2, "outcome": "FILLED", "purpose": "stop", "submit_mid": NAN}
    back = leg(1, "BUY", HIGHER, bid=0.50, ask=0.60, average_price=0.58, **got)
    out = leg(2, "SELL", CALL, average_price=1.01, **got)
    package = only(tca_of(worked_tables([back, out])))
    assert package.purpose is Purpose.STOP
    assert (package.price, package.mid) == pytest.approx((0.43, 0.50))
    assert package.slippage == pytest.approx(0.07)
    assert package.of_spread == pytest.approx(0.35)


def test_what_is_not_known_of_a_leg_is_not_known_of_the_package() -> None:
    legs = [leg(1, "BUY", CALL), leg(2, "SELL", HIGHER, bid=0.0, ask=0.60)]
    package = only(tca_of(worked_tables(legs)))
    figures = package.price, package.mid, package.spread, package.slippage, package.of_spread
    assert all(map(math.isnan, figures))
    assert package.filled == 0


def test_share_of_no_spread_is_not_known() -> None:
    locked = {"bid": 1.0, "ask": 1.0, "filled": 2, "average_price": 1.0}
    package = only(
        tca_of(worked_tables([leg(1, "BUY", CALL, **locked), leg(2, "SELL", HIGHER, **locked)]))
    )
    assert package.slippage == 0.0
    assert math.isnan(package.of_spread)


def test_contracts_of_one_leg_without_the_others_are_told() -> None:
    legs = [leg(1, "BUY", CALL, filled=2, outcome="FILLED"), leg(2, "SELL", HIGHER, filled=1)]
    package = only(tca_of(worked_tables(legs)))
    assert (package.filled, package.alone, package.outcome) == (1, 1, "FILLED, OPEN")


def test_orders_by_themselves_are_no_package() -> None:
    assert tca_of(worked_tables([parent()])).packages == ()


@given(st.sampled_from(["entry", "exit"]), *([CENTS] * 4))
def test_shortfall_of_the_filled_is_their_number_times_the_slippage(
    purpose: str, first: float, second: float, mid: float, other_mid: float
) -> None:
    got = {"filled": 2, "outcome": "FILLED", "purpose": purpose}

    def around(middle: float) -> dict[str, float]:
        return {"bid": middle - 0.02, "ask": middle + 0.02, "submit_mid": middle}

    legs = [
        leg(1, "BUY", CALL, average_price=first, **got, **around(mid)),
        leg(2, "SELL", HIGHER, average_price=second, **got, **around(other_mid)),
    ]
    marks, fills = zip(
        filled(1, first, mid, 1.0), filled(2, second, other_mid, 1.0, side="SELL"), strict=True
    )
    package = only(tca_of(worked_tables(legs, marks, fills)))
    assert package.parts.shortfall == pytest.approx(2 * 100 * package.slippage, abs=1e-6)


# -- shown ---------------------------------------------------------------------------------------


def shown(found: Tca, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_tca(found, console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_terminal_shows_the_package_with_its_legs_below_it() -> None:
    lines = shown(entry())
    [at] = [n for n, line in enumerate(lines) if "Verticals in one order" in line]
    assert [" ".join(line.strip("│ ").split()) for line in lines[at + 2 : at + 5]] == [
        "PLAN-1 entry 2 of 2 0.56 0.500 6.00 30 % $12.00 $6.50",
        "buy 600 call 2 of 2 1.08 1.050 3.00 30 % $6.00 $3.20",
        "sell 605 call 2 of 2 0.52 0.550 3.00 30 % $6.00 $3.30",
    ]
    assert max(map(len, lines)) <= 80


def test_terminal_shows_the_last_ten_of_many_packages() -> None:
    legs = [
        leg(10 * number + which, side, name, decided=OPEN_NS + number) | {"package": f"PK-{number}"}
        for number in range(12)
        for which, (side, name) in enumerate((("BUY", CALL), ("SELL", HIGHER)))
    ]
    lines = shown(tca_of(worked_tables(legs)))
    assert any("(the last 10 of 12)" in line for line in lines)
    assert sum("PLAN-1 entry" in line for line in lines) == 10
    assert any(UNKNOWN in line for line in lines if "PLAN-1 entry" in line)


def test_without_packages_neither_terminal_nor_report_speaks_of_them() -> None:
    found = tca_of(worked_tables([parent()]))
    assert not any("in one order" in line for line in shown(found))
    assert "in one order" not in tca_section(found)


def test_report_has_a_row_for_the_package_and_for_each_leg() -> None:
    page = tca_section(entry())
    assert page.count("<h3>Verticals in one order") == 1
    table = page.partition("Verticals in one order")[2]
    for name in ("PLAN-1 entry", "buy 600 call", "sell 605 call"):
        assert table.count(f"<td>{name}</td>") == 1
    assert '<td class="n">$12.00</td>' in table
