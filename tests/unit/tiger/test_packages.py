"""A package on the wire, its mark, its executions by leg, and what splits a net price."""

import datetime as dt
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tigeropen.common.util.order_utils import combo_order, contract_leg
from tigeropen.trade.request.model import PlaceModifyOrderParams

from tiger_nt.config import Credentials
from tiger_nt.errors import TigerDeniedError
from tiger_nt.marks import user_mark
from tiger_nt.order_events import (
    Accepted,
    Canceled,
    CommissionDiffers,
    Doubt,
    Filled,
    Rejected,
    Updated,
)
from tiger_nt.package_fills import leg_id
from tiger_nt.package_marks import PackageMark, package_mark, read_package_mark
from tiger_nt.package_prices import leg_prices
from tiger_nt.packages import TrackedPackage, found_package, leg_views
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import (
    LegView,
    OrderRequest,
    OrderState,
    OrderView,
    PackageRequest,
    TransactionView,
)
from tiger_nt.wire_orders import wire_order

LONG, SHORT = "SPY261123C00600000", "SPY261123C00601000"
BOUGHT, SOLD = (user_mark(f"O-20261123-150000-001-S01-{n}") for n in (12, 13))
MARK = package_mark(PackageMark(BOUGHT, SOLD, 0.5))
ID = 44_506_652_990_393_344
CREDENTIALS = Credentials(
    tiger_id="20150001", account="21700000000000001", private_key="", license="TBNZ"
)


def request(net: float = 0.6, sold: float = 0.5, quantity: int = 2) -> PackageRequest:
    legs = (
        OrderRequest(
            user_mark=BOUGHT, symbol=LONG, is_buy=True, order_type="LMT", quantity=quantity,
            limit_price=round(net + sold, 2),
        ),
        OrderRequest(
            user_mark=SOLD, symbol=SHORT, is_buy=False, order_type="LMT", quantity=quantity,
            limit_price=sold,
        ),
    )  # fmt: skip
    return PackageRequest(
        user_mark=MARK, symbol="SPY", is_buy=True, order_type="LMT", quantity=quantity,
        limit_price=net, legs=legs,
    )  # fmt: skip


def view(state: OrderState, filled: int = 0, at_ms: int = 1, **fields: object) -> OrderView:
    known = {
        "id": ID, "user_mark": MARK, "symbol": "SPY", "sec_type": "MLEG", "is_buy": True,
        "order_type": "LMT", "quantity": 2, "filled": filled, "limit_price": 0.6,
        "stop_price": None, "average_price": 0.55 if filled else math.nan, "commission": 0.0,
        "state": state, "reason": "", "updated_ms": at_ms,
    }  # fmt: skip
    return OrderView(**(known | fields))  # type: ignore[arg-type]


def execution(number: int, symbol: str, quantity: int, price: float) -> TransactionView:
    return TransactionView(
        id=number, order_id=ID, symbol=symbol, sec_type="MLEG" if symbol == "SPY" else "OPT",
        is_buy=symbol != SHORT, quantity=quantity, price=price, time_ms=5,
    )  # fmt: skip


def sent(order: object) -> dict[str, object]:
    """Return what the SDK would send of an order, by its own rules."""
    params = PlaceModifyOrderParams()
    for name in ("account", "contract", "action", "order_type", "quantity", "limit_price"):
        setattr(params, name, getattr(order, name))
    for name in ("time_in_force", "outside_rth", "user_mark", "combo_type", "contract_legs"):
        setattr(params, name, getattr(order, name))
    found: dict[str, object] = params.to_openapi_dict()
    return found


# -- the wire ----------------------------------------------------------------------------------


def test_a_package_is_sent_as_the_sdks_own_combination_with_our_mark() -> None:
    legs = [
        contract_leg("SPY", "OPT", "20261123", "600.0", "CALL", "BUY", 1),
        contract_leg("SPY", "OPT", "20261123", "601.0", "CALL", "SELL", 1),
    ]
    own = combo_order(CREDENTIALS.account, legs, "VERTICAL", "BUY", 2, limit_price=0.6)
    found = sent(wire_order(request(), CREDENTIALS, "place_order"))
    assert found == sent(own) | {"user_mark": MARK}
    assert found["sec_type"] == "MLEG"
    assert found["contract_legs"][0]["right"] == "CALL"  # type: ignore[index]


def test_money_in_is_a_limit_below_zero() -> None:
    assert sent(wire_order(request(-0.4), CREDENTIALS, "place_order"))["limit_price"] == -0.4


@pytest.mark.parametrize(
    "wrong", [{"user_mark": ""}, {"limit_price": None}, {"limit_price": math.nan}, {"quantity": 0}]
)
def test_what_no_package_can_be_is_not_sent(wrong: dict[str, object]) -> None:
    with pytest.raises(TigerDeniedError, match="not sent"):
        wire_order(msgspec.structs.replace(request(), **wrong), CREDENTIALS, "place_order")


# -- the mark ----------------------------------------------------------------------------------

names = st.one_of(
    st.builds(
        "O-{:%Y%m%d-%H%M%S}-{}-{}".format,
        st.datetimes(
            min_value=dt.datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
            max_value=dt.datetime(2080, 1, 1),  # noqa: DTZ001
        ),
        st.text("AST0123456789-", min_size=3, max_size=8),
        st.integers(1, 9999),
    ),
    st.text("ABCxyz0123456789-_", min_size=1, max_size=12),
)


@given(names, names, st.integers(1, 99_999))
def test_a_mark_names_both_orders_and_the_limit_of_the_sale(
    bought: str, sold: str, cents: int
) -> None:
    mark = PackageMark(user_mark(bought), user_mark(sold), cents / 100)
    assert read_package_mark(package_mark(mark)) == mark


def test_orders_made_one_after_the_other_have_a_short_mark() -> None:
    assert MARK.startswith(f"nt2-{BOUGHT}+13@50")
    assert len(MARK) < 40


@pytest.mark.parametrize("name", ["A+B", "A@B"])
def test_an_id_that_could_not_be_read_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="without"):
        package_mark(PackageMark(user_mark(name), user_mark("C+D"), 0.5))


@pytest.mark.parametrize("text", ["", "nt1-1s8yq0-001-S01-12", "nt2-x+y@5", "nt2-nt0-A+nt0-B"])
def test_other_marks_are_of_no_package(text: str) -> None:
    assert read_package_mark(text) is None


# -- prices and executions -----------------------------------------------------------------------


@given(st.integers(-500, 500), st.integers(1, 500), st.integers(-500, 500))
def test_split_prices_differ_by_the_net_and_are_never_below_zero(
    limit: int, sold: int, net: int
) -> None:
    wanted = request(limit / 100, sold / 100)
    if limit + sold < 1:
        return  # no purchase has such a limit
    bought_price, sold_price = leg_prices(wanted, net / 100)
    assert bought_price - sold_price == pytest.approx(net / 100, abs=1e-9)
    assert min(bought_price, sold_price) >= 0


def test_executions_are_told_by_leg_at_their_own_prices() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.HELD))
    assert package.on_transaction(execution(1, LONG, 2, 1.08)) == [
        Filled("1", 2, 1.08, 1.0, 5, False, 0)
    ]
    assert not package.is_done
    [fill] = package.on_transaction(execution(2, SHORT, 2, 0.53))
    assert (fill.leg, fill.price) == (1, 0.53)  # type: ignore[union-attr]
    assert package.is_done
    assert [leg.filled for leg in package.parts] == [2, 2]


def test_a_net_execution_is_split_by_the_limit_of_the_sale() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.HELD))
    fills = package.on_transaction(execution(1, "SPY", 2, 0.55))
    assert [(f.leg, f.price) for f in fills] == [(0, 1.05), (1, 0.5)]  # type: ignore[union-attr]
    assert len({f.trade_id for f in fills}) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("legs", "prices"),
    [
        ((), [1.05, 0.5]),
        ((LegView(LONG, True, 1.07), LegView(SHORT, False, 0.52)), [1.07, 0.52]),
    ],
)
def test_missing_executions_are_inferred_from_the_legs_averages_or_from_the_net(
    legs: tuple[LegView, ...], prices: list[float]
) -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.FILLED, 2, legs=legs))
    told = [event for _ in range(3) for event in package.on_answer(Doubt.TRANSACTIONS)]
    fills = [event for event in told if isinstance(event, Filled)]
    assert [round(fill.price, 6) for fill in fills] == prices
    assert [fill.trade_id for fill in fills] == [f"INFERRED-{leg_id(ID, n)}-2" for n in (0, 1)]
    assert package.is_done


def test_an_end_waits_for_the_fills_of_both_legs() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.CANCELLED, 1))
    assert package.on_transaction(execution(1, LONG, 1, 1.08))
    assert package.ended is None
    *_, end = package.on_transaction(execution(2, SHORT, 1, 0.53))
    assert isinstance(end, Canceled)


def test_more_than_was_ordered_is_not_told_and_named_by_leg() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.HELD))
    package.on_transaction(execution(1, LONG, 3, 1.08))
    assert [leg.filled for leg in package.parts] == [2, 0]
    assert [leg.overfilled for leg in package.parts] == [1, 0]


def test_a_rejection_is_the_same_for_both_legs() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    [event] = package.refuse("TIGER_1200: no", 3)
    assert [leg.told(event) for leg in package.parts] == [Rejected("TIGER_1200: no", 3)] * 2


def test_a_changed_net_limit_is_a_change_of_the_purchase() -> None:
    package = TrackedPackage(request(), fees=lambda *_: 1.0)
    package.on_view(view(OrderState.HELD))
    [event] = package.on_view(view(OrderState.HELD, at_ms=2, limit_price=0.62))
    told = [leg.told(event) for leg in package.parts]
    assert told == [Updated(2, 1.12, None, 2), Updated(2, 0.5, None, 2)]


def test_tigers_fees_are_split_as_the_estimate_has_them() -> None:
    def fees(_root: str, is_sell: bool, _fills: list[tuple[int, float]]) -> float:
        return 3.0 if is_sell else 1.0

    package = TrackedPackage(request(), fees=fees)
    package.on_view(view(OrderState.FILLED, 2, commission=8.0))
    package.on_transaction(execution(1, LONG, 2, 1.1))
    package.on_transaction(execution(2, SHORT, 2, 0.5))
    assert [leg.fills[0].commission for leg in package.parts] == [2.0, 6.0]


def test_a_difference_of_the_fees_is_told_once() -> None:
    package = TrackedPackage(request())
    told = [leg.told(CommissionDiffers(0.5, 3)) for leg in package.parts]
    assert told == [CommissionDiffers(0.5, 3), None]


# -- the tracker ---------------------------------------------------------------------------------


def test_a_package_of_a_process_before_this_one_is_asked_for_and_has_its_own_limits() -> None:
    tracker = OrderTracker(fees=lambda *_: 1.0)
    assert tracker.on_view(view(OrderState.HELD)) == []  # by push: without legs
    assert tracker.doubts() == [(ID, Doubt.ORDER)]
    legs = (LegView(LONG, True, math.nan), LegView(SHORT, False, math.nan))
    changes = tracker.on_answer(ID, Doubt.ORDER, [view(OrderState.HELD, legs=legs)])
    assert [event for _, event in changes] == [Accepted(ID, 1)]
    long, short = tracker.part_by_mark(BOUGHT), tracker.part_by_mark(SOLD)
    assert long is not None
    assert short is not None
    assert (long.terms, short.terms) == ((2, 1.1, None), (2, 0.5, None))
    assert tracker.part_by_id(leg_id(ID, 1)) is short
    assert long.whole is short.whole is tracker.by_id(ID)


def test_a_package_made_elsewhere_has_legs_without_names() -> None:
    legs = (LegView(SHORT, False, 0.5), LegView(LONG, True, 1.1))
    found = found_package(view(OrderState.HELD, user_mark="", legs=legs, limit_price=-0.4), "")
    assert found is not None
    assert [leg.symbol for leg in found.legs] == [LONG, SHORT]
    assert [leg.user_mark for leg in found.legs] == ["", ""]
    assert [leg.limit_price for leg in found.legs] == [0.01, 0.41]


def test_a_package_of_ours_is_seen_as_the_orders_of_its_legs() -> None:
    legs = (LegView(LONG, True, 1.08), LegView(SHORT, False, 0.53))
    seen = leg_views(view(OrderState.FILLED, 2, legs=legs))
    shown = [(v.user_mark, v.symbol, v.is_buy, v.filled, v.limit_price) for v in seen]
    assert shown == [(BOUGHT, LONG, True, 2, 1.1), (SOLD, SHORT, False, 2, 0.5)]
    assert [v.average_price for v in seen] == [1.08, 0.53]
    other = view(OrderState.HELD, sec_type="OPT", symbol=LONG)
    assert leg_views(other) == (other,)


def test_a_combination_of_other_legs_is_no_package_of_two_orders() -> None:
    legs = (LegView(LONG, True, 1.1), LegView(SHORT, True, 0.5))
    assert found_package(view(OrderState.HELD, legs=legs), "") is None
